"""Spaces: for each modality a small network that takes its vectors to points of one space, where what belongs together
lies together.

They are trained on pairs, without labels (``tutti.training.spaces``); projections that need no training are in
``projections``. Any modality is placed by itself, so that an item needs only one. The networks of all modalities are
alike but for what :class:`MapConfig` says of one.

References:
    Oramas et al., TISMIR 1(1), 2018 (the multimodal space).
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021.
    Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021 (the learned
        temperature).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, unknown_name
from tutti.models.projection_files import present_rows
from tutti.models.projection_networks import ProjectionNetwork
from tutti.models.standardisation import Standardisation

LOWEST, HIGHEST = 0.01, 1.0  # temperatures
ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "elu": nn.ELU, "relu": nn.ReLU, "gelu": nn.GELU}
Activation = Literal["tanh", "elu", "relu", "gelu"]
Layers = Literal["identity", "linear", "two"]


@dataclass(frozen=True, kw_only=True)
class MapConfig:
    """How the network of one modality differs from those of the others; None: not at all. See :class:`SpaceConfig`."""

    layers: Layers | None = None
    n_hidden: int | None = None
    activation: Activation | None = None
    batch_norm: bool | None = None
    layer_norm: bool | None = None
    residual: bool | None = None
    dropout: float | None = None
    bias: bool | None = None
    standardise: bool | None = None

    __pydantic_config__ = ConfigDict(extra="forbid")

    def changes(self) -> dict[str, Any]:
        """What is said."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class SpaceConfig:
    """The networks of a space: linear, normalisation, activation, dropout, linear; or less.

    Attributes:
        embed_dim: Dimensions of the space.
        n_hidden: Width of the layer between.
        activation: Behind the first layer.
        batch_norm: Normalise before the activation, over the batch.
        bias: Of both layers.
        unit_length: Divide the points by their lengths.
        layers: ``two``; ``linear``, one matrix; or ``identity``: the vectors have the space's dimensions already.
        layer_norm: Normalise before the activation, over the layer.
        residual: Add a matrix of the vectors, or the vectors themselves where they have the space's dimensions, to what
            two layers give.
        dropout: Share that is left out, in training: behind the activation, or of what a single matrix is given.
        standardise: Give each dimension of the vectors mean 0 and deviation 1 over what is learned from.
        sigmoid: Behind the last layer, so that points lie between 0 and 1.
        temperature: With which the learned temperature of the loss ``contrastive`` begins; None of other losses.
        maps: By modality, how its network differs.
    """

    embed_dim: int = 200
    n_hidden: int = 512
    activation: Activation = "tanh"
    batch_norm: bool = False
    bias: bool = False
    unit_length: bool = False
    layers: Layers = "two"
    layer_norm: bool = False
    residual: bool = False
    dropout: float = 0.0
    standardise: bool = False
    sigmoid: bool = False
    temperature: float | None = None
    maps: Mapping[str, MapConfig] = field(default_factory=dict)

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for name in ("embed_dim", "n_hidden"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more, such as 128")
        for name, known in (("activation", ACTIVATIONS), ("layers", get_args(Layers))):
            if getattr(self, name) not in known:
                raise unknown_name(name, getattr(self, name), known)
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout:g} is no share", hint="give 0 or more, below 1")
        if self.batch_norm and self.layer_norm:
            raise ConfigError("both batch_norm and layer_norm were asked for", hint="leave out one of them")
        if self.temperature is not None and not LOWEST < self.temperature < HIGHEST:
            raise ConfigError(
                f"temperature={self.temperature:g} lies outside ({LOWEST:g}, {HIGHEST:g})", hint="such as 0.07"
            )
        for modality in self.maps:
            self.of(modality)

    def of(self, modality: str) -> SpaceConfig:
        """Of one modality's network.

        >>> SpaceConfig(maps={"text": MapConfig(layers="linear")}).of("text").layers
        'linear'
        """
        changes = self.maps[modality].changes() if modality in self.maps else {}
        return dataclasses.replace(self, maps={}, **changes)


