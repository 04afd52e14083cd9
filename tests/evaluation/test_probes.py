"""The classifiers of probes, against scikit-learn, sums by hand, and what they can and cannot learn."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tutti.evaluation.probes import PROBES, fit_knn, fit_linear


def vectors(n_items: int = 60, n_dims: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_items, n_dims)).astype(np.float32)


def test_the_linear_probe_of_tags_is_a_logistic_regression_of_each_tag():
    known, others = vectors(), vectors(seed=1)
    targets = np.stack([known[:, 0] > 0, known[:, 1] + known[:, 2] > 0.5], axis=1)
    scores = fit_linear(known, targets, "tags", 0.1, 0)(others)
    for column in range(2):
        theirs = LogisticRegression(C=0.1, max_iter=1000).fit(known, targets[:, column])
        np.testing.assert_allclose(scores[:, column], theirs.decision_function(others), atol=1e-9)


def test_the_linear_probe_of_classes_is_one_softmax_over_all():
    known, others = vectors(), vectors(seed=1)
    truth = known[:, :3].argmax(axis=1)
    scores = fit_linear(known, np.eye(3, dtype=bool)[truth], "classes", 1.0, 0)(others)
    np.testing.assert_allclose(scores, LogisticRegression(max_iter=1000).fit(known, truth).predict_proba(others))
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)


def test_neighbours_vote_by_their_cosine_as_counted_by_hand():
    known = np.array([[1, 0], [1, 1], [0, -3]], dtype=np.float32)
    targets = np.array([[True, False], [False, True], [True, True]])
    scores = fit_knn(known, targets, "tags", 2, 0)(np.array([[5, 0]], dtype=np.float32))
    first, second = math.exp(1 / 0.07), math.exp(math.sqrt(0.5) / 0.07)
    np.testing.assert_allclose(scores, [[first / (first + second), second / (first + second)]])


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("task", ["tags", "classes"])
def test_every_probe_finds_what_is_plain_to_see(name, task):
    known, others = vectors(seed=2), vectors(seed=3)
    positive = known[:, 0] > 0
    targets = np.stack([positive, ~positive], axis=1)
    probe = PROBES[name]
    scores = probe.fit(known, targets, task, probe.strength, 0)(others)
    assert scores.shape == (60, 2)
    assert ((scores[:, 0] > scores[:, 1]) == (others[:, 0] > 0)).mean() > 0.8


def test_the_mlp_learns_what_no_line_can_part():
    known, others = 2 * vectors(400, 2), vectors(200, 2, seed=1)
    targets, wanted = (known[:, [0]] * known[:, [1]] > 0), others[:, 0] * others[:, 1] > 0
    by_mlp, by_line = (PROBES[name].fit(known, targets, "tags", 1.0, 0)(others)[:, 0] for name in ("mlp", "linear"))
    assert np.corrcoef(by_mlp, wanted)[0, 1] > 0.7
    assert abs(np.corrcoef(by_line, wanted)[0, 1]) < 0.3


@pytest.mark.parametrize("name", PROBES)
def test_a_tag_that_all_have_or_none_stops_no_probe(name):
    targets = np.stack([np.ones(20, bool), np.zeros(20, bool), np.arange(20) % 2 == 0], axis=1)
    scores = PROBES[name].fit(vectors(20), targets, "tags", PROBES[name].strength, 0)(vectors(7, seed=1))
    assert scores.shape == (7, 3)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", PROBES)
def test_a_class_that_no_training_item_has_is_never_decided(name):
    targets = np.eye(3, dtype=bool)[np.arange(20) % 2]
    scores = PROBES[name].fit(vectors(20), targets, "classes", PROBES[name].strength, 0)(vectors(7, seed=1))
    assert (scores[:, 2] == 0).all()
