"""Choosing hits that differ, worked by hand."""

from __future__ import annotations

import numpy as np

from tutti.search.diversity import diversified

SCORES = np.array([0.9, 0.8, 0.7], dtype=np.float32)
# The second is the first again; the third is at right angles to both.
VECTORS = np.array([[2, 0], [1, 0], [0, 1]], dtype=np.float32)


def test_without_diversity_the_order_is_that_of_the_scores() -> None:
    assert diversified(SCORES, VECTORS, k=3, diversity=0).tolist() == [0, 1, 2]


def test_a_repetition_waits_behind_what_differs() -> None:
    # 0.5 * 0.8 - 0.5 * 1 = -0.1 against 0.5 * 0.7 - 0 = 0.35
    assert diversified(SCORES, VECTORS, k=3, diversity=0.5).tolist() == [0, 2, 1]
    # 0.9 * 0.8 - 0.1 * 1 = 0.62 against 0.9 * 0.7 = 0.63; a little less and the second stays
    assert diversified(SCORES, VECTORS, k=2, diversity=0.1).tolist() == [0, 2]
    assert diversified(SCORES, VECTORS, k=2, diversity=0.05).tolist() == [0, 1]


def test_the_first_is_always_the_best_and_none_comes_twice() -> None:
    random = np.random.default_rng(0)
    scores = np.sort(random.random(40).astype(np.float32))[::-1]
    vectors = random.standard_normal((40, 5)).astype(np.float32)
    for diversity in (0.3, 1.0):
        chosen = diversified(scores, vectors, k=40, diversity=diversity)
        assert chosen[0] == 0
        assert sorted(chosen) == list(range(40))


def test_what_has_no_vector_is_like_nothing() -> None:
    vectors = VECTORS.copy()
    vectors[1] = np.nan
    assert diversified(SCORES, vectors, k=2, diversity=0.5).tolist() == [0, 1]
