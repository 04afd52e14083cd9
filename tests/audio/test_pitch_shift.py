"""Pitch shift of batches: tones move, levels and lengths stay, time stands still."""

import math

import pytest
import torch

from tutti.audio.pitch_shift import shift_pitch

RATE = 16_000
SEMITONES = torch.tensor([-7.0, -1.0, 0.0, 0.5, 7.0])


def tone(hertz: float, n_samples: int = RATE) -> torch.Tensor:
    return 0.5 * torch.sin(2 * math.pi * hertz * torch.arange(n_samples) / RATE)


@pytest.mark.parametrize("hertz", [110.0, 440.0, 2500.0])
def test_a_tones_peak_moves_by_the_interval_and_keeps_its_level_and_length(hertz):
    shifted = shift_pitch(tone(hertz).repeat(5, 1), SEMITONES, sample_rate=RATE)
    assert shifted.shape == (5, RATE)
    inner = shifted[:, 2000:-2000]
    spectra = torch.fft.rfft(inner * torch.hann_window(inner.shape[1]), 4 * RATE).abs()
    peaks = spectra.argmax(dim=1) / 4
    torch.testing.assert_close(peaks, hertz * torch.exp2(SEMITONES / 12), atol=1.0, rtol=0)
    levels = 20 * torch.log10(inner.std(dim=1) / tone(hertz).std())
    assert levels.abs().max() < 0.3


def test_a_tone_that_would_leave_the_spectrum_vanishes_instead_of_folding_back():
    shifted = shift_pitch(tone(6500)[None], torch.tensor([6.0]), sample_rate=RATE)
    assert shifted[:, 2000:-2000].abs().max() < 0.005


def test_a_click_stays_in_its_place():
    click = torch.zeros(5, RATE)
    click[:, 9000] = 1.0
    shifted = shift_pitch(click, SEMITONES, sample_rate=RATE)
    centres = (shifted.square() * torch.arange(RATE)).sum(dim=1) / shifted.square().sum(dim=1)
    assert (centres - 9000).abs().max() < 0.03 * RATE  # within the search for a good fit, and the segment


def test_no_shift_changes_next_to_nothing():
    waveform = torch.sin(torch.arange(RATE) ** 2 / 40_000)[None]  # a sweep
    shifted = shift_pitch(waveform, torch.zeros(1), sample_rate=RATE)
    assert (shifted - waveform)[:, 200:-200].abs().max() < 0.01


@pytest.mark.parametrize("n_samples", [1, 100, 1500])
def test_an_excerpt_shorter_than_a_segment_is_no_trouble(n_samples):
    shifted = shift_pitch(tone(440, n_samples)[None], torch.tensor([3.0]), sample_rate=RATE)
    assert shifted.shape == (1, n_samples)
    assert shifted.isfinite().all()
