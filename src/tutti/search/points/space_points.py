"""Where the tracks of a catalogue lie in one space: by modality, merged, and means of artists and listeners.

Row i of every array belongs to the i-th track of the corpus. Points come from ``placing``; how near they are to a query
is computed in ``nearest``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tutti.data.records import SpaceRecord
from tutti.errors import unknown_name
from tutti.models.space_models import Points, merged, unit_rows
from tutti.search.points.clusters import Clusters
from tutti.search.points.nearest import BLOCK_ROWS, Flags, Found, nearest


class SpacePoints:
    """The points of one space.

    Args:
        record: Of the space, as the catalogue has it.
        vectors: By modality, NaN in the rows of tracks without it. Shape (tracks, embed_dim).
        index: Of the merged points, where there are so many that it pays.

    Attributes:
        record: As given.
        vectors: As given.
        index: As given.
    """

    def __init__(self, record: SpaceRecord, vectors: Mapping[str, Points], *, index: Clusters | None = None) -> None:
        self.record = record
        self.vectors = dict(vectors)
        self.index = index
        self._present: dict[str | None, Flags] = {}

    @property
    def modalities(self) -> tuple[str, ...]:
        """That some track has a point of."""
        return tuple(self.vectors)

    @cached_property
    def merged(self) -> Points:
        """One point a track: the mean of its modalities' points, of length 1; NaN without any."""
        if len(self.vectors) == 1:
            return next(iter(self.vectors.values()))
        whole = np.empty_like(next(iter(self.vectors.values())))
        for begin in range(0, len(whole), BLOCK_ROWS):
            some = slice(begin, begin + BLOCK_ROWS)
            whole[some] = merged({modality: points[some] for modality, points in self.vectors.items()})
        return whole

    def of(self, modality: str | None = None) -> Points:
        """The points of a modality, or the merged ones.

        Raises:
            UnknownNameError: No track has a point of it.
        """
        if modality is None:
            return self.merged
        if modality not in self.vectors:
            raise unknown_name(f"modality placed in {self.record.space}", modality, self.vectors)
        return self.vectors[modality]

    def present(self, modality: str | None = None) -> Flags:
        """Which tracks have a point. Shape (tracks,)."""
        if modality not in self._present:
            self._present[modality] = np.asarray(~np.isnan(self.of(modality)[:, 0]))
        return self._present[modality]

    def nearest(self, query: Points, *, k: int, candidates: Flags | None = None) -> Found:
        """The k candidates that lie nearest to a query; by the index, where there is one, those that probably do.

        Args:
            query: Of length 1. Shape (embed_dim,).
            k: How many at most.
            candidates: Which tracks may be found; all when None. Shape (tracks,).
        """
        if self.index is not None:
            return self.index.nearest(query, k=k, candidates=candidates)
        return nearest(self.merged, query, k=k, candidates=candidates)

    def mean_of(self, rows: NDArray[np.int64], weights: NDArray[np.float32] | None = None) -> Points:
        """The weighted mean of some tracks' points, of length 1; NaN where none of them has one. Shape (embed_dim,).

        Args:
            rows: Of the tracks.
            weights: One each, such as how often somebody played them; all alike when None.
        """
        points = self.merged[rows].astype(np.float64)
        known = ~np.isnan(points[:, 0])
        weighted = points[known] if weights is None else points[known] * weights[known, np.newaxis]
        mean: Points = unit_rows(weighted.sum(axis=0, keepdims=True))[0]
        return mean
