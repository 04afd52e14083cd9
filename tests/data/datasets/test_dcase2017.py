"""DCASE 2017, task 4: weak labels, and the split of the harmonic CNN's code."""

import pytest

from tutti.data.datasets.dcase2017 import DCASE2017, _valid_files
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    DCASE2017.make_fixture(tmp_path / "root")
    return tmp_path / "root"


@pytest.mark.parametrize(("n_rows", "drawn"), [(30, {5, 7, 29}), (25, {5, 21}), (15, {7, 10}), (5, set())])
def test_a_tenth_of_a_class_is_what_pandas_draws(n_rows, drawn):
    rows = [("training", f"{number}.wav", "Bus") for number in range(n_rows)]
    # pandas 3.1.1: DataFrame({"file": range(n_rows)}).sample(frac=0.1, random_state=123)
    assert _valid_files(rows) == {f"{number}.wav" for number in drawn}


def test_the_labels_of_a_clip_are_gathered_in_their_order(root):
    tracks = {track.track_id: track for track in DCASE2017.protocol().load(root)}
    assert tracks["clip0_30.000_40.000"].tags == ("Train horn", "Car")


def test_testing_joins_training_and_evaluation_is_the_test(root):
    tracks = {track.track_id: track for track in DCASE2017.protocol().load(root)}
    assert tracks["clip5_30.000_40.000"].audio.parent.name == "testing"
    assert tracks["clip5_30.000_40.000"].split in ("train", "valid")
    assert tracks["clip6_30.000_40.000"].split == "test"


def test_the_organisers_names_of_the_folders_serve_too(root):
    long_name = "evaluation_set_formatted_audio_segments"
    (root / "evaluation").rename(root / long_name)
    assert DCASE2017.protocol().load(root)[-1].audio.parent.name == long_name


@pytest.mark.parametrize("line", ["no tabs at all", "a.wav\t0\t10\tKazoo"])
def test_a_line_that_is_no_weak_label_is_shown(root, line):
    (root / "groundtruth_weak_label_testing_set.csv").write_text(f"{line}\n")
    with pytest.raises(DatasetError, match="one of the 17 labels"):
        DCASE2017.protocol().load(root)
