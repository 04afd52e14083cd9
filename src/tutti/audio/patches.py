"""Log-mel patches as published embedding networks were trained on them: VGGish, YAMNet, OpenL3.

Each network hears patches of a fixed length and takes its own kind of spectrogram, none with centred frames as the
taggers' (``frontends``). Where patches lie in a sound is ``excerpts``' matter, the networks are
``tutti.models.extractors``'.

References:
    Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017 (VGGish).
    Plakal and Ellis, "YAMNet", tensorflow/models, research/audioset/yamnet.
    Cramer, Wu, Salamon and Bello, "Look, listen, and learn more", ICASSP 2019 (OpenL3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.excerpts import ExcerptPlan, ExcerptSpec, Tail
from tutti.audio.frontends import POWER_FLOOR, MelConfig, hertz_to_mel, mel_filters
from tutti.audio.resampling import Resampling
from tutti.errors import ConfigError

SLOPES = ("hertz", "mel")


@dataclass(frozen=True, kw_only=True)
class PatchConfig:
    """Patches of log-mel spectrogram. Lengths in samples, frequencies in Hz.

    Attributes:
        sample_rate: Of the waveform.
        win_length: Of the periodic Hann window; filled up with zeros to ``n_fft``.
        n_fft: Of the Fourier transform.
        hop_length: From one frame to the next.
        n_frames: Of a patch.
        n_mels: Bands, on the HTK scale.
        fmin: Lower edge of the first band.
        fmax: Upper edge of the last band; None is half the sample rate.
        slopes: Over what the triangles' sides are straight: ``mel``, as in AudioSet's networks, whose filters also
            leave out 0 Hz, or ``hertz``, as in librosa.
        area_norm: Divide each filter by its width, as librosa does with ``norm="slaney"``.
        exponent: Of the spectrum's magnitude before the filters; what they sum is brought back to a magnitude.
        log_offset: Added before the natural logarithm; None takes decibels below the patch's loudest instead, a
            magnitude as if it were a power (10 log10), not below ``-range_db``.
        range_db: Of these decibels.
        padding: Zeros on each side of a patch's samples.
        lead: Zeros put before the sound.
        tail: What becomes of a rest that fills no patch, see :class:`tutti.audio.excerpts.ExcerptPlan`.
        bands_first: Whether a patch is (bands, frames); else (frames, bands).
    """

    sample_rate: int = 16_000
    win_length: int = 400
    n_fft: int = 512
    hop_length: int = 160
    n_frames: int = 96
    n_mels: int = 64
    fmin: float = 125.0
    fmax: float | None = 7500.0
    slopes: Literal["hertz", "mel"] = "mel"
    area_norm: bool = False
    exponent: Literal[1, 2] = 1
    log_offset: float | None = 0.01
    range_db: float = 80.0
    padding: int = 0
    lead: int = 0
    tail: Tail = "none"
    bands_first: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.win_length <= self.n_fft:
            raise ConfigError(
                f"win_length={self.win_length} lies outside 1 to n_fft={self.n_fft}", hint="raise n_fft to a power of 2"
            )
        if self.slopes not in SLOPES:
            raise ConfigError(f"slopes={self.slopes!r} is none of {', '.join(SLOPES)}", hint="give 'mel' or 'hertz'")
        if self.n_samples < 1:
            raise ConfigError(f"a patch of {self.n_frames} frames has no samples", hint="give 1 frame or more")

    @property
    def n_samples(self) -> int:
        """Of the waveform that a patch is made of."""
        return (self.n_frames - 1) * self.hop_length + self.win_length - 2 * self.padding

    @property
    def shape(self) -> tuple[int, int]:
        """Of a patch."""
        return (self.n_mels, self.n_frames) if self.bands_first else (self.n_frames, self.n_mels)

    def spec(self, hop: float) -> ExcerptSpec:
        """Which stretches of a sound the patches are made of.

        Args:
            hop: Seconds from one patch to the next.
        """
        plan = ExcerptPlan(n_samples=self.n_samples, hop=round(hop * self.sample_rate), tail=self.tail, lead=self.lead)
        return ExcerptSpec(sample_rate=self.sample_rate, resampling=Resampling(), plan=plan)


VGGISH = PatchConfig()
YAMNET = PatchConfig(log_offset=0.001, tail="zeros")
# The front end that the published weights were trained with (kapre 0.1.4): powers are summed on HTK bands, some of them
# too narrow to hold a bin, and a second, 84 samples longer than whole hops of 242, is padded on both sides so that its
# frames are as many as hops begin in it. Later releases of the program sum magnitudes on Slaney's bands.
OPENL3 = PatchConfig(
    sample_rate=48_000,
    win_length=2048,
    n_fft=2048,
    hop_length=242,
    n_frames=199,
    n_mels=256,
    fmin=0.0,
    fmax=None,
    slopes="hertz",
    area_norm=True,
    exponent=2,
    log_offset=None,
    padding=(2048 - 48_000 % 242) // 2,
    lead=24_000,
    tail="zeros",
    bands_first=True,
)


def mel_sloped_filters(config: PatchConfig) -> NDArray[np.float64]:
    """Triangular filters whose sides are straight over mel, of peak 1, without a weight at 0 Hz.

    Returns:
        Shape (n_fft // 2 + 1, n_mels).
    """
    fmax = config.sample_rate / 2 if config.fmax is None else config.fmax
    bins = hertz_to_mel(np.linspace(0.0, config.sample_rate / 2, config.n_fft // 2 + 1))
    lowest, highest = hertz_to_mel(np.array([config.fmin, fmax]))
    edges = np.linspace(lowest, highest, config.n_mels + 2)
    width = edges[1] - edges[0]
    filters: NDArray[np.float64] = np.maximum(0.0, 1 - np.abs(bins[:, None] - edges[1:-1]) / width)
    filters[0] = 0.0
    return filters


class LogMelPatches(nn.Module):
    """Waveforms of one patch each to patches.

    Shape:
        waveform ``[batch, n_samples]`` to ``[batch, *config.shape]``.
    """

    kind: Literal["log-mel patches"] = "log-mel patches"
    window: Tensor
    filters: Tensor

    def __init__(self, config: PatchConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.hann_window(config.win_length, periodic=True), persistent=False)
        self.register_buffer("filters", torch.from_numpy(_filters(config)).float(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        config = self.config
        padded = functional.pad(waveform, (config.padding, config.padding))
        frames = padded.unfold(1, config.win_length, config.hop_length) * self.window  # (batch, frames, win_length)
        spectrum = torch.fft.rfft(frames, n=config.n_fft)
        power = spectrum.real.square() + spectrum.imag.square()
        mel = torch.matmul(power if config.exponent == 2 else power.sqrt(), self.filters)  # (batch, frames, n_mels)
        if config.exponent == 2:
            mel = mel.sqrt()
        patches = self._logarithm(mel)
        return patches.transpose(1, 2) if config.bands_first else patches

    def _logarithm(self, mel: Tensor) -> Tensor:
        if self.config.log_offset is not None:
            return torch.log(mel + self.config.log_offset)
        decibels = 10 * torch.log10(mel.clamp_min(POWER_FLOOR))
        return (decibels - decibels.amax(dim=(1, 2), keepdim=True)).clamp_min(-self.config.range_db)


def _filters(config: PatchConfig) -> NDArray[np.float64]:
    if config.slopes == "mel":
        return mel_sloped_filters(config)
    mel = MelConfig(
        sample_rate=config.sample_rate,
        n_fft=config.n_fft,
        n_mels=config.n_mels,
        fmin=config.fmin,
        fmax=config.fmax,
        area_norm=config.area_norm,
    )
    return mel_filters(mel)
