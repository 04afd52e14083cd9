"""Cutting a sound into excerpts of a model's input length: the one way for every model and every entry point.

A plan says which excerpts. They are either spread evenly from the very beginning to the very end of the sound (the
default: 16, or as many as cover the sound once, whichever is fewer), or follow each other at a fixed hop. Either way
the last excerpt ends where the sound ends: no tail is lost. A sound shorter than one excerpt is repeated until it fills
one. (The ``published`` spread and other tails do as published code did; only who repeats that asks for them.) Nothing
here is random.

Sounds stream through: memory holds the excerpts in the making, never the whole sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.audio.decoding import Sound, mix_down
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling, StreamResampler, resampled_length
from tutti.errors import AudioError, ConfigError, unknown_name

DEFAULT_COUNT = 16
# Headers of compressed files are often off by an encoder's padding. Evenly spread excerpts are collected with this
# much room on both sides, so that they can be placed by the true length once it is known.
SLACK_SECONDS = 0.5
SILENCE = 1e-5  # -100 dBFS
Spread = Literal["even", "published"]
Tail = Literal["end", "zeros", "none"]


@dataclass(frozen=True, kw_only=True)
class ExcerptPlan:
    """Which excerpts of a sound a model hears.

    Attributes:
        n_samples: Length of an excerpt, samples.
        count: Spread at most this many evenly; 1 takes the middle. Ignored where ``hop`` is given.
        hop: Samples from one excerpt's start to the next; None spreads them evenly.
        spread: ``even`` from the very beginning to the very end, or as ``published`` code did: always ``count``, the
            last one hop before the end, so that published scores can be repeated.
        tail: At a hop: what becomes of a rest that fills no excerpt. ``end``: the last excerpt ends where the sound
            does; ``zeros``: it begins at its hop and is filled up with silence, as is a sound shorter than one excerpt;
            ``none``: the rest is left out.
        lead: At a hop: samples of silence put before the sound.
    """

    n_samples: int
    count: int = DEFAULT_COUNT
    hop: int | None = None
    spread: Spread = "even"
    tail: Tail = "end"
    lead: int = 0

    def __post_init__(self) -> None:
        if self.spread not in get_args(Spread):
            raise unknown_name("spread of excerpts", self.spread, get_args(Spread))
        if self.tail not in get_args(Tail):
            raise unknown_name("tail of excerpts", self.tail, get_args(Tail))
        if self.lead < 0 or (self.hop is None and (self.tail != "end" or self.lead)):
            raise ConfigError(
                f"excerpts with tail={self.tail!r} and lead={self.lead} must follow each other at a hop",
                hint="give a hop, and a lead of 0 or more",
            )
        for name, value in (("n_samples", self.n_samples), ("count", self.count), ("hop", self.hop)):
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} of an excerpt plan is not positive", hint="give 1 or more")

    def starts(self, total: int) -> list[int]:
        """Where the excerpts of a sound of ``total`` samples begin, in samples, ascending; within a lead below 0.

        >>> ExcerptPlan(n_samples=4, count=3).starts(20)
        [0, 8, 16]
        >>> ExcerptPlan(n_samples=4, hop=4).starts(10)
        [0, 4, 6]
        >>> ExcerptPlan(n_samples=4, count=4, spread="published").starts(20)
        [0, 4, 8, 12]
        >>> ExcerptPlan(n_samples=4, hop=4, tail="zeros", lead=2).starts(10)
        [-2, 2, 6]
        """
        room = total - self.n_samples
        if self.hop is not None:
            return self._starts_at_hop(room + self.lead)
        if room <= 0:
            return [0]
        if self.spread == "published":
            return [i * (room // self.count) for i in range(self.count)]
        count = min(self.count, -(-total // self.n_samples))
        if count == 1:
            return [room // 2]
        return [(2 * i * room + count - 1) // (2 * (count - 1)) for i in range(count)]

    def _starts_at_hop(self, room: int) -> list[int]:
        assert self.hop is not None
        starts = list(range(0, max(room, 0) + 1, self.hop))
        if starts[-1] < room and self.tail != "none":
            starts.append(room if self.tail == "end" else starts[-1] + self.hop)
        return [start - self.lead for start in starts]


@dataclass(frozen=True, kw_only=True)
class ExcerptSpec:
    """A plan, and the sample rate that it counts in."""

    sample_rate: int
    resampling: Resampling
    plan: ExcerptPlan


@dataclass(frozen=True, kw_only=True)
class Excerpts:
    """Excerpts that are ready, in the order of their starts. Shape (excerpts, samples)."""

    spec: ExcerptSpec
    waveforms: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What there is to say of a sound once all of it has been heard.

    Attributes:
        duration: Seconds that could be decoded.
        peak: The largest absolute sample of the mono mix.
        damage: How the sound ended before its announced end, or None.
    """

    duration: float
    peak: float
    damage: str | None

    @property
    def is_silent(self) -> bool:
        """Whether nothing rises above -100 dBFS."""
        return self.peak < SILENCE

    @property
    def silence(self) -> str:
        """What to say of a silent sound."""
        return f"nothing in its {self.duration:.1f} s rises above -100 dBFS"


