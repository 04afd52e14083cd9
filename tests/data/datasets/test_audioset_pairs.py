"""Pairs of sound and picture from a folder, with and without labels."""

from __future__ import annotations

import pytest

from tutti.data.datasets import find_dataset
from tutti.data.datasets.audioset_pairs import CLASS_OF, CLASSES, instrument_class, load, load_instruments
from tutti.data.datasets.fixtures import write_cover, write_sound
from tutti.data.ontology import read_ontology
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    """Ten pairs and no list."""
    for number in range(10):
        write_sound(tmp_path / "audio" / f"clip{number}.wav", pitch=200.0 + number, duration=0.1)
        write_cover(tmp_path / "frames" / f"clip{number}.png", colour=(number, 0, 0), side=8)
    return tmp_path


def test_pairs_need_no_labels_and_are_split_the_same_every_time(root):
    tracks = load(root)
    assert [track.cover.stem for track in tracks] == [track.audio.stem for track in tracks]
    splits = [track.split for track in tracks]
    assert (splits.count("train"), splits.count("valid"), splits.count("test")) == (8, 1, 1)
    assert load(root) == tracks
    assert all(track.tags == () for track in tracks)


def test_what_has_lost_its_partner_is_told(root):
    (root / "frames" / "clip3.png").unlink()
    (root / "audio" / "clip4.wav").unlink()
    check = find_dataset("audioset-pairs").check(root)
    assert "1 of 10 have no picture" in check.remarks
    assert [path.name for split in check.splits for path in split.missing] == ["clip4.wav"]
    catalogue = find_dataset("audioset-pairs").catalogue(root, root / "catalogue")
    assert len(catalogue) == 9
    assert [problem.path.name for problem in catalogue.problems()] == ["clip4.wav"]


def test_a_class_is_a_label_or_any_of_several_but_never_two_classes(root):
    (root / "labels.tsv").write_text(
        "clip0\tViolin, fiddle;Music\nclip1\tDrum;Drum kit\ttest\nclip2\tPiano;Cello\nclip3\tGong\nclip4\t\n",
        encoding="utf-8",
    )
    assert {track.track_id: track.tags for track in load_instruments(root)} == {
        "clip0": ("violin",),
        "clip1": ("drums",),
    }
    assert {track.track_id: track.split for track in load(root)}["clip1"] == "test"
    assert instrument_class(()) is None


def test_the_eighteen_classes_stand_for_labels_of_the_published_ontology(shared):
    ontology = read_ontology(shared / "datasets" / "audioset" / "ontology.json")
    assert len(CLASSES) == 18
    assert set(CLASS_OF) <= set(ontology.names)


def test_labels_may_be_ids_of_the_ontology(tmp_path):
    find_dataset("audioset-pairs").make_fixture(tmp_path / "root")
    assert {track.tags for track in load(tmp_path / "root")} == {("Drum", "Drum kit"), ("Cello",), ("Choir",)}


@pytest.mark.parametrize("line", ["clip0", "clip0\tDrum\tholdout", "clip0\ta\ttest\tmore", "\tDrum"])
def test_a_line_that_is_none_is_refused_with_its_number(root, line):
    (root / "labels.tsv").write_text(f"clip1\tDrum\n{line}\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="line 2"):
        load(root)
