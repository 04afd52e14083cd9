"""The four networks of the self-attention study: Spec and Raw front ends, each with a CNN and a Transformer behind it.

Won, Chun, Serra, "Toward interpretable music tagging with self-attention", 2019 (Won, thesis 2021, section 3.5, tables
3.5 to 3.8), as published in code, with what its pooling did under its own torch: global pooling. ``spec_*`` hears 256
frames (4.1 s) of the study's spectrogram, ``raw_*`` 65,610 samples at 16 kHz (4.1 s).

| name | output | parameters with 50 labels |
| --- | --- | ---: |
| ``spec_cnn_p`` | a vector of 500 | 5,069,800 |
| ``spec_transformer`` | a vector of 512, a sequence of 1 + 256 tokens | 6,738,532 |
| ``raw_cnn_l`` | a vector of 512 | 2,608,306 |
| ``raw_transformer`` | a vector of 512, a sequence of 1 + 270 tokens | 8,056,242 |

The published code's spectrogram was clipped 80 dB below the loudest of a whole file; ours, below that of the excerpt.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.audio.frontends import MelConfig, MelScale, MelSpectrogram, RawWaveform
from tutti.errors import ConfigError
from tutti.models.attention import (
    AttentionConfig,
    SequenceEncoder,
    check_heads,
    constant_token,
    sinusoidal_positions,
    with_first,
)
from tutti.models.blocks import ConvBlock1d, DenseBlock, InputNorm
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger, TaggerConfig
from tutti.models.taggers.cnnsa import BERT_NAMES
from tutti.models.taggers.musicnn import TimbreFilters

HEIGHTS, WIDTHS = (86, 38), ((7, 1), (3, 2), (1, 4))  # of tall filters; widths with channels in units of conv_channels
TEMPO = ((165, 1), (129, 2), (65, 4), (33, 8))
FACTOR = 29  # channels of all filters together, in units of conv_channels
DIM, DENSE_DIM = 512, 500
RAW_TRANSFORMER_WIDTHS = (1, 1, 2, 2, 2)  # in units of conv_channels; each convolution but the first pools by 3
RAW_CNN_WIDTHS = (1, 1, 2, 2, 2, 2, 2, 2, 4, 4)
LEARNED_POSITIONS = 271  # rows of the published checkpoint's table, of which 257 are used
Positions = Literal["sinusoidal", "learned"]


@dataclass(frozen=True, kw_only=True)
class SpecConfig(MelTaggerConfig):
    """256 frames at 16 kHz, 96 mel bands.

    Attributes:
        conv_channels: Of the narrowest filters: 8 in the thesis (table 3.5); the code's examples have 16.
    """

    n_samples: int = 65_280
    mel_scale: MelScale = "slaney"
    conv_channels: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_channels(self.conv_channels)
        if self.n_mels < max(HEIGHTS):
            raise ConfigError(f"n_mels={self.n_mels} is less than the {max(HEIGHTS)} of the filters", hint="give 96")

    @property
    def mel(self) -> MelConfig:
        """Slaney's scale and areas; decibels of a power taken for an amplitude, so twice as many, over 80 of them."""
        return MelConfig(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
            scale=self.mel_scale,
            area_norm=True,
            decibels_per_decade=20.0,
            range_db=80.0,
        )


@dataclass(frozen=True, kw_only=True)
class SpecTransformerConfig(SpecConfig):
    """The same with a Transformer: 256 tokens of 16 ms.

    Attributes:
        n_heads: They share the width of 512.
        n_layers: Of attention.
        positions: ``sinusoidal``, or ``learned`` with a normalisation behind it, as in the published checkpoint.
    """

    n_heads: int = 8
    n_layers: int = 2
    positions: Positions = "sinusoidal"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(DIM, self.n_heads)


@dataclass(frozen=True, kw_only=True)
class RawConfig(TaggerConfig):
    """65,610 samples at 16 kHz.

    Attributes:
        conv_channels: Of the first convolution.
    """

    n_samples: int = 65_610
    conv_channels: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_channels(self.conv_channels)
        if self.n_samples < 3 ** len(RAW_CNN_WIDTHS):
            least = 3 ** len(RAW_CNN_WIDTHS)
            raise ConfigError(f"n_samples={self.n_samples} leaves nothing to hear", hint=f"give {least} or more")


@dataclass(frozen=True, kw_only=True)
class RawTransformerConfig(RawConfig):
    """The same with a Transformer: 270 tokens of 15 ms.

    Attributes:
        n_heads: They share the width of 512.
        n_layers: Of attention.
        positions: As of :class:`SpecTransformerConfig`.
    """

    n_heads: int = 8
    n_layers: int = 2
    positions: Positions = "sinusoidal"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(DIM, self.n_heads)


