"""The space of tags and songs: a branch for the vectors of words, another for those of a song, cosines between them.

A song's vectors, of its sound, of who listens to it, or of both, become its point in one of three ways: as they are
(the published acoustic model), through a hidden layer (the cultural one, and the hybrid, which puts both side by side),
or by a fusion (``tutti.models.fusion``) that does with what there is. Where the vectors come from is for encoders:
``taggers.tag_song_cnn`` and any other tagger, ``song_encoders``, ``word_encoders``. It is trained by
``tutti.training.tag_retrieval``.

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021.
    Won, thesis 2021, section 5.2.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter
from torch import Tensor, nn

from tutti.errors import ConfigError, ShapeError, unknown_name
from tutti.models.fusion import Fused, Fusion, FusionConfig, build_fusion
from tutti.models.projection_networks import ProjectionNetwork
from tutti.models.readouts import TagReadout
from tutti.models.standardisation import Standardisation

TAGS = "text"  # the modality of words
Join = Literal["vector", "layers", "fusion"]


@dataclass(frozen=True, kw_only=True)
class TagSongConfig:
    """The layers above the vectors; the published sizes.

    Attributes:
        embed_dim: Dimensions of the space.
        n_hidden: Width of the hidden layers.
        dropout: Behind them, while training.
        join: How a song's vectors become its point: ``vector``: the one that there is, as it is; ``layers``: side by
            side through a hidden layer; ``fusion``: as ``fusion`` says.
        fusion: Of the vectors.
    """

    embed_dim: int = 256
    n_hidden: int = 512
    dropout: float = 0.5
    join: Join = "layers"
    fusion: FusionConfig = field(default_factory=lambda: FusionConfig(kind="gated"))

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for name in ("embed_dim", "n_hidden"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more, such as 256")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout:g} is no probability below 1", hint="give 0 to 0.9")
        if self.join not in get_args(Join):
            raise unknown_name("way to join a song's vectors", self.join, get_args(Join))


def hidden_layers(n_inputs: int, config: TagSongConfig) -> nn.Sequential:
    """Linear, batch normalisation, ReLU, dropout, linear: a branch as published."""
    return nn.Sequential(
        nn.Linear(n_inputs, config.n_hidden),
        nn.BatchNorm1d(config.n_hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.n_hidden, config.embed_dim),
    )


class SongBranch(Fusion):
    """A song's vectors, some perhaps absent, to its point, which are the ``outputs``.

    Each stream is standardised by statistics of the training data, where :meth:`standardise` was told to take some;
    what is absent then counts as the mean.

    Args:
        dims: Dimensions of each stream.
        config: The layers.

    Raises:
        ConfigError: A single vector was to be taken as it is, and there are several, or it has other dimensions.
    """

    def __init__(self, dims: Sequence[int], config: TagSongConfig) -> None:
        super().__init__(dims, TagReadout(config.embed_dim), FusionConfig(normalise=False))
        if config.join == "vector" and tuple(dims) != (config.embed_dim,):
            raise ConfigError(
                f"vectors of {', '.join(map(str, dims))} dimensions cannot be points in {config.embed_dim} as they are",
                hint="give an encoder with as many dimensions as the space, or join them by layers or by a fusion",
            )
        self.join = config.join
        self.standards = nn.ModuleList(Standardisation(dim) for dim in dims)
        self.layers: nn.Module = nn.Identity()
        if config.join == "layers":
            self.layers = hidden_layers(sum(dims), config)
        elif config.join == "fusion":
            self.layers = build_fusion(dims, self.readout, config.fusion)

    def standardise(self, vectors: Sequence[Tensor | None]) -> None:
        """Take means and deviations of each stream from the songs that are learned from; None leaves one as it is."""
        for standard, some in zip(self.standards, vectors, strict=True):
            if some is not None:
                assert isinstance(standard, Standardisation)
                standard.fit([some])

    def fuse(self, vectors: list[Tensor], presence: Tensor) -> Fused:
        """See the class."""
        standard = [layer(one) for layer, one in zip(self.standards, vectors, strict=True)]
        clean = [torch.where(presence[:, i, None], one, 0.0) for i, one in enumerate(standard)]
        if self.join == "fusion":
            fused: Fused = self.layers(clean, presence)
            return Fused(outputs=fused.outputs, representation=fused.outputs, weights=fused.weights)
        points = self.layers(clean[0] if self.join == "vector" else torch.cat(clean, dim=1))
        return Fused(outputs=points, representation=points)


class TagSongSpace(ProjectionNetwork):
    """A :class:`tutti.models.encoders.Projection` of words, and of songs by one vector each.

    A song's vector holds all its streams side by side, NaN where one is absent, as ``song_encoders.SongEncoder`` gives
    it; it is placed as long as one of them is there.

    Args:
        tag_dim: Dimensions of the words' vectors.
        song_modality: What songs' vectors are called.
        song_dims: Dimensions of each of their streams.
        config: The layers.
    """

    KIND = "tutti tag-song space"

    def __init__(self, tag_dim: int, song_modality: str, song_dims: Sequence[int], config: TagSongConfig) -> None:
        super().__init__()
        self.tag_dim, self.song_modality, self.config = tag_dim, song_modality, config
        self.tag = hidden_layers(tag_dim, config)
        self.song = SongBranch(song_dims, config)

    @property
    def modalities(self) -> tuple[str, ...]:
        """That can be placed."""
        return (TAGS, self.song_modality)

    @property
    def embed_dim(self) -> int:
        """Dimensions of the space."""
        return self.config.embed_dim

    def project(self, modality: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points of words or songs; NaN where there is nothing of them.

        Args:
            modality: Whose vectors.
            vectors: Shape ``[items, dimensions]``.

        Raises:
            UnknownNameError: The space does not know the modality.
            ShapeError: The vectors have other dimensions.
        """
        if modality not in self.modalities:
            raise unknown_name("modality of the projection", modality, self.modalities)
        dims = (self.tag_dim,) if modality == TAGS else self.song.dims
        if vectors.ndim != 2 or vectors.shape[1] != sum(dims):
            raise ShapeError(
                f"vectors of {modality} have shape {vectors.shape}, wanted (items, {sum(dims)})",
                hint="take the encoder that the space was made with",
            )
        streams = np.split(vectors, np.cumsum(dims)[:-1], axis=1)
        presence = np.stack([np.isfinite(one).all(axis=1) for one in streams], axis=1)
        points = np.full((len(vectors), self.embed_dim), np.nan, dtype=np.float32)
        some = presence.any(axis=1)
        place = self._place_tags if modality == TAGS else self._place_songs
        if some.any():
            points[some] = self.placed_in_blocks(place, vectors[some].astype(np.float32), presence[some])
        return points

    def _place_tags(self, vectors: Tensor, _presence: Tensor) -> Tensor:
        points: Tensor = self.tag(vectors)
        return points

    def _place_songs(self, vectors: Tensor, presence: Tensor) -> Tensor:
        fused: Fused = self.song(torch.split(vectors, list(self.song.dims), dim=1), presence)
        return fused.outputs

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The untrained network that settings describe."""
        dims = TypeAdapter(list[int]).validate_python(settings["song_dims"])
        config = TypeAdapter(TagSongConfig).validate_python(settings["network"])
        return cls(int(settings["tag_dim"]), str(settings["song_modality"]), dims, config)

    def settings(self) -> dict[str, Any]:
        """Plain values from which :meth:`of_settings` makes the network again."""
        return {
            "tag_dim": self.tag_dim,
            "song_modality": self.song_modality,
            "song_dims": list(self.song.dims),
            "network": dataclasses.asdict(self.config),
        }


def song_modality_of(streams: Mapping[str, int] | Sequence[str]) -> str:
    """What the vectors of songs are called: their one modality, or, of several side by side, that of the sound."""
    modalities = tuple(streams)
    return modalities[0] if len(modalities) == 1 else "audio"
