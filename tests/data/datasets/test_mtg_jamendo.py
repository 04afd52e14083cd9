"""MTG-Jamendo: the published tables, their counts, labels and targets."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tutti.data.datasets.mtg_jamendo import (
    FILE_OF_SPLIT,
    HEADER,
    MOODS_AND_THEMES,
    MTG_JAMENDO,
    SUBSETS,
    TOP_50,
    list_path,
    read_split,
)
from tutti.data.labels import label_targets
from tutti.errors import DatasetError


@pytest.fixture
def published(shared: Path) -> Path:
    """The published tables."""
    return shared / "datasets" / "mtg-jamendo"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fixture of the dataset."""
    MTG_JAMENDO.make_fixture(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def half_root(published: Path, tmp_path: Path) -> Path:
    """The published tables of split 0 in place, without any sound."""
    for subset in ("top50tags", "moodtheme"):
        for split, name in FILE_OF_SPLIT.items():
            target = tmp_path / "half" / list_path(subset, 0, split)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(published / f"autotagging_{subset}-{name}.tsv", target)
    return tmp_path / "half"


def test_labels_are_the_published_ones_in_their_order(published):
    assert (published / "tags-top50.txt").read_text().split() == [*TOP_50]
    assert (published / "tags-moodtheme_split.txt").read_text().split() == [*MOODS_AND_THEMES]
    assert tuple(sorted(TOP_50)) == TOP_50


def test_sets_of_tags_have_the_published_sizes_and_all_is_their_union():
    labels = {subset: MTG_JAMENDO.protocol(f"{subset}-split0").labels for subset in SUBSETS}
    sizes = {"top50tags": 50, "genre": 87, "instrument": 40, "moodtheme": 56, "all": 183}
    assert {subset: len(names) for subset, names in labels.items()} == sizes
    assert [*labels["all"]] == sorted({*labels["genre"], *labels["instrument"], *labels["moodtheme"]})
    assert {*labels["top50tags"]} < {*labels["all"]}


@pytest.mark.parametrize("protocol", ["top50tags-split0", "moodtheme-split0"])
def test_published_tables_have_the_published_counts_and_only_known_labels(half_root, protocol):
    one = MTG_JAMENDO.protocol(protocol)
    tracks = one.load(half_root)
    for split, count in one.n_tracks.items():
        assert sum(track.split == split for track in tracks) == count
    assert {tag for track in tracks for tag in track.tags} == set(one.labels)
    assert min(track.duration for track in tracks) >= 30.0


def test_targets_of_moods_and_themes_are_those_of_the_mediaeval_task(published, shared):
    tracks = read_split(published / "autotagging_moodtheme-test.tsv", split="test", sounds=Path("audio"))
    truth = np.load(shared / "golden" / "mediaeval2019" / "groundtruth.npy")
    assert np.array_equal(label_targets(tracks, MOODS_AND_THEMES, spelling="exact"), truth)


def test_no_artist_is_in_two_splits_of_the_published_tables(half_root):
    tracks = MTG_JAMENDO.protocol("moodtheme-split0").load(half_root)
    artists = {split: {track.artist for track in tracks if track.split == split} for split in FILE_OF_SPLIT}
    assert not artists["train"] & artists["valid"] | artists["train"] & artists["test"]
    assert not artists["valid"] & artists["test"]


def test_published_tables_are_whole_and_all_their_sounds_are_missing(half_root):
    check = MTG_JAMENDO.check(half_root, "moodtheme-split0")
    assert [one.state for one in check.files] == ["whole", "whole", "whole", "missing"]
    assert [split.n_listed for split in check.splits] == [9_949, 3_802, 4_231]
    assert [split.n_sounds for split in check.splits] == [0, 0, 0]
    assert any("9,949 sounds of train, such as 948.mp3" in line for line in check.missing)
    assert not check.is_complete
    assert check.broken == ()


def test_a_table_that_was_cut_off_is_of_another_version(half_root):
    path = half_root / list_path("moodtheme", 0, "test")
    path.write_text("\n".join(path.read_text().splitlines()[:2001]) + "\n")
    check = MTG_JAMENDO.check(half_root, "moodtheme-split0")
    assert any("sha256 is not the published one" in reason for reason in check.broken)
    assert any("test lists 2,000 tracks, published are 4,231" in reason for reason in check.broken)


def test_other_columns_are_told_with_those_that_are_wanted(root):
    path = root / list_path("top50tags", 0, "test")
    path.write_text(path.read_text().replace("ARTIST_ID\t", ""))
    with pytest.raises(DatasetError, match=r"another version: its columns are TRACK_ID, ALBUM_ID") as caught:
        MTG_JAMENDO.protocol().load(root)
    assert ", ".join(HEADER) in caught.value.hint


def test_a_line_that_is_no_track_is_told_by_its_number(root):
    path = root / list_path("top50tags", 0, "test")
    path.write_text(path.read_text() + "track_1\tartist_1\n")
    with pytest.raises(DatasetError, match="line 3, has 2 columns"):
        MTG_JAMENDO.protocol().load(root)


def test_the_smaller_download_is_found_under_its_own_names(root):
    published = root / "audio" / "41" / "241.mp3"
    published.rename(published.with_name("241.low.mp3"))
    assert MTG_JAMENDO.check(root).is_complete
    track = next(one for one in MTG_JAMENDO.protocol().load(root) if one.split == "train")
    assert track.audio.name == "241.low.mp3"


def test_sets_of_tags_hold_only_tags_of_their_kind(root):
    for subset, prefix in {"genre": "genre---", "instrument": "instrument---", "moodtheme": "mood/theme---"}.items():
        labels = {tag for one in MTG_JAMENDO.protocol(f"{subset}-split4").load(root) for tag in one.tags}
        assert labels
        assert all(label.startswith(prefix) for label in labels)


def test_sounds_unpacked_into_the_root_itself_are_found(root):
    for folder in sorted((root / "audio").iterdir()):
        folder.rename(root / folder.name)
    (root / "audio").rmdir()
    (root / "00").mkdir()
    (root / "00" / "7400.mp3").write_bytes(b"another track")
    (root / "splits").rename(root / "aside")
    (root / "data").mkdir()
    (root / "aside").rename(root / "data" / "splits")
    assert MTG_JAMENDO.check(root).is_complete
