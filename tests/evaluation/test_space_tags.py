"""Tags of a catalogue asked of a space: which are asked, of which items, and what of it is told."""

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.items import items_of
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.space_report import evaluate_space
from tutti.evaluation.space_tags import tag_queries
from tutti.models.song_encoders import ListeningEncoder
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.models.word_encoders import WordEncoder
from tutti.text.word_vectors import WordVectors

TAGS = ("Rock", "jazz")


class AsItIs:
    embed_dim, fingerprint = 2, "as it is"

    def project(self, modality, vectors):
        return vectors


def tracks(n_tracks: int = 24) -> list[Track]:
    """Rock and jazz in turns, each with the other's points but for the first six; one without tags, one without any."""
    plain = [Track(track_id=f"{i:02}", tags=(TAGS[i % 2],), split="test") for i in range(n_tracks)]
    return [*plain, Track(track_id="untagged", split="test"), Track(track_id="unplayed", tags=("Rock",), split="test")]


def space(**training) -> SpaceModel:
    words = WordEncoder.of_vectors(WordVectors(["rock", "jazz"], np.eye(2, dtype=np.float32)))
    ids = [one.track_id for one in tracks() if one.track_id != "unplayed"]
    songs = ListeningEncoder(ids, np.eye(2, dtype=np.float32)[[i % 2 for i in range(len(ids))]])
    config = SpaceModelConfig(name="space", texts=(), training=training)
    return SpaceModel(config, {"text": words, "listening": songs}, AsItIs())


def asked(model: SpaceModel):
    items = items_of(tracks())
    return tag_queries(model, items, model.place(items).points, on=("here", "test"))


def test_tags_that_several_items_carry_are_asked_of_tagged_items_that_have_a_place():
    queries = asked(space())
    assert queries.tags == ["jazz", "rock"]
    assert queries.targets.shape == queries.scores.shape == (24, 2)
    np.testing.assert_array_equal(queries.scores > 0.5, queries.targets)
    assert queries.failures == {"unplayed": "there is nothing to know it by"}
    assert queries.categories == {"rock": "genre", "jazz": "genre"}


def test_a_space_is_asked_for_the_tags_that_it_learned_and_one_that_it_does_not_know_is_told():
    queries = asked(space(tags=["rock", "qzx"]))
    assert queries.tags == ["rock"]
    assert queries.left_out == {"qzx": "it is not understood"}


def test_a_space_without_words_is_told():
    model = space()
    del model.encoders["text"]
    with pytest.raises(ConfigError, match="tags find nothing"):
        asked(model)


def test_a_space_of_tags_and_songs_is_evaluated_on_a_catalogue(tmp_path):
    catalogue = Catalogue.create(tmp_path / "catalogue")
    catalogue.put_tracks(tracks())
    report = evaluate_space(space(), catalogue, bootstrap=Bootstrap(n_resamples=10))
    assert report.metrics["map"].value == 1
    assert "MAP 1.000" in report.line()
    assert {*report.to_json()} == {"tags"}
