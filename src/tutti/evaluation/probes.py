"""Probes: small classifiers on vectors that are given, which tell what the vectors know.

Arrays in, scores out: what is drawn, tuned and reported is ``probing``'s matter. Vectors are expected standardised.
``linear``: logistic regression, of each tag for itself, or of all classes. ``mlp``: one hidden layer. ``knn``: votes of
the nearest training items by cosine, nearer ones counting more.

References:
    Alain and Bengio, "Understanding intermediate layers using linear classifier probes", ICLR workshop, 2017.
    Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", CVPR 2018 (the votes).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import import_extra
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix
from tutti.models.bundles import Task

PURPOSE = "probing"
HIDDEN = 256  # units of the MLP
MOST_ITERATIONS = {"linear": 1000, "mlp": 200}
VOTE_TEMPERATURE = 0.07  # of Wu et al.

Vectors = NDArray[np.float32]
Fitted = Callable[[Vectors], FloatMatrix]
"""From vectors, shape (items, dimensions), to scores, shape (items, labels): higher where a label is likelier."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A way to fit a classifier.

    Attributes:
        fit: From vectors (items, dimensions), targets (items, labels), the task, a strength and a seed.
        strengths: To choose from on a validation split.
        strength: Where there is nothing to choose by.
        meaning: Of the strength.
    """

    fit: Callable[[Vectors, BoolMatrix, Task, float, int], Fitted]
    strengths: tuple[float, ...]
    strength: float
    meaning: str


def fit_linear(vectors: Vectors, targets: BoolMatrix, task: Task, strength: float, _seed: int) -> Fitted:
    """Logistic regression with the inverse penalty ``strength``: of each tag, or of all classes together."""
    linear = import_extra("sklearn.linear_model", extra="train", purpose=PURPOSE)

    def fitted(truth: NDArray[Any]) -> Any:
        model = linear.LogisticRegression(C=strength, max_iter=MOST_ITERATIONS["linear"])
        return _quietly(model.fit, vectors, truth)

    if task == "classes":
        return _of_classes(fitted(targets.argmax(axis=1)), n_classes=targets.shape[1])
    columns = [_constant(truth) if truth.all() or not truth.any() else _margin(fitted(truth)) for truth in targets.T]
    return lambda others: np.stack([column(others) for column in columns], axis=1)


def fit_mlp(vectors: Vectors, targets: BoolMatrix, task: Task, strength: float, seed: int) -> Fitted:
    """A hidden layer of rectified units under the weight penalty ``strength``."""
    networks = import_extra("sklearn.neural_network", extra="train", purpose=PURPOSE)
    model = networks.MLPClassifier((HIDDEN,), alpha=strength, max_iter=MOST_ITERATIONS["mlp"], random_state=seed)
    if task == "classes":
        return _of_classes(_quietly(model.fit, vectors, targets.argmax(axis=1)), n_classes=targets.shape[1])
    if targets.shape[1] == 1:  # which scikit-learn takes for two classes
        both = fit_mlp(vectors, np.hstack([~targets, targets]), "classes", strength, seed)
        return lambda others: both(others)[:, 1:]
    _quietly(model.fit, vectors, targets.astype(np.int64))
    return lambda others: np.asarray(model.predict_proba(others), dtype=np.float64)


def fit_knn(vectors: Vectors, targets: BoolMatrix, _task: Task, strength: float, _seed: int) -> Fitted:
    """Votes of the ``strength`` nearest, each counting exp(cosine / 0.07)."""
    known, n_nearest = _unit(vectors), min(int(strength), len(vectors))

    def scores(others: Vectors) -> FloatMatrix:
        similarity = _unit(others) @ known.T
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :n_nearest]
        closeness = np.take_along_axis(similarity, nearest, axis=1)
        votes = np.exp((closeness - closeness[:, :1]) / VOTE_TEMPERATURE)  # of which the nearest has one
        shares: FloatMatrix = np.einsum("ik,ikl->il", votes, targets[nearest]) / votes.sum(axis=1, keepdims=True)
        return shares

    return scores


PROBES: dict[str, Probe] = {
    "linear": Probe(fit=fit_linear, strengths=(1e-3, 1e-2, 1e-1, 1.0), strength=1.0, meaning="inverse penalty C"),
    "mlp": Probe(fit=fit_mlp, strengths=(1e-3, 1e-1, 10.0), strength=1e-1, meaning="weight penalty alpha"),
    "knn": Probe(fit=fit_knn, strengths=(5, 10, 20, 50), strength=20, meaning="neighbours"),
}


def _of_classes(model: Any, *, n_classes: int) -> Fitted:
    """Probabilities of all classes, 0 for those that the training items had none of."""

    def scores(others: Vectors) -> FloatMatrix:
        found = np.zeros((len(others), n_classes))
        found[:, model.classes_] = model.predict_proba(others)
        return found

    return scores


def _margin(model: Any) -> Callable[[Vectors], NDArray[np.float64]]:
    return lambda others: np.asarray(model.decision_function(others), dtype=np.float64)


def _constant(truth: NDArray[np.bool_]) -> Callable[[Vectors], NDArray[np.float64]]:
    """Of a tag that all training items have, or none: there is nothing to tell it by."""
    return lambda others: np.full(len(others), float(truth.any()))


def _quietly(fit: Callable[..., Any], *arguments: Any) -> Any:
    """Fit without the remark that a last digit is still moving after so many iterations."""
    exceptions = import_extra("sklearn.exceptions", extra="train", purpose=PURPOSE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        return fit(*arguments)


def _unit(vectors: Vectors) -> NDArray[np.float64]:
    exact = vectors.astype(np.float64)
    unit: NDArray[np.float64] = exact / np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), 1e-12)
    return unit
