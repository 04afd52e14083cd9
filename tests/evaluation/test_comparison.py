"""Two models on the same items, against permutation tests and Holm's own procedure; predictions as files."""

import dataclasses

import numpy as np
import pytest

from tutti.errors import ConfigError
from tutti.evaluation.comparison import compare, holm
from tutti.evaluation.figures import draw_figures, precision_recall_curve, roc_curve
from tutti.evaluation.intervals import Bootstrap, paired_differences
from tutti.evaluation.multilabel import roc_auc
from tutti.evaluation.predictions import read_predictions, write_predictions
from tutti.evaluation.report import Predicted, score, tune

BOOTSTRAP = Bootstrap(n_resamples=200)


@pytest.fixture
def predicted() -> Predicted:
    rng = np.random.default_rng(0)
    targets = rng.random((80, 3)) < 0.3
    scores = (0.5 * rng.random((80, 3)) + 0.3 * targets).astype(np.float32)
    ids = [f"é{i}" for i in range(80)]
    labels = ("rock", "jazz", "harp")
    return Predicted(model="m", dataset="d", split="test", labels=labels, targets=targets, scores=scores, ids=ids)


def test_the_p_value_agrees_with_a_permutation_test_that_swaps_the_models():
    rng = np.random.default_rng(5)
    targets = rng.random((150, 2)) < 0.4
    first = rng.random((150, 2)) + 0.45 * targets
    second = rng.random((150, 2)) + 0.3 * targets
    accuracy = [((scores >= 0.7) == targets).mean(axis=1) for scores in (first, second)]
    difference = accuracy[0] - accuracy[1]
    signs = rng.choice([-1, 1], size=(20_000, 150))
    expected = (np.abs(signs @ difference) >= abs(difference.sum()) - 1e-9).mean()
    found = paired_differences(targets, first, second, bootstrap=Bootstrap(n_resamples=4000), threshold=0.7)
    assert found["accuracy_elements"].p_value == pytest.approx(expected, abs=0.04)


@pytest.mark.slow
def test_the_p_value_of_roc_auc_agrees_with_the_permutation_test_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(11)
    truth = rng.random((200, 1)) < 0.4
    shared = rng.standard_normal((200, 1))  # what makes an item easy or hard for both
    first, second = (shared + 0.8 * rng.standard_normal((200, 1)) + effect * truth for effect in (1.24, 1.0))
    expected = stats.permutation_test(
        (first[:, 0], second[:, 0]),
        lambda one, other: roc_auc(truth, one[:, None]) - roc_auc(truth, other[:, None]),
        permutation_type="samples",  # swaps the two models' scores item by item
        n_resamples=2000,
        vectorized=False,
        rng=0,
    )
    found = paired_differences(truth, first, second, bootstrap=Bootstrap(n_resamples=4000))["roc_auc_macro"]
    assert found.value == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.03)  # 0.044 there; each drawn to about 0.005


def test_holm_multiplies_the_smallest_by_all_and_never_lets_a_larger_one_overtake():
    assert holm(np.array([0.04, 0.01, 0.9])) == pytest.approx([0.08, 0.03, 0.9])
    assert holm(np.array([0.02, 0.02])) == pytest.approx([0.04, 0.04])


def test_models_are_aligned_by_the_names_of_items_and_labels(predicted):
    order = np.random.default_rng(1).permutation(80)[:60]
    other = dataclasses.replace(
        predicted,
        ids=[predicted.ids[i] for i in order],
        labels=predicted.labels[::-1],
        targets=predicted.targets[order][:, ::-1],
        scores=predicted.scores[order][:, ::-1],
    )
    found = compare(predicted, other, bootstrap=BOOTSTRAP)
    assert (found.n_items, found.n_left_out) == (60, (20, 0))
    assert {one.value for one in found.metrics.values()} == {0.0}
    assert {row.holm_p_value for row in found.labels} == {1.0}


