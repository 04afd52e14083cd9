"""Listening factors are told from reviews: new items come before the listeners whose taste they meet."""

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.track import Listens, Track
from tutti.errors import ConfigError
from tutti.evaluation.session import EvaluationSettings, evaluate_model
from tutti.models.multimodal import MultimodalModel
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

STYLES = {"rock": "loud guitars and drums", "jazz": "a quiet saxophone and a piano"}
SPLITS = ("train",) * 6 + ("valid",) * 2 + ("test",) * 4


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Catalogue:
    """Twelve tracks of each style, each by an artist of its own, and ten listeners who play one style."""
    made = Catalogue.create(tmp_path_factory.mktemp("listening") / "shelf")
    made.put_tracks(
        Track(
            track_id=f"{style}{i:02}", artist=f"{style} band {i}", split=split, texts={"review": f"{words}, song {i}"}
        )
        for style, words in STYLES.items()
        for i, split in enumerate(SPLITS)
    )
    rng = np.random.default_rng(0)
    made.put_listens(
        Listens(user=f"{style}-fan{u}", track_id=f"{style}{i:02}", plays=int(rng.integers(1, 9)))
        for style in STYLES
        for u in range(10)
        for i in rng.permutation(11)[:8]  # nobody has played the last
    )
    return made


def recipe(shelf: Catalogue, folder, **scheme) -> dict:
    listening = {"factors": {"n_factors": 2, "alpha": 1.0, "regularisation": 1.0}, "depth": 3}
    return {
        "name": "shelf",
        "output": str(folder),
        "data": {"catalogue": str(shelf.folder)},
        "scheme": {
            "name": "fusion", "target": "listening-factors", "modalities": ["text"], "listening": listening,
            "text": {"network": {"widths": [8], "max_share": 1.0}}, "fusion": {"n_hidden": 8}, **scheme,
        },
        "training": {"epochs": 40, "learning_rate": 0.03, "accelerator": "cpu", "loaders": 0},
        "evaluation": {"n_resamples": 20},
    }  # fmt: skip


@pytest.fixture(scope="module")
def run(shelf, tmp_path_factory):
    return train(parse_recipe(recipe(shelf, tmp_path_factory.mktemp("run") / "run")), quiet=True)


def test_new_items_meet_the_taste_of_those_who_play_them(run):
    found = run.report.metrics
    assert found["ndcg text"].value > 0.8 > found["ndcg random"].value
    assert (run.report.n_items, run.report.n_unplayed) == (8, 2)
    assert "8 new items (2 unplayed), 20 users, training seed 0" in run.report.line()


def test_the_bundle_knows_its_listeners_and_scores_the_same(run, shelf):
    again = MultimodalModel.load(run.bundle)
    assert again.listeners is not None
    assert len(again.listeners.users) == 20
    report = evaluate_model(str(run.bundle), shelf.folder, EvaluationSettings(bootstrap=run.report.bootstrap)).report
    assert report.metrics["ndcg text"] == run.report.metrics["ndcg text"]


def test_artists_that_were_learned_from_are_no_cold_start(run, shelf, tmp_path):
    with pytest.raises(ConfigError, match="by artists that shelf has learned from"):
        evaluate_model(str(run.bundle), shelf.folder, EvaluationSettings(split="train"))
    other = Catalogue.create(tmp_path / "other")
    other.put_tracks(Track(**{**vars(one), "artist": "the same"}) for one in shelf.tracks())
    other.put_listens(shelf.listens())
    with pytest.raises(ConfigError, match="no cold start"):
        train(parse_recipe(recipe(other, tmp_path / "run")), quiet=True)
    shouting = Catalogue.create(tmp_path / "shouting")  # the artist of a track that was learned from, written otherwise
    artists = {one.split: one.artist for one in reversed(shelf.tracks()) if one.split != "test"}
    shouting.put_tracks(
        Track(**{**vars(one), "artist": artists["train"].upper() if one.split == "test" else one.artist})
        for one in shelf.tracks()
    )
    shouting.put_listens(shelf.listens())
    with pytest.raises(ConfigError, match="by artists that shelf has learned from"):
        evaluate_model(str(run.bundle), shouting.folder, EvaluationSettings())


def test_factors_cannot_be_mixed_with_labels(shelf, tmp_path):
    text = {"network": {"widths": [8]}, "target": "tags"}
    with pytest.raises(ConfigError, match="cannot be learned from what the fusion learns"):
        train(parse_recipe(recipe(shelf, tmp_path / "run", text=text)), quiet=True)
    with pytest.raises(ConfigError, match="factors by bpr have none for items"):
        parse_recipe(recipe(shelf, tmp_path / "run", listening={"factors": {"method": "bpr"}}))
