"""Metrics of single-label classification, where an item has exactly one of the classes: keywords, genres.

Truth and decisions are class numbers, shape (items,); the decision is the class of the highest probability, the first
of equals. Intervals resample items, as everywhere: ``tutti.evaluation.intervals``. Tagging is ``multilabel``'s subject.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix, precision_recall_f1_of_counts

Classes = NDArray[np.integer[Any]]


def decide(probabilities: NDArray[Any]) -> NDArray[np.int64]:
    """The most probable class of each item. Shape (items,).

    Args:
        probabilities: Shape (items, classes).

    Raises:
        ShapeError: It is no such matrix, or holds what is no number.
    """
    if probabilities.ndim != 2 or probabilities.size == 0 or not np.isfinite(probabilities).all():
        raise ShapeError(f"probabilities of shape {probabilities.shape} must be finite numbers, (items, classes)")
    classes: NDArray[np.int64] = probabilities.argmax(axis=1)
    return classes


def one_hot(classes: Classes, *, n_classes: int) -> BoolMatrix:
    """True in the column of each item's class. Shape (items, classes)."""
    hot: BoolMatrix = np.asarray(classes)[:, np.newaxis] == np.arange(n_classes)
    return hot


def confusion_matrix(truth: Classes, decided: Classes, *, n_classes: int) -> NDArray[np.int64]:
    """How many items of each class (rows) were taken for each (columns). Shape (classes, classes).

    Raises:
        ShapeError: The arrays differ in shape, hold nothing, or a number that is no class.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), n_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    _validate(truth, decided, n_classes)
    counts = np.bincount(truth * n_classes + decided, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def accuracy(truth: Classes, decided: Classes) -> float:
    """Share of the items whose class is right."""
    _validate(truth, decided, None)
    return float((truth == decided).mean())


def precision_recall_f1_by_class(truth: Classes, decided: Classes, *, n_classes: int) -> FloatMatrix:
    """Precision, recall and F1 of each class, 0 where undefined. Shape (3, classes)."""
    matrix = confusion_matrix(truth, decided, n_classes=n_classes)
    return precision_recall_f1_of_counts(matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1))


def log_loss_by_item(truth: Classes, probabilities: NDArray[Any]) -> FloatMatrix:
    """Minus the logarithm of the probability of each item's class. Shape (items,).

    Rows are brought to the sum of 1, and probabilities to at least the smallest step of their own precision, as in
    scikit-learn.
    """
    least = np.finfo(probabilities.dtype).eps
    shares = np.clip(probabilities, least, 1 - least)
    shares = shares / shares.sum(axis=1, keepdims=True)
    losses: FloatMatrix = -np.log(shares[np.arange(len(truth)), truth]).astype(np.float64)
    return losses


def f1(truth: Classes, decided: Classes, *, n_classes: int, average: Literal["macro", "weighted"] = "macro") -> float:
    """F1 averaged over classes, each counting the same or by its number of items.

    A class that no item has and none was taken for counts 0 in the macro average.
    """
    by_class = precision_recall_f1_by_class(truth, decided, n_classes=n_classes)[2]
    weights = np.bincount(truth, minlength=n_classes) if average == "weighted" else None
    return float(np.average(by_class, weights=weights))


def accuracy_interval(truth: Classes, decided: Classes, *, bootstrap: Bootstrap) -> tuple[float, float]:
    """The interval of the accuracy over resamples of the items."""
    value, right = accuracy(truth, decided), (truth == decided).astype(np.float64)
    samples = np.concatenate([weights @ right for weights in bootstrap.weights(len(right), n_labels=1)]) / len(right)
    low, high = np.clip(bootstrap.interval(samples, value=value), 0, 1)
    return float(low), float(high)


def _validate(truth: Classes, decided: Classes, n_classes: int | None) -> None:
    if truth.ndim != 1 or truth.shape != decided.shape or truth.size == 0:
        raise ShapeError(f"truth has shape {truth.shape}, decisions {decided.shape}; both must be (items,)")
    if min(truth.min(), decided.min()) < 0 or (n_classes is not None and max(truth.max(), decided.max()) >= n_classes):
        raise ShapeError(
            f"a class is outside 0 to {'…' if n_classes is None else n_classes - 1}", hint="give class numbers from 0"
        )
