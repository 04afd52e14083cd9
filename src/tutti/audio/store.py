"""A store of decoded sounds: a file is decoded once, every excerpt after that is a look into a memory map.

Training hears random excerpts of the same files again and again; decoding them each time would cost more than the
network. Predicting does not pass through here: ``tutti.audio.excerpts`` cuts straight from the files.

Layout of the folder::

    index.json       sample rate, resampling, and for each split a line for each sound: where it came from, its
                     length and checksum, or why it could not be decoded
    train.i16, …     the sounds of each split one after the other: mono, 16-bit little-endian integers

The store is read here, and filled in ``store_writing``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store_index import StoreIndex, data_file, origin_of, read_index
from tutti.audio.store_journal import SAMPLE_BYTES, map_samples
from tutti.audio.store_writing import FULL_SCALE, StoreProgress, Wanted, write_store
from tutti.errors import ConfigError, ShapeError

OLD_DATA = "waveforms.i16"  # of format 1
UNFINISHED = "*.journal"


class WaveformStore:
    """Decoded sounds on disk, opened for reading. Any number of threads may read from one, and processes share it.

    Attributes:
        folder: Where it lies.
        keys: Of the sounds, in the order of their rows: split after split.
        splits: The rows of each split.
        failures: Why others could not be decoded, by key.
        sample_rate: Of all sounds, Hz.
        n_samples: Length of each sound. Shape (sounds,).
        checksums: Of the samples of each sound: equal sounds have equal ones.
    """

    def __init__(self, folder: Path) -> None:
        index = read_index(folder)
        if index is None:
            raise ConfigError(f"{folder} holds no store of decoded sounds", hint="make one: tutti datasets prepare")
        self.folder = folder
        self.sample_rate = index.sample_rate
        self.resampling = index.resampling
        decoded = {split: [one for one in sounds if one.failure is None] for split, sounds in index.splits.items()}
        sounds = [sound for some in decoded.values() for sound in some]
        self.keys: tuple[str, ...] = tuple(sound.key for sound in sounds)
        self.n_samples = np.asarray([sound.n_samples for sound in sounds], dtype=np.int64)
        self.checksums: tuple[str, ...] = tuple(sound.checksum or "" for sound in sounds)
        self.failures = {
            sound.key: sound.failure for some in index.splits.values() for sound in some if sound.failure is not None
        }
        self.splits: dict[str, range] = {}
        self._maps: list[NDArray[np.int16]] = []
        self._begins = np.zeros(len(sounds), dtype=np.int64)
        self._file_of = np.zeros(len(sounds), dtype=np.int32)
        for split, some in decoded.items():
            self._map(split, len(some))

    def _map(self, split: str, n_sounds: int) -> None:
        first = max((rows.stop for rows in self.splits.values()), default=0)
        rows = self.splits[split] = range(first, first + n_sounds)
        lengths = self.n_samples[rows.start : rows.stop]
        path = data_file(self.folder, split)
        n_bytes = path.stat().st_size if path.exists() else 0
        if n_bytes != lengths.sum() * SAMPLE_BYTES:
            raise ConfigError(
                f"{path} has {n_bytes} bytes, its index speaks of {lengths.sum() * SAMPLE_BYTES}",
                hint="remove the folder, and the same command makes it anew",
            )
        self._begins[rows.start : rows.stop] = np.cumsum(lengths) - lengths
        self._file_of[rows.start : rows.stop] = len(self._maps)
        self._maps.append(map_samples(path) if n_bytes else np.zeros(0, dtype=np.int16))

    def __len__(self) -> int:
        return len(self.keys)

    def __reduce__(self) -> tuple[Any, ...]:
        return WaveformStore, (self.folder,)  # a pickled memory map would be a copy of all samples

    def excerpts(self, rows: Sequence[int], starts: Sequence[int], *, n_samples: int) -> NDArray[np.float32]:
        """Excerpts of some sounds; a sound shorter than the excerpt is repeated until it fills it.

        Args:
            rows: Which sound each excerpt is of.
            starts: Where it begins, samples; of a sound shorter than the excerpt, always at its beginning.
            n_samples: Its length.

        Returns:
            In [-1, 1]. Shape (excerpts, n_samples).

        Raises:
            ShapeError: An excerpt would reach beyond its sound.
        """
        cut = np.empty((len(rows), n_samples), dtype=np.float32)
        for excerpt, row, start in zip(cut, rows, starts, strict=True):
            sound = self.sound(row)
            if len(sound) < n_samples:
                excerpt[:] = np.resize(sound, n_samples)
            elif 0 <= start <= len(sound) - n_samples:
                excerpt[:] = sound[start : start + n_samples]
            else:
                raise ShapeError(
                    f"an excerpt from {start} to {start + n_samples} reaches beyond the {len(sound)} samples "
                    f"of {self.keys[row]}",
                    hint=f"begin between 0 and {len(sound) - n_samples}",
                )
            excerpt /= FULL_SCALE
        return cut

    def sound(self, row: int) -> NDArray[np.int16]:
        """All samples of a sound as they lie on disk. Shape (samples,)."""
        begin = self._begins[row]
        samples: NDArray[np.int16] = self._maps[self._file_of[row]][begin : begin + self.n_samples[row]]
        return samples


def prepare_store(
    recordings: Mapping[str, Sequence[Recording]],
    folder: Path,
    *,
    sample_rate: int,
    resampling: Resampling,
    jobs: int | None = None,
    on_progress: Callable[[StoreProgress], None] | None = None,
) -> WaveformStore:
    """The store of exactly these sounds; only those that it does not hold yet, or whose files changed, are decoded.

    A killed preparation goes on where it stopped. The bytes are the same whatever the number of jobs and however often
    it was interrupted. Memory holds a few decoded sounds for each job.

    Args:
        recordings: Of each split, each with a key of its own. Splits of the store that are not named stay as they are.
        folder: Where the store lies.
        sample_rate: Of the stored sounds, Hz.
        resampling: How they come to that rate.
        jobs: Threads that decode; None for as many as there are processors.
        on_progress: Is told after each sound.

    Raises:
        ConfigError: The folder holds something that is no store, or one at another rate; a key occurs twice; another
            process is writing to it.
    """
    wanted, index = _wanted(recordings), _index(folder, sample_rate, resampling)
    jobs = jobs or os.cpu_count() or 1
    write_store(wanted, folder, index, jobs=jobs, on_progress=on_progress)
    (folder / OLD_DATA).unlink(missing_ok=True)
    return WaveformStore(folder)


def open_store(
    recordings: Mapping[str, Sequence[Recording]] | Sequence[Recording],
    folder: Path,
    *,
    sample_rate: int,
    resampling: Resampling,
    jobs: int | None = None,
) -> WaveformStore:
    """A store that holds these sounds, and perhaps others; one that holds them all is opened as it is.

    Otherwise it is prepared, see :func:`prepare_store`, for the arguments too. Recordings without splits lie in a split
    called ``all``.
    """
    by_split = recordings if isinstance(recordings, Mapping) else {"all": recordings}
    wanted, index = _wanted(by_split), _index(folder, sample_rate, resampling)
    held = {split: {sound.identity for sound in sounds} for split, sounds in index.splits.items()}
    if all(one.identity in held.get(split, ()) for split, some in wanted.items() for one in some) and index.splits:
        return WaveformStore(folder)
    return prepare_store(by_split, folder, sample_rate=sample_rate, resampling=resampling, jobs=jobs)


def _wanted(recordings: Mapping[str, Sequence[Recording]]) -> dict[str, list[Wanted]]:
    counts = Counter(recording.key for some in recordings.values() for recording in some)
    if (most := counts.most_common(1)) and most[0][1] > 1:
        raise ConfigError(f"two sounds are called {most[0][0]!r}", hint="give each recording a key of its own")
    return {
        split: [Wanted(recording, origin_of(recording)) for recording in some] for split, some in recordings.items()
    }


def _index(folder: Path, sample_rate: int, resampling: Resampling) -> StoreIndex:
    """What the store holds by now; nothing where there is none."""
    index = read_index(folder)
    if index is None:
        if folder.is_file() or (folder.is_dir() and not _may_become_a_store(folder)):
            raise ConfigError(f"{folder} holds no store of decoded sounds", hint="name a new or an empty folder")
        return StoreIndex(sample_rate, resampling)
    if (index.sample_rate, index.resampling) != (sample_rate, resampling):
        raise ConfigError(
            f"the store {folder} holds sounds at {index.sample_rate} Hz ({index.resampling.quality}), "
            f"wanted are {sample_rate} Hz ({resampling.quality})",
            hint="name another folder for the other rate",
        )
    return index


def _may_become_a_store(folder: Path) -> bool:
    """Whether it is empty, an unfinished store, or one of format 1."""
    names = {path.name for path in folder.iterdir()} - {".writer"}
    return not names or OLD_DATA in names or any(folder.glob(UNFINISHED))
