"""Emotion ResNet: plain and residual blocks in turn, on 5 s of sound; the music trunk of sentence-to-music retrieval.

Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021 (Won, thesis
2021, section 5.3). Input: 80,000 samples at 16 kHz, as 128 mel bands and 313 frames. Output: a vector of 256 numbers,
and logits. Size: 1,398,018 parameters without labels. The authors learn tags of MagnaTagATune with it first, and go on
with moods. For valence, arousal and word vectors their code fed powers instead of decibels; here all hear decibels.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import ConvBlock2d, InputNorm, PointwiseBlock2d, ResidualBlock2d, fitted_pools
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

POOLS = (*((2, 2),) * 5, (2, 3), (2, 3))  # (frequency, time): 313 frames become one
LEAST_FRAMES = 288  # of which the pools leave one


@dataclass(frozen=True, kw_only=True)
class EmotionResNetConfig(MelTaggerConfig):
    """The published size: 5 s at 16 kHz, 128 mel bands, 1,398,018 parameters without labels.

    Attributes:
        n_channels: Of the first block; the last has four times as many.
    """

    n_samples: int = 80_000
    n_mels: int = 128
    n_channels: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 64 is published")
        n_frames = self.mel.n_frames(self.n_samples)
        if n_frames < LEAST_FRAMES:
            raise ConfigError(
                f"n_samples={self.n_samples} are {n_frames} frames, of which seven pools leave none",
                hint=f"give {(LEAST_FRAMES - 1) * self.hop_length} samples or more, or a smaller hop_length",
            )


class EmotionResNetEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, 4 * n_channels]``."""

    def __init__(self, config: EmotionResNetConfig) -> None:
        super().__init__()
        narrow, middle, wide = (factor * config.n_channels for factor in (1, 2, 4))
        pools = fitted_pools(POOLS, config.n_mels)
        self.input_norm = InputNorm()
        self.layers = nn.Sequential(
            ConvBlock2d(1, narrow, pool=pools[0]),
            ResidualBlock2d(narrow, narrow, stride=1, pool=pools[1]),
            ConvBlock2d(narrow, middle, pool=pools[2]),
            *[ResidualBlock2d(middle, middle, stride=1, pool=pool) for pool in pools[3:6]],
            ConvBlock2d(middle, wide, pool=pools[6]),
            PointwiseBlock2d(wide, wide),
        )
        self.embed_dim = wide

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.layers(self.input_norm(spectrogram))  # (batch, channels, 1, time)
        return features.amax(dim=(2, 3))


def build(config: EmotionResNetConfig, n_labels: int) -> Tagger:
    """An untrained emotion ResNet."""
    return Tagger(MelSpectrogram(config.mel), EmotionResNetEncoder(config), n_labels, dropout=config.dropout)


EMOTION_RESNET = Architecture(
    config=EmotionResNetConfig(),
    build=build,
    published_names=(),
    paper="Won, Salamon, Bryan, Mysore, Serra, ISMIR 2021",
)
