"""A tagger of one's own: gated convolutions over time, of growing reach, and a pooling that learns where to listen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.models.blocks import InputNorm
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger
from tutti.models.taggers import ARCHITECTURES

REACHES = (1, 2, 4, 8, 16)  # frames from one tap of a convolution to the next


@dataclass(frozen=True, kw_only=True)
class ListenerConfig(MelTaggerConfig):
    """Two seconds at 16 kHz, 64 mel bands."""

    n_samples: int = 32_000
    n_mels: int = 64
    n_channels: int = 64


class ListenerEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, n_channels]``."""

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__()
        self.embed_dim = n_channels = config.n_channels  # the head asks for it
        self.input_norm = InputNorm()
        self.mix = nn.Conv1d(config.n_mels, n_channels, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(n_channels, 2 * n_channels, 3, padding=reach, dilation=reach) for reach in REACHES
        )
        self.attention = nn.Conv1d(n_channels, 1, 1)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        x = self.mix(self.input_norm(spectrogram).squeeze(1))  # (batch, n_channels, frames)
        for layer in self.layers:
            values, gates = layer(x).chunk(2, dim=1)
            x = x + torch.tanh(values) * torch.sigmoid(gates)
        return (x * self.attention(x).softmax(dim=2)).sum(dim=2)


def build(config: ListenerConfig, n_labels: int) -> Tagger:
    """An untrained listener."""
    return Tagger(MelSpectrogram(config.mel), ListenerEncoder(config), n_labels, dropout=config.dropout)


ARCHITECTURES["listener"] = Architecture(config=ListenerConfig(), build=build, published_names=(), paper="none yet")
