"""The heat map of a grid over missing modalities: a cell for each model and each subset that it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutti.errors import ConfigError, import_extra
from tutti.evaluation.missing import GridColumn, GridRow, MissingGrid
from tutti.evaluation.report import Estimate
from tutti.files import atomic_file

FORMATS = (".png", ".svg")
CELL_INCHES, MARGIN_INCHES = (0.95, 0.5), (3.6, 2.4)
DPI = 110
COLOURS = "viridis"  # rises in lightness, also for those who see few colours
DARK_BELOW = 0.55  # of the scale: there white letters read better


def draw_missing(grid: MissingGrid, path: Path) -> None:
    """Draw the heat map; each cell tells its score and interval, and a dash stands where there can be none.

    Args:
        grid: What is drawn.
        path: A .png or .svg file.

    Raises:
        ConfigError: The path ends otherwise.
        MissingExtraError: matplotlib is not installed.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path.name} is no figure's name", hint=f"end it with {' or '.join(FORMATS)}")
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing the grid")
    n_rows, n_columns = len(grid.rows), len(grid.columns)
    width, height = CELL_INCHES[0] * n_columns + MARGIN_INCHES[0], CELL_INCHES[1] * n_rows + MARGIN_INCHES[1]
    figure = figures.Figure(figsize=(max(width, 6.0), height), layout="constrained")
    panel = figure.subplots()
    values = grid.values()
    low, high = _range(values)
    panel.set_facecolor("0.93")
    picture = panel.imshow(np.ma.masked_invalid(values), cmap=COLOURS, vmin=low, vmax=high, aspect="auto")
    for (row, column), _ in np.ndenumerate(values):
        _tell(panel, (row, column), grid.cells[row][column], (low, high))
    for place in _changes([row.trained_on for row in grid.rows]):
        panel.axhline(place, color="white", linewidth=3)
    for place in _changes([(len(column.present), column.noise) for column in grid.columns]):
        panel.axvline(place, color="white", linewidth=3)
    panel.set_xticks(range(n_columns), [_column_title(one) for one in grid.columns], rotation=40, ha="right")
    panel.set_yticks(range(n_rows), [_row_title(one) for one in grid.rows])
    panel.tick_params(labelsize=8, length=0)
    panel.set(xlabel="given at test", ylabel="fusion, trained on")
    figure.colorbar(picture, ax=panel, shrink=0.8, aspect=30, label=grid.metric)
    panel.spines[:].set_visible(False)
    figure.suptitle(f"{grid.setting}\n{grid.bootstrap.level:.0%} intervals in brackets", fontsize="small")
    with atomic_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=DPI)


def _changes(kinds: Sequence[object]) -> list[float]:
    """Between which rows, or columns, one kind ends and another begins."""
    return [place - 0.5 for place in range(1, len(kinds)) if kinds[place] != kinds[place - 1]]


def _range(values: Any) -> tuple[float, float]:
    existing = values[np.isfinite(values)]
    if not existing.size:
        return 0.0, 1.0
    low, high = float(existing.min()), float(existing.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _tell(panel: Any, place: tuple[int, int], one: Estimate | None, ends: tuple[float, float]) -> None:
    row, column = place
    if one is None or math.isnan(one.value):
        panel.text(column, row, "–", ha="center", va="center", fontsize=8, color="0.6")
        return
    share = (one.value - ends[0]) / (ends[1] - ends[0])
    words = f"{one.value:.3f}" if math.isnan(one.low) else f"{one.value:.3f}\n[{one.low:.2f}, {one.high:.2f}]"
    colour = "white" if share < DARK_BELOW else "black"
    panel.text(column, row, words, ha="center", va="center", fontsize=7, color=colour, linespacing=1.1)


def _column_title(column: GridColumn) -> str:
    return column.title.replace(", noise", ",\nnoise")


def _row_title(row: GridRow) -> str:
    return row.title.replace(", trained on ", ":\n")
