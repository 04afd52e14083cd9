"""Fingerprints of sounds, and which of them contain the same recording.

A fingerprint is a number of 32 bits for each 32 ms: whether the energy falls from one of 33 bands to the next, faster
than in the frame before. It survives coding, equalising, and changes of loudness, of channels and of sample rate. Two
sounds match where a stretch of at least three seconds agrees in seven bits of ten, at whatever offset, so two excerpts
of one recording are found if they overlap that long.

It does not survive changes of speed or pitch by more than about one in a hundred, and says nothing about two
performances of one piece. Loops and samples that many pieces share are found where they play alone for three seconds,
and such a find is no copy of a track.

References:
    Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.audio.resampling import Resampling, resample

SAMPLE_RATE = 6_000  # Hz; the bands end at 2,000 Hz
N_FFT, HOP_LENGTH = 2048, 192  # 341 ms, 32 ms
N_BANDS, FMIN, FMAX = 33, 300.0, 2_000.0
FRAMES_AT_ONCE = 2_000
# Unrelated music disagrees in half of the bits, with a spread that needs this many frames to be told from a match.
MIN_FRAMES = 94  # 3 s
MAX_BIT_ERRORS = 0.3
QUIET = 1e-7  # mean square below -70 dB of full scale: no sound to recognise
COMMON = 64  # a number that turns up in more places than this tells nothing
CANDIDATES = 256  # pairs of a sound and an offset that are looked at closely for each sound
SPAN = 1 << 32  # more frames than any sound has

Fingerprint = NDArray[np.uint32]


@dataclass(frozen=True)
class Match:
    """Two sounds that hold the same recording.

    Attributes:
        first: Place of one in the list of sounds.
        second: Place of the other, later in the list.
        seconds: For how long they agree.
        offset: How much later the recording begins in the first than in the second, seconds.
        bit_errors: Share of bits that disagree; 0.5 would be chance.
    """

    first: int
    second: int
    seconds: float
    offset: float
    bit_errors: float


def fingerprint(samples: NDArray[np.int16] | NDArray[np.float32], sample_rate: int) -> Fingerprint:
    """A fingerprint of a mono sound.

    Args:
        samples: 16-bit integers, or floats in [-1, 1]. Shape (samples,).
        sample_rate: Hz.

    Returns:
        A number for each 32 ms but the first 341 ms; 0 where there is silence. Shape (frames,).
    """
    scale = 32_768.0 if np.issubdtype(samples.dtype, np.integer) else 1.0
    waveform = resample(samples.astype(np.float32) / scale, sample_rate, SAMPLE_RATE, resampling=Resampling())
    n_frames = 1 + (len(waveform) - N_FFT) // HOP_LENGTH
    if n_frames < 2:
        return np.zeros(0, dtype=np.uint32)
    energies = np.concatenate(
        [_band_energies(waveform, first, n_frames) for first in range(0, n_frames, FRAMES_AT_ONCE)]
    )
    falls = np.diff(energies, axis=1)  # from one band to the next: (frames, 32)
    bits = np.packbits(np.diff(falls, axis=0) > 0, axis=1)  # (frames - 1, 4)
    codes = bits.view(">u4").ravel().astype(np.uint32)
    codes[energies[1:].sum(axis=1) < QUIET] = 0
    return codes


def _band_energies(waveform: NDArray[np.float32], first: int, n_frames: int) -> NDArray[np.float32]:
    """Mean square of each band in some frames. Shape (frames, 33)."""
    last = min(first + FRAMES_AT_ONCE, n_frames)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, N_FFT)[first * HOP_LENGTH :: HOP_LENGTH][: last - first]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(N_FFT).astype(np.float32), axis=1)) ** 2
    edges = np.geomspace(FMIN, FMAX, N_BANDS + 1) * N_FFT / SAMPLE_RATE
    energies = np.add.reduceat(spectra, np.round(edges).astype(int), axis=1)[:, :-1]
    return (energies / N_FFT**2).astype(np.float32)


def find_matches(fingerprints: Sequence[Fingerprint], groups: Sequence[object]) -> Iterator[Match]:
    """Sounds of different groups that hold the same recording.

    Args:
        fingerprints: Of each sound.
        groups: Of each sound, such as its split; sounds of one group are not compared.

    Yields:
        The longest agreement of each such pair of sounds, in their order.
    """
    table = _Table(fingerprints)
    for second, codes in enumerate(fingerprints):
        offsets = table.offsets(codes)
        for first in sorted(offsets):
            if first < second and groups[first] != groups[second]:
                found = [_agreement(fingerprints[first], codes, offset) for offset in offsets[first]]
                frames, errors, offset = max(found)
                if frames >= MIN_FRAMES:
                    hop = HOP_LENGTH / SAMPLE_RATE
                    yield Match(first, second, frames * hop, offset * hop, -errors)


class _Table:
    """Where each number turns up."""

    def __init__(self, fingerprints: Sequence[Fingerprint]) -> None:
        lengths = [len(codes) for codes in fingerprints]
        everything = np.concatenate([*fingerprints, np.zeros(0, dtype=np.uint32)])
        order = np.argsort(everything, kind="stable")
        self._codes = everything[order]
        frames = [np.arange(length, dtype=np.int32) for length in lengths]
        self._sounds = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)[order]
        self._frames = np.concatenate([*frames, np.zeros(0, dtype=np.int32)])[order]

    def offsets(self, codes: Fingerprint) -> dict[int, list[int]]:
        """For each sound that shares numbers with this one, the offsets at which it shares the most."""
        wanted = np.flatnonzero(codes)
        begins = np.searchsorted(self._codes, codes[wanted], side="left")
        counts = np.searchsorted(self._codes, codes[wanted], side="right") - begins
        wanted, begins, counts = (one[counts <= COMMON] for one in (wanted, begins, counts))
        places = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        offsets = self._frames[places] - np.repeat(wanted, counts)
        shared, how_often = np.unique(
            self._sounds[places].astype(np.int64) * SPAN + offsets + SPAN // 2, return_counts=True
        )
        best: dict[int, list[int]] = defaultdict(list)
        for place in shared[np.argsort(-how_often, kind="stable")[:CANDIDATES]].tolist():
            best[place // SPAN].append(place % SPAN - SPAN // 2)
        return best


def _agreement(first: Fingerprint, second: Fingerprint, offset: int) -> tuple[int, float, int]:
    """Frames, minus bit errors, and offset of the longest stretch in which two sounds agree at this offset."""
    begin = max(offset, 0)
    one, other = first[begin:], second[begin - offset :]
    length = min(len(one), len(other))
    if length < MIN_FRAMES:
        return 0, 0.0, offset
    differing = np.bitwise_count(one[:length] ^ other[:length]) / 32
    differing[(one[:length] == 0) | (other[:length] == 0)] = 0.5  # silence agrees with nothing
    sums = np.concatenate([[0.0], np.cumsum(differing)])
    agrees = sums[MIN_FRAMES:] - sums[:-MIN_FRAMES] <= MAX_BIT_ERRORS * MIN_FRAMES
    if not agrees.any():
        return 0, 0.0, offset
    edges = np.flatnonzero(np.diff(np.concatenate([[False], agrees, [False]])))
    runs = edges.reshape(-1, 2)
    start, stop = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    frames = int(stop - start) + MIN_FRAMES - 1
    return frames, -float(sums[start + frames] - sums[start]) / frames, offset
