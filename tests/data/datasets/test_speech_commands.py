"""Speech Commands: the official lists, and training on the rest."""

import pytest

from tutti.data.datasets.speech_commands import LABELS, SPEECH_COMMANDS
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    SPEECH_COMMANDS.make_fixture(tmp_path / "root")
    return tmp_path / "root"


def test_the_35_words_stand_in_the_alphabet_s_order():
    assert len(LABELS) == 35
    assert list(LABELS) == sorted(LABELS)


def test_what_the_lists_do_not_name_is_for_training_and_noise_is_left_out(root):
    (root / "wow").mkdir()
    (root / "wow" / "11112222_nohash_3.wav").touch()
    tracks = {track.track_id: track for track in SPEECH_COMMANDS.protocol().load(root)}
    assert len(tracks) == 4
    assert tracks["wow/11112222_nohash_3"].split == "train"
    assert tracks["left/2a89ad5c_nohash_0"].split == "valid"
    assert tracks["left/2a89ad5c_nohash_0"].artist == "2a89ad5c"


def test_the_published_counts_are_those_of_105_829_recordings():
    assert sum(SPEECH_COMMANDS.protocol().n_tracks.values()) == 105_829


def test_lists_of_another_dataset_are_refused(root):
    (root / "testing_list.txt").write_text("banana/1_nohash_0.wav\n")
    with pytest.raises(DatasetError, match="none of the 35 words"):
        SPEECH_COMMANDS.protocol().load(root)
