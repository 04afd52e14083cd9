"""Retrieval between modalities: how well items are found by their sound, cover or text among those of another modality.

Points come from a space (``tutti.models.spaces``) or a projection; what a found item is worth, from an ontology. The
metric is in ``graded_ranking``. That of listeners and words is elsewhere: ``cold_start``, ``tutti.search``.

References:
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 4.1.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.ontology import TOP_LABELS, Ontology
from tutti.errors import ConfigError, ShapeError, unknown_name
from tutti.evaluation.cold_start import mean_estimate
from tutti.evaluation.graded_ranking import expected_ndcg_at_k, graded_ndcg_at_k
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import FloatMatrix
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate
from tutti.files import write_text

Likeness = Literal["euclidean", "cosine"]
BLOCK_QUERIES = 256  # compared with all items at once


@dataclass(frozen=True, kw_only=True)
class RetrievalSettings:
    """How retrieval is scored.

    Attributes:
        depth: Of the rankings.
        likeness: ``euclidean`` ranks by distance, as Wu does; ``cosine`` by direction.
        removed: Labels that say too little to count.
        bootstrap: How intervals are drawn.
    """

    depth: int = 30
    likeness: Likeness = "euclidean"
    removed: tuple[str, ...] = TOP_LABELS
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ConfigError(f"depth={self.depth} is not positive", hint="give 1 or more, such as 30")
        if self.likeness not in get_args(Likeness):
            raise unknown_name("likeness", self.likeness, get_args(Likeness))


@dataclass(frozen=True, kw_only=True)
class RetrievalReport:
    """How well items of one modality are found by those of another.

    Attributes:
        model: What placed them.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: Whose labels count.
        n_unjudged: Items without a label that counts, which took no part.
        n_present: Of the items whose labels count, how many have each modality.
        settings: How it was scored. Intervals are over the queries, the items that are found staying the same.
        metrics: For each pair ``ndcg_<asks>_to_<answers>``, and the same of chance, ``…_random``.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    n_unjudged: int
    n_present: dict[str, int]
    settings: RetrievalSettings
    metrics: dict[str, Estimate]

    @property
    def setting(self) -> str:
        """On what, in words."""
        counted = f"{self.n_items} items ({self.n_unjudged} unjudged)"
        return f"{self.dataset}, split {self.split}, {counted}, bootstrap seed {self.settings.bootstrap.seed}"

    def line(self) -> str:
        """The scores in one line."""
        told = [f"{_words(name)} {value} (chance {chance.value:.3f})" for name, value, chance in self._rows()]
        return f"{self.model} on {self.setting}: NDCG@{self.settings.depth} {', '.join(told)}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"seed": self.settings.bootstrap.seed, **dataclasses.asdict(self)}

    def to_markdown(self) -> str:
        """A page with a table."""
        bootstrap = self.settings.bootstrap
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {bootstrap.level:.0%} intervals from {bootstrap.n_resamples:,} "
            f"bootstrap resamples of the queries. Items are ranked by {self.settings.likeness} likeness.",
            "",
            f"| found by | NDCG@{self.settings.depth} | chance |",
            "| --- | --- | --- |",
            *(f"| {_words(name)} | {value} | {chance.value:.3f} |" for name, value, chance in self._rows()),
        ]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def _rows(self) -> list[tuple[str, Estimate, Estimate]]:
        found = self.metrics
        return [(name, found[name], found[f"{name}_random"]) for name in found if not name.endswith("_random")]


def score_retrieval(
    points: Mapping[str, NDArray[np.float32]],
    labels: Sequence[Sequence[str]],
    ontology: Ontology,
    settings: RetrievalSettings | None = None,
    *,
    model: str = "",
    on: tuple[str, str] = ("", ""),
) -> RetrievalReport:
    """How well items are found across modalities, each asking every other.

    Args:
        points: Of each modality in one space, NaN in the rows of items without it. Shape (items, dimensions).
        labels: Of each item, as the ontology names them.
        ontology: Says what items have to do with each other.
        settings: How it is scored.
        model: What placed the items, for the report.
        on: Dataset and split, for the report.

    Raises:
        ConfigError: Too few items can be judged.
        ShapeError: The arrays do not fit.
        UnknownNameError: A label is not in the ontology.
    """
    settings = settings or RetrievalSettings()
    relevance = ontology.relevance(labels, labels, removed=settings.removed)
    metrics = retrieval_metrics(points, relevance, settings)
    judged = _judged(relevance)
    return RetrievalReport(
        model=model,
        dataset=on[0],
        split=on[1],
        n_items=int(judged.sum()),
        n_unjudged=int((~judged).sum()),
        n_present={name: len(_rows(some, judged)) for name, some in points.items()},
        settings=settings,
        metrics=metrics,
    )


