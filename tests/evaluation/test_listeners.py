"""Rankings of items for listeners, by hand."""

import numpy as np
import pytest

from tutti.evaluation.listeners import N_RANDOM, coverage_of, found_by_listener, random_orders

RELEVANT = np.array([[True, False, False], [False, False, True]])


def test_each_listener_has_a_score_and_several_orders_their_mean():
    first, last = np.array([[3, 2, 1]] * 2), np.array([[1, 2, 3]] * 2)
    found = found_by_listener(RELEVANT, [first], k=3)
    assert found["ndcg"].tolist() == [1, 0.5]
    assert found["map"].tolist() == [1, pytest.approx(1 / 3)]
    both = found_by_listener(RELEVANT, iter([first, last]), k=3)
    assert both["ndcg"].tolist() == [0.75, 0.75]
    assert both["map"].tolist() == [pytest.approx(2 / 3)] * 2


def test_random_orders_are_those_of_their_seed():
    orders, again = (list(random_orders((2, 3), seed=5)) for _ in range(2))
    assert len(orders) == N_RANDOM
    assert np.array_equal(orders, again)
    assert not np.array_equal(orders[0], orders[1])


def test_coverage_is_what_anybody_has_among_the_first():
    scores = np.array([[3.0, 2.0, 1.0, 0.0], [3.0, 1.0, 2.0, 0.0]])
    assert coverage_of(scores, k=2, level=0.95).value == 0.75
