"""High-pass and low-pass filters for a batch of excerpts, each with a cutoff of its own, on whatever device they lie.

Both are Butterworth filters of second order: 3 dB less at the cutoff, then 12 dB an octave. Their exact frequency
response, that of the usual recursive filter (the bilinear transform, Q = 1/√2), is multiplied onto the spectrum of the
excerpt and a little silence after it, in which the filter's answer dies away: the samples are those of the recursion,
without its step from sample to sample.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Kind = Literal["high-pass", "low-pass"]
DIES_AWAY = 3.0  # periods of the cutoff, after which the answer is 115 dB down


def high_pass(waveforms: Tensor, cutoffs: Tensor, *, sample_rate: int) -> Tensor:
    """The excerpts without what lies below the cutoffs.

    Args:
        waveforms: Shape [batch, samples].
        cutoffs: Hz. Shape [batch].
        sample_rate: Hz.

    Returns:
        Shape [batch, samples].
    """
    return _filtered(waveforms, cutoffs, sample_rate, "high-pass")


def low_pass(waveforms: Tensor, cutoffs: Tensor, *, sample_rate: int) -> Tensor:
    """The excerpts without what lies above the cutoffs; arguments as of :func:`high_pass`."""
    return _filtered(waveforms, cutoffs, sample_rate, "low-pass")


def _filtered(waveforms: Tensor, cutoffs: Tensor, sample_rate: int, kind: Kind) -> Tensor:
    n_samples = waveforms.shape[1]
    n_fft = fast_length(n_samples + math.ceil(DIES_AWAY * sample_rate / float(cutoffs.min())))
    cutoffs = cutoffs.to(waveforms.device, torch.float64)
    angles = 2 * math.pi * torch.arange(n_fft // 2 + 1, device=waveforms.device, dtype=torch.float64) / n_fft
    response = butterworth(cutoffs, angles, sample_rate=sample_rate, kind=kind)
    spectra = torch.fft.rfft(waveforms, n_fft) * response.to(torch.complex64)
    filtered: Tensor = torch.fft.irfft(spectra, n_fft)
    return filtered[:, :n_samples]


def butterworth(cutoffs: Tensor, angles: Tensor, *, sample_rate: int, kind: Kind) -> Tensor:
    """The complex response of second-order Butterworth filters.

    The bilinear transform maps the angle w of the unit circle to the frequency tan(w / 2) of the analogue filter
    1 / (1 + √2 s + s²), of which s is here relative to the cutoff; the high-pass has s² above the line.

    Args:
        cutoffs: Hz, below half the sample rate. Shape [batch].
        angles: 0 to π. Shape [bins].
        sample_rate: Hz.
        kind: Which of the two.

    Returns:
        Shape [batch, bins].
    """
    relative = torch.tan(angles / 2).clamp_max(1e9) / torch.tan(math.pi * cutoffs / sample_rate)[:, None]
    squared = relative.square()
    denominator = torch.complex(1 - squared, math.sqrt(2) * relative)
    return (1 if kind == "low-pass" else -squared) / denominator


def fast_length(n_samples: int) -> int:
    """The next length, from this one on, whose FFT is fast: even, with no prime factor above 5.

    >>> fast_length(59_049)
    60000
    """
    best: int = 2 ** max(1, math.ceil(math.log2(max(n_samples, 1))))
    for fives in range(7):
        for threes in range(6):
            odd = 5**fives * 3**threes
            twos = max(1, math.ceil(math.log2(max(n_samples / odd, 1))))
            if odd * 2**twos >= n_samples:
                best = min(best, odd * 2**twos)
    return best
