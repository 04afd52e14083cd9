"""Retrieval across modalities: a point of one modality, or of several merged, asks for the same item in others.

Every direction is scored by itself: Recall@1, 5 and 10, mAP@10, MRR, NDCG@10 and the median rank, with intervals over
queries, and beside each what a random order gives. A query has one right answer, the point of its own item: mAP without
a depth would be MRR. Items of equal similarity share their ranks: each metric is its mean over all orders of a tie.
Where items are relevant by labels, see ``retrieval``; where queries are tags, see ``tag_retrieval``.

Beside the scores of a direction stands its ``hubness``.

References:
    Hodosh et al., "Framing image description as a ranking task", JAIR 47, 2013 (recall at k, median rank).
    McSherry and Najork, "Computing information retrieval performance measures efficiently in the presence of tied
        scores", ECIR 2008.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.cold_start import mean_estimate
from tutti.evaluation.hubness import DEPTH, Hubness, check_compared, hubness
from tutti.evaluation.intervals import Bootstrap, Difference, difference_of_samples
from tutti.evaluation.missing import subset_title, subsets
from tutti.evaluation.multilabel import FloatMatrix
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate, seeds_in_words, without_nan
from tutti.files import write_text
from tutti.models.space_models import Points, merged

DEPTHS = (1, 5, 10)
BLOCK = 1024  # queries compared at once
TITLES = {
    **{f"recall_at_{k}": f"R@{k}" for k in DEPTHS},
    "median_rank": "median rank",
    "map_at_10": "mAP@10",
    "mrr": "MRR",
    "ndcg_at_10": "NDCG@10",
}


@dataclass(frozen=True, kw_only=True)
class Direction:
    """Which modalities ask, merged, and which answer, merged."""

    asks: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def title(self) -> str:
        """Such as ``audio + image → text``."""
        return f"{subset_title(self.asks)} → {subset_title(self.answers)}"


def directions(modalities: Sequence[str]) -> tuple[Direction, ...]:
    """Every choice of modalities that asks for one other, and each that asks for all others merged.

    >>> [direction.title for direction in directions(["audio", "text"])]
    ['text → audio', 'audio → text']
    """
    found = []
    for answer in modalities:
        others = [one for one in modalities if one != answer]
        found += [Direction(asks=some, answers=(answer,)) for some in sorted(subsets(others), key=len)]
    if len(modalities) > 2:
        all_others = ((one, tuple(other for other in modalities if other != one)) for one in modalities)
        found += [Direction(asks=(one,), answers=others) for one, others in all_others]
    return tuple(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranks:
    """Where each query's own item stands.

    Attributes:
        n_before: Items that are more similar. Shape (queries,).
        n_tied: Others that are as similar. Shape (queries,).
        n_items: That are ranked.
    """

    n_before: NDArray[np.int64]
    n_tied: NDArray[np.int64]
    n_items: int

    def recall_at_k(self, k: int) -> FloatMatrix:
        """How likely each one's item is among the first k, all orders of a tie alike. Shape (queries,)."""
        found: FloatMatrix = np.clip((k - self.n_before) / (self.n_tied + 1), 0, 1)
        return found

    def mean_gain(self, gains: FloatMatrix) -> FloatMatrix:
        """The mean over the ranks of a tie of what a rank gains. ``gains`` has shape (items,). Shape (queries,)."""
        sums = np.concatenate([[0.0], np.cumsum(gains)])
        ends = self.n_before + self.n_tied + 1
        found: FloatMatrix = (sums[ends] - sums[self.n_before]) / (self.n_tied + 1)
        return found

    @property
    def middle(self) -> FloatMatrix:
        """The rank, from 1; of a tie the middle one."""
        middle: FloatMatrix = self.n_before + self.n_tied / 2 + 1
        return middle


