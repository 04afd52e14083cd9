"""``tutti world``: a world in a folder, a screen about it, and two lines where it cannot be."""

from tutti.data.catalogue import Catalogue

SMALL = ("--set", "n_tracks=16", "--set", "duration=1")


def test_a_world_is_made_and_summed_up(tutti, tmp_path):
    ending = tutti("world", "tiny", "-o", tmp_path / "world", "--seed", 3, *SMALL)
    assert ending.code == 0
    assert "16 by 8 artists" in ending.stdout
    assert "16/16" in ending.stderr
    assert len(Catalogue.open(tmp_path / "world")) == 16
    assert tutti("world", "tiny", "-o", tmp_path / "world", "--seed", 3, *SMALL, "--quiet").stderr == ""


def test_another_world_in_the_same_folder_is_refused(tutti, tmp_path):
    tutti("world", "tiny", "-o", tmp_path / "world", *SMALL, "--quiet")
    ending = tutti("world", "tiny", "-o", tmp_path / "world", "--seed", 1, *SMALL, "--quiet")
    assert ending.code == 1
    assert "its seed differs" in ending.stderr
    assert "hint:" in ending.stderr


def test_a_knob_without_a_value_is_explained(tutti, tmp_path):
    ending = tutti("world", "tiny", "-o", tmp_path / "world", "--set", "missing")
    assert (ending.code, "no knob with its value" in ending.stderr) == (1, True)
    assert not (tmp_path / "world").exists()
