"""Rankings whose items are relevant by degrees, and retrieval between modalities scored by them.

``ranking`` has the metrics where an item is relevant or is not. Here ``relevance`` is a number, 0 or more, such as
``tutti.data.ontology`` gives; it is NaN for items that cannot be judged, which are neither ranked nor counted. Gains
are the relevance itself, discounts 1 / log2(rank + 1), and the best order is that of all items that can be judged, not
only of those that were found.

Where even unrelated items have some relevance, so has a random order: read a score beside that of chance.

References:
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002.
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 4.1.
        They define the relevance of two labels; gains, discounts and the best order are our choice.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.cold_start import mean_estimate
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import FloatMatrix
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate
from tutti.files import write_text

Likeness = Literal["euclidean", "cosine"]
BLOCK_QUERIES = 256  # compared with all items at once


def graded_ndcg_at_k(relevance: NDArray[Any], scores: NDArray[Any], *, k: int) -> FloatMatrix:
    """Discounted cumulative gain of the first k items over that of the best order.

    Args:
        relevance: Of items to queries, 0 or more; NaN where it is not known. Shape (queries, items).
        scores: Higher where an item is ranked earlier; ties keep the order of the items. Shape (queries, items).
        k: Depth of the ranking.

    Returns:
        From 0 to 1, one a query; NaN where no item has any relevance. Shape (queries,).

    Raises:
        ShapeError: The matrices do not fit, a score is not a number, or k lies outside 1 to the number of items.

    >>> graded_ndcg_at_k(np.array([[3, 2, 0]]), np.array([[1, 2, 3]]), k=3).round(3).tolist()
    [0.648]
    """
    _check(relevance, k)
    if relevance.shape != scores.shape or not np.isfinite(scores).all():
        raise ShapeError(
            f"relevance has shape {relevance.shape}, scores {scores.shape}; both must be (queries, items), of numbers",
            hint="give a row a query and a column an item",
        )
    # Items that cannot be judged go behind all others, where they gain nothing.
    order = np.argsort(np.where(np.isnan(relevance), np.inf, -scores), axis=1, kind="stable")[:, :k]
    gained = np.nan_to_num(np.take_along_axis(relevance, order, axis=1)) @ _discounts(k)
    return _over_best(gained, relevance, k)


def expected_ndcg_at_k(relevance: NDArray[Any], *, k: int) -> FloatMatrix:
    """What :func:`graded_ndcg_at_k` gives on average over all orders of the items: chance.

    Raises:
        ShapeError: The relevance is no matrix, or k lies outside 1 to the number of items.

    >>> expected_ndcg_at_k(np.array([[1, 0]]), k=1).tolist()
    [0.5]
    """
    _check(relevance, k)
    n_judged = (~np.isnan(relevance)).sum(axis=1)
    mean = np.nansum(relevance, axis=1) / np.maximum(n_judged, 1)
    reached = np.concatenate([[0.0], np.cumsum(_discounts(k))])[np.minimum(n_judged, k)]
    return _over_best(mean * reached, relevance, k)


@dataclass(frozen=True, kw_only=True)
class RetrievalReport:
    """How well items of one modality are found by those of another.

    Attributes:
        model: What placed them.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: Of which at least two modalities were compared.
        n_unjudged: Items without a label that counts, which took no part.
        bootstrap: How intervals were drawn: over the queries, the items that are found staying the same.
        depth: Of the rankings.
        likeness: Of points.
        metrics: For each pair ``ndcg_<asks>_to_<answers>``, and the same of chance, ``…_random``.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    n_unjudged: int
    bootstrap: Bootstrap
    depth: int
    likeness: Likeness
    metrics: dict[str, Estimate]

    @property
    def setting(self) -> str:
        """On what, in words."""
        counted = f"{self.n_items} items ({self.n_unjudged} unjudged)"
        return f"{self.dataset}, split {self.split}, {counted}, bootstrap seed {self.bootstrap.seed}"

    def line(self) -> str:
        """The scores in one line."""
        told = [f"{_words(name)} {value} (chance {chance.value:.3f})" for name, value, chance in self._rows()]
        return f"{self.model} on {self.setting}: NDCG@{self.depth} {', '.join(told)}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"seed": self.bootstrap.seed, **dataclasses.asdict(self)}

    def to_markdown(self) -> str:
        """A page with a table."""
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            f"bootstrap resamples of the queries. Items are ranked by {self.likeness} likeness.",
            "",
            f"| found by | NDCG@{self.depth} | chance |",
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


