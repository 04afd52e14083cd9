"""How near points lie that do not belong together: what a cosine means to whoever must say that nothing fits.

``tutti.search.calibration`` reads what a space model keeps of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np

from tutti.models.space_models import Points


def unmatched_cosines(points: Mapping[str, Points], *, seed: int, n_pairs: int = 20_000) -> dict[str, Any]:
    """How near points of different items lie: what ``SpaceModelConfig.calibration`` keeps of a space.

    Args:
        points: Of each modality, NaN where an item lacks it. Shape (items, embed_dim).
        seed: Of the pairs that are drawn.
        n_pairs: At most, of each two modalities.

    Returns:
        ``unmatched``: by ``asks-answers`` 101 cosines, ascending, at even shares of the pairs.
    """
    rng, found = np.random.default_rng(seed), {}
    for asks, answers in permutations(points, 2):
        asking, answering = (np.flatnonzero(np.isfinite(points[name]).all(axis=1)) for name in (asks, answers))
        if not len(asking) or not len(answering):
            continue
        first, second = rng.choice(asking, n_pairs), rng.choice(answering, n_pairs)
        first, second = first[first != second], second[first != second]
        if len(first):
            cosines = np.einsum("ij,ij->i", points[asks][first], points[answers][second])
            found[f"{asks}-{answers}"] = np.quantile(cosines, np.linspace(0, 1, 101)).round(4).tolist()
    return {"unmatched": found}
