"""A user's table: tab-separated cells in UTF-8, such as names, values or answers. What they mean, its caller knows."""

from __future__ import annotations

import csv
from pathlib import Path

from tutti.errors import ConfigError


def read_lines(path: Path, *, what: str) -> list[tuple[int, list[str]]]:
    """The lines that hold something: their numbers, from 1, and their cells without the spaces around.

    A quotation mark is a letter like any other, and a byte order mark is none.

    Args:
        path: The file.
        what: It holds, such as ``values``, for messages.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise ConfigError(
            f"the {what} {path} cannot be read: {cause}", hint="give a text of tab-separated columns, in UTF-8"
        ) from None
    return [(number, cells) for number, cells in enumerate(rows, start=1) if any(cells)]
