"""What a store of decoded sounds writes down about itself: which sounds it holds, where, and of which files.

The store is read in ``store`` and filled in ``store_writing``; here are the index, and the state of a sound's source
by which an unchanged one is known.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.errors import ConfigError
from tutti.files import write_text

FORMAT = 2
INDEX = "index.json"
MISSING = "missing"


@dataclass(frozen=True)
class StoredSound:
    """One sound of a store, or one that could not be decoded.

    Attributes:
        key: Of the recording.
        origin: State of its source, see :func:`origin_of`.
        n_samples: Length; 0 where it could not be decoded.
        checksum: Of the stored samples, 32 hexadecimal digits; equal sounds have equal ones.
        failure: Why it could not be decoded.
    """

    key: str
    origin: str
    n_samples: int = 0
    checksum: str | None = None
    failure: str | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Which recording, in which state."""
        return self.key, self.origin

    def to_json(self) -> str:
        """One line."""
        return json.dumps(dataclasses.astuple(self))


@dataclass(frozen=True)
class StoreIndex:
    """All that a store holds.

    Attributes:
        sample_rate: Of all sounds, Hz.
        resampling: How they came to that rate.
        splits: The sounds of each split, in their order in its file.
    """

    sample_rate: int
    resampling: Resampling
    splits: Mapping[str, tuple[StoredSound, ...]] = field(default_factory=dict)

    def head(self) -> dict[str, Any]:
        """What holds for all sounds, and what the columns of their lines mean."""
        return {
            "format": FORMAT,
            "sample_rate": self.sample_rate,
            "resampling": dataclasses.asdict(self.resampling),
            "columns": [column.name for column in dataclasses.fields(StoredSound)],
        }

    def write(self, folder: Path) -> None:
        """Put ``index.json`` into a folder, with a line for each sound."""
        splits = [
            json.dumps(split) + ": [\n" + ",\n".join(sound.to_json() for sound in sounds) + "\n]"
            for split, sounds in self.splits.items()
        ]
        text = json.dumps(self.head())[:-1] + ', "splits": {\n' + ",\n".join(splits) + "\n}}\n"
        write_text(folder / INDEX, text)


def read_index(folder: Path) -> StoreIndex | None:
    """The index of the store in a folder; None where there is none, or one of version 1, which is made anew.

    Raises:
        ConfigError: It is damaged, or newer than this program.
    """
    try:
        plain = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        version = plain["format"]
        if version > FORMAT:
            raise ConfigError(
                f"the store {folder} has format {version}, this program knows up to {FORMAT}",
                hint="update tutti, or name another folder",
            )
        if version < FORMAT:
            return None
        splits = {split: tuple(StoredSound(*row) for row in rows) for split, rows in plain["splits"].items()}
        return StoreIndex(plain["sample_rate"], Resampling(**plain["resampling"]), splits)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ConfigError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise ConfigError(
            f"{folder / INDEX} is damaged: {cause}", hint="remove the folder, and the same command makes it anew"
        ) from None


def origin_of(recording: Recording) -> str:
    """What a recording's source is like: size and time of change of a file, a checksum of a sound in memory.

    The path is no part of it, so that a dataset may move, and its store with it.
    """
    if recording.memory is not None:
        sound = recording.memory
        return f"memory:{sound.sample_rate}:{checksum_of(sound.waveform)}"
    assert recording.path is not None
    try:
        facts = recording.path.stat()
    except (OSError, ValueError):
        return MISSING
    return f"{facts.st_size}:{facts.st_mtime_ns}" if os.access(recording.path, os.R_OK) else MISSING


def checksum_of(samples: NDArray[Any]) -> str:
    """A checksum of an array's bytes: 32 hexadecimal digits of BLAKE2b."""
    return hashlib.blake2b(np.ascontiguousarray(samples).data, digest_size=16).hexdigest()


def data_file(folder: Path, split: str) -> Path:
    """The file that holds the samples of a split."""
    return folder / f"{split}.i16"
