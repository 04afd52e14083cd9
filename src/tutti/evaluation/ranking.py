"""Metrics of rankings: for each query, such as a listener, items in an order, of which some are relevant.

All functions take ``relevant``, True where an item answers a query, and ``scores``, higher where it is ranked
earlier, any scale; both of shape (queries, items). Ties keep the order of the items. They give one number a query,
NaN where nothing is relevant to it: no order of the items is better than another there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix


def ndcg_at_k(relevant: BoolMatrix, scores: NDArray[Any], *, k: int) -> FloatMatrix:
    """Discounted cumulative gain of the first k items over that of the best order; gains are 0 and 1.

    Returns:
        From 0 to 1, one a query. Shape (queries,).

    Raises:
        ShapeError: The matrices do not fit, or k lies outside 1 to the number of items.

    References:
        Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002.

    >>> ndcg_at_k(np.array([[True, False, False]]), np.array([[1, 3, 2]]), k=3).round(3).tolist()
    [0.5]
    """
    hits = _first(relevant, scores, k)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(relevant.sum(axis=1), k)]
    return _where_defined(hits @ discounts, best)


def average_precision_at_k(relevant: BoolMatrix, scores: NDArray[Any], *, k: int) -> FloatMatrix:
    """Mean over the relevant items of the precision at each one's rank, 0 for those not among the first k.

    The mean is over as many items as could be among the first k. Its mean over queries is MAP@k.

    Returns:
        From 0 to 1, one a query. Shape (queries,).

    Raises:
        ShapeError: The matrices do not fit, or k lies outside 1 to the number of items.

    >>> average_precision_at_k(np.array([[True, False, True]]), np.array([[3, 2, 1]]), k=3).round(3).tolist()
    [0.833]
    """
    hits = _first(relevant, scores, k)
    precision = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return _where_defined((precision * hits).sum(axis=1), np.minimum(relevant.sum(axis=1), k))


def precision_at_k(relevant: BoolMatrix, scores: NDArray[Any], *, k: int) -> FloatMatrix:
    """Share of the first k items that are relevant; where fewer are, it cannot reach 1.

    Returns:
        From 0 to 1, one a query. Shape (queries,).

    Raises:
        ShapeError: The matrices do not fit, or k lies outside 1 to the number of items.

    >>> precision_at_k(np.array([[True, False, True]]), np.array([[3, 2, 1]]), k=2).tolist()
    [0.5]
    """
    hits = _first(relevant, scores, k)
    return _where_defined(hits.sum(axis=1) / k, np.where(relevant.any(axis=1), 1.0, 0.0))


def reciprocal_rank(relevant: BoolMatrix, scores: NDArray[Any]) -> FloatMatrix:
    """One over the rank of the first relevant item. Its mean over queries is MRR.

    Returns:
        From 0 to 1, one a query. Shape (queries,).

    Raises:
        ShapeError: The matrices do not fit.

    >>> reciprocal_rank(np.array([[True, False, True]]), np.array([[1, 3, 2]])).tolist()
    [0.5]
    """
    hits = _first(relevant, scores, relevant.shape[-1])
    found = hits.any(axis=1)
    return _where_defined(np.where(found, 1 / (hits.argmax(axis=1) + 1), 0), np.where(found, 1.0, 0.0))


def _first(relevant: BoolMatrix, scores: NDArray[Any], k: int) -> BoolMatrix:
    """Whether each of a query's first k items is relevant. Shape (queries, k)."""
    if relevant.ndim != 2 or relevant.shape != scores.shape:
        raise ShapeError(
            f"relevant has shape {relevant.shape}, scores {scores.shape}; both must be (queries, items)",
            hint="give a row a query and a column an item",
        )
    if not 1 <= k <= relevant.shape[1]:
        raise ShapeError(f"k={k} lies outside 1 to {relevant.shape[1]} items", hint="lower k, or rank more items")
    if not np.isfinite(scores).all():
        raise ShapeError("some scores are NaN or infinite", hint="find out which query or item they come from")
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found: BoolMatrix = np.take_along_axis(relevant, order, axis=1)
    return found


def _where_defined(gained: NDArray[Any], best: NDArray[Any]) -> FloatMatrix:
    defined: FloatMatrix = np.full(len(best), np.nan)
    np.divide(gained, best, out=defined, where=best > 0)
    return defined
