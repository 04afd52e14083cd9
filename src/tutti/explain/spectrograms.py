"""What a sound looks like: the spectrogram that maps are drawn over, of sounds of any length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.excerpts import ExcerptPlan, Excerpts, ExcerptSpec, listen
from tutti.audio.frontends import MelConfig, MelSpectrogram
from tutti.audio.resampling import Resampling
from tutti.explain.bands import filter_middles
from tutti.explain.stretches import Stretch

N_FFT, HOP_LENGTH, N_MELS = 1024, 256, 128
PIECE_SECONDS = 8.0
MAX_COLUMNS = 1200
ROUNDING = 1e-6  # so that a frame at a column's very beginning is counted there
FLOOR = -80.0  # dB below the loudest


@dataclass(frozen=True, kw_only=True)
class Spectrogram:
    """Loudness by frequency and time.

    Attributes:
        decibels: Below the loudest place, from -80 to 0. Shape (bands, columns).
        frequencies: Middles of the bands, Hz, evenly spaced in mel. Shape (bands,).
        start: Where it begins in the recording, seconds.
        duration: How much it covers, in columns of the same width, seconds.
    """

    decibels: NDArray[np.float32]
    frequencies: NDArray[np.float64]
    start: float
    duration: float


def spectrogram(stretch: Stretch, *, sample_rate: int = 16_000, max_columns: int = MAX_COLUMNS) -> Spectrogram:
    """The mel spectrogram of a stretch of sound, averaged in decibels to so many columns at most.

    The sound streams through; memory holds a few seconds of it.

    Raises:
        AudioError: The sound cannot be decoded.
    """
    config = MelConfig(sample_rate=sample_rate, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)
    frontend = MelSpectrogram(config)
    duration = stretch.duration
    n_columns = int(np.clip(duration * sample_rate / HOP_LENGTH, 1, max_columns))
    sums, counts = np.zeros((N_MELS, n_columns)), np.zeros(n_columns)
    piece_seconds = float(np.clip(duration, N_FFT / sample_rate, PIECE_SECONDS))
    n_samples = round(piece_seconds * sample_rate)
    plan = ExcerptPlan(n_samples=n_samples, hop=n_samples)
    piece = 0
    for item in listen(stretch, [ExcerptSpec(sample_rate=sample_rate, resampling=Resampling(), plan=plan)]):
        for waveform in item.waveforms if isinstance(item, Excerpts) else ():
            with torch.no_grad():
                decibels = frontend(torch.from_numpy(waveform)[None])[0].double().numpy()
            begin = min(piece * piece_seconds, max(0.0, duration - piece_seconds))  # the last ends with the sound
            times = begin + np.arange(decibels.shape[1]) * HOP_LENGTH / sample_rate
            columns = np.floor(times / duration * n_columns + ROUNDING).astype(int)
            inside = columns < n_columns
            np.add.at(sums.T, columns[inside], decibels.T[inside])
            np.add.at(counts, columns[inside], 1)
            piece += 1
    # A column that no frame falls into repeats the one before, so that all stay at their time.
    filled = np.maximum.accumulate(np.where(counts > 0, np.arange(n_columns), 0))
    decibels = sums[:, filled] / counts[filled]
    filters = frontend.filters.double().numpy()
    return Spectrogram(
        decibels=np.clip(decibels - decibels.max(), FLOOR, 0).astype(np.float32),
        frequencies=filter_middles(filters, sample_rate=sample_rate),
        start=stretch.start,
        duration=duration,
    )
