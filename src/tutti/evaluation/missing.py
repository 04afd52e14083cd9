"""The grid over missing modalities: every fusion, trained on every subset, scored on every subset and under noise.

A row is a fusion and what it was trained on, a column what it is given at test, a cell a score with its interval. A
cell stays empty where a model is given nothing that it reads. Who fills the grid is ``multimodal``'s matter, the heat
map ``missing_figure``'s.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate, without_nan
from tutti.files import write_text

JSON_FILE, MARKDOWN_FILE = "missing.json", "missing.md"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """A trained model, or several that differ in their training seed only.

    Attributes:
        fusion: How it brings modalities together, such as ``early``.
        trained_on: Modalities that it saw.
        note: What else sets it apart, such as ``modality dropout 0.3``.
    """

    fusion: str
    trained_on: tuple[str, ...]
    note: str = ""

    @property
    def title(self) -> str:
        """Such as ``early, trained on audio + text, modality dropout 0.3``."""
        return f"{self.fusion}, trained on {subset_title(self.trained_on)}" + (f", {self.note}" if self.note else "")


@dataclass(frozen=True, kw_only=True)
class GridColumn:
    """What is given at test.

    Attributes:
        present: Modalities.
        noisy: Of them, those under noise.
        noise: Length of the noise, relative to the vector's; see :func:`with_noise`.
    """

    present: tuple[str, ...]
    noisy: tuple[str, ...] = ()
    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.noise < 0 or bool(self.noise) != bool(self.noisy) or not {*self.noisy} <= {*self.present}:
            raise ConfigError(
                f"noise {self.noise:g} in {subset_title(self.noisy)} of {subset_title(self.present)} makes no sense",
                hint="give noise above 0 to modalities that are present, or leave out both",
            )

    @property
    def title(self) -> str:
        """Such as ``audio + text, noise 0.5 in text``."""
        noise = f", noise {self.noise:g} in {subset_title(self.noisy)}" if self.noisy else ""
        return subset_title(self.present) + noise


@dataclass(frozen=True, kw_only=True)
class MissingGrid:
    """Scores of models by what is missing.

    Attributes:
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That were scored, the same in every cell.
        bootstrap: How intervals were drawn.
        metric: Title of the score; higher is better.
        rows: Trained models.
        columns: What they are given.
        cells: For each row a score for each column; None where the model reads nothing of what is given.
        training_seeds: Of the models, where known; of several, scores are means over them.
        notes: What a reader must know besides.
    """

    dataset: str
    split: str
    n_items: int
    bootstrap: Bootstrap
    metric: str
    rows: tuple[GridRow, ...]
    columns: tuple[GridColumn, ...]
    cells: tuple[tuple[Estimate | None, ...], ...]
    training_seeds: tuple[int, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        widths = {len(row) for row in self.cells}
        if len(self.cells) != len(self.rows) or widths - {len(self.columns)} or not self.rows or not self.columns:
            raise ShapeError(
                f"{len(self.cells)} rows of {sorted(widths)} cells came, wanted {len(self.rows)} of "
                f"{len(self.columns)}, and at least one"
            )

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = ", ".join(map(str, self.training_seeds))
        several = "s" if len(self.training_seeds) > 1 else ""
        trained = f"training seed{several} {seeds}, " if seeds else ""
        return (
            f"{self.dataset}, split {self.split}, {self.n_items} items, {trained}bootstrap seed {self.bootstrap.seed}"
        )

    def values(self) -> NDArray[np.float64]:
        """The scores, NaN where there is none. Shape (rows, columns)."""
        return np.array([[math.nan if one is None else one.value for one in row] for row in self.cells])

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for empty cells."""
        plain: dict[str, Any] = without_nan({"format": FORMAT, "seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with a table; the best of each column stands in bold."""
        values = self.values()
        best = [set[int]() if np.isnan(column).all() else {*_highest(column)} for column in values.T]
        lines = [
            f"# {self.metric} where modalities are missing",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            "bootstrap resamples of the items. Rows are fusions and what they were trained on, columns what they are "
            "given; bold is the best of a column, and an empty cell that of a model that reads nothing of it.",
            "",
            f"| model | {' | '.join(column.title for column in self.columns)} |",
            f"| --- |{' --- |' * len(self.columns)}",
            *[
                f"| {row.title} | "
                + " | ".join(_told(one, is_best=number in best[place]) for place, one in enumerate(cells))
                + " |"
                for number, (row, cells) in enumerate(zip(self.rows, self.cells, strict=True))
            ],
            "",
            *[f"- {note}" for note in self.notes],
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``missing.json`` and ``missing.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def read_grid(path: Path) -> MissingGrid:
    """A grid from its ``missing.json``, or from the folder of one.

    Raises:
        ConfigError: There is none, or it is damaged, foreign or newer than this program.
    """
    file = path / JSON_FILE if path.is_dir() else path
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        if plain["format"] > FORMAT:
            raise ConfigError(f"{file} is of a newer format, {plain['format']}", hint="update tutti")
        names = [one.name for one in dataclasses.fields(MissingGrid)]
        cells = [
            [None if one is None else {key: math.nan if v is None else v for key, v in one.items()} for one in row]
            for row in plain["cells"]
        ]
        return TypeAdapter(MissingGrid).validate_python({**{name: plain[name] for name in names}, "cells": cells})
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as cause:
        reason = str(cause).partition("\n")[0]
        raise ConfigError(f"{file} is no grid, or a damaged one: {reason}", hint="make it anew") from None


def subsets(modalities: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """All subsets but the empty one, the largest first.

    >>> subsets(["audio", "text"])
    (('audio', 'text'), ('audio',), ('text',))
    """
    sizes = range(len(modalities), 0, -1)
    return tuple(some for size in sizes for some in itertools.combinations(modalities, size))


def subset_title(modalities: Iterable[str]) -> str:
    """What tables call a subset.

    >>> subset_title(["audio", "text"])
    'audio + text'
    """
    return " + ".join(modalities) or "nothing"


def with_noise(vectors: NDArray[np.float32], level: float, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Vectors with Gaussian noise that is about ``level`` times as long as each of them.

    Relative to the vector, a level means the same for every encoder. Rows of NaN, where nothing is present, stay so.

    Args:
        vectors: Shape (items, dimensions).
        level: 0 changes nothing; at 1 noise and vector are equally long.
        rng: Draws the noise.

    Raises:
        ConfigError: The level is negative.
    """
    if level < 0:
        raise ConfigError(f"noise of level {level:g} makes no sense", hint="give 0 or more")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    noise = rng.standard_normal(vectors.shape, dtype=np.float32) / np.sqrt(np.float32(vectors.shape[1]))
    return np.asarray(vectors + np.float32(level) * lengths * noise, dtype=np.float32)


def _highest(column: NDArray[np.float64]) -> list[int]:
    return np.flatnonzero(np.round(column, 3) == np.nanmax(np.round(column, 3))).tolist()


def _told(one: Estimate | None, *, is_best: bool) -> str:
    if one is None or math.isnan(one.value):
        return ""
    return f"**{one}**" if is_best else str(one)
