"""Tuned thresholds against an exhaustive search with scikit-learn's F1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutti.errors import ShapeError
from tutti.evaluation.multilabel import f1_samples, precision_recall_f1
from tutti.evaluation.thresholds import global_threshold, thresholds_by_label

f1_score = pytest.importorskip("sklearn.metrics").f1_score


def tagged(seed, n_items=12, n_labels=4):
    """Scores of one digit, so that many are tied."""
    rng = np.random.default_rng(seed)
    targets = rng.random((n_items, n_labels)) < 0.3
    return targets, np.round(rng.random((n_items, n_labels)) * 0.7 + 0.3 * targets, 1)


@pytest.mark.parametrize("goal", ["micro", "macro", "samples"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_no_threshold_beats_the_tuned_one_and_no_higher_one_equals_it(goal, seed):
    targets, scores = tagged(seed)
    if not targets.any():
        return

    def f1(threshold):
        return f1_score(targets, scores >= threshold, average=goal, zero_division=0)

    best = max(map(f1, np.unique(scores)))
    highest = max(value for value in np.unique(scores) if f1(value) == pytest.approx(best, abs=1e-12))
    assert global_threshold(targets, scores, goal=goal) == highest


def test_thresholds_of_labels_maximise_each_labels_f1():
    targets, scores = tagged(1, n_items=60)
    tuned = thresholds_by_label(targets, scores)
    for label, threshold in enumerate(tuned):
        truth, one = targets[:, label], scores[:, label]
        best = max(f1_score(truth, one >= value) for value in np.unique(one))
        assert f1_score(truth, one >= threshold) == pytest.approx(best)
    assert precision_recall_f1(targets, scores >= tuned)[2] >= precision_recall_f1(targets, scores >= 0.5)[2]


def test_a_label_without_positives_keeps_the_default():
    targets = np.array([[True, False], [False, False]])
    np.testing.assert_array_equal(thresholds_by_label(targets, np.array([[0.2, 0.9], [0.1, 0.8]])), [0.2, 0.5])


def test_single_precision_scores_pass_their_own_threshold():
    targets, scores = np.array([[True], [False]]), np.array([[0.1], [0.05]], dtype=np.float32)
    assert (scores >= thresholds_by_label(targets, scores)).tolist() == [[True], [False]]


def test_equal_scores_are_decided_together():
    targets, scores = np.array([[True], [False], [False]]), np.array([[0.5], [0.5], [0.1]])
    assert global_threshold(targets, scores) == 0.5
    assert f1_samples(targets, scores >= 0.5) == pytest.approx(1 / 3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="shape"):
        thresholds_by_label(np.ones((2, 3), bool), np.ones((3, 2)))
