"""AudioSet's music of seven moods: one mood a clip, whatever its sound is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutti.data.datasets.audioset_mood import AUDIOSET_MOOD, LABELS, MOOD_OF, VALID_LIST, load
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    AUDIOSET_MOOD.make_fixture(tmp_path / "root")
    return tmp_path / "root"


def test_the_seven_moods_are_those_of_the_ontology_in_alphabetical_order():
    assert list(MOOD_OF) == [f"/t/dd0003{number}" for number in range(1, 8)]
    assert LABELS == ("angry", "exciting", "funny", "happy", "sad", "scary", "tender")


def test_clips_with_two_moods_are_left_out(root: Path):
    tracks = load(root)
    assert {track.track_id: track.tags for track in tracks} == {
        "aaaaaaaaaa0": ("happy",),
        "bbbbbbbbbb1": ("sad",),
        "-ccccccccc2": ("angry",),
        "dddddddddd4": ("scary",),
    }


def test_sounds_are_found_under_the_names_that_fetching_tools_give(root: Path):
    assert all(track.audio is not None and track.audio.is_file() for track in load(root))


def test_a_list_says_which_clips_are_valid(root: Path):
    (root / VALID_LIST).parent.mkdir()
    (root / VALID_LIST).write_text("-ccccccccc2\n")
    splits = {track.track_id: track.split for track in load(root)}
    assert splits["-ccccccccc2"] == "valid"
    assert splits["dddddddddd4"] == "test"
    assert list(splits.values()).count("train") == 2


@pytest.mark.parametrize(
    "line",
    [
        "dddddddddd4, soon, later, /t/dd00031",
        'dddddddddd4, 0.000, 10.000, "/t/dd00031,' + 150_000 * "x",
        "dddddddddd4, 0.000, 10.000, /t/dd00031, /t/dd00033",
    ],
)
def test_a_broken_line_is_told(root: Path, line: str):
    (root / "eval_segments.csv").write_text(f"{line}\n")
    with pytest.raises(DatasetError, match=r"eval_segments\.csv has the line"):
        load(root)
