"""What the datasets' fixtures are made of: synthesised tones in whatever format a dataset publishes, plain covers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

FORMATS = {".mp3": "MP3", ".wav": "WAV", ".ogg": "OGG", ".flac": "FLAC", ".au": "AU"}


def write_sound(path: Path, *, pitch: float, duration: float = 2.0, sample_rate: int = 16_000) -> None:
    """Write a mono tone with two overtones and a little noise, in the format of the path's suffix.

    Args:
        path: Ends in one of ``FORMATS``; folders are made.
        pitch: Hz; tones of different pitch are different sounds.
        duration: Seconds.
        sample_rate: Hz.
    """
    times = np.arange(round(duration * sample_rate)) / sample_rate
    tone = sum(np.sin(2 * np.pi * pitch * overtone * times) / overtone for overtone in (1, 2, 3))
    noise = np.random.default_rng(round(pitch)).standard_normal(times.size)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.2 * tone + 0.01 * noise, sample_rate, format=FORMATS[path.suffix])


def write_cover(path: Path, *, colour: tuple[int, int, int], side: int = 64) -> None:
    """Write a picture of one colour with a darker frame.

    Args:
        path: Ends in .jpg or .png; folders are made.
        colour: Red, green, blue, 0 to 255.
        side: Pixels.
    """
    pixels = np.full((side, side, 3), colour, dtype=np.uint8)
    pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:] = (np.array(colour) // 2,) * 4
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
