"""A store of decoded sounds: a file is decoded once, every excerpt after that is a look into a memory map.

Training hears random excerpts of the same files again and again; decoding them each time would cost more than
the network. Predicting does not pass through here: ``tutti.audio.excerpts`` cuts straight from the files.

Layout of the folder::

    index.json       sample rate, resampling, where each sound lies, which could not be decoded, and of what
    it was made waveforms.i16    all sounds one after the other: mono, 16-bit integers in the machine's
    little-endian order
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.audio.decoding import mix_down
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling, StreamResampler
from tutti.errors import AudioError, ConfigError
from tutti.files import atomic_folder

FORMAT = 1
FULL_SCALE = 32_767  # what a sample of 1.0 is stored as; louder ones are clipped
INDEX, WAVEFORMS = "index.json", "waveforms.i16"


class WaveformStore:
    """Decoded sounds on disk, opened for reading.

    Attributes:
        keys: Of the sounds, in the order of their rows.
        failures: Why the others could not be decoded, by key.
        sample_rate: Of all sounds, Hz.
        n_samples: Length of each sound. Shape (sounds,).
    """

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        self.origin: str = index["origin"]
        self.keys: tuple[str, ...] = tuple(index["keys"])
        self.failures: dict[str, str] = index["failures"]
        self.sample_rate: int = index["sample_rate"]
        self.n_samples = np.asarray(index["n_samples"], dtype=np.int64)
        self._begins = np.cumsum(self.n_samples) - self.n_samples
        total = int(self.n_samples.sum())
        self._samples = np.memmap(folder / WAVEFORMS, dtype="<i2", mode="r", shape=(total,)) if total else None

    def __len__(self) -> int:
        return len(self.keys)

    def excerpts(self, rows: Sequence[int], starts: Sequence[int], *, n_samples: int) -> NDArray[np.float32]:
        """Excerpts of some sounds; a sound shorter than the excerpt is repeated until it fills it.

        Args:
            rows: Which sound each excerpt is of.
            starts: Where it begins, samples.
            n_samples: Its length.

        Returns:
            In [-1, 1]. Shape (excerpts, n_samples).
        """
        cut = np.empty((len(rows), n_samples), dtype=np.float32)
        for excerpt, row, start in zip(cut, rows, starts, strict=True):
            sound = self._sound(row)
            excerpt[:] = np.resize(sound, n_samples) if len(sound) < n_samples else sound[start : start + n_samples]
        cut /= FULL_SCALE
        return cut

    def _sound(self, row: int) -> NDArray[np.int16]:
        assert self._samples is not None
        begin = self._begins[row]
        return self._samples[begin : begin + self.n_samples[row]]


def open_store(
    recordings: Sequence[Recording], folder: Path, *, sample_rate: int, resampling: Resampling, jobs: int = 2
) -> WaveformStore:
    """The store of these sound files, made when the folder holds none or one of other or changed files.

    Args:
        recordings: Files, each with a key of its own. Those that cannot be decoded are listed in
        ``failures``. folder: Where the store lies; it appears there whole, or not at all. sample_rate: Of the
        stored sounds, Hz. resampling: How they come to that rate. jobs: Threads that decode.

    Raises:
        ConfigError: The folder holds something that is no store.
    """
    origin = _origin(recordings, sample_rate, resampling)
    if (folder / INDEX).exists():
        store = WaveformStore(folder)
        if store.origin == origin:
            return store
    elif folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} holds no store of decoded sounds", hint="name a new or an empty folder")
    with atomic_folder(folder) as partial:
        index = {"format": FORMAT, "origin": origin, "sample_rate": sample_rate}
        index["resampling"] = dataclasses.asdict(resampling)
        keys, n_samples, failures = [], [], {}
        with (partial / WAVEFORMS).open("wb") as file:
            for key, decoded in _decode_all(recordings, sample_rate, resampling, jobs):
                if isinstance(decoded, AudioError):
                    failures[key] = decoded.message
                    continue
                file.write(decoded.tobytes())
                keys.append(key)
                n_samples.append(len(decoded))
        index |= {"keys": keys, "n_samples": n_samples, "failures": failures}
        (partial / INDEX).write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    return WaveformStore(folder)


def _decode_all(
    recordings: Sequence[Recording], sample_rate: int, resampling: Resampling, jobs: int
) -> Iterator[tuple[str, NDArray[np.int16] | AudioError]]:
    def attempt(recording: Recording) -> NDArray[np.int16] | AudioError:
        try:
            return decode(recording, sample_rate, resampling)
        except AudioError as error:
            return error

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        n_waiting = 4 * jobs  # few, so that memory holds few sounds
        for first in range(0, len(recordings), n_waiting):
            some = recordings[first : first + n_waiting]
            yield from zip([recording.key for recording in some], pool.map(attempt, some), strict=True)


def decode(recording: Recording, sample_rate: int, resampling: Resampling) -> NDArray[np.int16]:
    """A whole recording as 16-bit mono. Shape (samples,).

    Raises:
        AudioError: It cannot be decoded, or holds no sound.
    """
    pieces: list[NDArray[np.int16]] = []
    with recording.open() as sound:
        stream = StreamResampler(sound.sample_rate, sample_rate, resampling)
        pieces.extend(_to_16_bit(stream.push(mix_down(block))) for block in sound.blocks())
        pieces.append(_to_16_bit(stream.finish()))
    decoded = np.concatenate(pieces)
    if not len(decoded):
        raise AudioError(f"{recording.key} holds no sound", hint="its header is there, its samples are not")
    return decoded


def _to_16_bit(waveform: NDArray[np.float32]) -> NDArray[np.int16]:
    if not np.isfinite(waveform).all():
        raise AudioError("it holds samples that are not finite numbers", hint="write the file anew")
    return np.rint(np.clip(waveform, -1.0, 1.0) * FULL_SCALE).astype("<i2")


def _origin(recordings: Sequence[Recording], sample_rate: int, resampling: Resampling) -> str:
    """A checksum that changes with the files, their order, the rate or the resampling."""
    digest = hashlib.sha256(f"{FORMAT} {sample_rate} {resampling}".encode())
    for recording in recordings:
        state = (0, 0)
        if recording.path is not None and recording.path.exists():
            facts = recording.path.stat()
            state = (facts.st_size, facts.st_mtime_ns)
        digest.update(f"{recording.key} {recording.path} {state}\n".encode())
    return digest.hexdigest()
