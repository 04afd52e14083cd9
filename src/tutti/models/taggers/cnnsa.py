"""CNNSA of the comparison study: seven residual blocks, then two layers of self-attention, on 15 s of sound.

After Won, Chun, Serra, "Toward interpretable music tagging with self-attention", 2019, in the form of Won, Ferraro,
Bogdanov, Serra, SMC 2020 (Won, thesis 2021, section 3.2). The tokens carry no positions, and the first token is
constant, as published. Input: 240,000 samples at 16 kHz, as 128 mel bands and 938 frames. Output: a vector of 256
numbers, a sequence of 1 + 118 tokens of 128 ms, and logits. Size: 10,521,652 parameters with 50 labels. The networks of
2019 are in ``attention_study``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.attention import AttentionConfig, SequenceEncoder, check_heads, constant_token, with_first
from tutti.models.blocks import InputNorm, ResidualBlock2d
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

WIDTHS = (1, 1, 2, 2, 2, 2, 2)  # channels of each block, in units of n_channels
STRIDES: tuple[int | tuple[int, int], ...] = (2, 2, 2, (2, 1), (2, 1), (2, 1), (2, 1))
TIME_STRIDE = 8


@dataclass(frozen=True, kw_only=True)
class CNNSAConfig(MelTaggerConfig):
    """The published size: 15 s at 16 kHz, 128 mel bands, 118 tokens of 128 ms, two layers, eight heads.

    Attributes:
        n_channels: Of the first block; a token is twice as wide.
        n_heads: They share the width of a token.
        n_layers: Of attention.
        hidden_dropout: Of what attention and its dense parts add, while training.
        attention_dropout: Of the weights, while training.
    """

    n_samples: int = 240_000
    n_mels: int = 128
    n_channels: int = 128
    n_heads: int = 8
    n_layers: int = 2
    hidden_dropout: float = 0.4
    attention_dropout: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(WIDTHS[-1] * self.n_channels, self.n_heads)
        if self.n_mels > 128:
            raise ConfigError(f"n_mels={self.n_mels} is more than seven halvings reduce to one", hint="give up to 128")


class CNNSAEncoder(SequenceEncoder):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, 2 * n_channels]``."""

    first: Tensor

    def __init__(self, config: CNNSAConfig) -> None:
        widths = [1] + [config.n_channels * factor for factor in WIDTHS]
        attention = AttentionConfig(
            dim=widths[-1],
            n_heads=config.n_heads,
            n_layers=config.n_layers,
            norm_first=False,
            dropout=config.hidden_dropout,
            attention_dropout=config.attention_dropout,
        )
        super().__init__(attention, token_hop=TIME_STRIDE * config.hop_length)
        self.input_norm = InputNorm()
        self.convolutions = nn.Sequential(
            *[
                ResidualBlock2d(n_in, n_out, stride=stride)
                for (n_in, n_out), stride in zip(itertools.pairwise(widths), STRIDES, strict=True)
            ]
        )
        self.register_buffer("first", constant_token(widths[-1]), persistent=False)
        self.pool = nn.Linear(widths[-1], widths[-1])

    def tokens(self, features: Tensor) -> Tensor:
        """See the base class."""
        maps = self.convolutions(self.input_norm(features))  # (batch, dim, 1, time)
        return with_first(self.first, maps.squeeze(2).transpose(1, 2))

    def summarise(self, sequence: Tensor) -> Tensor:
        """See the base class."""
        return torch.tanh(self.pool(sequence[:, 0]))


def build(config: CNNSAConfig, n_labels: int) -> Tagger:
    """An untrained CNNSA."""
    return Tagger(MelSpectrogram(config.mel), CNNSAEncoder(config), n_labels, dropout=config.dropout)


BERT_NAMES = (
    (r"(?:back_end\.)?encoder\.layer\.(\d+)\.attention\.self\.", r"encoder.layers.\1.attention.project."),
    (r"(?:back_end\.)?encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"encoder.layers.\1.attention.output."),
    (r"(?:back_end\.)?encoder\.layer\.(\d+)\.attention\.output\.LayerNorm\.", r"encoder.layers.\1.attention_norm."),
    (r"(?:back_end\.)?encoder\.layer\.(\d+)\.intermediate\.dense\.", r"encoder.layers.\1.expand."),
    (r"(?:back_end\.)?encoder\.layer\.(\d+)\.output\.dense\.", r"encoder.layers.\1.contract."),
    (r"(?:back_end\.)?encoder\.layer\.(\d+)\.output\.LayerNorm\.", r"encoder.layers.\1.dense_norm."),
    (r"(?:back_end\.)?pooler\.dense\.", "encoder.pool."),
)
CNNSA = Architecture(
    config=CNNSAConfig(),
    build=build,
    published_names=(
        (r"spec_bn\.", "encoder.input_norm.norm."),
        (r"layer(\d)\.conv_3\.", r"encoder.convolutions.#\1.shortcut.0."),
        (r"layer(\d)\.bn_3\.", r"encoder.convolutions.#\1.shortcut.1."),
        (r"layer(\d)\.bn_(\d)\.", r"encoder.convolutions.#\1.norm_\2."),
        (r"layer(\d)\.", r"encoder.convolutions.#\1."),
        *BERT_NAMES,
        (r"dense\.", "head."),
    ),
    paper="Won, Chun, Serra, 2019; Won, Ferraro, Bogdanov, Serra, SMC 2020",
)
