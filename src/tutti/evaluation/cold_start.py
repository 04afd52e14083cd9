"""How well factors that a model hears place tracks that nobody has played yet.

Two questions. Are the heard factors those that the plays of the track would have given (R², cosine)? And do the
listeners find among new tracks those that they went on to play: each ranks all of them by the product of the user's
factors with the heard ones (NDCG@k, MAP@k). Beside it stand a random order; popularity, the order by how many
listeners each new track has, which nobody knows of a new track; and the factors of the tracks' own plays, which no
sound can be expected to beat.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.listeners import found_by_listener, random_orders
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate, seeds_in_words
from tutti.files import write_text

ROWS = {
    "audio": "factors heard",
    "popularity": "popularity (knows the plays)",
    "random": "random order",
    "plays": "factors of the tracks' own plays",
}


def r_squared(targets: NDArray[Any], estimates: NDArray[Any]) -> float:
    """Share of the targets' variance that the estimates explain, all dimensions pooled; 0 is what their mean explains.

    Args:
        targets: Shape (items, dimensions).
        estimates: The same.

    Raises:
        ShapeError: The shapes differ, or there are fewer than two items.
    """
    _check_values(targets, estimates)
    return float(_r_squared(targets, estimates, np.ones((1, len(targets))))[0])


def cosines(targets: NDArray[Any], estimates: NDArray[Any]) -> FloatMatrix:
    """Cosine of the angle between each target and its estimate; 0 where one of them is zero. Shape (items,).

    Raises:
        ShapeError: The shapes differ, or there are fewer than two items.
    """
    _check_values(targets, estimates)
    lengths = np.linalg.norm(targets, axis=1) * np.linalg.norm(estimates, axis=1)
    products = (targets.astype(np.float64) * estimates).sum(axis=1)
    found: FloatMatrix = np.zeros(len(targets))
    np.divide(products, lengths, out=found, where=lengths > 0)
    return found


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """New tracks, what was heard in them, and who played them.

    Attributes:
        heard: Their factors as a model hears them. Shape (tracks, dimensions).
        wanted: Their factors from their plays; zeros where nobody has played a track. Shape (tracks, dimensions).
        is_played: Whether anybody has. Shape (tracks,).
        users: Factors of the listeners. Shape (users, dimensions).
        relevant: Whether a listener has played a track. Shape (users, tracks).
    """

    heard: NDArray[np.float32]
    wanted: NDArray[np.float32]
    is_played: NDArray[np.bool_]
    users: NDArray[np.float32]
    relevant: BoolMatrix

    def __post_init__(self) -> None:
        if self.relevant.shape != (len(self.users), len(self.heard)) or self.wanted.shape != self.heard.shape:
            raise ShapeError(
                f"{len(self.users)} users, {len(self.heard)} tracks and a matrix of plays of shape "
                f"{self.relevant.shape} do not fit",
                hint="give a row a user and a column a track",
            )


@dataclass(frozen=True, kw_only=True)
class ColdStartReport:
    """Scores of heard factors.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: Tracks that were ranked.
        n_unplayed: Of them, tracks that nobody has played: they are ranked, and never right.
        n_users: Who rank them: they have played one of them, and others in training.
        n_users_without: Who have factors, and have played none of them.
        bootstrap: How intervals were drawn: those of R² and cosine over tracks, the others over users.
        depth: Of the rankings.
        metrics: ``r2``, ``cosine``, and ``ndcg`` and ``map``, each followed by a key of ``ROWS``, such as
            ``ndcg_audio``.
        failures: Tracks that could not be heard, and why.
        training_seed: Of the model.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    n_unplayed: int
    n_users: int
    n_users_without: int
    bootstrap: Bootstrap
    depth: int
    metrics: dict[str, Estimate]
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        counted = f"{self.n_items} tracks ({self.n_unplayed} unplayed), {self.n_users} users"
        return f"{self.dataset}, split {self.split}, {counted}, {seeds}"

    def line(self) -> str:
        """The scores in one line."""
        found = self.metrics
        return (
            f"{self.model} on {self.setting}: cosine {found['cosine']}, R² {found['r2']}, NDCG@{self.depth} "
            f"{found['ndcg_audio']} (popularity {found['ndcg_popularity'].value:.3f}, random "
            f"{found['ndcg_random'].value:.3f}) ({self.bootstrap.level:.0%} intervals)"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"seed": self.bootstrap.seed, **dataclasses.asdict(self)}

    def to_markdown(self) -> str:
        """A page with a table."""
        rows = [
            f"| {words} | {self.metrics[f'ndcg_{name}']} | {self.metrics[f'map_{name}']} |"
            for name, words in ROWS.items()
        ]
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            f"bootstrap resamples. Of the users with factors, {self.n_users_without} have played none of these tracks.",
            "",
            f"Factors heard against those of the plays: cosine {self.metrics['cosine']}, R² {self.metrics['r2']}.",
            "",
            f"| new tracks ranked by | NDCG@{self.depth} | MAP@{self.depth} |",
            "| --- | --- | --- |",
            *rows,
            "",
            *(f"- not heard: {track_id}: {why}" for track_id, why in self.failures.items()),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def cold_start_metrics(case: ColdStart, *, depth: int, bootstrap: Bootstrap, seed: int = 0) -> dict[str, Estimate]:
    """The metrics of a :class:`ColdStartReport`.

    Args:
        case: Tracks, factors and plays.
        depth: Of the rankings.
        bootstrap: How intervals are drawn.
        seed: Of the random orders.

    Raises:
        ConfigError: No listener has played one of the tracks, or fewer than two of them were played.
    """
    listening = case.relevant.any(axis=1)
    if not listening.any() or case.is_played.sum() < 2:
        raise ConfigError(
            f"{int(case.is_played.sum())} of {len(case.heard)} held-out tracks were played, by {int(listening.sum())} "
            "of the users with factors: there is nothing to rank for",
            hint="hold out more tracks, or bring more plays",
        )
    wanted, heard = case.wanted[case.is_played], case.heard[case.is_played]
    found = {
        "r2": _pooled(wanted, heard, bootstrap),
        "cosine": mean_estimate(cosines(wanted, heard), bootstrap),
    }
    relevant, users = case.relevant[listening], case.users[listening]
    orders: dict[str, Iterable[NDArray[Any]]] = {
        "audio": [users @ case.heard.T],
        "popularity": [np.broadcast_to(case.relevant.sum(axis=0).astype(np.float64), relevant.shape)],
        "plays": [users @ case.wanted.T],
        "random": random_orders(relevant.shape, seed=seed),
    }
    for name, scores in orders.items():
        values = found_by_listener(relevant, scores, k=depth)
        found |= {f"{metric}_{name}": mean_estimate(one, bootstrap) for metric, one in values.items()}
    return found