# Oramas prints neither the hidden width nor biases: there are none here, and the width is that of the hidden layer in
# the authors' network for recommendation. Wu's paper says "two layers, 256 and 128"; the rest is in the code alone.
_WU = SpaceConfig(embed_dim=128, n_hidden=256, activation="elu", batch_norm=True, bias=True, unit_length=True)
# Ours, for vectors of pretrained encoders: light, and the same for any of them.
_CONTRASTIVE = SpaceConfig(
    embed_dim=128,
    n_hidden=256,
    activation="gelu",
    layer_norm=True,
    bias=True,
    unit_length=True,
    residual=True,
    dropout=0.2,
    standardise=True,
    temperature=0.07,
)
SPACES: dict[str, SpaceConfig] = {
    "oramas2018": SpaceConfig(),
    "wu2021-paper": _WU,
    "wu2021-code": _WU,
    "contrastive": _CONTRASTIVE,
}


def find_space(name: str) -> SpaceConfig:
    """The networks of this name: published ones, and ours.

    Raises:
        UnknownNameError: There are none.
    """
    if name not in SPACES:
        raise unknown_name("space", name, SPACES)
    return SPACES[name]


class SpaceNetwork(ProjectionNetwork):
    """A :class:`tutti.models.encoders.Projection` of networks.

    Args:
        dims: Of each modality's vectors. The first modality is the one that asks, where a loss tells them apart.
        config: The networks.

    Attributes:
        dims: As given.
        config: As given.
        scale: The learned temperature of a contrastive loss.
    """

    KIND = "tutti space"

    def __init__(self, dims: Mapping[str, int], config: SpaceConfig) -> None:
        super().__init__()
        self.dims, self.config = dict(dims), config
        self.maps = nn.ModuleList(_map(n_inputs, config.of(modality), modality) for modality, n_inputs in dims.items())
        self.scale = None if config.temperature is None else Temperature(config.temperature)

    @property
    def modalities(self) -> tuple[str, ...]:
        """That can be placed."""
        return tuple(self.dims)

    @property
    def embed_dim(self) -> int:
        """Dimensions of the space."""
        return self.config.embed_dim

    @property
    def temperature(self) -> Tensor:
        """Of the loss, learned with the rest.

        Raises:
            ConfigError: The space was made for another loss.
        """
        if self.scale is None:
            raise ConfigError("the space has no temperature", hint="set temperature, such as to 0.07")
        found: Tensor = self.scale()
        return found

    def forward(self, *vectors: Tensor) -> tuple[Tensor, ...]:
        """Of all modalities, as ``dims`` has them: ``[batch, dimensions]`` to ``[batch, embed_dim]``, NaN of NaN."""
        placed = zip(self.dims, vectors, strict=True)
        return tuple(self._place_present(modality, some) for modality, some in placed)

    def place(self, modality: str, vectors: Tensor) -> Tensor:
        """``[batch, dimensions]`` of one modality to ``[batch, embed_dim]``."""
        points: Tensor = self.maps[self.modalities.index(modality)](vectors)
        return functional.normalize(points, dim=1) if self.config.unit_length else points

    def _place_present(self, modality: str, vectors: Tensor) -> Tensor:
        present = torch.isfinite(vectors).all(dim=1)
        if present.all():
            return self.place(modality, vectors)
        rows = present.nonzero()[:, 0]
        # Of nothing, zeros are placed, and lose: parameters of all maps take part, as several processes want.
        given = vectors[rows] if len(rows) else torch.zeros_like(vectors[:1])
        found = self._place_few(modality, given)
        points = found.new_full((len(vectors), self.embed_dim), torch.nan)
        return points.index_copy(0, rows, found[: len(rows)]) + 0 * found.sum()

    def _place_few(self, modality: str, vectors: Tensor) -> Tensor:
        """Normalisation over a batch of one has nothing to go by, so that one is placed as in use."""
        network = self.maps[self.modalities.index(modality)]
        alone = network.training and len(vectors) == 1
        if alone:
            network.eval()
        points = self.place(modality, vectors)
        if alone:
            network.train()
        return points

    def fit_inputs(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Take mean and deviation of what is learned from, where a modality's vectors are standardised.

        Args:
            vectors: By modality, rows of NaN where it is absent. Shape ``[items, dimensions]``.

        Raises:
            ConfigError: Nothing that is learned from has such a modality.
        """
        for modality, network in zip(self.dims, self.maps, strict=True):
            for module in network.modules():
                if isinstance(module, Standardisation):
                    present = np.isfinite(vectors[modality]).all(axis=1)
                    if not present.any():
                        raise ConfigError(
                            f"no {modality} of what is learned from could be read",
                            hint="leave it out, or take items that have it",
                        )
                    module.fit([torch.from_numpy(vectors[modality][present])])

    def project(self, modality: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points of vectors of one modality; NaN where the vectors are.

        Args:
            modality: Whose vectors.
            vectors: Shape ``[items, dimensions]``; NaN in the rows of items without the modality.

        Raises:
            UnknownNameError: The space does not know the modality.
            ShapeError: The vectors have other dimensions.
        """
        present = present_rows(vectors, modality=modality, dims=self.dims)
        points = np.full((len(vectors), self.embed_dim), np.nan, dtype=np.float32)
        if present.any():
            points[present] = self.placed_in_blocks(partial(self.place, modality), vectors[present].astype(np.float32))
        return points

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The untrained network that settings describe."""
        dims = TypeAdapter(dict[str, int]).validate_python(settings["dims"])
        return cls(dims, TypeAdapter(SpaceConfig).validate_python(settings["network"]))

    def settings(self) -> dict[str, Any]:
        """Plain values from which :meth:`of_settings` makes the network again."""
        # What was added later is left out where it is not used: spaces of before keep their fingerprints.
        plain, defaults = dataclasses.asdict(self.config), dataclasses.asdict(SpaceConfig())
        old = ("embed_dim", "n_hidden", "activation", "batch_norm", "bias", "unit_length")
        network = {name: value for name, value in plain.items() if name in old or value != defaults[name]}
        return {"dims": self.dims, "network": network}


class Temperature(nn.Module):
    """A temperature that is learned, on a logarithmic scale between two bounds that it cannot reach.

    Args:
        first: With which it begins.
    """

    def __init__(self, first: float) -> None:
        super().__init__()
        share = math.log(first / LOWEST) / math.log(HIGHEST / LOWEST)
        self.position = nn.Parameter(torch.tensor(math.log(share / (1 - share))))

    def forward(self) -> Tensor:
        """The temperature, a scalar."""
        return LOWEST * (HIGHEST / LOWEST) ** torch.sigmoid(self.position)


class Residual(nn.Module):
    """A network and a way past it, added.

    Args:
        body: The network.
        n_inputs: Of it.
        n_outputs: Of it; where there are as many, the way past changes nothing.
    """

    def __init__(self, body: nn.Module, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.body = body
        self.past: nn.Module = nn.Identity() if n_inputs == n_outputs else nn.Linear(n_inputs, n_outputs, bias=False)

    def forward(self, vectors: Tensor) -> Tensor:
        """``[batch, n_inputs]`` to ``[batch, n_outputs]``."""
        return self.body(vectors) + self.past(vectors)  # type: ignore[no-any-return]


def _map(n_inputs: int, config: SpaceConfig, modality: str) -> nn.Module:
    network = _layers(n_inputs, config, modality)
    if config.residual and config.layers == "two":
        network = Residual(network, n_inputs, config.embed_dim)
    if config.sigmoid:
        network = nn.Sequential(network, nn.Sigmoid())
    return nn.Sequential(Standardisation(n_inputs), network) if config.standardise else network


def _layers(n_inputs: int, config: SpaceConfig, modality: str) -> nn.Module:
    if config.layers == "identity":
        if n_inputs != config.embed_dim:
            raise ConfigError(
                f"vectors of {modality} have {n_inputs} dimensions, and the space {config.embed_dim}: they cannot stay "
                "as they are",
                hint=f"set embed_dim = {n_inputs}, or layers = 'linear'",
            )
        return nn.Identity()
    if config.layers == "linear":
        linear = nn.Linear(n_inputs, config.embed_dim, bias=config.bias)
        return nn.Sequential(nn.Dropout(config.dropout), linear) if config.dropout else linear
    layers: list[nn.Module] = [nn.Linear(n_inputs, config.n_hidden, bias=config.bias)]
    if config.batch_norm:
        layers.append(nn.BatchNorm1d(config.n_hidden))
    if config.layer_norm:
        layers.append(nn.LayerNorm(config.n_hidden))
    layers.append(ACTIVATIONS[config.activation]())
    if config.dropout:
        layers.append(nn.Dropout(config.dropout))
    layers.append(nn.Linear(config.n_hidden, config.embed_dim, bias=config.bias))
    return nn.Sequential(*layers)
