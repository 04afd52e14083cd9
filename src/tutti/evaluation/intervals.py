"""How certain a score is: bootstrap intervals over tracks, for one model and for the difference of two.

A resample draws as many items as there are, with replacement: an item's weight is how often it was drawn. The
areas of all resamples come from one sort of each label's scores and cumulative weights, so that 1,000
resamples of thousands of items take seconds. The point values themselves are
``tutti.evaluation.multilabel``'s.

Where a label has no positives or no negatives in a resample, that label is left out of that resample's
average.

References:
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 10 (bias) and 13 (percentiles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError
from tutti.evaluation.multilabel import (
    BoolMatrix,
    FloatMatrix,
    precision_recall_f1_of_counts,
    quotient_or,
    validate,
)

BLOCK_ELEMENTS = 1 << 24  # of the largest array held at once: 64 MB


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """How intervals are drawn.

    Attributes:
        n_resamples: More of them steady the interval's ends.
        level: Share of the resamples that lie inside.
        seed: Of the draws.
    """

    n_resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_resamples < 1 or not 0 < self.level < 1:
            raise ConfigError(
                f"a bootstrap of {self.n_resamples} resamples at level {self.level:g} makes no sense",
                hint="take at least 1 resample, 1000 for a report, and a level between 0 and 1 such as 0.95",
            )

    def weights(self, n_items: int, *, n_labels: int) -> Iterator[NDArray[np.int32]]:
        """How often each item was drawn, in blocks of shape (some resamples, items)."""
        rng = np.random.default_rng(self.seed)
        n_block = max(1, BLOCK_ELEMENTS // (n_items * n_labels))
        for first in range(0, self.n_resamples, n_block):
            n_rows = min(n_block, self.n_resamples - first)
            drawn = rng.integers(n_items, size=(n_rows, n_items)) + n_items * np.arange(n_rows)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=n_rows * n_items)
            yield counts.reshape(n_rows, n_items).astype(np.int32)

    def interval(self, samples: FloatMatrix, *, value: float) -> tuple[float, float]:
        """Percentiles of resampled values, moved by the resamples' bias so that they surround the value.

        Average precision needs the move: an item drawn twice is two positives side by side, which raises it.

        Args:
            samples: Shape (resamples,); NaN where a resample has no value.
            value: Of the items as they are.

        Returns:
            Lower and upper end; NaN where no resample has a value.
        """
        existing = samples[~np.isnan(samples)]
        if existing.size == 0:
            return float("nan"), float("nan")
        shares = [(1 - self.level) / 2, (1 + self.level) / 2]
        low, high = np.quantile(existing - existing.mean() + value, shares)
        return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A paired comparison of two models, first minus second.

    Attributes:
        value: Of the items as they are.
        low: Lower end of the interval.
        high: Upper end.
        p_value: Two-sided: twice the share of resamples on the far side of 0, at least 2 / (resamples + 1).
    """

    value: float
    low: float
    high: float
    p_value: float


