"""New items are ranked for listeners by what is told of them."""

import json

import numpy as np
import pytest

from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.recommendation import (
    NewItems,
    RecommendationReport,
    item_factors,
    recommendation_metrics,
)

BOOTSTRAP = Bootstrap(n_resamples=50, seed=0)
# Two tastes, two items of each; every listener has played the items of the own taste.
USERS = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
ITEMS = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
RELEVANT = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0]], dtype=np.bool_)


def case(**told) -> NewItems:
    return NewItems(told=told or {"audio": ITEMS}, wanted=ITEMS, users=USERS, relevant=RELEVANT)


def test_what_is_told_rightly_ranks_perfectly_and_reaches_every_item():
    rows, found = recommendation_metrics(case(), depth=2, bootstrap=BOOTSTRAP)
    assert rows[0] == "audio"
    assert found["ndcg audio"].value == found["map audio"].value == found["coverage audio"].value == 1
    assert found["cosine audio"].value == pytest.approx(1)
    assert found["ndcg plays"].value == 1


def test_the_average_listener_and_popularity_give_everybody_the_same():
    _, found = recommendation_metrics(case(), depth=2, bootstrap=BOOTSTRAP)
    assert found["coverage popularity"].value == found["coverage average listener"].value == 0.5
    # Two of three listeners have the taste of the majority.
    assert found["ndcg popularity"].value == found["ndcg average listener"].value == pytest.approx(2 / 3)
    assert found["gain popularity"].value == pytest.approx(1 / 3)


def test_items_that_lack_the_modality_come_last():
    half = ITEMS.copy()
    half[0] = np.nan
    _, found = recommendation_metrics(case(**{"audio + text": ITEMS, "text": half}), depth=1, bootstrap=BOOTSTRAP)
    assert found["ndcg text"].value == 1  # the other item of the taste comes first
    _, found = recommendation_metrics(case(**{"audio + text": ITEMS, "text": half}), depth=2, bootstrap=BOOTSTRAP)
    assert found["ndcg text"].value < found["ndcg audio + text"].value


def test_an_albums_factors_are_the_mean_of_its_played_tracks():
    tracks = tuple(Track(track_id=name) for name in "abc")
    items = [Item(item_id="album", title="x", tracks=tracks), Item(item_id="new", title="y", tracks=tracks[2:])]
    found = item_factors(items, {"a": np.array([1.0, 0.0]), "b": np.array([0.0, 1.0])}, 2)
    assert found[0].tolist() == [0.5, 0.5]
    assert np.isnan(found[1]).all()


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(ShapeError, match="do not fit"):
        NewItems(told={"audio": ITEMS}, wanted=ITEMS, users=USERS[:1], relevant=RELEVANT)
    unplayed = NewItems(
        told={"audio": ITEMS}, wanted=np.full_like(ITEMS, np.nan), users=USERS, relevant=np.zeros_like(RELEVANT)
    )
    with pytest.raises(ConfigError, match="nothing to rank for"):
        recommendation_metrics(unplayed, depth=2, bootstrap=BOOTSTRAP)


def test_the_report_says_on_what_it_stands(tmp_path):
    rows, found = recommendation_metrics(case(), depth=2, bootstrap=BOOTSTRAP)
    report = RecommendationReport(
        model="cold", dataset="toy", split="test", n_items=4, n_unplayed=0, n_users=3, n_users_without=1,
        n_told={"audio": 4}, bootstrap=BOOTSTRAP, depth=2, rows=rows, metrics=found, training_seed=7,
    )  # fmt: skip
    report.write(tmp_path)
    assert "toy, split test, 4 new items (0 unplayed), 3 users, training seed 7, bootstrap seed 0" in report.line()
    assert "| popularity (knows the plays) | 4 |" in (tmp_path / "report.md").read_text()
    assert json.loads((tmp_path / "report.json").read_text())["metrics"]["ndcg audio"]["value"] == 1
