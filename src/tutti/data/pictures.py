"""Covers of items as small squares: the first of an item's that can be read, and a store of them on disk.

Training draws the same covers again and again; here each is decoded once. What becomes of a square is in
``tutti.image.transforms``.

Layout of the folder::

    index.json     side of the squares, and for each item its id, what its files were like, which picture is its, and
                   what could not be read
    pictures.u8    the pictures one after the other, each three planes of side x side bytes: red, green, blue

The folder appears whole or not at all, and is made anew when an item, a file or the side changed.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.data.items import Item
from tutti.errors import ConfigError, ImageError, ShapeError
from tutti.files import atomic_folder, is_occupied
from tutti.image.covers import read_cover
from tutti.image.transforms import square_picture

FORMAT = 1
INDEX, DATA = "index.json", "pictures.u8"
AT_ONCE = 64  # covers in memory while the store is written


@dataclass(frozen=True, kw_only=True)
class FoundCover:
    """What came of an item's covers.

    Attributes:
        picture: Of the first that can be read; None where none can. Shape (3, side, side).
        path: Its file.
        problem: Why those before it cannot be read, in words; None where nothing went wrong.
    """

    picture: NDArray[np.uint8] | None = None
    path: Path | None = None
    problem: str | None = None


def first_readable(covers: Sequence[Path], *, side: int) -> FoundCover:
    """The first of some covers that can be read, as a square of ``side`` pixels."""
    problems: list[str] = []
    for path in covers:
        try:
            picture = square_picture(read_cover(path), side)
        except ImageError as error:
            problems.append(error.message)
        else:
            return FoundCover(picture=picture, path=path, problem="; ".join(problems) or None)
    return FoundCover(problem="; ".join(problems) or None)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """What the index says of an item.

    Attributes:
        item_id: Of the item.
        origin: What its files were like.
        row: Its picture, where it has one.
        problem: See :class:`FoundCover`.
    """

    item_id: str
    origin: str
    row: int | None = None
    problem: str | None = None


class Pictures:
    """The covers of some items, opened for reading; any number of threads and processes may share one.

    Attributes:
        folder: Where they lie.
        side: Of each picture, pixels.
        item_ids: Of all items, in the order that they were asked for.
        presence: Which of them have a picture. Shape (items,).
        rows: The places of those that have. Shape (items with a picture,).
        failures: What of an item could not be read, by item id; it may have a picture all the same.
        origins: What each item's files were like.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.side, lines = _read_index(folder)
        self.item_ids = tuple(line.item_id for line in lines)
        self.origins = tuple(line.origin for line in lines)
        self._row_of = np.array([-1 if line.row is None else line.row for line in lines], dtype=np.int64)
        self.presence: NDArray[np.bool_] = self._row_of >= 0
        self.rows = np.flatnonzero(self.presence)
        self.failures = {line.item_id: line.problem for line in lines if line.problem is not None}
        shape = (int(self._row_of.max(initial=-1)) + 1, 3, self.side, self.side)
        path = folder / DATA
        n_bytes = path.stat().st_size if path.exists() else 0
        if n_bytes != np.prod(shape):
            raise ConfigError(
                f"{path} has {n_bytes} bytes, its index speaks of {np.prod(shape)}",
                hint="remove the folder, and the same command makes it anew",
            )
        self._data: NDArray[np.uint8] = (
            np.memmap(path, np.uint8, "r", shape=shape) if n_bytes else np.zeros(shape, dtype=np.uint8)
        )

    def __len__(self) -> int:
        return len(self.item_ids)

    def __reduce__(self) -> tuple[Any, ...]:
        return Pictures, (self.folder,)  # a pickled memory map would be a copy of all pictures

    def pictures(self, items: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Pictures of some items.

        Args:
            items: Their places among all items; each must have a picture.

        Returns:
            8-bit. Shape ``[items, 3, side, side]``.

        Raises:
            ShapeError: One of them has no picture.
        """
        places = np.asarray(items, dtype=np.int64)
        absent = places[~self.presence[places]]
        if len(absent):
            raise ShapeError(f"{self.item_ids[absent[0]]} has no picture", hint="ask for items in rows only")
        return torch.from_numpy(
            np.stack([self._data[row] for row in self._row_of[places]])
            if len(places)
            else np.zeros((0, 3, self.side, self.side), dtype=np.uint8)
        )


def open_pictures(
    items: Sequence[Item],
    folder: Path,
    *,
    side: int,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pictures:
    """The store of exactly these items' covers; what lies in the folder is taken where it is that.

    A picture that several items share is decoded and kept once. Memory holds a few dozen squares.

    Args:
        items: In any order, which the store keeps.
        folder: Where the store lies; it is made anew where items, files or the side changed.
        side: Of the squares, pixels: ``CoverTransforms.square_side``.
        jobs: Threads that decode; None for as many as there are processors.
        progress: Is told how many of how many different pictures are done.

    Raises:
        ConfigError: The folder exists and is no such store.
    """
    origins = [_origin(item) for item in items]
    held = _held(items, origins, folder, side=side)
    if held is not None:
        return held
    with atomic_folder(folder) as partial:
        _write(items, origins, partial, side=side, jobs=jobs, progress=progress)
    return Pictures(folder)


def _held(items: Sequence[Item], origins: Sequence[str], folder: Path, *, side: int) -> Pictures | None:
    """The store in the folder, where it is of these items as they are now."""
    if not (folder / INDEX).exists():
        if is_occupied(folder):
            raise ConfigError(f"{folder} exists and holds no pictures", hint="name a new or an empty folder")
        return None
    try:
        held = Pictures(folder)
    except ConfigError:  # damaged, or of another format: it is made anew
        return None
    ids = tuple(item.item_id for item in items)
    return held if (held.side, held.item_ids, held.origins) == (side, ids, tuple(origins)) else None


def _write(
    items: Sequence[Item],
    origins: Sequence[str],
    folder: Path,
    *,
    side: int,
    jobs: int | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    wanted = list(dict.fromkeys(item.covers for item in items if item.covers))
    found: dict[tuple[Path, ...], tuple[int | None, str | None]] = {(): (None, None)}
    n_rows = 0
    with (folder / DATA).open("wb") as file:
        for done, (covers, cover) in enumerate(_read_all(wanted, side, jobs), start=1):
            found[covers] = (None if cover.picture is None else n_rows, cover.problem)
            if cover.picture is not None:
                file.write(cover.picture.tobytes())
                n_rows += 1
            if progress is not None:
                progress(done, len(wanted))
    lines = [
        dataclasses.asdict(
            _Line(item_id=item.item_id, origin=origin, row=found[item.covers][0], problem=found[item.covers][1])
        )
        for item, origin in zip(items, origins, strict=True)
    ]
    index = {"format": FORMAT, "kind": "tutti pictures", "side": side, "items": lines}
    (folder / INDEX).write_text(json.dumps(index, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_all(
    wanted: Sequence[tuple[Path, ...]], side: int, jobs: int | None
) -> Iterator[tuple[tuple[Path, ...], FoundCover]]:
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            yield from zip(some, pool.map(lambda covers: first_readable(covers, side=side), some), strict=True)


def _origin(item: Item) -> str:
    """What an item's files are like; the folder is no part of it, so that a dataset may move, and its store with it."""
    return ";".join(f"{path.name}:{_state(path)}" for path in item.covers)


def _state(path: Path) -> str:
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return "missing"
    return f"{facts.st_size}:{facts.st_mtime_ns}" if os.access(path, os.R_OK) else "missing"


def _read_index(folder: Path) -> tuple[int, list[_Line]]:
    path = folder / INDEX
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if (plain["format"], plain["kind"]) != (FORMAT, "tutti pictures"):
            raise ValueError(f"its format is {plain['format']}")
        return int(plain["side"]), [_Line(**line) for line in plain["items"]]
    except FileNotFoundError:
        raise ConfigError(f"{folder} holds no pictures", hint="make them with open_pictures") from None
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ConfigError(f"{path} cannot be read: {cause}", hint="remove the folder; it is made anew") from None
