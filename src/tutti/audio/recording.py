"""A recording: a sound file, or a waveform in memory, that can be played from its beginning as often as needed.

Both take the same way through mixing down, resampling and cutting, in the same blocks, so that a model hears the same
samples whichever way a sound came in. A ``.npy`` file is a waveform too, as the published tagging code keeps its
datasets: floats of shape (samples,), mono, at 16 kHz.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tutti.audio.decoding import BLOCK_FRAMES, Sound, open_sound
from tutti.errors import AudioError

NPY_SAMPLE_RATE = 16_000  # such files do not say; it is the rate of the published layouts


@dataclass(frozen=True)
class WaveformSound:
    """A waveform in memory that is read like an open file. Shape (frames, channels)."""

    waveform: NDArray[np.float32]
    sample_rate: int
    tolerance: float | None = 0.0
    cut_off: str | None = None

    @property
    def n_frames(self) -> int:
        """Frames in all."""
        return len(self.waveform)

    def blocks(self, *, start: int = 0) -> Iterator[NDArray[np.float32]]:
        """See :class:`tutti.audio.decoding.Sound`."""
        for begin in range(start, self.n_frames, BLOCK_FRAMES):
            yield self.waveform[begin : begin + BLOCK_FRAMES]


@dataclass(frozen=True)
class Recording:
    """Something to listen to.

    Attributes:
        key: What to call it in results and messages.
        path: The sound file, or None for a sound in memory.
        memory: The sound in memory, or None for a file.
    """

    key: str
    path: Path | None = None
    memory: WaveformSound | None = None

    @classmethod
    def from_file(cls, path: Path | str, *, key: str | None = None) -> Recording:
        """A sound file, opened only when it is listened to."""
        return cls(key=key or str(path), path=Path(path))

    @classmethod
    def from_waveform(cls, waveform: ArrayLike, sample_rate: int, *, key: str = "waveform") -> Recording:
        """A sound in memory.

        Args:
            waveform: Floats in [-1, 1], of shape (samples,) or (channels, samples).
            sample_rate: Hz.
            key: What to call it.

        Raises:
            AudioError: Integers instead of floats, more than two axes, or a sample rate that is none.
        """
        samples = np.asarray(waveform)
        if not np.issubdtype(samples.dtype, np.floating):
            raise AudioError(
                f"a waveform holds floats in [-1, 1], this one holds {samples.dtype}",
                hint="for 16-bit integers: waveform.astype('float32') / 32768",
            )
        if samples.ndim not in (1, 2):
            raise AudioError(
                f"a waveform has shape (samples,) or (channels, samples), this one {samples.shape}",
                hint="pass one sound at a time",
            )
        if int(sample_rate) != sample_rate or sample_rate < 1:
            raise AudioError(f"{sample_rate!r} is no sample rate", hint="give Hz as a whole number, such as 44100")
        frames = np.ascontiguousarray(np.atleast_2d(samples).T, dtype=np.float32)  # (frames, channels)
        return cls(key=key, memory=WaveformSound(frames, int(sample_rate)))

    @contextlib.contextmanager
    def open(self) -> Iterator[Sound]:
        """The sound, ready to be read from its beginning.

        Raises:
            AudioError: The file cannot be decoded.
        """
        if self.memory is not None:
            yield self.memory
            return
        assert self.path is not None
        if self.path.suffix.lower() == ".npy":
            yield _read_npy(self.path)
            return
        with open_sound(self.path) as sound:
            yield sound


def _read_npy(path: Path) -> WaveformSound:
    try:
        waveform = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as cause:
        raise AudioError(f"{path} cannot be read: {cause}", hint="write it with numpy.save, without pickles") from None
    if not isinstance(waveform, np.ndarray) or waveform.ndim != 1 or not np.issubdtype(waveform.dtype, np.floating):
        raise AudioError(
            f"{path} holds no waveform: {getattr(waveform, 'dtype', 'several arrays')} "
            f"of shape {getattr(waveform, 'shape', 'unknown')}",
            hint="a .npy waveform holds floats of shape (samples,), mono, at 16 kHz",
        )
    return WaveformSound(waveform.astype(np.float32, copy=False)[:, None], NPY_SAMPLE_RATE)