def ranks_of_partners(asking: Points, answering: Points, partners: NDArray[np.int64]) -> Ranks:
    """Ranks by similarity, the inner product.

    Args:
        asking: Shape (queries, embed_dim).
        answering: Shape (items, embed_dim).
        partners: The row of each query's own item. Shape (queries,).

    Raises:
        ShapeError: The arrays do not fit.
    """
    check_compared(asking, answering)
    before, tied = np.zeros(len(asking), dtype=np.int64), np.zeros(len(asking), dtype=np.int64)
    for first in range(0, len(asking), BLOCK):
        rows = slice(first, first + BLOCK)
        similarity = asking[rows] @ answering.T
        own = similarity[np.arange(len(similarity)), partners[rows]][:, None]
        before[rows], tied[rows] = (similarity > own).sum(axis=1), (similarity == own).sum(axis=1) - 1
    return Ranks(n_before=before, n_tied=tied, n_items=len(answering))


@dataclass(frozen=True, kw_only=True)
class DirectionScores:
    """How well one choice of modalities finds another.

    Attributes:
        direction: Which.
        n_queries: Items that have all modalities on both sides.
        n_items: That are ranked: those that have what answers.
        metrics: By the names of ``TITLES``.
        chance: The same metrics of a random order.
        hubness: Of the items.
    """

    direction: Direction
    n_queries: int
    n_items: int
    metrics: dict[str, Estimate]
    chance: dict[str, float]
    hubness: Hubness


def score_direction(
    points: Mapping[str, Points],
    direction: Direction,
    *,
    bootstrap: Bootstrap,
    weights: Mapping[str, float] | None = None,
) -> DirectionScores:
    """How well one choice of modalities finds another.

    Args:
        points: Of each modality, of length 1, NaN where an item lacks it. Shape (items, embed_dim).
        direction: What asks for what.
        bootstrap: How intervals are drawn, over queries.
        weights: Of modalities where they are merged.

    Raises:
        ConfigError: Fewer than two items have what is asked for, or none has both.
    """
    queries, rows, asking, answering = _compared(points, direction, weights)
    ranks = ranks_of_partners(asking, answering, np.searchsorted(rows, queries))
    metrics = {name: _share(values, bootstrap) for name, values in _per_query(ranks).items()}
    metrics["median_rank"] = median_estimate(ranks.middle, bootstrap)
    of_all = Ranks(n_before=np.zeros(1, np.int64), n_tied=np.array([len(rows) - 1]), n_items=len(rows))
    chance = {name: float(values[0]) for name, values in _per_query(of_all).items()}
    return DirectionScores(
        direction=direction,
        n_queries=len(queries),
        n_items=len(rows),
        metrics={name: metrics[name] for name in TITLES},
        chance=chance | {"median_rank": (len(rows) + 1) / 2},
        hubness=hubness(asking, answering),
    )


def _compared(
    points: Mapping[str, Points], direction: Direction, weights: Mapping[str, float] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], Points, Points]:
    """The rows that ask and those that answer, and their points."""
    answers, asks = (_complete(points, some) for some in (direction.answers, direction.asks))
    rows, queries = np.flatnonzero(answers), np.flatnonzero(answers & asks)
    if len(rows) < 2 or not len(queries):
        raise ConfigError(
            f"{direction.title}: {len(rows)} items can be found and {len(queries)} can ask",
            hint="take a catalogue or a split in which more items have these modalities",
        )
    asking, answering = (
        merged({name: points[name][some] for name in names}, weights)
        for names, some in ((direction.asks, queries), (direction.answers, rows))
    )
    # Points of opposite directions merge into none; such an item answers nothing and its query finds nothing.
    return queries, rows, np.nan_to_num(asking), np.nan_to_num(answering)


def reciprocal_ranks(points: Mapping[str, Points], direction: Direction) -> FloatMatrix:
    """Of each item that asks, the mean over all orders of a tie of one over the rank of its own; NaN of others.

    Args:
        points: Of each modality, of length 1, NaN where an item lacks it. Shape (items, embed_dim).
        direction: What asks for what.

    Returns:
        Shape (items,). Their mean is MRR.

    Raises:
        ConfigError: There is nothing to find, or nothing that asks.
    """
    queries, rows, asking, answering = _compared(points, direction, None)
    ranks = ranks_of_partners(asking, answering, np.searchsorted(rows, queries))
    found: FloatMatrix = np.full(len(points[direction.asks[0]]), np.nan)
    found[queries] = ranks.mean_gain(1 / np.arange(1, ranks.n_items + 1))
    return found


