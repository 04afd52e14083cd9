"""Music Tagging Transformer: three residual convolutions, then self-attention over time, on 10 s of sound.

Won, Choi, Serra, "Semi-supervised music tagging transformer", ISMIR 2021 (Won, thesis 2021, section 3.6), with the
residual convolutions of the published code, where the thesis's table shows plain ones. Input: 220,500 samples at
22,050 Hz, as 128 mel bands and 431 frames; other lengths give up to 512 tokens. Output: a vector of 256 numbers
(student: 64), a sequence of 1 + 107 tokens of 93 ms, and logits. Size with 50 labels: 4,567,732 parameters; the student
of 0.5 million, ``music_tagging_transformer_student``, 487,860, since only that width of convolutions matches the
thesis. The student of the published README is the teacher with ``attention_dim=64``, 1,108,852.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.attention import AttentionConfig, SequenceEncoder, check_heads, with_first
from tutti.models.blocks import InputNorm, ResidualBlock2d
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

POOLS = ((2, 2), (2, 2), (2, 1))
TIME_POOL = 4
MAX_TOKENS = 512


@dataclass(frozen=True, kw_only=True)
class MusicTaggingTransformerConfig(MelTaggerConfig):
    """The published teacher: 10 s at 22.05 kHz, 128 mel bands, 107 tokens of 93 ms.

    Attributes:
        conv_dim: Channels of the convolutions.
        attention_dim: Width of a token.
        n_heads: They share the width.
        n_layers: Of attention.
    """

    sample_rate: int = 22_050
    n_samples: int = 220_500
    dropout: float = 0.0
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 128
    conv_dim: int = 128
    attention_dim: int = 256
    n_heads: int = 8
    n_layers: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(self.attention_dim, self.n_heads)
        if self.conv_dim < 1 or self.n_layers < 1 or self.n_mels < 8:
            raise ConfigError(
                f"conv_dim={self.conv_dim}, n_layers={self.n_layers}, n_mels={self.n_mels} leave nothing to attend to",
                hint="give 1 or more channels and layers, and 8 or more mel bands",
            )
        n_tokens = self.mel.n_frames(self.n_samples) // TIME_POOL
        if not 1 <= n_tokens <= MAX_TOKENS:
            longest = (TIME_POOL * (MAX_TOKENS + 1) - 1) * self.hop_length - 1
            raise ConfigError(
                f"n_samples={self.n_samples} gives {n_tokens} tokens, and the table of positions has {MAX_TOKENS}",
                hint=f"give {(TIME_POOL - 1) * self.hop_length} to {longest} samples",
            )


class MusicTaggingTransformerEncoder(SequenceEncoder):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, attention_dim]``."""

    def __init__(self, config: MusicTaggingTransformerConfig) -> None:
        attention = AttentionConfig(
            dim=config.attention_dim, n_heads=config.n_heads, n_layers=config.n_layers, norm_first=True
        )
        super().__init__(attention, token_hop=TIME_POOL * config.hop_length)
        widths = (1, config.conv_dim, config.conv_dim)
        self.input_norm = InputNorm()
        self.convolutions = nn.Sequential(
            *[
                nn.Sequential(ResidualBlock2d(n_in, config.conv_dim, stride=1), nn.MaxPool2d(pool))
                for n_in, pool in zip(widths, POOLS, strict=True)
            ]
        )
        self.embed = nn.Linear(config.conv_dim * (config.n_mels // 8), config.attention_dim)
        self.first = nn.Parameter(torch.randn(config.attention_dim))
        self.positions = nn.Parameter(torch.randn(1, MAX_TOKENS + 1, config.attention_dim))
        self.embedding_dropout = nn.Dropout(attention.dropout)
        self.norm = nn.LayerNorm(config.attention_dim)

    def tokens(self, features: Tensor) -> Tensor:
        """See the base class."""
        maps = self.convolutions(self.input_norm(features))  # (batch, channels, bands, time)
        embedded = self.embed(maps.permute(0, 3, 1, 2).flatten(2))  # (batch, time, attention_dim)
        tokens = with_first(self.first, embedded)
        placed: Tensor = self.embedding_dropout(tokens + self.positions[:, : tokens.shape[1]])
        return placed

    def summarise(self, sequence: Tensor) -> Tensor:
        """See the base class."""
        representation: Tensor = self.norm(sequence[:, 0])
        return representation


def build(config: MusicTaggingTransformerConfig, n_labels: int) -> Tagger:
    """An untrained Music Tagging Transformer."""
    encoder = MusicTaggingTransformerEncoder(config)
    return Tagger(MelSpectrogram(config.mel), encoder, n_labels, dropout=config.dropout)


PUBLISHED_NAMES = (
    (r"pos_embedding$", "encoder.positions"),
    (r"cls_token$", "encoder.first"),
    (r"frontend\.input_bn\.", "encoder.input_norm.norm."),
    (r"frontend\.layer(\d)\.conv_3\.", r"encoder.convolutions.#\1.0.shortcut.0."),
    (r"frontend\.layer(\d)\.bn_3\.", r"encoder.convolutions.#\1.0.shortcut.1."),
    (r"frontend\.layer(\d)\.bn_(\d)\.", r"encoder.convolutions.#\1.0.norm_\2."),
    (r"frontend\.layer(\d)\.", r"encoder.convolutions.#\1.0."),
    (r"frontend\.fc\.", "encoder.embed."),
    (r"transformer\.layers\.(\d+)\.0\.fn\.norm\.", r"encoder.layers.\1.attention_norm."),
    (r"transformer\.layers\.(\d+)\.0\.fn\.fn\.to_qkv\.", r"encoder.layers.\1.attention.project.all."),
    (r"transformer\.layers\.(\d+)\.0\.fn\.fn\.to_out\.0\.", r"encoder.layers.\1.attention.output."),
    (r"transformer\.layers\.(\d+)\.1\.fn\.norm\.", r"encoder.layers.\1.dense_norm."),
    (r"transformer\.layers\.(\d+)\.1\.fn\.fn\.net\.0\.", r"encoder.layers.\1.expand."),
    (r"transformer\.layers\.(\d+)\.1\.fn\.fn\.net\.3\.", r"encoder.layers.\1.contract."),
    (r"mlp_head\.0\.", "encoder.norm."),
    (r"mlp_head\.1\.", "head."),
)
PAPER = "Won, Choi, Serra, ISMIR 2021"
MUSIC_TAGGING_TRANSFORMER = Architecture(
    config=MusicTaggingTransformerConfig(), build=build, published_names=PUBLISHED_NAMES, paper=PAPER
)
MUSIC_TAGGING_TRANSFORMER_STUDENT = Architecture(
    config=MusicTaggingTransformerConfig(conv_dim=64, attention_dim=64),
    build=build,
    published_names=PUBLISHED_NAMES,
    paper=PAPER,
)
