"""FCN: five convolutions and pools down to one value a channel, on 29 s of sound.

Choi, Fazekas, Sandler, "Automatic tagging using deep convolutional neural networks", ISMIR 2016, in the form of Won et
al., SMC 2020, whose published checkpoints it takes: 16 kHz instead of 12, ReLU, other pools (Won, thesis 2021, section
3.2; where text and code differ, the code counts). Input: 464,000 samples at 16 kHz, as 96 (or 128) mel bands and 1,813
frames. Output: a vector of 64 numbers, and logits. Size: 447,732 parameters with 50 labels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import ConvBlock2d, InputNorm
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

# channels in units of n_channels and (frequency, time) pools, which reduce 96 or 128 bands and 1,813 frames to 1 x 1
LAYERS = ((1, (2, 4)), (2, (2, 4)), (2, (2, 4)), (2, (3, 5)), (1, (4, 4)))


@dataclass(frozen=True, kw_only=True)
class FCNConfig(MelTaggerConfig):
    """The published size: 29 s at 16 kHz, 96 (or 128) mel bands, 447,732 parameters with 50 labels.

    Attributes:
        n_channels: Of the first and the last convolution; the others have twice as many.
    """

    n_samples: int = 464_000
    n_channels: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 64 is published")


class FCNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to ``[batch, n_channels]``."""

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
        self.embed_dim = widths[-1]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        return self.layers(self.input_norm(spectrogram)).flatten(1)  # type: ignore[no-any-return]


def build(config: FCNConfig, n_labels: int) -> Tagger:
    """An untrained FCN."""
    return Tagger(MelSpectrogram(config.mel), FCNEncoder(config.n_channels), n_labels, dropout=config.dropout)


FCN = Architecture(
    config=FCNConfig(),
    build=build,
    published_names=(
        (r"spec_bn\.", "encoder.input_norm.norm."),
        (r"layer(\d)\.bn\.", r"encoder.layers.#\1.norm."),
        (r"layer(\d)\.", r"encoder.layers.#\1."),
        (r"dense\.", "head."),
    ),
    paper="Choi, Fazekas, Sandler, ISMIR 2016",
)
