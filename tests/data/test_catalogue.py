"""Catalogues: what is put in comes out, what is no catalogue is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import FileState, Listens, Problem, Track
from tutti.errors import CatalogueError, QueryError, UnknownNameError

RECORD = ModelRecord(model="toy", fingerprint="f1", labels=("a", "b"), embed_dim=3, config={"x": [1]})


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    return Catalogue.create(tmp_path / "catalogue")


def full_track(folder: Path) -> Track:
    return Track(
        track_id="full",
        title="ลาวดวงเดือน",
        artist='O\'Brien "&" Søn',
        album="夜曲",
        year=1987,
        country="Thailand",
        audio=folder / "ลาว" / "เพลง 1.mp3",
        cover=folder / "cover's.jpg",
        texts={"review": "two\nlines", "lyrics": ""},
        tags=("slow", "fiddle"),
        split="train",
        duration=12.5,
        file=FileState(size=2**40, modified_ns=1_700_000_000_123_456_789, content_hash="ab" * 32),
        duplicate_of="other",
    )


def predictions(*track_ids: str, value: float = 0.5, fingerprint: str = "f1") -> Predictions:
    n_tracks = len(track_ids)
    return Predictions(
        track_ids=track_ids,
        content_hashes=["hash"] * n_tracks,
        fingerprints=[fingerprint] * n_tracks,
        n_excerpts=list(range(1, n_tracks + 1)),
        probabilities=np.full((n_tracks, 2), value, np.float32) + np.arange(n_tracks, dtype=np.float32)[:, None],
        vectors=np.random.default_rng(0).standard_normal((n_tracks, 3)).astype(np.float32),
    )


def test_a_track_with_everything_and_one_with_nothing_come_back_as_they_were(catalogue, tmp_path):
    tracks = [Track(track_id="empty"), full_track(tmp_path)]
    catalogue.put_tracks(tracks)
    assert Catalogue.open(catalogue.folder).tracks() == tracks
    assert len(catalogue) == 2
    assert catalogue.track("full") == tracks[1]


def test_files_inside_the_folder_move_with_it_and_others_stay(tmp_path):
    catalogue = Catalogue.create(tmp_path / "here")
    inside, outside = tmp_path / "here" / "audio" / "เพลง.flac", tmp_path / "elsewhere.flac"
    catalogue.put_tracks([Track(track_id="in", audio=inside), Track(track_id="out", audio=outside)])
    catalogue.put_problems([Problem(path=inside, kind="cover", reason="torn", skipped=False)])
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = Catalogue.open(tmp_path / "there")
    assert moved.track("in").audio == tmp_path / "there" / "audio" / "เพลง.flac"
    assert moved.track("out").audio == outside
    assert moved.problems()[0].path == tmp_path / "there" / "audio" / "เพลง.flac"


def test_putting_a_track_again_replaces_it(catalogue):
    catalogue.put_tracks([Track(track_id="1", title="old", year=1990), Track(track_id="2")])
    catalogue.put_tracks([Track(track_id="1", title="new"), Track(track_id="3")])
    assert [(track.track_id, track.title, track.year) for track in catalogue.tracks()] == [
        ("1", "new", None),
        ("2", None, None),
        ("3", None, None),
    ]


def test_tracks_are_filtered_by_sql(catalogue, tmp_path):
    catalogue.put_tracks([full_track(tmp_path), Track(track_id="old", year=1950), Track(track_id="new", year=2020)])
    assert [track.track_id for track in catalogue.tracks(where="year < 1990 AND year > 1900")] == ["full", "old"]
    assert [track.track_id for track in catalogue.tracks(where="artist LIKE 'O''Brien%'")] == ["full"]


@pytest.mark.parametrize(
    "where", ["colour = 'red'", "year <", "year = = 3", "drop table tracks", "year < 'x", "year = 'x'"]
)
def test_a_condition_that_is_not_understood_is_answered_with_the_columns(where, catalogue):
    catalogue.put_tracks([Track(track_id="1", year=1990)])
    with pytest.raises(QueryError, match="is not understood") as caught:
        catalogue.tracks(where=where)
    assert where in caught.value.message
    assert "/" not in caught.value.message  # where in Lance's own sources
    assert "artist" in caught.value.hint
    assert len(catalogue) == 1


def test_an_unknown_track_is_answered_with_the_nearest(catalogue):
    catalogue.put_tracks([Track(track_id="0123456789ab"), Track(track_id="it's")])
    with pytest.raises(UnknownNameError) as caught:
        catalogue.track("0123456789ax")
    assert "did you mean '0123456789ab'?" in caught.value.hint
    assert catalogue.track("it's").track_id == "it's"


def test_deleting_tracks_forgets_what_models_said_of_them(catalogue):
    catalogue.put_tracks([Track(track_id="1"), Track(track_id="it's")])
    catalogue.put_model(RECORD)
    catalogue.put_predictions("toy", predictions("1", "it's"))
    catalogue.delete_tracks(["it's"])
    assert [track.track_id for track in catalogue.tracks()] == ["1"]
    assert list(catalogue.predictions("toy").track_ids) == ["1"]


def test_predictions_come_back_in_the_order_of_the_ids(catalogue):
    said = predictions("b", "a", "c")
    catalogue.put_model(RECORD)
    catalogue.put_predictions("toy", said)
    found = catalogue.predictions("toy")
    assert (list(found.track_ids), list(found.n_excerpts)) == (["a", "b", "c"], [2, 1, 3])
    np.testing.assert_array_equal(found.probabilities, said.probabilities[[1, 0, 2]])
    np.testing.assert_array_equal(found.vectors, said.vectors[[1, 0, 2]])
    assert found.vectors.dtype == np.float32
    assert catalogue.models() == {"toy": RECORD}


def test_what_a_model_says_again_of_a_track_replaces_what_it_said(catalogue):
    catalogue.put_model(RECORD)
    catalogue.put_predictions("toy", predictions("a", "b"))
    catalogue.put_predictions("toy", predictions("b", value=0.9, fingerprint="f2"))
    found = catalogue.predictions("toy")
    assert list(found.fingerprints) == ["f1", "f2"]
    np.testing.assert_allclose(found.probabilities[1], 0.9)


def test_a_model_with_other_labels_makes_its_old_predictions_go(catalogue):
    catalogue.put_model(RECORD)
    catalogue.put_predictions("toy", predictions("a"))
    catalogue.put_model(ModelRecord(model="toy", fingerprint="f2", labels=("a", "b"), embed_dim=3, config={}))
    assert len(catalogue.predictions("toy")) == 1
    catalogue.put_model(ModelRecord(model="toy", fingerprint="f3", labels=("b", "a"), embed_dim=3, config={}))
    found = catalogue.predictions("toy")
    assert (len(found), found.probabilities.shape, found.vectors.shape) == (0, (0, 2), (0, 3))


def test_an_unknown_model_is_answered_with_the_known_ones(catalogue):
    catalogue.put_model(RECORD)
    with pytest.raises(UnknownNameError, match="no model in this catalogue called 'toi'"):
        catalogue.predictions("toi")


def test_listens_and_facts_come_back(catalogue):
    listens = [Listens(user="u", track_id="1", plays=3), Listens(user="v", track_id="1", plays=1)]
    catalogue.put_listens(listens)
    catalogue.put_listens([Listens(user="v", track_id="1", plays=2)])
    catalogue.put_facts({"1": {"mood": [0.1, 0.2], "genre": "เพลง"}})
    assert sorted((one.user, one.plays) for one in catalogue.listens()) == [("u", 3), ("v", 2)]
    assert catalogue.facts() == {"1": {"mood": [0.1, 0.2], "genre": "เพลง"}}


def test_problems_are_kept_by_path_and_kind_until_they_are_cleared(catalogue, tmp_path):
    torn = Problem(path=tmp_path / "it's.mp3", kind="truncated", reason="cut", skipped=False, size=9, modified_ns=1)
    cover = Problem(path=tmp_path / "it's.mp3", kind="cover", reason="torn", skipped=False)
    other = Problem(path=tmp_path / "a.mp3", kind="silent", reason="nothing", skipped=True)
    catalogue.put_problems([torn, cover, other])
    catalogue.put_problems([torn])
    assert catalogue.problems() == [other, cover, torn]
    catalogue.clear_problems([tmp_path / "it's.mp3"])
    assert catalogue.problems() == [other]


def test_an_empty_catalogue_has_nothing_of_everything(catalogue):
    assert (len(catalogue), catalogue.tracks(), catalogue.problems(), catalogue.listens()) == (0, [], [], [])
    assert (catalogue.models(), catalogue.facts()) == ({}, {})
    assert catalogue.tracks(where="year < 1990") == []


def test_compacting_changes_nothing_that_is_read(catalogue, tmp_path):
    for i in range(5):
        catalogue.put_tracks([Track(track_id=str(i), title=f"title {i}")])
    before = catalogue.tracks()
    catalogue.compact()
    assert Catalogue.open(catalogue.folder).tracks() == before


def test_opening_needs_a_catalogue_and_says_how_to_make_one(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CatalogueError, match="there is no catalogue") as caught:
            Catalogue.open(folder)
        assert "tutti index" in caught.value.hint
    with pytest.raises(CatalogueError):
        Catalogue.open(tmp_path / "file")
    assert not (tmp_path / "nowhere").exists()


def test_a_newer_catalogue_is_refused(catalogue):
    (catalogue.folder / "catalogue.json").write_text(json.dumps({"format": 2, "kind": "tutti catalogue"}))
    for opening in (Catalogue.open, Catalogue.create):
        with pytest.raises(CatalogueError, match="has format 2; this program reads up to 1"):
            opening(catalogue.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": null}', '{"format": "new"}', "{}"])
def test_a_damaged_catalogue_is_refused_in_words(text, catalogue):
    (catalogue.folder / "catalogue.json").write_text(text)
    with pytest.raises(CatalogueError, match=r"catalogue\.json is damaged"):
        Catalogue.open(catalogue.folder)


def test_a_folder_of_something_else_does_not_become_a_catalogue(tmp_path):
    (tmp_path / "song.mp3").touch()
    with pytest.raises(CatalogueError, match=r"is not empty: it holds 'song\.mp3'"):
        Catalogue.create(tmp_path)
    with pytest.raises(CatalogueError, match="is a file, not a folder"):
        Catalogue.create(tmp_path / "song.mp3")
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]


def test_creating_twice_opens_the_same_catalogue(catalogue):
    catalogue.put_tracks([Track(track_id="1")])
    assert len(Catalogue.create(catalogue.folder)) == 1
