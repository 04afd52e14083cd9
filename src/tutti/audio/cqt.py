"""Waveform to constant-Q spectrogram: bins of equal width in semitones, as a torch module that lives inside a model.

The filters of an octave are those of the octave above it on a signal of half the rate: the spectrum of the whole
excerpt is cut in half from octave to octave, which resamples it, and short kernels do the rest. Values are librosa's,
whose recursion this is; log-mel spectrograms are in ``tutti.audio.frontends``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.audio.filters import fast_length
from tutti.audio.frontends import POWER_FLOOR
from tutti.errors import ConfigError

C1 = 440.0 * 2 ** (-45 / 12)  # Hz
HANN_BANDWIDTH = 1.5  # of the window's spectrum, bins


@dataclass(frozen=True, kw_only=True)
class CQTConfig:
    """A log-CQT front end. Lengths in samples, frequencies in Hz. The defaults are those of the genre paper.

    Attributes:
        sample_rate: Of the waveform.
        hop_length: From one frame to the next; it must be halved as often as there are octaves below the highest.
        n_bins: From ``fmin`` upwards.
        bins_per_octave: 12 are semitones.
        fmin: Centre of the lowest bin.
        sparsity: Share of each kernel's spectrum that is dropped, its weakest places; librosa's default is 0.01.
        range_db: Raise what lies further below the loudest of the excerpt up to there.
    """

    sample_rate: int = 22_050
    hop_length: int = 1024
    n_bins: int = 96
    bins_per_octave: int = 12
    fmin: float = C1
    sparsity: float = 0.01
    range_db: float = 80.0

    def __post_init__(self) -> None:
        for name in ("sample_rate", "hop_length", "n_bins", "bins_per_octave"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if not (self.fmin > 0 and self.range_db > 0 and 0 <= self.sparsity < 1):
            raise ConfigError(
                f"fmin={self.fmin:g} Hz, range_db={self.range_db:g} and sparsity={self.sparsity:g} make no spectrogram",
                hint="give positive ones, and a sparsity below 1: 32.7, 80 and 0.01 are published",
            )
        highest = float(self.frequencies[-1]) * (1 + HANN_BANDWIDTH / 2 / self.quality)
        if highest > self.sample_rate / 2:
            raise ConfigError(
                f"the highest of {self.n_bins} bins reaches {highest:.0f} Hz, and half the sample rate is "
                f"{self.sample_rate / 2:g} Hz",
                hint="lower n_bins or fmin, or raise sample_rate",
            )
        if self.hop_length % 2 ** (self.n_octaves - 1):
            raise ConfigError(
                f"hop_length={self.hop_length} cannot be halved {self.n_octaves - 1} times, once for each octave",
                hint=f"give a multiple of {2 ** (self.n_octaves - 1)}",
            )

    @property
    def n_octaves(self) -> int:
        """Octaves, the lowest of which may be incomplete."""
        return math.ceil(self.n_bins / self.bins_per_octave)

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Centres of the bins, Hz, ascending. Shape (n_bins,)."""
        centres: NDArray[np.float64] = self.fmin * 2 ** (np.arange(self.n_bins) / self.bins_per_octave)
        return centres

    @property
    def quality(self) -> float:
        """Q: centre frequency over bandwidth, the same for all bins."""
        ratio = 4 ** (1 / self.bins_per_octave)  # of the two neighbours' frequencies
        return (ratio + 1) / (ratio - 1)

    @property
    def n_fft(self) -> int:
        """Samples that a frame of the lowest bins hears: their filters, filled up to a power of two.

        Excerpts must be longer than half of it, so that their edges can be reflected.
        """
        return max(len(one.kernels[0]) << one.n_halved for one in octaves(self))

    def n_frames(self, n_samples: int) -> int:
        """Frames that a waveform of ``n_samples`` gives: the windows are centred on multiples of the hop."""
        return 1 + n_samples // self.hop_length

    def n_samples(self, n_frames: int) -> int:
        """The longest waveform that gives so many frames."""
        return n_frames * self.hop_length - 1


@dataclass(frozen=True, kw_only=True)
class Octave:
    """The filters of one octave, for a signal whose rate was halved.

    Attributes:
        n_halved: How often.
        kernels: Complex, to be multiplied with samples and added up. Shape (bins, n_fft).
    """

    n_halved: int
    kernels: NDArray[np.complex128]


def octaves(config: CQTConfig) -> list[Octave]:
    """The filters of a front end, the highest octave first."""
    edges = [*range(config.n_bins, 0, -config.bins_per_octave), 0]
    return [
        Octave(n_halved=n_halved, kernels=_kernels(config, low, high, n_halved))
        for n_halved, (high, low) in enumerate(itertools.pairwise(edges))
    ]


