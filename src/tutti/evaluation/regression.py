"""Metrics of regression: how close predicted numbers, such as valence and arousal, come to those people gave.

All functions take ``targets``, NaN where a value is unknown, and ``predictions``, both of shape (items, values); each
value is scored on the items where it is known, and gets one number.

Metrics: R² (the share of the variance that is explained: 0 is what the mean explains, below is worse), the root mean
squared error in the value's own unit, and Lin's concordance correlation, which unlike Pearson's falls where predictions
are too flat or too high. A value that is known of fewer than two items, or is the same for all, has neither R² nor
concordance, NaN. Where values come from says ``tutti.data.item_values``; the report is ``values_report``.

References:
    Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45(1), 1989.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import FloatMatrix, quotient_or

METRICS = ("r2", "rmse", "concordance")
TINY = 1e-12  # of the mean square: a variance below is rounding


def r2_by_value(targets: NDArray[Any], predictions: NDArray[Any]) -> FloatMatrix:
    """R² of each value, at most 1. Shape (values,).

    Raises:
        ShapeError: The matrices do not fit, or a prediction is no number where the value is known.

    >>> r2_by_value(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [2.0]]))
    array([0.5])
    """
    return regression_of(targets, predictions)["r2"]


def rmse_by_value(targets: NDArray[Any], predictions: NDArray[Any]) -> FloatMatrix:
    """Root mean squared error of each value, in its unit; NaN where it is never known. Shape (values,).

    Raises:
        ShapeError: As of :func:`r2_by_value`.

    >>> rmse_by_value(np.array([[1.0], [2.0], [np.nan]]), np.array([[1.0], [4.0], [9.0]])).round(3)
    array([1.414])
    """
    return regression_of(targets, predictions)["rmse"]


def concordance_by_value(targets: NDArray[Any], predictions: NDArray[Any]) -> FloatMatrix:
    """Concordance correlation of each value, -1 to 1; variances divide by the number of items. Shape (values,).

    Raises:
        ShapeError: As of :func:`r2_by_value`.

    >>> concordance_by_value(np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [3.0], [4.0]])).round(3)
    array([0.571])
    """
    return regression_of(targets, predictions)["concordance"]


def regression_of(targets: NDArray[Any], predictions: NDArray[Any]) -> dict[str, FloatMatrix]:
    """All of ``METRICS`` of the items as they are, each of shape (values,)."""
    validate(targets, predictions)
    found = _weighted(targets, predictions, np.ones((1, len(targets))))
    return {name: values[0] for name, values in found.items()}


def resampled_regression(
    targets: NDArray[Any], predictions: NDArray[Any], *, bootstrap: Bootstrap
) -> dict[str, FloatMatrix]:
    """All of ``METRICS`` of every resample, each of shape (resamples, values), NaN where one does not exist."""
    validate(targets, predictions)
    blocks = [
        _weighted(targets, predictions, weights)
        for weights in bootstrap.weights(len(targets), n_labels=targets.shape[1])
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in METRICS}


def validate(targets: NDArray[Any], predictions: NDArray[Any]) -> None:
    """Check that targets and predictions are matrices that fit.

    Raises:
        ShapeError: They differ in shape, are no matrices, hold nothing, or a prediction is no number where the value
            is known.
    """
    if targets.ndim != 2 or targets.shape != predictions.shape:
        raise ShapeError(
            f"targets have shape {targets.shape}, predictions {predictions.shape}; both must be (items, values)"
        )
    if targets.size == 0:
        raise ShapeError(f"there is nothing to score: targets have shape {targets.shape}")
    if np.isinf(targets).any() or not np.isfinite(predictions[~np.isnan(targets)]).all():
        raise ShapeError(
            "some predictions are NaN or infinite where the value is known", hint="find out which item they come from"
        )


def _weighted(targets: NDArray[Any], predictions: NDArray[Any], weights: NDArray[Any]) -> dict[str, FloatMatrix]:
    """The metrics under several weightings of the items, shape (weightings, items)."""
    known = ~np.isnan(targets)
    n_known = known.sum(axis=0).clip(1)
    exact = np.where(known, targets, 0).astype(np.float64)
    centre = exact.sum(axis=0) / n_known  # so that sums of squares stay small
    wanted = np.where(known, exact - centre, 0)
    given = np.where(known, predictions.astype(np.float64) - centre, 0)
    drawn = weights.astype(np.float64)
    mass = drawn @ known

    def mean(of_items: FloatMatrix) -> FloatMatrix:
        return quotient_or(drawn @ of_items, mass, otherwise=np.nan)

    error = mean((wanted - given) ** 2)
    mean_wanted, mean_given = mean(wanted), mean(given)
    spread_wanted = _no_rounding(mean(wanted**2) - mean_wanted**2, mean(wanted**2))
    spread_given = _no_rounding(mean(given**2) - mean_given**2, mean(given**2))
    together = mean(wanted * given) - mean_wanted * mean_given
    apart = spread_wanted + spread_given + (mean_wanted - mean_given) ** 2
    concordance = quotient_or(2 * together, apart, otherwise=np.nan)
    return {
        "r2": 1 - quotient_or(error, spread_wanted, otherwise=np.nan),
        "rmse": np.sqrt(error),
        "concordance": np.where(spread_wanted > 0, concordance, np.nan),
    }


def _no_rounding(variance: FloatMatrix, mean_square: FloatMatrix) -> FloatMatrix:
    """The variance, exactly 0 where what is left of it is rounding."""
    return np.where(variance > TINY * mean_square, variance, 0.0)