def mean_estimate(values: FloatMatrix, bootstrap: Bootstrap) -> Estimate:
    """The mean of one number an item, and its interval over the items.

    Args:
        values: None above 1. Shape (items,).
        bootstrap: The draws.
    """
    value = float(values.mean())
    samples = [weights @ values for weights in bootstrap.weights(len(values), n_labels=1)]
    low, high = bootstrap.interval(np.concatenate(samples) / len(values), value=value)
    return Estimate(value=value, low=low, high=min(high, 1.0))


def _pooled(targets: NDArray[Any], estimates: NDArray[Any], bootstrap: Bootstrap) -> Estimate:
    """R² and its interval over the items; the variance that is explained is always that of all of them."""
    value = r_squared(targets, estimates)
    samples = [_r_squared(targets, estimates, weights) for weights in bootstrap.weights(len(targets), n_labels=1)]
    low, high = bootstrap.interval(np.concatenate(samples), value=value)
    return Estimate(value=value, low=low, high=min(high, 1.0))


def _r_squared(targets: NDArray[Any], estimates: NDArray[Any], weights: NDArray[Any]) -> FloatMatrix:
    """Of several weightings of the items, shape (weightings, items). Shape (weightings,)."""
    exact = targets.astype(np.float64)
    missed = weights @ ((exact - estimates) ** 2).sum(axis=1)
    spread = float(((exact - exact.mean(axis=0)) ** 2).sum())
    found: FloatMatrix = 1 - missed / spread if spread > 0 else np.full(len(weights), np.nan)
    return found


def _check_values(targets: NDArray[Any], estimates: NDArray[Any]) -> None:
    if targets.ndim != 2 or targets.shape != estimates.shape or len(targets) < 2:
        raise ShapeError(
            f"targets have shape {targets.shape}, estimates {estimates.shape}; both must be (items, dimensions), "
            "of two items or more"
        )
