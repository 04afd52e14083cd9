"""Items ranked for listeners: how early those come that each has played, by whatever orders items.

What the orders are, and what their scores say, is ``cold_start``'s, ``recommendation``'s and ``warm_start``'s matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.evaluation.diversity import adiv_at_k, adiv_interval
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix
from tutti.evaluation.ranking import average_precision_at_k, ndcg_at_k
from tutti.evaluation.report import Estimate

N_RANDOM = 20  # orders at random, averaged
METRICS = {"ndcg": ndcg_at_k, "map": average_precision_at_k}


def random_orders(shape: tuple[int, ...], *, seed: int) -> Iterator[FloatMatrix]:
    """Scores of ``N_RANDOM`` random orders, one after the other. Shape (listeners, items) each."""
    draws = np.random.default_rng(seed)
    return (draws.random(shape) for _ in range(N_RANDOM))


def found_by_listener(relevant: BoolMatrix, orders: Iterable[NDArray[Any]], *, k: int) -> dict[str, FloatMatrix]:
    """NDCG@k and average precision@k of every listener, each the mean over some orders of the items.

    Args:
        relevant: Whether a listener has played an item. Shape (listeners, items).
        orders: Scores, higher where an item is ranked earlier, looked at one after the other. Shape (listeners, items).
        k: Depth of the rankings.

    Returns:
        ``ndcg`` and ``map``; NaN for listeners who have played none. Shape (listeners,) each.
    """
    found = [[measure(relevant, scores, k=k) for measure in METRICS.values()] for scores in orders]
    return dict(zip(METRICS, np.mean(found, axis=0), strict=True))


def coverage_of(scores: NDArray[Any], *, k: int, level: float) -> Estimate:
    """Share of the items that are among the first k of at least one listener, with Colwell's interval."""
    low, high = adiv_interval(scores, k=k, level=level)
    return Estimate(value=adiv_at_k(scores, k=k), low=low, high=high)
