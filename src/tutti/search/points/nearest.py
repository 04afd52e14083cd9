"""The nearest of many unit vectors, exactly: in blocks of rows, on as many threads as there are processors.

Where there are so many that this takes too long, ``clusters`` looks only where the nearest probably are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError

# Rows at once: few enough to share out, and always as many, so that threads change nothing in the sums.
BLOCK_ROWS = 8_192

One = TypeVar("One")
Other = TypeVar("Other")
Vectors = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is nearest, the nearest first; fewer than were asked for where there are no more.

    Attributes:
        rows: Of the vectors. Shape (found,).
        similarities: Cosines. Shape (found,).
    """

    rows: NDArray[np.int64]
    similarities: Vectors


def similarities(vectors: Vectors, query: Vectors) -> Vectors:
    """Products of every row with a query, cosines where both are of length 1; NaN for rows of NaN.

    Args:
        vectors: Shape (rows, embed_dim).
        query: Shape (embed_dim,), or (embed_dim, queries) for several at once.

    Returns:
        Shape (rows,) or (rows, queries).

    Raises:
        ShapeError: The dimensions differ.
    """
    if len(query) != vectors.shape[1]:
        raise ShapeError(
            f"a query of {len(query)} dimensions meets vectors of {vectors.shape[1]}",
            hint="place the query in the space of the vectors",
        )
    products = np.empty((len(vectors), *query.shape[1:]), dtype=np.float32)
    query = np.ascontiguousarray(query, dtype=np.float32)

    def multiply(begin: int) -> None:
        some = slice(begin, begin + BLOCK_ROWS)
        np.matmul(vectors[some], query, out=products[some])

    in_threads(multiply, range(0, len(vectors), BLOCK_ROWS))
    return products


def nearest(vectors: Vectors, query: Vectors, *, k: int, candidates: Flags | None = None) -> Found:
    """The k candidates with the largest products; ties go by the order of the rows.

    Args:
        vectors: NaN in rows that are no candidates. Shape (rows, embed_dim).
        query: Shape (embed_dim,).
        k: How many at most.
        candidates: Which rows may be found; all when None. Shape (rows,).

    Raises:
        ShapeError: The dimensions differ.
    """
    if candidates is not None and candidates.sum() < len(vectors) // 8:
        rows = np.flatnonzero(candidates)
        found = best(similarities(vectors[rows], query), k=k)
        return Found(rows=rows[found.rows], similarities=found.similarities)
    return best(similarities(vectors, query), k=k, candidates=candidates)


def best(scores: NDArray[Any], *, k: int, candidates: Flags | None = None) -> Found:
    """The k largest scores, the largest first, ties by their order; NaN is never among them.

    >>> best(np.array([0.5, 0.9, np.nan, 0.9], dtype=np.float32), k=3).rows.tolist()
    [1, 3, 0]
    """
    may = ~np.isnan(scores) if candidates is None else candidates & ~np.isnan(scores)
    rows = np.flatnonzero(may)
    chosen = scores[rows]
    if len(rows) > k:
        least = np.partition(chosen, len(rows) - k)[len(rows) - k] if k else np.inf
        rows, chosen = rows[chosen >= least], chosen[chosen >= least]
    order = np.argsort(-chosen, kind="stable")[:k]
    return Found(rows=rows[order], similarities=chosen[order])


def in_threads(work: Callable[[int], None], begins: range) -> None:
    """Do something for each of some numbers, several at once; NumPy's products let other threads run."""
    if len(begins) < 2:
        for begin in begins:
            work(begin)
        return
    for _ in _threads().map(work, begins):
        pass


def at_once(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """What two functions give, which are called at the same time: the first here, the other in another thread."""
    begun = _threads().submit(other)
    return one(), begun.result()


_POOL: list[ThreadPoolExecutor] = []


def _threads() -> ThreadPoolExecutor:
    if not _POOL:
        _POOL.append(ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="nearest"))
    return _POOL[0]
