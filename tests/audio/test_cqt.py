"""The constant-Q front end: librosa's values, and truths about tones and silence."""

import numpy as np
import pytest
import torch

from tutti.audio.cqt import CQTConfig, LogCQT, octaves
from tutti.errors import ConfigError


def two_tones(n_samples: int, sample_rate: int = 22_050) -> np.ndarray:
    """An A and a high A over faint noise."""
    times = np.arange(n_samples) / sample_rate
    noise = 0.01 * np.random.default_rng(0).standard_normal(n_samples)
    tones = 0.4 * np.sin(2 * np.pi * 220 * times) + 0.3 * np.sin(2 * np.pi * 1760 * times) + noise
    return tones.astype(np.float32)


def tone(frequency: float, n_samples: int = 40_000) -> torch.Tensor:
    return torch.sin(2 * torch.pi * frequency * torch.arange(n_samples) / 22_050)[None]


# Beyond the edges librosa's resampler hears silence, and ours a reflection: there alone they differ.
@pytest.mark.parametrize(
    "config",
    [
        CQTConfig(),
        CQTConfig(hop_length=512, n_bins=84),
        CQTConfig(n_bins=90, fmin=36.0),
        CQTConfig(bins_per_octave=24, n_bins=150, sparsity=0.0, sample_rate=16_000, fmin=65.4),
    ],
    ids=["published", "84 bins", "an incomplete octave", "quarter tones"],
)
def test_decibels_are_those_of_librosa(config):
    librosa = pytest.importorskip("librosa")
    waveform = two_tones(120_000, config.sample_rate)
    settings = {"sr": config.sample_rate, "hop_length": config.hop_length, "fmin": config.fmin}
    settings |= {"n_bins": config.n_bins, "bins_per_octave": config.bins_per_octave, "sparsity": config.sparsity}
    power = np.abs(librosa.cqt(waveform, pad_mode="reflect", **settings)) ** 2
    edge = config.n_fft // 2 // config.hop_length + 1
    inside = slice(edge, -edge)
    theirs = librosa.power_to_db(power[:, inside], ref=power[:, inside].max(), top_db=80.0)
    ours = LogCQT(config).power(torch.from_numpy(waveform)[None])[0].numpy()
    assert ours.shape == power.shape
    ours = librosa.power_to_db(ours[:, inside], ref=ours[:, inside].max(), top_db=80.0)
    assert np.abs(ours - theirs).max() < 0.05
    assert np.abs(ours - theirs).mean() < 0.002


def test_fifteen_seconds_are_the_published_322_frames_of_96_semitones():
    config = CQTConfig()
    assert config.n_samples(322) == 329_727
    assert int(15 * 22_050 / 1024) == 322
    assert LogCQT(config)(torch.from_numpy(two_tones(config.n_samples(322)))[None]).shape == (1, 96, 322)
    assert config.n_frames(config.n_samples(322) + 1) == 323


@pytest.mark.parametrize("n_semitones", [0, 7, 21, 45, 69, 95])
def test_a_tone_is_loudest_in_the_bin_of_its_note(n_semitones):
    config = CQTConfig()
    frequency = 440 * 2 ** ((24 + n_semitones - 69) / 12)
    assert config.frequencies[n_semitones] == pytest.approx(frequency)
    assert int(LogCQT(config)(tone(frequency))[0].mean(dim=1).argmax()) == n_semitones


def test_an_octave_up_moves_everything_by_twelve_bins():
    frontend = LogCQT(CQTConfig())
    low, high = (frontend(tone(frequency))[0, :, 20] for frequency in (220.0, 440.0))
    is_heard = low[:-12] > -40
    torch.testing.assert_close(low[:-12][is_heard], high[12:][is_heard], atol=0.1, rtol=0)


def test_values_lie_between_the_excerpt_s_maximum_and_80_decibels_below_it():
    quiet = torch.from_numpy(two_tones(40_000)) * torch.linspace(1, 0, 40_000)
    decibels = LogCQT(CQTConfig())(torch.stack([quiet, 0.5 * quiet]))
    assert (decibels.amax(dim=(1, 2)) == 0).all()
    assert decibels.min() == -80
    torch.testing.assert_close(decibels[0], decibels[1], atol=1e-2, rtol=0)  # each relates to its own loudest


# In the published code, 0 dB filled up what was missing: the loudest there is.
def test_silence_lies_at_the_floor():
    assert (LogCQT(CQTConfig())(torch.zeros(1, 20_000)) == -80).all()


def test_an_excerpt_s_spectrogram_does_not_depend_on_its_company():
    frontend = LogCQT(CQTConfig())
    noise = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (3, 40_000)).astype(np.float32))
    together = frontend(noise)
    alone = torch.cat([frontend(noise[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, atol=2e-3, rtol=0)  # of 80 decibels


def test_filters_of_every_octave_are_equally_long():
    assert {one.kernels.shape for one in octaves(CQTConfig())} == {(12, 128)}
    assert CQTConfig().n_fft == 128 << 7


def test_kernels_are_no_parameters_of_the_model():
    assert dict(LogCQT(CQTConfig()).state_dict()) == {}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"n_bins": 102}, "half the sample rate is 11025 Hz"),
        ({"hop_length": 500}, "cannot be halved 7 times"),
        ({"sparsity": 1.0}, "sparsity=1"),
        ({"n_bins": 0}, "n_bins=0"),
    ],
)
def test_a_front_end_that_makes_no_sense_is_refused(setting, words):
    with pytest.raises(ConfigError, match=words):
        CQTConfig(**setting)
