"""``tutti map``: a page and a picture, trouble in two lines."""

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track


@pytest.fixture
def noises(tmp_path):
    """A catalogue of four noises."""
    catalogue = Catalogue.create(tmp_path / "noises")
    for number in range(4):
        noise = 0.05 * np.random.default_rng(number).standard_normal(9_000).clip(-3, 3)
        soundfile.write(tmp_path / f"{number}.wav", noise, 8000)
    catalogue.put_tracks(
        [Track(track_id=str(n), audio=tmp_path / f"{n}.wav", tags=("low",), split="test") for n in range(4)]
    )
    return catalogue.folder


def test_a_page_and_a_picture_are_written(tutti, bundle, noises, tmp_path):
    ending = tutti("map", bundle, "--on", noises, "-o", tmp_path / "map.html", "--picture", tmp_path / "map.png")
    assert ending.code == 0
    assert "4 items" in ending.stdout
    assert (tmp_path / "map.html").read_text(encoding="utf-8").count("<circle") == 4
    assert (tmp_path / "map.png").stat().st_size > 1_000


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-o", "map.png"), "no page can be written as map.png"),
        (("--picture", "map.gif"), "map.gif is no figure's name"),
        (("--picture", "."), "is a directory"),
    ],
)
def test_a_wrong_place_is_told_before_the_map_is_made(tutti, tmp_path, monkeypatch, options, told):
    monkeypatch.chdir(tmp_path)
    ending = tutti("map", "no-model", "--on", "no-catalogue", *options)
    assert (ending.code, ending.stdout) == (1, "")
    assert [line.split(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]
    assert told in ending.stderr
    assert not [*tmp_path.iterdir()]


def test_a_split_without_items_is_told_in_two_lines(tutti, bundle, noises, tmp_path):
    ending = tutti("map", bundle, "--on", noises, "--split", "valid", "-o", tmp_path / "map.html")
    assert (ending.code, ending.stdout) == (1, "")
    assert [line.split(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]
    assert not (tmp_path / "map.html").exists()
