"""Space models: encoders of any modalities and a projection into one space, where what belongs together lies together.

Whatever learns to compare modalities is kept as such a bundle, and whatever searches, recommends or scores retrieval
takes one. A bundle is a folder::

    config.json            what follows here; its kind is "tutti space model"
    encoders/<modality>/   each encoder, as ``encoder_kinds`` loads it
    projection/            the projection, as ``encoder_kinds`` loads it
    README.md              the model card

How spaces are learned say ``tutti.training.spaces`` and its neighbours; their points in a catalogue are
``tutti.search``'s matter.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from tutti.data.items import TEXTS, Item
from tutti.data.track import Modality
from tutti.errors import ConfigError, ShapeError, UnknownNameError, unknown_name
from tutti.models.bundles import CARD
from tutti.models.cards import space_card
from tutti.models.encoder_kinds import load_encoder, load_projection
from tutti.models.encoders import ModalityEncoder, Progress, Projection, ReadsTexts
from tutti.models.model_folders import (
    CONFIG,
    SPACE_MODEL,
    checked_settings,
    fingerprint_of,
    kind_in,
    read_settings,
    settings_folder,
    taken_modalities,
)
from tutti.models.zoo import Zoo

FORMAT = 1
ENCODERS, PROJECTION = "encoders", "projection"
Points = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class SpaceModelConfig:
    """Everything about a space model but its encoders and its projection.

    Attributes:
        name: Of the model.
        level: What an item is, a track or an album.
        texts: Kinds of text that are read of an item, see :func:`tutti.data.items.items_of`.
        licence: Of the weights.
        source: Where they come from.
        data: What it learned from, and how much of it, in sentences.
        limits: What it is not good for, in sentences.
        training: The resolved recipe, or how it was made.
        scores: What it reached.
        calibration: What cosines mean in this space, such as those of texts and sounds that do not belong together.
    """

    name: str
    level: str = "track"
    texts: tuple[str, ...] = TEXTS
    licence: str = "unknown"
    source: str = "unknown"
    data: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", self.name):
            raise ConfigError(
                f"a space cannot be called {self.name!r}", hint="take letters, digits, dots, dashes: 'my-space'"
            )


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where items lie in a space.

    Attributes:
        points: Of each modality, of length 1, NaN in the rows of items without it. Shape (items, embed_dim).
        problems: By item id, for each modality what could not be read.
    """

    points: Mapping[str, Points]
    problems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class SpaceModel:
    """A space that files can be placed in. Load one with :meth:`load`.

    Attributes:
        config: Everything but encoders and projection.
        encoders: By modality.
        projection: Their vectors to points.

    Raises:
        ConfigError: There are no encoders.
    """

    def __init__(
        self, config: SpaceModelConfig, encoders: Mapping[Modality, ModalityEncoder], projection: Projection
    ) -> None:
        if not encoders:
            raise ConfigError(f"the space {config.name} has no encoders", hint="give the encoder of one modality")
        self.config = config
        self.encoders = dict(encoders)
        self.projection = projection

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model of a bundle.

        Raises:
            ModelError: The folder holds no space model, or a damaged or newer one.
        """
        folder = Path(folder)
        config, modalities = read_space_config(folder)
        encoders = {one: load_encoder(folder / ENCODERS / one) for one in modalities}
        return cls(config, encoders, load_projection(folder / PROJECTION))

    def save(self, folder: Path | str) -> None:
        """Write the model as a bundle; an existing one is replaced when the new one is complete.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values = {"format": FORMAT, "kind": SPACE_MODEL, "modalities": list(self.modalities)}
        values |= dataclasses.asdict(self.config)
        with settings_folder(Path(folder), values, what="space model") as partial:
            for modality, encoder in self.encoders.items():
                encoder.save(partial / ENCODERS / modality)
            self.projection.save(partial / PROJECTION)
            (partial / CARD).write_text(space_card({**values, "embed_dim": self.embed_dim}), encoding="utf-8")

    @property
    def name(self) -> str:
        """Of the model."""
        return self.config.name

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """That can be placed."""
        return tuple(self.encoders)

    @property
    def embed_dim(self) -> int:
        """Dimensions of the space."""
        return self.projection.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the points do."""
        encoders = {one: self.encoders[one].fingerprint for one in sorted(self.encoders)}
        read = {"level": self.config.level, "texts": self.config.texts}
        return fingerprint_of(json.dumps([read, encoders, self.projection.fingerprint]))

    def place(
        self, items: Sequence[Item], *, modalities: Sequence[str] | None = None, progress: Progress | None = None
    ) -> Placed:
        """The points of items by what there is of each.

        Args:
            items: Tracks or albums; ``items_of(tracks, level=config.level, texts=config.texts)`` makes them.
            modalities: Which are read; all of the model when None.
            progress: Told how many are done.

        Raises:
            UnknownNameError: The model does not read one of the modalities.
        """
        points: dict[str, Points] = {}
        problems: dict[str, dict[str, str]] = {}
        for modality in self.modalities if modalities is None else modalities:
            encoded = self._encoder(modality).encode(items, progress=progress)
            points[modality] = self.place_vectors(modality, encoded.vectors)
            for item_id, problem in encoded.problems.items():
                problems.setdefault(item_id, {})[modality] = problem
        return Placed(points=points, problems=problems)

    def place_texts(self, texts: Sequence[str]) -> Points:
        """The points of texts of any length, NaN where nothing could be read. Shape (texts, embed_dim).

        Raises:
            ConfigError: The space has no texts.
        """
        encoder = self.encoders.get("text")
        if not isinstance(encoder, ReadsTexts):
            raise ConfigError(
                f"the space {self.name} cannot place words; it places {', '.join(self.modalities)}",
                hint="search by what it places, or take a space that reads texts",
            )
        vectors, _, _ = encoder.encode_texts(texts)
        return self.place_vectors("text", vectors)

    def place_vectors(self, modality: str, vectors: NDArray[np.float32]) -> Points:
        """The points of what a modality's encoder gave, NaN where that is. Shape (items, embed_dim)."""
        return unit_rows(self.projection.project(modality, vectors))

    def _encoder(self, modality: str) -> ModalityEncoder:
        for known, encoder in self.encoders.items():
            if known == modality:
                return encoder
        raise unknown_name(f"modality of {self.name}", modality, self.modalities)