def _check_channels(conv_channels: int) -> None:
    if conv_channels < 1:
        raise ConfigError(f"conv_channels={conv_channels} is not positive", hint="give 1 or more")


class SpecFilters(nn.Module):
    """Tall and wide filters. ``[batch, bands, frames]`` to ``[batch, 29 * conv_channels, frames]``."""

    def __init__(self, conv_channels: int) -> None:
        super().__init__()
        c = conv_channels
        self.input_norm = InputNorm()
        self.timbre = nn.ModuleList(
            TimbreFilters(c * factor, (height, width)) for height in HEIGHTS for width, factor in WIDTHS
        )
        self.tempo = nn.ModuleList(ConvBlock1d(1, c * factor, kernel=width) for width, factor in TEMPO)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        x = self.input_norm(spectrogram)
        energy = x.mean(dim=2)
        return torch.cat([f(x) for f in self.timbre] + [f(energy) for f in self.tempo], dim=1)


class SpecCNNEncoder(nn.Module):
    """CNN_P: residual convolutions over time, loudest and mean. ``[batch, bands, frames]`` to ``[batch, 500]``."""

    def __init__(self, config: SpecConfig) -> None:
        super().__init__()
        self.filters = SpecFilters(config.conv_channels)
        n_front = FACTOR * config.conv_channels
        self.middle = nn.ModuleList(ConvBlock1d(n_in, DIM, kernel=7) for n_in in (n_front, DIM, DIM))
        self.dense = DenseBlock(2 * DIM, DENSE_DIM)
        self.embed_dim = DENSE_DIM

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        first = self.middle[0](self.filters(spectrogram))
        second = F.max_pool1d(self.middle[1](first) + first, 2)
        third = self.middle[2](second) + second
        representation: Tensor = self.dense(torch.cat([third.amax(dim=2), third.mean(dim=2)], dim=1))
        return representation


class RawCNNEncoder(nn.Module):
    """CNN_L: a sample-level CNN. ``[batch, 1, samples]`` to ``[batch, 512]``."""

    def __init__(self, config: RawConfig) -> None:
        super().__init__()
        self.layers = _sample_level(config.conv_channels, RAW_CNN_WIDTHS, last_kernel=1)
        self.embed_dim = DIM

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        representation: Tensor = self.layers(waveform).amax(dim=2)
        return representation


def _sample_level(conv_channels: int, factors: tuple[int, ...], *, last_kernel: int) -> nn.Sequential:
    widths = [conv_channels * factor for factor in factors]
    first = ConvBlock1d(1, widths[0], kernel=3, stride=3)
    pooled = [ConvBlock1d(n_in, n_out, kernel=3, pool=3) for n_in, n_out in itertools.pairwise(widths)]
    return nn.Sequential(first, *pooled, ConvBlock1d(widths[-1], DIM, kernel=last_kernel))


class AttentionBackEnd(SequenceEncoder):
    """Convolutional features ``[batch, 512, time]`` as tokens under two layers of attention, to ``[batch, 512]``."""

    first: Tensor
    positions: Tensor

    def __init__(
        self, config: SpecTransformerConfig | RawTransformerConfig, front: nn.Module, *, n_tokens: int, token_hop: int
    ) -> None:
        attention = AttentionConfig(
            dim=DIM,
            n_heads=config.n_heads,
            n_layers=config.n_layers,
            norm_first=False,
            dropout=0.4,
            attention_dropout=0.4,
        )
        super().__init__(attention, token_hop=token_hop)
        self.front = front
        self.register_buffer("first", constant_token(DIM), persistent=False)
        self.embedding: nn.Module = nn.Identity()
        if config.positions == "learned":
            self.positions = nn.Parameter(0.02 * torch.randn(max(LEARNED_POSITIONS, n_tokens + 1), DIM))
            self.embedding = nn.Sequential(nn.LayerNorm(DIM), nn.Dropout(0.4))
        else:
            self.register_buffer("positions", sinusoidal_positions(n_tokens + 1, DIM), persistent=False)
        self.pool = nn.Linear(DIM, DIM)

    def tokens(self, features: Tensor) -> Tensor:
        """See the base class."""
        tokens = with_first(self.first, self.front(features).transpose(1, 2))
        placed: Tensor = self.embedding(tokens + self.positions[: tokens.shape[1]])
        return placed

    def summarise(self, sequence: Tensor) -> Tensor:
        """See the base class."""
        return torch.tanh(self.pool(sequence[:, 0]))