def paired_difference(first: FloatMatrix, second: FloatMatrix, *, bootstrap: Bootstrap) -> Difference:
    """The mean of the first less that of the second, over the items that have both numbers; both see the same draws.

    Args:
        first: A number an item, such as :func:`reciprocal_ranks`; NaN without one. Shape (items,).
        second: The same.
        bootstrap: How the interval is drawn.

    Raises:
        ShapeError: The shapes differ, or no item has both.
    """
    both = np.isfinite(first) & np.isfinite(second) if first.shape == second.shape else np.zeros(0, dtype=np.bool_)
    if not both.any():
        raise ShapeError(
            f"numbers of shapes {first.shape} and {second.shape} cannot be compared", hint="score the same items twice"
        )
    gained = (first - second)[both]
    samples = [weights @ gained / len(gained) for weights in bootstrap.weights(len(gained), n_labels=1)]
    return difference_of_samples(np.concatenate(samples), float(gained.mean()), bootstrap)


def _per_query(ranks: Ranks) -> dict[str, FloatMatrix]:
    places = np.arange(1, ranks.n_items + 1)
    reached = places <= DEPTH
    found = {f"recall_at_{k}": ranks.recall_at_k(k) for k in DEPTHS}
    found["map_at_10"] = ranks.mean_gain(reached / places)
    found["mrr"] = ranks.mean_gain(1 / places)
    found["ndcg_at_10"] = ranks.mean_gain(reached / np.log2(places + 1))
    return found


def _share(values: FloatMatrix, bootstrap: Bootstrap) -> Estimate:
    """The mean of numbers from 0 to 1; an interval that was moved for its bias ends there too."""
    found = mean_estimate(values, bootstrap)
    return dataclasses.replace(found, low=max(0.0, found.low))


