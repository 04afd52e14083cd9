"""Decoding a dataset or a catalogue ahead of training: its tracks into a store, its problems into a table.

The store itself, how it goes on after a kill and what it costs, is ``tutti.audio.store``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, prepare_store
from tutti.audio.store_writing import StoreProgress
from tutti.data.sources import Source
from tutti.errors import DatasetError
from tutti.files import write_text

PROBLEMS = "problems.tsv"
SAMPLE_BYTES = 2


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """A store that is ready, and what is wrong with it.

    Attributes:
        store: Of the decoded sounds.
        problems: Split, track and reason of each sound that could not be decoded.
    """

    store: WaveformStore
    problems: tuple[tuple[str, str, str], ...]

    def lines(self) -> list[str]:
        """What a person wants to know."""
        store = self.store
        splits = ", ".join(f"{split} {len(rows):,}" for split, rows in store.splits.items())
        minutes, megabytes = store.n_samples.sum() / store.sample_rate / 60, store.n_samples.sum() * SAMPLE_BYTES / 1e6
        length = f"{minutes / 60:,.1f} hours" if minutes >= 60 else f"{minutes:.1f} minutes"
        size = f"{megabytes / 1000:,.1f} GB" if megabytes >= 1000 else f"{megabytes:.1f} MB"
        lines = [f"{store.folder} holds {len(store):,} sounds ({splits}): {length} at {store.sample_rate:,} Hz, {size}"]
        if self.problems:
            lines.append(f"{len(self.problems):,} sounds could not be decoded; see {store.folder / PROBLEMS}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "store": str(self.store.folder),
            "sample_rate": self.store.sample_rate,
            "n_sounds": {split: len(rows) for split, rows in self.store.splits.items()},
            "seconds": float(self.store.n_samples.sum() / self.store.sample_rate),
            "problems": [{"split": split, "track": key, "reason": reason} for split, key, reason in self.problems],
        }


def prepare(
    source: Source,
    folder: Path,
    *,
    sample_rate: int = 16_000,
    jobs: int | None = None,
    on_progress: Callable[[StoreProgress], None] | None = None,
) -> Preparation:
    """Decode all tracks of a source into a store; only what it does not hold yet is decoded.

    Args:
        source: See :func:`tutti.data.sources.find_source`.
        folder: Of the store; a table of problems is written there too.
        sample_rate: Of the store, Hz.
        jobs: Threads that decode; None for as many as there are processors.
        on_progress: Is told after each sound.

    Raises:
        DatasetError: There are no sounds, or none can be decoded.
        ConfigError: The folder holds something else, or a store at another rate.
    """
    splits = {
        split: [Recording.from_file(track.audio, key=track.track_id) for track in tracks if track.audio is not None]
        for split, tracks in source.by_split().items()
    }
    n_sounds = sum(map(len, splits.values()))
    if not n_sounds:
        raise DatasetError(f"{source.name} has no track with a sound", hint="name another dataset or catalogue")
    store = prepare_store(
        splits, folder, sample_rate=sample_rate, resampling=Resampling(), jobs=jobs, on_progress=on_progress
    )
    problems = tuple(
        (split, recording.key, store.failures[recording.key])
        for split, recordings in splits.items()
        for recording in recordings
        if recording.key in store.failures
    )
    _write_problems(problems, folder)
    if len(problems) == n_sounds:
        raise DatasetError(
            f"none of the {n_sounds:,} sounds of {source.name} could be decoded: {problems[0][2]}",
            hint=f"see {folder / PROBLEMS}; is --root the right folder?",
        )
    return Preparation(store=store, problems=problems)


def _write_problems(problems: tuple[tuple[str, str, str], ...], folder: Path) -> None:
    if not problems:
        (folder / PROBLEMS).unlink(missing_ok=True)
        return
    rows = [("split", "track", "reason"), *problems]
    text = "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows)
    write_text(folder / PROBLEMS, text)
