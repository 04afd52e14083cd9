"""Learned filters that can be looked at: those that lie directly on a waveform, a spectrum or a spectrogram.

Deeper ones act on what others have made of the sound, and 3 x 3 kernels on a spectrogram are edges and little else:
neither is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tutti.audio.frontends import RawWaveform
from tutti.audio.harmonic import ALPHA, BETA, HarmonicSpectrogram
from tutti.errors import ModelError
from tutti.models.tagger import Tagger

N_FREQUENCIES = 257
MIN_HEIGHT = 8  # bands that a filter must span to show a shape


@dataclass(frozen=True, kw_only=True)
class HarmonicBank:
    """The filters of a harmonic front end.

    Attributes:
        centres: Hz. Shape (harmonics, bands).
        bandwidths: Distance between the edges, Hz. Shape (harmonics, bands).
        untrained: The bandwidths of Glasberg and Moore's formula, which training begins with at q = 1, Hz.
        q: The quality that was learned.
    """

    centres: NDArray[np.float64]
    bandwidths: NDArray[np.float64]
    untrained: NDArray[np.float64]
    q: float

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        return {
            "kind": "harmonic",
            "q": self.q,
            "centres": self.centres.round(2).tolist(),
            "bandwidths": self.bandwidths.round(2).tolist(),
        }


@dataclass(frozen=True, kw_only=True)
class WaveformFilters:
    """The spectra of a first layer that hears the waveform, in the order of their peaks.

    Attributes:
        spectra: Magnitude, relative to each filter's largest. Shape (filters, frequencies).
        frequencies: Hz. Shape (frequencies,).
        n_taps: Length of a filter, samples.
    """

    spectra: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    n_taps: int

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        peaks = self.frequencies[self.spectra.argmax(axis=1)]
        return {"kind": "waveform", "n_taps": self.n_taps, "peaks": peaks.round(1).tolist()}


@dataclass(frozen=True, kw_only=True)
class SpectrogramFilters:
    """The tall filters of a first layer that hears a spectrogram, the strongest first.

    Attributes:
        kernels: Weights. Shape (filters, bands, frames).
        frame_seconds: From one frame to the next.
    """

    kernels: NDArray[np.float64]
    frame_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        norms = np.linalg.norm(self.kernels, axis=(1, 2))
        return {"kind": "spectrogram", "shape": list(self.kernels.shape[1:]), "norms": norms.round(4).tolist()}


Filters = HarmonicBank | WaveformFilters | SpectrogramFilters


def learned_filters(network: Tagger, *, sample_rate: int) -> Filters:
    """What a tagger has learned to listen for right at its input.

    Args:
        network: Any tagger.
        sample_rate: Of the waveform that it hears, Hz.

    Raises:
        ModelError: It has no filters that show anything.
    """
    if isinstance(network.frontend, HarmonicSpectrogram):
        return _harmonic_bank(network.frontend)
    first = first_convolution(network)
    if isinstance(first, nn.Conv1d):
        return _waveform_filters(first, sample_rate=sample_rate)
    if first is None:
        raise ModelError(
            "the tagger has no filters on its input that show anything when drawn",
            hint="filters can be drawn of harmonic front ends, of networks on waveforms, and of tall convolutions",
        )
    config: Any = network.frontend.config
    kernels = first.weight.detach()[:, 0].cpu().double().numpy()
    order = np.argsort(-np.linalg.norm(kernels, axis=(1, 2)), kind="stable")
    return SpectrogramFilters(kernels=kernels[order], frame_seconds=config.hop_length / config.sample_rate)


def has_filters(network: Tagger) -> bool:
    """Whether :func:`learned_filters` finds some."""
    return isinstance(network.frontend, HarmonicSpectrogram) or first_convolution(network) is not None


def first_convolution(network: Tagger) -> nn.Conv1d | nn.Conv2d | None:
    """The convolution right on the input whose filters show something; the tallest where there are several."""
    inputs = [
        module
        for module in network.encoder.modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d) and module.in_channels == 1
    ]
    if isinstance(network.frontend, RawWaveform):
        return next((module for module in inputs if isinstance(module, nn.Conv1d)), None)
    tall = [module for module in inputs if isinstance(module, nn.Conv2d) and module.kernel_size[0] >= MIN_HEIGHT]
    return max(tall, key=lambda module: module.kernel_size, default=None)


def _harmonic_bank(frontend: HarmonicSpectrogram) -> HarmonicBank:
    with torch.no_grad():
        centres = frontend.filters.centres().cpu().double().numpy()
        bandwidths = frontend.filters.bandwidths().cpu().double().numpy()
    return HarmonicBank(
        centres=centres,
        bandwidths=bandwidths,
        untrained=ALPHA * centres + BETA,
        q=float(frontend.filters.q.detach()),
    )


def _waveform_filters(layer: nn.Conv1d, *, sample_rate: int) -> WaveformFilters:
    taps = layer.weight.detach()[:, 0].cpu().double().numpy()
    spectra = np.abs(np.fft.rfft(taps, n=2 * (N_FREQUENCIES - 1), axis=1))
    spectra /= np.maximum(spectra.max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    # Filters of few taps often peak at 0 or at half the sample rate; their centres of mass settle the order.
    centroids = spectra @ np.arange(N_FREQUENCIES) / spectra.sum(axis=1)
    order = np.lexsort((centroids, spectra.argmax(axis=1)))
    frequencies = np.linspace(0, sample_rate / 2, N_FREQUENCIES)
    return WaveformFilters(spectra=spectra[order], frequencies=frequencies, n_taps=taps.shape[1])
