"""Music found by tags: each tag is a query, all items are ranked by the cosine of their points with the tag's.

Mean average precision (MAP) and ROC-AUC over all items, precision among the first ten, unweighted means over tags; the
same by category of tags, and for queries of two tags at once, answered by items that carry both. MAP over tags is what
``multilabel`` calls macro PR-AUC. Points come from a space model (``tutti.models.space_models``); retrieval between
modalities of the same items is ``retrieval``'s subject.

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap, resampled_areas
from tutti.evaluation.multilabel import (
    BoolMatrix,
    FloatMatrix,
    pr_auc_by_label,
    roc_auc_by_label,
    scorable,
    unscorable_labels,
)
from tutti.evaluation.ranking import precision_at_k
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate, seeds_in_words, without_nan
from tutti.files import write_text

DEPTH = 10
LEAST_COMMON, MOST_PAIRS = 5, 200  # items that carry both tags of a query of two; such queries
Matrix = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class TagQueries:
    """What is to be scored.

    Attributes:
        model: Who placed tags and items.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        tags: The queries.
        targets: Which item carries which tag. Shape (items, tags).
        scores: Cosines of items and tags. Shape (items, tags).
        categories: Of tags, where known.
        left_out: Tags that could not be asked, and why.
        failures: Items that could not be placed, and why.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    tags: Sequence[str]
    targets: BoolMatrix
    scores: Matrix
    categories: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    training_seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class TagScores:
    """How well the items of one tag, or of two at once, are found.

    Attributes:
        tag: The query.
        category: Of the tag; empty where unknown.
        n_relevant: Items that carry it.
        average_precision: Over all items.
        precision: Among the first few.
        roc_auc: Over all items.
    """

    tag: str
    category: str
    n_relevant: int
    average_precision: float
    precision: float
    roc_auc: float


@dataclass(frozen=True, kw_only=True)
class CategoryScores:
    """Means over the tags of a category, with their intervals."""

    category: str
    n_tags: int
    map: Estimate
    precision: Estimate
    roc_auc: Estimate


@dataclass(frozen=True, kw_only=True)
class TagRetrievalReport:
    """How well music is found by tags.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That were ranked.
        bootstrap: How intervals were drawn, over the items.
        depth: Of the precision among the first few.
        metrics: ``map``, ``p_at_10`` and ``roc_auc``; ``map_chance``, the mean over all orders; where items carry two
            of the tags, ``map_two_tags`` and ``p_at_10_two_tags``; and of each category ``map_<category>``.
        tags: The queries, as they were given.
        two_tags: Queries of two tags at once, the most frequent first.
        categories: Means over the tags of each.
        left_out: Tags that were not asked, and why.
        failures: Items that could not be placed, and why.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    bootstrap: Bootstrap
    depth: int
    metrics: dict[str, Estimate]
    tags: tuple[TagScores, ...]
    two_tags: tuple[TagScores, ...] = ()
    categories: tuple[CategoryScores, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None
    task: str = "tag retrieval"

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {len(self.tags)} tags, {seeds}"

    def line(self) -> str:
        """The scores in one line."""
        found = self.metrics
        return (
            f"{self.model} on {self.setting}: MAP {found['map']} (chance {found['map_chance'].value:.3f}), "
            f"P@{self.depth} {found[f'p_at_{self.depth}']}, ROC-AUC {found['roc_auc']} "
            f"({self.bootstrap.level:.0%} intervals)"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        plain: dict[str, Any] = without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with a table of categories and one of tags."""
        found = self.metrics
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            "bootstrap resamples of the items. Each tag ranks all items; means are over tags.",
            "",
            f"| queries | number | MAP | P@{self.depth} | ROC-AUC |",
            "| --- | ---: | --- | --- | --- |",
            f"| all tags | {len(self.tags)} | {found['map']} | {found[f'p_at_{self.depth}']} | {found['roc_auc']} |",
            *(
                f"| {one.category} | {one.n_tags} | {one.map} | {one.precision} | {one.roc_auc} |"
                for one in self.categories
            ),
            *self._pairs_line(),
            f"| all tags, random order | {len(self.tags)} | {found['map_chance'].value:.3f} | | 0.500 |",
            "",
            f"| tag | category | items | AP | P@{self.depth} | ROC-AUC |",
            "| --- | --- | ---: | ---: | ---: | ---: |",
            *(_row(one) for one in self.tags),
            "",
            *(f"- not asked: {tag}: {why}" for tag, why in self.left_out.items()),
            *(f"- not placed: {item}: {why}" for item, why in self.failures.items()),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def _pairs_line(self) -> list[str]:
        if not self.two_tags:
            return []
        found = self.metrics
        return [
            f"| two tags at once | {len(self.two_tags)} | {found['map_two_tags']} | "
            f"{found[f'p_at_{self.depth}_two_tags']} | |"
        ]

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def score_tag_retrieval(
    queries: TagQueries, *, bootstrap: Bootstrap | None = None, depth: int = DEPTH
) -> TagRetrievalReport:
    """How well items are found by their tags.

    Args:
        queries: Tags, items and cosines.
        bootstrap: How intervals are drawn.
        depth: Of the precision among the first few.

    Raises:
        ConfigError: No tag has items with and without it, or there are fewer items than the depth.
        ShapeError: The arrays do not fit.
    """
    bootstrap = bootstrap or Bootstrap()
    exists = _asked(queries, depth)
    left_out = dict(queries.left_out) | unscorable_labels(queries.targets, queries.tags)
    tags = [tag for tag, there in zip(queries.tags, exists, strict=True) if there]
    targets, scores = queries.targets[:, exists], queries.scores[:, exists]
    found = _Measured.of(targets, scores, bootstrap, depth)
    metrics = found.estimates(np.ones(len(tags), dtype=np.bool_), depth)
    metrics["map_chance"] = _certain(expected_average_precision(targets.sum(axis=0).mean(), len(targets)))
    categories = [queries.categories.get(tag, "") for tag in tags]
    by_category = _by_category(found, categories, depth)
    metrics |= {f"map_{one.category}": one.map for one in by_category}
    pairs = _pairs(tags, targets, scores)
    several = None if pairs is None else _Measured.of(pairs.targets, pairs.scores, bootstrap, depth)
    if several is not None:
        both = several.estimates(np.ones(several.targets.shape[1], dtype=np.bool_), depth)
        metrics |= {f"{name}_two_tags": both[name] for name in ("map", f"p_at_{depth}")}
    return TagRetrievalReport(
        model=queries.model,
        dataset=queries.dataset,
        split=queries.split,
        n_items=len(targets),
        bootstrap=bootstrap,
        depth=depth,
        metrics=metrics,
        tags=found.rows(tags, categories),
        two_tags=() if several is None or pairs is None else several.rows(pairs.tags, [""] * len(pairs.tags)),
        categories=by_category,
        left_out=left_out,
        failures=dict(queries.failures),
        training_seed=queries.training_seed,
    )