class _Cutter(Protocol):
    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples; give the excerpts (excerpts, samples) that are complete."""

    def finish(self) -> NDArray[np.float32] | None:
        """Give the remaining excerpts, or None where the announced length led astray."""


class _EvenCutter:
    """Collects a window around each expected excerpt and cuts exactly once the true length is known."""

    def __init__(self, plan: ExcerptPlan, expected_total: int, slack: int) -> None:
        self._plan = plan
        self._position = 0
        self._begins = [max(0, start - slack) for start in plan.starts(expected_total)]
        self._lengths = [
            start - begin + plan.n_samples + slack
            for start, begin in zip(plan.starts(expected_total), self._begins, strict=True)
        ]
        self._windows: list[NDArray[np.float32] | None] = [None] * len(self._begins)

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        end = self._position + len(block)
        for i, (begin, length) in enumerate(zip(self._begins, self._lengths, strict=True)):
            first, last = max(begin, self._position), min(begin + length, end)
            if first < last:
                window = self._windows[i]
                if window is None:
                    window = self._windows[i] = np.zeros(length, dtype=np.float32)
                window[first - begin : last - begin] = block[first - self._position : last - self._position]
        self._position = end
        return np.zeros((0, self._plan.n_samples), dtype=np.float32)

    def finish(self) -> NDArray[np.float32] | None:
        total, n_samples = self._position, self._plan.n_samples
        starts = self._plan.starts(total)
        if len(starts) != len(self._begins):
            return None
        excerpts = []
        for start, begin, length, window in zip(starts, self._begins, self._lengths, self._windows, strict=True):
            needed = min(n_samples, total)
            if window is None or start < begin or start + needed > begin + length:
                return None
            excerpts.append(np.resize(window[start - begin : start - begin + needed], n_samples))
        return np.stack(excerpts)


class _HopCutter:
    """Keeps one excerpt's worth of sound and lets go of the rest."""

    def __init__(self, plan: ExcerptPlan) -> None:
        assert plan.hop is not None
        self._n_samples, self._hop, self._tail = plan.n_samples, plan.hop, plan.tail
        self._kept = np.zeros(plan.lead, dtype=np.float32)
        self._offset = 0  # position of the first kept sample
        self._next = 0
        self._last_start: int | None = None

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        self._kept = np.concatenate([self._kept, block])
        end = self._offset + len(self._kept)
        ready = []
        while self._next + self._n_samples <= end:
            ready.append(self._cut(self._next))
            self._last_start = self._next
            self._next += self._hop
        keep_from = max(self._offset, min(self._next, end - self._n_samples))
        self._kept = self._kept[keep_from - self._offset :]
        self._offset = keep_from
        return np.stack(ready) if ready else np.zeros((0, self._n_samples), dtype=np.float32)

    def finish(self) -> NDArray[np.float32] | None:
        end = self._offset + len(self._kept)
        if self._last_start is None and self._tail == "end":
            return np.resize(self._kept, self._n_samples)[np.newaxis]
        tail = end - self._n_samples
        if self._last_start is not None and (tail == self._last_start or self._tail == "none"):
            return np.zeros((0, self._n_samples), dtype=np.float32)
        if self._tail == "end":
            return self._cut(tail)[np.newaxis]
        rest = self._cut(self._next)
        return np.pad(rest, (0, self._n_samples - len(rest)))[np.newaxis]

    def _cut(self, start: int) -> NDArray[np.float32]:
        begin = start - self._offset
        return self._kept[begin : begin + self._n_samples].copy()


