"""Agreement of a student with its teachers, against scipy and by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from tutti.evaluation.agreement import AgreementReport, estimate_rank_correlation, rank_correlation
from tutti.evaluation.intervals import Bootstrap


def test_rank_correlation_is_scipys_ties_included():
    rng = np.random.default_rng(0)
    ours, theirs = rng.integers(0, 6, (40, 5)), rng.integers(0, 6, (40, 5))
    wanted = [spearmanr(a, b).statistic for a, b in zip(ours.T, theirs.T, strict=True)]
    np.testing.assert_allclose(rank_correlation(ours, theirs), wanted)


def test_rank_correlation_does_not_see_the_scale():
    scores = np.random.default_rng(1).random((20, 3))
    np.testing.assert_allclose(rank_correlation(scores, np.exp(5 * scores)), 1.0)
    np.testing.assert_allclose(rank_correlation(scores, -scores), -1.0)


def test_a_label_of_which_nothing_is_said_has_no_correlation():
    ours = np.array([[0.1, 0.5], [0.2, 0.5], [0.3, 0.5]])
    first, second = rank_correlation(ours, ours)
    assert first == pytest.approx(1.0)
    assert np.isnan(second)


def test_the_interval_surrounds_the_value_and_is_wide_with_few_recordings():
    rng = np.random.default_rng(2)
    theirs = rng.random((200, 4))
    ours = theirs + rng.normal(0, 0.3, theirs.shape)
    many = estimate_rank_correlation(ours, theirs, Bootstrap(n_resamples=200))
    few = estimate_rank_correlation(ours[:20], theirs[:20], Bootstrap(n_resamples=200))
    assert many.low < many.value < many.high
    assert few.high - few.low > many.high - many.low


def test_a_report_says_on_what_it_was_measured(tmp_path):
    estimate = estimate_rank_correlation(np.eye(4), np.eye(4), Bootstrap(n_resamples=20))
    report = AgreementReport(
        model="student",
        dataset="mixtures",
        n_items=4,
        bootstrap=Bootstrap(n_resamples=20),
        metrics={"rank_correlation": estimate},
        training_seed=3,
    )
    assert "student on mixtures, split valid, 4 items, training seed 3, bootstrap seed 0" in report.line()
    report.write(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["metrics"]["rank_correlation"]["value"] == 1.0