def _asked(queries: TagQueries, depth: int) -> NDArray[np.bool_]:
    """Which tags have something to find, and something else. Shape (tags,)."""
    n_items = len(queries.targets)
    if queries.targets.shape != queries.scores.shape or queries.targets.shape[1:] != (len(queries.tags),):
        raise ShapeError(
            f"{len(queries.tags)} tags, targets of shape {queries.targets.shape} and scores of shape "
            f"{queries.scores.shape} do not fit",
            hint="give both as (items, tags)",
        )
    exists = scorable(queries.targets)
    if not exists.any() or n_items < depth:
        raise ConfigError(
            f"{n_items} items, {int(exists.sum())} of {len(queries.tags)} tags with some that carry it and some "
            "that do not: there is nothing to find",
            hint=f"take a split with {depth} tagged items or more, and tags that some of them carry",
        )
    return exists


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """Scores of every query, shape (queries,), and those of every resample, shape (resamples, queries)."""

    targets: BoolMatrix
    values: Mapping[str, FloatMatrix]
    samples: Mapping[str, FloatMatrix]
    bootstrap: Bootstrap

    @classmethod
    def of(cls, targets: BoolMatrix, scores: Matrix, bootstrap: Bootstrap, depth: int) -> _Measured:
        areas = resampled_areas(targets, scores, bootstrap=bootstrap)
        return cls(
            targets=targets,
            values={
                "map": pr_auc_by_label(targets, scores),
                "precision": precision_at_k(targets.T, scores.T, k=depth),
                "roc_auc": roc_auc_by_label(targets, scores),
            },
            samples={
                "map": areas["pr_auc"],
                "precision": resampled_precision(targets, scores, bootstrap=bootstrap, k=depth),
                "roc_auc": areas["roc_auc"],
            },
            bootstrap=bootstrap,
        )

    def mean(self, name: str, chosen: NDArray[np.bool_]) -> Estimate:
        """Over some queries; in a resample, over those of them that exist in it."""
        samples = self.samples[name][:, chosen]
        there = ~np.isnan(samples)
        counts = there.sum(axis=1)
        means = np.where(counts > 0, np.nan_to_num(samples).sum(axis=1) / np.maximum(counts, 1), np.nan)
        value = float(self.values[name][chosen].mean())
        low, high = np.clip(self.bootstrap.interval(means, value=value), 0.0, 1.0)
        return Estimate(value=value, low=float(low), high=float(high))

    def estimates(self, chosen: NDArray[np.bool_], depth: int) -> dict[str, Estimate]:
        names = {"map": "map", f"p_at_{depth}": "precision", "roc_auc": "roc_auc"}
        return {metric: self.mean(name, chosen) for metric, name in names.items()}

    def rows(self, tags: Sequence[str], categories: Sequence[str]) -> tuple[TagScores, ...]:
        return tuple(
            TagScores(
                tag=tag,
                category=category,
                n_relevant=int(self.targets[:, column].sum()),
                average_precision=float(self.values["map"][column]),
                precision=float(self.values["precision"][column]),
                roc_auc=float(self.values["roc_auc"][column]),
            )
            for column, (tag, category) in enumerate(zip(tags, categories, strict=True))
        )