@pytest.mark.parametrize(("n_resamples", "n_lacking"), [(100, 20), (119, 1), (120, 0), (1000, 0)])
def test_too_few_resamples_to_find_any_label_are_told(predicted, n_resamples, n_lacking):
    found = compare(predicted, predicted, bootstrap=Bootstrap(n_resamples=n_resamples))  # three labels
    assert found.n_resamples_lacking == n_lacking
    assert ("none can fall below 0.05: take 120 or more" in found.to_markdown()) == (n_lacking > 0)
    assert (3 * 2 / (n_resamples + 1) < 0.05) == (n_lacking == 0)


def test_models_that_disagree_on_the_truth_are_not_compared(predicted):
    with pytest.raises(ConfigError, match="different tags"):
        compare(predicted, dataclasses.replace(predicted, targets=~predicted.targets), bootstrap=BOOTSTRAP)


def test_predictions_come_back_from_their_file(predicted, tmp_path):
    write_predictions(predicted, tmp_path / "predictions.npz")
    found = read_predictions(tmp_path)
    np.testing.assert_array_equal(found.scores, predicted.scores)
    np.testing.assert_array_equal(found.targets, predicted.targets)
    assert (list(found.ids), found.labels, found.split) == (predicted.ids, predicted.labels, "test")


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04torn"])
def test_a_damaged_file_of_predictions_is_refused(content, tmp_path):
    (tmp_path / "predictions.npz").write_bytes(content)
    with pytest.raises(ConfigError, match="no file of predictions"):
        read_predictions(tmp_path)


def test_a_pickle_in_a_file_of_predictions_is_never_loaded(tmp_path):
    np.savez(tmp_path / "predictions.npz", about=np.array([{}], dtype=object))
    with pytest.raises(ConfigError, match="no file of predictions"):
        read_predictions(tmp_path)


def test_a_report_tells_where_thresholds_were_tuned_and_what_they_reach(predicted):
    tuned = tune(dataclasses.replace(predicted, split="valid"))
    report = score(predicted, bootstrap=BOOTSTRAP, threshold=0.3, tuned=tuned)
    assert "on split valid (80 items)" in report.to_markdown()
    f1 = [report.metrics[f"f1_macro{ending}"].value for ending in ("", "_half", "_tuned")]
    assert f1[2] == max(f1)  # tuned here on the same items: nothing beats it


def test_a_model_of_classes_reports_its_accuracy_and_confusion(predicted):
    truth = np.arange(80) % 3
    classes = dataclasses.replace(predicted, task="classes", targets=truth[:, None] == np.arange(3))
    report = score(classes, bootstrap=BOOTSTRAP)
    decided = classes.scores.argmax(axis=1)
    assert report.metrics["accuracy"].value == pytest.approx((decided == truth).mean())
    assert np.trace(report.confusion) == (decided == truth).sum()
    with pytest.raises(ConfigError, match="no threshold"):
        tune(classes)


def test_curves_pass_through_the_points_of_scikit_learn(predicted):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, scores = predicted.targets[:, 0], predicted.scores[:, 0]
    rates = metrics.roc_curve(truth, scores, drop_intermediate=False)[:2]
    np.testing.assert_allclose(roc_curve(truth, scores), np.interp(np.linspace(0, 1, 501), *rates), atol=0.05)
    assert np.trapezoid(roc_curve(truth, scores), dx=1 / 500) == pytest.approx(
        metrics.roc_auc_score(truth, scores), abs=5e-3
    )
    average = metrics.average_precision_score(truth, scores)
    assert precision_recall_curve(truth, scores)[1:].mean() == pytest.approx(average, abs=5e-3)


def test_figures_are_drawn_for_tags_and_for_a_comparison(predicted, tmp_path):
    pytest.importorskip("matplotlib")
    comparison = compare(predicted, dataclasses.replace(predicted, scores=predicted.scores**2), bootstrap=BOOTSTRAP)
    draw_figures(score(predicted, bootstrap=BOOTSTRAP), predicted, tmp_path, comparison=comparison)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        *("comparison.png", "confusion.png", "curves.png", "labels.png")
    ]
