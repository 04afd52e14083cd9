"""The acoustic branch of tag-to-music retrieval: seven 3 x 3 convolutions and one of 1 x 1, the maximum over time.

Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021 (Won,
thesis 2021, section 5.2). Input: 88,064 samples at 22,050 Hz, as 128 mel bands and 173 frames. Output: a vector of 256
numbers, none below 0. Size: 3,529,858 parameters without a head. The other branch and the space are in
``tutti.models.tag_song``.

Which logarithm the authors took of their stored spectrograms is not published; ours are decibels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import ConvBlock2d, InputNorm, PointwiseBlock2d, fitted_pools
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

WIDTHS = (1, 1, 2, 2, 2, 2, 4)  # channels of each block, in units of n_channels
POOLS = ((2, 2),) * len(WIDTHS)
MIN_FRAMES = 2 ** len(POOLS)


@dataclass(frozen=True, kw_only=True)
class TagSongCNNConfig(MelTaggerConfig):
    """The published size: 3.99 s at 22,050 Hz, 128 mel bands, 173 frames.

    Attributes:
        n_channels: Of the first block; the last of 3 x 3 has four times as many.
        n_outputs: Dimensions of the vector: 256; 200 where listening factors are put beside it.
    """

    sample_rate: int = 22_050
    n_samples: int = 88_064
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 128
    n_channels: int = 128
    n_outputs: int = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_channels", "n_outputs"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        n_frames = self.mel.n_frames(self.n_samples)
        if n_frames < MIN_FRAMES:
            raise ConfigError(
                f"n_samples={self.n_samples} are {n_frames} frames, of which seven halvings leave none",
                hint=f"give {(MIN_FRAMES - 1) * self.hop_length} samples or more, or a smaller hop_length",
            )


class TagSongCNNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, n_outputs]``."""

    def __init__(self, config: TagSongCNNConfig) -> None:
        super().__init__()
        widths = [1] + [config.n_channels * factor for factor in WIDTHS]
        pools = fitted_pools(POOLS, config.n_mels)
        self.input_norm = InputNorm()
        self.layers = nn.Sequential(
            *[
                ConvBlock2d(n_in, n_out, pool=pool)
                for (n_in, n_out), pool in zip(itertools.pairwise(widths), pools, strict=True)
            ],
            PointwiseBlock2d(widths[-1], config.n_outputs),
        )
        self.embed_dim = config.n_outputs

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.layers(self.input_norm(spectrogram))
        return features.amax(dim=(2, 3))


def build(config: TagSongCNNConfig, n_labels: int) -> Tagger:
    """An untrained network."""
    return Tagger(MelSpectrogram(config.mel), TagSongCNNEncoder(config), n_labels, dropout=config.dropout)


TAG_SONG_CNN = Architecture(
    config=TagSongCNNConfig(),
    build=build,
    published_names=(),
    paper="Won, Oramas, Nieto, Gouyon, Serra, ICASSP 2021",
)