def unit_rows(points: NDArray[Any]) -> Points:
    """Each row divided by its length; NaN stays NaN, and a row of zeros, which points nowhere, becomes NaN.

    Args:
        points: Shape (items, dimensions).

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [nan, nan]]
    """
    lengths = np.linalg.norm(points.astype(np.float64), axis=1, keepdims=True)
    unit = np.divide(points, lengths, out=np.full(points.shape, np.nan), where=lengths > 0)
    return np.asarray(unit, dtype=np.float32)


def merged(points: Mapping[str, Points], weights: Mapping[str, float] | None = None) -> Points:
    """One point an item: the weighted mean of its points that are present, brought to length 1; NaN without any.

    Args:
        points: Of each modality, NaN where it is absent. Shape (items, dimensions).
        weights: Of modalities, 1 where none is given; 0 leaves a modality out.

    Raises:
        ConfigError: There are no modalities.
        ShapeError: The arrays do not fit.
    """
    if not points:
        raise ConfigError("there are no points to merge", hint="give those of one modality")
    shapes = {one.shape for one in points.values()}
    if len(shapes) > 1:
        raise ShapeError(
            f"points of shapes {sorted(shapes)} cannot be merged", hint="give all modalities the same items"
        )
    total = np.zeros(next(iter(shapes)), dtype=np.float64)
    for modality, some in points.items():
        weight = 1.0 if weights is None else weights.get(modality, 1.0)
        total += weight * np.nan_to_num(some)
    return unit_rows(total)


def read_space_config(folder: Path) -> tuple[SpaceModelConfig, tuple[Modality, ...]]:
    """The settings of a space model's bundle and what it places, without its encoders.

    Raises:
        ModelError: The folder holds no space model, or a damaged or newer one.
    """
    settings = read_settings(folder, kind=SPACE_MODEL, newest=FORMAT)
    origin = str(folder / CONFIG)
    modalities = taken_modalities(settings, origin=origin)
    return checked_settings(SpaceModelConfig, settings, origin=origin, what="space model"), tuple(modalities)


def is_space_model(folder: Path | str) -> bool:
    """Whether a folder holds a space model, readable or not."""
    return kind_in(Path(folder)) == SPACE_MODEL


def find_space_model(name: Path | str) -> Path:
    """The folder of a space model: of this name in the package or the zoo's folders, or else the one of this path.

    A folder of the name of a known space is meant by its path, such as ``./tutti-words``.

    Raises:
        UnknownNameError: There is none.
    """
    known = Zoo().spaces()
    if isinstance(name, str) and name in known:
        return known[name]
    if is_space_model(name):
        return Path(name)
    if str(name) not in known and Path(name).is_dir():
        raise UnknownNameError(
            f"{name} holds no space",
            hint="name the folder model/ of a run of a space, or one of the package: tutti-words",
        )
    if str(name) not in known:
        raise unknown_name("space", str(name), known)
    return known[str(name)]


def load_space_model(name: Path | str) -> SpaceModel:
    """A space model by its folder or its name.

    Raises:
        UnknownNameError: There is none.
        ModelError: It is damaged or newer.
    """
    return SpaceModel.load(find_space_model(name))
