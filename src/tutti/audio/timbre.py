"""Waveform to statistics of timbre: how twelve coefficients of its frames are spread, as a torch module.

The Million Song Dataset tells the timbre of each segment of a recording by twelve coefficients whose basis is not
public. Ours stand in for them: the first twelve mel-frequency cepstral coefficients of evenly spaced frames, of which
the first tells the loudness, as theirs does. Numbers cannot be compared with the dataset's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from tutti.audio.frame_features import cosine_transform
from tutti.audio.frontends import MelConfig, MelSpectrogram
from tutti.errors import ConfigError

STATISTICS = ("mean", "maximum", "variance", "norm")


@dataclass(frozen=True, kw_only=True)
class TimbreConfig:
    """How frames are cut, and how many coefficients each has. Lengths in samples.

    Attributes:
        sample_rate: Of the waveform, Hz.
        n_fft: Of the window.
        hop_length: From one frame to the next.
        n_mels: Bands below the coefficients.
        n_coefficients: Of each frame.
    """

    sample_rate: int = 22_050
    n_fft: int = 2048
    hop_length: int = 1024
    n_mels: int = 128
    n_coefficients: int = 12

    def __post_init__(self) -> None:
        if not 1 <= self.n_coefficients <= self.n_mels:
            raise ConfigError(
                f"{self.n_coefficients} coefficients cannot be made of {self.n_mels} mel bands",
                hint=f"give n_coefficients from 1 to {self.n_mels}",
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
            range_db=80.0,
        )

    @property
    def n_statistics(self) -> int:
        """In all."""
        return len(STATISTICS) * self.n_coefficients


class TimbreStatistics(nn.Module):
    """Waveform to mean, maximum, variance and Euclidean norm over frames of each coefficient, in this order.

    The norm grows with the number of frames, as in the published baseline.

    Shape:
        waveform ``[batch, samples]`` to ``[batch, 4 * n_coefficients]``.

    References:
        Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
        section 5.2 (the baseline TIMBRE-MLP).
    """

    kind: Literal["timbre"] = "timbre"
    cosines: Tensor

    def __init__(self, config: TimbreConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = MelSpectrogram(config.mel)
        self.register_buffer("cosines", cosine_transform(config.n_mels, config.n_coefficients), persistent=False)

    def coefficients(self, waveform: Tensor) -> Tensor:
        """``[batch, samples]`` to ``[batch, n_coefficients, frames]``."""
        return torch.matmul(self.cosines.T, self.mel(waveform))

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        found = self.coefficients(waveform)
        norms = torch.linalg.vector_norm(found, dim=2)
        return torch.cat([found.mean(dim=2), found.amax(dim=2), found.var(dim=2, correction=0), norms], dim=1)
