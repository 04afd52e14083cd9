"""Metrics of rankings whose items are relevant by degrees; ``retrieval`` scores by them what finds what.

``ranking`` has the metrics where an item is relevant or is not. Here ``relevance`` is a number, 0 or more, such as
``tutti.data.ontology`` gives; it is NaN for items that cannot be judged, which are neither ranked nor counted. Gains
are the relevance itself, discounts 1 / log2(rank + 1), and the best order is that of all items that can be judged, not
only of those that were found.

Where even unrelated items have some relevance, so has a random order: read a score beside that of chance.

References:
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002.
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 4.1.
        They define the relevance of two labels; gains, discounts and the best order are our choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.evaluation.multilabel import FloatMatrix


def graded_ndcg_at_k(relevance: NDArray[Any], scores: NDArray[Any], *, k: int) -> FloatMatrix:
    """Discounted cumulative gain of the first k items over that of the best order.

    Args:
        relevance: Of items to queries, 0 or more; NaN where it is not known. Shape (queries, items).
        scores: Higher where an item is ranked earlier; ties keep the order of the items. Shape (queries, items).
        k: Depth of the ranking.

    Returns:
        From 0 to 1, one a query; NaN where no item has any relevance. Shape (queries,).

    Raises:
        ShapeError: The matrices do not fit, a score is not a number, or k lies outside 1 to the number of items.

    >>> graded_ndcg_at_k(np.array([[3, 2, 0]]), np.array([[1, 2, 3]]), k=3).round(3).tolist()
    [0.648]
    """
    _check(relevance, k)
    if relevance.shape != scores.shape or not np.isfinite(scores).all():
        raise ShapeError(
            f"relevance has shape {relevance.shape}, scores {scores.shape}; both must be (queries, items), of numbers",
            hint="give a row a query and a column an item",
        )
    # Items that cannot be judged go behind all others, where they gain nothing.
    order = np.argsort(np.where(np.isnan(relevance), np.inf, -scores), axis=1, kind="stable")[:, :k]
    gained = np.nan_to_num(np.take_along_axis(relevance, order, axis=1)) @ _discounts(k)
    return _over_best(gained, relevance, k)


def expected_ndcg_at_k(relevance: NDArray[Any], *, k: int) -> FloatMatrix:
    """What :func:`graded_ndcg_at_k` gives on average over all orders of the items: chance.

    Raises:
        ShapeError: The relevance is no matrix, or k lies outside 1 to the number of items.

    >>> expected_ndcg_at_k(np.array([[1, 0]]), k=1).tolist()
    [0.5]
    """
    _check(relevance, k)
    n_judged = (~np.isnan(relevance)).sum(axis=1)
    mean = np.nansum(relevance, axis=1) / np.maximum(n_judged, 1)
    reached = np.concatenate([[0.0], np.cumsum(_discounts(k))])[np.minimum(n_judged, k)]
    return _over_best(mean * reached, relevance, k)


def _check(relevance: NDArray[Any], k: int) -> None:
    if relevance.ndim != 2 or not 1 <= k <= relevance.shape[1] or (relevance < 0).any():
        raise ShapeError(
            f"relevance of shape {relevance.shape} cannot be ranked to a depth of {k}",
            hint="give 0 or more in (queries, items), and k from 1 to the number of items",
        )


def _discounts(k: int) -> FloatMatrix:
    discounts: FloatMatrix = 1 / np.log2(np.arange(2, k + 2))
    return discounts


def _over_best(gained: NDArray[Any], relevance: NDArray[Any], k: int) -> FloatMatrix:
    best = -np.sort(-np.nan_to_num(relevance), axis=1)[:, :k] @ _discounts(k)
    found: FloatMatrix = np.full(len(best), np.nan)
    np.divide(gained, best, out=found, where=best > 0)
    return found
