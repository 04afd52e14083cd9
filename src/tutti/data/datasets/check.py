"""Whether a dataset's copy on disk is whole: what is missing, broken, or of another version.

Sounds are looked for and must not be empty; whether they decode shows when they are decoded (``tutti datasets
prepare``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from tutti.data.datasets.dataset import (
    Dataset,
    Protocol,
    RemoteFile,
    chosen_source,
    count_splits,
    first_existing,
    fixture_counts,
)
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import BLOCK_BYTES

State = Literal["whole", "present", "missing", "absent", "broken"]
N_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """One file of a dataset.

    Attributes:
        file: What was looked for.
        state: ``whole`` where size or checksum agree, ``present`` where none is published, ``missing`` or ``broken``;
            ``absent`` where it is missing and not needed.
        reason: In words, where it is broken.
    """

    file: RemoteFile
    state: State
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class SplitCheck:
    """One split of a protocol, and its sounds.

    Attributes:
        split: Its name.
        n_expected: Tracks as published; None where that is not published.
        n_listed: Tracks in the files at hand.
        n_sounds: Of these, how many have a sound that is not empty.
        n_unreadable: Of these, how many are published broken; their sounds are not looked for.
        missing: Where sounds belong that are not there.
        empty: Sounds of no bytes.
    """

    split: str
    n_expected: int | None
    n_listed: int
    n_sounds: int
    n_unreadable: int = 0
    missing: tuple[Path, ...] = ()
    empty: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check:
    """What of a dataset lies below a root.

    Attributes:
        dataset: Which one.
        protocol: For which protocol.
        root: Where.
        is_fixture: Whether it is one of our own fixtures of two or three tracks, not the dataset.
        files: The files that the protocol needs.
        splits: Empty where the lists cannot be read.
        trouble: Why the lists cannot be read, or are not those that were published.
        remarks: What is amiss with what was published or with the copy at hand, and does not make it less whole.
    """

    dataset: Dataset
    protocol: Protocol
    root: Path
    is_fixture: bool
    files: tuple[FileCheck, ...]
    splits: tuple[SplitCheck, ...] = ()
    trouble: tuple[str, ...] = field(default_factory=tuple)
    remarks: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Files and sounds that are not there, with paths below the root for files."""
        return tuple(self._missing())

    @property
    def broken(self) -> tuple[str, ...]:
        """What is there and is not as it should be."""
        return tuple(self._broken())

    @property
    def to_download(self) -> tuple[RemoteFile, ...]:
        """The files to fetch, again or for the first time."""
        wanting = [one.file for one in self.files if one.state in ("missing", "broken")]
        if any(split.missing or split.empty for split in self.splits):
            wanting += [one.file for one in self.files if one.file.is_folder and not one.file.is_covers]
        return tuple(dict.fromkeys(wanting))

    @property
    def is_complete(self) -> bool:
        """Whether everything is there, and as published as far as that can be told."""
        return not (self.missing or self.broken)

    def as_dict(self) -> dict[str, Any]:
        """The check as plain values, for JSON."""
        return {
            "dataset": self.dataset.name,
            "protocol": self.protocol.name,
            "root": str(self.root),
            "is_fixture": self.is_fixture,
            "is_complete": self.is_complete,
            "files": [{"path": one.file.path, "state": one.state, "reason": one.reason} for one in self.files],
            "splits": [
                {
                    "split": one.split,
                    "n_expected": one.n_expected,
                    "n_listed": one.n_listed,
                    "n_sounds": one.n_sounds,
                    "n_unreadable": one.n_unreadable,
                    "missing": [str(path) for path in one.missing],
                    "empty": [str(path) for path in one.empty],
                }
                for one in self.splits
            ],
            "missing": list(self.missing),
            "broken": list(self.broken),
            "remarks": list(self.remarks),
            "to_download": [{"path": one.path, "url": one.url, "what": one.what} for one in self.to_download],
        }

    def _missing(self) -> Iterator[str]:
        yield from (one.file.path for one in self.files if one.state == "missing")
        for split in self.splits:
            if split.missing:
                examples = ", ".join(path.name for path in split.missing[:N_EXAMPLES])
                yield f"{len(split.missing):,} sounds of {split.split}, such as {examples}"

    def _broken(self) -> Iterator[str]:
        for one in self.files:
            if one.state == "broken" and one.reason is not None:
                yield one.reason if one.file.path in one.reason else f"{one.file.path}: {one.reason}"
        yield from self.trouble
        for split in self.splits:
            if split.empty:
                examples = ", ".join(path.name for path in split.empty[:N_EXAMPLES])
                yield f"{len(split.empty):,} sounds of {split.split} are empty, such as {examples}"
            if split.n_expected not in (None, split.n_listed):
                yield f"{split.split} lists {split.n_listed:,} tracks, published are {split.n_expected:,}"


