"""Sound files to samples: libsndfile for what it knows, FFmpeg's libraries (through PyAV) for all the rest.

Files are read in blocks, so that their length does not matter to memory, and reading an excerpt seeks to it. Mixing
down, resampling and cutting excerpts are the neighbours' work (``recording``, ``resampling``, ``excerpts``).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import av.error
import numpy as np
import soundfile
from numpy.typing import NDArray

from tutti.audio.resampling import Resampling, resample
from tutti.errors import AudioError

BLOCK_FRAMES = 1 << 16
SALVAGE_FRAMES = 1 << 10
# Decoders with memory need some sound before an excerpt to settle.
SETTLING_SECONDS = 0.5
WITH_MEMORY = ("MP3", "MPEG", "OGG")
# FFmpeg's names of the containers that write down their duration, to about a packet; that of others is estimated.
TIMED_FORMATS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "asf")
CONTAINER_TOLERANCE = 0.2


class Sound(Protocol):
    """An open sound file."""

    @property
    def sample_rate(self) -> int:
        """Of the file, in Hz."""

    @property
    def n_frames(self) -> int:
        """Frames that the header announces; what comes may differ, see ``tolerance``."""

    @property
    def tolerance(self) -> float | None:
        """Seconds that may be missing from what is announced in a whole file; None where the header only guesses."""

    @property
    def cut_off(self) -> str | None:
        """How one can tell, before decoding, that the file is cut off; None when one cannot."""

    def blocks(self, *, start: int = 0) -> Iterator[NDArray[np.float32]]:
        """Successive stretches of sound from frame ``start`` on, each of shape (frames, channels)."""


@contextlib.contextmanager
def open_sound(path: Path) -> Iterator[Sound]:
    """Open a sound file of any format.

    Raises:
        AudioError: The file is missing, empty, not permitted to read, or holds no sound that can be decoded.
    """
    _check_readable(path)
    with contextlib.ExitStack() as stack:
        sound: Sound
        try:
            sound = SndfileSound(stack.enter_context(_SteadyFile(str(path))), path)
        except (soundfile.LibsndfileError, OSError):
            sound = FfmpegSound(stack.enter_context(_open_container(path)), path)
        yield sound


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise AudioError(f"{path} is empty", hint="restore the file, or remove it")
    except OSError as cause:
        reason = cause.strerror or str(cause)
        raise AudioError(
            f"{path} cannot be read: {reason.lower()}", hint="check the path and its permissions"
        ) from None


class _SteadyFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile is untyped
    """A file that reads straight on.

    ``soundfile`` seeks after every read of a seekable file to where it stands anyway, whereupon the MP3 decoder forgets
    what it needs for the next frame: without this, each block of an MP3 would begin with a thousand wrong samples.
    """

    def seekable(self) -> bool:
        """No, as far as reading is concerned; :meth:`seek` works all the same."""
        return False


class SndfileSound:
    """WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF and others, by libsndfile."""

    def __init__(self, file: soundfile.SoundFile, path: Path) -> None:
        self._file = file
        self._path = path
        self.sample_rate: int = file.samplerate
        self.n_frames: int = file.frames
        self.tolerance: float | None = 0.0

    @property
    def cut_off(self) -> str | None:
        """See :class:`Sound`."""
        if self._file.format == "OGG" and not _has_last_page(self._path):
            return "the stream's last page is missing"
        # libsndfile's log notes where a header's count of bytes and the file's length disagree.
        if re.search(r"^\s*(data|SSND)\b.*should be", self._file.extra_info, flags=re.MULTILINE):
            return "the file is shorter than its header says"
        return None

    def blocks(self, *, start: int = 0) -> Iterator[NDArray[np.float32]]:
        """See :class:`Sound`."""
        settling = round(SETTLING_SECONDS * self.sample_rate) if self._file.format in WITH_MEMORY else 0
        position = max(0, min(start, self.n_frames) - settling)
        self._file.seek(position)
        while True:
            try:
                block = self._file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as cause:
                yield from self._salvage(max(position, start))
                raise AudioError(f"the sound breaks off: {cause}", hint="restore the file from its source") from None
            if not len(block):
                return
            if position + len(block) > start:
                yield block[max(0, start - position) :]
            position += len(block)

    def _salvage(self, start: int) -> Iterator[NDArray[np.float32]]:
        """What can still be read in small steps, where reading a whole block has failed."""
        with contextlib.suppress(soundfile.LibsndfileError), _SteadyFile(str(self._path)) as again:
            again.seek(start)
            while len(piece := again.read(SALVAGE_FRAMES, dtype="float32", always_2d=True)):
                yield piece


def _has_last_page(path: Path) -> bool:
    """Whether an Ogg file's last page is marked as such and whole; it has at most 65,307 bytes (RFC 3533)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_307))
        rest = file.read()
    page = rest[max(0, rest.rfind(b"OggS")) :]
    if not page.startswith(b"OggS") or len(page) < 27 or not page[5] & 0x04:
        return False
    n_segments = page[26]
    return len(page) >= 27 + n_segments + sum(page[27 : 27 + n_segments])


