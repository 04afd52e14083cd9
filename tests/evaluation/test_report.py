"""Reports never tell a score without its setting."""

import json

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.predictions import read_predictions, write_predictions
from tutti.evaluation.report import Predicted, Report, score, without_unlearned

LABELS = ("rock", "jazz", "harp")


@pytest.fixture
def report() -> Report:
    rng = np.random.default_rng(0)
    targets = rng.random((40, 3)) < [0.5, 0.3, 0.0]
    scores = (0.5 * rng.random((40, 3)) + 0.4 * targets).astype(np.float32)
    predicted = Predicted(
        model="m",
        dataset="tones",
        split="test",
        labels=LABELS,
        targets=targets,
        scores=scores,
        failures={"7": "torn"},
        training_seed=3,
    )
    return score(predicted, bootstrap=Bootstrap(n_resamples=100, seed=5))


@pytest.mark.parametrize("tell", [Report.line, Report.to_markdown])
def test_every_telling_has_dataset_split_items_seed_and_intervals(report, tell):
    told = tell(report)
    for fact in ("tones", "test", "40 items", "training seed 3", "bootstrap seed 5", "95%"):
        assert fact in told


def test_every_value_lies_in_its_interval(report):
    tiny = 1e-12  # of rounding
    assert all(one.low - tiny <= one.value <= one.high + tiny for one in report.metrics.values())


def test_a_label_without_positives_is_named_and_scored_as_nothing(report):
    assert report.left_out == {"harp": "no positives"}
    assert "harp: no positives" in report.to_markdown()
    harp = report.to_json()["labels"][2]
    assert harp["roc_auc"] == {"value": None, "low": None, "high": None}


def test_macro_areas_are_the_mean_of_the_labels_that_have_one(report):
    areas = [one.roc_auc.value for one in report.labels[:2]]
    assert report.metrics["roc_auc_macro"].value == pytest.approx(np.mean(areas))


def test_diversity_is_told_of_tags_as_far_as_there_are_more_labels(report):
    assert [name for name in report.metrics if name.startswith("adiv")] == ["adiv_at_1"]
    assert "ADiv@1" in report.to_markdown()


def test_macro_scores_of_classes_are_means_over_the_classes_as_the_papers_average_them():
    rng = np.random.default_rng(1)
    truth, scores = rng.integers(4, size=60), rng.random((60, 4)).astype(np.float32)
    classes = Predicted(
        model="m",
        dataset="d",
        split="test",
        labels=tuple("abcd"),
        targets=np.eye(4, dtype=np.bool_)[truth],
        scores=scores,
        task="classes",
    )
    found = score(classes, bootstrap=Bootstrap(n_resamples=20)).metrics
    theirs = precision_recall_fscore_support(truth, scores.argmax(axis=1), average="macro", zero_division=0)
    ours = [found[f"{name}_macro"].value for name in ("precision", "recall", "f1")]
    assert ours == pytest.approx(theirs[:3])
    assert not any(name.startswith("adiv") for name in found)


def test_a_label_that_never_occurred_in_training_is_told_of_and_scored_nowhere(tmp_path):
    rng = np.random.default_rng(0)
    targets, scores = rng.random((40, 3)) < 0.4, rng.random((40, 3)).astype(np.float32)
    scores[:, 1] = 0.5
    ids = [str(row) for row in range(40)]
    whole = Predicted(model="m", dataset="d", split="test", labels=LABELS, targets=targets, scores=scores, ids=ids)
    learned = without_unlearned(whole, {"rock": 0.2, "jazz": 0.0})
    write_predictions(learned, tmp_path / "predictions.npz")
    for one in (learned, read_predictions(tmp_path)):
        report = score(one, bootstrap=Bootstrap(n_resamples=20))
        assert report.left_out == {"jazz": "never occurred in training"}
        assert [row.label for row in report.labels] == ["rock", "harp"]
        areas = [row.roc_auc.value for row in report.labels]
        assert report.metrics["roc_auc_macro"].value == pytest.approx(np.mean(areas))


def test_the_written_report_is_the_report_and_names_what_failed(report, tmp_path):
    report.write(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == report.to_json()
    assert "- 7: torn" in (tmp_path / "report.md").read_text()
    assert json.dumps(report.to_json(), allow_nan=False)
