"""Statistics of timbre: librosa's coefficients, NumPy's statistics."""

import numpy as np
import pytest
import torch

from tutti.audio.timbre import TimbreConfig, TimbreStatistics
from tutti.errors import ConfigError


def noise(n_samples: int = 30_000) -> np.ndarray:
    fading = np.linspace(1, 0.01, n_samples)
    return (fading * np.random.default_rng(0).uniform(-1, 1, n_samples)).astype(np.float32)


def test_coefficients_are_librosa_s():
    librosa = pytest.importorskip("librosa")
    settings = {"sr": 22_050, "n_mfcc": 12, "n_fft": 2048, "hop_length": 1024, "n_mels": 128, "pad_mode": "reflect"}
    ours = TimbreStatistics(TimbreConfig()).coefficients(torch.from_numpy(noise())[None])[0].numpy()
    np.testing.assert_allclose(ours, librosa.feature.mfcc(y=noise(), **settings), atol=5e-3)


def test_48_numbers_are_means_maxima_variances_and_norms():
    frontend = TimbreStatistics(TimbreConfig())
    waveform = torch.from_numpy(noise())[None]
    frames = frontend.coefficients(waveform)[0].double().numpy()
    found = frontend(waveform)[0].numpy()
    assert found.shape == (48,)
    expected = [frames.mean(axis=1), frames.max(axis=1), frames.var(axis=1), np.sqrt((frames**2).sum(axis=1))]
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-4)


def test_a_louder_sound_differs_in_the_first_coefficient_only():
    frontend = TimbreStatistics(TimbreConfig())
    quiet, loud = (frontend(scale * torch.from_numpy(noise())[None])[0, :12] for scale in (0.1, 1.0))
    assert (loud - quiet)[0].item() == pytest.approx(20 * np.sqrt(128), rel=1e-3)  # 20 dB in each band
    torch.testing.assert_close(loud[1:], quiet[1:], atol=1e-2, rtol=0)


def test_silence_has_finite_statistics():
    assert TimbreStatistics(TimbreConfig())(torch.zeros(1, 5000)).isfinite().all()


def test_more_coefficients_than_bands_are_refused():
    with pytest.raises(ConfigError, match="200 coefficients cannot be made of 128"):
        TimbreConfig(n_coefficients=200)
