"""Regression against scikit-learn, and against what one works out by hand."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

from tutti.errors import ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.regression import (
    METRICS,
    concordance_by_value,
    r2_by_value,
    regression_of,
    resampled_regression,
    rmse_by_value,
)

FEW = Bootstrap(n_resamples=40)


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    targets = rng.normal([5, 100], [1, 20], size=(50, 2))
    return targets, targets + rng.normal(0, [0.5, 15], size=(50, 2))


def test_r2_and_rmse_are_scikit_learns(case):
    targets, given = case
    assert np.allclose(r2_by_value(targets, given), r2_score(targets, given, multioutput="raw_values"))
    assert np.allclose(rmse_by_value(targets, given), root_mean_squared_error(targets, given, multioutput="raw_values"))


def test_concordance_is_pearsons_times_what_shift_and_scale_cost(case):
    # Lin 1989: rho * C, C = 2 / (v + 1/v + u^2) with v the ratio of deviations and u the shift in units of their mean
    targets, given = case[0][:, 0], case[1][:, 0]
    ratio = given.std() / targets.std()
    shift = (given.mean() - targets.mean()) / np.sqrt(given.std() * targets.std())
    expected = np.corrcoef(targets, given)[0, 1] * 2 / (ratio + 1 / ratio + shift**2)
    assert concordance_by_value(targets[:, None], given[:, None])[0] == pytest.approx(expected)


def test_concordance_falls_where_predictions_are_too_flat_or_too_high(case):
    targets = case[0]
    for worse in (targets.mean(axis=0) + (targets - targets.mean(axis=0)) / 3, targets + targets.std(axis=0)):
        assert (concordance_by_value(targets, worse) < 0.7).all()
    assert np.allclose(concordance_by_value(targets, targets), 1)


def test_the_mean_explains_nothing_and_what_is_opposite_less(case):
    targets = case[0]
    assert np.allclose(r2_by_value(targets, np.broadcast_to(targets.mean(axis=0), targets.shape)), 0)
    assert np.allclose(r2_by_value(targets, 2 * targets.mean(axis=0) - targets), -3)
    assert np.allclose(concordance_by_value(targets, 2 * targets.mean(axis=0) - targets), -1)


def test_unknown_values_play_no_part(case):
    targets, given = case
    with_gaps = targets.copy()
    with_gaps[:20, 1] = np.nan
    given[3, 1] = np.nan  # nobody asks
    found = regression_of(with_gaps, given)
    assert found["r2"][1] == pytest.approx(r2_score(targets[20:, 1], given[20:, 1]))
    assert found["r2"][0] == pytest.approx(r2_score(targets[:, 0], given[:, 0]))


def test_a_value_that_never_varies_or_is_never_known_has_no_r2():
    targets = np.array([[0.1, np.nan, 3.0], [0.1, np.nan, np.nan], [0.1, np.nan, np.nan]])
    found = regression_of(targets, np.array([[0.2, 0, 3.5], [0.3, 0, 0], [0.1, 0, 0]]))
    assert np.isnan(found["r2"]).all()
    assert np.isnan(found["concordance"]).all()
    assert np.isfinite(found["rmse"]).tolist() == [True, False, True]


def test_a_resample_scores_as_the_drawn_items_do(case):
    targets, given = case
    found = resampled_regression(targets, given, bootstrap=FEW)
    weights = next(FEW.weights(len(targets), n_labels=2))
    drawn = np.repeat(np.arange(len(targets)), weights[7])
    by_hand = regression_of(targets[drawn], given[drawn])
    assert all(np.allclose(found[name][7], by_hand[name]) for name in METRICS)


def test_single_precision_far_from_zero_is_no_trouble():
    targets = (10_000 + np.random.default_rng(0).random((30, 1))).astype(np.float32)
    given = targets + np.float32(0.25)
    assert r2_by_value(targets, given)[0] == pytest.approx(r2_score(targets, given), abs=1e-6)


@pytest.mark.parametrize("wrong", [np.zeros((3, 2)), np.zeros(4), np.full((4, 1), np.nan)])
def test_what_does_not_fit_is_refused(wrong):
    with pytest.raises(ShapeError):
        regression_of(np.ones((4, 1)), wrong)