def listen(recording: Recording, specs: Sequence[ExcerptSpec]) -> Iterator[Excerpts | Heard]:
    """Decode a recording once and give the excerpts that each of several specs asks for.

    The sound is resampled once for each sample rate and quality among the specs. Excerpts of one spec come in order;
    evenly spread ones come when the sound has ended, those at a hop as soon as they are complete. The last item says
    what was heard. A sound that breaks off is used as far as it goes.

    Raises:
        AudioError: Nothing can be decoded, or a sample is not a number.
    """
    astray: list[ExcerptSpec] = []
    with recording.open() as sound:
        tally = _Tally(recording, sound)
        yield from _pass(tally, list(dict.fromkeys(specs)), sound.n_frames, astray)
    if astray:
        # The announced length was off by more than the slack: listen again, with the length that was found.
        with recording.open() as sound:
            yield from _pass(_Tally(recording, sound), list(astray), tally.n_frames, [])
    yield tally.heard()


def _pass(tally: _Tally, specs: Sequence[ExcerptSpec], n_frames: int, astray: list[ExcerptSpec]) -> Iterator[Excerpts]:
    """Once through the sound; specs that the announced length led astray are added to ``astray``."""
    file_rate = tally.sample_rate
    streams = {
        (spec.sample_rate, spec.resampling): StreamResampler(file_rate, spec.sample_rate, spec.resampling)
        for spec in specs
    }
    cutters = {spec: _cutter(spec, file_rate, n_frames) for spec in specs}
    for block in tally.blocks():
        resampled = {key: stream.push(block) for key, stream in streams.items()}
        for spec, cutter in cutters.items():
            ready = cutter.push(resampled[spec.sample_rate, spec.resampling])
            if len(ready):
                yield Excerpts(spec=spec, waveforms=ready)
    rests = {key: stream.finish() for key, stream in streams.items()}
    for spec, cutter in cutters.items():
        completed = cutter.push(rests[spec.sample_rate, spec.resampling])
        remaining = cutter.finish()
        if remaining is None:
            astray.append(spec)
        elif len(completed) + len(remaining):
            yield Excerpts(spec=spec, waveforms=np.concatenate([completed, remaining]))


def _cutter(spec: ExcerptSpec, file_rate: int, n_frames: int) -> _Cutter:
    if spec.plan.hop is not None:
        return _HopCutter(spec.plan)
    expected = resampled_length(n_frames, file_rate, spec.sample_rate)
    return _EvenCutter(spec.plan, expected, round(SLACK_SECONDS * spec.sample_rate))


class _Tally:
    """Counts and checks a sound's samples as they pass."""

    def __init__(self, recording: Recording, sound: Sound) -> None:
        self.sample_rate = sound.sample_rate
        self.n_frames = 0
        self._key = recording.key
        self._sound = sound
        self._peak = 0.0
        self._damage = sound.cut_off

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The mono mix, block by block."""
        try:
            for block in self._sound.blocks():
                mono = mix_down(block)
                self._check(mono)
                self.n_frames += len(mono)
                yield mono
        except AudioError as error:
            if not self.n_frames or isinstance(error, _NotNumbersError):
                raise
            self._damage = error.message
        if not self.n_frames:
            raise AudioError(f"{self._key} holds no sound", hint="its header is there, its samples are not")

    def _check(self, mono: NDArray[np.float32]) -> None:
        peak = float(np.abs(mono).max(initial=0.0))
        if not np.isfinite(peak):
            raise _NotNumbersError(
                f"{self._key} holds samples that are not finite numbers",
                hint="write the file anew from its source",
            )
        self._peak = max(self._peak, peak)

    def heard(self) -> Heard:
        """The account, once all blocks have passed."""
        damage = self._damage
        announced, tolerance = self._sound.n_frames, self._sound.tolerance
        missing = (announced - self.n_frames) / self.sample_rate
        if damage is None and tolerance is not None and missing > tolerance:
            damage = (
                f"the sound ends after {self.n_frames / self.sample_rate:.1f} s, "
                f"its header announces {announced / self.sample_rate:.1f} s"
            )
        return Heard(duration=self.n_frames / self.sample_rate, peak=self._peak, damage=damage)


class _NotNumbersError(AudioError):
    """NaN or infinity among the samples."""
