from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.data.file_tags import FileTags, clean_text, parse_year, read_file_tags, split_genres

PICTURE = b"\x89PNG whatever is inside"


def id3(*frames: tuple[str, bytes]) -> bytes:
    """An ID3v2.3 tag, made by hand: ten bytes a header, sizes of the whole in seven bits a byte."""
    body = b"".join(name.encode() + struct.pack(">IH", len(data), 0) + data for name, data in frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def text(value: str) -> bytes:
    return b"\x01" + value.encode("utf-16")


def picture(data: bytes, kind: int = 3) -> bytes:
    return b"\x00image/png\x00" + bytes([kind]) + b"\x00" + data


@pytest.fixture
def mp3(tmp_path: Path) -> Path:
    """Half a second of sound without tags."""
    path = tmp_path / "song.mp3"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(11_025), 22_050, format="MP3")
    return path


def tagged(mp3: Path, *frames: tuple[str, bytes]) -> FileTags:
    mp3.write_bytes(id3(*frames) + mp3.read_bytes())
    return read_file_tags(mp3)


def test_a_file_without_tags_has_none_and_no_problem(mp3: Path) -> None:
    assert read_file_tags(mp3) == FileTags()


def test_the_tags_of_an_mp3_are_read(mp3: Path) -> None:
    tags = tagged(
        mp3,
        ("TIT2", text("ลาวดวงเดือน")),
        ("TPE1", text("Dvořák")),
        ("TALB", text("Album")),
        ("TYER", text("1987")),
        ("TCON", text("Folk; Classical")),
        ("APIC", picture(PICTURE)),
    )
    assert tags == FileTags(
        title="ลาวดวงเดือน",
        artist="Dvořák",
        album="Album",
        year=1987,
        genres=("Folk", "Classical"),
        cover=PICTURE,
    )


def test_the_tags_of_a_flac_are_read(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    soundfile.write(path, np.zeros(1000), 16_000)
    comments = [b"TITLE=Nocturne", b"DATE=1987-05-02", b"GENRE=Classical", b"GENRE=Piano"]
    body = struct.pack("<I", 0) + struct.pack("<I", len(comments))
    body += b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)
    image = struct.pack(">II", 3, 9) + b"image/png" + struct.pack(">IIIIII", 0, 1, 1, 24, 0, len(PICTURE)) + PICTURE
    data = path.read_bytes()  # "fLaC", then the stream's description: 4 bytes a header, 34 bytes
    added = b"\x04" + len(body).to_bytes(3, "big") + body + b"\x06" + len(image).to_bytes(3, "big") + image
    path.write_bytes(data[:4] + b"\x00" + data[5:42] + added + data[42:])
    tags = read_file_tags(path)
    assert (tags.title, tags.year, tags.genres, tags.cover) == ("Nocturne", 1987, ("Classical", "Piano"), PICTURE)


def test_the_front_cover_goes_before_other_pictures(mp3: Path) -> None:
    tags = tagged(mp3, ("APIC", picture(b"back", kind=4)), ("APIC", picture(b"front", kind=3)))
    assert tags.cover == b"front"


def test_the_albums_artist_stands_in_for_a_missing_one(mp3: Path) -> None:
    assert tagged(mp3, ("TPE2", text("Band"))).artist == "Band"


def test_an_empty_file_and_a_text_have_no_tags(tmp_path: Path) -> None:
    for content in (b"", b"this is no sound"):
        (tmp_path / "song.mp3").write_bytes(content)
        tags = read_file_tags(tmp_path / "song.mp3")
        assert (tags.title, tags.cover) == (None, None)


def test_damaged_tags_are_a_problem_and_never_an_exception(mp3: Path) -> None:
    whole = id3(("TIT2", text("title")), ("APIC", picture(PICTURE))) + mp3.read_bytes()
    random = np.random.default_rng(3)
    for suffix, content in ((".mp3", whole), (".flac", b"fLaC" + whole), (".ogg", b"OggS" + whole)):
        path = mp3.with_suffix(suffix)
        for _ in range(150):
            damaged = bytearray(content[: random.integers(20, len(content))])
            for position in random.integers(0, min(100, len(damaged)), size=5):
                damaged[position] = random.integers(256)
            path.write_bytes(bytes(damaged))
            tags = read_file_tags(path)
            assert tags.problem is None or (tags.problem.kind, tags.problem.skipped) == ("tags", False)
            (tags.title or "").encode("utf-8")


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file_tags(tmp_path / "none.mp3")


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("1987", 1987),
        ("1987-05-02", 1987),
        ("02/05/1987", 1987),
        ("19870502", 1987),
        ("c. 1987 (remastered 2009)", 1987),
        ("0", None),
        ("0000", None),
        ("87", None),
        ("123456", None),
        ("", None),
        (None, None),
    ],
)
def test_years_are_found_in_dates_of_any_form(written: str | None, year: int | None) -> None:
    assert parse_year(written) == year


def test_texts_are_cleaned_of_what_cannot_be_shown_or_stored() -> None:
    assert clean_text("\0") is None
    assert clean_text("  two\tlines\r\nof text\0\0") == "two lines of text"
    assert clean_text("lone \ud800 surrogate") == "lone ? surrogate"
    assert len(clean_text("x" * 10_000) or "") == 500


def test_genres_are_split_and_kept_once() -> None:
    assert split_genres(["Rock/Pop", "pop", " ", "Hip-Hop | Rap"]) == ("Rock", "Pop", "Hip-Hop", "Rap")
