from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tutti.errors import ImageError
from tutti.image.covers import MAX_KEPT_SIDE, read_cover, save_thumbnail, store_cover


def encoded(picture: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=name, **options)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


RED = Image.new("RGB", (8, 8), (200, 10, 10))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_picture_of_every_known_format_is_read_from_file_and_bytes(name: str, tmp_path: Path) -> None:
    data = encoded(RED, name)
    (tmp_path / "cover").write_bytes(data)
    for picture in (read_cover(data), read_cover(tmp_path / "cover")):
        assert (picture.mode, picture.size) == ("RGB", (8, 8))
        assert np.abs(np.asarray(picture, dtype=int) - (200, 10, 10)).max() < 8


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (10_000, 9_000), (8_000, 7_000)])
def test_a_picture_that_would_fill_the_memory_is_refused_undecoded(width: int, height: int) -> None:
    with pytest.raises(ImageError, match="pixels; at most 50000000 are read"):
        read_cover(png_that_claims(width, height))


def test_one_pixel_is_a_picture() -> None:
    assert read_cover(encoded(Image.new("L", (1, 1), 128), "PNG")).getpixel((0, 0)) == (128, 128, 128)


def test_sixteen_bit_greys_are_scaled_and_not_cut_off() -> None:
    ramp = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    picture = read_cover(encoded(Image.fromarray(ramp), "PNG"))
    assert [picture.getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    clear.putpixel((1, 0), (10, 20, 30, 255))
    picture = read_cover(encoded(clear, "PNG"))
    assert [picture.getpixel((x, 0)) for x in range(2)] == [(255, 255, 255), (10, 20, 30)]


def test_of_an_animation_comes_the_first_frame() -> None:
    data = encoded(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")])
    red, _, blue = read_cover(data).getpixel((4, 4))
    assert red > 150 > blue


def test_print_colours_become_screen_colours() -> None:
    picture = read_cover(encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "JPEG"))
    assert max(picture.getpixel((4, 4))) < 10


def test_truncated_foreign_empty_and_missing_pictures_say_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), "JPEG")
    with pytest.raises(ImageError, match=r"the embedded picture is damaged: .*truncated"):
        read_cover(whole[: len(whole) // 2])
    for data in (b"", b"this is text", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n"):
        with pytest.raises(ImageError, match="no picture of a known format"):
            read_cover(data)
    with pytest.raises(ImageError, match="there is no picture"):
        read_cover(tmp_path / "none.jpg")


def test_damage_anywhere_is_an_image_error_or_still_a_picture() -> None:
    random = np.random.default_rng(1)
    for name in ("PNG", "JPEG", "WEBP", "GIF", "TIFF"):
        data = bytearray(encoded(RED, name))
        for _ in range(100):
            damaged = bytearray(data)
            damaged[random.integers(len(data))] = random.integers(256)
            with contextlib.suppress(ImageError):
                assert read_cover(bytes(damaged)).mode == "RGB"


def test_kept_covers_are_the_bytes_that_came_under_a_name_that_follows_from_them(tmp_path: Path) -> None:
    data = encoded(RED, "PNG")
    first = store_cover(data, tmp_path / "covers")
    assert first.suffix == ".png"
    assert first.read_bytes() == data
    assert store_cover(data, tmp_path / "covers") == first
    assert store_cover(encoded(RED, "JPEG"), tmp_path / "covers").suffix == ".jpg"


def test_other_formats_are_kept_as_jpeg_and_broken_ones_not_at_all(tmp_path: Path) -> None:
    kept = store_cover(encoded(Image.new("RGB", (3000, 30)), "WEBP"), tmp_path / "covers")
    with Image.open(kept) as picture:
        assert (picture.format, picture.size) == ("JPEG", (MAX_KEPT_SIDE, 20))
    with pytest.raises(ImageError):
        store_cover(b"broken", tmp_path / "covers")
    assert list((tmp_path / "covers").iterdir()) == [kept]


def test_thumbnails_shrink_but_never_grow(tmp_path: Path) -> None:
    for side, expected in ((100, (100, 50)), (1000, (400, 200))):
        save_thumbnail(Image.new("RGB", (400, 200)), tmp_path / "small.jpg", side=side)
        assert read_cover(tmp_path / "small.jpg").size == expected


def test_a_photograph_is_turned_the_way_that_its_camera_noted(tmp_path: Path) -> None:
    wide = Image.new("RGB", (40, 20), "black")
    wide.paste("white", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right to see it upright
    wide.save(tmp_path / "cover.jpg", exif=exif)
    upright = read_cover(tmp_path / "cover.jpg")
    assert upright.size == (20, 40)
    assert np.asarray(upright)[:10].mean() > 240  # what was left is on top
    assert np.asarray(upright)[30:].mean() < 15
