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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError
from tutti.evaluation.multilabel import (
    BoolMatrix,
    FloatMatrix,
    precision_recall_f1_by_label,
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
        label; and shape (resamples,): the two areas ``_macro``, ``_micro`` and ``_weighted``, and the metrics of
        :func:`resampled_decisions`.

    Raises:
        ShapeError: The arrays do not fit.
    """
    areas = resampled_areas(targets, scores, bootstrap=bootstrap)
    return areas | resampled_decisions(targets, scores >= threshold, bootstrap=bootstrap)


def resampled_areas(targets: BoolMatrix, scores: NDArray[Any], *, bootstrap: Bootstrap) -> dict[str, FloatMatrix]:
    """ROC-AUC and PR-AUC of every resample, as :func:`resampled_metrics` names them."""
    validate(targets, scores)
    return _over_blocks(bootstrap, targets, lambda weights: _block_areas(targets, scores, weights))


def resampled_decisions(targets: BoolMatrix, decisions: BoolMatrix, *, bootstrap: Bootstrap) -> dict[str, FloatMatrix]:
    """Metrics of decisions of every resample, shape (resamples,).

    Returns:
        ``precision``, ``recall`` and ``f1``, each ``_macro``, ``_micro`` and ``_weighted``; ``f1_samples``,
        ``accuracy_elements`` and ``accuracy_subset``.

    Raises:
        ShapeError: The arrays do not fit.
    """
    validate(targets, decisions)
    return _over_blocks(bootstrap, targets, lambda weights: _block_decisions(targets, decisions, weights))


def metrics_of(targets: BoolMatrix, scores: NDArray[Any], decisions: BoolMatrix) -> dict[str, float]:
    """The averaged metrics of the items as they are, by the names of :func:`resampled_metrics`."""
    validate(targets, scores)
    once = np.ones((1, len(targets)), dtype=np.int32)
    areas = {name: value for name, value in _block_areas(targets, scores, once).items() if value.ndim == 1}
    return {name: float(value[0]) for name, value in (areas | _block_decisions(targets, decisions, once)).items()}


def _over_blocks(
    bootstrap: Bootstrap, targets: BoolMatrix, measure: Callable[[NDArray[np.int32]], dict[str, FloatMatrix]]
) -> dict[str, FloatMatrix]:
    blocks = [measure(weights) for weights in bootstrap.weights(len(targets), n_labels=targets.shape[1])]
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

    The test is the bootstrap's, inverted: the p-value is twice the share of resampled differences, centred on the
    observed one, that reach the far side of 0. It agrees with the permutation test that swaps the models' scores item
    by item, and tells whether other tracks could turn the order round; not whether other training seeds could.

    References:
        Efron and Tibshirani, 1993, section 15.4; Smucker et al., "A comparison of statistical significance tests for
        information retrieval evaluation", CIKM 2007.

    Raises:
        ShapeError: The arrays do not fit.
    """
    ours = resampled_metrics(targets, first, threshold=threshold, bootstrap=bootstrap)
    theirs = resampled_metrics(targets, second, threshold=threshold, bootstrap=bootstrap)
    our_value, their_value = (metrics_of(targets, scores, scores >= threshold) for scores in (first, second))
    return {
        name: difference_of_samples(ours[name] - theirs[name], our_value[name] - their_value[name], bootstrap)
        for name in our_value
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


def _block_areas(targets: BoolMatrix, scores: NDArray[Any], weights: NDArray[np.int32]) -> dict[str, FloatMatrix]:
    areas = [weighted_areas(targets[:, [label]], scores[:, [label]], weights) for label in range(targets.shape[1])]
    roc, pr = (np.stack(columns, axis=1) for columns in zip(*areas, strict=True))
    roc_micro, pr_micro = weighted_areas(targets, scores, weights)
    n_positives = weights.astype(np.float64) @ targets
    return {
        "roc_auc": roc,
        "pr_auc": pr,
        "roc_auc_macro": _mean_of_existing(roc),
        "roc_auc_micro": roc_micro,
        "roc_auc_weighted": _mean_of_existing(roc, n_positives),
        "pr_auc_macro": _mean_of_existing(pr),
        "pr_auc_micro": pr_micro,
        "pr_auc_weighted": _mean_of_existing(pr, n_positives),
    }


def _block_decisions(targets: BoolMatrix, decisions: BoolMatrix, weights: NDArray[np.int32]) -> dict[str, FloatMatrix]:
    drawn = weights.astype(np.float64)
    hits, decided, positives = (drawn @ part for part in (targets & decisions, decisions, targets))
    by_label = precision_recall_f1_of_counts(hits, decided, positives)  # (3, resamples, labels)
    pooled = precision_recall_f1_of_counts(hits.sum(axis=1), decided.sum(axis=1), positives.sum(axis=1))
    n_all = positives.sum(axis=1)
    found: dict[str, FloatMatrix] = {}
    for name, labels, micro in zip(("precision", "recall", "f1"), by_label, pooled, strict=True):
        found[f"{name}_macro"] = labels.mean(axis=1)
        found[f"{name}_micro"] = micro
        found[f"{name}_weighted"] = quotient_or((labels * positives).sum(axis=1), n_all, otherwise=0.0)
    right = targets == decisions
    per_item = {
        "f1_samples": precision_recall_f1_by_label(targets.T, decisions.T)[2],
        "accuracy_elements": right.mean(axis=1),
        "accuracy_subset": right.all(axis=1),
    }
    return found | {name: drawn @ values / drawn.sum(axis=1) for name, values in per_item.items()}


def _mean_of_existing(values: FloatMatrix, weights: FloatMatrix | None = None) -> FloatMatrix:
    shares = ~np.isnan(values) * (1.0 if weights is None else weights)
    return quotient_or((np.nan_to_num(values) * shares).sum(axis=1), shares.sum(axis=1), otherwise=np.nan)


def difference_of_samples(samples: FloatMatrix, value: float, bootstrap: Bootstrap) -> Difference:
    """From the difference in every resample, shape (resamples,), and that of the items as they are."""
    low, high = bootstrap.interval(samples, value=value)
    moved = samples - samples.mean() + value
    n_far = float(min((moved <= 0).sum(), (moved >= 0).sum()))
    p_value = min(1.0, 2 * (n_far + 1) / (len(samples) + 1))
    return Difference(value=value, low=low, high=high, p_value=p_value)
