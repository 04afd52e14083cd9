"""Single-label metrics against scikit-learn and counts made by hand."""

import numpy as np
import pytest

from tutti.errors import ShapeError
from tutti.evaluation import singlelabel
from tutti.evaluation.intervals import Bootstrap

metrics = pytest.importorskip("sklearn.metrics")


@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_those_of_scikit_learn_also_with_classes_that_never_occur(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(4, size=50)
    decided = np.where(rng.random(50) < 0.6, truth, rng.integers(5, size=50))
    classes = range(6)
    matrix = singlelabel.confusion_matrix(truth, decided, n_classes=6)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(truth, decided, labels=classes))
    assert singlelabel.accuracy(truth, decided) == metrics.accuracy_score(truth, decided)
    for average in ("macro", "weighted"):
        theirs = metrics.f1_score(truth, decided, average=average, labels=classes, zero_division=0)
        assert singlelabel.f1(truth, decided, n_classes=6, average=average) == pytest.approx(theirs)
    theirs = metrics.precision_recall_fscore_support(truth, decided, labels=classes, zero_division=0)[:3]
    np.testing.assert_allclose(singlelabel.precision_recall_f1_by_class(truth, decided, n_classes=6), theirs)


def test_the_most_probable_class_is_decided_the_first_of_equals():
    assert singlelabel.decide(np.array([[0.2, 0.8], [0.5, 0.5]])).tolist() == [1, 0]


def test_the_interval_of_the_accuracy_is_the_binomial_one():
    truth = np.zeros(400, int)
    decided = (np.arange(400) < 100).astype(int)
    low, high = singlelabel.accuracy_interval(truth, decided, bootstrap=Bootstrap(n_resamples=2000))
    spread = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == pytest.approx((0.75 - spread, 0.75 + spread), abs=0.006)


@pytest.mark.parametrize(
    ("truth", "decided"), [([0, 1], [0]), ([], []), ([0, 3], [0, 1]), ([-1, 0], [0, 0]), ([[0]], [[0]])]
)
def test_what_are_no_classes_is_refused(truth, decided):
    with pytest.raises(ShapeError):
        singlelabel.confusion_matrix(np.array(truth, int), np.array(decided, int), n_classes=3)


def test_log_loss_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    probabilities, truth = rng.dirichlet(np.ones(4), size=30), rng.integers(4, size=30)
    wanted = metrics.log_loss(truth, probabilities, labels=range(4))
    assert singlelabel.log_loss_by_item(truth, probabilities).mean() == pytest.approx(wanted)
    assert np.isfinite(singlelabel.log_loss_by_item(np.array([0]), np.array([[0.0, 1.0]]))).all()
