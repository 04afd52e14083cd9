"""Multimodal models: encoders of several modalities, a fusion and a readout, for items of which any may be missing.

A bundle is a folder::

    config.json            what follows here; its kind is "tutti multimodal"
    model.safetensors      the fusion's weights
    encoders/<modality>/   each encoder, as ``encoder_kinds`` loads it
    space/                 the space of a stream that needs one
    listeners/             factors of the users whom a model of listening factors can rank items for
    README.md              the model card

How one is trained says ``tutti.training.fusion``; what fusions there are, ``tutti.models.fusion``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict

from tutti.data.items import TEXTS, Item
from tutti.data.track import Modality
from tutti.errors import ConfigError, ModelError, unknown_name
from tutti.listening.factors import Factors
from tutti.models.bundles import CARD
from tutti.models.cards import multimodal_card
from tutti.models.encoder_kinds import load_encoder, load_projection
from tutti.models.encoders import Encoded, ModalityEncoder, Progress, Projection
from tutti.models.fusion import Fusion, FusionConfig, build_fusion
from tutti.models.model_folders import (
    CONFIG,
    MULTIMODAL,
    arrays_of,
    checked_settings,
    fill_network,
    fingerprint_of,
    kind_in,
    read_settings,
    settings_folder,
    write_parameters,
)
from tutti.models.readouts import TARGETS, blank_readout
from tutti.models.zoo import Zoo

FORMAT = 1
ENCODERS, SPACE, LISTENERS = "encoders", "space", "listeners"
MODALITIES: tuple[str, ...] = get_args(Modality)
ROWS = 64  # fused at once, always as many: a result does not depend on its company


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A vector that the fusion takes.

    Attributes:
        modality: Whose encoder gives it.
        in_space: Take the place of the encoder's vector in the model's space instead of the vector itself.
    """

    modality: Modality
    in_space: bool = False

    @property
    def name(self) -> str:
        """Such as ``audio`` or ``audio in space``."""
        return f"{self.modality} in space" if self.in_space else self.modality


@dataclass(frozen=True, kw_only=True)
class MultimodalConfig:
    """Everything about a multimodal model but its weights and encoders.

    Attributes:
        name: Of the model.
        labels: In the order of the predictions; of values, their names.
        streams: In the order of the fusion.
        target: See :mod:`tutti.models.readouts`.
        n_outputs: Of the fusion.
        activation: Of label factors.
        fusion: How the streams are brought together.
        level: What an item is, a track or an album.
        texts: Kinds of text that are read.
        base_rates: Share of training items that carry a label.
        licence: Of the weights.
        source: Where they come from.
        training: The resolved recipe.
        scores: What it reached.
    """

    name: str
    labels: tuple[str, ...]
    streams: tuple[Stream, ...]
    target: str = "tags"
    n_outputs: int = 0
    activation: str = "linear"
    fusion: FusionConfig = field(default_factory=FusionConfig)
    level: str = "track"
    texts: tuple[str, ...] = TEXTS
    base_rates: dict[str, float] = field(default_factory=dict)
    licence: str = "unknown"
    source: str = "unknown"
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if not self.streams or not self.labels:
            raise ConfigError(f"the model {self.name} has no streams or no labels", hint="name at least one of each")
        if self.target not in TARGETS:
            raise unknown_name("target", self.target, TARGETS)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Of the streams, each once, in order."""
        return tuple(dict.fromkeys(stream.modality for stream in self.streams))

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``config.json``."""
        return {"format": FORMAT, "kind": MULTIMODAL, **dataclasses.asdict(self)}


