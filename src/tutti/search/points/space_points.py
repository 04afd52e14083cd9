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
from tutti.search.points.nearest import BLOCK_ROWS, Flags, Found, nearest, similarities


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

    def similarities(self, query: Points, *, modality: str | None = None) -> Points:
        """Cosines of every track, NaN without a point. Shape (tracks,), or (tracks, queries).

        Args:
            query: Of length 1. Shape (embed_dim,), or (embed_dim, queries).
            modality: Whose points; the merged ones when None.
        """
        return similarities(self.of(modality), query)

    def nearest(self, query: Points, *, k: int, candidates: Flags | None = None, modality: str | None = None) -> Found:
        """The k candidates that lie nearest to a query; by the index, where there is one, those that probably do.

        Args:
            query: Of length 1. Shape (embed_dim,).
            k: How many at most.
            candidates: Which tracks may be found; all when None. Shape (tracks,).
            modality: Whose points; the merged ones when None.
        """
        if self.index is not None and modality is None:
            return self.index.nearest(query, k=k, candidates=candidates)
        return nearest(self.of(modality), query, k=k, candidates=candidates)

    def mean_of(
        self, rows: NDArray[np.int64], weights: NDArray[np.float32] | None = None, *, modality: str | None = None
    ) -> Points:
        """The weighted mean of some tracks' points, of length 1; NaN where none of them has one. Shape (embed_dim,).

        Args:
            rows: Of the tracks.
            weights: One each, such as how often somebody played them; all alike when None.
            modality: Whose points; the merged ones when None.
        """
        points = self.of(modality)[rows].astype(np.float64)
        known = ~np.isnan(points[:, 0])
        weighted = points[known] if weights is None else points[known] * weights[known, np.newaxis]
        mean: Points = unit_rows(weighted.sum(axis=0, keepdims=True))[0]
        return mean

    def means(self, groups: NDArray[np.int64], n_groups: int, weights: NDArray[np.float32] | None = None) -> Points:
        """Such means of many groups at once, over the merged points. Shape (groups, embed_dim).

        Args:
            groups: For each track the number of its group, -1 for none. Shape (tracks,).
            n_groups: How many groups there are.
            weights: One a track; all alike when None.
        """
        rows = np.flatnonzero((groups >= 0) & self.present())
        rows = rows[np.argsort(groups[rows], kind="stable")]
        totals = np.zeros((n_groups, self.record.embed_dim), dtype=np.float64)
        if len(rows):
            numbers, begins = np.unique(groups[rows], return_index=True)
            points = self.merged[rows] if weights is None else self.merged[rows] * weights[rows, np.newaxis]
            totals[numbers] = np.add.reduceat(points, begins, axis=0)
        return unit_rows(totals)
