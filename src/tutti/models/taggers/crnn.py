"""CRNN: four convolutions, then a recurrent network over time, on 29 s of sound.

Choi, Fazekas, Sandler, Cho, "Convolutional recurrent neural networks for music classification", ICASSP 2017, in the
form of Won et al., SMC 2020, whose published checkpoints it takes (Won, thesis 2021, section 3.2). Input: 464,000
samples at 16 kHz, as 96 (or 128) mel bands and 1,813 frames. Output: a vector of 32 numbers, and logits. Size: 394,100
parameters with 50 labels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import ConvBlock2d, InputNorm
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

LAYERS = ((2, 2), (4, 3), (4, 4), (4, 4))  # channels in units of the recurrent width, pool on both axes


@dataclass(frozen=True, kw_only=True)
class CRNNConfig(MelTaggerConfig):
    """The published size: 29 s at 16 kHz, 96 (or 128) mel bands, 394,100 parameters with 50 labels.

    Attributes:
        n_channels: Of the recurrent layers; the convolutions have two and four times as many.
    """

    n_samples: int = 464_000
    n_channels: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 32 is published")


class CRNNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to the last recurrent state ``[batch, n_channels]``."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.input_norm = InputNorm()
        widths = [1] + [n_channels * factor for factor, _ in LAYERS]
        pools = [pool for _, pool in LAYERS]
        self.layers = nn.Sequential(
            *[
                ConvBlock2d(n_in, n_out, pool=pool)
                for (n_in, n_out), pool in zip(itertools.pairwise(widths), pools, strict=True)
            ]
        )
        self.gru = nn.GRU(widths[-1], n_channels, num_layers=2, batch_first=True)
        self.embed_dim = n_channels

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features = self.layers(self.input_norm(spectrogram)).squeeze(2)  # (batch, channels, time)
        sequence, _ = self.gru(features.transpose(1, 2))
        return sequence[:, -1]  # type: ignore[no-any-return]


def build(config: CRNNConfig, n_labels: int) -> Tagger:
    """An untrained CRNN."""
    return Tagger(MelSpectrogram(config.mel), CRNNEncoder(config.n_channels), n_labels, dropout=config.dropout)


CRNN = Architecture(
    config=CRNNConfig(),
    build=build,
    published_names=(
        (r"spec_bn\.", "encoder.input_norm.norm."),
        (r"layer([1-4])\.bn\.", r"encoder.layers.#\1.norm."),
        (r"layer([1-4])\.", r"encoder.layers.#\1."),
        (r"layer5\.", "encoder.gru."),
        (r"dense\.", "head."),
    ),
    paper="Choi, Fazekas, Sandler, Cho, ICASSP 2017",
)
