"""Sample-level CNN with squeeze and excitation, without or with residuals, as its first authors published it.

Kim, Lee, Nam, "Sample-level CNN architectures for music auto-tagging using raw waveforms", ICASSP 2018, and Kim, Lee,
Nam, "Comparison and analysis of SampleCNN architectures for audio classification", 2019. Input: 59,049 samples, here at
16 kHz (22,050 Hz in the papers, which is the option ``sample_rate``). Output: a vector of 1,024 numbers, and logits.
Size with 50 labels: 24,742,706 parameters (``sample_cnn_se_only``) and 26,980,146 (``sample_cnn_rese``), most of them
in the excitations.

These stand for the rows "+ SE" and "+ Res + SE" of table 3.2 of Won's thesis (2021), which had no published code;
``tutti.models.taggers.sample_cnn`` lists all of the thesis's sample-level networks. They differ from
``sample_cnn_se`` in nine blocks instead of eleven layers, a shortcut of kernel 1, a hidden layer of the excitation that
is wider than the block instead of as wide, dropout within blocks, and a head that hears the last three blocks. The
authors' weights are of Keras and are not imported.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.audio.frontends import RawWaveform
from tutti.errors import ConfigError
from tutti.models.blocks import CONV_THEN_NORM, TWO_CONVS_THEN_NORMS, DenseBlock, SqueezeExcite1d
from tutti.models.tagger import Architecture, Tagger, TaggerConfig

WIDTHS = (1, 1, 2, 2, 2, 2, 2, 2, 4)  # channels of each block, in units of n_channels
N_HEARD = 3  # last blocks that the head hears
POOL = 3
MIN_SAMPLES = 3 ** (len(WIDTHS) + 1)


@dataclass(frozen=True, kw_only=True)
class SampleCNNReSEConfig(TaggerConfig):
    """The published size: 59,049 samples, 26,980,146 parameters with 50 labels (24,742,706 not residual).

    Attributes:
        n_channels: Of the first block; the last has four times as many.
        ratio: Width of the excitation's hidden layer in units of its block's channels; the papers call it the
            amplifying ratio.
        block_dropout: Within residual blocks, while training.
        is_residual: Two convolutions and a shortcut in each block, instead of one convolution.
    """

    n_channels: int = 128
    ratio: int = 16
    block_dropout: float = 0.2
    is_residual: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_channels", "ratio"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if not 0 <= self.block_dropout < 1:
            raise ConfigError(f"block_dropout={self.block_dropout:g} is no probability below 1", hint="give 0 to 0.9")
        if self.n_samples < MIN_SAMPLES:
            raise ConfigError(
                f"n_samples={self.n_samples} is too short: ten divisions by three leave nothing",
                hint=f"give {MIN_SAMPLES} samples or more; shorter sounds are filled up with silence",
            )


class SEBlock(nn.Module):
    """Convolution, batch normalisation, ReLU, max pooling, squeeze and excitation. ``[batch, channels, frames]``."""

    folds = CONV_THEN_NORM

    def __init__(self, n_in: int, n_out: int, *, ratio: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, n_out, 3, padding=1)
        self.norm = nn.BatchNorm1d(n_out)
        self.attention = SqueezeExcite1d(n_out, ratio=ratio)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        pooled = F.max_pool1d(F.relu(self.norm(self.conv(x))), POOL)
        scaled: Tensor = self.attention(pooled)
        return scaled


class ReSEBlock(nn.Module):
    """Two convolutions, squeeze and excitation, a shortcut, then max pooling. ``[batch, channels, frames]``.

    The shortcut is a convolution of kernel 1 where the number of channels changes.
    """

    folds = TWO_CONVS_THEN_NORMS

    def __init__(self, n_in: int, n_out: int, *, ratio: int, dropout: float) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(n_in, n_out, 3, padding=1)
        self.norm_1 = nn.BatchNorm1d(n_out)
        self.dropout = nn.Dropout(dropout)
        self.conv_2 = nn.Conv1d(n_out, n_out, 3, padding=1)
        self.norm_2 = nn.BatchNorm1d(n_out)
        self.attention = SqueezeExcite1d(n_out, ratio=ratio)
        self.shortcut: nn.Module = nn.Identity()
        if n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv1d(n_in, n_out, 1), nn.BatchNorm1d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        first = self.dropout(F.relu(self.norm_1(self.conv_1(x))))
        residual = self.attention(self.norm_2(self.conv_2(first)))
        return F.max_pool1d(F.relu(residual + self.shortcut(x)), POOL)


class SampleCNNReSEEncoder(nn.Module):
    """Waveform ``[batch, 1, samples]`` to ``[batch, 8 * n_channels]``: the loudest of the last three blocks, mixed."""

    def __init__(self, config: SampleCNNReSEConfig) -> None:
        super().__init__()
        widths = [config.n_channels] + [config.n_channels * factor for factor in WIDTHS]
        # Not padded: three samples are one frame.
        self.stem = nn.Sequential(
            nn.Conv1d(1, config.n_channels, 3, stride=3), nn.BatchNorm1d(config.n_channels), nn.ReLU()
        )
        self.blocks = nn.ModuleList(
            ReSEBlock(n_in, n_out, ratio=config.ratio, dropout=config.block_dropout)
            if config.is_residual
            else SEBlock(n_in, n_out, ratio=config.ratio)
            for n_in, n_out in itertools.pairwise(widths)
        )
        self.embed_dim = sum(widths[-N_HEARD:])
        self.dense = DenseBlock(self.embed_dim, self.embed_dim)

    def forward(self, waveform: Tensor) -> Tensor:
        """See the class."""
        x = self.stem(waveform)
        levels = []
        for block in self.blocks:
            x = block(x)
            levels.append(x)
        representation: Tensor = self.dense(torch.cat([level.amax(dim=2) for level in levels[-N_HEARD:]], dim=1))
        return representation


def build(config: SampleCNNReSEConfig, n_labels: int) -> Tagger:
    """An untrained sample-level CNN with squeeze and excitation."""
    return Tagger(RawWaveform(), SampleCNNReSEEncoder(config), n_labels, dropout=config.dropout)


PAPER = "Kim, Lee, Nam, ICASSP 2018"
SAMPLE_CNN_RESE = Architecture(config=SampleCNNReSEConfig(), build=build, published_names=(), paper=PAPER)
SAMPLE_CNN_SE_ONLY = Architecture(
    config=SampleCNNReSEConfig(is_residual=False), build=build, published_names=(), paper=PAPER
)
