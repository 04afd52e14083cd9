"""Spaces: for each modality a small network that takes its vectors to points of one space, where what belongs together
lies together.

They are trained on pairs, without labels (``tutti.training.spaces``); projections that need no training are in
``projections``. Any modality is placed by itself, so that an item needs only one.

References:
    Oramas et al., TISMIR 1(1), 2018 (the multimodal space).
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, ModelError, unknown_name
from tutti.models.model_folders import arrays_of, fingerprint_of
from tutti.models.projection_files import present_rows, read_projection, save_projection

KIND = "tutti space"
ROWS = 256  # placed at once, always as many: a point does not depend on its company
ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "elu": nn.ELU, "relu": nn.ReLU}


@dataclass(frozen=True, kw_only=True)
class SpaceConfig:
    """The networks of a space, all alike but for what goes in: linear, activation, linear.

    Attributes:
        embed_dim: Dimensions of the space.
        n_hidden: Width of the layer between.
        activation: Behind the first layer.
        batch_norm: Normalise before the activation.
        bias: Of both layers.
        unit_length: Divide the points by their lengths.
    """

    embed_dim: int = 200
    n_hidden: int = 512
    activation: Literal["tanh", "elu", "relu"] = "tanh"
    batch_norm: bool = False
    bias: bool = False
    unit_length: bool = False

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for name in ("embed_dim", "n_hidden"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more, such as 128")
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)


# Oramas prints neither the hidden width nor biases: there are none here, and the width is that of the hidden layer in
# the authors' network for recommendation. Wu's paper says "two layers, 256 and 128"; the rest is in the code alone.
_WU = SpaceConfig(embed_dim=128, n_hidden=256, activation="elu", batch_norm=True, bias=True, unit_length=True)
SPACES: dict[str, SpaceConfig] = {"oramas2018": SpaceConfig(), "wu2021-paper": _WU, "wu2021-code": _WU}


def find_space(name: str) -> SpaceConfig:
    """The published networks of this name.

    Raises:
        UnknownNameError: There are none.
    """
    if name not in SPACES:
        raise unknown_name("space", name, SPACES)
    return SPACES[name]


class SpaceNetwork(nn.Module):
    """A :class:`tutti.models.encoders.Projection` of networks.

    Args:
        dims: Of each modality's vectors. The first modality is the one that asks, where a loss tells them apart.
        config: The networks.

    Attributes:
        dims: As given.
        config: As given.
    """

    def __init__(self, dims: Mapping[str, int], config: SpaceConfig) -> None:
        super().__init__()
        self.dims, self.config = dict(dims), config
        self.maps = nn.ModuleList(_map(n_inputs, config) for n_inputs in self.dims.values())

    @property
    def modalities(self) -> tuple[str, ...]:
        """That can be placed."""
        return tuple(self.dims)

    @property
    def embed_dim(self) -> int:
        """Dimensions of the space."""
        return self.config.embed_dim

    @property
    def fingerprint(self) -> str:
        """Changes whenever the points do."""
        return fingerprint_of(json.dumps(self._settings(), sort_keys=True), arrays_of(self))

    def forward(self, *vectors: Tensor) -> tuple[Tensor, ...]:
        """Of every modality, in the order of ``dims``: ``[batch, dimensions]`` to ``[batch, embed_dim]``."""
        placed = zip(self.dims, vectors, strict=True)
        return tuple(self.place(modality, some) for modality, some in placed)

    def place(self, modality: str, vectors: Tensor) -> Tensor:
        """``[batch, dimensions]`` of one modality to ``[batch, embed_dim]``."""
        points: Tensor = self.maps[self.modalities.index(modality)](vectors)
        return functional.normalize(points, dim=1) if self.config.unit_length else points

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
        points[present] = self._in_blocks(modality, vectors[present].astype(np.float32))
        return points

    @torch.inference_mode()
    def _in_blocks(self, modality: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        was_training, device = self.training, next(self.parameters()).device
        self.eval()
        placed = [np.empty((0, self.embed_dim), dtype=np.float32)]
        for begin in range(0, len(vectors), ROWS):
            some = torch.from_numpy(vectors[begin : begin + ROWS])
            block = functional.pad(some, (0, 0, 0, ROWS - len(some))).to(device)
            placed.append(self.place(modality, block)[: len(some)].float().cpu().numpy())
        self.train(was_training)
        return np.concatenate(placed)

    def save(self, folder: Path) -> None:
        """Write the space into a folder of its own.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        save_projection(folder, kind=KIND, settings=self._settings(), arrays=arrays_of(self))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The space in a folder, ready to place.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        settings, arrays = read_projection(folder, kind=KIND)
        try:
            dims = TypeAdapter(dict[str, int]).validate_python(settings["dims"])
            config = TypeAdapter(SpaceConfig).validate_python(settings["network"])
            space = cls(dims, config)
            space.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        except (KeyError, ValidationError, ConfigError, RuntimeError) as cause:
            told = str(cause).splitlines()[0]
            raise ModelError(f"the space in {folder} is damaged: {told}", hint="train it anew") from None
        return space.eval()

    def _settings(self) -> dict[str, Any]:
        return {"dims": self.dims, "network": dataclasses.asdict(self.config)}


def _map(n_inputs: int, config: SpaceConfig) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Linear(n_inputs, config.n_hidden, bias=config.bias)]
    if config.batch_norm:
        layers.append(nn.BatchNorm1d(config.n_hidden))
    layers += [ACTIVATIONS[config.activation](), nn.Linear(config.n_hidden, config.embed_dim, bias=config.bias)]
    return nn.Sequential(*layers)