def retrieval_metrics(
    points: Mapping[str, NDArray[np.float32]], relevance: NDArray[Any], settings: RetrievalSettings
) -> dict[str, Estimate]:
    """The metrics of a :class:`RetrievalReport`.

    Every item of the modality that asks is a query, all items of the other are ranked, its own partner among them.

    Args:
        points: As :func:`score_retrieval` takes them.
        relevance: Of all items to all items, such as
            :meth:`tutti.data.ontology.Ontology.relevance` gives. Shape (items, items).
        settings: How it is scored; ``removed`` is of no matter here.

    Raises:
        ConfigError: Too few items can be judged.
        ShapeError: The arrays do not fit.
    """
    shapes = {modality: some.shape for modality, some in points.items()}
    n_items = len(relevance)
    if len({shape[1:] for shape in shapes.values()}) != 1 or any(shape[0] != n_items for shape in shapes.values()):
        raise ShapeError(
            f"points of shapes {shapes} and relevance of shape {relevance.shape} do not fit",
            hint="give all modalities the same items and dimensions, and relevance (items, items)",
        )
    judged = _judged(relevance)
    rows = {name: _rows(some, judged) for name, some in points.items()}
    depth, found = settings.depth, dict[str, Estimate]()
    for asks, answers in permutations(points, 2):
        if len(rows[asks]) < 1 or len(rows[answers]) < depth:
            raise ConfigError(
                f"{len(rows[asks])} items with {asks} ask for {depth} of {len(rows[answers])} with {answers}",
                hint="lower the depth, or take more items with labels that the ontology knows",
            )
        wanted = relevance[np.ix_(rows[asks], rows[answers])]
        values, chance = _ndcg(points[asks][rows[asks]], points[answers][rows[answers]], wanted, settings)
        exists = ~np.isnan(values)
        if not exists.any():
            raise ConfigError(
                f"no item with {answers} has anything to do with one that has {asks}",
                hint="take an ontology that joins the labels of the items",
            )
        name = f"ndcg_{asks}_to_{answers}"
        found[name] = mean_estimate(values[exists], settings.bootstrap)
        found[f"{name}_random"] = mean_estimate(chance[exists], settings.bootstrap)
    return found


def _ndcg(
    queries: NDArray[np.float32], items: NDArray[np.float32], relevance: NDArray[Any], settings: RetrievalSettings
) -> tuple[FloatMatrix, FloatMatrix]:
    """Of each query what was reached, and what chance reaches."""
    asked, answered = queries.astype(np.float64), items.astype(np.float64)
    if settings.likeness == "cosine":
        lengths = np.linalg.norm(answered, axis=1, keepdims=True)
        answered = np.divide(answered, lengths, out=np.zeros_like(answered), where=lengths > 0)
    # The query's own length moves all distances alike. The halved squares are those of the items.
    squares = (answered**2).sum(axis=1) / 2 if settings.likeness == "euclidean" else 0.0
    reached, chance = [], []
    for begin in range(0, len(asked), BLOCK_QUERIES):
        rows = slice(begin, begin + BLOCK_QUERIES)
        reached.append(graded_ndcg_at_k(relevance[rows], asked[rows] @ answered.T - squares, k=settings.depth))
        chance.append(expected_ndcg_at_k(relevance[rows], k=settings.depth))
    return np.concatenate(reached), np.concatenate(chance)


def _judged(relevance: NDArray[Any]) -> NDArray[np.bool_]:
    judged: NDArray[np.bool_] = (~np.isnan(relevance)).any(axis=1)
    return judged


def _rows(points: NDArray[np.float32], judged: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.flatnonzero(judged & np.isfinite(points).all(axis=1))


def _words(metric: str) -> str:
    asks, answers = metric.removeprefix("ndcg_").split("_to_")
    return f"{answers} by {asks}"
