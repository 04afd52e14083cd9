"""Hubs: items that are near to everything, in a space in which others are near to nothing.

What finds what across modalities, and how well, is in ``cross_modal``.

References:
    Radovanović et al., "Hubs in space: popular nearest neighbors in high-dimensional data", JMLR 11, 2010.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tutti.errors import ShapeError
from tutti.models.space_models import Points

DEPTH = 10  # of the rankings in which items are counted
BLOCK = 1024  # queries compared at once


@dataclass(frozen=True, kw_only=True)
class Hubness:
    """How unevenly items are found.

    Attributes:
        skewness: Of how often each item is among the first ``depth`` of a query; 0 where all are alike, in spaces with
            hubs above 1. NaN where all are exactly alike.
        never_found: Share of the items that are among nobody's first.
        largest_hub: Share of the queries that have the most frequent item among their first.
        depth: Of the rankings.
    """

    skewness: float
    never_found: float
    largest_hub: float
    depth: int = DEPTH


def hubness(asking: Points, answering: Points, *, depth: int = DEPTH) -> Hubness:
    """How unevenly items are found; of items that are equally similar at the last rank each counts by its chance.

    Args:
        asking: Shape (queries, embed_dim).
        answering: Shape (items, embed_dim).
        depth: Of the rankings; where there are fewer items, all are found.

    Raises:
        ShapeError: The arrays do not fit.

    References:
        Radovanović et al., JMLR 11, 2010, section 2 (N_k and its skewness).
    """
    check_compared(asking, answering)
    occurrences = np.zeros(len(answering))
    place = max(0, len(answering) - depth)
    for first in range(0, len(asking), BLOCK):
        similarity = asking[first : first + BLOCK] @ answering.T
        last = np.partition(similarity, place, axis=1)[:, place][:, None]
        nearer, at_last = similarity > last, similarity == last
        room = min(depth, len(answering)) - nearer.sum(axis=1, keepdims=True)
        occurrences += (nearer + at_last * (room / at_last.sum(axis=1, keepdims=True))).sum(axis=0)
    spread, deviations = occurrences.std(), occurrences - occurrences.mean()
    return Hubness(
        skewness=float((deviations**3).mean() / spread**3) if spread > 1e-12 else math.nan,
        never_found=float((occurrences == 0).mean()),
        largest_hub=float(occurrences.max() / len(asking)),
        depth=depth,
    )


def check_compared(asking: Points, answering: Points) -> None:
    """See that points can be compared.

    Raises:
        ShapeError: They are of different dimensions, there are none, or some are not finite.
    """
    if asking.ndim != 2 or answering.ndim != 2 or asking.shape[1] != answering.shape[1] or not len(answering):
        raise ShapeError(
            f"points that ask have shape {asking.shape}, those that answer {answering.shape}",
            hint="give (queries, embed_dim) and (items, embed_dim)",
        )
    if not (np.isfinite(asking).all() and np.isfinite(answering).all()):
        raise ShapeError("some points are NaN or infinite", hint="leave out items without the modality")
