"""Hits that differ from each other: of what fits the query, each next one as unlike those before it as it is fitting.

References:
    Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing
    summaries", SIGIR 1998.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Of the ranking, for each hit that is asked for: what lies deeper fits too little to be worth its difference.
POOL = 10
FEWEST_IN_POOL = 50


def pool_size(k: int) -> int:
    """How many of the best are looked at to find k hits that differ."""
    return max(POOL * k, FEWEST_IN_POOL)


def diversified(
    scores: NDArray[np.float32], vectors: NDArray[np.float32], *, k: int, diversity: float
) -> NDArray[np.int64]:
    """The positions of k of the candidates, each the one of the greatest marginal relevance after those before it.

    That is ``(1 - diversity) * score - diversity * likeness``, the likeness being the greatest cosine to a candidate
    chosen before, at least 0. Paper's lambda is ``1 - diversity``.

    Args:
        scores: 0 to 1, falling. Shape (candidates,).
        vectors: Of any length; NaN where there is none, which is like nothing. Shape (candidates, dimensions).
        k: How many at most.
        diversity: 0, the order of the scores, to 1, where only the first is chosen by its score.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.nan_to_num(vectors / np.where(lengths > 0, lengths, 1))
    relevance = (1 - diversity) * scores.astype(np.float64)
    likeness = np.zeros(len(scores))
    is_free = np.ones(len(scores), dtype=bool)
    chosen: list[int] = []
    for _ in range(min(k, len(scores))):
        # Before the first, nothing is alike; of equals the better one.
        value = np.where(is_free, relevance - diversity * likeness, -np.inf) if chosen else scores
        best = int(np.argmax(value))
        chosen.append(best)
        is_free[best] = False
        likeness = np.maximum(likeness, unit @ unit[best])
    return np.array(chosen, dtype=np.int64)