def _by_category(found: _Measured, categories: Sequence[str], depth: int) -> tuple[CategoryScores, ...]:
    """Of tags whose category is known, in the order in which these come."""
    scores = []
    for category in dict.fromkeys(one for one in categories if one):
        chosen = np.array([one == category for one in categories])
        means = found.estimates(chosen, depth)
        scores.append(
            CategoryScores(
                category=category,
                n_tags=int(chosen.sum()),
                map=means["map"],
                precision=means[f"p_at_{depth}"],
                roc_auc=means["roc_auc"],
            )
        )
    return tuple(scores)


class _Pairs(NamedTuple):
    tags: list[str]
    targets: BoolMatrix
    scores: Matrix


def _pairs(tags: Sequence[str], targets: BoolMatrix, scores: Matrix) -> _Pairs | None:
    """Queries of two tags that enough items carry both of.

    The cosine with the mean of two points of length 1 ranks as the sum of both cosines does.
    """
    counts = targets.T.astype(np.int64) @ targets
    couples = [(int(counts[i, j]), i, j) for i, j in combinations(range(len(tags)), 2)]
    enough = sorted(
        (one for one in couples if LEAST_COMMON <= one[0] < len(targets)), key=lambda one: (-one[0], one[1:])
    )
    if not enough:
        return None
    first, second = (np.array([one[place] for one in enough[:MOST_PAIRS]]) for place in (1, 2))
    return _Pairs(
        tags=[f"{tags[i]}, {tags[j]}" for i, j in zip(first, second, strict=True)],
        targets=targets[:, first] & targets[:, second],
        scores=scores[:, first] + scores[:, second],
    )


def resampled_precision(targets: BoolMatrix, scores: Matrix, *, bootstrap: Bootstrap, k: int) -> FloatMatrix:
    """Precision among the first k of every resample; an item that was drawn twice takes two places.

    Args:
        targets: Shape (items, tags).
        scores: Shape (items, tags).
        bootstrap: The draws.
        k: Depth of the ranking.

    Returns:
        Shape (resamples, tags).
    """
    order = np.argsort(-scores, axis=0, kind="stable")[: 30 * k]  # beyond, no resample looks for its first k
    blocks = []
    for weights in bootstrap.weights(len(targets), n_labels=1):
        columns = []
        for tag in range(targets.shape[1]):
            drawn = weights[:, order[:, tag]]
            before = drawn.cumsum(axis=1) - drawn
            taken = np.clip(k - before, 0, drawn)
            columns.append(taken @ targets[order[:, tag], tag] / k)
        blocks.append(np.stack(columns, axis=1))
    return np.concatenate(blocks).astype(np.float64)


def expected_average_precision(n_relevant: float, n_items: int) -> float:
    """Mean over all orders of the average precision: above the share of relevant items, the more so the fewer items.

    At rank k stands a relevant item as often as anywhere, and of the k - 1 before it the share of the others that are
    relevant: the mean over ranks of 1 / k + (k - 1) / k * (n_relevant - 1) / (n_items - 1).

    Args:
        n_relevant: Items; of several queries the mean, since it counts in proportion.
        n_items: Two or more.

    >>> round(expected_average_precision(1, 2), 3), round(expected_average_precision(2, 3), 3)
    (0.75, 0.806)
    """
    harmonic = float((1 / np.arange(1, n_items + 1)).sum())
    return (harmonic + (n_relevant - 1) / (n_items - 1) * (n_items - harmonic)) / n_items


def _certain(value: float) -> Estimate:
    return Estimate(value=float(value), low=float(value), high=float(value))


def _row(one: TagScores) -> str:
    numbers = (one.average_precision, one.precision, one.roc_auc)
    return f"| {one.tag} | {one.category} | {one.n_relevant} | {' | '.join(f'{number:.3f}' for number in numbers)} |"


def title_of(metric: str) -> str:
    """What a reader knows a metric of a report as.

    >>> title_of("map"), title_of("p_at_10"), title_of("map_two_tags")
    ('MAP', 'P@10', 'MAP, two tags')
    """
    if metric == "roc_auc":
        return "ROC-AUC"
    name, *which = metric.replace("p_at_", "p@").split("_")
    return f"{name.upper()}, {' '.join(which)}" if which else name.upper()


def cosine_scores(tags: NDArray[np.float32], items: NDArray[np.float32]) -> FloatMatrix:
    """Cosines of all points of items with all points of tags. Shape (items, tags).

    Args:
        tags: Shape (tags, embed_dim), finite.
        items: Shape (items, embed_dim), finite.
    """
    unit = [one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-12) for one in (items, tags)]
    found: FloatMatrix = unit[0].astype(np.float64) @ unit[1].astype(np.float64).T
    return found
