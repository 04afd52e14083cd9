from __future__ import annotations

import os
from pathlib import Path

import pytest

from tutti.data.folder import scan
from tutti.errors import ConfigError


def put(path: Path, content: bytes = b"sound") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def relatives(*roots: Path) -> list[str]:
    return [found.relative for found in scan(*roots).files]


def test_sound_files_are_found_in_every_folder_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.mp3", "a/z.FLAC", "a/b/song.Opus", "c.m4a", "notes.txt", "cover.jpg"):
        put(tmp_path / name)
    assert relatives(tmp_path) == ["a/b/song.Opus", "a/z.FLAC", "b.mp3", "c.m4a"]
    assert relatives(tmp_path) == relatives(tmp_path)


def test_a_found_file_tells_path_root_size_and_time(tmp_path: Path) -> None:
    path = put(tmp_path / "a" / "song.wav", b"12345")
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    (found,) = scan(tmp_path).files
    assert (found.path, found.root, found.size) == (path, tmp_path, 5)
    assert found.modified_ns == path.stat().st_mtime_ns


def test_names_in_any_script_are_found(tmp_path: Path) -> None:
    names = ["ลาวดวงเดือน.mp3", "夜曲.flac", "Dvořák – Rusalka.ogg", "emoji 🎺.wav"]
    for name in names:
        put(tmp_path / name)
    assert sorted(relatives(tmp_path)) == sorted(names)


def test_a_name_that_is_no_text_is_a_problem_that_can_be_stored(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.mp3")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes valid names only")
    put(tmp_path / "good.mp3")
    found = scan(tmp_path)
    assert [file.path.name for file in found.files] == ["good.mp3"]
    assert [problem.kind for problem in found.problems] == ["name"]
    str(found.problems[0].path).encode("utf-8")


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("._song.mp3", ".trash/song.mp3", "a/.cache/song.mp3", "a/song.mp3"):
        put(tmp_path / name)
    assert relatives(tmp_path) == ["a/song.mp3"]


def test_links_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    put(tmp_path / "a" / "song.mp3")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    assert relatives(tmp_path) == ["a/song.mp3"]


def test_a_linked_folder_elsewhere_is_followed_once(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "song.mp3")
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "one").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "music" / "two").symlink_to(tmp_path / "elsewhere")
    assert relatives(tmp_path / "music") == ["one/song.mp3"]


def test_a_link_to_nowhere_is_a_problem_and_the_rest_is_found(tmp_path: Path) -> None:
    put(tmp_path / "good.mp3")
    (tmp_path / "bad.mp3").symlink_to(tmp_path / "nothing")
    found = scan(tmp_path)
    assert [file.path.name for file in found.files] == ["good.mp3"]
    assert [(problem.path.name, problem.kind) for problem in found.problems] == [("bad.mp3", "access")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_named_like_a_song_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "song.wav")
    assert scan(tmp_path).files == ()
    assert scan(tmp_path).problems[0].reason == "is no ordinary file"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_a_problem_and_the_rest_is_found(tmp_path: Path) -> None:
    put(tmp_path / "good.mp3")
    put(tmp_path / "closed" / "song.mp3")
    (tmp_path / "closed").chmod(0)
    found = scan(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert [file.path.name for file in found.files] == ["good.mp3"]
    assert found.unlisted_folders == (tmp_path / "closed",)


def test_a_single_file_and_overlapping_roots_are_fine(tmp_path: Path) -> None:
    song = put(tmp_path / "a" / "song.mp3")
    assert [found.path for found in scan(song).files] == [song]
    assert [found.path for found in scan(tmp_path, tmp_path / "a", song).files] == [song]


def test_a_missing_root_is_an_error_and_not_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        scan(tmp_path / "unplugged")
