"""Tracks are recommended by who plays what, and what nobody has played by what a model tells of it."""

from dataclasses import replace

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.records import Points, SpaceRecord
from tutti.data.track import Listens, Track
from tutti.errors import ConfigError, QueryError, UnknownNameError
from tutti.listening.factors import FactorConfig, factorise
from tutti.listening.plays import PlayCounts
from tutti.models.multimodal import Described, MultimodalConfig, Stream
from tutti.search.recommending import Recommender, Recommending, told_factors

NEW = ("n-rock", "n-jazz")


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    """Six tracks of rock and six of jazz, ten listeners of each; two more that nobody has played."""
    made = Catalogue.create(tmp_path / "c")
    tracks = [
        Track(track_id=f"{style}{i}", title=f"{style} {i}", year=1990 + i)
        for style in ("rock", "jazz")
        for i in range(6)
    ]
    made.put_tracks([*tracks, *(Track(track_id=one, title=one, year=2020) for one in NEW)])
    rng = np.random.default_rng(0)
    made.put_listens(
        Listens(user=f"{style}-fan{u}", track_id=f"{style}{i}", plays=int(rng.integers(1, 20)))
        for style in ("rock", "jazz")
        for u in range(10)
        for i in rng.permutation(6)[:4]
    )
    return made


class ToldModel:
    """Tells the factors of a style from a title; counts what it was asked."""

    def __init__(self, catalogue: Catalogue) -> None:
        plays = PlayCounts.of_listens(catalogue.listens())
        self.listeners = factorise(plays, FactorConfig(n_factors=2, alpha=1.0, regularisation=1.0))
        labels = tuple(f"factor {i}" for i in range(2))
        streams = (Stream(modality="audio"),)
        self.config = MultimodalConfig(name="told", labels=labels, streams=streams, target="listening-factors")
        self.name, self.fingerprint, self.n_asked = "told", "1", 0

    def predict(self, items):
        self.n_asked += len(items)
        style = ["rock0" if "rock" in item.title else "jazz0" for item in items]
        vectors = self.listeners.of_tracks(style)
        return Described(predictions=vectors, representation=vectors, weights=None, presence=np.ones((len(items), 1)))


def test_a_listener_is_given_what_others_of_the_same_taste_play(catalogue):
    recommender = Recommender.open(catalogue)
    heard = {one.track_id for one in catalogue.listens() if one.user == "rock-fan3"}
    hits = recommender.recommend("rock-fan3", Recommending(k=2))
    assert {hit.track_id for hit in hits} == {f"rock{i}" for i in range(6)} - heard
    assert "by who plays it, close to 'rock" in str(hits[0].why[0])
    assert [reason.share for reason in hits[0].why] == [1.0]
    assert hits.notes == ("2 tracks were left out: nobody has played them, and no model told of them",)


def test_a_single_track_that_was_left_out_is_told_of_as_one(catalogue):
    catalogue.delete_tracks(["n-rock"])
    hits = Recommender.open(catalogue).recommend("rock-fan3")
    assert hits.notes == ("1 track was left out: nobody has played it, and no model told of it",)


def test_what_nobody_has_played_is_told_by_a_model_and_kept(catalogue):
    model = ToldModel(catalogue)
    hits = Recommender.open(catalogue, model).recommend("jazz-fan1", Recommending(which="new"))
    assert [hit.track_id for hit in hits] == ["n-jazz", "n-rock"]
    assert hits[0].score > hits[1].score
    assert "nobody has played it" in str(hits[0].why[0])
    Recommender.open(catalogue, model)
    assert model.n_asked == 2  # kept the second time
    catalogue.put_tracks([Track(track_id="n-jazz", title="n-rock", texts={"review": "another"}, year=2020)])
    assert told_factors(catalogue, model, NEW).shape == (2, 2)
    assert model.n_asked == 3


def test_what_a_model_told_is_no_space_that_is_searched(catalogue):
    model = ToldModel(catalogue)
    model.name = "tutti-words"  # as the default space is called
    points = Points(
        modality="audio", track_ids=["rock0"], fingerprints=["2"], states=["s"], points=np.ones((1, 1), dtype="float32")
    )
    record = SpaceRecord(space="tutti-words", fingerprint="2", embed_dim=1, modalities=("audio",), source="x")
    catalogue.put_space(record)
    catalogue.put_points("tutti-words", points)
    told_factors(catalogue, model, NEW)
    assert catalogue.spaces() == {"tutti-words": record}
    assert catalogue.points("tutti-words")["audio"].track_ids == ["rock0"]
    catalogue.delete_tracks(["n-rock"])
    assert catalogue.told_factors("tutti-words").track_ids == ["n-jazz"]
    catalogue.delete_tracks(["n-jazz"])
    assert catalogue.told_factors("tutti-words") is None
    assert told_factors(catalogue, model, ["rock0"]).shape == (1, 2)


def test_what_another_version_of_a_model_told_goes(catalogue):
    model = ToldModel(catalogue)
    told_factors(catalogue, model, NEW)
    plays = PlayCounts.of_listens(catalogue.listens())
    model.listeners = factorise(plays, FactorConfig(n_factors=3, alpha=1.0, regularisation=1.0))
    model.fingerprint = "2"
    assert told_factors(catalogue, model, ["n-rock"]).shape == (1, 3)
    assert catalogue.told_factors("told").track_ids == ["n-rock"]
    model.predict = lambda items: Described(
        predictions=np.full((1, 3), np.nan, dtype="float32"),
        representation=np.zeros((1, 3)),
        weights=None,
        presence=np.zeros((1, 1)),
    )
    for _ in range(2):  # kept the second time
        assert np.isnan(told_factors(catalogue, model, ["n-jazz"])).all()
        model.predict = None


def test_conditions_and_what_was_heard_are_met(catalogue):
    recommender = Recommender.open(catalogue)
    assert all(hit.score <= 1 for hit in recommender.recommend("jazz-fan0", Recommending(which="all", k=20)))
    found = recommender.recommend("jazz-fan0", Recommending(which="all", where="year = 1990"))
    assert [hit.track_id for hit in found] == ["jazz0", "rock0"]
    none = recommender.recommend("jazz-fan0", Recommending(where="year = 1700"))
    assert none.notes[-1] == "no track that meets the condition is left"


def test_a_listener_whom_the_model_does_not_know_is_folded_in(catalogue):
    model = ToldModel(catalogue)
    known = model.listeners
    model.listeners = replace(known, users=known.users[1:], user_factors=known.user_factors[1:])
    hits = Recommender.open(catalogue, model).recommend(known.users[0], Recommending(which="new"))
    assert hits[0].track_id == "n-jazz"


def test_somebody_without_a_history_is_refused_in_words(catalogue):
    with pytest.raises(QueryError, match="nobody called 'rock-fan33'") as caught:
        Recommender.open(catalogue).recommend("rock-fan33")
    assert "did you mean 'rock-fan3'" in caught.value.hint


def test_what_cannot_recommend_is_refused(catalogue, tmp_path):
    model = ToldModel(catalogue)
    model.listeners = None
    with pytest.raises(ConfigError, match="tells no factors of listening"):
        Recommender.open(catalogue, model)
    with pytest.raises(QueryError, match="nobody has played anything"):
        Recommender.open(Catalogue.create(tmp_path / "empty"))
    with pytest.raises(UnknownNameError, match="nwe"):
        Recommending(which="nwe")
    with pytest.raises(QueryError, match="k=0"):
        Recommending(k=0)
