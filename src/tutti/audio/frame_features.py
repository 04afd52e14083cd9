"""Hand-made features of frames, and descriptors of whole sounds: what the terms of artist groups are made of.

Mel-frequency cepstral coefficients are librosa's: power, Slaney's mel scale, at most 80 dB below the loudest,
orthonormal cosine transform; with reflected edges. :func:`describe` stands in for a library's music extractor:
statistics of coefficients, chroma, loudness and shape of the spectrum, and of rhythm, 283 numbers. It is ours, and its
numbers are not those of Essentia's extractor.

References:
    Davis and Mermelstein, IEEE TASSP 28, 1980, for the coefficients.
    Peeters, "A large set of audio features for sound description", IRCAM, 2004, for the shape of the spectrum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.audio.decoding import mix_down
from tutti.audio.frontends import MelConfig, mel_filters
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling, StreamResampler
from tutti.errors import AudioError, ConfigError

Features = NDArray[np.float32]
BLOCK = 1024  # frames computed at once
RANGE_DB, FLOOR = 80.0, 1e-10
A4, A4_CLASS, N_CHROMA = 440.0, 9, 12
LOWEST_PITCH, ROLLOFF = 55.0, 0.85
TEMPI = tuple(range(40, 240, 8))  # beats a minute
STATISTICS = ("mean", "deviation", "lowest", "highest", "change", "change's deviation")
SHAPE = ("centroid", "spread", "rolloff", "flatness", "flux", "loudness")


@dataclass(frozen=True, kw_only=True)
class FrameConfig:
    """How frames are cut, and how many coefficients each has.

    Attributes:
        sample_rate: Hz.
        n_fft: Of the window, samples.
        hop_length: From one frame to the next, samples.
        n_mels: Bands below the coefficients.
        n_mfcc: Coefficients.
        longest: Seconds that are heard of a sound, from its beginning; bounds memory.
    """

    sample_rate: int = 22_050
    n_fft: int = 2048
    hop_length: int = 1024
    n_mels: int = 128
    n_mfcc: int = 25
    longest: float = 600.0

    def __post_init__(self) -> None:
        if not 1 <= self.n_mfcc <= self.n_mels:
            raise ConfigError(
                f"{self.n_mfcc} coefficients cannot be made of {self.n_mels} mel bands",
                hint=f"give n_mfcc from 1 to {self.n_mels}",
            )

    @property
    def mel(self) -> MelConfig:
        """The bands, as librosa has them."""
        return MelConfig(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
            scale="slaney",
            area_norm=True,
        )


def read_waveform(recording: Recording, config: FrameConfig) -> Features:
    """A recording as one channel at the configured rate, not longer than configured. Shape (samples,).

    Raises:
        AudioError: It cannot be decoded, or holds nothing.
    """
    with recording.open() as sound:
        stream = StreamResampler(sound.sample_rate, config.sample_rate, Resampling())
        n_wanted, pieces = math.ceil(config.longest * config.sample_rate), []
        for block in sound.blocks():
            pieces.append(stream.push(mix_down(block)))
            if sum(map(len, pieces)) >= n_wanted:
                break
        waveform = np.concatenate([*pieces, stream.finish()])[:n_wanted]
    if not len(waveform):
        raise AudioError(f"{recording.key} holds no sound", hint="leave it out")
    return waveform


def spectra(waveform: Features, config: FrameConfig) -> Features:
    """Powers of the centred frames. Shape (frames, n_fft // 2 + 1)."""
    edge = config.n_fft // 2
    if len(waveform) <= edge:  # too short to be reflected
        waveform = np.pad(waveform, (0, edge + 1 - len(waveform)))
    padded = torch.from_numpy(np.pad(waveform, edge, mode="reflect"))
    frames = padded.unfold(0, config.n_fft, config.hop_length)
    window = torch.hann_window(config.n_fft)
    blocks = [torch.fft.rfft(some * window).abs().square() for some in torch.split(frames, BLOCK)]
    found: Features = torch.cat(blocks).numpy()
    return found


def mfcc(powers: Features, config: FrameConfig) -> Features:
    """Mel-frequency cepstral coefficients of spectra. Shape (frames, n_mfcc)."""
    filters = torch.from_numpy(mel_filters(config.mel)).float()
    decibels = 10 * torch.log10((torch.from_numpy(powers) @ filters).clamp_min(FLOOR))
    decibels = torch.maximum(decibels, decibels.max() - RANGE_DB)
    found: Features = (decibels @ cosine_transform(config.n_mels, config.n_mfcc)).numpy()
    return found


def differences(frames: Features) -> Features:
    """Each frame minus the one before it: one row fewer. Shape (frames - 1, features)."""
    return np.diff(frames, axis=0)


def describe(powers: Features, coefficients: Features, config: FrameConfig) -> Features:
    """Descriptors of a whole sound, in the order of :func:`descriptor_names`.

    All are of a like size, so that they can be compared unscaled: octaves, units of ten decibels, shares, and
    coefficients divided by ten.

    Args:
        powers: Of :func:`spectra`.
        coefficients: Of :func:`mfcc`.
        config: Of both.
    """
    amplitudes = np.sqrt(powers)
    by_frame = np.concatenate([coefficients / 10, _chroma(amplitudes, config), _shape(amplitudes, config)], axis=1)
    changes = np.abs(differences(by_frame)) if len(by_frame) > 1 else np.zeros_like(by_frame)
    statistics = [by_frame.mean(0), by_frame.std(0), by_frame.min(0), by_frame.max(0), changes.mean(0), changes.std(0)]
    flux = by_frame[:, -len(SHAPE) + SHAPE.index("flux")]
    found: Features = np.concatenate([*statistics, _rhythm(flux, config)]).astype(np.float32)
    return found


def descriptor_names(config: FrameConfig) -> tuple[str, ...]:
    """What the descriptors are called."""
    coefficients = [f"coefficient {number}" for number in range(config.n_mfcc)]
    features = [*coefficients, *(f"chroma {number}" for number in range(N_CHROMA)), *SHAPE]
    statistics = [f"{feature}, {statistic}" for statistic in STATISTICS for feature in features]
    return (*statistics, *(f"periodicity at {tempo} beats a minute" for tempo in TEMPI))


def cosine_transform(n_bands: int, n_coefficients: int) -> Tensor:
    """The orthonormal cosine transform, type 2. Shape (bands, coefficients)."""
    bands, numbers = np.arange(n_bands)[:, None] + 0.5, np.arange(n_coefficients)
    cosines = np.cos(np.pi / n_bands * bands * numbers) * math.sqrt(2 / n_bands)
    cosines[:, 0] /= math.sqrt(2)
    return torch.from_numpy(cosines).float()


def _chroma(amplitudes: Features, config: FrameConfig) -> Features:
    """Shares of the twelve pitch classes, C first, of each frame. Shape (frames, 12)."""
    hertz = np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)
    is_heard = hertz >= LOWEST_PITCH
    classes = (np.round(12 * np.log2(hertz[is_heard] / A4)).astype(int) + A4_CLASS) % N_CHROMA
    to_class = (classes[:, None] == np.arange(N_CHROMA)).astype(np.float32)
    energies = amplitudes[:, is_heard] @ to_class
    found: Features = energies / np.maximum(energies.sum(axis=1, keepdims=True), FLOOR)
    return found


