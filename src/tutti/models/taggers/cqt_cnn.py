"""CNNs on a constant-Q spectrogram: the audio networks of multimodal genre classification, on 15 s of sound.

Input: 329,727 samples at 22,050 Hz, as 96 semitones and 322 frames. Output: all that the last convolution gives, 2,048
numbers (``cqt_cnn``, of single-label classification), 256 (``…_low``) or 4,096 (``…_high``), and logits. The
multi-label networks differ in their kernels: 4 frames and all 96 bins, 4 frames and 70 bins (shifts in pitch can be
heard), or 3 x 3.

Where sources disagree: table 5 prints a fourth kernel of 1 x 1 for the 3 x 3 networks, but only 3 x 3 gives the numbers
of parameters of table 6; ``last_kernel=1`` gives the printed one. In the code that such kernels once ran with,
activations are ELU (``activation="elu"``). There a short track is filled up with 0 dB, the maximum; here with silence
that the front end hears.

References:
    Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
    sections 4.2 and 5.2, tables 5 and 6, and its published code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from torch import Tensor, nn

from tutti.audio.cqt import CQTConfig, LogCQT
from tutti.errors import ConfigError, unknown_name
from tutti.models.standardisation import Standardisation
from tutti.models.tagger import Architecture, Tagger, TaggerConfig

Activation = Literal["relu", "elu"]
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "elu": nn.ELU}
N_LARGE = 256  # channels of the large networks' first convolution
N_FRAMES = 322  # 15 s, as the published code cuts them
INITIAL = 0.05  # weights begin evenly spread from -0.05 to 0.05
Config = TypeVar("Config", bound="CQTCNNConfig")
SINGLE, LOW, HIGH = (1, 2, 4), (1, 2, 2, 1), (1, 2, 4, 4)  # channels of the convolutions in units of n_channels


@dataclass(frozen=True, kw_only=True)
class CQTCNNConfig(TaggerConfig):
    """The published size of the network for one label a track: 15 s at 22,050 Hz, 219,599 parameters with 15 labels.

    Attributes:
        sample_rate: Of the waveform, Hz.
        n_samples: The longest excerpt of 322 frames.
        hop_length: Of the spectrogram, samples; a multiple of 128. Short excerpts need a short one.
        n_channels: Of the first convolution; the others have one, two or four times as many.
        activation: ``relu``, or ``elu``.
        block_dropout: After each convolution but the last, while training; ``dropout`` is that after the last.
        standardise: Whether each bin of each frame is standardised by statistics of the training data; until they have
            been taken, it is left as it is.
    """

    sample_rate: int = 22_050
    n_samples: int = CQTConfig().n_samples(N_FRAMES)
    hop_length: int = 1024
    n_channels: int = 64
    activation: Activation = "relu"
    block_dropout: float = 0.5
    standardise: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more")
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)
        if not 0 <= self.block_dropout < 1:
            raise ConfigError(f"block_dropout={self.block_dropout:g} is no probability below 1", hint="give 0 to 0.9")
        if 2 * self.n_samples <= self.cqt.n_fft:
            raise ConfigError(
                f"n_samples={self.n_samples} is too short for the lowest filters of the spectrogram",
                hint=f"give more than {self.cqt.n_fft // 2} samples",
            )

    @property
    def cqt(self) -> CQTConfig:
        """The front end's configuration."""
        return CQTConfig(sample_rate=self.sample_rate, hop_length=self.hop_length)

    @property
    def n_frames(self) -> int:
        """Of an excerpt."""
        return self.cqt.n_frames(self.n_samples)


@dataclass(frozen=True, kw_only=True)
class SquareCNNConfig(CQTCNNConfig):
    """A network of 3 x 3 kernels.

    Attributes:
        last_kernel: Of its last convolution: 3, or 1 as table 5 prints it.
    """

    last_kernel: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.last_kernel not in (1, 3):
            raise ConfigError(f"last_kernel={self.last_kernel} is neither 3 nor 1", hint="3 is published")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A convolution and the pool after it; sizes in bins and frames.

    Attributes:
        kernel: Of the convolution.
        pool: After it.
        is_padded: Whether the convolution keeps the size.
    """

    kernel: tuple[int, int]
    pool: tuple[int, int]
    is_padded: bool = False

    @property
    def padding(self) -> tuple[int, int]:
        """At either side."""
        bins, frames = self.kernel
        return (bins // 2, frames // 2) if self.is_padded else (0, 0)

    def shape_after(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Bins and frames that are left of so many."""
        bins, frames = (
            (size + 2 * padding - kernel + 1) // pool
            for size, kernel, padding, pool in zip(shape, self.kernel, self.padding, self.pool, strict=True)
        )
        return bins, frames


def single_label_layers(config: CQTCNNConfig) -> tuple[Layer, ...]:
    """Three convolutions, of all bins and then of frames only."""
    return (
        Layer(kernel=(config.cqt.n_bins, 4), pool=(1, 4)),
        Layer(kernel=(1, 4), pool=(1, 4)),
        Layer(kernel=(1, 4), pool=(1, 2)),
    )


