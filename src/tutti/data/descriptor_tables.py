"""Descriptors of tracks from a table that another program wrote: CSV or Parquet, a row a track.

The column ``track_id`` names the track; columns of numbers are taken as they are, columns of texts, such as key and
scale, become a column of zeros and ones for each text.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from tutti.errors import ConfigError

TRACK_ID = "track_id"


def read_descriptors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Descriptors by track id, each of shape (descriptors,).

    Raises:
        ConfigError: The file cannot be read, names no tracks, or holds what is no finite number.
    """
    table = _read(path)
    if TRACK_ID not in table.column_names or table.num_columns < 2:
        raise ConfigError(
            f"{path} has the columns {', '.join(table.column_names[:5])}; wanted are {TRACK_ID} and descriptors",
            hint=f"name the column of track ids {TRACK_ID}",
        )
    ids = [str(one) for one in table[TRACK_ID].to_pylist()]
    if len({*ids}) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ConfigError(f"{path} has two rows for the track {twice}", hint="leave one of them out")
    columns = [_numbers(table[name], name, path) for name in table.column_names if name != TRACK_ID]
    rows = np.concatenate(columns, axis=1)
    return dict(zip(ids, rows, strict=True))


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix.lower() == ".parquet":
            return parquet.read_table(path)
        as_text = csv.ConvertOptions(column_types={TRACK_ID: pa.string()})  # 000123 is no number
        return csv.read_csv(path, convert_options=as_text)
    except (OSError, pa.ArrowInvalid) as cause:
        reason = str(cause).partition("\n")[0]
        raise ConfigError(
            f"the descriptors {path} cannot be read: {reason}", hint="give a CSV or Parquet file"
        ) from None


def _numbers(column: pa.ChunkedArray, name: str, path: Path) -> NDArray[np.float32]:
    """A column as numbers, or as a column of zeros and ones for each text. Shape (tracks, columns)."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = column.to_pylist()
        known = sorted({text for text in texts if text})
        return np.array([[text == one for one in known] for text in texts], dtype=np.float32)
    try:
        values = np.array(column.to_pylist(), dtype=np.float32)
    except (TypeError, ValueError):
        values = np.full(1, np.nan, dtype=np.float32)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ConfigError(
            f"the column {name} of {path} holds what is no finite number",
            hint="leave the column out, or fill it; covariances are left out in the published system too",
        )
    return values[:, None]
