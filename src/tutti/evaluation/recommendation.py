"""How well new items are recommended to listeners by what was heard, seen and read of them: cold start.

Each listener ranks all items of a split by the product of the user's factors with the factors that a model tells of an
item. Items of artists that nobody has heard are told by sound, cover and text, each and together; beside them stand a
random order; the average listener, who is everybody; and two that know what nobody can know of a new item: popularity,
the order by how many have played it, and the factors of its own plays. How one sound model does alone, with its factors
in detail, is in ``cold_start``.

References:
    Oramas, Nieto, Sordo and Serra, "A deep multimodal approach for cold-start music recommendation", DLRS 2017.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.cold_start import cosines, mean_estimate
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.listeners import coverage_of, found_by_listener, random_orders
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate, seeds_in_words, without_nan
from tutti.files import write_text

AVERAGE, POPULARITY, PLAYS, RANDOM = "average listener", "popularity", "plays", "random"
TITLES = {
    AVERAGE: "the average listener, by all of these",
    RANDOM: "random order",
    POPULARITY: "popularity (knows the plays)",
    PLAYS: "the items' own plays (know the plays)",
}
METRICS = {"ndcg": "NDCG", "map": "MAP", "coverage": "coverage", "gain": "NDCG of all of these less this one's"}


@dataclass(frozen=True, kw_only=True)
class NewItems:
    """Items that nobody has played when they are ranked, what was told of them, and who has played them since.

    Attributes:
        told: Factors by what they were told from, such as ``audio + text``, the most first; NaN in the rows of items
            that lack it. Shape (items, dimensions) each.
        wanted: Factors of their plays, NaN where nobody has played an item. Shape (items, dimensions).
        users: Factors of the listeners, each of whom has played one of the items. Shape (users, dimensions).
        relevant: Whether a listener has played an item. Shape (users, items).
    """

    told: Mapping[str, NDArray[np.float32]]
    wanted: NDArray[np.float32]
    users: NDArray[np.float32]
    relevant: BoolMatrix

    def __post_init__(self) -> None:
        shapes = {name: one.shape for name, one in self.told.items()}
        if not self.told or set(shapes.values()) != {self.wanted.shape}:
            raise ShapeError(f"factors of shapes {shapes} do not fit those wanted, {self.wanted.shape}")
        if self.relevant.shape != (len(self.users), len(self.wanted)):
            raise ShapeError(
                f"{len(self.users)} users and {len(self.wanted)} items do not fit plays {self.relevant.shape}",
                hint="give a row a user and a column an item",
            )


@dataclass(frozen=True, kw_only=True)
class RecommendationReport:
    """Scores of recommended new items.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That were ranked.
        n_unplayed: Of them, items that nobody has played: they are ranked, and never right.
        n_users: Who rank them: they have played one of them, and others in training.
        n_users_without: Who have factors, and have played none of them.
        n_told: Of how many items there was what a row goes by; the others come last.
        bootstrap: How intervals were drawn: over users, those of the cosine over items; those of the coverage are
            Colwell's.
        depth: Of the rankings.
        rows: What items are ranked by, the most first, then the baselines.
        metrics: ``ndcg``, ``map`` and ``coverage`` of each row, such as ``ndcg audio + text``; ``gain`` of the first
            row over each other; ``cosine`` of what was told to the factors of the plays.
        failures: Items of which something could not be read, and why.
        training_seed: Of the model.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    n_unplayed: int
    n_users: int
    n_users_without: int
    n_told: dict[str, int]
    bootstrap: Bootstrap
    depth: int
    rows: tuple[str, ...]
    metrics: dict[str, Estimate]
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        counted = f"{self.n_items} new items ({self.n_unplayed} unplayed), {self.n_users} users"
        return f"{self.dataset}, split {self.split}, {counted}, {seeds}"

    def line(self) -> str:
        """The scores in one line."""
        best = self.rows[0]
        beside = ", ".join(f"{name} {self.metrics[f'ndcg {name}'].value:.3f}" for name in (AVERAGE, POPULARITY, RANDOM))
        return (
            f"{self.model} on {self.setting}: by {best} NDCG@{self.depth} {self.metrics[f'ndcg {best}']} ({beside}), "
            f"MAP@{self.depth} {self.metrics[f'map {best}']}, coverage@{self.depth} "
            f"{self.metrics[f'coverage {best}'].value:.3f} ({self.bootstrap.level:.0%} intervals)"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        found: dict[str, Any] = without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return found

    def to_markdown(self) -> str:
        """A page with a table."""
        k = self.depth
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            f"bootstrap resamples of the users. Of the users with factors, {self.n_users_without} have played none of "
            "these items. No item is by an artist that was learned from.",
            "",
            f"| new items ranked by | items that have it | NDCG@{k} | MAP@{k} | coverage@{k} | NDCG of {self.rows[0]} "
            "less this | cosine to the plays' factors |",
            "| --- | ---: | --- | --- | --- | --- | --- |",
            *(self._row(name) for name in self.rows),
            "",
            *(f"- {item_id}: {why}" for item_id, why in self.failures.items()),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def _row(self, name: str) -> str:
        cells = [str(self.metrics.get(f"{metric} {name}", "")) for metric in (*METRICS, "cosine")]
        return f"| {TITLES.get(name, name)} | {self.n_told.get(name, self.n_items)} | " + " | ".join(cells) + " |"


def item_factors(
    items: Sequence[Item], factors: Mapping[str, NDArray[np.float32]], n_dimensions: int
) -> NDArray[np.float32]:
    """Of each item the mean of its tracks' factors; NaN where nobody has played one of them.

    Args:
        items: Tracks or albums.
        factors: Of tracks, by id.
        n_dimensions: Of them.

    Returns:
        Shape (items, dimensions).
    """
    found = np.full((len(items), n_dimensions), np.nan, dtype=np.float32)
    for row, item in enumerate(items):
        known = [factors[track.track_id] for track in item.tracks if track.track_id in factors]
        if known:
            found[row] = np.mean(known, axis=0)
    return found


def recommendation_metrics(
    case: NewItems, *, depth: int, bootstrap: Bootstrap, seed: int = 0
) -> tuple[tuple[str, ...], dict[str, Estimate]]:
    """The rows and metrics of a :class:`RecommendationReport`.

    Args:
        case: Items, factors and plays.
        depth: Of the rankings.
        bootstrap: How intervals are drawn.
        seed: Of the random orders.

    Raises:
        ConfigError: Nobody has played one of the items, or fewer than two of them were played.
    """
    is_played = np.isfinite(case.wanted).all(axis=1)
    if not len(case.users) or is_played.sum() < 2:
        raise ConfigError(
            f"{int(is_played.sum())} of {len(case.wanted)} new items were played, by {len(case.users)} of the users "
            "with factors: there is nothing to rank for",
            hint="hold out more items, or bring more plays",
        )
    orders = _orders(case)
    values = {name: found_by_listener(case.relevant, [scores], k=depth) for name, scores in orders.items()}
    values[RANDOM] = found_by_listener(case.relevant, random_orders(case.relevant.shape, seed=seed), k=depth)
    orders[RANDOM] = next(random_orders(case.relevant.shape, seed=seed))
    first = next(iter(case.told))
    found: dict[str, Estimate] = {}
    for name, by_metric in values.items():
        found |= {f"{metric} {name}": mean_estimate(one, bootstrap) for metric, one in by_metric.items()}
        found[f"coverage {name}"] = coverage_of(orders[name], k=depth, level=bootstrap.level)
        if name != first:
            found[f"gain {name}"] = mean_estimate(values[first]["ndcg"] - by_metric["ndcg"], bootstrap)
    for name, told in case.told.items():
        both = is_played & np.isfinite(told).all(axis=1)
        if both.sum() > 1:
            found[f"cosine {name}"] = mean_estimate(cosines(case.wanted[both], told[both]), bootstrap)
    return (*case.told, AVERAGE, RANDOM, POPULARITY, PLAYS), found


def _orders(case: NewItems) -> dict[str, FloatMatrix]:
    """Scores of every user for every item, by row. Shape (users, items) each."""
    users = case.users.astype(np.float64)
    first = next(iter(case.told.values()))
    average = np.broadcast_to(users.mean(axis=0), users.shape)
    popularity = np.broadcast_to(case.relevant.sum(axis=0).astype(np.float64), case.relevant.shape)
    return {
        **{name: _scores(users, told) for name, told in case.told.items()},
        AVERAGE: _scores(average, first),
        POPULARITY: popularity,
        PLAYS: _scores(users, case.wanted),
    }


def _scores(users: FloatMatrix, factors: NDArray[np.float32]) -> FloatMatrix:
    """Products; items of which nothing is known come last. Shape (users, items)."""
    known = np.isfinite(factors).all(axis=1)
    scores: FloatMatrix = users @ np.nan_to_num(factors).astype(np.float64).T
    lowest = scores.min(initial=0.0) - 1.0
    return np.where(known, scores, lowest)
