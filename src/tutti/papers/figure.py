"""What a published figure is: models to train, as a table has them, and a way to draw from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutti.papers.reproduction import Reproduction
from tutti.papers.table import Exhibit, Table


@dataclass(frozen=True, kw_only=True)
class Figure(Exhibit):
    """A published figure.

    Attributes:
        table: Rows to train first.
        draw: From their runs, into a folder, to the files that were written.
    """

    table: Table
    draw: Callable[[Reproduction, Path], Sequence[Path]]
