"""Tables of plays on disk: TSV, CSV or Parquet with a user, a track and a count in each row.

The columns are found by their names, of which the usual ones are known (``COLUMNS``); a table without a header has
user, track and count in this order. What becomes of the counts is ``tutti.listening.plays``'s matter.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from tutti.errors import DatasetError, unknown_name
from tutti.listening.plays import PlayCounts

COLUMNS = {
    "user": ("user", "user_id", "userid", "listener"),
    "track": ("track", "track_id", "trackid", "song", "song_id", "item", "item_id"),
    "count": ("count", "plays", "play_count", "playcount", "listens"),
}
SEPARATORS = {".tsv": "\t", ".txt": "\t", ".csv": ","}
PARQUET = (".parquet", ".pq")


def read_plays(path: Path) -> PlayCounts:
    """The counts of a table.

    Args:
        path: Ends in ``.tsv``, ``.txt`` (separated by tabs), ``.csv`` or ``.parquet``.

    Raises:
        DatasetError: The file cannot be read, lacks a column, or holds something else than a count.
        UnknownNameError: Its name ends otherwise.
        ConfigError: A count is negative, or nothing was played at all.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in SEPARATORS and ending not in PARQUET:
        raise unknown_name("kind of table of plays", ending or path.name, [*SEPARATORS, *PARQUET])
    try:
        table = parquet.read_table(path) if ending in PARQUET else _read_text(path, SEPARATORS[ending])
    except FileNotFoundError:
        raise DatasetError(f"there is no table of plays {path}", hint="check the path") from None
    except (pa.ArrowException, OSError) as cause:
        reason = str(cause).partition("\n")[0]
        raise DatasetError(f"the plays in {path} cannot be read: {reason}", hint="give user, track, count") from None
    user, track, count = (table[_column(table, kind, path)] for kind in COLUMNS)
    if user.null_count or track.null_count or count.null_count:
        raise DatasetError(f"{path} has rows without a user, a track or a count", hint="leave these rows out")
    try:
        counts = count.cast(pa.float64())
    except pa.ArrowException as cause:
        reason = str(cause).partition("\n")[0]
        raise DatasetError(
            f"{path} holds counts that are no numbers: {reason}", hint="give numbers of 0 or more"
        ) from None
    return PlayCounts.of_pairs(
        user.cast(pa.string()).to_pylist(), track.cast(pa.string()).to_pylist(), counts.to_numpy()
    )


def _read_text(path: Path, separator: str) -> pa.Table:
    """A table of texts; without a header its columns are user, track and count."""
    with path.open(encoding="utf-8", errors="replace") as file:
        heads = [head.strip().strip('"').lower() for head in file.readline().split(separator)]
    names = {name for known in COLUMNS.values() for name in known}
    has_header = any(head in names for head in heads)
    columns = heads if has_header else [*list(COLUMNS)[: len(heads)], *map(str, range(3, len(heads)))]
    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=columns, skip_rows=int(has_header)),
        parse_options=csv.ParseOptions(delimiter=separator),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string())),
    )


def _column(table: pa.Table, kind: str, path: Path) -> str:
    """The first column that is known to hold a kind of thing."""
    names = {name.lower(): name for name in table.column_names}
    for known in COLUMNS[kind]:
        if known in names:
            if table.column_names.count(names[known]) > 1:
                raise DatasetError(f"{path} has several columns called {known!r}", hint="leave one of them")
            return str(names[known])
    raise DatasetError(
        f"{path} has no column of the {kind}: it has {', '.join(table.column_names)}",
        hint=f"name one of them {' or '.join(COLUMNS[kind][:2])}",
    )
