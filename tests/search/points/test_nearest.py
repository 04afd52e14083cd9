"""The nearest of many vectors, exactly and by clusters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tutti.errors import CatalogueError, ShapeError
from tutti.search.points.clusters import BEGINS, FACTS, Clusters
from tutti.search.points.nearest import best, nearest, similarities

N_ROWS = 3000


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Three thousand points around forty styles; every hundredth is absent, two are the same."""
    random = np.random.default_rng(0)
    styles = random.standard_normal((40, 16))
    points = styles[random.integers(0, 40, N_ROWS)] + 0.5 * random.standard_normal((N_ROWS, 16))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[::100] = np.nan
    points[2001] = points[7]
    return points.astype(np.float32)


@pytest.fixture(scope="module")
def clusters(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Clusters:
    return Clusters.build(vectors, tmp_path_factory.mktemp("clusters"))


def by_hand(vectors: np.ndarray, query: np.ndarray, candidates: np.ndarray) -> list[int]:
    products = np.nan_to_num(vectors @ query, nan=-9)
    allowed = [row for row in range(len(vectors)) if candidates[row] and products[row] > -9]
    return sorted(allowed, key=lambda row: (-products[row], row))[:10]


def test_the_exact_nearest_are_those_of_a_full_sort(vectors: np.ndarray) -> None:
    found = nearest(vectors, vectors[5], k=10)
    assert found.rows.tolist() == by_hand(vectors, vectors[5], np.ones(N_ROWS, dtype=bool))
    assert found.similarities[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("share", [0.005, 0.5])
def test_conditions_come_before_the_ranking(vectors: np.ndarray, share: float) -> None:
    candidates = np.random.default_rng(1).random(N_ROWS) < share
    assert nearest(vectors, vectors[5], k=10, candidates=candidates).rows.tolist() == by_hand(
        vectors, vectors[5], candidates
    )


def test_ties_go_by_the_order_of_the_rows(vectors: np.ndarray, clusters: Clusters) -> None:
    assert nearest(vectors, vectors[7], k=2).rows.tolist() == [7, 2001]
    assert clusters.nearest(vectors[2001], k=2).rows.tolist() == [7, 2001]


def test_fewer_than_k_come_where_there_are_no_more() -> None:
    assert best(np.array([0.1, np.nan], dtype=np.float32), k=5).rows.tolist() == [0]
    nowhere = np.zeros(2, dtype=bool)
    assert not len(nearest(np.eye(2, dtype=np.float32), np.ones(2, np.float32), k=1, candidates=nowhere).rows)


def test_blocks_and_threads_change_nothing(vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = similarities(vectors, vectors[5])
    monkeypatch.setattr("tutti.search.points.nearest.BLOCK_ROWS", 64)
    assert np.array_equal(similarities(vectors, vectors[5]), whole, equal_nan=True)


def test_several_queries_at_once_are_as_many_by_themselves(vectors: np.ndarray) -> None:
    both = similarities(vectors, np.stack([vectors[5], vectors[6]], axis=1))
    assert both[:, 1] == pytest.approx(similarities(vectors, vectors[6]), abs=1e-6, nan_ok=True)


def test_a_query_of_other_dimensions_is_refused(vectors: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="3 dimensions meets vectors of 16"):
        nearest(vectors, np.ones(3, dtype=np.float32), k=1)


# Clusters


def test_clusters_find_what_an_exact_search_finds(vectors: np.ndarray, clusters: Clusters) -> None:
    random, hits = np.random.default_rng(2), 0
    for row in random.choice(np.flatnonzero(~np.isnan(vectors[:, 0])), 50):
        found = clusters.nearest(vectors[row], k=10).rows
        hits += len(np.intersect1d(found, nearest(vectors, vectors[row], k=10).rows))
    assert hits / 500 >= 0.98
    assert clusters.facts.recall >= 0.99
    assert clusters.facts.n_vectors == N_ROWS - 30


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_clusters_lose_nothing_to_a_condition(vectors: np.ndarray, clusters: Clusters, share: float) -> None:
    candidates = np.random.default_rng(3).random(N_ROWS) < share
    found = clusters.nearest(vectors[5], k=10, candidates=candidates)
    assert candidates[found.rows].all()
    assert len(np.intersect1d(found.rows, nearest(vectors, vectors[5], k=10, candidates=candidates).rows)) >= 9


def test_all_clusters_together_are_an_exact_search(vectors: np.ndarray, clusters: Clusters) -> None:
    everything = clusters.nearest(vectors[5], k=25, n_compared=N_ROWS)
    exact = nearest(vectors, vectors[5], k=25)
    assert everything.rows.tolist() == exact.rows.tolist()
    assert everything.similarities == pytest.approx(exact.similarities, abs=1e-6)


def test_an_index_comes_back_from_disk_and_is_the_same_each_time(vectors: np.ndarray, tmp_path: Path) -> None:
    built = Clusters.build(vectors, tmp_path)
    loaded = Clusters.load(tmp_path)
    (tmp_path / "again").mkdir()
    again = Clusters.build(vectors, tmp_path / "again")
    assert loaded is not None
    for other in (loaded, again):
        assert other.nearest(vectors[9], k=10).rows.tolist() == built.nearest(vectors[9], k=10).rows.tolist()
        assert other.facts.recall == built.facts.recall


def test_no_vectors_at_all_have_an_index_too(tmp_path: Path) -> None:
    index = Clusters.build(np.full((3, 4), np.nan, dtype=np.float32), tmp_path)
    assert not len(index.nearest(np.ones(4, dtype=np.float32), k=3).rows)


def test_a_damaged_index_is_told_of_and_a_missing_one_is_none(vectors: np.ndarray, tmp_path: Path) -> None:
    assert Clusters.load(tmp_path) is None
    Clusters.build(vectors[:200], tmp_path)
    np.save(tmp_path / BEGINS, np.arange(3))
    with pytest.raises(CatalogueError, match="damaged"):
        Clusters.load(tmp_path)
    (tmp_path / FACTS).write_text(json.dumps({"n_vectors": 1}))
    with pytest.raises(CatalogueError, match="damaged"):
        Clusters.load(tmp_path)
