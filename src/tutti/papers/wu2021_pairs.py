"""What the experiments of Wu, Fuentes and Bello 2021 are run on: pairs, their roles, vectors and spaces.

The paper has three sets of AudioSet clips that share none: 130,000 pairs to learn a translation from, without labels;
10,000 to retrieve; 18 classes of 1,000 to classify. A user's folder has what it has: pairs with exactly one of the
classes are classified, all others are translated and retrieved, and where there are no others, the classified ones are,
by the same split. What is done with all this is ``wu2021``'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict

from tutti.data.catalogue import Catalogue
from tutti.data.datasets.audioset_pairs import CLASSES, ONTOLOGY, instrument_class
from tutti.data.items import Item, items_of
from tutti.data.ontology import Ontology, read_ontology
from tutti.data.world.taxonomy import GENRES, PARENTS
from tutti.errors import ConfigError
from tutti.evaluation.agnostic import Clips
from tutti.models.covers import CoverConfig, CoverEncoder, build_cover_network
from tutti.models.encoder_kinds import load_encoder
from tutti.models.encoders import ModalityEncoder, Projection
from tutti.models.model_folders import CONFIG
from tutti.models.projections import PrincipalComponents
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.zoo import load_model
from tutti.papers.experiment import ExperimentOrder, checked_settings
from tutti.training.kept_vectors import encoded_once
from tutti.training.spaces import SpaceTraining, train_space

DATASET = "audioset-pairs"
MODALITIES = ("audio", "image")
SMOKE_IMAGE = CoverConfig(side=32, n_channels=8)
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class WuSettings:
    """Settings of the experiments, as ``--set`` gives them.

    Attributes:
        audio: Encoders of sounds by the names that results call them: folders, or published taggers.
        image: Encoders of pictures: folders, or names of a ResNet on the hub that lies in its cache.
        catalogue: Of a generated world, instead of the dataset: pairs are tracks and covers, classes its main genres.
        space: The translation.
        n_components: That a modality is brought to where nothing is translated.
        depth: Of the rankings.
        n_each: Pairs of a class, at most.
        per_class: Items of the target that are added for each class; None doubles until all are in.
        n_trees: Of the forests.
        max_depth: Of their trees.
    """

    audio: Mapping[str, str] = field(default_factory=lambda: {"tutti-small": "tutti-small"})
    image: Mapping[str, str] = field(default_factory=lambda: {"resnet50": "microsoft/resnet-50"})
    catalogue: str | None = None
    space: SpaceTraining = field(default_factory=lambda: SpaceTraining(preset="wu2021-paper"))
    n_components: int = 128
    depth: int = 30
    n_each: int = 1000
    per_class: tuple[int, ...] | None = None
    n_trees: int = 100
    max_depth: int = 32

    __pydantic_config__ = ConfigDict(extra="forbid")


UNTRAINED = "untrained"  # the place of a small network that a smoke run makes
SMOKE: dict[str, Any] = {
    "space": {"preset": "wu2021-paper", "epochs": 3, "batch_size": 16, "accelerator": "cpu"},
    "n_components": 8,
    "depth": 5,
    "n_trees": 20,
}


def read_settings(order: ExperimentOrder, *, unused: Mapping[str, str] | None = None) -> WuSettings:
    """The settings of an order.

    Args:
        order: What was asked for.
        unused: Settings that this experiment does not read, and why.

    Raises:
        ConfigError: One is unknown, makes no sense, or would not be read.
    """
    plain = order.plain_settings(published={"space": {"preset": "wu2021-paper"}}, smoke=SMOKE)
    if order.smoke:
        plain.setdefault("image", {"small-resnet": UNTRAINED})
    order.refuse_unused(unused or {}, hint="leave it out; it belongs to another figure")
    names = list(WuSettings.__annotations__)
    return checked_settings(
        WuSettings, plain, hint=f"settings: audio.NAME, image.NAME, space.…, {', '.join(names[2:-1])}"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Items with both modalities, and what each is for.

    Attributes:
        title: Of the data.
        items: All of them.
        labels: Of each, as the ontology names them.
        ontology: Says what labels have to do with each other.
        clips: Classes, and which items are learned from and asked about.
        train: Items that a space is learned from.
        valid: Items that tell its best epoch.
        found: Items that are retrieved.
        note: How these sets came about.
    """

    title: str
    items: Sequence[Item]
    labels: Sequence[tuple[str, ...]]
    ontology: Ontology
    clips: Clips
    train: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    found: NDArray[np.bool_]
    note: str

    def told(self, order: ExperimentOrder, vectors: Mapping[str, Vectors]) -> str:
        """On what, in words, and how many items an encoder had nothing to read of."""
        counts = {name: int(np.isnan(some).any(axis=1).sum()) for name, some in vectors.items()}
        absent = "".join(f", {count:,} that {name} could not read" for name, count in counts.items() if count)
        return f"{self.title}, {len(self.items):,} items{absent}, seed {order.seed}; {self.note}"


def read_pairs(order: ExperimentOrder, settings: WuSettings) -> Pairs:
    """The pairs of the dataset, or those of a generated world.

    Raises:
        ConfigError: The data are not here, or no pair is labelled.
        DatasetError: A list is missing or broken.
        CatalogueError: There is no catalogue.
    """
    if order.smoke or settings.catalogue is not None:
        world = order.world(settings.catalogue)
        items, labels = _world_items(world)
        classes = [GENRES[name].parent for (name,) in labels]
        title = f"world {world.folder.name}" if settings.catalogue else "tiny world"
        return _pairs(title, items, labels, classes, ontology=_world_ontology(), n_each=settings.n_each)
    ontology = read_ontology(order.root(DATASET) / ONTOLOGY)
    catalogue = order.catalogue(DATASET, protocol="pairs")
    items = items_of(catalogue.tracks())
    labels = [item.tags for item in items]
    found = [instrument_class(some) for some in labels]
    return _pairs("AudioSet pairs", items, labels, found, ontology=ontology, n_each=settings.n_each, names=CLASSES)


