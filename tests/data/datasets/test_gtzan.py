"""GTZAN: the real lists, and the split that one should not use."""

import shutil
from collections import Counter

import pytest

from tutti.data.datasets.gtzan import CHECKSUMS, GTZAN, LABELS
from tutti.errors import DatasetError


@pytest.fixture
def real_lists(shared, tmp_path):
    for split in CHECKSUMS:
        shutil.copy(shared / "datasets" / "gtzan" / f"{split}_filtered.txt", tmp_path)
    return tmp_path


def test_the_published_lists_hold_930_clips_each_once(real_lists):
    tracks = GTZAN.protocol("filtered").load(real_lists)
    assert Counter(track.split for track in tracks) == {"train": 443, "valid": 197, "test": 290}
    assert len({track.track_id for track in tracks}) == 930


def test_the_published_lists_hold_so_many_clips_of_each_genre(real_lists):
    tracks = GTZAN.protocol("filtered").load(real_lists)
    counted = {
        split: [Counter(track.tags for track in tracks if track.split == split)[(label,)] for label in LABELS]
        for split in ("train", "valid", "test")
    }
    # counted with cut, sort and uniq -c
    assert counted == {
        "train": [46, 48, 45, 42, 47, 43, 44, 41, 43, 44],
        "valid": [23, 20, 23, 22, 18, 17, 20, 13, 17, 24],
        "test": [31, 31, 30, 29, 27, 27, 27, 30, 26, 32],
    }


def test_the_published_lists_are_whole_and_the_sounds_missing(real_lists):
    check = GTZAN.check(real_lists)
    assert [one.state for one in check.files] == ["missing", "whole", "whole", "whole"]
    assert not check.broken
    assert "443 sounds of train" in check.missing[1]


def test_a_list_of_another_version_is_told(real_lists):
    path = real_lists / "valid_filtered.txt"
    path.write_text(path.read_text() + "blues/blues.00000.wav\n")
    assert any("valid_filtered.txt" in what and "another version" in what for what in GTZAN.check(real_lists).broken)


def test_a_list_of_something_else_is_refused(real_lists):
    (real_lists / "test_filtered.txt").write_text("polka/polka.00001.wav\n")
    with pytest.raises(DatasetError, match="no clip of GTZAN"):
        GTZAN.protocol("filtered").load(real_lists)


def test_other_copies_keep_their_folder_and_format(real_lists):
    place = real_lists / "genres_original" / "blues" / "blues.00029.au"
    place.parent.mkdir(parents=True)
    place.touch()
    first = GTZAN.protocol("filtered").load(real_lists)[0]
    assert first.audio == place
    assert GTZAN.check(real_lists).files[0].file.path == "genres_original/"


def test_the_plain_split_warns_and_splits_every_genre_alike(tmp_path):
    for label in LABELS:
        (tmp_path / "genres" / label).mkdir(parents=True)
        for number in range(100):
            (tmp_path / "genres" / label / f"{label}.{number:05}.wav").touch()
    protocol = GTZAN.protocol("random")
    tracks = protocol.load(tmp_path)
    assert Counter((track.tags[0], track.split) for track in tracks)["jazz", "test"] == 10
    assert Counter(track.split for track in tracks) == protocol.n_tracks
    assert "mislabelled" in protocol.warning


def test_the_plain_split_of_a_clip_does_not_depend_on_which_others_are_there(tmp_path):
    GTZAN.make_fixture(tmp_path / "some")
    before = {track.track_id: track.split for track in GTZAN.protocol("random").load(tmp_path / "some")}
    (tmp_path / "some" / "genres" / "jazz" / "jazz.00010.wav").unlink()
    after = {track.track_id: track.split for track in GTZAN.protocol("random").load(tmp_path / "some")}
    assert before == {"blues.00001": "train", "jazz.00010": "valid", "rock.00006": "test"}
    assert after.items() <= before.items()
