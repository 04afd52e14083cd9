"""Compact CNN: strided convolutions, then a little of time, for processors; the architecture of ``tutti-small``.

Ours. It hears the spectrogram of the published taggers of 2020, so that it can learn from them, but halves both axes
before there is much to compute: 3 x 3 convolutions down to 6 bands and 8 frames a second, one convolution over all that
is left of frequency, residual convolutions over time, mean and maximum over time.

References:
    Won et al., SMC 2020, for the front end. He et al., "Deep residual learning", CVPR 2016, for the shortcuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import CONV_THEN_NORM, InputNorm
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

# channels in units of n_channels and (frequency, time) strides, which reduce 96 bands to 6 and frames eightfold
LAYERS = ((1, (2, 2)), (2, (2, 2)), (4, (2, 2)), (4, (1, 1)), (8, (2, 1)), (8, (1, 1)))
N_HALVED = 16  # of frequency, in all


@dataclass(frozen=True, kw_only=True)
class CompactCNNConfig(MelTaggerConfig):
    """The size of ``tutti-small``: 4 s at 16 kHz, 96 mel bands.

    Attributes:
        n_channels: Of the first convolution.
        n_hidden: Channels over time.
        n_temporal: Residual convolutions over time.
    """

    n_samples: int = 64_000
    dropout: float = 0.1
    n_channels: int = 16
    n_hidden: int = 192
    n_temporal: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_channels", "n_hidden"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if self.n_mels % N_HALVED:
            raise ConfigError(
                f"{self.n_mels} mel bands cannot be halved four times", hint=f"give a multiple of {N_HALVED}"
            )


class StridedConv2d(nn.Module):
    """3 x 3 convolution, batch normalisation, ReLU; a shortcut where the shape stays.

    ``[batch, channels, mel_bands, frames]``.
    """

    folds = CONV_THEN_NORM

    def __init__(self, n_in: int, n_out: int, *, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.norm = nn.BatchNorm2d(n_out)
        self.has_shortcut = n_in == n_out and stride == (1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        found = self.norm(self.conv(x))
        return F.relu(found + x if self.has_shortcut else found)


class TemporalConv(nn.Module):
    """Convolution over three frames with a shortcut. ``[batch, channels, 1, frames]``."""

    folds = CONV_THEN_NORM

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_channels, n_channels, (1, 3), padding=(0, 1))
        self.norm = nn.BatchNorm2d(n_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return F.relu(self.norm(self.conv(x)) + x)


class Collapse(nn.Module):
    """One convolution over all bands. ``[batch, channels, mel_bands, frames]`` to ``[batch, n_out, 1, frames]``."""

    folds = CONV_THEN_NORM

    def __init__(self, n_in: int, n_out: int, *, n_bands: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, (n_bands, 1))
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return F.relu(self.norm(self.conv(x)))


class CompactCNNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, 2 * n_hidden]``: means, then maxima over time."""

    def __init__(self, config: CompactCNNConfig) -> None:
        super().__init__()
        self.input_norm = InputNorm()
        layers: list[nn.Module] = []
        n_in = 1
        for factor, stride in LAYERS:
            n_out = config.n_channels * factor
            layers.append(StridedConv2d(n_in, n_out, stride=stride))
            n_in = n_out
        layers.append(Collapse(n_in, config.n_hidden, n_bands=config.n_mels // N_HALVED))
        layers += [TemporalConv(config.n_hidden) for _ in range(config.n_temporal)]
        self.layers = nn.Sequential(*layers)
        self.embed_dim = 2 * config.n_hidden

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        found = self.layers(self.input_norm(spectrogram)).squeeze(2)
        return torch.cat([found.mean(dim=2), found.amax(dim=2)], dim=1)


def build(config: CompactCNNConfig, n_labels: int) -> Tagger:
    """An untrained compact CNN."""
    return Tagger(MelSpectrogram(config.mel), CompactCNNEncoder(config), n_labels, dropout=config.dropout)


COMPACT_CNN = Architecture(config=CompactCNNConfig(), build=build, published_names=(), paper="Tutti")