def _shape(amplitudes: Features, config: FrameConfig) -> Features:
    """Of each frame, in the order of ``SHAPE``: octaves, octaves, octaves, share, share, units of 10 dB."""
    octaves = np.log2(np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)[1:] / A4)
    heard = amplitudes[:, 1:] + FLOOR
    shares = heard / heard.sum(axis=1, keepdims=True)
    centroid = shares @ octaves
    spread = np.sqrt(np.maximum(shares @ octaves**2 - centroid**2, 0))
    rolloff = octaves[(np.cumsum(shares, axis=1) >= ROLLOFF).argmax(axis=1)]
    flatness = np.exp(np.log(heard).mean(axis=1)) / heard.mean(axis=1)
    flux = np.abs(np.diff(shares, axis=0, prepend=shares[:1])).sum(axis=1) / 2
    loudness = np.log10(np.maximum((amplitudes**2).mean(axis=1), FLOOR))
    found: Features = np.stack([centroid, spread, rolloff, flatness, flux, loudness], axis=1).astype(np.float32)
    return found


def _rhythm(flux: Features, config: FrameConfig) -> Features:
    """How alike the flux is to itself a beat later, from -1 to 1, for each tempo. Shape (tempi,)."""
    centred = flux - flux.mean()
    energy = float(centred @ centred)
    lags = [max(1, round(60 / tempo * config.sample_rate / config.hop_length)) for tempo in TEMPI]
    if energy < FLOOR:
        return np.zeros(len(TEMPI), dtype=np.float32)
    alike = [float(centred[lag:] @ centred[:-lag]) / energy if lag < len(flux) else 0.0 for lag in lags]
    return np.asarray(alike, dtype=np.float32)
