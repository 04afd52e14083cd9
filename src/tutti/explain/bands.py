"""What the rows and columns of a tagger's input stand for: frequencies in Hz, times in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.audio.cqt import LogCQT
from tutti.audio.harmonic import HarmonicSpectrogram
from tutti.models.tagger import Tagger


def band_frequencies(network: Tagger) -> NDArray[np.float64] | None:
    """Middles of the bands of a tagger's input, Hz, ascending; None where it hears the waveform itself.

    Of a harmonic front end, those of the fundamental's bank.
    """
    if isinstance(network.frontend, HarmonicSpectrogram):
        with torch.no_grad():
            return network.frontend.filters.centres()[0].cpu().double().numpy()
    if isinstance(network.frontend, LogCQT):
        return network.frontend.config.frequencies
    frontend: Any = network.frontend
    filters = getattr(frontend, "filters", None)
    if not isinstance(filters, Tensor):
        return None
    return filter_middles(filters.cpu().double().numpy(), sample_rate=frontend.config.sample_rate)


def filter_middles(filters: NDArray[np.float64], *, sample_rate: int) -> NDArray[np.float64]:
    """Centres of mass of a bank of filters, Hz; empty filters lie evenly between their neighbours.

    Args:
        filters: Weights of bins from 0 to half the sample rate. Shape (bins, bands).
        sample_rate: Hz.
    """
    bins = np.linspace(0, sample_rate / 2, len(filters))
    weights = filters.sum(axis=0)
    bands = np.arange(filters.shape[1])
    full = weights > 0
    middles: NDArray[np.float64] = np.interp(bands, bands[full], bins @ filters[:, full] / weights[full])
    return middles


def frame_seconds(network: Tagger, sample_rate: int) -> float:
    """Seconds from one frame of a tagger's input to the next; of a waveform, from one sample to the next.

    Frames are centred: the first one's middle is where the excerpt begins.
    """
    config = getattr(network.frontend, "config", None)
    return 1 / sample_rate if config is None else float(config.hop_length / sample_rate)
