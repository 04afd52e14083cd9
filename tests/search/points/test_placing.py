"""Placing a catalogue's tracks in a space, again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import FileState, Track
from tutti.errors import CatalogueError
from tutti.models.concept_listener import ConceptListener, ConceptListenerConfig
from tutti.models.encoders import Encoded, gathered
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.search.corpus import Corpus
from tutti.search.points.placing import place
from tutti.search.points.vector_files import write_vectors


class Counting:
    """An encoder of four letters a word: how often a, e, i and o stand in what it reads; notes what it was asked."""

    name, embed_dim, fingerprint = "counting", 4, "c1"

    def __init__(self, modality: str = "text", *, stops_after: int | None = None) -> None:
        self.modality, self.asked, self._stops_after = modality, [], stops_after

    def encode(self, items: list[Item], *, progress=None) -> Encoded:
        if self._stops_after is not None and len(self.asked) >= self._stops_after:
            raise KeyboardInterrupt
        self.asked += [item.item_id for item in items]
        read, problems = {}, {}
        for item in items:
            text = item.text if self.modality == "text" else item.covers[0].read_text() if item.covers else ""
            if "broken" in text:
                problems[item.item_id] = "it is broken"
            elif text:
                read[item.item_id] = np.array([text.count(letter) for letter in "aeio"], dtype=np.float32)
        return gathered(items, read, problems, embed_dim=4)


class Straight:
    """A projection that changes nothing."""

    embed_dim = 4

    def __init__(self, fingerprint: str = "p1") -> None:
        self.fingerprint = fingerprint

    def project(self, modality: str, vectors: np.ndarray) -> np.ndarray:
        return vectors


def space(*encoders: Counting, fingerprint: str = "p1", level: str = "track") -> SpaceModel:
    config = SpaceModelConfig(name="letters", texts=("review",), level=level)
    return SpaceModel(config, {one.modality: one for one in encoders}, Straight(fingerprint))


def track(track_id: str, text: str | None, **facts) -> Track:
    return Track(track_id=track_id, texts={} if text is None else {"review": text}, **facts)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    made = Catalogue.create(tmp_path / "c")
    made.put_tracks([track("a", "aaa"), track("b", "ei"), track("c", None)])
    return made


def test_what_there_is_is_placed_and_read_back_row_by_row(catalogue: Catalogue) -> None:
    report = place(catalogue, space(Counting()))
    assert report.counts == {"text": {"placed": 2, "absent": 1}}
    points = Corpus.load(catalogue).points("letters")
    assert points.modalities == ("text",)
    assert points.merged[:2] == pytest.approx(np.array([[1, 0, 0, 0], [0, 2**-0.5, 2**-0.5, 0]]))
    assert np.isnan(points.merged[2]).all()


def test_the_same_again_reads_nothing(catalogue: Catalogue) -> None:
    place(catalogue, space(Counting()))
    again = Counting()
    assert place(catalogue, space(again)).counts == {"text": {"kept": 2, "absent": 1}}
    assert again.asked == []


def test_only_what_changed_is_read_anew(catalogue: Catalogue) -> None:
    place(catalogue, space(Counting()))
    catalogue.put_tracks([track("a", "oo"), track("b", None), track("d", "i")])
    again = Counting()
    assert place(catalogue, space(again)).counts == {"text": {"placed": 2, "absent": 2}}
    assert again.asked == ["a", "d"]
    merged = Corpus.load(catalogue).points("letters").merged
    assert merged[0] == pytest.approx([0, 0, 0, 1])
    assert np.isnan(merged[1]).all()
    assert place(catalogue, space(Counting())).counts == {"text": {"kept": 2, "absent": 2}}


def test_another_version_of_the_space_places_everything_anew(catalogue: Catalogue) -> None:
    place(catalogue, space(Counting()))
    again = Counting()
    place(catalogue, space(again, fingerprint="p2"))
    assert again.asked == ["a", "b"]


def test_a_killed_run_goes_on_where_it_was(catalogue: Catalogue, monkeypatch) -> None:
    monkeypatch.setattr("tutti.search.points.placing.BATCH_ITEMS", 1)
    monkeypatch.setattr("tutti.search.points.placing.WRITTEN_ROWS", 1)
    with pytest.raises(KeyboardInterrupt):
        place(catalogue, space(Counting(stops_after=1)))
    again = Counting()
    place(catalogue, space(again))
    assert again.asked == ["b"]
    assert not np.isnan(Corpus.load(catalogue).points("letters").merged[:2]).any()


def test_equal_texts_are_read_once(catalogue: Catalogue) -> None:
    catalogue.put_tracks([track("x", "aaa")])
    encoder = Counting()
    place(catalogue, space(encoder))
    assert encoder.asked == ["a", "b"]
    assert np.array_equal(*Corpus.load(catalogue).points("letters").merged[[0, 3]])


def test_what_cannot_be_read_is_noted_once_and_forgotten_when_it_can(catalogue: Catalogue, tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    cover.write_text("broken")
    catalogue.put_tracks([track("p", "i", cover=cover)])
    report = place(catalogue, space(Counting("image"), Counting("text")))
    assert report.problems == {"p": {"image": "it is broken"}}
    assert report.counts["image"] == {"absent": 3, "failed": 1}
    assert [(one.path, one.kind) for one in catalogue.problems()] == [(cover, "placing image")]
    again = Counting("image")
    place(catalogue, space(again, Counting("text")))
    assert again.asked == []
    cover.write_text("a whole picture")
    place(catalogue, space(Counting("image"), Counting("text")))
    assert catalogue.problems() == []


def test_albums_give_each_of_their_tracks_their_point(catalogue: Catalogue) -> None:
    catalogue.put_tracks([track(one, text, artist="X", album="Y") for one, text in (("a", "aaa"), ("b", "ei"))])
    place(catalogue, space(Counting(), level="album"))
    merged = Corpus.load(catalogue).points("letters").merged
    assert merged[:2] == pytest.approx(np.array([[3, 1, 1, 0]] * 2) / 11**0.5)


def test_a_deleted_track_leaves_no_point_and_a_strange_one_does_no_harm(catalogue: Catalogue) -> None:
    place(catalogue, space(Counting()))
    catalogue.delete("tracks", "track_id", ["a"])
    assert Corpus.load(catalogue).points("letters").merged.shape == (2, 4)


def test_an_empty_catalogue_cannot_be_placed(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no tracks to place"):
        place(Catalogue.create(tmp_path / "empty"), space(Counting()))


def test_a_space_without_points_is_told_of_with_the_command_that_makes_them(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="no points of the space 'letters'; it has none") as caught:
        Corpus.load(catalogue).points("letters")
    assert "tutti place" in str(caught.value.hint)


# Sounds that a tagger has described


def listening_space() -> SpaceModel:
    config = ConceptListenerConfig(
        tagger="toy", tagger_fingerprint="f1", labels=("x", "y"), concepts={"x": {"x": 1}, "y": {"y": 1}}, n_vector=2
    )
    return SpaceModel(SpaceModelConfig(name="letters"), {"audio": ConceptListener(config)}, Straight())


@pytest.fixture
def described(tmp_path: Path) -> Catalogue:
    made = Catalogue.create(tmp_path / "heard")
    states = {one: FileState(size=1, modified_ns=1, content_hash=f"hash {one}") for one in "abc"}
    made.put_tracks(
        [
            Track(track_id="a", audio=tmp_path / "a.wav", file=states["a"]),
            Track(track_id="b", audio=tmp_path / "b.wav", file=states["b"]),
            Track(track_id="c", audio=tmp_path / "c.wav", file=states["a"], duplicate_of="a"),
        ]
    )
    made.put_model(ModelRecord(model="toy", fingerprint="f1", labels=("x", "y"), embed_dim=2, config={}))
    predictions = Predictions(
        track_ids=["a", "b"],
        content_hashes=["hash a", "hash b"],
        fingerprints=["f1", "f1"],
        n_excerpts=[1, 1],
        probabilities=np.array([[0.5, 0.9], [0.1, 0.5]], dtype=np.float32),
        vectors=np.array([[1, 0], [0, 2]], dtype=np.float32),
    )
    made.put_predictions("toy", predictions)
    return made


def test_sounds_that_a_tagger_has_described_are_not_heard_again(described: Catalogue) -> None:
    report = place(described, listening_space())
    assert report.counts == {"audio": {"told": 3}}
    merged = Corpus.load(described).points("letters").merged
    # log odds of 0.5 and 0.9, and the vector behind them
    assert merged[0] == pytest.approx(np.array([0, np.log(9), 1, 0]) / np.hypot(np.log(9), 1), abs=1e-5)
    assert np.array_equal(merged[0], merged[2])


def test_points_told_when_they_are_asked_for_are_those_that_are_stored(described: Catalogue, monkeypatch) -> None:
    monkeypatch.setattr("tutti.search.points.predicted_points.load_space_model", lambda _: listening_space())
    corpus = Corpus.load(described)
    assert corpus.spaces() == ("tutti-words",)
    told = corpus.points("letters").merged
    place(described, listening_space())
    stored = Corpus.load(described).points("letters").merged
    assert np.array_equal(told, stored)


def test_a_track_that_came_later_is_told_until_it_is_placed(described: Catalogue, monkeypatch) -> None:
    monkeypatch.setattr("tutti.search.points.predicted_points.load_space_model", lambda _: listening_space())
    whole = Corpus.load(described).points("letters").merged
    place(described, listening_space())
    described.delete("points.letters", "track_id", ["b", "c"])
    assert np.array_equal(Corpus.load(described).points("letters").merged, whole)


def test_what_another_version_of_the_tagger_said_is_no_point(described: Catalogue, monkeypatch) -> None:
    monkeypatch.setattr("tutti.search.points.predicted_points.load_space_model", lambda _: listening_space())
    described.put_model(ModelRecord(model="toy", fingerprint="f2", labels=("x", "y"), embed_dim=2, config={}))
    assert Corpus.load(described).spaces() == ()


class Heard(SoundEncoder):
    """A tagger's vectors as they are, in a room without sounds."""

    def __init__(self) -> None:
        pass

    name, embed_dim, fingerprint = "toy", 2, "f1"

    def encode(self, items: list[Item], *, progress=None) -> Encoded:
        raise AssertionError("nothing is to be heard")


