"""How alike tracks sound, from the vectors that models made of them.

A model's vectors share a large common part (after a ReLU none of their numbers is negative), so that the plain cosine
of any two tracks is high. Here the mean of the catalogue is subtracted and each dimension divided by its standard
deviation first, unless the tracks are too few to tell what is common. Similarities of several models are averaged. A
similarity is reported as the share of random pairs of the catalogue's tracks that are less alike.

References:
    Mu, Viswanath, "All-but-the-top: Simple and effective postprocessing for word representations", ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tutti.search.evidence import mean_of_known
from tutti.search.points.nearest import similarities

# With fewer tracks, nothing is subtracted: two tracks around their mean are each other's opposite, however alike.
FEWEST_CENTRED = 4
N_PAIRS = 20_000
N_SAMPLED = 10_000
LEAST_VARIANCE = 0.1  # of the mean over the dimensions
BLOCK_ROWS = 8_192

Vectors = NDArray[np.float32]


class Likeness:
    """One model's vectors, centred and scaled.

    Args:
        vectors: One row a track, NaN in rows that the model has not described. Shape (tracks, embed_dim).
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        known = np.flatnonzero(~np.isnan(vectors[:, 0]))
        self._centre = np.zeros(vectors.shape[1], dtype=np.float32)
        self._scale = np.ones(vectors.shape[1], dtype=np.float32)
        if len(known) >= FEWEST_CENTRED:
            # The mean of every tenth of 100,000 tracks is as good as that of all.
            sample = vectors[known[:: max(1, len(known) // N_SAMPLED)]].astype(np.float64)
            variance = sample.var(axis=0)
            # A dimension that hardly varies here says little: its noise must not be blown up.
            floor = LEAST_VARIANCE * variance.mean() or 1.0
            self._centre = sample.mean(axis=0).astype(np.float32)
            self._scale = (1 / np.sqrt(variance + floor)).astype(np.float32)
        self._norms = self._norms_of_rows()

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return int(self._vectors.shape[1])

    def to(self, vector: Vectors) -> Vectors:
        """Cosine of every track to a vector of the same model, NaN for unknown tracks. Shape (tracks,)."""
        direction = self._unit(vector[np.newaxis])[0] * self._scale
        products = similarities(self._vectors, direction) - self._centre @ direction
        return np.asarray(products / self._norms, dtype=np.float32)

    def placed(self, rows: NDArray[np.int64]) -> Vectors:
        """Some tracks as unit vectors, centred and scaled; NaN for unknown tracks. Shape (rows, embed_dim)."""
        placed = np.empty((len(rows), self.embed_dim), dtype=np.float32)
        for start in range(0, len(rows), BLOCK_ROWS):
            placed[start : start + BLOCK_ROWS] = self._unit(self._vectors[rows[start : start + BLOCK_ROWS]])
        return placed

    def place(self, vector: Vectors) -> Vectors:
        """The same for a vector of the model. Shape (embed_dim,)."""
        placed: Vectors = self._unit(vector[np.newaxis])[0]
        return placed

    def of_pairs(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Vectors:
        """Cosine of tracks in one list of rows to those in another. Shape (pairs,)."""
        blocks = [
            np.sum(self._unit(self._vectors[one]) * self._unit(self._vectors[other]), axis=1)
            for one, other in _blocks(first, second)
        ]
        return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)

    def _unit(self, vectors: Vectors) -> Vectors:
        scaled = (vectors - self._centre) * self._scale
        norms = np.linalg.norm(scaled, axis=1, keepdims=True)
        return np.asarray(scaled / np.maximum(norms, 1e-12), dtype=np.float32)

    def _norms_of_rows(self) -> Vectors:
        starts = range(0, len(self._vectors), BLOCK_ROWS)
        blocks = [(self._vectors[start : start + BLOCK_ROWS] - self._centre) * self._scale for start in starts]
        norms = [np.linalg.norm(block, axis=1) for block in blocks]
        return np.maximum(np.concatenate(norms), 1e-12) if norms else np.zeros(0, dtype=np.float32)


class Soundspace:
    """All models' vectors of a catalogue's tracks."""

    def __init__(self, vectors: Mapping[str, Vectors]) -> None:
        self.models = {name: Likeness(rows) for name, rows in vectors.items() if len(rows)}
        self._of_pairs = self._similarity_of_pairs(len(next(iter(vectors.values()), ())))

    def similarity(self, query: Mapping[str, Vectors]) -> Vectors:
        """Mean cosine over the models that described both the query and the track, NaN without any. Shape (tracks,).

        Args:
            query: Its vector by model. Shape (embed_dim,) each.
        """
        shared = [self.models[name].to(vector) for name, vector in sorted(query.items()) if name in self.models]
        return mean_of_known(np.stack(shared))

    def points(self, rows: NDArray[np.int64]) -> Vectors:
        """Some tracks as unit vectors, the models' side by side; NaN for unknown tracks. Shape (rows, sum of dims)."""
        return _side_by_side([self.models[name].placed(rows) for name in sorted(self.models)])

    def point(self, vectors: Mapping[str, Vectors]) -> Vectors:
        """The same for vectors by model; zeros stand for those of a model that has not heard it."""
        heard = [
            model.place(vectors[name]) if name in vectors else np.full(model.embed_dim, np.nan, dtype=np.float32)
            for name, model in sorted(self.models.items())
        ]
        point: Vectors = _side_by_side([one[np.newaxis] for one in heard])[0]
        return point

    def percentile(self, similarity: Vectors) -> Vectors:
        """The share of random pairs that are less alike; the positive part of the cosine where there are no pairs."""
        if not len(self._of_pairs):
            return np.asarray(np.clip(np.nan_to_num(similarity), 0, 1), dtype=np.float32)
        # Counted in ascending order, which is quicker than a search for each track by itself.
        known = np.nan_to_num(similarity, nan=-1.0)
        order = np.argsort(known)
        begins = np.searchsorted(known[order], self._of_pairs, side="right")
        below = np.cumsum(np.bincount(begins, minlength=len(known) + 1)[:-1])
        shares = np.empty(len(known), dtype=np.float32)
        shares[order] = below / len(self._of_pairs)
        return shares

    def _similarity_of_pairs(self, n_tracks: int) -> Vectors:
        """Similarities of random pairs of different tracks, ascending. The same pairs every time."""
        if n_tracks < 2 or not self.models:
            return np.zeros(0, dtype=np.float32)
        random = np.random.default_rng(0)
        first = random.integers(0, n_tracks, N_PAIRS)
        second = (first + random.integers(1, n_tracks, N_PAIRS)) % n_tracks
        similarity = mean_of_known(np.stack([model.of_pairs(first, second) for model in self.models.values()]))
        return np.sort(similarity[~np.isnan(similarity)])


def _blocks(first: NDArray[np.int64], second: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    starts = range(0, len(first), BLOCK_ROWS)
    return [(first[start : start + BLOCK_ROWS], second[start : start + BLOCK_ROWS]) for start in starts]


def _side_by_side(blocks: list[Vectors]) -> Vectors:
    """Unit rows of several models as one, of length 1, for rows that any of them knows; NaN for the others."""
    joined = np.concatenate(blocks, axis=1)
    is_known = ~np.isnan(joined).all(axis=1, keepdims=True)
    filled = np.nan_to_num(joined)
    lengths = np.linalg.norm(filled, axis=1, keepdims=True)
    return np.asarray(np.where(is_known, filled / np.maximum(lengths, 1e-12), np.nan), dtype=np.float32)
