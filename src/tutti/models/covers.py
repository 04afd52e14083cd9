"""Covers to vectors: residual networks on pictures, and one of them as the encoder of an item's cover.

``small_resnet`` is our own, small enough to learn from scratch on a few thousand covers; ``resnet50`` and ``resnet101``
are those of transformers, whose weights come from a folder or the hub's cache. How pictures become a network's input is
in ``tutti.image.transforms``; where a network looks, in ``tutti.explain.cover_maps``.

References:
    He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
    Oramas et al., TISMIR 1(1), 2018, section 4.2 (ResNet-101, begun with ImageNet's weights, learning on).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from tutti.data.items import Item
from tutti.data.pictures import FoundCover, first_readable
from tutti.data.track import Modality
from tutti.errors import ConfigError, ModelError, import_extra, unknown_name
from tutti.image.transforms import CoverAugmentation, CoverTransforms
from tutti.models.encoders import Encoded, Progress, gathered
from tutti.models.model_folders import (
    CONFIG,
    arrays_of,
    checked_settings,
    fill_network,
    fingerprint_of,
    read_settings,
    settings_folder,
    write_parameters,
)

FORMAT, KIND = 1, "tutti cover encoder"
CoverArchitecture = Literal["small_resnet", "resnet50", "resnet101"]
ARCHITECTURES: tuple[str, ...] = get_args(CoverArchitecture)
DEPTHS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
PURPOSE = "a published residual network"
ROWS = 4  # covers that pass the network at once, always as many: results do not depend on company
AT_ONCE = 64  # in memory


@dataclass(frozen=True, kw_only=True)
class CoverConfig:
    """A network of covers.

    Attributes:
        architecture: ``small_resnet``, ``resnet50`` or ``resnet101``.
        weights: What a ``resnet`` begins with: a folder, or a name on the hub that lies in its cache, such as
            ``microsoft/resnet-101``; None begins at random.
        side: Of the input, pixels; 224 is published.
        n_channels: Of the first stage of ``small_resnet``; its vectors have eight times as many dimensions.
        n_blocks: Of each of the four stages of ``small_resnet``.
        depths: Blocks of each stage of a ``resnet`` of another size than its name says; None is the published size.
        augmentation: What is random about a cover in training.
        name: Of the encoder.
    """

    architecture: CoverArchitecture = "small_resnet"
    weights: str | None = None
    side: int = 224
    n_channels: int = 32
    n_blocks: int = 1
    depths: tuple[int, ...] | None = None
    augmentation: CoverAugmentation = field(default_factory=CoverAugmentation)
    name: str = "covers"

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise unknown_name("network of covers", self.architecture, ARCHITECTURES)
        if self.weights is not None and self.architecture == "small_resnet":
            raise ConfigError(
                f"small_resnet learns from scratch, and was to begin with {self.weights}",
                hint="set architecture = 'resnet50' or 'resnet101', or leave out weights",
            )
        for name in ("n_channels", "n_blocks"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if self.depths is not None and (self.architecture == "small_resnet" or min(self.depths, default=0) < 1):
            raise ConfigError(
                f"depths={list(self.depths)} do not fit {self.architecture}",
                hint="give a positive number for each stage of a resnet, or n_blocks of small_resnet",
            )
        if self.side < 32:
            raise ConfigError(f"side={self.side} pixels leaves nothing after five halvings", hint="give 32 or more")

    @property
    def blocks(self) -> tuple[int, ...]:
        """Of each stage of a ``resnet``."""
        return tuple(self.depths) if self.depths is not None else DEPTHS[self.architecture]

    @property
    def transforms(self) -> CoverTransforms:
        """From squares to the network's input."""
        return CoverTransforms(side=self.side, augmentation=self.augmentation)