def resampled_metrics(
    targets: BoolMatrix, scores: NDArray[Any], *, threshold: float, bootstrap: Bootstrap
) -> dict[str, FloatMatrix]:
    """Every metric of every resample.

    Args:
        targets: True where the label applies. Shape (items, labels).
        scores: Probabilities, or anything that ranks. Shape (items, labels).
        threshold: A label is given where its score is at least this.
        bootstrap: The draws.

    Returns:
        ``roc_auc`` and ``pr_auc``, shape (resamples, labels), NaN where the resample has no area for the
        label; and shape (resamples,): ``roc_auc_macro``, ``roc_auc_micro``, ``pr_auc_macro``,
        ``pr_auc_micro``, ``precision_macro``, ``recall_macro``, ``f1_macro``.

    Raises:
        ShapeError: The arrays do not fit.
    """
    validate(targets, scores)
    n_items, n_labels = targets.shape
    blocks = [
        _block_metrics(targets, scores, threshold, weights) for weights in bootstrap.weights(n_items, n_labels=n_labels)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def paired_differences(
    targets: BoolMatrix,
    first: NDArray[Any],
    second: NDArray[Any],
    *,
    bootstrap: Bootstrap,
    threshold: float = 0.5,
) -> dict[str, Difference]:
    """How two models differ on the same items, by metric: both see the same resamples.

    Raises:
        ShapeError: The arrays do not fit.
    """
    ours = resampled_metrics(targets, first, threshold=threshold, bootstrap=bootstrap)
    theirs = resampled_metrics(targets, second, threshold=threshold, bootstrap=bootstrap)
    once = np.ones((1, len(targets)), dtype=np.int32)
    our_value, their_value = (_block_metrics(targets, scores, threshold, once) for scores in (first, second))
    return {
        name: difference_of_samples(
            ours[name] - theirs[name], float(our_value[name][0] - their_value[name][0]), bootstrap
        )
        for name, values in ours.items()
        if values.ndim == 1
    }


def weighted_areas(
    targets: BoolMatrix, scores: NDArray[Any], weights: NDArray[np.int32]
) -> tuple[FloatMatrix, FloatMatrix]:
    """ROC-AUC and average precision, all labels pooled, under many weightings of the items.

    Pairs of item and label are sorted by falling score; equal scores form one step of the curves, as in
    scikit-learn.

    Args:
        targets: Shape (items, labels).
        scores: Shape (items, labels).
        weights: Shape (weightings, items).

    Returns:
        Two arrays of shape (weightings,), NaN where positives or negatives weigh nothing.
    """
    order = np.argsort(-scores, axis=None, kind="stable")
    falling, positive, item = scores.ravel()[order], targets.ravel()[order], order // targets.shape[1]
    ends = np.append(np.flatnonzero(np.diff(falling)) + 1, len(falling))  # one past each step's last item
    starts = np.append(0, ends[:-1])
    has_positive = np.add.reduceat(positive, starts, dtype=np.int64) > 0  # other steps add nothing to either area
    starts, ends = starts[has_positive], ends[has_positive]
    all_above = _cumulative(weights, item)
    all_before, all_after = all_above[:, starts], all_above[:, ends]
    positives_above, rank = _cumulative(weights, item[positive]), np.append(0, np.cumsum(positive))
    before, after = positives_above[:, rank[starts]], positives_above[:, rank[ends]]
    gained = after - before
    n_positives = positives_above[:, -1].astype(np.float64)
    n_negatives = all_above[:, -1] - n_positives
    # The negatives above a positive's step outrank it, and half of those within the step.
    outranked_by = (all_before - before + all_after - after) / 2
    roc = 1 - quotient_or((gained * outranked_by).sum(axis=1), n_positives * n_negatives, otherwise=np.nan)
    precision = quotient_or(after, all_after, otherwise=0.0)
    pr = quotient_or((gained * precision).sum(axis=1), n_positives, otherwise=np.nan)
    pr[n_negatives == 0] = np.nan
    return roc, pr


def _cumulative(weights: NDArray[np.int32], items: NDArray[np.int64]) -> NDArray[np.int32]:
    """Sums of the weights of the first 0, 1, … of these items. Shape (weightings, items + 1)."""
    sums = np.zeros((len(weights), len(items) + 1), dtype=np.int32)
    np.cumsum(np.take(weights, items, axis=1), axis=1, out=sums[:, 1:])
    return sums


def _block_metrics(
    targets: BoolMatrix, scores: NDArray[Any], threshold: float, weights: NDArray[np.int32]
) -> Mapping[str, FloatMatrix]:
    areas = [weighted_areas(targets[:, [label]], scores[:, [label]], weights) for label in range(targets.shape[1])]
    roc, pr = (np.stack(columns, axis=1) for columns in zip(*areas, strict=True))
    roc_micro, pr_micro = weighted_areas(targets, scores, weights)
    decisions = scores >= threshold
    counts = [
        weights.astype(np.float32) @ part.astype(np.float32) for part in (targets & decisions, decisions, targets)
    ]
    precision, recall, f1 = precision_recall_f1_of_counts(*counts).mean(axis=2)
    return {
        "roc_auc": roc,
        "pr_auc": pr,
        "roc_auc_macro": _mean_of_existing(roc),
        "roc_auc_micro": roc_micro,
        "pr_auc_macro": _mean_of_existing(pr),
        "pr_auc_micro": pr_micro,
        "precision_macro": precision,
        "recall_macro": recall,
        "f1_macro": f1,
    }


def _mean_of_existing(values: FloatMatrix) -> FloatMatrix:
    exists = ~np.isnan(values)
    return quotient_or(np.where(exists, values, 0.0).sum(axis=1), exists.sum(axis=1), otherwise=np.nan)


def difference_of_samples(samples: FloatMatrix, value: float, bootstrap: Bootstrap) -> Difference:
    """From the difference in every resample, shape (resamples,), and that of the items as they are."""
    low, high = bootstrap.interval(samples, value=value)
    moved = samples - samples.mean() + value
    n_far = float(min((moved <= 0).sum(), (moved >= 0).sum()))
    p_value = min(1.0, 2 * (n_far + 1) / (len(samples) + 1))
    return Difference(value=value, low=low, high=high, p_value=p_value)
