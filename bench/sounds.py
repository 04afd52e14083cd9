"""Sound files to measure with: synthesised block by block, so that ten hours cost no memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

BLOCK_SECONDS = 10
# What libsndfile calls the formats; m4a is written by FFmpeg's libraries.
SUBTYPES = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def write_sound(path: Path, *, seconds: float, sample_rate: int, n_channels: int = 1) -> Path:
    """A file of chords and a little noise, in the format of its suffix."""
    format_name = path.suffix.removeprefix(".")
    blocks = _blocks(seconds, sample_rate, n_channels)
    if format_name == "m4a":
        _write_m4a(path, blocks, sample_rate, n_channels)
        return path
    container, subtype = SUBTYPES[format_name]
    with soundfile.SoundFile(path, "w", sample_rate, n_channels, subtype=subtype, format=container) as file:
        for block in blocks:
            file.write(block)
    return path


def _blocks(seconds: float, sample_rate: int, n_channels: int) -> Iterator[NDArray[np.float32]]:
    random = np.random.default_rng(0)
    n_left = round(seconds * sample_rate)
    time = np.arange(BLOCK_SECONDS * sample_rate) / sample_rate
    noise = 0.01 * random.standard_normal((len(time), n_channels))
    while n_left > 0:
        frequencies = 110 * 2 ** (random.integers(0, 36, size=(3, n_channels)) / 12)
        chord = np.sin(2 * np.pi * frequencies * time[:, None, None]).sum(axis=1)
        fade = np.exp(-time % 1)[:, None]
        block = (0.2 * fade * chord + noise).astype(np.float32)  # (frames, channels)
        yield block[:n_left]
        n_left -= len(block)


def _write_m4a(path: Path, blocks: Iterator[NDArray[np.float32]], sample_rate: int, n_channels: int) -> None:
    layout = "mono" if n_channels == 1 else "stereo"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=sample_rate, layout=layout)
        position = 0
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = sample_rate, position
            position += len(block)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
