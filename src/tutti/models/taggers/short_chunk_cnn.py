"""Short-chunk CNN: seven plain 3 x 3 convolutions on 3.7 s of sound.

Won, Ferraro, Bogdanov, Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020 (Won, thesis 2021,
section 3.2). Input: 59,049 samples at 16 kHz, as 128 mel bands and 231 frames. Output: a vector of 512 numbers, and
logits. Size: 3,687,348 parameters with 50 labels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import ConvBlock2d, DenseBlock, InputNorm, fitted_pools
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

WIDTHS = (1, 1, 2, 2, 2, 2, 4)  # channels of each block, in units of n_channels
POOLS = ((2, 2),) * len(WIDTHS)
MIN_FRAMES = 2 ** len(POOLS)


@dataclass(frozen=True, kw_only=True)
class ShortChunkCNNConfig(MelTaggerConfig):
    """The published size: 3.69 s at 16 kHz, 128 mel bands, 3,687,348 parameters with 50 labels.

    Longer excerpts are heard as a whole: of what seven halvings leave, the loudest counts.

    Attributes:
        n_channels: Of the first block; the last has four times as many.
    """

    n_mels: int = 128
    n_channels: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 128 is published")
        n_frames = self.mel.n_frames(self.n_samples)
        if n_frames < MIN_FRAMES:
            raise ConfigError(
                f"n_samples={self.n_samples} are {n_frames} frames, of which seven halvings leave none",
                hint=f"give {(MIN_FRAMES - 1) * self.hop_length} samples or more, or a smaller hop_length",
            )


class ShortChunkCNNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, 4 * n_channels]``."""

    def __init__(self, n_channels: int, *, n_mels: int) -> None:
        super().__init__()
        widths = [1] + [n_channels * factor for factor in WIDTHS]
        pools = fitted_pools(POOLS, n_mels)
        self.input_norm = InputNorm()
        self.layers = nn.Sequential(
            *[
                ConvBlock2d(n_in, n_out, pool=pool)
                for (n_in, n_out), pool in zip(itertools.pairwise(widths), pools, strict=True)
            ]
        )
        self.dense = DenseBlock(widths[-1], widths[-1])
        self.embed_dim = widths[-1]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features = self.layers(self.input_norm(spectrogram))  # (batch, channels, 1, time)
        representation: Tensor = self.dense(features.amax(dim=(2, 3)))
        return representation


def build(config: ShortChunkCNNConfig, n_labels: int) -> Tagger:
    """An untrained short-chunk CNN."""
    encoder = ShortChunkCNNEncoder(config.n_channels, n_mels=config.n_mels)
    return Tagger(MelSpectrogram(config.mel), encoder, n_labels, dropout=config.dropout)


SHORT_CHUNK_CNN = Architecture(
    config=ShortChunkCNNConfig(),
    build=build,
    published_names=(
        (r"spec_bn\.", "encoder.input_norm.norm."),
        (r"layer(\d)\.bn\.", r"encoder.layers.#\1.norm."),
        (r"layer(\d)\.", r"encoder.layers.#\1."),
        (r"dense1\.", "encoder.dense.linear."),
        (r"bn\.", "encoder.dense.norm."),
        (r"dense2\.", "head."),
    ),
    paper="Won, Ferraro, Bogdanov, Serra, SMC 2020",
)
