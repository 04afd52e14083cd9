"""Sounds for the tests of this room: written in every format, whole and broken."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44_100
SNDFILE_FORMATS = ("wav", "flac", "ogg", "opus", "mp3", "aiff")
FFMPEG_FORMATS = {"m4a": "aac", "mp4": "aac", "wma": "wmav2", "webm": "libopus", "mka": "flac"}


def chirp(seconds: float, sample_rate: int = RATE) -> NDArray[np.float32]:
    """A stereo sweep from 200 Hz up, different on both channels. Shape (frames, 2)."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    left = 0.4 * np.sin(2 * np.pi * (200 + 150 * times) * times)
    right = 0.2 * np.sin(2 * np.pi * 330 * times)
    return np.stack([left, right], axis=1).astype(np.float32)


def write_sndfile(path: Path, frames: NDArray[np.float32], sample_rate: int = RATE) -> None:
    """Write by libsndfile, in blocks: one large write of Vorbis can crash it."""
    settings = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    rate = 48_000 if path.suffix == ".opus" else sample_rate
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=frames.shape[1], **settings) as file:
        for begin in range(0, len(frames), 4096):
            file.write(frames[begin : begin + 4096])


def write_ffmpeg(path: Path, frames: NDArray[np.float32], codec: str, sample_rate: int = RATE) -> None:
    """Write by FFmpeg's libraries."""
    rate = 48_000 if codec == "libopus" else sample_rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(frames.T), format="fltp", layout="stereo")
        frame.sample_rate = sample_rate
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(ready):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
