"""MusiCNN: filters shaped after music, tall ones for timbre and wide ones for rhythm, on 3 s of sound.

Pons, Nieto, Prockup, Schmidt, Ehmann, Serra, "End-to-end learning for music audio tagging at scale", ISMIR 2018, and
Pons, Serra, "musicnn", 2019, in the form of Won et al., SMC 2020, whose published checkpoints it takes (Won, thesis
2021, section 3.2). MTAT and MTG-Jamendo use the small size, MSD the big one. Input: 48,000 samples at 16 kHz, as 96 (or
128) mel bands and 188 frames. Output: a vector of 200 (MSD: 500) numbers, and logits. Size with 50 labels: 784,300
(MSD: 7,972,000) parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.models.blocks import CONV_THEN_NORM, ConvBlock1d, DenseBlock, InputNorm, conv_of_affine
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

TIMBRE_KERNELS = ((67, 7), (38, 7))  # 0.7 and 0.4 of 96 bands; kept at 128 bands too
TEMPO_KERNELS = (129, 65, 33)


@dataclass(frozen=True, kw_only=True)
class MusiCNNConfig(MelTaggerConfig):
    """The published small size: 3 s at 16 kHz, 784,300 parameters with 50 labels.

    Attributes:
        n_timbre: Of the tall filters of each of two heights.
        n_tempo: Of the wide filters of each of three widths.
        n_channels: Of the three middle convolutions.
        dense_dim: Of the representation.
    """

    n_samples: int = 48_000
    n_timbre: int = 204
    n_tempo: int = 51
    n_channels: int = 64
    dense_dim: int = 200


class TimbreFilters(nn.Module):
    """Tall filters, of which only the loudest place in frequency counts. ``[batch, 1, bands, frames]`` to 3 dims."""

    folds = CONV_THEN_NORM

    def __init__(self, n_filters: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, n_filters, kernel, padding=(0, kernel[1] // 2))
        self.norm = nn.BatchNorm2d(n_filters)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the filters: ``[batch, n_filters, frames]``."""
        # ReLU keeps the order, so the maximum may come first: one pass less over the largest tensor here.
        return F.relu(self.norm(self.conv(x)).amax(dim=2))

    def learn(self, standardised: Tensor, input_norm: InputNorm) -> Tensor:
        """The same while training, of an input before its scale and shift; five times as fast."""
        norm = input_norm.norm
        return F.relu(
            self.norm(conv_of_affine(self.conv, standardised, scale=norm.weight, shift=norm.bias)).amax(dim=2)
        )


class MusiCNNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, dense_dim]``."""

    def __init__(self, config: MusiCNNConfig) -> None:
        super().__init__()
        n_channels = config.n_channels
        n_front = len(TIMBRE_KERNELS) * config.n_timbre + len(TEMPO_KERNELS) * config.n_tempo
        self.input_norm = InputNorm()
        self.timbre = nn.ModuleList(TimbreFilters(config.n_timbre, kernel) for kernel in TIMBRE_KERNELS)
        self.tempo = nn.ModuleList(ConvBlock1d(1, config.n_tempo, kernel=kernel) for kernel in TEMPO_KERNELS)
        self.middle = nn.ModuleList(
            ConvBlock1d(n_in, n_channels, kernel=7) for n_in in (n_front, n_channels, n_channels)
        )
        self.dense = DenseBlock(2 * (n_front + 3 * n_channels), config.dense_dim)
        self.embed_dim = config.dense_dim

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        timbre, energy = self._learn(spectrogram) if self.training else self._listen(spectrogram)
        front = torch.cat(timbre + [f(energy) for f in self.tempo], dim=1)
        first = self.middle[0](front)
        second = self.middle[1](first) + first
        third = self.middle[2](second) + second
        features = torch.cat([front, first, second, third], dim=1)  # (batch, channels, frames)
        pooled = torch.cat([features.amax(dim=2), features.mean(dim=2)], dim=1)
        representation: Tensor = self.dense(pooled)
        return representation

    def _listen(self, spectrogram: Tensor) -> tuple[list[Tensor], Tensor]:
        """What the tall filters give, and energy over time ``[batch, 1, frames]``."""
        x = self.input_norm(spectrogram)
        return [filters(x) for filters in self.timbre], x.mean(dim=2)

    def _learn(self, spectrogram: Tensor) -> tuple[list[Tensor], Tensor]:
        x, norm = self.input_norm.standardised(spectrogram), self.input_norm.norm
        energy = x.mean(dim=2) * norm.weight + norm.bias
        timbre = [one.learn(x, self.input_norm) for one in self.timbre if isinstance(one, TimbreFilters)]
        return timbre, energy


def build(config: MusiCNNConfig, n_labels: int) -> Tagger:
    """An untrained MusiCNN."""
    return Tagger(MelSpectrogram(config.mel), MusiCNNEncoder(config), n_labels, dropout=config.dropout)


PUBLISHED_NAMES = (
    (r"spec_bn\.", "encoder.input_norm.norm."),
    (r"layers\.([01])\.bn\.", r"encoder.timbre.\1.norm."),
    (r"layers\.([01])\.", r"encoder.timbre.\1."),
    (r"layers\.2\.bn\.", "encoder.tempo.0.norm."),
    (r"layers\.2\.", "encoder.tempo.0."),
    (r"layers\.3\.bn\.", "encoder.tempo.1.norm."),
    (r"layers\.3\.", "encoder.tempo.1."),
    (r"layers\.4\.bn\.", "encoder.tempo.2.norm."),
    (r"layers\.4\.", "encoder.tempo.2."),
    (r"layer(\d)\.bn\.", r"encoder.middle.#\1.norm."),
    (r"layer(\d)\.", r"encoder.middle.#\1."),
    (r"dense1\.", "encoder.dense.linear."),
    (r"bn\.", "encoder.dense.norm."),
    (r"dense2\.", "head."),
)
PAPER = "Pons et al., ISMIR 2018"
MUSICNN = Architecture(config=MusiCNNConfig(), build=build, published_names=PUBLISHED_NAMES, paper=PAPER)
MUSICNN_MSD = Architecture(
    config=MusiCNNConfig(n_channels=512, dense_dim=500),
    build=build,
    published_names=PUBLISHED_NAMES,
    paper=PAPER,
)
