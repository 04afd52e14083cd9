"""How far two models agree: whether they put recordings into the same order, label by label."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate
from tutti.files import write_text


def rank_correlation(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.float64]:
    """Spearman's rank correlation of each label over recordings; ties share their mean rank.

    Args:
        ours: Scores of any scale. Shape (recordings, labels).
        theirs: The same.

    Returns:
        Shape (labels,); not a number where one of the two is constant.

    >>> rank_correlation(np.array([[0.1], [0.2], [0.9]]), np.array([[5.0], [7.0], [6.0]]))
    array([0.5])
    """
    a, b = (_centred_ranks(np.asarray(one)) for one in (ours, theirs))
    norms = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations: NDArray[np.float64] = (a * b).sum(axis=0) / norms
    return correlations


def _centred_ranks(scores: NDArray[Any]) -> NDArray[np.float64]:
    ranks = np.stack([_ranks(column) for column in scores.T], axis=1)
    centred: NDArray[np.float64] = ranks - ranks.mean(axis=0)
    return centred


def _ranks(column: NDArray[Any]) -> NDArray[np.float64]:
    _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place].astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class AgreementReport:
    """How far a student agrees with its teachers on tracks that it did not learn from.

    Attributes:
        model: The student's name.
        dataset: The catalogue's name.
        split: Of the catalogue; it also chose the best epoch.
        n_items: Tracks.
        bootstrap: How intervals over tracks were drawn.
        metrics: ``rank_correlation``, the mean over labels, and the same of each label set.
        training_seed: Of the run.
    """

    model: str
    dataset: str
    n_items: int
    bootstrap: Bootstrap
    metrics: dict[str, Estimate]
    training_seed: int
    split: str = "valid"

    def line(self) -> str:
        """All in one line."""
        seeds = f"training seed {self.training_seed}, bootstrap seed {self.bootstrap.seed}"
        told = "; ".join(f"{name} {estimate}" for name, estimate in self.metrics.items())
        return (
            f"{self.model} on {self.dataset}, split {self.split}, {self.n_items} items, {seeds}: agreement with its "
            f"teachers: {told} ({self.bootstrap.level:.0%} intervals)"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"seed": self.bootstrap.seed, **dataclasses.asdict(self)}

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, f"# {self.model} and its teachers\n\n{self.line()}.\n")


def estimate_rank_correlation(ours: NDArray[Any], theirs: NDArray[Any], bootstrap: Bootstrap) -> Estimate:
    """The mean over labels of the rank correlation, and its interval over recordings.

    Args:
        ours: Shape (recordings, labels).
        theirs: The same.
        bootstrap: How the interval is drawn.
    """
    value = float(np.nanmean(rank_correlation(ours, theirs)))
    rng, n_items, samples = np.random.default_rng(bootstrap.seed), len(ours), []
    for _ in range(bootstrap.n_resamples):
        drawn = rng.integers(n_items, size=n_items)
        correlations = rank_correlation(ours[drawn], theirs[drawn])
        samples.append(np.nanmean(correlations) if np.isfinite(correlations).any() else np.nan)
    low, high = bootstrap.interval(np.asarray(samples), value=value)
    return Estimate(value=value, low=float(low), high=float(high))