class CoverNetwork(nn.Module):
    """Pictures to maps of features, and their mean over the picture as the vector.

    Attributes:
        embed_dim: Channels of the maps.
        published: The settings of a network of transformers, to build it again; None of our own.
    """

    def __init__(self, body: nn.Module, embed_dim: int, *, published: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.body = body
        self.embed_dim = embed_dim
        self.published = published

    @property
    def stages(self) -> list[nn.Module]:
        """What follows one after the other; each gives maps ``[batch, channels, height, width]``."""
        stages: Any = self.body if self.published is None else self.body.get_submodule("encoder.stages")
        return list(stages)

    def maps(self, pictures: Tensor) -> Tensor:
        """Before the mean over the picture. ``[batch, 3, side, side]`` to ``[batch, embed_dim, height, width]``."""
        found = self.body(pictures)
        maps: Tensor = found if isinstance(found, Tensor) else found.last_hidden_state
        return maps

    def forward(self, pictures: Tensor) -> Tensor:
        """``[batch, 3, side, side]`` to ``[batch, embed_dim]``."""
        return self.maps(pictures).mean(dim=(2, 3))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with normalisation, and a shortcut. ``[batch, channels, height, width]``."""

    def __init__(self, n_in: int, n_out: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        self.norm_1 = nn.BatchNorm2d(n_out)
        self.conv_2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm_2 = nn.BatchNorm2d(n_out)
        self.shortcut: nn.Module = nn.Identity()
        if n_in != n_out or stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        hidden = functional.relu(self.norm_1(self.conv_1(x)))
        return functional.relu(self.norm_2(self.conv_2(hidden)) + self.shortcut(x))


def build_cover_network(config: CoverConfig) -> CoverNetwork:
    """The network of a configuration, with the weights that it names or untrained.

    Raises:
        MissingExtraError: transformers is not installed.
        ConfigError: The weights are not at hand, or of another architecture.
    """
    if config.architecture == "small_resnet":
        return _small_resnet(config)
    transformers = import_extra("transformers", extra="text", purpose=PURPOSE)
    if config.weights is None:
        settings = transformers.ResNetConfig(depths=list(config.blocks), layer_type="bottleneck")
        return _published(transformers.ResNetModel(settings))
    transformers.utils.logging.disable_progress_bar()
    try:
        found = transformers.AutoConfig.from_pretrained(config.weights, local_files_only=True)
        if found.model_type != "resnet":
            raise ConfigError(
                f"{config.weights} holds a {found.model_type}, wanted a resnet", hint="such as microsoft/resnet-50"
            )
        if tuple(found.depths) != config.blocks:
            raise ConfigError(
                f"{config.weights} holds a resnet with stages of {list(found.depths)} blocks, "
                f"{config.architecture} was to have {list(config.blocks)}",
                hint="set architecture and depths to those of the weights",
            )
        body, told = transformers.ResNetModel.from_pretrained(
            config.weights, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        if told["missing_keys"]:  # which transformers fills with random numbers
            lacking = sorted(told["missing_keys"])
            raise ConfigError(
                f"{config.weights} lacks {len(lacking)} parameters, such as {lacking[0]!r}", hint="fetch it anew"
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as cause:
        if isinstance(cause, ConfigError):
            raise
        first_line = str(cause).partition("\n")[0]
        raise ConfigError(
            f"the weights {config.weights} of {config.architecture} are not at hand: {first_line}",
            hint="give a folder with config.json and model.safetensors, leave out weights, or take small_resnet",
        ) from None
    return _published(body.float())


def _small_resnet(config: CoverConfig) -> CoverNetwork:
    widths = [config.n_channels * factor for factor in (1, 2, 4, 8)]
    stem = nn.Sequential(
        nn.Conv2d(3, widths[0], 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
    )
    blocks: list[nn.Module] = []
    for stage, width in enumerate(widths):
        before = widths[max(0, stage - 1)]
        blocks.append(ResidualBlock(before, width, stride=2))
        blocks += [ResidualBlock(width, width) for _ in range(config.n_blocks - 1)]
    return CoverNetwork(nn.Sequential(stem, *blocks), widths[-1])


def _published(body: Any) -> CoverNetwork:
    settings = {key: value for key, value in body.config.to_diff_dict().items() if isinstance(value, _PLAIN)}
    return CoverNetwork(body, int(body.config.hidden_sizes[-1]), published=settings)


_PLAIN = (bool, int, float, str, list)


class CoverEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` of covers: the first of an item's that can be read.

    Attributes:
        config: Everything but the weights.
        network: In evaluation mode.
    """

    modality: Modality = "image"

    def __init__(self, config: CoverConfig, network: CoverNetwork) -> None:
        self.config = config
        self.network = network.eval()
        self.transforms = config.transforms

    @property
    def name(self) -> str:
        """Of the configuration."""
        return self.config.name

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.network.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever weights or what is seen of a cover do."""
        return fingerprint_of(f"{self.config.architecture} {self.config.side}", arrays_of(self.network))

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """Vectors of items' covers; those that several items share are read once. See the protocol."""
        sharing: dict[tuple[Path, ...], list[str]] = {}
        for item in items:
            if item.covers:
                sharing.setdefault(item.covers, []).append(item.item_id)
        vectors: dict[str, NDArray[np.float32]] = {}
        problems: dict[str, str] = {}
        done = 0
        for some, found in self._read(list(sharing)):
            made = iter(self.encode_pictures([cover.picture for cover in found if cover.picture is not None]))
            for covers, cover in zip(some, found, strict=True):
                if cover.picture is not None:
                    vectors |= dict.fromkeys(sharing[covers], next(made))
                if cover.problem is not None:
                    problems |= dict.fromkeys(sharing[covers], cover.problem)
            done += len(some)
            if progress is not None:
                progress(done, len(sharing))
        return gathered(items, vectors, problems, embed_dim=self.embed_dim)

    def _read(
        self, wanted: Sequence[tuple[Path, ...]]
    ) -> Iterator[tuple[Sequence[tuple[Path, ...]], list[FoundCover]]]:
        side = self.transforms.square_side
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for first in range(0, len(wanted), AT_ONCE):
                some = wanted[first : first + AT_ONCE]
                yield some, list(pool.map(lambda covers: first_readable(covers, side=side), some))

    @torch.inference_mode()
    def encode_pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors of squares as :func:`tutti.image.transforms.square_picture` makes them.

        Args:
            pictures: Each of shape (3, square_side, square_side).

        Returns:
            Shape (pictures, embed_dim).
        """
        device = next(self.network.parameters()).device
        vectors = np.empty((len(pictures), self.embed_dim), dtype=np.float32)
        for first in range(0, len(pictures), ROWS):
            some = list(pictures[first : first + ROWS])
            filled = some + [some[-1]] * (ROWS - len(some))
            made = self.network(self.transforms.test(torch.from_numpy(np.stack(filled))).to(device))
            vectors[first : first + len(some)] = made[: len(some)].float().cpu().numpy()
        return vectors

    def save(self, folder: Path) -> None:
        """Write configuration and weights, atomically.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values = {
            "format": FORMAT,
            "kind": KIND,
            **dataclasses.asdict(self.config),
            "published": self.network.published,
        }
        with settings_folder(folder, values, what="encoder") as partial:
            write_parameters(self.network, partial)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder in a folder.

        Raises:
            ModelError: There is none, or a damaged or newer one.
            MissingExtraError: It needs transformers, which is not installed.
        """
        config, published = _read_config(folder)
        network = _small_resnet(config) if published is None else _rebuilt(published, folder / CONFIG)
        fill_network(network, folder, what="encoder")
        return cls(config, network)


def _rebuilt(published: dict[str, Any], path: Path) -> CoverNetwork:
    transformers = import_extra("transformers", extra="text", purpose=PURPOSE)
    try:
        return _published(transformers.ResNetModel(transformers.ResNetConfig(**published)))
    except (TypeError, ValueError) as cause:
        raise ModelError(f"{path} describes no residual network: {cause}", hint="take the encoder anew") from None


def _read_config(folder: Path) -> tuple[CoverConfig, dict[str, Any] | None]:
    settings, origin = read_settings(folder, kind=KIND, newest=FORMAT), str(folder / CONFIG)
    if "published" not in settings:
        raise ModelError(f"{origin} does not say what network it is of", hint="take the encoder anew")
    published = settings.pop("published")
    return checked_settings(CoverConfig, settings, origin=origin, what="encoder"), published
