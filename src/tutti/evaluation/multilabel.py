"""Metrics of multi-label classification: tagging, where an item may carry any number of labels.

All functions take ``targets``, True where a label applies, shape (items, labels), and either ``scores``,
higher where the label is likelier, any scale, or ``decisions``, True where the label is given; both of the
same shape.

Metrics: ROC-AUC and PR-AUC (average precision: the step-wise sum, not the trapezoid) from scores; precision,
recall, F1 and accuracy from decisions. ``macro`` averages over labels, ``weighted`` over labels by their number of
positives, ``micro`` pools all pairs of item and label, ``samples`` averages over items (DCASE's F1). Two accuracies
circulate: that of *elements* counts pairs of item and label, that of the *subset* items whose labels are all right.

A ranking metric of a label exists only where some items have the label and some have not. The other labels
are left out of macro and weighted averages, and :func:`unscorable_labels` names them, so that a report can.
Precision, recall and F1 are averaged over all labels, 0 where undefined, as in the MediaEval emotion and
theme task of 2019.

How certain the numbers are is ``tutti.evaluation.intervals``'s subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError, import_extra

Average = Literal["macro", "weighted", "micro"]
BoolMatrix = NDArray[np.bool_]
FloatMatrix = NDArray[np.float64]


def validate(targets: NDArray[Any], estimates: NDArray[Any]) -> None:
    """Check that targets and scores (or decisions) are matrices that fit.

    Raises:
        ShapeError: They differ in shape, are no matrices, hold no item, or an estimate is not a number.
    """
    if targets.ndim != 2 or targets.shape != estimates.shape:
        raise ShapeError(
            f"targets have shape {targets.shape}, estimates {estimates.shape}; both must be (items, labels)"
        )
    if targets.dtype != np.bool_:
        raise ShapeError(f"targets are {targets.dtype}, not bool", hint="compare them: targets > 0")
    if targets.size == 0:
        raise ShapeError(f"there is nothing to score: targets have shape {targets.shape}")
    if not np.isfinite(estimates).all():
        raise ShapeError("some scores are NaN or infinite", hint="find out which item or label they come from")


def scorable(targets: BoolMatrix) -> NDArray[np.bool_]:
    """Which labels have both positives and negatives. Shape (labels,)."""
    n_positives = targets.sum(axis=0)
    both: NDArray[np.bool_] = (n_positives > 0) & (n_positives < len(targets))
    return both


def unscorable_labels(targets: BoolMatrix, labels: Sequence[str]) -> dict[str, str]:
    """Labels that no ranking metric exists for, and why.

    >>> unscorable_labels(np.array([[True, False], [True, True]]), ["rock", "harp"])
    {'rock': 'no negatives'}
    """
    n_items, n_positives = len(targets), targets.sum(axis=0)
    reasons = {0: "no positives", n_items: "no negatives"}
    return {label: reasons[int(n)] for label, n in zip(labels, n_positives, strict=True) if int(n) in reasons}


def roc_auc_by_label(targets: BoolMatrix, scores: NDArray[Any]) -> FloatMatrix:
    """Area under the ROC curve of each label; NaN where it does not exist. Shape (labels,)."""
    return _by_label(targets, scores, _metrics().roc_auc_score)


def pr_auc_by_label(targets: BoolMatrix, scores: NDArray[Any]) -> FloatMatrix:
    """Average precision of each label; NaN where ROC-AUC does not exist either. Shape (labels,)."""
    return _by_label(targets, scores, _metrics().average_precision_score)


def roc_auc(targets: BoolMatrix, scores: NDArray[Any], *, average: Average = "macro") -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.

    Raises:
        ShapeError: The arrays do not fit, or no label has both positives and negatives.

    >>> roc_auc(np.array([[True], [True], [False]]), np.array([[0.9], [0.2], [0.4]]))
    0.5
    """
    return _averaged(targets, scores, average, _metrics().roc_auc_score)


def pr_auc(targets: BoolMatrix, scores: NDArray[Any], *, average: Average = "macro") -> float:
    """Average precision: precision at each positive's rank, averaged.

    Raises:
        ShapeError: The arrays do not fit, or no label has both positives and negatives.

    >>> pr_auc(np.array([[True], [False]]), np.array([[0.2], [0.4]]))
    0.5
    """
    return _averaged(targets, scores, average, _metrics().average_precision_score)