def median_estimate(values: FloatMatrix, bootstrap: Bootstrap) -> Estimate:
    """The median of one number an item, and its percentile interval over the items. ``values`` has shape (items,)."""
    order = np.argsort(values, kind="stable")
    ordered, medians = values[order], []
    for weights in bootstrap.weights(len(values), n_labels=1):
        sums = weights[:, order].cumsum(axis=1)
        for rank in ((len(values) - 1) // 2, len(values) // 2):  # the two in the middle, of an odd number the same
            medians.append(ordered[(sums > rank).argmax(axis=1)])
    samples = np.concatenate([(low + high) / 2 for low, high in zip(medians[::2], medians[1::2], strict=True)])
    low, high = np.quantile(samples, [(1 - bootstrap.level) / 2, (1 + bootstrap.level) / 2])
    return Estimate(value=float(np.median(values)), low=float(low), high=float(high))


@dataclass(frozen=True, kw_only=True)
class CrossModalReport:
    """How well modalities find each other in a space.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: Items that were placed; each direction says how many of them take part.
        n_present: Items with each modality.
        bootstrap: How intervals were drawn.
        directions: The scores.
        left_out: Directions that nothing can be said of, and why.
        problems: Items of which something could not be read, and what.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    n_present: dict[str, int]
    bootstrap: Bootstrap
    directions: tuple[DirectionScores, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {seeds}"

    @property
    def metrics(self) -> dict[str, Estimate]:
        """All scores by name, such as ``mrr audio → text``."""
        return {
            f"{name} {one.direction.title}": estimate
            for one in self.directions
            for name, estimate in one.metrics.items()
        }

    def line(self) -> str:
        """What single modalities find of each other, in one line."""
        single = [one for one in self.directions if len(one.direction.asks) == len(one.direction.answers) == 1]
        told = "; ".join(
            f"{one.direction.title} {one.metrics['recall_at_10']} (chance {one.chance['recall_at_10']:.3f})"
            for one in single
        )
        level = f"{self.bootstrap.level:.0%} intervals"
        return f"{self.model} on {self.setting}: R@10 {told or 'of nothing'} ({level})"

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        plain: dict[str, Any] = without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with two tables."""
        present = ", ".join(f"{name} {count}" for name, count in self.n_present.items())
        bootstrap = self.bootstrap
        lines = [
            f"# {self.model}: what finds what, on {self.dataset}",
            "",
            f"Dataset {self.setting}. Items with each modality: {present}. A query's one right answer is its own item. "
            f"{bootstrap.level:.0%} intervals from {bootstrap.n_resamples:,} bootstrap resamples of the queries; in "
            "brackets behind them a random order.",
            "",
            f"| asks → answers | queries, items | {' | '.join(TITLES.values())} |",
            f"| --- | --- | {' | '.join('---' for _ in TITLES)} |",
            *[_row(one) for one in self.directions],
            "",
            f"Hubs: how unevenly items are among the first {DEPTH} of a query.",
            "",
            "| asks → answers | skewness | items never found | largest hub, share of queries |",
            "| --- | ---: | ---: | ---: |",
            *[_hub_row(one) for one in self.directions],
            "",
            *[f"- nothing can be said of {title}: {why}" for title, why in self.left_out.items()],
            *[f"- {item_id}: {problem}" for item_id, problem in self.problems.items()],
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def score_cross_modal(
    points: Mapping[str, Points],
    *,
    model: str,
    dataset: str,
    split: str,
    bootstrap: Bootstrap | None = None,
    training_seed: int | None = None,
) -> CrossModalReport:
    """How well modalities find each other, in all :func:`directions`.

    Args:
        points: Of each modality, of length 1, NaN where an item lacks it. Shape (items, embed_dim).
        model: Its name.
        dataset: Of the items.
        split: Of it.
        bootstrap: How intervals are drawn.
        training_seed: Of the model, where known.

    Raises:
        ConfigError: There are fewer than two modalities, or no direction in which anything can be said.
        ShapeError: The points are not of the same items.
    """
    _check_points(points)
    bootstrap = bootstrap or Bootstrap()
    scores, left_out = [], {}
    for direction in directions(list(points)):
        try:
            scores.append(score_direction(points, direction, bootstrap=bootstrap))
        except ConfigError as cause:
            left_out[direction.title] = cause.message.removeprefix(f"{direction.title}: ")
    if not scores:
        first, why = next(iter(left_out.items()))
        raise ConfigError(
            f"nothing can be found on {dataset}, split {split}: {first}: {why}",
            hint="take a catalogue or a split in which items have several modalities",
        )
    return CrossModalReport(
        model=model,
        dataset=dataset,
        split=split,
        n_items=len(next(iter(points.values()))),
        n_present={name: int(np.isfinite(some).all(axis=1).sum()) for name, some in points.items()},
        bootstrap=bootstrap,
        directions=tuple(scores),
        left_out=left_out,
        training_seed=training_seed,
    )


def _check_points(points: Mapping[str, Points]) -> None:
    if len(points) < 2:
        raise ConfigError(
            f"there is nothing to find across modalities: the points are of {', '.join(points) or 'none'}",
            hint="take a space of two modalities or more",
        )
    if len({some.shape for some in points.values()}) > 1:
        raise ShapeError(
            f"points have shapes {[some.shape for some in points.values()]}", hint="give a row for each item in all"
        )


def _complete(points: Mapping[str, Points], names: Sequence[str]) -> NDArray[np.bool_]:
    complete: NDArray[np.bool_] = np.all([np.isfinite(points[name]).all(axis=1) for name in names], axis=0)
    return complete


def _row(scores: DirectionScores) -> str:
    cells = []
    for name in TITLES:
        one, digits = scores.metrics[name], 1 if name == "median_rank" else 3
        interval = f"{one.value:.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"
        cells.append(f"{interval} ({scores.chance[name]:.{digits}f})")
    return f"| {scores.direction.title} | {scores.n_queries}, {scores.n_items} | {' | '.join(cells)} |"


def _hub_row(scores: DirectionScores) -> str:
    found = scores.hubness
    skewness = "none" if math.isnan(found.skewness) else f"{found.skewness:.2f}"
    return f"| {scores.direction.title} | {skewness} | {found.never_found:.3f} | {found.largest_hub:.3f} |"
