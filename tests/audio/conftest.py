"""Sounds for the tests of this room, written in every format."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

RATE = 44_100
FFMPEG_CODECS = {".m4a": "aac", ".mp4": "aac", ".wma": "wmav2", ".webm": "libopus", ".mka": "flac"}


@pytest.fixture
def write_sound() -> Callable[..., Path]:
    """A function that writes a sound (frames, channels) in the format of the path's suffix, and gives the path."""

    def write(path: Path, frames: NDArray[np.float32], sample_rate: int = RATE) -> Path:
        if path.suffix in FFMPEG_CODECS:
            write_by_ffmpeg(path, frames, sample_rate)
        else:
            write_by_libsndfile(path, frames, sample_rate)
        return path

    return write


@pytest.fixture
def chirp() -> Callable[..., NDArray[np.float32]]:
    """A function that gives a stereo sweep from 200 Hz up, different on both channels. Shape (frames, 2)."""

    def sweep(seconds: float, sample_rate: int = RATE) -> NDArray[np.float32]:
        times = np.arange(round(seconds * sample_rate)) / sample_rate
        left = 0.4 * np.sin(2 * np.pi * (200 + 150 * times) * times)
        right = 0.2 * np.sin(2 * np.pi * 330 * times)
        return np.stack([left, right], axis=1).astype(np.float32)

    return sweep


def write_by_libsndfile(path: Path, frames: NDArray[np.float32], sample_rate: int) -> None:
    """In blocks: one large write of Vorbis can crash it."""
    settings = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    with soundfile.SoundFile(path, "w", samplerate=sample_rate, channels=frames.shape[1], **settings) as file:
        for begin in range(0, len(frames), 4096):
            file.write(frames[begin : begin + 4096])


def write_by_ffmpeg(path: Path, frames: NDArray[np.float32], sample_rate: int) -> None:
    """By FFmpeg's libraries; the index of MP4 stands at the front, as on the web."""
    options = {"movflags": "+faststart"} if path.suffix in (".m4a", ".mp4") else {}
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(frames.T), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = sample_rate, 0, Fraction(1, sample_rate)
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(FFMPEG_CODECS[path.suffix], rate=sample_rate, layout="stereo")
        stream.bit_rate = 128_000
        stream.codec_context.open()
        to_codec = av.AudioResampler(
            format=stream.format, layout="stereo", rate=sample_rate, frame_size=stream.codec_context.frame_size
        )
        for ready in [*to_codec.resample(frame), *to_codec.resample(None)]:
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
