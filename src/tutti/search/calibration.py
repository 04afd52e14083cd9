"""What cosines mean in a space: how near a text lies to sounds that have nothing to do with it.

Some track is always the nearest, so that nearness alone would always find something. A space model may keep the cosines
of pairs that do not belong together (``SpaceModelConfig.calibration``)::

    {"unmatched": {"text-audio": [cosines, ascending, at even shares from 0 to 1]}}

What is made of them is decided in ``blending``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Calibration:
    """Cosines of pairs that do not belong together.

    Args:
        settings: As a space model keeps them; empty where it keeps none.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        unmatched = (settings or {}).get("unmatched") or {}
        self._quantiles = {pair: np.sort(np.asarray(values, dtype=np.float64)) for pair, values in unmatched.items()}

    def reached(
        self, share: float, asked: str, modalities: Sequence[str], cosines: NDArray[np.float32]
    ) -> NDArray[np.bool_] | None:
        """Whether any modality of a track is nearer than that share of unmatched pairs; None where none are known.

        Args:
            share: From 0 to 1.
            asked: Modality of the query.
            modalities: Of the tracks.
            cosines: Shape (modalities, tracks).

        >>> tiny = Calibration({"unmatched": {"text-audio": [0.0, 0.1, 0.2]}})
        >>> tiny.reached(0.75, "text", ["audio"], np.array([[0.14, 0.16, np.nan]])).tolist()
        [False, True, False]
        """
        found: NDArray[np.bool_] | None = None
        for modality, some in zip(modalities, cosines, strict=True):
            quantiles = self._quantiles.get(f"{asked}-{modality}")
            if quantiles is not None and len(quantiles):
                # The cosine that has this share: shares grow with cosines, and one number is found sooner than many.
                least = np.interp(share, np.linspace(0, 1, len(quantiles)), quantiles)
                found = (False if found is None else found) | (some >= least)
        return found
