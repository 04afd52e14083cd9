"""Deformations: fixed changes of whole tracks, by which one asks how robust a model is.

Four kinds with two settings each, those of the comparison of taggers in chapter 3 of the thesis: pitch shift by a
semitone, time stretch by half an octave of tempo, dynamic range compression, white noise. The published study used
librosa's phase vocoder and sox's compander. Here pitch and time go through Signalsmith Stretch, which keeps levels and
transients better, and the compander is our own, after the description of sox's: no knee, one channel.

A deformation holds the whole track in memory, several times over while it works: about 40 MB a minute at 16 kHz. Random
changes of training excerpts are ``tutti.audio.augmentation``'s.

References:
    Won, Ferraro, Bogdanov and Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020, section 5, and
    its published code.
    McFee, Humphrey and Bello, "A software framework for musical data augmentation", ISMIR 2015: the settings.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import AudioError, import_extra, unknown_name

Waveform = NDArray[np.float32]
Setting = float | str

DEFORMATIONS: dict[str, tuple[Setting, ...]] = {
    "time_stretch": (2**-0.5, 2**0.5),
    "pitch_shift": (-1.0, 1.0),
    "dynamic_range": ("music standard", "speech"),
    "white_noise": (0.1, 0.4),
}
"""Published settings: tempo as a factor, semitones, preset of the compander, share of noise."""

TRANSFERS: dict[str, tuple[tuple[float, float], ...]] = {
    "music standard": ((-90, -90), (-70, -58), (-55, -43), (-31, -31), (-21, -21), (0, -20)),
    "speech": ((-90, -90), (-70, -55), (-50, -35), (-31, -31), (-21, -21), (0, -20)),
}
"""Level that comes in and level that goes out, dB relative to full scale."""
ATTACK, DECAY, LOOK_AHEAD = 0.1, 0.3, 0.1  # seconds
BLOCK_SAMPLES = 1 << 16


def deform(waveform: Waveform, sample_rate: int, name: str, rate: Setting, *, seed: int = 0) -> Waveform:
    """A deformed copy of a track.

    Args:
        waveform: In [-1, 1]. Shape (samples,).
        sample_rate: Hz.
        name: Of the deformation, one of ``DEFORMATIONS``.
        rate: Its setting; the published ones are in ``DEFORMATIONS``, numbers may be others.
        seed: Of the noise; other deformations need none.

    Returns:
        Of the same length, but for a time stretch. Shape (samples,).

    Raises:
        UnknownNameError: There is no such deformation, or no such preset of the compander.
        AudioError: The setting makes no sense.
    """
    if name not in DEFORMATIONS:
        raise unknown_name("deformation", name, DEFORMATIONS)
    if name == "dynamic_range":
        return compress(waveform, sample_rate, preset=str(rate))
    if not isinstance(rate, int | float) or not math.isfinite(rate):
        raise AudioError(f"{rate!r} is no setting of {name}", hint=f"give a number, such as {DEFORMATIONS[name][0]:g}")
    if name == "time_stretch":
        return stretch_time(waveform, sample_rate, float(rate))
    if name == "pitch_shift":
        return shift_pitch(waveform, sample_rate, float(rate))
    return add_noise(waveform, float(rate), seed=seed)


def stretch_time(waveform: Waveform, sample_rate: int, tempo: float) -> Waveform:
    """The track played faster (``tempo`` above 1: shorter) or slower, at its pitch.

    Raises:
        AudioError: The tempo lies outside 1/4 to 4.
        MissingExtraError: Signalsmith Stretch is not installed.
    """
    if not 0.25 <= tempo <= 4:
        raise AudioError(f"a tempo of {tempo:g} is out of reach", hint="stretch by a factor between 0.25 and 4")
    stretcher = _stretcher(sample_rate)
    stretcher.setTimeFactor(tempo)
    return _processed(stretcher, waveform, round(len(waveform) / tempo))


def shift_pitch(waveform: Waveform, sample_rate: int, semitones: float) -> Waveform:
    """The track at another pitch and its old length.

    Raises:
        AudioError: A shift by more than two octaves.
        MissingExtraError: Signalsmith Stretch is not installed.
    """
    if abs(semitones) > 24:
        raise AudioError(f"a pitch shift by {semitones:g} semitones is out of reach", hint="shift by at most 24")
    stretcher = _stretcher(sample_rate)
    stretcher.setTransposeSemitones(semitones)
    return _processed(stretcher, waveform, len(waveform))


def _stretcher(sample_rate: int) -> Any:
    library = import_extra("python_stretch", extra="train", purpose="shifting pitch and stretching time")
    stretcher = library.Signalsmith.Stretch()
    stretcher.preset(1, float(sample_rate))
    return stretcher


def _processed(stretcher: Any, waveform: Waveform, n_samples: int) -> Waveform:
    """What comes out, filled up with silence or cut to its length: the library rounds as it likes."""
    # 0 Hz stays 0 Hz at every pitch; the library would make an audible tremor of a recorder's offset.
    offset = waveform.mean() if len(waveform) else np.float32(0)
    # It wants at least what it must have heard before the first sample comes out.
    n_least = stretcher.inputLatency() + stretcher.outputLatency() + stretcher.blockSamples()
    padded = np.pad(waveform - offset, (0, max(0, n_least - len(waveform))))
    processed: Waveform = stretcher.process(np.ascontiguousarray(padded[np.newaxis], dtype=np.float32))[0]
    return np.pad(processed[:n_samples], (0, max(0, n_samples - len(processed)))) + offset


def add_noise(waveform: Waveform, share: float, *, seed: int) -> Waveform:
    """(1 - share) x + share · noise: Gaussian, its peak that of the track's positive samples.

    The published formula takes the largest sample and not the largest magnitude; we follow. Its noise had no seed.

    Raises:
        AudioError: The share lies outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise AudioError(f"a share of noise of {share:g} lies outside 0 to 1", hint="the published are 0.1 and 0.4")
    noise = np.random.default_rng(seed).standard_normal(len(waveform), dtype=np.float32)
    noise *= waveform.max(initial=0.0) / max(float(np.abs(noise).max(initial=0.0)), 1e-9)
    return np.asarray((1 - share) * waveform + share * noise, dtype=np.float32)


