from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tutti.data.track_covers import CoverFinder


def png(color: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def finder(tmp_path: Path) -> CoverFinder:
    (tmp_path / "album").mkdir()
    return CoverFinder(tmp_path / "covers")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return tmp_path / "album" / "Song.mp3"


def test_without_pictures_there_is_no_cover_and_no_problem(finder: CoverFinder, sound: Path) -> None:
    assert finder.find(sound, None) == (None, None)


def test_a_picture_inside_the_file_is_kept_with_the_catalogue(finder: CoverFinder, sound: Path) -> None:
    (sound.parent / "cover.jpg").write_bytes(png("blue"))
    cover, problem = finder.find(sound, png())
    assert problem is None
    assert cover is not None
    assert cover.parent == finder.covers
    assert cover.read_bytes() == png()


def test_the_picture_of_the_same_name_goes_before_the_folders(finder: CoverFinder, sound: Path) -> None:
    for name in ("album.png", "Cover.PNG", "song.png"):
        (sound.parent / name).write_bytes(png())
    assert finder.find(sound, None)[0] == sound.parent / "song.png"
    assert finder.find(sound.with_name("other.mp3"), None)[0] == sound.parent / "Cover.PNG"


def test_a_broken_picture_inside_is_a_problem_of_the_sound(finder: CoverFinder, sound: Path) -> None:
    cover, problem = finder.find(sound, png()[:40])
    assert cover is None
    assert problem is not None
    assert (problem.path, problem.kind, problem.skipped) == (sound, "cover", False)
    assert not finder.covers.exists()


def test_a_broken_picture_gives_way_to_a_good_one_and_is_reported(finder: CoverFinder, sound: Path) -> None:
    (sound.parent / "cover.jpg").write_bytes(b"broken")
    (sound.parent / "folder.png").write_bytes(png())
    cover, problem = finder.find(sound, None)
    assert cover == sound.parent / "folder.png"
    assert problem is not None
    assert problem.path == sound.parent / "cover.jpg"
