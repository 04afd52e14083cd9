"""Numbers that items have, such as valence and arousal: from a catalogue's facts, or from a user's table.

A table is a text of tab-separated columns whose first line names them::

    item_id	valence	arousal
    track-17	0.4	-0.2
    The Band / Its Album	0.1

What is empty or missing is unknown, NaN, never 0. Labels are ``labels``'s subject.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.errors import ConfigError, unknown_name
from tutti.text.tab_separated import read_lines

UNKNOWN = ("", "nan", "na", "none", "null", "-")


@dataclass(frozen=True, kw_only=True)
class ValueTable:
    """Values by item or track.

    Attributes:
        names: Of the values, in order.
        rows: By item id or track id, NaN where unknown, each of shape (values,).
    """

    names: tuple[str, ...]
    rows: Mapping[str, NDArray[np.float32]]


def values_of_facts(facts: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> ValueTable:
    """Values that a catalogue's maker stored as facts of its tracks.

    Args:
        facts: By track id (``Catalogue.facts()``).
        names: Which of them; what is no finite number counts as unknown.

    Raises:
        ConfigError: No name was given, or one twice.
        UnknownNameError: No track has a number under one of the names.
    """
    if not names or len({*names}) < len(names):
        raise ConfigError("the list of values is empty or names one twice", hint="name each value once")
    known = {name for one in facts.values() for name, value in one.items() if _is_number(value)}
    for name in names:
        if name not in known:
            raise unknown_name("value among the catalogue's facts", name, known)
    return ValueTable(
        names=tuple(names),
        rows={key: np.array([_number(one.get(name)) for name in names], np.float32) for key, one in facts.items()},
    )


def read_values(path: Path, names: Sequence[str] = ()) -> ValueTable:
    """A user's table.

    Args:
        path: Of tab-separated values; the first line names the columns, the first column the items or tracks.
        names: Columns to take; all without any.

    Raises:
        ConfigError: The file cannot be read, has no such form, names an item twice, or holds what is no number.
        UnknownNameError: There is no such column.
    """
    lines = read_lines(path, what="values")
    if not lines:
        raise ConfigError(f"{path} is empty", hint="write a first line such as item_id<TAB>valence<TAB>arousal")
    header = lines[0][1]
    columns = header[1:]
    if not columns or len({*columns}) < len(columns):
        raise ConfigError(
            f"{path} begins with the columns {', '.join(header) or 'none'}; wanted are the item and its values",
            hint="write a first line such as item_id<TAB>valence<TAB>arousal",
        )
    for name in names:
        if name not in columns:
            raise unknown_name(f"column of {path.name}", name, columns)
    wanted = [columns.index(name) + 1 for name in names or columns]
    rows: dict[str, NDArray[np.float32]] = {}
    for number, cells in lines[1:]:
        if cells[0] in rows:
            raise ConfigError(f"{path} has two rows for {cells[0]!r}", hint="leave one of them out")
        rows[cells[0]] = np.array([_cell(cells, place, path, number) for place in wanted], dtype=np.float32)
    return ValueTable(names=tuple(columns[place - 1] for place in wanted), rows=rows)


def item_values(items: Sequence[Item], table: ValueTable) -> NDArray[np.float32]:
    """The values of items: their own where the table has their id, else the mean of what is known of their tracks.

    Returns:
        NaN where nothing is known. Shape (items, values).
    """
    values = np.full((len(items), len(table.names)), np.nan, dtype=np.float32)
    for row, item in enumerate(items):
        own = table.rows.get(item.item_id)
        of_tracks = [table.rows[one.track_id] for one in item.tracks if one.track_id in table.rows]
        if own is not None:
            values[row] = own
        elif of_tracks:
            values[row] = _mean_of_known(np.stack(of_tracks))
    return values


def _mean_of_known(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    n_known = (~np.isnan(rows)).sum(axis=0)
    means = np.full(rows.shape[1], np.nan, dtype=np.float32)
    np.divide(np.nansum(rows, axis=0), n_known, out=means, where=n_known > 0)
    return means


def _cell(cells: list[str], place: int, path: Path, line: int) -> float:
    text = cells[place] if place < len(cells) else ""
    if text.lower() in UNKNOWN:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise ConfigError(
            f"line {line} of {path} holds {text!r}, which is no finite number",
            hint="leave the cell empty where the value is unknown",
        )
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else math.nan