def retrieval_metrics(
    points: Mapping[str, NDArray[np.float32]],
    relevance: NDArray[Any],
    *,
    depth: int = 30,
    likeness: Likeness = "euclidean",
    bootstrap: Bootstrap,
) -> dict[str, Estimate]:
    """The metrics of a :class:`RetrievalReport`: each modality asks, every other answers.

    Every item of the modality that asks is a query, all items of the other are ranked, its own partner among them.

    Args:
        points: Of each modality in one space, NaN in the rows of items without it. Shape (items, dimensions).
        relevance: Of all items to all items, such as
            :meth:`tutti.data.ontology.Ontology.relevance` gives. Shape (items, items).
        depth: Of the rankings.
        likeness: ``euclidean`` ranks by distance, as Wu does; ``cosine`` by direction.
        bootstrap: How intervals are drawn.

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
    judged = ~np.isnan(relevance).all(axis=1)
    rows = {name: np.flatnonzero(judged & np.isfinite(some).all(axis=1)) for name, some in points.items()}
    found: dict[str, Estimate] = {}
    for asks, answers in permutations(points, 2):
        if len(rows[asks]) < 1 or len(rows[answers]) < depth:
            raise ConfigError(
                f"{len(rows[asks])} items with {asks} ask for {depth} of {len(rows[answers])} with {answers}",
                hint="lower the depth, or take more items with labels that the ontology knows",
            )
        wanted = relevance[np.ix_(rows[asks], rows[answers])]
        values = _ndcg(points[asks][rows[asks]], points[answers][rows[answers]], wanted, depth, likeness)
        chance = expected_ndcg_at_k(wanted, k=depth)
        name = f"ndcg_{asks}_to_{answers}"
        found[name] = mean_estimate(values[~np.isnan(values)], bootstrap)
        found[f"{name}_random"] = mean_estimate(chance[~np.isnan(chance)], bootstrap)
    return found


def _ndcg(
    queries: NDArray[np.float32], items: NDArray[np.float32], relevance: NDArray[Any], depth: int, likeness: Likeness
) -> FloatMatrix:
    asked, answered = queries.astype(np.float64), items.astype(np.float64)
    if likeness == "cosine":
        lengths = np.linalg.norm(answered, axis=1, keepdims=True)
        answered = np.divide(answered, lengths, out=np.zeros_like(answered), where=lengths > 0)
    # The query's own length moves all distances alike. The halved squares are those of the items.
    squares = (answered**2).sum(axis=1) / 2 if likeness == "euclidean" else 0.0
    blocks = [slice(begin, begin + BLOCK_QUERIES) for begin in range(0, len(asked), BLOCK_QUERIES)]
    return np.concatenate(
        [graded_ndcg_at_k(relevance[rows], asked[rows] @ answered.T - squares, k=depth) for rows in blocks]
    )


def _check(relevance: NDArray[Any], k: int) -> None:
    if relevance.ndim != 2 or not 1 <= k <= relevance.shape[1] or (relevance < 0).any():
        raise ShapeError(
            f"relevance of shape {relevance.shape} cannot be ranked to a depth of {k}",
            hint="give 0 or more in (queries, items), and k from 1 to the number of items",
        )


def _discounts(k: int) -> FloatMatrix:
    discounts: FloatMatrix = 1 / np.log2(np.arange(2, k + 2))
    return discounts


def _over_best(gained: NDArray[Any], relevance: NDArray[Any], k: int) -> FloatMatrix:
    best = -np.sort(-np.nan_to_num(relevance), axis=1)[:, :k] @ _discounts(k)
    found: FloatMatrix = np.full(len(best), np.nan)
    np.divide(gained, best, out=found, where=best > 0)
    return found


def _words(metric: str) -> str:
    asks, answers = metric.removeprefix("ndcg_").split("_to_")
    return f"{answers} by {asks}"
