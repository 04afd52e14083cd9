"""Sample-level CNN: convolutions of three samples from the waveform up, on 3.7 s of sound, plain or residual with SE.

Lee, Park, Kim, Nam, "Sample-level deep convolutional neural networks for music auto-tagging using raw waveforms", SMC
2017, and Kim, Lee, Nam, "Sample-level CNN architectures for music auto-tagging using raw waveforms", ICASSP 2018, in
the form of Won et al., SMC 2020 (Won, thesis 2021, section 3.2). Input: 59,049 samples at 16 kHz. Output: a vector of
512 numbers, and logits. Size with 50 labels: 1,869,874 parameters (``sample_cnn``) and 6,951,858 (``sample_cnn_se``).

Where the thesis names these networks:

| thesis | row | here |
| --- | --- | --- |
| table 3.1 | Sample-level | ``sample_cnn`` |
| table 3.1 | Sample-level + SE | ``sample_cnn_se``: the published code is residual too |
| table 3.2 | Sample-level | ``sample_cnn`` |
| table 3.2 | + SE | ``sample_cnn_se_only``, in ``tutti.models.taggers.sample_cnn_rese`` |
| table 3.2 | + Res + SE | ``sample_cnn_rese``, there too |

No code was published for the last two rows; what stands for them is the form that their first authors published.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import RawWaveform
from tutti.errors import ConfigError
from tutti.models.blocks import ConvBlock1d, DenseBlock, ResidualSEBlock1d
from tutti.models.tagger import Architecture, Tagger, TaggerConfig

# Channels of each block in units of n_channels. The first strides by three, the last is one sample wide, and those
# between pool by three: 3 ** 10 samples become one.
WIDTHS = (1, 1, 1, 2, 2, 2, 2, 2, 2, 4, 4)
MIN_SAMPLES = 3 ** (len(WIDTHS) - 1)
# kernel, stride and pool of each block
SHAPES = ((3, 3, 1), *[(3, 1, 3)] * (len(WIDTHS) - 2), (1, 1, 1))


@dataclass(frozen=True, kw_only=True)
class SampleCNNConfig(TaggerConfig):
    """The published size: 3.69 s at 16 kHz, 1,869,874 parameters with 50 labels (6,951,858 residual with SE).

    Longer excerpts are heard as a whole: of what is left in the end, the loudest counts.

    Attributes:
        n_channels: Of the first block; the last has four times as many.
    """

    n_channels: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 128 is published")
        if self.n_samples < MIN_SAMPLES:
            raise ConfigError(
                f"n_samples={self.n_samples} is too short: ten divisions by three leave nothing",
                hint=f"give {MIN_SAMPLES} samples or more; shorter sounds are filled up with silence",
            )


class SampleCNNEncoder(nn.Module):
    """Waveform ``[batch, 1, samples]`` to ``[batch, 4 * n_channels]``."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        widths = [1] + [n_channels * factor for factor in WIDTHS]
        self.layers = nn.Sequential(
            *[
                ConvBlock1d(n_in, n_out, kernel=kernel, stride=stride, pool=pool)
                for (n_in, n_out), (kernel, stride, pool) in zip(itertools.pairwise(widths), SHAPES, strict=True)
            ]
        )
        self.embed_dim = widths[-1]

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        return self.layers(waveform).amax(dim=2)  # type: ignore[no-any-return]


class SampleCNNSEEncoder(nn.Module):
    """Waveform ``[batch, 1, samples]`` to ``[batch, 4 * n_channels]``, by residual blocks that weigh their channels."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        widths = [1] + [n_channels * factor for factor in WIDTHS]
        self.layers = nn.Sequential(
            *[
                ResidualSEBlock1d(n_in, n_out, kernel=kernel, stride=stride, pool=pool)
                for (n_in, n_out), (kernel, stride, pool) in zip(itertools.pairwise(widths), SHAPES, strict=True)
            ]
        )
        self.dense = DenseBlock(widths[-1], widths[-1])
        self.embed_dim = widths[-1]

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        representation: Tensor = self.dense(self.layers(waveform).amax(dim=2))
        return representation


def build(config: SampleCNNConfig, n_labels: int) -> Tagger:
    """An untrained sample-level CNN."""
    return Tagger(RawWaveform(), SampleCNNEncoder(config.n_channels), n_labels, dropout=config.dropout)


def build_se(config: SampleCNNConfig, n_labels: int) -> Tagger:
    """An untrained sample-level CNN, residual with squeeze and excitation."""
    return Tagger(RawWaveform(), SampleCNNSEEncoder(config.n_channels), n_labels, dropout=config.dropout)


SAMPLE_CNN = Architecture(
    config=SampleCNNConfig(),
    build=build,
    published_names=(
        (r"layer(\d+)\.bn\.", r"encoder.layers.#\1.norm."),
        (r"layer(\d+)\.", r"encoder.layers.#\1."),
        (r"dense\.", "head."),
    ),
    paper="Lee, Park, Kim, Nam, SMC 2017",
)
SAMPLE_CNN_SE = Architecture(
    config=SampleCNNConfig(),
    build=build_se,
    published_names=(
        (r"layer(\d+)\.conv_3\.", r"encoder.layers.#\1.shortcut.0."),
        (r"layer(\d+)\.bn_3\.", r"encoder.layers.#\1.shortcut.1."),
        (r"layer(\d+)\.bn_(\d)\.", r"encoder.layers.#\1.norm_\2."),
        (r"layer(\d+)\.dense1\.", r"encoder.layers.#\1.attention.squeeze."),
        (r"layer(\d+)\.dense2\.", r"encoder.layers.#\1.attention.excite."),
        (r"layer(\d+)\.", r"encoder.layers.#\1."),
        (r"dense1\.", "encoder.dense.linear."),
        (r"bn\.", "encoder.dense.norm."),
        (r"dense2\.", "head."),
    ),
    paper="Kim, Lee, Nam, ICASSP 2018",
)
