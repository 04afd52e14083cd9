"""The unfinished file of a split: what a killed preparation leaves behind, and the next one goes on with.

Two files lie beside the split's place. ``<split>.i16.partial`` receives the samples of one sound after the other;
``<split>.journal`` receives a line for each sound once its samples are down. Whatever lies behind the last line is a
sound half written, and is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.audio.store_index import StoredSound, data_file
from tutti.files import write_text

SAMPLE_TYPE = "<i2"
SAMPLE_BYTES = 2

Samples = NDArray[np.int16]
Identity = tuple[str, str]


class Journal:
    """The unfinished file of a split, open for appending.

    Attributes:
        sounds: What is in it whole, by identity.
    """

    def __init__(self, folder: Path, split: str, *, head: dict[str, Any]) -> None:
        self._data_path, self._path, self._ordered_path = unfinished_files(folder, split)
        self.sounds: dict[Identity, StoredSound] = {}
        self._begins: dict[Identity, int] = {}
        self._end = 0  # samples
        self._data_path.touch()
        first, *lines = [json.dumps(head), *self._recovered(json.dumps(head))]
        write_text(self._path, "".join(f"{line}\n" for line in [first, *lines]))
        os.truncate(self._data_path, self._end * SAMPLE_BYTES)
        self._data, self._lines = self._data_path.open("ab"), self._path.open("ab")

    def _recovered(self, head: str) -> Iterator[str]:
        """The lines of an earlier run whose samples are down; none where that run made something else."""
        if not self._path.exists():
            return
        n_stored = self._data_path.stat().st_size // SAMPLE_BYTES
        first, *lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] or [""]
        if first != head:
            return
        for line in lines:
            try:
                sound = StoredSound(*json.loads(line))
            except (ValueError, TypeError):  # the line was being written
                return
            if self._end + sound.n_samples > n_stored:
                return
            self._note(sound)
            yield line

    def _note(self, sound: StoredSound) -> None:
        self.sounds[sound.identity], self._begins[sound.identity] = sound, self._end
        self._end += sound.n_samples

    def append(self, sound: StoredSound, samples: Samples) -> None:
        """Add a sound; of one that could not be decoded, no samples."""
        self._data.write(np.ascontiguousarray(samples).data)
        self._data.flush()  # before the line that says that they are there
        self._note(sound)
        self._lines.write(f"{sound.to_json()}\n".encode())
        self._lines.flush()

    def close(self) -> None:
        """Append no more."""
        self._data.close()
        self._lines.close()

    def in_order(self, sounds: Sequence[StoredSound]) -> Path:
        """A file with exactly these sounds in this order.

        It is the unfinished file itself, unless a source changed while a preparation was interrupted.
        """
        ends = np.cumsum([sound.n_samples for sound in sounds], dtype=np.int64)
        begins = [self._begins[sound.identity] + sound.n_samples for sound in sounds]
        if len(sounds) == len(self.sounds) and np.array_equal(begins, ends):
            return self._data_path
        samples = map_samples(self._data_path)
        with self._ordered_path.open("wb") as ordered:
            for sound in sounds:
                begin = self._begins[sound.identity]
                ordered.write(samples[begin : begin + sound.n_samples].tobytes())
        return self._ordered_path


def unfinished_files(folder: Path, split: str) -> tuple[Path, Path, Path]:
    """Where a split's unfinished samples, its journal, and its samples brought into order lie."""
    return folder / f"{split}.i16.partial", folder / f"{split}.journal", folder / f"{split}.i16.ordered"


def take_back(folder: Path, split: str) -> None:
    """Undo a renaming: the run was killed when the samples had their final name, and the index not yet theirs."""
    partial, journal, _ = unfinished_files(folder, split)
    final = data_file(folder, split)
    if journal.exists() and final.exists() and not partial.exists():
        final.replace(partial)


def map_samples(path: Path) -> Samples:
    """All samples of a file, mapped into memory; an empty file cannot be mapped, and gives an empty array."""
    if not path.stat().st_size:
        return np.zeros(0, dtype=SAMPLE_TYPE)
    return np.memmap(path, dtype=SAMPLE_TYPE, mode="r")
