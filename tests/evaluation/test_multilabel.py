"""Multi-label metrics against answers worked by hand and scores published by others."""

from pathlib import Path

import numpy as np
import pytest

from tutti.errors import ShapeError
from tutti.evaluation import multilabel


@pytest.fixture
def mediaeval(shared: Path) -> Path:
    folder = shared / "golden" / "mediaeval2019"
    if not folder.exists():
        pytest.skip("the published predictions of MediaEval 2019 are not in ../shared")
    return folder


@pytest.mark.parametrize(("baseline", "scores"), [("vggish", "predictions"), ("popular", "decisions")])
def test_scores_of_mediaeval_2019_are_the_published_ones(mediaeval, baseline, scores):
    targets = np.load(mediaeval / "groundtruth.npy")
    scores = np.load(mediaeval / f"baseline_{baseline}_{scores}.npy").astype(np.float32)
    decisions = np.load(mediaeval / f"baseline_{baseline}_decisions.npy")
    lines = (mediaeval / f"baseline_{baseline}_results.tsv").read_text().splitlines()
    published = {name: float(value) for name, value in (line.split("\t") for line in lines)}
    ours = {}
    for average in ("macro", "micro"):
        ours[f"ROC-AUC-{average}"] = multilabel.roc_auc(targets, scores, average=average)
        ours[f"PR-AUC-{average}"] = multilabel.pr_auc(targets, scores, average=average)
        names = [f"{name}-{average}" for name in ("precision", "recall", "F-score")]
        ours |= dict(zip(names, multilabel.precision_recall_f1(targets, decisions, average=average), strict=True))
    assert ours == pytest.approx(published, abs=1e-6)


def test_a_perfect_ranking_scores_one_and_its_reverse_has_no_roc_area():
    targets = np.array([[True, False], [False, True], [False, True]])
    scores = targets.astype(float)
    assert multilabel.roc_auc(targets, scores) == multilabel.pr_auc(targets, scores) == 1.0
    assert multilabel.roc_auc(targets, -scores) == 0.0


def test_labels_without_positives_or_negatives_are_named_and_left_out_of_the_mean():
    targets = np.array([[True, False, True], [False, False, True], [False, False, True]])
    scores = np.array([[0.9, 0.9, 0.1], [0.2, 0.1, 0.3], [0.1, 0.3, 0.2]])
    reasons = multilabel.unscorable_labels(targets, ["rock", "harp", "music"])
    assert reasons == {"harp": "no positives", "music": "no negatives"}
    assert multilabel.roc_auc(targets, scores) == 1.0
    np.testing.assert_array_equal(multilabel.roc_auc_by_label(targets, scores), [1.0, np.nan, np.nan])


def test_weighted_averages_count_a_label_by_its_positives():
    targets = np.array([[True, True], [True, False], [True, False], [False, False]])
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.4]])  # areas 1 and 0
    assert multilabel.roc_auc(targets, scores, average="weighted") == pytest.approx(3 / 4)
    assert multilabel.roc_auc(targets, scores) == pytest.approx(1 / 2)


def test_precision_recall_and_f1_follow_from_counts():
    targets = np.array([[True], [True], [True], [False]])
    decisions = np.array([[True], [False], [False], [True]])
    precision, recall, f1 = multilabel.precision_recall_f1(targets, decisions)
    assert (precision, recall, f1) == pytest.approx((1 / 2, 1 / 3, 2 / 5))


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_precision_recall_and_f1_equal_those_of_scikit_learn(average):
    metrics = pytest.importorskip("sklearn.metrics")
    targets, decisions = np.random.default_rng(0).random((2, 40, 6)) < 0.2
    targets[:, 0] = False
    theirs = metrics.precision_recall_fscore_support(targets, decisions, average=average, zero_division=0)
    ours = multilabel.precision_recall_f1(targets, decisions, average=average)
    assert ours == pytest.approx(theirs[:3])


@pytest.mark.parametrize(
    ("targets", "scores", "complaint"),
    [
        (np.ones((3, 2), bool), np.ones((2, 3)), "shape"),
        (np.ones((3, 2)), np.ones((3, 2)), "not bool"),
        (np.ones((3, 2), bool), np.full((3, 2), np.nan), "NaN"),
        (np.ones((0, 2), bool), np.ones((0, 2)), "nothing to score"),
        (np.ones((3, 2), bool), np.ones((3, 2)), "no label has both"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_words(targets, scores, complaint):
    with pytest.raises(ShapeError, match=complaint):
        multilabel.roc_auc(targets, scores)


@pytest.mark.parametrize("seed", range(4))
def test_accuracies_and_the_samples_f1_equal_those_of_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    targets, decisions = np.random.default_rng(seed).random((2, 30, 5)) < 0.3
    targets[0] = decisions[0] = False
    expected = metrics.f1_score(targets, decisions, average="samples", zero_division=0)
    assert multilabel.f1_samples(targets, decisions) == pytest.approx(expected)
    assert multilabel.accuracy_subset(targets, decisions) == pytest.approx(metrics.accuracy_score(targets, decisions))
    hamming = metrics.hamming_loss(targets, decisions)
    assert multilabel.accuracy_elements(targets, decisions) == pytest.approx(1 - hamming)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("n_values", [1, 2, 3, 1000])
def test_areas_equal_those_of_scikit_learn_whatever_the_ties(average, n_values):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(n_values)
    targets, scores = rng.random((50, 4)) < 0.3, rng.integers(n_values, size=(50, 4)) / n_values
    roc = metrics.roc_auc_score(targets, scores, average=average)
    pr = metrics.average_precision_score(targets, scores, average=average)
    assert multilabel.roc_auc(targets, scores, average=average) == pytest.approx(roc)
    assert multilabel.pr_auc(targets, scores, average=average) == pytest.approx(pr)
