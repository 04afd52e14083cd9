"""Thresholds tuned on validation scores: for each label its own, or one for all, so that F1 is highest.

Tune on the validation split, never on the split that is reported. The search is exact: every score value is tried as
a threshold (a label is given where its score is at least that), all in one sort. Of equally good thresholds the
highest is taken, the one that gives the fewest labels. Metrics at a threshold are ``multilabel``'s.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix, quotient_or, validate

DEFAULT_THRESHOLD = 0.5
Goal = Literal["micro", "macro", "samples"]


def thresholds_by_label(
    targets: BoolMatrix, scores: NDArray[Any], *, default: float = DEFAULT_THRESHOLD
) -> FloatMatrix:
    """The threshold of each label that maximises its F1, and so the macro F1.

    Args:
        targets: Of the validation items. Shape (items, labels).
        scores: Of the same shape.
        default: For labels without positives, whose F1 is 0 at any threshold.

    Returns:
        Shape (labels,).

    Raises:
        ShapeError: The arrays do not fit.

    >>> thresholds_by_label(np.array([[True], [True], [False]]), np.array([[0.9], [0.3], [0.2]]))
    array([0.3])
    """
    validate(targets, scores)
    columns = range(targets.shape[1])
    return np.array([global_threshold(targets[:, [i]], scores[:, [i]], default=default) for i in columns])


def global_threshold(
    targets: BoolMatrix, scores: NDArray[Any], *, goal: Goal = "micro", default: float = DEFAULT_THRESHOLD
) -> float:
    """The one threshold for all labels that maximises the micro, macro or samples F1.

    Args:
        targets: Of the validation items. Shape (items, labels).
        scores: Of the same shape.
        goal: Which F1.
        default: Where there are no positives.

    Raises:
        ShapeError: The arrays do not fit.
    """
    validate(targets, scores)
    if not targets.any():
        return default
    order = np.argsort(-scores, axis=None, kind="stable")
    falling, positive = scores.ravel()[order], targets.ravel()[order]
    rows, columns = np.unravel_index(order, targets.shape)
    group = {"micro": np.zeros_like(rows), "macro": columns, "samples": rows}[goal]
    f1 = np.cumsum(_gains(group, positive))
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # equal scores are decided together
    # Sums in another order differ in their last bits: what is equal up to rounding is a tie.
    best = ends[np.isclose(f1[ends], f1[ends].max(), rtol=0, atol=1e-12 * max(1, group.max()))][0]
    return float(falling[best])


def _gains(group: NDArray[np.int64], positive: NDArray[np.bool_]) -> FloatMatrix:
    """By how much each pair of item and label, decided one after the other, raises the F1 of its group."""
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    sorted_positive = positive[order]
    hits_so_far = np.append(0, np.cumsum(sorted_positive))
    hits = hits_so_far[1:] - hits_so_far[starts]
    n_decided = np.arange(len(group)) - starts + 1
    n_positives = np.repeat(np.bincount(group, weights=positive, minlength=len(sizes)), sizes)
    after = quotient_or(2 * hits, n_decided + n_positives, otherwise=0.0)
    before = quotient_or(2 * (hits - sorted_positive), n_decided - 1 + n_positives, otherwise=0.0)
    gains = np.empty(len(group))
    gains[order] = after - before
    return gains
