"""Bootstrap intervals: against scikit-learn on explicit resamples, and against what statistics promises."""

import numpy as np
import pytest

from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap, paired_differences, resampled_metrics, weighted_areas
from tutti.evaluation.multilabel import pr_auc, precision_recall_f1, roc_auc


@pytest.fixture
def tagged():
    """60 items, 4 labels; scores are rounded, so that many are tied."""
    rng = np.random.default_rng(0)
    targets = rng.random((60, 4)) < [0.5, 0.2, 0.1, 0.05]
    return targets, np.round(rng.random((60, 4)) + 0.3 * targets, 1)


def test_areas_of_a_weighting_are_those_of_scikit_learn_on_the_drawn_items(tagged):
    metrics = pytest.importorskip("sklearn.metrics")
    targets, scores = tagged
    drawn = np.random.default_rng(1).integers(60, size=(20, 60))
    weights = np.stack([np.bincount(row, minlength=60) for row in drawn]).astype(np.int32)
    roc, pr = weighted_areas(targets[:, :1], scores[:, :1], weights)
    truth, score = targets[:, 0], scores[:, 0]
    np.testing.assert_allclose(roc, [metrics.roc_auc_score(truth[row], score[row]) for row in drawn])
    np.testing.assert_allclose(pr, [metrics.average_precision_score(truth[row], score[row]) for row in drawn])


def test_with_every_item_once_the_resampled_metrics_are_the_metrics(tagged, monkeypatch):
    targets, scores = tagged
    monkeypatch.setattr(Bootstrap, "weights", lambda *_, **__: iter([np.ones((1, 60), np.int32)]))
    once = resampled_metrics(targets, scores, threshold=0.7, bootstrap=Bootstrap())
    f1 = precision_recall_f1(targets, scores >= 0.7)[2]
    assert once["roc_auc_macro"][0] == pytest.approx(roc_auc(targets, scores))
    assert once["roc_auc_micro"][0] == pytest.approx(roc_auc(targets, scores, average="micro"))
    assert once["pr_auc_macro"][0] == pytest.approx(pr_auc(targets, scores))
    assert once["pr_auc_micro"][0] == pytest.approx(pr_auc(targets, scores, average="micro"))
    assert once["f1_macro"][0] == pytest.approx(f1)


def test_the_interval_holds_the_value_and_narrows_with_the_number_of_items():
    rng = np.random.default_rng(2)
    widths = []
    for n_items in (100, 1600):
        targets = rng.random((n_items, 3)) < 0.3
        scores = rng.random((n_items, 3)) + 0.5 * targets
        bootstrap = Bootstrap(n_resamples=300)
        samples = resampled_metrics(targets, scores, threshold=0.5, bootstrap=bootstrap)["roc_auc_macro"]
        low, high = bootstrap.interval(samples, value=roc_auc(targets, scores))
        assert low < roc_auc(targets, scores) < high
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.4)  # the square root of 16


def test_an_interval_of_few_positives_surrounds_its_value_although_resamples_are_biased():
    rng = np.random.default_rng(4)
    targets = np.arange(40).reshape(40, 1) < 3
    scores = rng.random((40, 1))
    bootstrap, value = Bootstrap(n_resamples=400), pr_auc(targets, scores)
    samples = resampled_metrics(targets, scores, threshold=0.5, bootstrap=bootstrap)["pr_auc_macro"]
    assert np.nanmean(samples) > value
    low, high = bootstrap.interval(samples, value=value)
    assert low < value < high


def test_the_same_seed_gives_the_same_interval_and_another_another(tagged):
    def first(seed):
        bootstrap = Bootstrap(n_resamples=20, seed=seed)
        return resampled_metrics(*tagged, threshold=0.5, bootstrap=bootstrap)["pr_auc_macro"]

    np.testing.assert_array_equal(first(0), first(0))
    assert not np.array_equal(first(0), first(1))


def test_blocks_of_resamples_give_what_one_block_gives(tagged, monkeypatch):
    whole = resampled_metrics(*tagged, threshold=0.5, bootstrap=Bootstrap(n_resamples=30))
    monkeypatch.setattr("tutti.evaluation.intervals.BLOCK_ELEMENTS", 60 * 4 * 7)
    blocks = resampled_metrics(*tagged, threshold=0.5, bootstrap=Bootstrap(n_resamples=30))
    np.testing.assert_array_equal(whole["roc_auc"], blocks["roc_auc"])


def test_a_label_that_a_resample_misses_is_left_out_of_its_mean():
    targets = np.array([[True, True], [False, False], [False, True]])
    scores = np.array([[0.9, 0.9], [0.1, 0.5], [0.2, 0.4]])
    roc, pr = weighted_areas(targets[:, :1], scores[:, :1], np.array([[0, 2, 1]], np.int32))
    assert np.isnan(roc[0])
    assert np.isnan(pr[0])


def test_a_paired_test_sees_a_small_but_steady_gain_and_none_between_equals():
    rng = np.random.default_rng(3)
    targets = rng.random((400, 3)) < 0.3
    weaker = rng.random((400, 3)) + 0.3 * targets
    stronger = weaker + 0.1 * targets
    bootstrap = Bootstrap(n_resamples=200)
    gain = paired_differences(targets, stronger, weaker, bootstrap=bootstrap)["roc_auc_macro"]
    assert gain.value == pytest.approx(roc_auc(targets, stronger) - roc_auc(targets, weaker))
    assert 0 < gain.low < gain.value < gain.high
    assert gain.p_value < 0.02
    assert paired_differences(targets, weaker, weaker, bootstrap=bootstrap)["roc_auc_macro"].p_value == 1.0


def test_a_senseless_bootstrap_is_refused():
    with pytest.raises(ConfigError, match="makes no sense"):
        Bootstrap(level=95)