class FfmpegSound:
    """M4A, AAC, WMA, MP4, WebM and whatever else FFmpeg's libraries know; of several audio streams the first."""

    def __init__(self, container: Any, path: Path) -> None:
        if not container.streams.audio:
            raise AudioError(f"{path} holds no sound", hint="name a sound file, or a video that has a sound track")
        self._container = container
        self._stream = container.streams.audio[0]
        self.sample_rate: int = int(self._stream.rate)
        self.n_frames: int = round(self._announced_seconds() * self.sample_rate)
        is_timed = container.format.name in TIMED_FORMATS and len(container.streams) == 1
        self.tolerance = CONTAINER_TOLERANCE if is_timed else None
        self.cut_off: str | None = None

    def _announced_seconds(self) -> float:
        if self._stream.duration is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration is not None:
            return float(self._container.duration / 1_000_000)  # microseconds
        return 0.0

    def blocks(self, *, start: int = 0) -> Iterator[NDArray[np.float32]]:
        """See :class:`Sound`."""
        first_pts = self._stream.start_time or 0
        seconds = start / self.sample_rate - SETTLING_SECONDS
        if seconds > 0:
            offset = first_pts + int(seconds / self._stream.time_base)
            self._container.seek(offset, stream=self._stream)
        for frame in self._decoded():
            samples = np.ascontiguousarray(frame.to_ndarray().T)  # (frames, channels)
            position = start
            if start and frame.pts is not None:
                position = round(float((frame.pts - first_pts) * frame.time_base) * self.sample_rate)
            samples = samples[max(0, start - position) :]
            if len(samples):
                yield samples

    def _decoded(self) -> Iterator[Any]:
        to_float = av.AudioResampler(format="fltp")
        try:
            for frame in self._container.decode(self._stream):
                frames = to_float.resample(frame)
                for one in frames:
                    if one.pts is None:
                        one.pts, one.time_base = frame.pts, frame.time_base
                    yield one
        except av.error.FFmpegError as cause:
            raise AudioError(
                f"the sound breaks off: {_ffmpeg_reason(cause)}", hint="restore the file from its source"
            ) from None


def _open_container(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError, OSError) as cause:
        raise AudioError(
            f"{path} is not a sound file that can be decoded: {_ffmpeg_reason(cause)}",
            hint="wav, flac, ogg, opus, mp3, m4a, aac, wma, mp4 and most others are; check that the file is whole",
        ) from None


def _ffmpeg_reason(cause: Exception) -> str:
    return (getattr(cause, "strerror", None) or str(cause)).lower()


def read_waveform(
    path: Path | str, *, sample_rate: int | None = None, start: float = 0.0, duration: float | None = None
) -> tuple[NDArray[np.float32], int]:
    """A file's sound, or an excerpt of it, mixed down to mono.

    Only the excerpt is decoded. At the file's own rate it equals the same stretch of the whole file; in Matroska and
    WebM, which keep time in milliseconds, up to one of these.

    Args:
        path: A sound file of any format.
        sample_rate: Resample to this rate, Hz; None keeps the file's own.
        start: Where to begin, seconds.
        duration: How much to read, seconds; None reads to the end.

    Returns:
        The waveform, float32 of shape (samples,), and its sample rate.

    Raises:
        AudioError: The file cannot be decoded, or ends before ``start``.
    """
    path = Path(path)
    with open_sound(path) as sound:
        first = round(start * sound.sample_rate)
        wanted = None if duration is None else round(duration * sound.sample_rate)
        blocks: list[NDArray[np.float32]] = []
        n_read = 0
        for block in sound.blocks(start=first):
            blocks.append(mix_down(block))
            n_read += len(block)
            if wanted is not None and n_read >= wanted:
                break
        file_rate = sound.sample_rate
    if not n_read:
        raise AudioError(f"{path} has no sound after {start:g} s", hint="begin earlier")
    waveform = np.concatenate(blocks)[:wanted]
    if sample_rate is None or sample_rate == file_rate:
        return waveform, file_rate
    return resample(waveform, file_rate, sample_rate, resampling=Resampling()), sample_rate


def mix_down(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """The average of the channels. Shape (frames, channels) to (frames,)."""
    if block.shape[1] == 1:
        return block[:, 0]
    mixed: NDArray[np.float32] = block.mean(axis=1, dtype=np.float32)
    return mixed
