"""A catalogue keeps where its tracks lie in spaces."""

from dataclasses import replace

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.records import Points, SpaceRecord
from tutti.data.track import Track
from tutti.errors import UnknownNameError

RECORD = SpaceRecord(space="words", fingerprint="f1", embed_dim=2, modalities=("audio", "text"), source="words")


def points(modality, track_ids, rows):
    matrix = np.array(rows, dtype=np.float32)
    same = [f"state of {one}" for one in track_ids]
    return Points(
        modality=modality, track_ids=track_ids, fingerprints=["f1"] * len(track_ids), states=same, points=matrix
    )


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    made = Catalogue.create(tmp_path / "c")
    made.put_tracks([Track(track_id="a"), Track(track_id="b")])
    made.put_space(RECORD)
    return made


def test_points_come_back_by_modality_and_what_was_absent_is_nan(catalogue):
    catalogue.put_points("words", points("audio", ["b", "a"], [[0, 1], [1, 0]]))
    catalogue.put_points("words", points("text", ["a"], [[np.nan, np.nan]]))
    found = Catalogue.open(catalogue.folder).points("words")
    assert found["audio"].track_ids == ["a", "b"]
    assert found["audio"].points.tolist() == [[1, 0], [0, 1]]
    assert np.isnan(found["text"].points).all()
    assert found["text"].states == ["state of a"]


def test_absent_points_are_kept_among_others_of_many_dimensions_too(tmp_path):
    catalogue = Catalogue.create(tmp_path / "c")
    catalogue.put_tracks([Track(track_id="a"), Track(track_id="b")])
    catalogue.put_space(replace(RECORD, embed_dim=64, modalities=("audio", "listening")))
    catalogue.put_points("words", points("audio", ["a", "b"], np.eye(64)[:2]))
    catalogue.put_points("words", points("listening", ["a", "b"], [np.eye(64)[0], np.full(64, np.nan)]))
    found = catalogue.points("words")["listening"].points
    assert np.isnan(found).all(axis=1).tolist() == [False, True]


def test_a_point_that_is_put_again_replaces_the_old_one(catalogue):
    catalogue.put_points("words", points("audio", ["a"], [[1, 0]]))
    catalogue.put_points("words", points("audio", ["a"], [[0, 1]]))
    assert catalogue.points("words")["audio"].points.tolist() == [[0, 1]]


def test_points_of_a_space_that_has_changed_go(catalogue):
    catalogue.put_points("words", points("audio", ["a"], [[1, 0]]))
    catalogue.put_space(RECORD)
    assert len(catalogue.points("words")["audio"]) == 1
    catalogue.put_space(SpaceRecord(**{**vars(RECORD), "fingerprint": "f2"}))
    assert catalogue.points("words") == {}


def test_points_go_with_their_track(catalogue):
    catalogue.put_points("words", points("audio", ["a", "b"], [[1, 0], [0, 1]]))
    catalogue.delete_tracks(["a"])
    assert catalogue.points("words")["audio"].track_ids == ["b"]


def test_an_unknown_space_is_named(catalogue):
    assert list(catalogue.spaces()) == ["words"]
    with pytest.raises(UnknownNameError, match="sounds"):
        catalogue.points("sounds")
