"""Filling a store of decoded sounds: in parallel, going on where a killed run stopped, decoding what has changed.

Several threads decode (libsndfile, FFmpeg, soxr and the checksum let others run meanwhile), and their sounds are
written in the order in which they were asked for, so that the bytes depend neither on the number of threads nor on
interruptions. What is unfinished lies in ``store_journal``'s files. At the end these take their places: a reader finds
the old split or the new one, or for a moment none, but never the samples of one with the index of the other.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.audio.decoding import mix_down
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling, StreamResampler
from tutti.audio.store_index import StoredSound, StoreIndex, checksum_of, data_file
from tutti.audio.store_journal import (
    SAMPLE_TYPE,
    Identity,
    Journal,
    Samples,
    map_samples,
    take_back,
    unfinished_files,
)
from tutti.errors import AudioError, ConfigError
from tutti.files import lock_file

FULL_SCALE = 32_767  # what a sample of 1.0 is stored as; louder ones are clipped
WAITING_PER_JOB = 4  # sounds decoded ahead of the one being written: few, for the sake of memory
NOTHING: Samples = np.zeros(0, dtype=SAMPLE_TYPE)


@dataclass(frozen=True, kw_only=True)
class StoreProgress:
    """How far a preparation has come.

    Attributes:
        n_done: Sounds that are in the store, or have failed.
        n_sounds: All that are asked for.
        n_failed: Those that could not be decoded.
    """

    n_done: int
    n_sounds: int
    n_failed: int


@dataclass(frozen=True)
class Wanted:
    """A recording that a store shall hold, and the state of its source."""

    recording: Recording
    origin: str

    @property
    def identity(self) -> Identity:
        """Which recording, in which state."""
        return self.recording.key, self.origin


def write_store(
    wanted: Mapping[str, Sequence[Wanted]],
    folder: Path,
    index: StoreIndex,
    *,
    jobs: int,
    on_progress: Callable[[StoreProgress], None] | None = None,
) -> StoreIndex:
    """Bring some splits of a store to hold these recordings, in this order, and no others.

    Args:
        wanted: Recordings by split. Sounds that the store holds in any of its splits are copied, not decoded.
        folder: Of the store.
        index: What it holds by now; other splits than the wanted ones stay as they are.
        jobs: Threads that decode.
        on_progress: Is told after each sound.

    Returns:
        What it holds afterwards.

    Raises:
        ConfigError: Another process is writing to the store, or the disk does not take it.
    """
    with _sole_writer(folder):
        stale = {split: some for split, some in wanted.items() if not _is_current(some, index.splits.get(split))}
        for split in wanted.keys() - stale.keys():
            _forget_unfinished(folder, split)
        counter = _Counter(sum(map(len, wanted.values())), on_progress)
        counter.add(*(sound for split in wanted.keys() - stale.keys() for sound in index.splits[split]))
        held = _held_sounds(folder, index) if stale else {}
        finished = {}
        for split, some in stale.items():
            if split not in index.splits:
                take_back(folder, split)
            finished[split] = _fill(some, Journal(folder, split, head=index.head()), held, index, jobs, counter)
        return _publish(finished, folder, index, order=[*wanted, *(index.splits.keys() - wanted.keys())])


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".writer").open("a+") as lock:
            if not lock_file(lock):
                hint = "wait until it has finished"
                raise ConfigError(f"another process is writing to the store {folder}", hint=hint)
            yield
    except OSError as cause:
        raise ConfigError(
            f"the store {folder} cannot be written: {(cause.strerror or str(cause)).lower()}",
            hint="check space and permissions, and give the same command again: what is done is kept",
        ) from cause


def _is_current(wanted: Sequence[Wanted], held: Sequence[StoredSound] | None) -> bool:
    return held is not None and [one.identity for one in wanted] == [sound.identity for sound in held]


class _Counter:
    """Counts sounds, and tells how many there are by now."""

    def __init__(self, n_sounds: int, on_progress: Callable[[StoreProgress], None] | None) -> None:
        self._progress = StoreProgress(n_done=0, n_sounds=n_sounds, n_failed=0)
        self._on_progress = on_progress

    def add(self, *sounds: StoredSound) -> None:
        n_failed = self._progress.n_failed + sum(sound.failure is not None for sound in sounds)
        n_done = self._progress.n_done + len(sounds)
        self._progress = dataclasses.replace(self._progress, n_done=n_done, n_failed=n_failed)
        if self._on_progress and sounds:
            self._on_progress(self._progress)


Held = Mapping[Identity, tuple[StoredSound, Samples]]


def _held_sounds(folder: Path, index: StoreIndex) -> Held:
    """What the store holds by now, ready to be copied."""
    held: dict[Identity, tuple[StoredSound, Samples]] = {}
    for split, sounds in index.splits.items():
        samples, begin = map_samples(data_file(folder, split)), 0
        for sound in sounds:
            held[sound.identity] = sound, samples[begin : begin + sound.n_samples]
            begin += sound.n_samples
    return held


def _fill(
    wanted: Sequence[Wanted], journal: Journal, held: Held, index: StoreIndex, jobs: int, counter: _Counter
) -> tuple[tuple[StoredSound, ...], Path]:
    """The sounds of a split, and the file that holds them."""
    counter.add(*(journal.sounds[one.identity] for one in wanted if one.identity in journal.sounds))
    missing = [one for one in wanted if one.identity not in journal.sounds]

    def make(one: Wanted) -> tuple[StoredSound, Samples]:
        return held.get(one.identity) or _decoded(one, index.sample_rate, index.resampling)

    with closing(journal), closing(_in_parallel(make, missing, jobs)) as made:
        for sound, samples in made:
            journal.append(sound, samples)
            counter.add(sound)
    sounds = tuple(journal.sounds[one.identity] for one in wanted)
    return sounds, journal.in_order(sounds)


def _in_parallel(
    make: Callable[[Wanted], tuple[StoredSound, Samples]], missing: Sequence[Wanted], jobs: int
) -> Generator[tuple[StoredSound, Samples]]:
    """What ``make`` gives for each, in their order, a few ahead of the one that is taken."""
    rest = iter(missing)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        waiting: deque[Future[tuple[StoredSound, Samples]]] = deque()
        try:
            waiting.extend(pool.submit(make, one) for one in islice(rest, WAITING_PER_JOB * jobs))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(make, one) for one in islice(rest, 1))
        finally:
            for future in waiting:
                future.cancel()


def _decoded(one: Wanted, sample_rate: int, resampling: Resampling) -> tuple[StoredSound, Samples]:
    key = one.recording.key
    try:
        samples = decode(one.recording, sample_rate, resampling)
    except AudioError as error:
        return StoredSound(key, one.origin, failure=error.message), NOTHING
    except Exception as error:  # a decoder may fail in ways of its own, and one file must not stop the others
        return StoredSound(key, one.origin, failure=f"unexpected: {type(error).__name__}: {error}"), NOTHING
    return StoredSound(key, one.origin, len(samples), checksum_of(samples)), samples


def _publish(
    finished: Mapping[str, tuple[tuple[StoredSound, ...], Path]], folder: Path, index: StoreIndex, *, order: list[str]
) -> StoreIndex:
    """Put finished splits into their places."""
    if not finished and index.splits:
        return index
    kept = {split: index.splits[split] for split in order if split in index.splits and split not in finished}
    dataclasses.replace(index, splits=kept).write(folder)
    for split, (_, path) in finished.items():
        path.replace(data_file(folder, split))
    splits = {split: finished[split][0] if split in finished else kept[split] for split in order}
    published = dataclasses.replace(index, splits=splits)
    published.write(folder)
    for split in finished:
        _forget_unfinished(folder, split)
    return published


def _forget_unfinished(folder: Path, split: str) -> None:
    for path in unfinished_files(folder, split):
        path.unlink(missing_ok=True)


def decode(recording: Recording, sample_rate: int, resampling: Resampling) -> Samples:
    """A whole recording as 16-bit mono. Shape (samples,).

    Raises:
        AudioError: It cannot be decoded, or holds no sound.
    """
    pieces: list[Samples] = []
    with recording.open() as sound:
        stream = StreamResampler(sound.sample_rate, sample_rate, resampling)
        pieces.extend(_to_16_bit(stream.push(mix_down(block))) for block in sound.blocks())
        pieces.append(_to_16_bit(stream.finish()))
    decoded = np.concatenate(pieces)
    if not len(decoded):
        raise AudioError(f"{recording.key} holds no sound", hint="its header is there, its samples are not")
    return decoded


def _to_16_bit(waveform: NDArray[np.float32]) -> Samples:
    if not np.isfinite(waveform).all():
        raise AudioError("it holds samples that are not finite numbers", hint="write the file anew")
    return np.rint(np.clip(waveform, -1.0, 1.0) * FULL_SCALE).astype(SAMPLE_TYPE)
