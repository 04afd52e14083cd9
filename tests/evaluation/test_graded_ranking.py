"""Metrics of graded rankings, against scikit-learn and by hand."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from tutti.errors import ShapeError
from tutti.evaluation.graded_ranking import expected_ndcg_at_k, graded_ndcg_at_k
from tutti.evaluation.ranking import ndcg_at_k


def test_graded_gain_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    relevance, scores = rng.integers(0, 22, (20, 60)), rng.standard_normal((20, 60))
    ours = graded_ndcg_at_k(relevance, scores, k=30)
    assert ours.mean() == pytest.approx(ndcg_score(relevance, scores, k=30))


def test_grades_of_0_and_1_give_the_ungraded_metric():
    rng = np.random.default_rng(0)
    relevant, scores = rng.random((20, 40)) < 0.2, rng.standard_normal((20, 40))
    np.testing.assert_allclose(graded_ndcg_at_k(relevant * 1.0, scores, k=10), ndcg_at_k(relevant, scores, k=10))


def test_the_best_order_is_that_of_all_items_not_of_those_found():
    relevance = np.array([[1.0, 1.0, 3.0]])
    assert graded_ndcg_at_k(relevance, np.array([[3, 2, 1]]), k=1).tolist() == [pytest.approx(1 / 3)]


def test_items_that_cannot_be_judged_change_nothing():
    relevance, scores = np.array([[3.0, 0, 2]]), np.array([[1.0, 2, 3]])
    holed = np.array([[np.nan, 3, np.nan, 0, 2]])
    for k in (1, 2, 3):
        expected = graded_ndcg_at_k(relevance, scores, k=k)
        np.testing.assert_allclose(graded_ndcg_at_k(holed, np.array([[9.0, 1, 8, 2, 3]]), k=k), expected)
        np.testing.assert_allclose(expected_ndcg_at_k(holed, k=k), expected_ndcg_at_k(relevance, k=k))


def test_a_query_to_which_nothing_is_relevant_has_no_score():
    assert np.isnan(graded_ndcg_at_k(np.zeros((1, 3)), np.zeros((1, 3)), k=2)).all()
    assert np.isnan(graded_ndcg_at_k(np.full((1, 3), np.nan), np.zeros((1, 3)), k=2)).all()


@pytest.mark.parametrize("k", [1, 3, 4])
def test_chance_is_the_mean_over_all_orders(k):
    relevance = np.array([[5.0, 2, 0, 1]])
    orders = [graded_ndcg_at_k(relevance, np.array([order]), k=k) for order in permutations(range(4))]
    np.testing.assert_allclose(expected_ndcg_at_k(relevance, k=k), np.mean(orders))


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="depth of 4"):
        graded_ndcg_at_k(np.ones((1, 3)), np.ones((1, 3)), k=4)
    with pytest.raises(ShapeError, match="scores"):
        graded_ndcg_at_k(np.ones((1, 3)), np.ones((1, 4)), k=2)
    with pytest.raises(ShapeError, match="cannot be ranked"):
        graded_ndcg_at_k(-np.ones((1, 3)), np.ones((1, 3)), k=2)
