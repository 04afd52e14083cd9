"""Short-chunk ResNet: seven residual blocks on 3.7 s of sound.

Won, Ferraro, Bogdanov, Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020 (Won, thesis 2021,
section 3.2). As in the published code, strides reduce and there is no pooling layer. Input: 59,049 samples at 16 kHz,
as 128 mel bands and 231 frames. Output: a vector of 512 numbers, and logits. Size: 12,104,244 parameters with 50
labels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import DenseBlock, InputNorm, ResidualBlock2d
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

WIDTHS = (1, 1, 2, 2, 2, 2, 4)  # channels of each block, in units of n_channels


@dataclass(frozen=True, kw_only=True)
class ShortChunkResNetConfig(MelTaggerConfig):
    """The published size: 3.69 s at 16 kHz, 128 mel bands, 12,104,244 parameters with 50 labels.

    Attributes:
        n_channels: Of the first block; the last has four times as many.
    """

    n_mels: int = 128
    n_channels: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 128 is published")
        if self.n_mels > 128:
            raise ConfigError(f"n_mels={self.n_mels} is more than seven halvings reduce to one", hint="give up to 128")


class ShortChunkResNetEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, 4 * n_channels]``."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        widths = [1] + [n_channels * factor for factor in WIDTHS]
        self.input_norm = InputNorm()
        self.layers = nn.Sequential(*[ResidualBlock2d(n_in, n_out) for n_in, n_out in itertools.pairwise(widths)])
        self.dense = DenseBlock(widths[-1], widths[-1])
        self.embed_dim = widths[-1]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features = self.layers(self.input_norm(spectrogram))  # (batch, channels, 1, time)
        representation: Tensor = self.dense(features.amax(dim=(2, 3)))
        return representation


def build(config: ShortChunkResNetConfig, n_labels: int) -> Tagger:
    """An untrained short-chunk ResNet."""
    encoder = ShortChunkResNetEncoder(config.n_channels)
    return Tagger(MelSpectrogram(config.mel), encoder, n_labels, dropout=config.dropout)


SHORT_CHUNK_RESNET = Architecture(
    config=ShortChunkResNetConfig(),
    build=build,
    published_names=(
        (r"spec_bn\.", "encoder.input_norm.norm."),
        (r"layer(\d)\.conv_3\.", r"encoder.layers.#\1.shortcut.0."),
        (r"layer(\d)\.bn_3\.", r"encoder.layers.#\1.shortcut.1."),
        (r"layer(\d)\.bn_(\d)\.", r"encoder.layers.#\1.norm_\2."),
        (r"layer(\d)\.", r"encoder.layers.#\1."),
        (r"dense1\.", "encoder.dense.linear."),
        (r"bn\.", "encoder.dense.norm."),
        (r"dense2\.", "head."),
    ),
    paper="Won, Ferraro, Bogdanov, Serra, SMC 2020",
)