def precision_recall_f1_by_label(targets: BoolMatrix, decisions: BoolMatrix) -> FloatMatrix:
    """Precision, recall and F1 of each label, 0 where undefined. Shape (3, labels)."""
    validate(targets, decisions)
    n_hits = (targets & decisions).sum(axis=0)
    return precision_recall_f1_of_counts(n_hits, decisions.sum(axis=0), targets.sum(axis=0))


def precision_recall_f1(
    targets: BoolMatrix, decisions: BoolMatrix, *, average: Average = "macro"
) -> tuple[float, float, float]:
    """Precision, recall and F1 over all labels; macro F1 is the mean of the labels' F1.

    Raises:
        ShapeError: The arrays do not fit.

    >>> precision_recall_f1(np.array([[True, False], [True, True]]), np.array([[True, False], [False, True]]))
    (1.0, 0.75, 0.8333333333333333)
    """
    validate(targets, decisions)
    if average == "micro":
        targets, decisions = targets.reshape(-1, 1), decisions.reshape(-1, 1)
    scores = precision_recall_f1_by_label(targets, decisions)
    weights = targets.sum(axis=0) if average == "weighted" and targets.any() else None
    precision, recall, f1 = np.average(scores, axis=1, weights=weights)
    return float(precision), float(recall), float(f1)


def f1_samples(targets: BoolMatrix, decisions: BoolMatrix) -> float:
    """F1 of each item's labels, averaged over items: the instance F1 of DCASE 2017. 0 where an item has none.

    >>> f1_samples(np.array([[True, False], [True, True]]), np.array([[True, False], [False, True]]))
    0.8333333333333333
    """
    return float(precision_recall_f1_by_label(targets.T, decisions.T)[2].mean())


def accuracy_elements(targets: BoolMatrix, decisions: BoolMatrix) -> float:
    """Share of the pairs of item and label that are decided rightly (1 - Hamming loss).

    High wherever labels are rare: with 3 of 50 labels an item, deciding nothing reaches 0.94.
    """
    return float(accuracy_by_label(targets, decisions).mean())


def accuracy_by_label(targets: BoolMatrix, decisions: BoolMatrix) -> FloatMatrix:
    """Share of the items for which each label is decided rightly. Shape (labels,)."""
    validate(targets, decisions)
    shares: FloatMatrix = (targets == decisions).mean(axis=0)
    return shares


def accuracy_subset(targets: BoolMatrix, decisions: BoolMatrix) -> float:
    """Share of the items whose labels are all decided rightly."""
    validate(targets, decisions)
    return float((targets == decisions).all(axis=1).mean())


def precision_recall_f1_of_counts(
    n_hits: NDArray[Any], n_decided: NDArray[Any], n_positives: NDArray[Any]
) -> FloatMatrix:
    """Precision, recall and F1 of counts of any one shape, stacked along a new first dimension."""
    pairs = ((n_hits, n_decided), (n_hits, n_positives), (2 * n_hits, n_decided + n_positives))
    return np.stack([quotient_or(above, below, otherwise=0.0) for above, below in pairs])


def quotient_or(above: NDArray[Any], below: NDArray[Any], *, otherwise: float) -> FloatMatrix:
    """``above / below``, and ``otherwise`` where ``below`` is 0."""
    result: FloatMatrix = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=result, where=below != 0)
    return result


def _averaged(targets: BoolMatrix, scores: NDArray[Any], average: Average, metric: Any) -> float:
    if average == "micro":
        validate(targets, scores)
        targets, scores = targets.reshape(-1, 1), scores.reshape(-1, 1)
    by_label = _by_label(targets, scores, metric)
    exists = ~np.isnan(by_label)
    if not exists.any():
        raise ShapeError(
            "no label has both positives and negatives among these items",
            hint="score more items, or labels that some of them have",
        )
    weights = targets.sum(axis=0)[exists] if average == "weighted" else None
    return float(np.average(by_label[exists], weights=weights))


def _by_label(targets: BoolMatrix, scores: NDArray[Any], metric: Any) -> FloatMatrix:
    validate(targets, scores)
    exists = scorable(targets)
    result = np.full(targets.shape[1], np.nan)
    result[exists] = [metric(targets[:, label], scores[:, label]) for label in np.flatnonzero(exists)]
    return result


def _metrics() -> ModuleType:
    return import_extra("sklearn.metrics", extra="train", purpose="scoring predictions")
