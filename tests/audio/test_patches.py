"""Patches of VGGish, YAMNet and OpenL3, compared with what NumPy and librosa make of the same samples."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from tutti.audio.excerpts import Excerpts, listen
from tutti.audio.patches import OPENL3, VGGISH, YAMNET, LogMelPatches, PatchConfig, mel_sloped_filters
from tutti.audio.recording import Recording
from tutti.errors import ConfigError


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


def audioset_log_mel(waveform, offset):
    """Written out frame by frame and band by band, as the AudioSet networks' papers describe it."""
    mel = lambda hertz: 1127.0 * np.log(1 + hertz / 700.0)  # noqa: E731
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    starts = range(0, len(waveform) - 399, 160)
    spectra = np.array([np.abs(np.fft.rfft(waveform[start : start + 400] * window, 512)) for start in starts])
    edges, bins = np.linspace(mel(125), mel(7500), 66), mel(np.arange(257) * 8000 / 256)
    bands = []
    for low, centre, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        weights = np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, None)
        weights[0] = 0
        bands.append(np.log(spectra @ weights + offset))
    return np.array(bands).T


@pytest.mark.parametrize(("config", "offset"), [(VGGISH, 0.01), (YAMNET, 0.001)])
def test_a_patch_of_the_audioset_networks_is_as_written_out_by_hand(config, offset):
    waveform = noise(15_600)
    patch = LogMelPatches(config)(torch.from_numpy(waveform)[None])[0]
    assert config.n_samples == 15_600
    assert patch.shape == config.shape == (96, 64)
    np.testing.assert_allclose(patch, audioset_log_mel(waveform, offset), atol=2e-4)


@pytest.mark.filterwarnings("ignore:Empty filters")  # there are some, in the published front end too
def test_a_patch_of_openl3_is_what_librosa_makes_of_a_padded_second():
    waveform = noise(48_000)
    patch = LogMelPatches(OPENL3)(torch.from_numpy(waveform)[None])[0]
    padded = np.pad(waveform, 982)
    power = np.abs(librosa.stft(padded, n_fft=2048, hop_length=242, center=False)) ** 2
    filters = librosa.filters.mel(sr=48_000, n_fft=2048, n_mels=256, htk=True, norm="slaney")
    expected = librosa.power_to_db(np.sqrt(filters @ power), ref=1.0, amin=1e-10, top_db=80)
    assert patch.shape == (256, 199)
    np.testing.assert_allclose(patch, expected - expected.max(), atol=2e-3)


def test_a_silent_second_is_as_loud_as_itself_and_silence_is_the_offset():
    assert (LogMelPatches(OPENL3)(torch.zeros(1, 48_000)) == 0).all()
    assert torch.allclose(LogMelPatches(VGGISH)(torch.zeros(1, 15_600)), torch.tensor(0.01).log())


def test_neighbouring_filters_sum_to_one_between_the_outer_centres():
    filters = mel_sloped_filters(PatchConfig(n_fft=4096))
    bins = np.arange(2049) * 8000 / 2048
    inside = (bins > 200) & (bins < 7000)
    np.testing.assert_allclose(filters[inside].sum(axis=1), 1)
    assert (filters[0] == 0).all()


def pieces(config, seconds, hop):
    heard = listen(
        Recording.from_waveform(noise(round(seconds * config.sample_rate)), config.sample_rate), [config.spec(hop)]
    )
    return np.concatenate([event.waveforms for event in heard if isinstance(event, Excerpts)])


def test_patches_lie_as_in_the_published_programs():
    """VGGish drops a rest, YAMNet fills it up with silence, OpenL3 begins half a second before the sound."""
    assert len(pieces(VGGISH, 2.5, 0.96)) == 2
    yamnet = pieces(YAMNET, 1.0, 0.1)
    assert len(yamnet) == 2
    assert (yamnet[1][-1200:] == 0).all()
    assert (yamnet[1][:-1200] == noise(16_000)[1600:]).all()
    openl3 = pieces(OPENL3, 1.0, 0.1)
    assert len(openl3) == 6
    assert (openl3[0][:24_000] == 0).all()
    assert (openl3[0][24_000:] == noise(48_000)[:24_000]).all()


@pytest.mark.parametrize("config", [VGGISH, YAMNET, OPENL3])
def test_a_sound_shorter_than_a_patch_is_filled_up_with_silence(config):
    found = pieces(config, 0.3, 1.0)
    assert found.shape == (1, config.n_samples)
    assert np.count_nonzero(found) == round(0.3 * config.sample_rate)


@pytest.mark.parametrize("settings", [{"win_length": 600}, {"slopes": "bark"}, {"n_frames": -9}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError):
        PatchConfig(**settings)