def check_dataset(dataset: Dataset, root: Path, protocol: Protocol) -> Check:
    """Look at everything that a protocol needs below a root."""
    trouble: list[str] = []
    expected: dict[str, int] | None = None
    try:
        expected = fixture_counts(root, protocol)
    except DatasetError as error:
        trouble.append(error.message)
    is_fixture = expected is not None
    files = tuple(check_file(file, root, with_sums=not is_fixture) for file in needed_files(dataset, root, protocol))
    splits: tuple[SplitCheck, ...] = ()
    remarks: tuple[str, ...] = ()
    try:
        tracks = protocol.load(root)
        splits = check_splits(tracks, expected or protocol.n_tracks, unreadable=protocol.unreadable)
        splits = splits if protocol.needs_sounds else _all_or_none(splits)
        remarks = protocol.remarks(root, tracks)
    except DatasetError as error:
        # What is missing or broken is told already, and explains why the lists cannot be read.
        lists = [one for one in files if not one.file.is_folder and not one.file.is_optional]
        if all(one.state in ("whole", "present") for one in lists or files):
            files, is_told = _blame(files, root, error)
            trouble += [] if is_told else [error.message]
    return Check(
        dataset=dataset,
        protocol=protocol,
        root=root,
        is_fixture=is_fixture,
        files=files,
        splits=splits,
        trouble=tuple(trouble),
        remarks=remarks,
    )


def _all_or_none(splits: tuple[SplitCheck, ...]) -> tuple[SplitCheck, ...]:
    """The splits without missing sounds where there are no sounds at all, and nobody needs any."""
    if any(split.n_sounds or split.empty for split in splits):
        return splits
    return tuple(replace(split, missing=()) for split in splits)


def needed_files(dataset: Dataset, root: Path, protocol: Protocol) -> list[RemoteFile]:
    """The files of a protocol; of sources that stand for one another, those of the most complete one."""
    source = chosen_source(dataset.files, root, protocol.name)
    files = [file for file in dataset.files if not file.protocols or protocol.name in file.protocols]
    return [file for file in files if file.source in (None, source)]


def _blame(files: tuple[FileCheck, ...], root: Path, error: DatasetError) -> tuple[tuple[FileCheck, ...], bool]:
    """The files with the one marked as broken that the error names, and whether there is one."""
    guilty = [one for one in files if not one.file.is_folder and str(root / one.file.path) in error.message]
    marked = tuple(replace(one, state="broken", reason=error.message) if one in guilty else one for one in files)
    return marked, bool(guilty)


def check_file(file: RemoteFile, root: Path, *, with_sums: bool = True) -> FileCheck:
    """Whether a file is there, and has the size and the checksum that were published."""
    path = first_existing(*(root / place for place in (file.path, *file.or_at)))
    is_there = path.is_dir() and any(path.iterdir()) if file.is_folder else path.is_file()
    if not is_there:
        return FileCheck(file=file, state="absent" if file.is_optional else "missing")
    if file.is_folder:
        return FileCheck(file=file, state="present")
    size = path.stat().st_size
    if size == 0:
        return FileCheck(file=file, state="broken", reason="it is empty")
    if not with_sums:
        return FileCheck(file=file, state="present")
    if file.size not in (None, size):
        return FileCheck(file=file, state="broken", reason=f"it has {size:,} bytes, published are {file.size:,}")
    for name in ("sha256", "md5"):
        wanted = getattr(file, name)
        if wanted is not None and _digest(path, name) != wanted:
            return FileCheck(file=file, state="broken", reason=f"its {name} is not the published one: another version")
    is_known = file.size is not None or file.sha256 is not None or file.md5 is not None
    return FileCheck(file=file, state="whole" if is_known else "present")


def check_splits(
    tracks: list[Track], expected: Mapping[str, int], *, unreadable: frozenset[str] = frozenset()
) -> tuple[SplitCheck, ...]:
    """For each split, how many tracks are listed and how many of their sounds are there."""
    checks = []
    for split in dict.fromkeys([*expected, *count_splits(tracks)]):
        listed = [track for track in tracks if (track.split or "none") == split]
        readable = [track for track in listed if track.track_id not in unreadable]
        missing, empty = missing_sounds(readable)
        checks.append(
            SplitCheck(
                split=split,
                n_expected=expected.get(split),
                n_listed=len(listed),
                n_sounds=len(readable) - len(missing) - len(empty),
                n_unreadable=len(listed) - len(readable),
                missing=tuple(missing),
                empty=tuple(empty),
            )
        )
    return tuple(checks)


def missing_sounds(tracks: list[Track]) -> tuple[list[Path], list[Path]]:
    """The sounds of some tracks that are not there, and those of no bytes."""
    missing, empty = [], []
    for track in tracks:
        assert track.audio is not None
        try:
            if track.audio.stat().st_size == 0:
                empty.append(track.audio)
        except OSError:
            missing.append(track.audio)
    return missing, empty


def _digest(path: Path, name: str) -> str:
    digest = hashlib.new(name, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
