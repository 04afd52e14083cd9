"""Which tracks a query of points alone is compared with, where there are so many that an index tells the nearest.

The score of a track grows with the sum of its cosines to the terms, each divided by its spread (``blending``). Cosines
being linear, that is the cosine to one direction, and the tracks nearest to it are found in the index
(``points.clusters``). Their scores are computed as without it. Where tracks have points of several modalities their
scores are no cosine to anything, and all tracks are compared, as they are below the size from which there is an index.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tutti.models.space_models import unit_rows
from tutti.search.blending import mean_and_spread, sampled, stacked
from tutti.search.pointing import Pointed
from tutti.search.points.nearest import Flags, similarities
from tutti.search.points.space_points import SpacePoints

LEAST_ROWS = 1_000


def shortlist(
    terms: Sequence[Pointed], points: SpacePoints, candidates: Flags, *, count: int
) -> NDArray[np.int64] | None:
    """Rows of the tracks that are probably nearest to all terms together; None where no index can tell.

    Args:
        terms: With their points.
        points: Of the tracks.
        candidates: Tracks that may be hits. Shape (tracks,).
        count: How many, if there are so many candidates; the nearest of all tracks is always among them.
    """
    if points.index is None or len(points.modalities) != 1:
        return None
    matrix, signed = stacked(terms)
    _, spread = mean_and_spread(similarities(points.of()[sampled(points.present())], matrix))
    direction = unit_rows((matrix * (signed / spread)).sum(axis=1)[np.newaxis])[0]
    if np.isnan(direction).any():  # the terms cancel each other
        return None
    nearest = points.nearest(direction, k=1).rows  # that scores are measured by
    return np.union1d(nearest, points.nearest(direction, k=max(count, LEAST_ROWS), candidates=candidates).rows)


def note_of(points: SpacePoints, rows: NDArray[np.int64]) -> str:
    """That the index answered, and how much it finds."""
    assert points.index is not None
    facts = points.index.facts
    return (
        f"the index of {points.record.space} chose {len(rows)} of {facts.n_vectors} tracks; "
        f"it finds {facts.recall:.1%} of the ten nearest (recall@10 on {facts.n_queries} queries)"
    )