def _world_items(catalogue: Catalogue) -> tuple[list[Item], list[tuple[str, ...]]]:
    """Tracks of a generated world, and the genre of each."""
    facts = catalogue.facts()
    items = items_of(catalogue.tracks())
    try:
        return items, [(str(facts[item.item_id]["genre"]),) for item in items]
    except KeyError:
        raise ConfigError(
            f"{catalogue.folder} is no generated world: the genre of its tracks is not known",
            hint="make one: tutti world demo -o FOLDER",
        ) from None


def _world_ontology() -> Ontology:
    families = {parent: [name for name, genre in GENRES.items() if genre.parent == parent] for parent in PARENTS}
    return Ontology.from_children({"music": PARENTS, **families})


def _pairs(
    title: str,
    items: Sequence[Item],
    labels: Sequence[tuple[str, ...]],
    classes: Sequence[str | None],
    *,
    ontology: Ontology,
    n_each: int,
    names: Sequence[str] | Mapping[str, Any] = (),
) -> Pairs:
    splits = np.array([item.split for item in items])
    occurring = {name for name in classes if name is not None}
    if not occurring:
        raise ConfigError(
            "no pair has exactly one of the classes", hint="add labels.tsv: tutti datasets show audioset-pairs"
        )
    kept = [name for name in names if name in occurring] or sorted(occurring)
    numbers = np.array([kept.index(name) if name in occurring else -1 for name in classes])
    chosen = _first_of_each(numbers, n_each)
    clips = Clips(
        classes=numbers, names=kept, is_train=chosen & (splits != "test"), is_test=chosen & (splits == "test")
    )
    others, is_apart = ~chosen, True
    if (others & (splits == "train")).sum() < 2 or not (others & (splits == "test")).any():
        others, is_apart = np.ones(len(items), dtype=np.bool_), False
    return Pairs(
        title=title,
        items=items,
        labels=labels,
        ontology=ontology,
        clips=clips,
        train=others & (splits == "train"),
        valid=others & (splits == "valid"),
        found=others & (splits == "test"),
        note="translated and retrieved are pairs that are not classified"
        if is_apart
        else "translated and retrieved are the classified pairs themselves, by the same split: there are no others",
    )


def _first_of_each(numbers: NDArray[np.int64], n_each: int) -> NDArray[np.bool_]:
    """Which items have a class, at most so many of each, in a drawn order."""
    chosen = np.zeros(len(numbers), dtype=np.bool_)
    order = np.random.default_rng(0).permutation(len(numbers))
    for number in range(numbers.max() + 1):
        chosen[order[numbers[order] == number][:n_each]] = True
    return chosen


def load_place(modality: str, place: str, *, smoke: bool = False) -> ModalityEncoder:
    """The encoder that a setting names.

    Raises:
        ConfigError: There is none, or one of another modality.
    """
    if (Path(place) / CONFIG).exists():
        encoder = load_encoder(Path(place))
    elif modality == "audio":
        encoder = SoundEncoder(load_model(place))
    elif smoke and place == UNTRAINED:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            encoder = CoverEncoder(SMOKE_IMAGE, build_cover_network(SMOKE_IMAGE))
    else:
        config = CoverConfig(architecture="resnet101" if "101" in place else "resnet50", weights=place)
        encoder = CoverEncoder(config, build_cover_network(config))
    if encoder.modality != modality:
        raise ConfigError(f"{place} encodes {encoder.modality}, not {modality}", hint=f"set {modality}.NAME=FOLDER")
    return encoder


def encode_pairs(order: ExperimentOrder, pairs: Pairs, modality: str, places: Mapping[str, str]) -> dict[str, Vectors]:
    """Vectors of all items by the encoders' names; what an earlier run encoded is taken from the folder.

    Raises:
        ConfigError: There is no such encoder.
        ModelError: It cannot be loaded.
    """
    found = {}
    for name, place in places.items():
        encoder = load_place(modality, place, smoke=order.smoke)
        encoded = encoded_once(encoder, pairs.items, order.folder / "vectors", order.tell, quiet=order.quiet)
        for item_id, reason in encoded.problems.items():
            order.tell(f"{item_id}: {reason}")
        found[name] = encoded.vectors
    return found


def translation(
    order: ExperimentOrder, pairs: Pairs, vectors: Mapping[str, Vectors], settings: WuSettings, *, name: str
) -> Projection:
    """The space of two encoders, learned from pairs without labels."""
    train, valid = ({key: some[rows] for key, some in vectors.items()} for rows in (pairs.train, pairs.valid))
    order.tell(f"learning to translate {name} from {pairs.train.sum():,} pairs")
    folder = order.folder / "spaces" / name
    return train_space(train, valid, settings.space, folder=folder, seed=order.seed, quiet=order.quiet)


def components(pairs: Pairs, vectors: Mapping[str, Vectors], settings: WuSettings) -> Projection:
    """The principal components of each modality, of as many dimensions as both have.

    The paper does not say what they were fitted on: here, on the pairs that a translation is learned from.
    """
    rows = {key: some[pairs.train] for key, some in vectors.items()}
    most = min(min(np.isfinite(some).all(axis=1).sum(), some.shape[1]) for some in rows.values())
    return PrincipalComponents.fit(rows, embed_dim=min(settings.n_components, int(most)))