def _kernels(config: CQTConfig, low: int, high: int, n_halved: int) -> NDArray[np.complex128]:
    """The filters of the bins from ``low`` up to ``high``: windowed complex tones of magnitudes that sum to one.

    They are multiplied by the square root of their length at the full rate, so that noise is as loud in all of them.
    """
    relative = config.frequencies[low:high] / (config.sample_rate / 2**n_halved)  # periods a sample
    lengths = config.quality / relative
    n_fft = 1 << math.ceil(math.log2(lengths.max()))
    tones = np.zeros((high - low, n_fft), dtype=np.complex128)
    for tone, period, length in zip(tones, relative, lengths, strict=True):
        times = np.arange(math.floor(-length / 2), math.floor(length / 2))
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(times)) / len(times))
        first = (n_fft - len(times)) // 2
        tone[first : first + len(times)] = window / window.sum() * np.exp(2j * np.pi * period * times)
    spectra = np.fft.fft(tones * (lengths / n_fft)[:, None])[:, : n_fft // 2 + 1]
    spectra = _without_weakest(spectra, config.sparsity) / np.sqrt(lengths * 2**n_halved)[:, None]
    # The response is a sum of products with the frame's spectrum, whose transform is taken over to the kernels here.
    padded = np.concatenate([spectra, np.zeros((high - low, n_fft - spectra.shape[1]))], axis=1)
    kernels: NDArray[np.complex128] = np.fft.fft(padded)
    return kernels


def _without_weakest(spectra: NDArray[np.complex128], share: float) -> NDArray[np.complex128]:
    """The same, with the weakest values of each row dropped whose magnitudes sum to no more than a share of all."""
    magnitudes = np.abs(spectra)
    ordered = np.sort(magnitudes, axis=1)
    sums = np.cumsum(ordered, axis=1) / ordered.sum(axis=1, keepdims=True)
    weakest_kept = np.take_along_axis(ordered, (sums >= share).argmax(axis=1)[:, None], axis=1)
    return np.where(magnitudes >= weakest_kept, spectra, 0)


class LogCQT(nn.Module):
    """Waveform to constant-Q power in decibels relative to the excerpt's loudest, centred frames, reflected edges.

    From 0 down to ``-range_db``, where all of a silent excerpt lies. The published code relates to the loudest of the
    whole track; a model hears no more than an excerpt.

    Shape:
        waveform ``[batch, samples]`` to ``[batch, n_bins, frames]`` with ``frames = 1 + samples // hop_length``.

    References:
        Schörkhuber and Klapuri, "Constant-Q transform toolbox for music processing", SMC 2010, for the recursion.
        Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
        section 4.2, and its published code, for the settings.
    """

    kind: Literal["log-cqt"] = "log-cqt"

    def __init__(self, config: CQTConfig) -> None:
        super().__init__()
        self.config = config
        self._edge = config.n_fft // 2
        for one in octaves(config):
            both = np.concatenate([one.kernels.real, one.kernels.imag]).T  # (n_fft, 2 bins)
            self.register_buffer(f"kernels_{one.n_halved}", torch.from_numpy(both).float(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        powers = self.power(waveform)
        loudest = powers.amax(dim=(1, 2), keepdim=True)
        decibels = 10 * torch.log10(powers.clamp_min(POWER_FLOOR) / loudest.clamp_min(POWER_FLOOR))
        floor = -self.config.range_db
        return torch.where(loudest > POWER_FLOOR, decibels.clamp_min(floor), floor)

    def power(self, waveform: Tensor) -> Tensor:
        """Squared magnitudes: ``[batch, samples]`` to ``[batch, n_bins, frames]``."""
        config = self.config
        n_frames, n_rest = config.n_frames(waveform.shape[1]), 2 ** (config.n_octaves - 1)
        padded = F.pad(waveform[:, None], (self._edge, self._edge), mode="reflect")[:, 0]
        n_padded = n_rest * fast_length(math.ceil(padded.shape[1] / n_rest))
        spectrum = torch.fft.rfft(padded, n_padded)
        powers = []
        for n_halved in range(config.n_octaves):
            # Of half the length, the inverse transform is twice as large, as the filters of the octave want it.
            n_samples = n_padded >> n_halved
            signal = torch.fft.irfft(spectrum[:, : n_samples // 2 + 1], n_samples)
            kernels = self.get_buffer(f"kernels_{n_halved}")
            first = (self._edge >> n_halved) - len(kernels) // 2
            frames = signal[:, first:].unfold(1, len(kernels), config.hop_length >> n_halved)[:, :n_frames]
            real, imaginary = (frames @ kernels).chunk(2, dim=2)  # (batch, frames, bins)
            powers.append(real.square() + imaginary.square())
        return torch.cat(powers[::-1], dim=2).transpose(1, 2)
