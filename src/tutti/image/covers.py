"""Cover pictures: reading them safely, keeping them, making them small.

Which picture belongs to which sound is ``tutti.data.track_covers``' business.

What comes of unusual pictures: the first frame of an animation; 16-bit greys scaled to 8 bits; transparency
laid on white; CMYK as Pillow converts it, without a colour profile; a photograph is turned the way that its camera
noted; a picture of one pixel is a picture. A
truncated one, one that no reader knows, or one of more than ``MAX_PIXELS`` pixels is an ``ImageError``.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tutti.errors import ImageError
from tutti.files import atomic_file

# Covers are seldom above 3,000 x 3,000; decoding takes 3 bytes a pixel or more.
MAX_PIXELS = 50_000_000
MAX_KEPT_BYTES = 8_000_000
MAX_KEPT_SIDE = 2_048
THUMBNAIL_SIDE = 512
# Formats whose readers need no other program; EPS, for one, would start one.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


def read_cover(source: Path | bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture in 8-bit RGB, its size checked before it is decoded.

    Args:
        source: A file, or the bytes of one.
        max_pixels: Refuse more than this.

    Raises:
        ImageError: The picture is missing, empty, damaged, of an unknown format, or too large.
    """
    return _read(source, max_pixels)[0]


def store_cover(data: bytes, folder: Path) -> Path:
    """Keep the bytes of a picture in a folder, under a name that follows from them.

    JPEG and PNG are kept as they are, other formats and pictures of more than ``MAX_KEPT_BYTES`` as JPEG of
    at most ``MAX_KEPT_SIDE`` pixels a side.

    Returns:
        The file, ``<16 hexadecimal digits>.jpg`` or ``.png``; one that is there already stays as it is.

    Raises:
        ImageError: As :func:`read_cover`.
    """
    picture, name = _read(data, MAX_PIXELS)
    suffix = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}.get(name)
    as_it_is = suffix is not None and len(data) <= MAX_KEPT_BYTES
    target = folder / (hashlib.sha256(data).hexdigest()[:16] + (suffix if as_it_is and suffix else ".jpg"))
    if target.exists():
        return target
    if as_it_is:
        with atomic_file(target) as partial:
            partial.write_bytes(data)
    else:
        save_thumbnail(picture, target, side=MAX_KEPT_SIDE)
    return target


def save_thumbnail(picture: Image.Image, target: Path, *, side: int = THUMBNAIL_SIDE) -> None:
    """Write a picture as JPEG, shrunk to at most ``side`` pixels a side; a smaller one keeps its size."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    with atomic_file(target) as partial:
        small.save(partial, format="JPEG", quality=90)


def _read(source: Path | bytes, max_pixels: int) -> tuple[Image.Image, str]:
    """The picture in RGB, and the name of its format."""
    name = "the embedded picture" if isinstance(source, bytes) else str(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities in pictures that it can read
            file = io.BytesIO(source) if isinstance(source, bytes) else source
            with Image.open(file, formats=FORMATS) as opened:
                width, height = opened.size
                if width * height > max_pixels:
                    raise _too_large(name, f"{width} x {height} pixels", max_pixels)
                return _to_rgb(ImageOps.exif_transpose(opened), name), str(opened.format)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(name, f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels", max_pixels) from None
    except FileNotFoundError:
        raise ImageError(f"there is no picture {name}", hint="check the path") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name} is no picture of a known format", hint=f"known: {', '.join(FORMATS)}") from None
    except Exception as cause:  # a damaged picture leads Pillow's readers into errors of every kind
        reason = (str(cause) or type(cause).__name__).partition("\n")[0]
        raise ImageError(f"{name} is damaged: {reason}", hint="replace the picture") from None


def _too_large(name: str, size: str, max_pixels: int) -> ImageError:
    return ImageError(f"{name} has {size}; at most {max_pixels} are read", hint="shrink the picture")


def _to_rgb(picture: Image.Image, name: str) -> Image.Image:
    if picture.mode.startswith("I"):  # 16-bit grey, also where Pillow holds it in 32 bits
        grey = np.clip(np.asarray(picture).astype(np.int64) // 257, 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if picture.mode == "F":
        raise ImageError(f"{name} holds floating-point values, not colours", hint="save it as PNG or JPEG")
    if picture.has_transparency_data:
        opaque = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", opaque.size, "white"), opaque).convert("RGB")
    return picture.convert("RGB")