def test_a_tagger_that_a_space_has_kept_is_not_listened_with_again(described: Catalogue) -> None:
    projection = Straight()
    projection.embed_dim = 2
    kept = SpaceModel(SpaceModelConfig(name="letters"), {"audio": Heard()}, projection)
    described.delete_tracks(["c"])
    assert place(described, kept).counts == {"audio": {"told": 2}}
    assert [one.tolist() for one in Corpus.load(described).points("letters").vectors["audio"]] == [[1, 0], [0, 1]]


def test_a_space_is_known_by_its_folder_as_by_its_name(described: Catalogue, monkeypatch) -> None:
    place(described, listening_space())
    monkeypatch.setattr("tutti.search.points.reading_points.is_space_model", lambda name: name == "runs/letters")
    monkeypatch.setattr("tutti.search.points.reading_points.load_space_model", lambda _: listening_space())
    corpus = Corpus.load(described)
    assert np.array_equal(corpus.points("runs/letters").merged, corpus.points("letters").merged)
    assert write_vectors(described, "runs/letters").space == "letters"


def test_a_folder_of_another_space_of_the_same_name_is_refused(described: Catalogue, monkeypatch) -> None:
    place(described, listening_space())
    monkeypatch.setattr("tutti.search.points.reading_points.is_space_model", lambda name: name == "runs/letters")
    monkeypatch.setattr("tutti.search.points.reading_points.load_space_model", lambda _: space(Counting()))
    with pytest.raises(CatalogueError, match="another space called letters") as caught:
        Corpus.load(described).points("runs/letters")
    assert caught.value.hint == f"place them anew: tutti place {described.folder} --space runs/letters"
