"""The log-mel front end: the published values, librosa's filters, and truths about tones."""

import numpy as np
import pytest
import torch

from tutti.audio.frontends import (
    MelConfig,
    MelSpectrogram,
    hertz_to_mel,
    hertz_to_slaney,
    mel_filters,
    mel_to_hertz,
    slaney_to_hertz,
)
from tutti.errors import ConfigError


def signal_of_the_authors(n_samples: int, sample_rate: int) -> torch.Tensor:
    """Two tones and a noise that a formula gives. Shape (1, samples)."""
    n = np.arange(n_samples, dtype=np.float64)
    scattered = 43758.5453 * np.sin(12.9898 * n)
    noise = 2 * (scattered - np.floor(scattered)) - 1
    tones = 0.4 * np.sin(2 * np.pi * 220 * n / sample_rate) + 0.3 * np.sin(2 * np.pi * 1760 * n / sample_rate)
    return torch.from_numpy((tones + 0.1 * noise).astype(np.float32))[None]


def tone(frequency: float, n_samples: int = 16_000) -> torch.Tensor:
    return torch.sin(2 * torch.pi * frequency * torch.arange(n_samples) / 16_000)[None]


# Values that the published code gives for this signal.
def test_the_spectrogram_is_the_published_one():
    spectrogram = MelSpectrogram(MelConfig())(signal_of_the_authors(48_000, 16_000))[0]
    assert spectrogram.shape == (96, 188)
    for place, decibels in {(0, 0): 14.5920, (10, 50): 31.3618, (40, 100): -6.2478, (95, 187): 7.5713}.items():
        assert spectrogram[place].item() == pytest.approx(decibels, abs=1e-3)
    assert spectrogram.mean().item() == pytest.approx(2.25651, abs=1e-4)
    assert spectrogram.std().item() == pytest.approx(8.81212, abs=1e-4)


@pytest.mark.parametrize(
    "config",
    [MelConfig(), MelConfig(n_mels=128), MelConfig(sample_rate=22_050, n_fft=1024, hop_length=300, fmin=60, fmax=9000)],
    ids=["published", "128 bands", "another size"],
)
def test_spectrogram_and_filters_are_those_of_librosa(config):
    librosa = pytest.importorskip("librosa")
    waveform = signal_of_the_authors(20_000, config.sample_rate)
    settings = {"sr": config.sample_rate, "n_fft": config.n_fft, "n_mels": config.n_mels, "htk": True, "norm": None}
    settings |= {"fmin": config.fmin, "fmax": config.fmax}
    np.testing.assert_allclose(mel_filters(config).T, librosa.filters.mel(**settings), atol=1e-5)
    power = librosa.feature.melspectrogram(
        y=waveform[0].numpy(), hop_length=config.hop_length, power=2.0, pad_mode="reflect", **settings
    )
    theirs = librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)
    np.testing.assert_allclose(MelSpectrogram(config)(waveform)[0].numpy(), theirs, atol=2e-3)


# The study of 2019 took librosa's decibels of an amplitude from a power, so that they are twice as many.
def test_the_spectrogram_of_2019_is_librosa_s():
    librosa = pytest.importorskip("librosa")
    config = MelConfig(scale="slaney", area_norm=True, decibels_per_decade=20.0, range_db=80.0)
    waveform = signal_of_the_authors(20_000, 16_000) * torch.linspace(1, 1e-3, 20_000)
    theirs = librosa.feature.melspectrogram(
        y=waveform[0].numpy(), sr=16_000, n_fft=512, hop_length=256, n_mels=96, pad_mode="reflect"
    )
    np.testing.assert_allclose(mel_filters(config).T, librosa.filters.mel(sr=16_000, n_fft=512, n_mels=96), atol=1e-7)
    ours = MelSpectrogram(config)(waveform)[0].numpy()
    np.testing.assert_allclose(ours, librosa.amplitude_to_db(theirs, ref=1.0, amin=1e-5, top_db=80.0), atol=2e-3)
    assert (ours == ours.min()).mean() > 0.05  # the floor was reached


def test_slaney_s_scale_is_librosa_s_and_goes_back():
    librosa = pytest.importorskip("librosa")
    frequencies = np.array([0.0, 40.0, 999.0, 1000.0, 1001.0, 8000.0])
    np.testing.assert_allclose(hertz_to_slaney(frequencies), librosa.hz_to_mel(frequencies), atol=1e-9)
    np.testing.assert_allclose(slaney_to_hertz(hertz_to_slaney(frequencies)), frequencies, atol=1e-8)


# An excerpt's floor is its own.
def test_a_loud_neighbour_does_not_raise_the_floor():
    config = MelConfig(range_db=80.0)
    quiet, loud = 1e-3 * signal_of_the_authors(4000, 16_000), signal_of_the_authors(4000, 16_000)
    together = MelSpectrogram(config)(torch.cat([quiet, loud]))
    torch.testing.assert_close(together[:1], MelSpectrogram(config)(quiet), rtol=0, atol=1e-4)


@pytest.mark.parametrize("n_samples", [256, 300, 511, 512, 513, 16_000])
def test_the_number_of_frames_is_the_one_foretold(n_samples):
    config = MelConfig()
    spectrogram = MelSpectrogram(config)(torch.zeros(2, n_samples + 1))
    assert spectrogram.shape == (2, 96, config.n_frames(n_samples + 1))


def test_an_octave_up_moves_the_peak_up_to_the_band_of_that_frequency():
    frontend, edges = MelSpectrogram(MelConfig()), np.linspace(0, hertz_to_mel(np.array(8000.0)), 98)
    for frequency in (500.0, 1000.0, 2000.0, 4000.0):
        peak = int(frontend(tone(frequency))[0].mean(dim=1).argmax())
        lowest, highest = mel_to_hertz(edges[peak]), mel_to_hertz(edges[peak + 2])
        assert lowest <= frequency <= highest


def test_twice_the_amplitude_is_six_decibels_more():
    frontend = MelSpectrogram(MelConfig())
    waveform = signal_of_the_authors(4800, 16_000)
    difference = frontend(2 * waveform) - frontend(waveform)
    np.testing.assert_allclose(difference.numpy(), 20 * np.log10(2), atol=1e-3)


def test_silence_lies_at_the_floor():
    assert (MelSpectrogram(MelConfig())(torch.zeros(1, 4800)) == -100).all()


def test_hertz_to_mel_and_back_on_the_htk_scale():
    assert hertz_to_mel(np.array(1000.0)) == pytest.approx(999.9855, abs=1e-3)
    frequencies = np.linspace(0, 8000, 50)
    np.testing.assert_allclose(mel_to_hertz(hertz_to_mel(frequencies)), frequencies, atol=1e-8)


def test_window_and_filters_are_no_parameters_of_the_model():
    assert dict(MelSpectrogram(MelConfig()).state_dict()) == {}


@pytest.mark.parametrize(
    ("setting", "words"), [({"fmax": 9000.0}, r"outside \(0, 8000\]"), ({"n_mels": 0}, "n_mels=0")]
)
def test_a_front_end_that_makes_no_sense_is_refused(setting, words):
    with pytest.raises(ConfigError, match=words):
        MelConfig(**setting)
