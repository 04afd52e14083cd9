"""The Million Song Dataset: old pickles, two splits with labels of their own, sounds in several layouts."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from tutti.data.datasets.million_song import (
    CALS_LABELS,
    CONVENTIONAL_LABELS,
    MILLION_SONG,
    UNREADABLE,
    load_cals,
    load_conventional,
    read_ids,
)
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fixture of the dataset."""
    MILLION_SONG.make_fixture(tmp_path / "root")
    return tmp_path / "root"


def test_labels_are_in_the_published_order(shared):
    published = (shared / "datasets" / "msd" / "50tagList.txt").read_text().splitlines()
    assert published == [*CONVENTIONAL_LABELS]


def test_the_published_test_list_holds_one_unreadable_preview(shared):
    ids = read_ids(shared / "datasets" / "msd" / "filtered_list_test.cP")
    assert len(ids) == len({*ids}) == 28_435 == MILLION_SONG.protocol("conventional").n_tracks["test"]
    assert all(len(one) == 18 and one.startswith("TR") for one in ids)
    assert len({*ids} & UNREADABLE) == 1
    assert len(UNREADABLE) == 55


def test_the_two_protocols_have_fifty_labels_each_and_not_the_same(root):
    assert len({*CALS_LABELS}) == len({*CONVENTIONAL_LABELS}) == 50
    assert {*CALS_LABELS} != {*CONVENTIONAL_LABELS}
    conventional = {track.track_id: track.tags for track in load_conventional(root)}
    cals = {track.track_id: track.tags for track in load_cals(root)}
    assert conventional["TRAAABD128F429CF47"] == ("Hip-Hop",)
    assert cals["TRAAABD128F429CF47"] == ("hip-hop",)


def test_tags_follow_the_columns_of_the_published_vectors(root):
    path = root / "split" / "msd_id_to_tag_vector.cP"
    vectors = {b"TRAAAAK128F9318786": [3, 49], b"TRAAABD128F429CF47": [], b"TRAAADZ128F9348C2E": [0]}
    columns = {key: np.isin(np.arange(50), on).astype(float)[:, None] for key, on in vectors.items()}
    path.write_bytes(pickle.dumps(columns, 2))
    tags = {track.track_id: track.tags for track in load_conventional(root)}
    assert tags["TRAAAAK128F9318786"] == ("indie", "happy")
    assert tags["TRAAABD128F429CF47"] == ()


def test_unreadable_previews_are_left_out_of_the_catalogue_with_a_problem(root, tmp_path):
    unreadable = sorted(UNREADABLE)[0]
    (root / "split" / "filtered_list_test.cP").write_bytes(pickle.dumps([b"TRAAADZ128F9348C2E", unreadable.encode()]))
    path = root / "split" / "msd_id_to_tag_vector.cP"
    vectors = pickle.loads(path.read_bytes()) | {unreadable.encode(): np.zeros((50, 1))}
    path.write_bytes(pickle.dumps(vectors))
    catalogue = MILLION_SONG.catalogue(root, tmp_path / "catalogue")
    assert len(catalogue) == 3
    assert [problem.reason for problem in catalogue.problems()] == ["it is published broken"]


def test_tracks_without_labels_are_a_split_of_their_own_and_only_where_asked(root):
    assert {track.split for track in load_cals(root)} == {"train", "valid", "test"}
    (student,) = [track for track in load_cals(root, with_student=True) if track.split == "student"]
    assert student.tags == ()


def test_sounds_are_found_as_wav_and_in_the_previews_own_layout(root):
    track, *_ = load_conventional(root)
    assert track.audio.relative_to(root).as_posix() == "audio/A/A/A/TRAAAAK128F9318786.mp3"
    track.audio.rename(track.audio.with_suffix(".wav"))
    assert load_conventional(root)[0].audio.suffix == ".wav"
    preview = root / "audio" / "8" / "9" / "8947470.clip.mp3"
    preview.parent.mkdir(parents=True)
    track.audio.with_suffix(".wav").rename(preview)
    (root / "split" / "MSD_id_to_7D_id.pkl").write_bytes(pickle.dumps({track.track_id.encode(): b"8947470"}, 0))
    (root / "split" / "7D_id_to_path.pkl").write_bytes(pickle.dumps({b"8947470": b"8/9/8947470.clip.mp3"}, 0))
    assert load_conventional(root)[0].audio == preview
    assert MILLION_SONG.check(root).is_complete


def test_artists_come_from_the_datasets_own_list_where_it_is_at_hand(root):
    assert load_conventional(root)[0].artist == "The Fixtures"
    (root / "unique_tracks.txt").unlink()
    assert load_conventional(root)[0].artist is None
    assert MILLION_SONG.check(root).is_complete


def test_a_hostile_list_is_refused_and_the_check_says_so(root, tmp_path):
    victim = tmp_path / "victim"
    (root / "split" / "filtered_list_train.cP").write_bytes(f"cos\nsystem\n(S'touch {victim}'\ntR.".encode())
    with pytest.raises(DatasetError, match=r"refused: it asks for os\.system"):
        load_conventional(root)
    check = MILLION_SONG.check(root)
    assert any("os.system" in reason for reason in check.broken)
    assert not victim.exists()


def test_lists_of_different_versions_are_told(root):
    np.save(root / "cals" / "valid_binaries.npy", np.zeros((1, 49)))
    with pytest.raises(DatasetError, match=r"has shape \(1, 49\), for 1 tracks and 50 labels"):
        load_cals(root)
    path = root / "split" / "msd_id_to_tag_vector.cP"
    path.write_bytes(pickle.dumps({b"TRAAAAK128F9318786": np.zeros(50)}))
    with pytest.raises(DatasetError, match="does not tell the labels of TRAAABD128F429CF47"):
        load_conventional(root)
    (root / "split" / "50tagList.txt").write_text("rock\npop\n")
    with pytest.raises(DatasetError, match="another version"):
        load_conventional(root)


def test_sounds_unpacked_into_the_root_itself_are_found(root):
    for folder in sorted((root / "audio").iterdir()):
        folder.rename(root / folder.name)
    (root / "audio").rmdir()
    assert MILLION_SONG.check(root).is_complete
