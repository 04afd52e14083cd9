"""An index for very many unit vectors: they are gathered into clusters, and a query looks into the nearest of these.

Inside a cluster the search is exact. How many rows it takes to find what an exact search finds, a sample decides when
the index is built, and the share that was found (recall) is kept with it. Conditions come first: clusters are looked
into until as many candidates have been compared as without a condition, so that few candidates are all compared. The
same vectors give the same index, and the same query the same answer.

Written into a folder of its own, whose arrays are mapped into memory rather than read.

References:
    Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", Machine Learning 42, 2001
    (k-means on the sphere).
    Jégou, Douze and Schmid, "Product quantization for nearest neighbor search", PAMI 33(1), 2011 (inverted files).
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tutti.errors import CatalogueError
from tutti.search.points.nearest import BLOCK_ROWS, Flags, Found, Vectors, best, in_threads, similarities

# Below, comparing with every vector is as quick (docs/performance.md).
LEAST_ROWS = 200_000
N_ITERATIONS = 8
SAMPLE_PER_CLUSTER = 64
N_QUERIES = 200  # that decide how far to look
RECALL_OF = 10  # nearest
WANTED_RECALL = 0.99
# Of the rows, tried in turn.
SHARES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.12, 0.2, 0.3, 0.5, 1.0)
FACTS, CENTRES, BEGINS, ROWS, VECTORS = "clusters.json", "centres.npy", "begins.npy", "rows.npy", "clustered.npy"


@dataclass(frozen=True, kw_only=True)
class ClusterFacts:
    """How an index was built, and how good it is.

    Attributes:
        n_vectors: That can be found.
        n_clusters: Into which they were gathered.
        n_compared: Rows that a query is compared with.
        recall: Share of the 10 exact nearest that are found, the mean over ``n_queries``.
        n_queries: Each the sum of two vectors of the index, as a blended query is.
        seconds: That building took.
    """

    n_vectors: int
    n_clusters: int
    n_compared: int
    recall: float
    n_queries: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.n_vectors} vectors in {self.n_clusters} clusters, {self.n_compared} are compared; "
            f"recall@{RECALL_OF} against exact search {self.recall:.3f} on {self.n_queries} queries"
        )


class Clusters:
    """An index. Make one with :meth:`build`, and open it with :meth:`load`.

    Attributes:
        facts: How it was built.
    """

    def __init__(
        self,
        facts: ClusterFacts,
        *,
        centres: Vectors,
        begins: NDArray[np.int64],
        rows: NDArray[np.int32],
        vectors: Vectors,
    ) -> None:
        self.facts = facts
        self._centres, self._begins, self._rows, self._vectors = centres, begins, rows, vectors

    @classmethod
    def build(cls, vectors: Vectors, folder: Path, *, n_clusters: int | None = None, seed: int = 0) -> Self:
        """Index vectors into an existing folder.

        Args:
            vectors: Of length 1; rows of NaN are never found. Shape (rows, embed_dim).
            folder: Files are written here.
            n_clusters: Twice the square root of the number of vectors when None.
            seed: Of the sample that the clusters start from and the queries are made of.
        """
        began = time.perf_counter()
        known = np.flatnonzero(~np.isnan(vectors[:, 0]))
        random = np.random.default_rng(seed)
        count = min(len(known), n_clusters or round(2 * len(known) ** 0.5))
        sample = vectors[np.sort(random.choice(known, min(len(known), SAMPLE_PER_CLUSTER * count), replace=False))]
        centres = _centres(sample, count, random)
        cluster = _assigned(vectors, known, centres)
        order = np.argsort(cluster, kind="stable")
        begins = np.searchsorted(cluster[order], np.arange(count + 1)).astype(np.int64)
        rows = known[order].astype(np.int32)
        clustered = np.lib.format.open_memmap(
            folder / VECTORS, mode="w+", dtype=np.float32, shape=(len(rows), vectors.shape[1])
        )
        for begin in range(0, len(rows), BLOCK_ROWS):
            clustered[begin : begin + BLOCK_ROWS] = vectors[rows[begin : begin + BLOCK_ROWS]]
        clustered.flush()
        draft = ClusterFacts(
            n_vectors=len(rows), n_clusters=count, n_compared=len(rows), recall=1.0, n_queries=0, seconds=0.0
        )
        index = cls(draft, centres=centres, begins=begins, rows=rows, vectors=clustered)
        n_compared, recall, n_queries = index._measured(random)
        seconds = round(time.perf_counter() - began, 2)
        index.facts = ClusterFacts(
            n_vectors=len(rows),
            n_clusters=count,
            n_compared=n_compared,
            recall=round(recall, 4),
            n_queries=n_queries,
            seconds=seconds,
        )
        for name, array in ((CENTRES, centres), (BEGINS, begins), (ROWS, rows)):
            np.save(folder / name, array, allow_pickle=False)
        (folder / FACTS).write_text(json.dumps(asdict(index.facts)) + "\n", encoding="utf-8")
        return index

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The index in a folder; None where there is none.

        Raises:
            CatalogueError: It is damaged.
        """
        if not (folder / FACTS).is_file():
            return None
        try:
            facts = ClusterFacts(**json.loads((folder / FACTS).read_text(encoding="utf-8")))
            centres, begins, rows = (np.load(folder / name, allow_pickle=False) for name in (CENTRES, BEGINS, ROWS))
            vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
            if len(rows) != len(vectors) or len(begins) != len(centres) + 1 or begins[-1] != len(rows):
                raise ValueError("its parts do not fit")
        except (OSError, ValueError, TypeError) as cause:
            raise CatalogueError(
                f"the index in {folder} is damaged: {str(cause).splitlines()[0]}",
                hint="build it anew: tutti index-vectors CATALOGUE",
            ) from None
        return cls(facts, centres=centres, begins=begins, rows=rows, vectors=vectors)

    def nearest(
        self, query: Vectors, *, k: int, candidates: Flags | None = None, n_compared: int | None = None
    ) -> Found:
        """The k candidates that are probably nearest, the nearest first, ties by their rows.

        Args:
            query: Of length 1. Shape (embed_dim,).
            k: How many at most.
            candidates: Which rows may be found; all when None. Shape (rows,).
            n_compared: Rows that are compared at least, if there are so many; as was found good when None.

        Raises:
            ShapeError: The query has other dimensions.
        """
        wanted = max(k, self.facts.n_compared if n_compared is None else n_compared)
        nearness = similarities(self._centres, query)
        allowed = None if candidates is None else candidates[self._rows]
        if allowed is not None and allowed.sum() <= wanted:
            places = np.flatnonzero(allowed)
            return self._best(self._rows[places], similarities(self._vectors[places], query), k=k)
        clusters = np.argsort(-nearness, kind="stable")
        sizes = np.diff(self._begins) if allowed is None else _counts(allowed, self._begins)
        n_clusters = int(np.searchsorted(np.cumsum(sizes[clusters]), wanted)) + 1
        # In the order of the clusters: the mapped file is read from front to back.
        chosen = np.sort(clusters[:n_clusters])
        return self._compared(query, chosen[sizes[chosen] > 0], allowed, k=k)

    def _compared(self, query: Vectors, clusters: NDArray[np.int64], allowed: Flags | None, *, k: int) -> Found:
        pieces = [slice(int(self._begins[one]), int(self._begins[one + 1])) for one in clusters]
        products: list[Vectors] = [np.zeros(0, dtype=np.float32)] * len(pieces)
        wanted = np.ascontiguousarray(query, dtype=np.float32)

        def compare(begin: int) -> None:
            for number in range(begin, min(begin + step, len(pieces))):
                rows = self._vectors[pieces[number]]
                products[number] = (rows if allowed is None else rows[allowed[pieces[number]]]) @ wanted

        step = max(1, -(-len(pieces) // 4))
        in_threads(compare, range(0, len(pieces), step))
        rows = [self._rows[piece] if allowed is None else self._rows[piece][allowed[piece]] for piece in pieces]
        if not rows:
            return Found(rows=np.zeros(0, dtype=np.int64), similarities=np.zeros(0, dtype=np.float32))
        return self._best(np.concatenate(rows), np.concatenate(products), k=k)

    def _best(self, rows: NDArray[np.int32], scores: Vectors, *, k: int) -> Found:
        ascending = np.argsort(rows)  # so that ties go by their rows
        chosen = best(scores[ascending], k=k)
        return Found(rows=rows[ascending][chosen.rows].astype(np.int64), similarities=chosen.similarities)

    def _measured(self, random: np.random.Generator) -> tuple[int, float, int]:
        """How many rows must be compared for the recall that is wanted, the recall, and the number of queries."""
        n_vectors = len(self._rows)
        count = min(N_QUERIES, n_vectors)
        if not count:
            return 0, 1.0, 0
        queries = self._vectors[random.choice(n_vectors, count)] + self._vectors[random.choice(n_vectors, count)]
        queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-12)
        exact = self._exact(queries)
        for share in SHARES:
            n_compared = max(RECALL_OF, round(share * n_vectors))
            found = [self.nearest(query, k=RECALL_OF, n_compared=n_compared).rows for query in queries]
            recall = float(np.mean([np.isin(one, other).mean() for one, other in zip(exact, found, strict=True)]))
            if recall >= WANTED_RECALL:
                break
        return n_compared, recall, count

    def _exact(self, queries: Vectors) -> list[NDArray[np.int64]]:
        """The rows of the exact nearest of each query, found block by block."""
        n_queries = len(queries)
        kept = np.zeros((n_queries, 0), dtype=np.float32), np.zeros((n_queries, 0), dtype=np.int64)
        for begin in range(0, len(self._vectors), 8 * BLOCK_ROWS):
            block = slice(begin, begin + 8 * BLOCK_ROWS)
            scores = similarities(self._vectors[block], np.ascontiguousarray(queries.T)).T
            rows = np.broadcast_to(self._rows[block].astype(np.int64), scores.shape)
            both = np.concatenate([kept[0], scores], axis=1), np.concatenate([kept[1], rows], axis=1)
            top = np.argpartition(-both[0], min(RECALL_OF, both[0].shape[1]) - 1, axis=1)[:, :RECALL_OF]
            kept = np.take_along_axis(both[0], top, axis=1), np.take_along_axis(both[1], top, axis=1)
        return list(kept[1])


def _centres(sample: Vectors, count: int, random: np.random.Generator) -> Vectors:
    """Centres of clusters of length 1, by k-means on the sphere. Shape (count, embed_dim)."""
    if not count:
        return np.zeros((0, sample.shape[1]), dtype=np.float32)
    centres = sample[np.sort(random.choice(len(sample), count, replace=False))].copy()
    for _ in range(N_ITERATIONS):
        cluster = _assigned(sample, np.arange(len(sample)), centres)
        order = np.argsort(cluster, kind="stable")
        numbers, begins = np.unique(cluster[order], return_index=True)
        sums = np.zeros_like(centres)
        sums[numbers] = np.add.reduceat(sample[order], begins, axis=0)
        # A cluster that has lost everything starts again somewhere else.
        empty = np.setdiff1d(np.arange(count), numbers)
        sums[empty] = sample[random.choice(len(sample), len(empty))]
        centres = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return centres


def _assigned(vectors: Vectors, rows: NDArray[np.int64], centres: Vectors) -> NDArray[np.int64]:
    """The number of the nearest centre for each of some rows. Shape (rows,)."""
    cluster = np.zeros(len(rows), dtype=np.int64)
    turned = np.ascontiguousarray(centres.T)

    def assign(begin: int) -> None:
        some = slice(begin, begin + BLOCK_ROWS)
        cluster[some] = np.argmax(vectors[rows[some]] @ turned, axis=1)

    in_threads(assign, range(0, len(rows), BLOCK_ROWS))
    return cluster


def _counts(allowed: Flags, begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many candidates each cluster holds."""
    return np.diff(np.concatenate([[0], np.cumsum(allowed)])[begins])
