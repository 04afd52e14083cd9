"""The report on values says what was scored, how well, and what was left out."""

import json

import numpy as np
import pytest

from tutti.errors import ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.regression import regression_of
from tutti.evaluation.values_report import PredictedValues, ValuesReport, score_values

FEW = Bootstrap(n_resamples=200, seed=3)


def predicted(**changes) -> PredictedValues:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(80, 2)).astype(np.float32)
    given = (0.8 * targets + rng.normal(0, 0.3, size=(80, 2))).astype(np.float32)
    facts = {"names": ("valence", "arousal"), "targets": targets, "predictions": given}
    return PredictedValues(model="m", dataset="d", split="test", **{**facts, **changes})


@pytest.fixture(scope="module")
def report() -> ValuesReport:
    return score_values(predicted(), bootstrap=FEW)


def test_the_means_are_those_of_the_values(report):
    exact = regression_of(predicted().targets, predicted().predictions)
    for name in ("r2", "rmse", "concordance"):
        assert report.metrics[f"{name}_macro"].value == pytest.approx(exact[name].mean())
        assert report.metrics[f"{name}_arousal"].value == pytest.approx(exact[name][1])


def test_every_score_lies_in_its_interval(report):
    assert all(one.low <= one.value <= one.high for one in report.metrics.values())


def test_an_interval_narrows_with_more_items():
    small, large = (np.resize(np.arange(80), n) for n in (40, 640))
    case = predicted()
    width = []
    for rows in (small, large):
        one = predicted(targets=case.targets[rows], predictions=case.predictions[rows])
        r2 = score_values(one, bootstrap=FEW).metrics["r2_macro"]
        width.append(r2.high - r2.low)
    assert width[1] < 0.5 * width[0]


def test_items_without_any_known_value_are_not_counted():
    targets = predicted().targets.copy()
    targets[:5] = np.nan
    given = predicted().predictions.copy()
    given[:5] = np.nan  # items that offered nothing
    assert score_values(predicted(targets=targets, predictions=given), bootstrap=FEW).n_items == 75


def test_a_value_known_of_nobody_is_told_of_and_left_out():
    targets = predicted().targets.copy()
    targets[:, 1] = np.nan
    found = score_values(predicted(targets=targets), bootstrap=FEW)
    assert found.left_out == {"arousal": "known of no item"}
    assert found.metrics["r2_macro"] == found.metrics["r2_valence"]
    assert found.to_json()["metrics"]["r2_arousal"] == {"value": None, "low": None, "high": None}


def test_the_files_hold_the_setting_and_the_scores(report, tmp_path):
    report.write(tmp_path)
    plain = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (plain["seed"], plain["n_items"], plain["task"]) == (3, 80, "values")
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| valence | 80 |" in page
    assert "R²" in report.line()


def test_values_under_other_names_are_refused():
    with pytest.raises(ShapeError, match="3 values"):
        score_values(predicted(names=("a", "b", "c")), bootstrap=FEW)
