"""Sentences and songs together: from a world, from a catalogue of moods, and what does not go together."""

from __future__ import annotations

import dataclasses

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.datasets.audioset_mood import AUDIOSET_MOOD
from tutti.data.emotion_mapping import EmotionMapping
from tutti.data.sentence_music import with_catalogue, with_world
from tutti.data.track import Track
from tutti.data.world.sentences import write_sentences
from tutti.errors import ConfigError, UnknownNameError


@pytest.fixture
def world(tmp_path) -> Catalogue:
    catalogue = Catalogue.create(tmp_path / "little")
    places = {"a": (-0.5, 0.8, "train"), "b": (0.7, 0.1, "valid"), "c": (-0.5, -0.6, "test")}
    catalogue.put_tracks(Track(track_id=key, audio=tmp_path / f"{key}.wav", split=s) for key, (*_, s) in places.items())
    catalogue.put_facts({key: {"valence": v, "arousal": a} for key, (v, a, _) in places.items()})
    return catalogue


def test_a_worlds_tracks_have_moods_places_and_vectors(world):
    data = with_world(write_sentences("tales"), world)
    assert data.moods == {"a": "angry", "b": "happy", "c": "sad"}
    assert [track.track_id for track in data.songs("test")] == ["c"]
    assert data.moods_of(data.songs("valid")) == ("happy",)
    assert {*data.affects} == {*data.label_vectors} == {*data.labels}
    assert data.name == "world-tales+little"
    with pytest.raises(UnknownNameError):
        data.songs("dev")


def test_a_catalogue_of_audiosets_moods_is_joined_with_sentences(tmp_path):
    AUDIOSET_MOOD.make_fixture(tmp_path / "root")
    catalogue = AUDIOSET_MOOD.catalogue(tmp_path / "root", tmp_path / "catalogue")
    data = with_catalogue(write_sentences("situations"), catalogue)
    assert data.mood_names == ("angry", "happy", "sad", "scary")
    assert data.mapping.name == "word-vectors"
    assert data.label_vectors == {}


def test_copies_tracks_of_several_moods_and_tracks_without_a_split_are_left_out(tmp_path):
    catalogue = Catalogue.create(tmp_path)
    sad = Track(track_id="a", audio=tmp_path / "a.wav", split="train", tags=("sad",))
    copy = dataclasses.replace(sad, track_id="b", split="test", duplicate_of="a")
    others = [
        dataclasses.replace(sad, track_id="c", tags=("sad", "angry")),
        dataclasses.replace(sad, track_id="d", split=None),
    ]
    catalogue.put_tracks([sad, copy, *others, dataclasses.replace(sad, track_id="e", audio=None)])
    assert [one.track_id for one in with_catalogue(write_sentences("tales"), catalogue).tracks] == ["a"]


def test_a_catalogue_without_moods_is_refused(tmp_path):
    catalogue = Catalogue.create(tmp_path / "empty")
    with pytest.raises(ConfigError, match="one mood"):
        with_catalogue(write_sentences("tales"), catalogue)
    with pytest.raises(ConfigError, match="a sound and a split"):
        with_world(write_sentences("tales"), catalogue)
    catalogue.put_tracks([Track(track_id="a", audio=tmp_path / "a.wav", split="test")])
    with pytest.raises(ConfigError, match="no generated world"):
        with_world(write_sentences("tales"), catalogue)


def test_what_does_not_go_together_is_refused(world):
    data = with_world(write_sentences("tales"), world)
    with pytest.raises(ConfigError, match="says nothing of anger"):
        dataclasses.replace(data, mapping=EmotionMapping(name="manual", moods_of={}, source="mine"))
    with pytest.raises(ConfigError, match="a has none of the moods"):
        dataclasses.replace(data, moods={})
    with pytest.raises(ConfigError, match="no valence and arousal"):
        dataclasses.replace(data, affects={"happy": (1.0, 0.5)})
