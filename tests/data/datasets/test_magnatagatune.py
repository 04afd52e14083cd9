"""MagnaTagATune: the published lists, the order of the labels, and that all sources tell the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tutti.data.datasets.magnatagatune import (
    LABELS,
    MAGNATAGATUNE,
    SPLIT_OF_FOLDER,
    UNREADABLE,
    load_filtered,
    load_unfiltered,
    read_annotations,
    read_lee,
)
from tutti.data.pickles import load_array, load_pickle
from tutti.data.track import Track
from tutti.errors import DatasetError

COUNTS = {"train": 15_244, "valid": 1_529, "test": 4_332}


@pytest.fixture
def published(shared: Path) -> Path:
    """The published lists."""
    return shared / "datasets" / "magnatagatune"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fixture of the dataset."""
    MAGNATAGATUNE.make_fixture(tmp_path / "root")
    return tmp_path / "root"


def clip_names(paths: list[str]) -> set[str]:
    """Clips without their suffix."""
    return {path.rpartition(".")[0] for path in paths}


def test_labels_are_in_the_order_of_the_published_checkpoints(published):
    assert tuple(np.load(published / "won-tags.npy").tolist()) == LABELS


def test_the_two_published_label_orders_differ_by_the_two_that_are_swapped(published):
    other = (published / "top50_tags.txt").read_text().split()
    differing = [index for index, name in enumerate(other) if name.lower() != LABELS[index].replace(" ", "")]
    assert differing == [47, 48]
    assert (other[47], other[48], LABELS[47], LABELS[48]) == ("femaleVoice", "metal", "metal", "female voice")


@pytest.mark.parametrize("split", ["valid", "test"])
def test_both_published_sources_list_the_same_clips(published, split):
    won = clip_names([str(line).split("\t")[1] for line in np.load(published / f"won-{split}.npy")])
    lee = clip_names([clip.decode() for clip in load_pickle(published / f"{split}_list_pub.cP")])
    assert won == lee
    assert len(won) == COUNTS[split]


@pytest.mark.parametrize("split", COUNTS)
def test_published_clips_are_split_by_folder_without_the_unreadable(published, split):
    clips = clip_names([clip.decode() for clip in load_pickle(published / f"{split}_list_pub.cP")])
    assert len(clips) == COUNTS[split] == MAGNATAGATUNE.protocol("filtered").n_tracks[split]
    assert {SPLIT_OF_FOLDER[clip[0]] for clip in clips} == {split}
    assert not clips & UNREADABLE


@pytest.mark.parametrize(("split", "n_tags"), [("valid", 5_058), ("test", 14_149)])
def test_published_targets_become_tags_by_name_and_none_is_lost(published, split, n_tags):
    tagged = read_lee(published, split)
    assert len(tagged) == COUNTS[split]
    assert sum(map(len, tagged.values())) == n_tags
    assert all(tagged.values()), "a clip without any label is not in the filtered protocol"
    swapped = load_array(published / f"y_{split}_pub.npy").sum(axis=0)
    counts = {label: sum(label in tags for tags in tagged.values()) for label in LABELS}
    assert (counts["female voice"], counts["metal"]) == (swapped[47], swapped[48])
    assert [counts[label] for label in LABELS[:47]] == swapped[:47].tolist()


def test_every_source_gives_the_same_clips_and_labels(root):
    def facts(tracks: list[Track]) -> set[tuple[str, tuple[str, ...], str | None]]:
        return {(track.track_id, track.tags, track.split) for track in tracks}

    from_annotations = facts(load_filtered(root))
    (root / "annotations_final.csv").unlink()
    from_lee = facts(load_filtered(root))
    (root / "split" / "top50_tags.txt").unlink()
    from_won = facts(load_filtered(root))
    assert from_annotations == from_lee == from_won
    assert {tag for _, tags, _ in from_won for tag in tags} >= {"female voice", "metal"}


def test_the_unfiltered_protocol_keeps_clips_without_a_label(root):
    filtered, unfiltered = load_filtered(root), load_unfiltered(root)
    (extra,) = {track.track_id for track in unfiltered} - {track.track_id for track in filtered}
    assert next(track for track in unfiltered if track.track_id == extra).tags == ()


def test_published_counts_of_the_unfiltered_protocol_are_all_clips():
    assert sum(MAGNATAGATUNE.protocol("unfiltered").n_tracks.values()) == 25_863