def all_bins_layers(config: CQTCNNConfig) -> tuple[Layer, ...]:
    """4x96: the first kernel hears all bins."""
    return (
        Layer(kernel=(config.cqt.n_bins, 4), pool=(1, 4)),
        Layer(kernel=(1, 4), pool=(1, 4)),
        Layer(kernel=(1, 4), pool=(1, 4)),
        Layer(kernel=(1, 1), pool=(1, 1)),
    )


def most_bins_layers(config: CQTCNNConfig) -> tuple[Layer, ...]:
    """4x70: the first kernel hears 70 bins, at 27 places."""
    return (
        Layer(kernel=(70, 4), pool=(4, 4)),
        Layer(kernel=(6, 4), pool=(1, 4)),
        Layer(kernel=(1, 4), pool=(1, 4)),
        Layer(kernel=(1, 1), pool=(1, 1)),
    )


def square_layers(config: SquareCNNConfig) -> tuple[Layer, ...]:
    """3x3: small kernels that keep the size; pools do the rest."""
    return (
        Layer(kernel=(3, 3), pool=(2, 4), is_padded=True),
        Layer(kernel=(3, 3), pool=(2, 4), is_padded=True),
        Layer(kernel=(3, 3), pool=(1, 4), is_padded=True),
        Layer(kernel=(config.last_kernel, config.last_kernel), pool=(5, 4), is_padded=True),
    )


class CQTCNNEncoder(nn.Module):
    """Constant-Q spectrogram in decibels ``[batch, bins, frames]`` to ``[batch, embed_dim]``.

    Args:
        config: Of the network.
        layers: Its convolutions.
        widths: Their channels, in units of ``n_channels``.

    Raises:
        ConfigError: Nothing is left of the frames.
    """

    def __init__(self, config: CQTCNNConfig, layers: tuple[Layer, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        shape = (config.cqt.n_bins, config.n_frames)
        self.standardisation = Standardisation(*shape) if config.standardise else nn.Identity()
        modules: list[nn.Module] = []
        n_in = 1
        for place, (layer, width) in enumerate(zip(layers, widths, strict=True)):
            n_out = width * config.n_channels
            modules.append(nn.Conv2d(n_in, n_out, layer.kernel, padding=layer.padding))
            modules += [ACTIVATIONS[config.activation](), nn.MaxPool2d(layer.pool)]
            if place < len(layers) - 1:
                modules.append(nn.Dropout(config.block_dropout))
            n_in, shape = n_out, layer.shape_after(shape)
        if min(shape) < 1:
            raise ConfigError(
                f"nothing is left of {config.n_frames} frames after {len(layers)} convolutions and pools",
                hint=f"set n_samples to {_least_frames(layers) * config.hop_length} or more, or a shorter hop_length",
            )
        self.layers = nn.Sequential(*modules)
        self.embed_dim = n_in * shape[0] * shape[1]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.layers(self.standardisation(spectrogram).unsqueeze(1))
        return found.flatten(1)


def _least_frames(layers: tuple[Layer, ...]) -> int:
    """Frames of which something is left."""
    n_frames = 1
    for layer in reversed(layers):
        n_frames = n_frames * layer.pool[1] + layer.kernel[1] - 1 - 2 * layer.padding[1]
    return n_frames


def _architecture(
    config: Config, layers: Callable[[Config], tuple[Layer, ...]], widths: tuple[int, ...]
) -> Architecture[Config]:
    def build(config: Config, n_labels: int) -> Tagger:
        """An untrained network."""
        encoder = CQTCNNEncoder(config, layers(config), widths)
        tagger = Tagger(LogCQT(config.cqt), encoder, n_labels, dropout=config.dropout)
        for module in tagger.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.uniform_(module.weight, -INITIAL, INITIAL)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        return tagger

    paper = "Oramas, Barbieri, Nieto, Serra, TISMIR 2018"
    return Architecture(config=config, build=build, published_names=(), paper=paper)


# With sigmoids the multi-label networks had no dropout; with factors of labels, the large ones had 0.5 everywhere.
_SMALL = CQTCNNConfig(dropout=0.0, block_dropout=0.0)
_LARGE = replace(_SMALL, n_channels=N_LARGE)
_SMALL_SQUARE = SquareCNNConfig(dropout=0.0, block_dropout=0.0)
_LARGE_SQUARE = replace(_SMALL_SQUARE, n_channels=N_LARGE)

CQT_CNN = _architecture(CQTCNNConfig(), single_label_layers, SINGLE)
CQT_CNN_4X96_LOW = _architecture(_SMALL, all_bins_layers, LOW)
CQT_CNN_4X96_HIGH = _architecture(_LARGE, all_bins_layers, HIGH)
CQT_CNN_4X70_LOW = _architecture(_SMALL, most_bins_layers, LOW)
CQT_CNN_4X70_HIGH = _architecture(_LARGE, most_bins_layers, HIGH)
CQT_CNN_3X3_LOW = _architecture(_SMALL_SQUARE, square_layers, LOW)
CQT_CNN_3X3_HIGH = _architecture(_LARGE_SQUARE, square_layers, HIGH)
