"""Pitch shift of a batch of excerpts, each by an interval of its own, on whatever device they lie.

The sound is stretched without changing its pitch by WSOLA: stretches of 82 ms are laid one after the other, each begun,
within 15 ms of where it belongs, where the sound fits best onto what came before. Reading the stretched sound faster or
slower then gives the old length at another pitch. This is the kind of algorithm, with the lengths, of sox's ``pitch``,
through which the published augmentation goes; it is not its clone. Deformations of a test set, which are made once and
should sound well, have a better and slower library: ``tutti.audio.deformations``. ``bench/augmentation.py`` compares.

References:
    Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality time-scale
    modification of speech", ICASSP 1993.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tutti.audio.filters import fast_length

SEGMENT, SEARCH, OVERLAP = 0.082, 0.01468, 0.012  # seconds, those of sox's ``tempo`` for music
OVERSAMPLING = 2  # of the stretched sound, so that a cubic interpolates it well


def shift_pitch(waveforms: Tensor, semitones: Tensor, *, sample_rate: int) -> Tensor:
    """The excerpts at other pitches and their old length.

    What a shift upwards moves beyond half the sample rate is left out; what a shift downwards leaves empty at the top
    of the spectrum stays empty.

    Args:
        waveforms: Shape [batch, samples].
        semitones: Up where positive; any fraction. Shape [batch].
        sample_rate: Hz.

    Returns:
        Shape [batch, samples].
    """
    n_samples = waveforms.shape[1]
    ratios = torch.exp2(semitones.to(waveforms.device, torch.float64) / 12)  # [batch], of new to old frequency
    lengths = [round(seconds * sample_rate) for seconds in (SEGMENT, SEARCH, OVERLAP)]
    margin = sum(lengths)
    n_segments = math.ceil((n_samples * 2 ** (float(semitones.max()) / 12) + 4) / (lengths[0] - lengths[2]))
    starts = _segment_starts(torch.nn.functional.pad(waveforms, (0, margin)), ratios, n_segments, lengths)
    dense = torch.nn.functional.pad(_oversample(waveforms, ratios), (0, OVERSAMPLING * margin))
    stretched = _lay(dense, OVERSAMPLING * starts, OVERSAMPLING * lengths[0], OVERSAMPLING * lengths[2])
    positions = torch.arange(n_samples, device=waveforms.device) * (OVERSAMPLING * ratios)[:, None]
    return _read(stretched, positions)


def _segment_starts(waveforms: Tensor, ratios: Tensor, n_segments: int, lengths: list[int]) -> Tensor:
    """Where in the sound each segment of the stretched sound begins, samples. Shape [batch, segments]."""
    segment, search, overlap = lengths
    hop = segment - overlap
    last = waveforms.shape[1] - segment - search
    n_fft = fast_length(search + overlap)
    region, tail = (torch.arange(length, device=waveforms.device) for length in (search + overlap, overlap))
    starts = [torch.zeros_like(ratios, dtype=torch.long)]
    for number in range(1, n_segments):
        begin = (number * hop / ratios).long().clamp_max(last)
        candidates = waveforms.gather(1, begin[:, None] + region)
        wanted = waveforms.gather(1, starts[-1][:, None] + hop + tail)  # how the segment before goes on
        spectrum = torch.fft.rfft(candidates, n_fft) * torch.fft.rfft(wanted, n_fft).conj()
        likeness = torch.fft.irfft(spectrum, n_fft)[:, :search]
        energy = torch.nn.functional.pad(candidates.square().cumsum(1), (1, 0))
        energy = energy[:, overlap : overlap + search] - energy[:, :search]
        # The smallest squared difference; the part that is the same for all candidates is left out.
        starts.append(begin + (2 * likeness - energy).argmax(1))
    return torch.stack(starts, dim=1)


def _oversample(waveforms: Tensor, ratios: Tensor) -> Tensor:
    """Samples twice as close, without what the shift would move beyond half the sample rate."""
    n_fft = fast_length(waveforms.shape[1])
    spectra = torch.fft.rfft(waveforms, n_fft)
    audible = torch.arange(spectra.shape[1], device=waveforms.device) * ratios.float()[:, None] < n_fft / 2
    dense: Tensor = OVERSAMPLING * torch.fft.irfft(spectra * audible, OVERSAMPLING * n_fft)
    return dense[:, : OVERSAMPLING * waveforms.shape[1]]


def _lay(sounds: Tensor, starts: Tensor, segment: int, overlap: int) -> Tensor:
    """Segments one after the other, faded into each other over the overlap. Shape [batch, samples]."""
    hop = segment - overlap
    index = starts[..., None] + torch.arange(segment, device=sounds.device)  # [batch, segments, samples]
    segments = sounds.gather(1, index.flatten(1)).view(index.shape)
    laid = segments[:, :, :hop].clone()
    rising = (torch.arange(overlap, device=sounds.device) + 0.5) / overlap
    laid[:, 1:, :overlap] = torch.lerp(segments[:, :-1, hop:], segments[:, 1:, :overlap], rising)
    return laid.flatten(1)


def _read(sounds: Tensor, positions: Tensor) -> Tensor:
    """Samples at fractional positions, by the cubic through the four around each. Shapes [batch, samples]."""
    sounds = torch.nn.functional.pad(sounds, (1, 3))
    before = positions.floor()
    x = (positions - before).to(sounds.dtype)
    index = before.long().clamp_max(sounds.shape[1] - 4)
    a, b, c, d = (sounds.gather(1, index + i) for i in range(4))
    # Lagrange's polynomial through (-1, a), (0, b), (1, c), (2, d)
    third = (d - a) / 6 + (b - c) / 2
    second = (a + c) / 2 - b
    first = c - b / 2 - a / 3 - d / 6
    return ((third * x + second) * x + first) * x + b