def compress(waveform: Waveform, sample_rate: int, *, preset: str) -> Waveform:
    """The track with its soft passages raised and its loud ones lowered.

    The level is the magnitude of the samples, smoothed with one time constant while it rises and with another while it
    falls. The transfer function gives the level that it should have, straight lines in dB between its points; the
    difference is the gain, which acts on the samples a little earlier than the level that it is for. As in the
    published settings, the level begins at full scale: the first half second comes up from below.

    Raises:
        UnknownNameError: There is no such preset.
    """
    if preset not in TRANSFERS:
        raise unknown_name("preset of the compander", preset, TRANSFERS)
    n_ahead = round(LOOK_AHEAD * sample_rate)
    levels = smoothed_level(waveform, sample_rate)
    if len(levels):
        levels = np.pad(levels, (0, n_ahead), mode="edge")[n_ahead:]
    incoming, outgoing = np.asarray(TRANSFERS[preset], dtype=np.float64).T
    # Below the first point, the gain stays what it is there.
    level_db = np.maximum(20 * np.log10(np.maximum(levels, 1e-9)), incoming[0])
    gain_db = np.interp(level_db, incoming, outgoing) - level_db
    return np.asarray(np.clip(waveform * 10 ** (gain_db / 20), -1.0, 1.0), dtype=np.float32)


def smoothed_level(waveform: Waveform, sample_rate: int, *, initial: float = 1.0) -> Waveform:
    """The compander's idea of how loud it is at each sample: 0 to 1. Shape (samples,)."""
    attack, decay = (1 - math.exp(-1 / (seconds * sample_rate)) for seconds in (ATTACK, DECAY))
    levels = np.empty(len(waveform), dtype=np.float32)
    level = initial
    for begin in range(0, len(waveform), BLOCK_SAMPLES):
        smoothed = []
        for magnitude in np.abs(waveform[begin : begin + BLOCK_SAMPLES]).tolist():
            rise = magnitude - level
            level += rise * (attack if rise > 0 else decay)
            smoothed.append(level)
        levels[begin : begin + len(smoothed)] = smoothed
    return levels