def test_an_unreadable_clip_is_no_fault_of_the_copy(root):
    table = root / "annotations_final.csv"
    clip = sorted(UNREADABLE)[0]
    row = table.read_text().splitlines()[1].replace("0/the_fixtures-first_album-01-a_tune-0-29", clip)
    table.write_text(table.read_text() + row + "\n")
    assert clip in read_annotations(root)
    assert clip not in {track.track_id for track in load_filtered(root)}
    assert clip in {track.track_id for track in load_unfiltered(root)}
    (root / "tutti-fixture.json").unlink()
    train = MAGNATAGATUNE.check(root, "unfiltered").splits[0]
    assert (train.n_listed, train.n_unreadable, train.missing) == (2, 1, ())
    catalogue = MAGNATAGATUNE.catalogue(root, root.parent / "catalogue", "unfiltered")
    assert [problem.reason for problem in catalogue.problems()] == ["it is published broken"]


def test_artists_come_from_the_table_of_clips_else_from_the_files_name(root):
    by_id = {track.track_id: track for track in load_filtered(root)}
    track = by_id["0/the_fixtures-first_album-01-a_tune-0-29"]
    assert (track.artist, track.album, track.title) == ("the fixtures", "first album", "a tune")
    header = "clip_id\ttrack_number\ttitle\tartist\talbum\turl\tsegmentStart\tsegmentEnd\toriginal_url\tmp3_path\n"
    row = f"2\t1\tA Tune\tThe Fixtures\tFirst Album\t-\t0\t29\t-\t{track.track_id}.mp3\n"
    (root / "clip_info_final.csv").write_text(header + row)
    track = next(one for one in load_filtered(root) if one.track_id == track.track_id)
    assert (track.artist, track.album, track.title) == ("The Fixtures", "First Album", "A Tune")


def test_another_version_of_the_annotations_is_told_by_the_column_that_it_lacks(root):
    table = root / "annotations_final.csv"
    table.write_text(table.read_text().replace('"metal"', '"heavy metal"'))
    with pytest.raises(DatasetError, match="another version: it lacks the column 'metal'"):
        load_filtered(root)
    assert any("metal" in reason for reason in MAGNATAGATUNE.check(root).broken)


def test_lists_that_do_not_fit_one_another_are_told(root, tmp_path):
    (root / "annotations_final.csv").unlink()
    np.save(root / "split" / "y_test_pub.npy", np.zeros((7, 50)))
    with pytest.raises(DatasetError, match=r"another version: 1 clips, 50 of the 50 labels, .* \(7, 50\)"):
        load_filtered(root)
    (root / "split" / "top50_tags.txt").unlink()
    np.save(root / "split" / "test.npy", np.array(["99\tf/a.mp3"]))
    with pytest.raises(DatasetError, match=r"test.npy does not fit binary.npy"):
        load_filtered(root)


def test_published_lists_in_a_root_are_whole_and_others_of_the_same_name_are_not(published, tmp_path):
    folder = tmp_path / "split"
    folder.mkdir()
    for name in ("train_list_pub.cP", "valid_list_pub.cP", "test_list_pub.cP", "y_valid_pub.npy", "top50_tags.txt"):
        shutil.copy(published / name, folder / name)
    shutil.copy(published / "y_valid_pub.npy", folder / "y_test_pub.npy")
    check = MAGNATAGATUNE.check(tmp_path)
    states = {Path(one.file.path).name: one.state for one in check.files}
    assert states["train_list_pub.cP"] == states["y_valid_pub.npy"] == states["top50_tags.txt"] == "whole"
    assert states["y_test_pub.npy"] == "broken"
    assert states["y_train_pub.npy"] == "missing"
    assert any("another version" in reason for reason in check.broken)


def test_sounds_unpacked_into_the_root_itself_are_found(root):
    for folder in sorted((root / "mp3").iterdir()):
        folder.rename(root / folder.name)
    (root / "mp3").rmdir()
    assert MAGNATAGATUNE.check(root).is_complete


def test_annotations_that_end_within_a_row_are_told_with_the_row(tmp_path):
    MAGNATAGATUNE.make_fixture(tmp_path)
    table = tmp_path / "annotations_final.csv"
    table.write_bytes(table.read_bytes()[:-200])
    with pytest.raises(DatasetError, match=r"is damaged: row \d+ ends too early"):
        MAGNATAGATUNE.protocols["filtered"].load(tmp_path)
