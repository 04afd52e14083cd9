"""Artificial reverberation of a batch of excerpts, each in a room of its own, on whatever device they lie.

The room is Freeverb's: eight comb filters side by side, whose feedback passes through a low-pass, and after them four
filters that are nearly all-pass. Its three settings run from 0 to 100 as those of sox's ``reverb``, which comes from
the same design, and mean the same: how long it rings, how much sooner its treble dies, how large it is. It is an
equivalent, not sox's clone: one channel, no tone controls, no delay before the first echo.

Nothing is computed from sample to sample. The filters' exact response is multiplied onto the spectrum of the excerpt
and a stretch of silence after it. A long ring would not fit into that and would come back at the beginning; therefore
excerpt and response are taken not on the unit circle but on a slightly larger one, on which everything fades faster by
80 dB over the length of the FFT.

References:
    Schroeder, "Natural sounding artificial reverberation", JAES 10(3), 1962.
    "Jezar at Dreampoint", Freeverb, in the public domain, 2000: the lengths of the filters and the level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tutti.audio.filters import fast_length

# Samples at 44.1 kHz, in the largest room.
COMBS = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
ALL_PASSES = (225, 341, 441, 556)
DESIGN_RATE = 44_100
ALL_PASS_GAIN = 0.5
WET_GAIN = 0.015
LEAST_FEEDBACK, MOST_FEEDBACK = 0.3, 0.98
PADDING, FADING = 1.5, 1e4  # length of the FFT in excerpts; how much faster all fades over it


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """The room of each excerpt, every setting from 0 to 100 and of shape [batch].

    Attributes:
        reverberance: How long it rings: at 0 each round through a comb leaves 0.3 of the sound, at 100 it leaves 0.98.
        damping: How much sooner the treble dies.
        room_size: At 0 a tenth of the largest.
    """

    reverberance: Tensor
    damping: Tensor
    room_size: Tensor


def reverberate(waveforms: Tensor, rooms: Rooms, *, sample_rate: int) -> Tensor:
    """The excerpts, and on top of them what their rooms answer.

    Args:
        waveforms: Shape [batch, samples].
        rooms: One an excerpt.
        sample_rate: Hz.

    Returns:
        Shape [batch, samples]; what rings on after the excerpt's end is cut off.
    """
    n_samples = waveforms.shape[1]
    n_fft = fast_length(math.ceil(PADDING * n_samples))
    growth = math.log(FADING) / n_fft  # a sample's
    fading = torch.exp(-growth * torch.arange(n_samples, device=waveforms.device, dtype=torch.float64))
    spectra = torch.fft.rfft(waveforms * fading.to(waveforms), n_fft)
    answer = torch.fft.irfft(spectra * _response(rooms, n_fft, growth, sample_rate, waveforms.device), n_fft)
    wet: Tensor = answer[:, :n_samples] / fading.to(waveforms)
    return waveforms + wet


def _response(rooms: Rooms, n_fft: int, growth: float, sample_rate: int, device: torch.device) -> Tensor:
    """What the room makes of each frequency, on the circle of radius exp(growth). Shape [batch, bins]."""
    scale = (0.1 + 0.9 * rooms.room_size.double() / 100) * sample_rate / DESIGN_RATE
    remaining = (1 - MOST_FEEDBACK) / (1 - LEAST_FEEDBACK)
    feedback = 1 - (1 - LEAST_FEEDBACK) * remaining ** (rooms.reverberance / 100)
    pole = 0.2 + 0.3 * rooms.damping / 100
    feedback, pole = (values.float().to(device)[:, None] for values in (feedback, pole))
    one_sample = _delay(torch.ones(1, dtype=torch.float64, device=device), n_fft, growth)
    returned = feedback * (1 - pole) * torch.reciprocal(1 - pole * one_sample)

    def delay(length: int) -> Tensor:
        return _delay((length * scale).round().clamp_min(1).to(device), n_fft, growth)

    response = torch.zeros((), device=device)
    for length in COMBS:
        echo = delay(length)
        response = response + echo * torch.reciprocal(1 - returned * echo)  # seven times as fast as the division
    for length in ALL_PASSES:
        echo = delay(length)
        response = response * ((1 + ALL_PASS_GAIN) * echo - 1) * torch.reciprocal(1 - ALL_PASS_GAIN * echo)
    return WET_GAIN * response


def _delay(n_delayed: Tensor, n_fft: int, growth: float) -> Tensor:
    """The response of delays: z to the power of minus their samples. Shape [batch] to [batch, bins]."""
    n_bins = n_fft // 2 + 1
    n_fine = math.isqrt(n_bins) + 1
    # exp(-i a k) for every bin k = n_fine q + r is exp(-i a n_fine q) exp(-i a r): few sines instead of many.
    fine = torch.arange(n_fine, device=n_delayed.device, dtype=torch.float64)
    angles = n_delayed[:, None] * (-2 * math.pi / n_fft)
    shrinking = torch.exp(-growth * n_delayed)[:, None]
    steps = torch.polar(shrinking.expand(-1, n_fine), angles * fine).to(torch.complex64)
    strides = torch.polar(torch.ones_like(steps.real).double(), angles * fine * n_fine).to(torch.complex64)
    return (strides[:, :, None] * steps[:, None, :]).flatten(1)[:, :n_bins]
