"""Waveform to harmonic tensor: a bank of band-pass filters for each harmonic, whose shape can be learned.

Each band of the first bank is a note; the bank of harmonic n listens at n times its frequency. Stacked as channels, the
harmonics of a note lie above each other, so that a small convolution sees them together. Log-mel spectrograms are in
``tutti.audio.frontends``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from tutti.audio.frontends import POWER_FLOOR
from tutti.errors import ConfigError, unknown_name

Learnable = Literal["none", "q", "bandwidth", "centres"]
LEARNABLE: tuple[Learnable, ...] = ("none", "q", "bandwidth", "centres")
LOWEST_NOTE = 24  # MIDI, the C of 32.7 Hz
MAX_HARMONICS = 7
# Equivalent rectangular bandwidth in Hz, by Glasberg and Moore: alpha * frequency + beta.
ALPHA, BETA = 0.1079, 24.7


@dataclass(frozen=True, kw_only=True)
class HarmonicConfig:
    """A harmonic front end. Lengths in samples, frequencies in Hz.

    Attributes:
        sample_rate: Of the waveform.
        n_fft: Length of the Fourier transform and of the Hann window; the hop is half of it.
        n_harmonics: Banks, the fundamental included: 1 to 7. The more there are, the fewer notes fit below the highest
            frequency.
        semitone_scale: Bands a semitone; 2 are quarter tones.
        learnable: What training changes: nothing, the quality ``q`` of all filters, their whole ``bandwidth``
            (q, alpha and beta), or their ``centres`` too.
        q: Quality to begin with: the bandwidth is (alpha * frequency + beta) / q.
    """

    sample_rate: int = 16_000
    n_fft: int = 512
    n_harmonics: int = 6
    semitone_scale: int = 2
    learnable: Learnable = "q"
    q: float = 1.0

    def __post_init__(self) -> None:
        if self.learnable not in LEARNABLE:
            raise unknown_name("set of learnable parameters", self.learnable, LEARNABLE)
        if not 1 <= self.n_harmonics <= MAX_HARMONICS:
            raise ConfigError(
                f"n_harmonics={self.n_harmonics} lies outside 1 to {MAX_HARMONICS}",
                hint="give 6, as published, or another number in the range",
            )
        for name, least in (("sample_rate", 1), ("n_fft", 2), ("semitone_scale", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name}={getattr(self, name)} is less than {least}", hint=f"give {least} or more")
        if not self.q > 0:
            raise ConfigError(f"q={self.q:g} is not positive", hint="give 1, as published; narrower filters have more")
        if self.n_bands < 1:
            raise ConfigError(
                f"sample_rate={self.sample_rate} leaves no note whose {self.n_harmonics} harmonics can be heard",
                hint="raise sample_rate, or lower n_harmonics",
            )

    @property
    def hop_length(self) -> int:
        """From one frame to the next."""
        return self.n_fft // 2

    @property
    def n_bands(self) -> int:
        """Notes, up to the one nearest to the frequency whose last harmonic is half the sample rate; that excluded."""
        highest = self.sample_rate / (2 * self.n_harmonics)
        highest_note = round(69 + 12 * math.log2(highest / 440))
        return (highest_note - LOWEST_NOTE) * self.semitone_scale

    def n_frames(self, n_samples: int) -> int:
        """Frames that a waveform of ``n_samples`` gives: the windows are centred on multiples of the hop."""
        return 1 + n_samples // self.hop_length


class HarmonicFilters(nn.Module):
    """Triangular band-pass filters of peak 1 on the bins of a Fourier transform, a bank for each harmonic.

    What training does not change is a buffer outside the state dict.

    Args:
        config: Which filters; what of them is learned.

    References:
        Won, Chun, Nieto, Serra, "Data-driven harmonic filters for audio representation learning", ICASSP 2020, and its
        published code (Won, thesis 2021, section 3.4), where only ``q`` is learned and begins at 1.
    """

    q: Tensor  # [1]
    alpha: Tensor  # [1]
    beta: Tensor  # Hz, [1]
    notes: Tensor  # centres of the first bank in semitones (MIDI), so that a step is as large for a low as a high one
    harmonics: Tensor
    bins: Tensor  # Hz
    fixed: Tensor | None

    def __init__(self, config: HarmonicConfig) -> None:
        super().__init__()
        rank = LEARNABLE.index(config.learnable)
        notes = LOWEST_NOTE + torch.arange(config.n_bands) / config.semitone_scale
        self._hold("q", torch.tensor([float(config.q)]), learned=rank >= LEARNABLE.index("q"))
        self._hold("alpha", torch.tensor([ALPHA]), learned=rank >= LEARNABLE.index("bandwidth"))
        self._hold("beta", torch.tensor([BETA]), learned=rank >= LEARNABLE.index("bandwidth"))
        self._hold("notes", notes, learned=rank >= LEARNABLE.index("centres"))
        self._hold("harmonics", torch.arange(1.0, config.n_harmonics + 1), learned=False)
        self._hold("bins", torch.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1), learned=False)
        fixed = self.responses().detach() if config.learnable == "none" else None
        self.register_buffer("fixed", fixed, persistent=False)

    def _hold(self, name: str, value: Tensor, *, learned: bool) -> None:
        if learned:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value, persistent=False)

    def centres(self) -> Tensor:
        """Centre frequencies in Hz: ``[n_harmonics, n_bands]``."""
        return self.harmonics[:, None] * (440.0 * torch.exp2((self.notes - 69) / 12))

    def bandwidths(self) -> Tensor:
        """Distance between the two edges in Hz: ``[n_harmonics, n_bands]``."""
        return (self.alpha * self.centres() + self.beta) / self.q

    def responses(self) -> Tensor:
        """Weight of each bin in each band, computed anew: ``[bins, n_harmonics, n_bands]``."""
        centres, slopes = self.centres(), 2 / self.bandwidths()
        distance = (self.bins[:, None, None] - centres).abs()
        return (1 - slopes * distance).clamp_min(0)

    def forward(self) -> Tensor:
        """As :meth:`responses`, but kept where nothing is learned."""
        return self.responses() if self.fixed is None else self.fixed


class HarmonicSpectrogram(nn.Module):
    """Waveform to harmonic tensor in decibels: 10 log10(max(power, 1e-10)), centred frames, reflected edges.

    Shape:
        waveform ``[batch, samples]`` to ``[batch, n_harmonics, n_bands, frames]`` with
        ``frames = 1 + samples // hop_length``.

    References:
        As :class:`HarmonicFilters`.
    """

    kind: Literal["harmonic"] = "harmonic"
    window: Tensor

    def __init__(self, config: HarmonicConfig) -> None:
        super().__init__()
        self.config = config
        self.filters = HarmonicFilters(config)
        self.register_buffer("window", torch.hann_window(config.n_fft, periodic=True), persistent=False)

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
        power = spectrum.real.square() + spectrum.imag.square()  # (batch, bins, frames)
        bands = torch.matmul(self.filters().flatten(1).T, power)  # (batch, n_harmonics * n_bands, frames)
        decibels = 10.0 * torch.log10(bands.clamp_min(POWER_FLOOR))
        return decibels.view(len(decibels), self.config.n_harmonics, self.config.n_bands, -1)
