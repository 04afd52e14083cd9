"""Rankings against scikit-learn, and against what one counts on one's fingers."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from tutti.errors import ShapeError
from tutti.evaluation.ranking import average_precision_at_k, ndcg_at_k, precision_at_k


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((20, 30)) < 0.2, rng.standard_normal((20, 30))


@pytest.mark.parametrize("k", [1, 5, 30])
def test_ndcg_is_scikit_learns(case, k):
    relevant, scores = case
    ours = ndcg_at_k(relevant, scores, k=k)
    theirs = [ndcg_score([row], [order], k=k) for row, order in zip(relevant, scores, strict=True)]
    assert np.allclose(ours, theirs)


def test_average_precision_over_all_items_is_scikit_learns(case):
    relevant, scores = case
    theirs = [average_precision_score(row, order) for row, order in zip(relevant, scores, strict=True)]
    assert np.allclose(average_precision_at_k(relevant, scores, k=30), theirs)


def test_average_precision_of_the_first_few_is_over_as_many_as_could_be_there():
    relevant = np.array([[True, False, True, True]])
    scores = np.array([[4, 3, 2, 1]])
    assert average_precision_at_k(relevant, scores, k=2)[0] == pytest.approx((1 / 1) / 2)
    assert average_precision_at_k(relevant, scores, k=3)[0] == pytest.approx((1 / 1 + 2 / 3) / 3)


def test_the_best_order_scores_one_and_moving_a_hit_down_scores_less(case):
    relevant, _ = case
    for measure in (ndcg_at_k, average_precision_at_k):
        assert np.allclose(measure(relevant, relevant.astype(float), k=10), 1)
        one = np.eye(5, dtype=bool)
        by_rank = measure(one, np.tile(-np.arange(5.0), (5, 1)), k=5)
        assert (np.diff(by_rank) < 0).all()


def test_a_query_that_nothing_answers_has_no_score_and_ties_keep_the_order():
    relevant = np.array([[False, False], [True, False]])
    assert np.isnan(ndcg_at_k(relevant, np.zeros((2, 2)), k=1)[0])
    assert ndcg_at_k(relevant, np.zeros((2, 2)), k=1)[1] == 1


@pytest.mark.parametrize("k", [0, 4])
def test_a_depth_beyond_the_items_is_refused(k):
    with pytest.raises(ShapeError, match=f"k={k}"):
        ndcg_at_k(np.ones((2, 3), dtype=bool), np.zeros((2, 3)), k=k)


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="both must be"):
        ndcg_at_k(np.ones((2, 3), dtype=bool), np.zeros((3, 2)), k=1)
    with pytest.raises(ShapeError, match="NaN"):
        ndcg_at_k(np.ones((1, 2), dtype=bool), np.array([[0, np.nan]]), k=1)


def test_precision_is_counted_among_the_first_few_and_is_nothing_without_a_relevant_item():
    relevant = np.array([[True, False, True], [False, False, False]])
    found = precision_at_k(relevant, np.array([[1, 2, 3], [1, 2, 3]]), k=2)
    assert found[0] == 0.5
    assert np.isnan(found[1])