@dataclass(frozen=True, kw_only=True)
class StreamVectors:
    """What encoders gave of some items.

    Attributes:
        vectors: Of each stream ``[items, dimensions]``, NaN where it is absent.
        presence: Shape ``[items, streams]``.
        problems: By item id, for each modality what could not be read.
    """

    vectors: tuple[NDArray[np.float32], ...]
    presence: NDArray[np.bool_]
    problems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def masked(self, presence: NDArray[np.bool_]) -> Self:
        """The same with less that is present; what is absent now is NaN too."""
        kept = self.presence & presence
        vectors = tuple(np.where(kept[:, i, None], one, np.nan) for i, one in enumerate(self.vectors))
        return dataclasses.replace(self, vectors=vectors, presence=kept)

    def rows(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Some of the items, in the order asked for."""
        vectors = tuple(one[which] for one in self.vectors)
        return dataclasses.replace(self, vectors=vectors, presence=self.presence[which])


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a model says of items; NaN in the rows of items of which nothing is present.

    Attributes:
        predictions: See the readout. Shape ``[items, labels]``.
        representation: What the fusion makes of them. Shape ``[items, dimensions]``.
        weights: The fusion's, over streams; None of early fusion. Shape ``[items, streams]``.
        presence: Of the streams. Shape ``[items, streams]``.
        problems: See :class:`StreamVectors`.
    """

    predictions: NDArray[np.float32]
    representation: NDArray[np.float32]
    weights: NDArray[np.float32] | None
    presence: NDArray[np.bool_]
    problems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class MultimodalModel:
    """A trained multimodal model. Load one with :meth:`load`.

    Attributes:
        config: Everything but weights and encoders.
        encoders: By modality.
        fusion: In evaluation mode.
        space: Of the streams in space, if there are any.
        listeners: Of a model of listening factors: the users' factors, and those of the tracks that it learned from.
    """

    def __init__(
        self,
        config: MultimodalConfig,
        encoders: Mapping[str, ModalityEncoder],
        fusion: Fusion,
        *,
        space: Projection | None = None,
        listeners: Factors | None = None,
    ) -> None:
        self.config = config
        self.encoders = dict(encoders)
        self.fusion = fusion.eval()
        self.space = space
        self.listeners = listeners

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model of a bundle.

        Raises:
            ModelError: The folder holds no multimodal bundle, or a damaged or newer one.
        """
        folder = Path(folder)
        config = read_multimodal_config(folder)
        encoders: dict[str, ModalityEncoder] = {one: load_encoder(folder / ENCODERS / one) for one in config.modalities}
        space = load_projection(folder / SPACE) if any(stream.in_space for stream in config.streams) else None
        fusion = untrained_fusion(config, stream_dims(config.streams, encoders, space))
        fill_network(fusion, folder, what="bundle")
        listeners = Factors.open(folder / LISTENERS) if config.target == "listening-factors" else None
        return cls(config, encoders, fusion, space=space, listeners=listeners)

    def save(self, folder: Path | str) -> None:
        """Write the model as a bundle; an existing one is replaced when the new one is complete.

        Raises:
            ModelError: The folder exists and is no bundle.
        """
        plain = self.config.to_json()
        with settings_folder(Path(folder), plain, what="multimodal bundle") as partial:
            write_parameters(self.fusion, partial)
            for modality, encoder in self.encoders.items():
                encoder.save(partial / ENCODERS / modality)
            if self.space is not None:
                self.space.save(partial / SPACE)
            if self.listeners is not None:
                self.listeners.save(partial / LISTENERS)
            (partial / CARD).write_text(multimodal_card(plain), encoding="utf-8")

    @property
    def name(self) -> str:
        """Of the model."""
        return self.config.name

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the predictions."""
        return self.config.labels

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What it reads."""
        return self.config.modalities

    @property
    def embed_dim(self) -> int:
        """Dimensions of the representation."""
        return int(self.describe(_nothing_but_zeros(self)).representation.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the predictions do."""
        plain = dataclasses.asdict(self.config)
        settings = {
            key: plain[key] for key in ("labels", "streams", "target", "activation", "fusion", "level", "texts")
        }
        if not self.config.fusion.n_hidden:  # was added later: models of before keep their fingerprints
            del settings["fusion"]["n_hidden"]
        encoders = {one: self.encoders[one].fingerprint for one in sorted(self.encoders)}
        parts = [settings, encoders, None if self.space is None else self.space.fingerprint]
        return fingerprint_of(json.dumps(parts), arrays_of(self.fusion))

    def encode(
        self, items: Sequence[Item], *, without: Iterable[str] = (), progress: Progress | None = None
    ) -> StreamVectors:
        """Vectors of items; files of modalities that are left out are not read.

        Raises:
            ConfigError: Every modality is left out.
            UnknownNameError: One is left out that the model does not read.
        """
        left_out = self.check_without(without)
        found = {
            modality: encoder.encode([] if modality in left_out else items, progress=progress)
            for modality, encoder in self.encoders.items()
        }
        for modality in left_out:
            absent = np.full((len(items), self.encoders[modality].embed_dim), np.nan, dtype=np.float32)
            found[modality] = Encoded(vectors=absent, presence=np.zeros(len(items), dtype=np.bool_))
        return stream_vectors(self.config.streams, found, self.space)

    def check_without(self, without: Iterable[str]) -> frozenset[str]:
        """The modalities that are left out.

        Raises:
            ConfigError: Every modality is left out.
            UnknownNameError: One is left out that the model does not read.
        """
        left_out = frozenset(without)
        for name in sorted(left_out):
            if name not in self.modalities:
                raise unknown_name(f"modality of {self.name}", name, self.modalities)
        if left_out == set(self.modalities):
            raise ConfigError(
                f"without {', '.join(sorted(left_out))} the model {self.name} has nothing to go by",
                hint="leave in one modality at least",
            )
        return left_out

    def predict(
        self, items: Sequence[Item], *, without: Iterable[str] = (), progress: Progress | None = None
    ) -> Described:
        """What the model says of items, going by what there is of each; errors as of :meth:`encode`."""
        return self.describe(self.encode(items, without=without, progress=progress))

    @torch.inference_mode()
    def describe(self, streams: StreamVectors) -> Described:
        """What the fusion makes of vectors."""
        rows = np.flatnonzero(streams.presence.any(axis=1))
        parts: list[tuple[NDArray[np.float32], ...]] = []
        for first in range(0, len(rows), ROWS):
            some = rows[first : first + ROWS]
            filled = np.resize(some, ROWS)
            fused = self.fusion(
                [torch.from_numpy(one[filled]) for one in streams.vectors], torch.from_numpy(streams.presence[filled])
            )
            given = (self.fusion.readout.predictions(fused.outputs), fused.representation, fused.weights)
            parts.append(tuple(one[: len(some)].numpy() for one in given if one is not None))
        matrices = [_with_gaps(list(one), rows, len(streams.presence)) for one in zip(*parts, strict=True)]
        if not matrices:  # nothing of any item
            matrices = [np.full((len(streams.presence), width), np.nan, np.float32) for width in (len(self.labels), 0)]
        return Described(
            predictions=matrices[0],
            representation=matrices[1],
            weights=matrices[2] if len(matrices) > 2 else None,
            presence=streams.presence,
            problems=streams.problems,
        )


def is_multimodal(folder: Path | str) -> bool:
    """Whether a folder holds a multimodal bundle, readable or not."""
    return kind_in(Path(folder)) == MULTIMODAL


def find_multimodal(name: Path | str) -> Path | None:
    """The folder of a multimodal bundle: the one of this path, or of this name in the zoo's folders; None of others."""
    folder = Path(name) if is_multimodal(name) else Zoo().own_bundles().get(str(name))
    return folder if folder is not None and is_multimodal(folder) else None


def read_multimodal_config(folder: Path) -> MultimodalConfig:
    """The configuration of a bundle.

    Raises:
        ModelError: There is none, or it is damaged, foreign or newer.
    """
    if not is_multimodal(folder):
        raise ModelError(f"{folder} holds no multimodal bundle", hint="name the folder model/ of a run of fusion")
    settings = read_settings(folder, kind=MULTIMODAL, newest=FORMAT)
    return checked_settings(MultimodalConfig, settings, origin=str(folder / CONFIG), what="bundle")


def untrained_fusion(config: MultimodalConfig, dims: Sequence[int]) -> Fusion:
    """The fusion of a configuration, its readout's buffers still to be loaded."""
    readout = blank_readout(config.target, len(config.labels), config.n_outputs, activation=config.activation)
    return build_fusion(dims, readout, config.fusion)


def stream_dims(
    streams: Sequence[Stream], encoders: Mapping[str, ModalityEncoder], space: Projection | None
) -> list[int]:
    """Dimensions of each stream."""
    return [
        space.embed_dim if stream.in_space and space is not None else encoders[stream.modality].embed_dim
        for stream in streams
    ]


def stream_vectors(streams: Sequence[Stream], found: Mapping[str, Encoded], space: Projection | None) -> StreamVectors:
    """The streams that follow from what encoders gave."""
    vectors = []
    for stream in streams:
        given = found[stream.modality]
        vectors.append(_placed(given, stream.modality, space) if stream.in_space and space else given.vectors)
    problems: dict[str, dict[str, str]] = {}
    for modality in dict.fromkeys(stream.modality for stream in streams):
        for item_id, problem in found[modality].problems.items():
            problems.setdefault(item_id, {})[modality] = problem
    presence = np.stack([found[stream.modality].presence for stream in streams], axis=1)
    return StreamVectors(vectors=tuple(vectors), presence=presence, problems=problems)


def _placed(given: Encoded, modality: Modality, space: Projection) -> NDArray[np.float32]:
    placed = np.full((len(given.vectors), space.embed_dim), np.nan, dtype=np.float32)
    if given.presence.any():
        placed[given.presence] = space.project(modality, given.vectors[given.presence])
    return placed


def _with_gaps(parts: list[NDArray[np.float32]], rows: NDArray[np.int64], n_items: int) -> NDArray[np.float32]:
    found = np.concatenate(parts)
    matrix = np.full((n_items, found.shape[1]), np.nan, dtype=np.float32)
    matrix[rows] = found
    return matrix


def _nothing_but_zeros(model: MultimodalModel) -> StreamVectors:
    vectors = tuple(np.zeros((1, dim), dtype=np.float32) for dim in model.fusion.dims)
    return StreamVectors(vectors=vectors, presence=np.ones((1, len(vectors)), dtype=np.bool_))


def check_modalities(names: Iterable[str]) -> tuple[Modality, ...]:
    """Modalities as typed.

    Raises:
        UnknownNameError: One is none.
    """
    known = ("audio", "image", "text")
    for name in names:
        if name not in known:
            raise unknown_name("modality", name, known)
    return cast(tuple[Modality, ...], tuple(names))
