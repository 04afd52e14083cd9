"""Who takes part in a probe, and what is said of what does not."""

from pathlib import Path

import pytest

from tutti.data.artist_splits import artist_of
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.probe_sets import ProbeSettings, choose_tracks, parse_shots, with_labels


def track(number: int, split: str | None, *tags: str, artist: str | None = None) -> Track:
    sound = Path(f"/nowhere/{number}.wav")
    return Track(track_id=f"{number:03}", audio=sound, tags=tags, split=split, artist=artist)


@pytest.fixture
def catalogue_of(tmp_path):
    def make(*tracks: Track) -> Catalogue:
        catalogue = Catalogue.create(tmp_path / "catalogue")
        catalogue.put_tracks(tracks)
        return catalogue

    return make


def settings(**given) -> ProbeSettings:
    return ProbeSettings(**{"labels": ("rock", "jazz"), **given})


def test_artists_of_the_scored_split_are_not_learned_from_and_are_counted(catalogue_of):
    catalogue = catalogue_of(
        track(1, "train", "rock", artist="Ann"),
        track(2, "train", "jazz", artist="Bob"),
        track(3, "valid", "jazz", artist="ann "),
        track(4, "test", "rock", artist="Ann"),
        track(5, "test", "jazz", artist="Cy"),
    )
    sets = choose_tracks(catalogue, settings())
    assert [one.track_id for one in sets.tracks["train"]] == ["002"]
    assert sets.tracks["valid"] == []
    assert sets.n_left_out["of artists that are in test too"] == 2
    kept = choose_tracks(catalogue, settings(published_splits=True))
    assert len(kept.tracks["train"]) == 2


def test_a_catalogue_without_splits_is_split_by_artist(catalogue_of):
    catalogue = catalogue_of(*[track(i, None, "rock", artist=f"artist {i // 2}") for i in range(40)])
    sets = choose_tracks(catalogue, settings())
    assert {split: len(some) for split, some in sets.tracks.items()} == {"train": 24, "valid": 8, "test": 8}
    assert not {artist_of(one) for one in sets.tracks["train"]} & {artist_of(one) for one in sets.tracks["test"]}
    assert sets.origin == "drawn by artist, seed 0"


def test_when_every_artist_straddles_there_is_nothing_to_learn_from_and_that_is_said(catalogue_of):
    catalogue = catalogue_of(track(1, "train", "rock", artist="Ann"), track(2, "test", "rock", artist="Ann"))
    with pytest.raises(ConfigError, match="none is left for train, once artists of test are taken") as caught:
        choose_tracks(catalogue, settings())
    assert "--published-splits" in caught.value.hint


def test_a_tag_without_examples_is_left_out_by_name(catalogue_of):
    catalogue = catalogue_of(
        track(1, "train", "rock"), track(2, "train", "pop"), track(3, "test", "rock"), track(4, "test", "jazz")
    )
    sets = with_labels(choose_tracks(catalogue, settings()), settings())
    assert sets.labels == ("rock",)
    assert sets.left_out == {"jazz": "no track in train"}
    assert sets.targets["test"].tolist() == [[True], [False]]


def test_tracks_of_no_class_of_several_or_of_one_without_examples_are_counted(catalogue_of):
    tracks = [track(1, "train", "rock"), track(2, "train", "jazz"), track(3, "train", "rock", "jazz")]
    tracks += [track(4, "test", "rock"), track(5, "test", "folk"), track(6, "test", "pop")]
    classes = settings(task="classes", labels=("rock", "jazz", "folk"))
    sets = with_labels(choose_tracks(catalogue_of(*tracks), classes), classes)
    assert [one.track_id for one in sets.tracks["test"]] == ["004"]
    assert sets.n_left_out["of none or several of the classes"] == 2
    assert sets.n_left_out["of classes without a track in train"] == 1
    assert sets.left_out == {"folk": "no track in train"}


def test_labels_that_nobody_carries_say_so(catalogue_of):
    catalogue = catalogue_of(track(1, "train", "pop"), track(2, "test", "rock"))
    with pytest.raises(ConfigError, match="0 of 2 labels have a track in train"):
        with_labels(choose_tracks(catalogue, settings()), settings())


def test_labels_that_cannot_be_scored_say_so(catalogue_of):
    catalogue = catalogue_of(track(1, "train", "rock"), track(2, "train", "pop"), track(3, "test", "rock"))
    with pytest.raises(ConfigError, match="none of 1 labels can be scored on the 1 tracks of test"):
        with_labels(choose_tracks(catalogue, settings()), settings())


def test_copies_and_tracks_without_sound_take_no_part(catalogue_of):
    copy = Track(track_id="9", audio=Path("/nowhere/1.wav"), tags=("rock",), split="train", duplicate_of="001")
    mute = Track(track_id="8", tags=("rock",), split="train")
    sets = choose_tracks(catalogue_of(track(1, "train", "rock"), track(2, "test", "rock"), copy, mute), settings())
    assert len(sets.tracks["train"]) == 1
    assert sets.n_left_out["without sound or tags, or copies of others"] == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"probes": ("liner",)}, "no probe called 'liner'"),
        ({"split": "train"}, "no split to be scored called 'train'"),
        ({"shots": (0,)}, "must be 1 or more"),
        ({"shots": ()}, "no probe, or no number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given, message):
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        settings(**given)


def test_words_among_the_shots_are_refused():
    with pytest.raises(ConfigError, match="tells no numbers of tracks"):
        parse_shots("1,few")
