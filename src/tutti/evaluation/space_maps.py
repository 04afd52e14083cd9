"""Maps of a space that several kinds of things lie in, such as songs, texts and tags.

The projection is fitted on one kind, songs, and the others are projected as it has learned: where a text lies on the
map says between which songs it lies in the space, and does not bend it. Maps of one model's items are ``maps``; pages
and pictures of both are drawn by the same ``tutti.serve.map_page`` and ``map_figure``.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, figure 3;
    in Won's thesis of 2021, figure 5.5.
    McInnes, Healy, Melville, "UMAP: Uniform Manifold Approximation and Projection", arXiv:1802.03426, 2018.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.sentences import Sentence, read_sentences
from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.maps import (
    FEWEST,
    TITLES,
    ItemMap,
    MapSettings,
    as_unit_square,
    colours_of,
    umap_reducer,
    words_of,
)
from tutti.evaluation.space_report import place_items
from tutti.models.encoders import ReadsTexts
from tutti.models.sentence_retrieval import SentenceRetriever
from tutti.models.space_models import SpaceModel, unit_rows

MOST_OF_KIND = 1_000
N_TAGS = 24  # the most common ones, which are placed by their names
MOST_SHOWN = 160  # characters of a sentence
KIND_TITLES = {"audio": "songs", "image": "covers", "text": "texts", "tags": "tags", "listening": "listening"}
AS_THEY_ARE = "as they are"  # what has two dimensions needs no projection

Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Things:
    """Things of one kind in a space.

    Attributes:
        kind: What they are, such as ``songs``.
        items: One a point; a text is an item with the text for its title.
        vectors: NaN where a thing is not placed. Shape (things, dimensions).
        words: That may colour each.
    """

    kind: str
    items: Sequence[Item]
    vectors: Vectors
    words: Sequence[Sequence[str]]

    def drawn(self) -> Things:
        """Those that are placed, an even choice where they are many."""
        present = np.flatnonzero(np.isfinite(self.vectors).all(axis=1))
        n_drawn = min(len(present), MOST_OF_KIND)
        rows = present[np.unique(np.linspace(0, len(present) - 1, n_drawn).round().astype(int))] if n_drawn else present
        return Things(
            kind=self.kind,
            items=[self.items[row] for row in rows.tolist()],
            vectors=self.vectors[rows],
            words=[self.words[row] for row in rows.tolist()],
        )


def map_things(
    model: str, things: Sequence[Things], settings: MapSettings, *, dataset: str, coloured_by: str
) -> ItemMap:
    """The map of several kinds of things in one space, fitted on the first.

    Args:
        model: Whose space it is.
        things: Songs first.
        settings: Its methods, if any, are ``umap`` and ``pca``; without, UMAP where it is installed.
        dataset: What to call where the things come from.
        coloured_by: What the colours are, in words.

    Raises:
        ConfigError: None of the first kind is placed, or t-SNE is asked for, which cannot place what it has not seen.
        MissingExtraError: A projection's package is not installed.
    """
    found = [one.drawn() for one in things]
    if not found or not found[0].items:
        raise ConfigError(
            f"{model} has placed none of the {things[0].kind if things else 'things'} of {dataset}",
            hint="take another split or catalogue, whose items have what the model reads",
        )
    kinds = tuple(one.kind for one in found for _ in one.items)
    n_placed = sum(int(np.isfinite(one.vectors).all(axis=1).sum()) for one in things)
    return ItemMap(
        model=model,
        dataset=dataset,
        split=settings.split,
        items=tuple(item for one in found for item in one.items),
        points={title: as_unit_square(np.concatenate(points)) for title, points in _placed(found, settings).items()},
        colours=colours_of([words for one in found for words in one.words]),
        coloured_by=coloured_by,
        n_absent=sum(len(one.items) for one in things) - n_placed,
        n_items=n_placed,
        seed=settings.seed,
        kinds=kinds,
    )


def map_space(model: SpaceModel, catalogue: Catalogue, settings: MapSettings) -> ItemMap:
    """The map of a catalogue's items in a space: a kind for each modality, tags by their names, and sentences if given.

    Args:
        model: The space.
        catalogue: Whose items are placed.
        settings: A modality there asks for it alone, without tags.

    Raises:
        ConfigError: Nothing can be placed.
        DatasetError: There are no sentences.
        UnknownNameError: The space has no such modality, or nothing has the fact that is to colour.
        MissingExtraError: A projection's package is not installed.
    """
    if settings.modality is not None and settings.modality not in model.modalities:
        raise unknown_name(f"modality of {model.name}", settings.modality, model.modalities)
    tracks = catalogue.tracks(where=None if settings.split == "all" else f"split = '{settings.split}'")
    tracks = [track for track in tracks if track.duplicate_of is None]
    items = items_of(tracks, level=settings.level or model.config.level, texts=model.config.texts)
    words = words_of(items, settings, catalogue)
    wanted = [one for one in ("audio", *model.modalities) if one in model.modalities]
    chosen = list(dict.fromkeys(wanted)) if settings.modality is None else [settings.modality]
    placed = place_items(model, items, catalogue, modalities=chosen)
    things = [
        Things(kind=KIND_TITLES.get(one, one), items=items, vectors=placed.points[one], words=words) for one in chosen
    ]
    if settings.modality is None:
        things += _tags(model, items)
    if settings.sentences is not None:
        asked = _chosen(settings.sentences, settings.split)
        things.append(_sentences(asked, model.place_texts([one.text for one in asked])))
    return map_things(
        model.name,
        [one for one in things if np.isfinite(one.vectors).all(axis=1).any()],
        settings,
        dataset=catalogue.folder.name,
        coloured_by=settings.colour_by or "tag",
    )


def map_retriever(model: SentenceRetriever, catalogue: Catalogue, settings: MapSettings) -> ItemMap:
    """The map of a catalogue's tracks, and of sentences, where a strategy of sentence-to-music puts them.

    Args:
        model: By any of the strategies; valence and arousal are drawn as they are.
        catalogue: Whose tracks are heard.
        settings: With sentences, if these are to be placed.

    Raises:
        ConfigError: No track can be heard.
        DatasetError: There are no sentences.
        UnknownNameError: Nothing has the fact that is to colour.
        MissingExtraError: A projection's package is not installed.
    """
    tracks = catalogue.tracks(where=None if settings.split == "all" else f"split = '{settings.split}'")
    tracks = [track for track in tracks if track.duplicate_of is None]
    items = items_of(tracks)
    vectors = {"audio": model.song_vectors([item.tracks[0] for item in items])}
    asked = None if settings.sentences is None else _chosen(settings.sentences, settings.split)
    if asked is not None:
        vectors["text"] = model.text_vectors([one.text for one in asked])
    places = model.places_of(vectors)
    things = [
        Things(kind="songs", items=items, vectors=places["audio"], words=words_of(items, settings, catalogue)),
        *([] if asked is None else [_sentences(asked, places["text"])]),
    ]
    return map_things(
        model.name, things, settings, dataset=catalogue.folder.name, coloured_by=settings.colour_by or "tag"
    )


def _tags(model: SpaceModel, items: Sequence[Item]) -> list[Things]:
    """The most common tags of the items, placed by their names; none where the space reads no words."""
    if not isinstance(model.encoders.get("text"), ReadsTexts):
        return []
    counts = Counter(tag for item in items for tag in item.tags)
    names = [tag for tag, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:N_TAGS]]
    if not names:
        return []
    return [
        Things(
            kind="tags",
            items=[Item(item_id=f"tag {name}", title=name) for name in names],
            vectors=model.place_texts(names),
            words=[[name] for name in names],
        )
    ]


def _chosen(path: Path, split: str) -> Sequence[Sentence]:
    """The sentences of a split, or all."""
    read = read_sentences(path)
    return read.sentences if split == "all" else read.of_split(split)


def _sentences(sentences: Sequence[Sentence], vectors: Vectors) -> Things:
    """Sentences, coloured by their emotions."""
    return Things(
        kind="sentences",
        items=[Item(item_id=one.sentence_id, title=one.text[:MOST_SHOWN], tags=(one.emotion,)) for one in sentences],
        vectors=vectors,
        words=[(one.emotion,) for one in sentences],
    )


def _placed(things: Sequence[Things], settings: MapSettings) -> dict[str, list[Vectors]]:
    """The points of every kind, by the title of the projection that was fitted on the first."""
    first, *others = [one.vectors for one in things]
    if first.shape[1] == 2:
        return {AS_THEY_ARE: [first, *others]}
    default = "umap" if importlib.util.find_spec("umap") else "pca"
    found: dict[str, list[Vectors]] = {}
    for method in settings.methods or (default,):
        if method == "tsne":
            raise ConfigError(
                "t-SNE cannot place texts on a map of songs: it knows only what it was fitted on",
                hint="take --method umap or --method pca",
            )
        if method == "umap" and len(first) >= FEWEST:
            found[TITLES["umap"]] = _by_umap(first, others, settings.seed)
        else:
            found[TITLES["pca"]] = _by_components(first, others)
    return found


def _by_umap(first: Vectors, others: Sequence[Vectors], seed: int) -> list[Vectors]:
    reducer: Any = umap_reducer(len(first), seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that one seed means one thread
        points = [reducer.fit_transform(unit_rows(first))]
        points += [reducer.transform(unit_rows(some)) if len(some) else np.zeros((0, 2)) for some in others]
    return [np.asarray(one, dtype=np.float32) for one in points]


def _by_components(first: Vectors, others: Sequence[Vectors]) -> list[Vectors]:
    """Principal components of the first kind; of one point, or of one dimension, what is missing is 0."""
    centre = first.mean(axis=0)
    axes = np.linalg.svd(first - centre, full_matrices=False)[2][:2]
    axes = np.pad(axes, ((0, 2 - len(axes)), (0, 0)))
    return [np.asarray((some - centre) @ axes.T, dtype=np.float32) for some in (first, *others)]
