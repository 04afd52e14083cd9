"""A stretch of a recording, which plays like a recording of its own, and the one excerpt of it that a map explains."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.audio.decoding import Sound
from tutti.audio.excerpts import ExcerptPlan, Excerpts, listen
from tutti.audio.recording import Recording
from tutti.errors import AudioError
from tutti.models.model import Model


@dataclass(frozen=True)
class Stretch(Recording):
    """Part of a recording, streamed like the whole.

    Attributes:
        start: Where it begins in the recording, seconds.
        limit: It ends after so many seconds, or where the recording does; None goes on to the end.
    """

    start: float = 0.0
    limit: float | None = None

    @classmethod
    def of(cls, recording: Recording, *, start: float = 0.0, limit: float | None = None) -> Stretch:
        """A stretch of a recording."""
        return cls(key=recording.key, path=recording.path, memory=recording.memory, start=start, limit=limit)

    @contextlib.contextmanager
    def open(self) -> Iterator[Sound]:
        """See :meth:`tutti.audio.recording.Recording.open`.

        Raises:
            AudioError: The file cannot be decoded, or ends before the stretch begins.
        """
        with super().open() as sound:
            first = round(self.start * sound.sample_rate) if math.isfinite(self.start) else -1
            lasts = sound.n_frames / sound.sample_rate
            if not self.start >= 0 or first < 0 or (first > 0 and first >= sound.n_frames):
                raise AudioError(
                    f"{self.key} lasts {lasts:.1f} s, nothing begins at {self.start:g} s",
                    hint=f"begin between 0 and {lasts:.1f} s",
                )
            n_frames = sound.n_frames - first
            if self.limit is not None:
                n_frames = min(n_frames, max(1, round(self.limit * sound.sample_rate)))
            yield _Part(sound, first, n_frames, is_limited=self.limit is not None)

    @property
    def duration(self) -> float:
        """Seconds, as the recording's header announces them."""
        with self.open() as sound:
            return sound.n_frames / sound.sample_rate

    def waveform(self) -> tuple[NDArray[np.float32], int]:
        """All of it in memory, mixed down to mono: shape (samples,), and its sample rate in Hz."""
        with self.open() as sound:
            blocks = [block.mean(axis=1, dtype=np.float32) for block in sound.blocks()]
            rate = sound.sample_rate
        return (np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)), rate


@dataclass(frozen=True)
class _Part:
    """An open sound from one frame on, for so many frames."""

    whole: Sound
    first: int
    n_frames: int
    is_limited: bool

    @property
    def sample_rate(self) -> int:
        return self.whole.sample_rate

    @property
    def tolerance(self) -> float | None:
        return self.whole.tolerance

    @property
    def cut_off(self) -> str | None:
        return None if self.is_limited else self.whole.cut_off

    def blocks(self, *, start: int = 0) -> Iterator[NDArray[np.float32]]:
        n_left = self.n_frames - start
        for block in self.whole.blocks(start=self.first + start):
            if not self.is_limited:
                yield block
                continue
            yield block[:n_left]
            n_left -= len(block)
            if n_left <= 0:
                return


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What one map explains: sound of exactly the length that a model hears.

    Attributes:
        waveform: Shape [1, samples], at the model's sample rate.
        stretch: Where it lies in its recording; a sound shorter than the model's length was repeated to fill it.
    """

    waveform: Tensor
    stretch: Stretch


def take_excerpt(recording: Recording, model: Model, *, start: float | None = None) -> Excerpt:
    """The excerpt that begins at ``start``, or the middle one where None.

    An excerpt that would reach beyond the end of the sound is moved to end there.

    Raises:
        AudioError: The sound cannot be decoded, or ends before ``start``.
    """
    window = model.n_samples / model.sample_rate
    whole = Stretch.of(recording, start=start or 0.0)
    room = max(0.0, whole.start + whole.duration - window)
    begin = room / 2 if start is None else min(start, room)
    stretch = replace(whole, start=begin, limit=window)
    spec = replace(model.config.excerpt_spec, plan=ExcerptPlan(n_samples=model.n_samples, count=1))
    (waveforms,) = [item.waveforms for item in listen(stretch, [spec]) if isinstance(item, Excerpts)]
    device = next(model.network.parameters()).device
    return Excerpt(waveform=torch.from_numpy(waveforms).to(device), stretch=stretch)
