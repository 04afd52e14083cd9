"""Factors heard, scored against those of the plays, by themselves and as rankings."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.cold_start import ColdStart, ColdStartReport, cold_start_metrics, cosines, r_squared
from tutti.evaluation.intervals import Bootstrap

BOOTSTRAP = Bootstrap(n_resamples=100)


@pytest.fixture
def case() -> ColdStart:
    """Forty users and thirty tracks of two tastes; users have played some tracks of theirs."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.eye(2, dtype=np.float32), 20, axis=0)
    tracks = np.repeat(np.eye(2, dtype=np.float32), 15, axis=0)
    relevant = (users @ tracks.T > 0.5) & (rng.random((40, 30)) < 0.5)
    return ColdStart(heard=tracks, wanted=tracks, is_played=np.ones(30, dtype=bool), users=users, relevant=relevant)


def test_r_squared_is_scikit_learns_with_the_dimensions_pooled():
    rng = np.random.default_rng(0)
    targets, noise = rng.standard_normal((2, 50, 4))
    estimates = 0.5 * targets + 0.3 * noise
    assert r_squared(targets, estimates) == pytest.approx(r2_score(targets, estimates, multioutput="variance_weighted"))
    assert r_squared(targets, np.tile(targets.mean(axis=0), (50, 1))) == pytest.approx(0)


def test_cosines_of_right_opposite_and_missing_vectors():
    targets = np.array([[1.0, 0], [1, 0], [0, 2], [0, 0]])
    estimates = np.array([[3.0, 0], [-1, 0], [1, 1], [1, 1]])
    assert np.allclose(cosines(targets, estimates), [1, -1, np.sqrt(0.5), 0])


def test_what_is_heard_well_ranks_above_chance_and_what_is_heard_wrongly_below(case):
    right = cold_start_metrics(case, depth=5, bootstrap=BOOTSTRAP)
    wrong = cold_start_metrics(replace(case, heard=case.heard[::-1].copy()), depth=5, bootstrap=BOOTSTRAP)
    assert right["cosine"].value == 1
    assert right["r2"].value == 1
    assert right["ndcg_audio"].low > right["ndcg_random"].high
    assert wrong["ndcg_audio"].value == 0
    assert wrong["r2"].value < 0
    for metric in right.values():
        assert metric.low <= metric.value <= metric.high <= 1


def test_popularity_ranks_by_listeners_whatever_was_heard(case):
    wrong = replace(case, heard=-case.heard)
    first, second = (cold_start_metrics(one, depth=5, bootstrap=BOOTSTRAP) for one in (case, wrong))
    assert first["map_popularity"] == second["map_popularity"]
    assert first["ndcg_plays"] == second["ndcg_plays"]


def test_tracks_that_nobody_played_are_ranked_but_not_compared(case):
    is_played = case.is_played.copy()
    is_played[0] = False
    heard = case.heard.copy()
    heard[0] = [-9, -9]  # as wrong as can be
    relevant = case.relevant.copy()
    relevant[:, 0] = False
    found = cold_start_metrics(
        replace(case, is_played=is_played, heard=heard, relevant=relevant), depth=5, bootstrap=BOOTSTRAP
    )
    assert found["r2"].value == 1


def test_nothing_to_rank_for_and_matrices_that_do_not_fit_are_refused(case):
    with pytest.raises(ConfigError, match="nothing to rank for"):
        cold_start_metrics(replace(case, relevant=np.zeros((40, 30), bool)), depth=5, bootstrap=BOOTSTRAP)
    with pytest.raises(ShapeError, match="do not fit"):
        replace(case, users=case.users[:3])
    with pytest.raises(ShapeError, match="two items or more"):
        r_squared(np.ones((1, 3)), np.ones((1, 3)))


def test_a_report_tells_baselines_beside_the_score(case, tmp_path):
    report = ColdStartReport(
        model="listener",
        dataset="demo",
        split="test",
        n_items=30,
        n_unplayed=0,
        n_users=40,
        n_users_without=2,
        bootstrap=BOOTSTRAP,
        depth=5,
        metrics=cold_start_metrics(case, depth=5, bootstrap=BOOTSTRAP),
    )
    report.write(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["metrics"]["cosine"]["value"] == 1
    page = (tmp_path / "report.md").read_text()
    assert "| random order |" in page
    assert "popularity" in report.line()
    assert "30 tracks (0 unplayed), 40 users" in report.line()