def build_spec_cnn_p(config: SpecConfig, n_labels: int) -> Tagger:
    """An untrained Spec, CNN_P."""
    return Tagger(MelSpectrogram(config.mel), SpecCNNEncoder(config), n_labels, dropout=config.dropout)


def build_spec_transformer(config: SpecTransformerConfig, n_labels: int) -> Tagger:
    """An untrained Spec, Transformer."""
    c = config.conv_channels
    front = nn.Sequential(SpecFilters(c), ConvBlock1d(FACTOR * c, DIM, kernel=1))
    n_frames = config.mel.n_frames(config.n_samples)
    encoder = AttentionBackEnd(config, front, n_tokens=n_frames, token_hop=config.hop_length)
    return Tagger(MelSpectrogram(config.mel), encoder, n_labels, dropout=config.dropout)


def build_raw_cnn_l(config: RawConfig, n_labels: int) -> Tagger:
    """An untrained Raw, CNN_L."""
    return Tagger(RawWaveform(), RawCNNEncoder(config), n_labels, dropout=config.dropout)


def build_raw_transformer(config: RawTransformerConfig, n_labels: int) -> Tagger:
    """An untrained Raw, Transformer."""
    front = _sample_level(config.conv_channels, RAW_TRANSFORMER_WIDTHS, last_kernel=7)
    hop = 3 ** len(RAW_TRANSFORMER_WIDTHS)
    n_tokens = -(-config.n_samples // 3) // 3 ** (len(RAW_TRANSFORMER_WIDTHS) - 1)
    encoder = AttentionBackEnd(config, front, n_tokens=n_tokens, token_hop=hop)
    return Tagger(RawWaveform(), encoder, n_labels, dropout=config.dropout)


def _filter_names(place: str) -> tuple[tuple[str, str], ...]:
    """Published names of the Spec front end's layers: six tall ones, then four wide ones."""
    kinds = [("timbre", n) for n in range(len(HEIGHTS) * len(WIDTHS))] + [("tempo", n) for n in range(len(TEMPO))]
    names = [(r"front_end\.input_bn\.", f"encoder.{place}.input_norm.norm.")]
    for number, (kind, index) in enumerate(kinds):
        names.append((rf"front_end\.layers\.{number}\.bn\.", f"encoder.{place}.{kind}.{index}.norm."))
        names.append((rf"front_end\.layers\.{number}\.", f"encoder.{place}.{kind}.{index}."))
    return tuple(names)


def _raw_names(place: str, n_pooled: int) -> tuple[tuple[str, str], ...]:
    names = [("init_conv", 0), *[(rf"convs\.{n}", n + 1) for n in range(n_pooled)], ("conv1x1", n_pooled + 1)]
    return tuple(
        pair
        for name, index in names
        for pair in (
            (rf"front_end\.{name}\.bn\.", f"encoder.{place}.{index}.norm."),
            (rf"front_end\.{name}\.conv\.", f"encoder.{place}.{index}.conv."),
        )
    )


HEAD = (r"classifier\.", "head.")
PAPER = "Won, Chun, Serra, 2019"
SPEC_CNN_P = Architecture(
    config=SpecConfig(),
    build=build_spec_cnn_p,
    published_names=(
        *_filter_names("filters"),
        (r"back_end\.conv([123])\.", r"encoder.middle.#\1.conv."),
        (r"back_end\.bn([123])\.", r"encoder.middle.#\1.norm."),
        (r"back_end\.bn4\.", "encoder.dense.norm."),
        (r"back_end\.dense\.", "encoder.dense.linear."),
        HEAD,
    ),
    paper=PAPER,
)
SPEC_TRANSFORMER = Architecture(
    config=SpecTransformerConfig(),
    build=build_spec_transformer,
    published_names=(
        *_filter_names("front.0"),
        (r"front_end\.conv1x1\.", "encoder.front.1.conv."),
        (r"front_end\.bn\.", "encoder.front.1.norm."),
        *BERT_NAMES,
        HEAD,
    ),
    paper=PAPER,
)
RAW_CNN_L = Architecture(
    config=RawConfig(),
    build=build_raw_cnn_l,
    published_names=(*_raw_names("layers", len(RAW_CNN_WIDTHS) - 1), HEAD),
    paper=PAPER,
)
RAW_TRANSFORMER = Architecture(
    config=RawTransformerConfig(),
    build=build_raw_transformer,
    published_names=(*_raw_names("front", len(RAW_TRANSFORMER_WIDTHS) - 1), *BERT_NAMES, HEAD),
    paper=PAPER,
)
