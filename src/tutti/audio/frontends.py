"""Waveform to log-mel spectrogram, as a torch module that lives inside a model and runs on its device.

The defaults are those of the published PyTorch taggers; nobody else computes a spectrogram.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.errors import ConfigError, unknown_name

POWER_FLOOR, FLOOR_DB = 1e-10, -100.0  # the same, of powers
MelScale = Literal["htk", "slaney"]
# Slaney's scale: 200/3 Hz a mel up to 1 kHz, from there 27 mels for each factor of 6.4.
HERTZ_A_MEL, BREAK_HERTZ, LOG_STEP = 200.0 / 3.0, 1000.0, np.log(6.4) / 27.0
BREAK_MEL = BREAK_HERTZ / HERTZ_A_MEL


@dataclass(frozen=True, kw_only=True)
class MelConfig:
    """A log-mel front end. Lengths in samples, frequencies in Hz.

    Attributes:
        sample_rate: Of the waveform.
        n_fft: Length of the Fourier transform and of the Hann window.
        hop_length: From one frame to the next.
        n_mels: Bands.
        fmin: Lower edge of the first band.
        fmax: Upper edge of the last band; None is half the sample rate.
        scale: How bands are spaced: ``htk``, as in the published PyTorch taggers, or ``slaney``, librosa's default.
        area_norm: Divide each filter by its width, as librosa does with ``norm="slaney"``.
        decibels_per_decade: 10 are decibels of a power; the study of 2019 took the power for an amplitude: 20.
        range_db: Raise what lies further below the loudest of the excerpt up to there; None leaves it.
        exponent: Of the spectrum's magnitude before the filters: 2 sums powers, 1 amplitudes.
    """

    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 256
    n_mels: int = 96
    fmin: float = 0.0
    fmax: float | None = None
    scale: MelScale = "htk"
    area_norm: bool = False
    decibels_per_decade: float = 10.0
    range_db: float | None = None
    exponent: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise unknown_name("mel scale", self.scale, SCALES)
        nyquist = self.sample_rate / 2
        if self.fmax is not None and not self.fmin < self.fmax <= nyquist:
            raise ConfigError(
                f"fmax={self.fmax:g} Hz lies outside ({self.fmin:g}, {nyquist:g}] Hz",
                hint=f"lower fmax, or raise sample_rate to {2 * self.fmax:g} Hz or more",
            )
        for name in ("sample_rate", "n_fft", "hop_length", "n_mels"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")

    def n_frames(self, n_samples: int) -> int:
        """Frames that a waveform of ``n_samples`` gives: the windows are centred on multiples of the hop."""
        return 1 + n_samples // self.hop_length


def hertz_to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz to mel on the HTK scale: 2595 log10(1 + f / 700)."""
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def mel_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel on the HTK scale to Hz."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def hertz_to_slaney(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz to mel on Slaney's scale: linear below 1 kHz, logarithmic above.

    References:
        Slaney, "Auditory Toolbox", version 2, 1998.
    """
    above = BREAK_MEL + np.log(np.maximum(hertz, BREAK_HERTZ) / BREAK_HERTZ) / LOG_STEP
    return np.where(hertz < BREAK_HERTZ, hertz / HERTZ_A_MEL, above)


def slaney_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel on Slaney's scale to Hz."""
    above = BREAK_HERTZ * np.exp(LOG_STEP * (np.maximum(mel, BREAK_MEL) - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * HERTZ_A_MEL, above)


SCALES = {"htk": (hertz_to_mel, mel_to_hertz), "slaney": (hertz_to_slaney, slaney_to_hertz)}


def mel_filters(config: MelConfig) -> NDArray[np.float64]:
    """Triangular filters, evenly spaced on the configured scale; of peak 1, or of equal area.

    Returns:
        Shape (n_fft // 2 + 1, n_mels).
    """
    to_mel, to_hertz = SCALES[config.scale]
    fmax = config.sample_rate / 2 if config.fmax is None else config.fmax
    bins = np.linspace(0.0, config.sample_rate / 2, config.n_fft // 2 + 1)
    lowest, highest = to_mel(np.array([config.fmin, fmax]))
    edges = to_hertz(np.linspace(lowest, highest, config.n_mels + 2))
    rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    triangles: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return triangles * (2.0 / (edges[2:] - edges[:-2])) if config.area_norm else triangles


class MelSpectrogram(nn.Module):
    """Waveform to log-mel spectrogram in decibels: 10 log10(max(power, 1e-10)), centred frames, reflected edges.

    What the configuration changes of that, :class:`MelConfig` says.

    Shape:
        waveform ``[batch, samples]`` to ``[batch, n_mels, frames]`` with ``frames = 1 + samples // hop_length``.

    References:
        Won, Ferraro, Bogdanov, Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020, and its
        published code.
    """

    kind: Literal["log-mel"] = "log-mel"
    window: Tensor
    filters: Tensor

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.hann_window(config.n_fft, periodic=True), persistent=False)
        self.register_buffer("filters", torch.from_numpy(mel_filters(config)).float(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        spectrum = torch.stft(
            waveform,
            self.config.n_fft,
            hop_length=self.config.hop_length,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        # Five times as fast as summing over torch.view_as_real(spectrum).square(), to the same bits.
        power = spectrum.real.square() + spectrum.imag.square()  # (batch, bins, frames)
        if self.config.exponent == 1:
            power = power.sqrt()
        mel = torch.matmul(self.filters.T, power)  # (batch, n_mels, frames)
        per_decade = self.config.decibels_per_decade
        decibels = per_decade * torch.log10(mel.clamp_min(10.0 ** (FLOOR_DB / per_decade)))
        if self.config.range_db is None:
            return decibels
        return torch.maximum(decibels, decibels.amax(dim=(1, 2), keepdim=True) - self.config.range_db)


class RawWaveform(nn.Module):
    """The waveform itself, as one channel: ``[batch, samples]`` to ``[batch, 1, samples]``.

    The front end of networks that learn their own, such as the sample-level CNN.
    """

    kind: Literal["raw"] = "raw"

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        return waveform.unsqueeze(1)
