"""Maps of vectors: items that a model takes for alike lie side by side, coloured by label.

Here vectors come to the plane and items to their colours; spaces of several kinds of things are mapped in
``space_maps``. The page is drawn in ``tutti.serve.map_page``, the picture in
``map_figure``; the map of a catalogue's report, of what an index holds, is ``tutti.serve.atlas``.

References:
    Van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
    McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
    arXiv:1802.03426, 2018.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.labels import SPLITS
from tutti.data.track import Modality
from tutti.errors import ConfigError, MissingExtraError, import_extra, unknown_name
from tutti.evaluation.indexed_sounds import encode_items
from tutti.models.encoder_kinds import load_encoder
from tutti.models.encoders import ModalityEncoder
from tutti.models.model_folders import CONFIG, kind_in
from tutti.models.multimodal import MultimodalModel, find_multimodal
from tutti.models.sentence_retrieval import KIND as RETRIEVER
from tutti.models.sentence_retrieval import SentenceRetriever
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.space_models import is_space_model, load_space_model
from tutti.models.zoo import Zoo, load_model

Method = Literal["tsne", "umap", "pca"]
METHODS: tuple[Method, ...] = get_args(Method)
TITLES: dict[Method, str] = {"tsne": "t-SNE", "umap": "UMAP", "pca": "principal components"}
FEWEST = 8  # items for t-SNE and UMAP, which look at neighbours; fewer lie on principal components
MOST = 2_000
N_COLOURS = 8


@dataclass(frozen=True, kw_only=True)
class ItemMap:
    """Where items lie, and what colours them.

    Attributes:
        model: Whose vectors they are, and which.
        dataset: The catalogue's name.
        split: Of it.
        items: One a point.
        points: By the title of a projection, from 0 to 1. Each of shape (items, 2).
        colours: The label that colours each item; None of the others.
        coloured_by: What the labels are, in words.
        n_absent: Items that the model has no vector of, and which are not on the map.
        n_items: That it has one of; an even choice of at most ``MOST`` is drawn.
        seed: Of the projections.
        kinds: What each item is, such as ``songs`` or ``texts``; empty where all are of one kind.
    """

    model: str
    dataset: str
    split: str
    items: tuple[Item, ...]
    points: Mapping[str, NDArray[np.float32]]
    colours: tuple[str | None, ...]
    coloured_by: str
    n_absent: int
    n_items: int
    seed: int
    kinds: tuple[str, ...] = ()

    @property
    def legend(self) -> list[str]:
        """The labels that colour, the most common first."""
        counts = Counter(colour for colour in self.colours if colour is not None)
        return [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]

    @property
    def setting(self) -> str:
        """On what, in words."""
        sample = "" if len(self.items) == self.n_items else f", {len(self.items):,} of them drawn"
        absent = f", {self.n_absent:,} without a vector left out" if self.n_absent else ""
        counts = Counter(self.kinds)
        kinds = f" ({', '.join(f'{count:,} {kind}' for kind, count in counts.items())})" if self.kinds else ""
        return f"{self.dataset}, split {self.split}, {self.n_items:,} items{kinds}{sample}{absent}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class MapSettings:
    """What is mapped, and how.

    Attributes:
        split: ``train``, ``valid`` or ``test``, or ``all`` items.
        level: ``track`` or ``album``; of a multimodal model None takes its own, of others None is ``track``.
        modality: Of a multimodal model, the encoder whose vectors are taken; None takes what the fusion makes of all.
        colour_by: A fact of the catalogue, a word such as ``genre`` or words such as ``moods``; None takes the tags.
        methods: Projections; None takes t-SNE, and UMAP where it is installed.
        seed: Of the projections.
        sentences: A table of texts with their emotions (``tutti.data.sentences``), those of the split to be placed on
            the map of a space.
    """

    split: str = "test"
    level: str | None = None
    modality: str | None = None
    colour_by: str | None = None
    methods: tuple[str, ...] | None = None
    seed: int = 0
    sentences: Path | None = None

    def __post_init__(self) -> None:
        if self.split not in (*SPLITS, "all"):
            raise unknown_name("split", self.split, (*SPLITS, "all"))
        for method in self.methods or ():
            if method not in METHODS:
                raise unknown_name("projection", method, METHODS)


def map_model(model: str, on: Path, settings: MapSettings | None = None) -> ItemMap:
    """The map of what a model makes of a catalogue's items.

    Args:
        model: The folder of a space model, of a strategy of sentence-to-music, of a multimodal model, of a tagger or of
            one encoder, or a published name.
        on: The catalogue's folder.
        settings: What is mapped, and how.

    Raises:
        ConfigError: The model has no vector of any item, or a modality is asked of a model of one.
        UnknownNameError: There is no such model, modality or fact.
        MissingExtraError: A projection's package is not installed.
    """
    settings = settings or MapSettings()
    catalogue = Catalogue.open(on)
    if is_space_model(model) or model in Zoo().spaces():
        from tutti.evaluation.space_maps import map_space  # which draws on this module

        return map_space(load_space_model(model), catalogue, settings)
    if kind_in(Path(model)) == RETRIEVER:
        from tutti.evaluation.space_maps import map_retriever

        return map_retriever(SentenceRetriever.load(Path(model)), catalogue, settings)
    if settings.sentences is not None:
        raise ConfigError(f"{model} is no space that places sentences", hint="leave out the sentences, or name a space")
    facts = None if settings.colour_by is None else catalogue.facts()
    if settings.colour_by is not None:
        _check_fact(settings.colour_by, facts or {})  # before anything is listened to
    tracks = catalogue.tracks(where=None if settings.split == "all" else f"split = '{settings.split}'")
    tracks = [track for track in tracks if track.duplicate_of is None]
    multimodal = find_multimodal(model)
    if multimodal is not None:
        whole = MultimodalModel.load(multimodal)
        items = items_of(tracks, level=settings.level or whole.config.level, texts=whole.config.texts)
        name, vectors = _multimodal_vectors(whole, items, settings.modality)
    else:
        encoder = _encoder(model)
        if settings.modality not in (None, encoder.modality):
            raise ConfigError(
                f"{encoder.name} reads {encoder.modality} alone, not {settings.modality}", hint="leave out the modality"
            )
        items = items_of(tracks, level=settings.level or "track")
        name, vectors = encoder.name, encode_items(encoder, items, catalogue).vectors
    return map_items(name, items, vectors, settings, dataset=catalogue.folder.name, facts=facts)


def map_items(
    model: str,
    items: Sequence[Item],
    vectors: NDArray[np.float32],
    settings: MapSettings,
    *,
    dataset: str,
    facts: Mapping[str, Mapping[str, Any]] | None = None,
) -> ItemMap:
    """The map of items' vectors; rows of NaN, of items that a model knows nothing of, are left out.

    Args:
        model: Whose vectors they are.
        items: In the order of the vectors.
        vectors: Shape (items, dimensions).
        settings: How.
        dataset: What to call where the items come from.
        facts: By track id, where ``settings.colour_by`` names one.

    Raises:
        ConfigError: No item has a vector.
        UnknownNameError: Nothing has the fact.
        MissingExtraError: A projection's package is not installed.
    """
    present = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    if not len(present):
        raise ConfigError(
            f"{model} has no vector of any of {len(items)} items of {dataset} (split {settings.split})",
            hint="take another split or catalogue, whose items have what the model reads",
        )
    if settings.colour_by is not None:
        _check_fact(settings.colour_by, facts or {})
    rows = present[np.unique(np.linspace(0, len(present) - 1, min(len(present), MOST)).round().astype(int))]
    drawn = tuple(items[row] for row in rows.tolist())
    words = [_fact_of(item, settings.colour_by, facts or {}) if settings.colour_by else item.tags for item in drawn]
    return ItemMap(
        model=model,
        dataset=dataset,
        split=settings.split,
        items=drawn,
        points=_placed(vectors[rows], settings),
        colours=colours_of(words),
        coloured_by=settings.colour_by or "tag",
        n_absent=len(items) - len(present),
        n_items=len(present),
        seed=settings.seed,
    )


def place(vectors: NDArray[np.float32], *, method: Method, seed: int = 0) -> NDArray[np.float32]:
    """Vectors to points of the unit square, those at a small angle near each other. Shape (items, 2).

    Args:
        vectors: Of at least ``FEWEST`` items, unless the method is ``pca``. Shape (items, dimensions).
        method: ``tsne``, ``umap`` or ``pca``, which goes by distances instead of angles.
        seed: One seed gives one map, on one machine.

    Raises:
        MissingExtraError: The method's package is not installed.
    """
    if method == "pca":
        points = _principal_components(vectors)
    else:
        reducer = (_tsne if method == "tsne" else umap_reducer)(len(vectors), seed)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        points = np.asarray(reducer.fit_transform(vectors / np.maximum(lengths, 1e-12)), dtype=np.float32)
    return as_unit_square(points)


def as_unit_square(points: NDArray[Any]) -> NDArray[np.float32]:
    """Points moved and stretched to reach from 0 to 1 both ways. Shape (items, 2)."""
    low, high = points.min(axis=0, initial=np.inf), points.max(axis=0, initial=-np.inf)
    span = np.where(high > low, high - low, 1)
    return np.asarray((points - low) / span, dtype=np.float32)


def words_of(items: Sequence[Item], settings: MapSettings, catalogue: Catalogue) -> list[tuple[str, ...]]:
    """What may colour each item: its tags, or the fact of the catalogue that the settings name.

    Raises:
        UnknownNameError: Nothing has the fact.
    """
    if settings.colour_by is None:
        return [item.tags for item in items]
    facts = catalogue.facts()
    _check_fact(settings.colour_by, facts)
    return [_fact_of(item, settings.colour_by, facts) for item in items]


def colours_of(words: Sequence[Sequence[str]]) -> tuple[str | None, ...]:
    """The label that colours each item: the rarest of its labels that is among the eight most common ones.

    Where one label is on nearly every item, it would otherwise paint the whole map.

    >>> colours_of([["pop"], ["pop", "jazz"], ["pop"], []])
    ('pop', 'jazz', 'pop', None)
    """
    counts = Counter(word for some in words for word in dict.fromkeys(some))
    common = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:N_COLOURS])
    return tuple(
        min((word for word in some if word in common), key=lambda w: (common[w], w), default=None) for some in words
    )


def _encoder(model: str) -> ModalityEncoder:
    """Of a folder of any kind, or the tagger that a name means."""
    folder = Path(model)
    return load_encoder(folder) if (folder / CONFIG).is_file() else SoundEncoder(load_model(model))


def _multimodal_vectors(
    model: MultimodalModel, items: Sequence[Item], modality: str | None
) -> tuple[str, NDArray[np.float32]]:
    if modality is None:
        return model.name, model.predict(items).representation
    if modality not in model.encoders:
        raise unknown_name(f"modality of {model.name}", modality, model.encoders)
    return f"{model.name}, {modality}", model.encoders[cast(Modality, modality)].encode(items).vectors


def _placed(vectors: NDArray[np.float32], settings: MapSettings) -> dict[str, NDArray[np.float32]]:
    """By the title of the projection; without a choice, as many as can be."""
    if len(vectors) < FEWEST:
        return {TITLES["pca"]: place(vectors, method="pca")}
    chosen = cast("Sequence[Method]", settings.methods or ("tsne", "umap"))
    found = {}
    for method in chosen:
        try:
            found[TITLES[method]] = place(vectors, method=method, seed=settings.seed)
        except MissingExtraError:
            if settings.methods is not None or method == "tsne":
                raise
    return found


def _check_fact(name: str, facts: Mapping[str, Mapping[str, Any]]) -> None:
    known = {key for one in facts.values() for key, value in one.items() if _words(value)}
    if name not in known:
        raise unknown_name("fact that could colour items", name, known)


def _fact_of(item: Item, name: str, facts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The fact of its first track that has it as a text, or as a list of such."""
    found = (_words(facts.get(track.track_id, {}).get(name)) for track in item.tracks)
    return next((words for words in found if words), ())


def _words(value: Any) -> tuple[str, ...]:
    """A fact that is words; empty where it is something else."""
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str) and one)


def _tsne(n_items: int, seed: int) -> Any:
    manifold = import_extra("sklearn.manifold", extra="train", purpose="a map by t-SNE")
    return manifold.TSNE(perplexity=min(30.0, (n_items - 1) / 3), init="pca", random_state=seed)


def umap_reducer(n_items: int, seed: int) -> Any:
    """UMAP's own object for so many items, by the angle between vectors.

    Raises:
        MissingExtraError: umap-learn is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # that UMAP on TensorFlow is not installed
        umap = import_extra("umap", extra="report", purpose="a map by UMAP")
    return umap.UMAP(n_neighbors=min(15, n_items - 1), metric="cosine", min_dist=0.3, random_state=seed, n_jobs=1)


def _principal_components(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(vectors) < 2:
        return np.full((len(vectors), 2), 0.5, dtype=np.float32)
    left, singular, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    points = (left * singular)[:, :2]
    return np.asarray(np.pad(points, ((0, 0), (0, 2 - points.shape[1]))), dtype=np.float32)
