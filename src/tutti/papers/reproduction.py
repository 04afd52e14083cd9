"""A published table carried out: catalogues from dataset roots, a training run for each cell, ours beside theirs.

The output folder holds::

    catalogues/<column>/      the dataset as a catalogue
    encoders/<column>/      encoders that rows of fusion share
    waveforms/<column>-<rate>/      decoded sounds, shared by all rows
    runs/<row>-<column>-seed<n>/      the runs, see ``tutti.training.runs``
    comparison.json, comparison.md      written anew after each run

A killed reproduction goes on where it stopped; a row that fails is told of, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.data.datasets import SENTENCE_SETS, find_dataset, msd500
from tutti.errors import ConfigError, TuttiError
from tutti.evaluation.report import Report
from tutti.evaluation.tag_retrieval import TagRetrievalReport
from tutti.models.taggers import find_architecture
from tutti.papers.comparison import Cell, Comparison, Run
from tutti.papers.experiment import refuse_unused
from tutti.papers.smoke import smoke_catalogue, smoke_settings, smoke_table
from tutti.papers.table import Column, Row, Table, nested
from tutti.training.recipes import override, parse_recipe
from tutti.training.run_parts import TrainedRun
from tutti.training.runs import train

Tell = Callable[[str], None]
# Settings of recipes that a table makes itself, and why.
OF_FOLDER = dict.fromkeys(
    ("output", "data.catalogue", "data.store", "scheme.store", "scheme.encoders", "scheme.folder"),
    "the folder of the results has a place for it",
)
OF_SEED = {"seed": "every run has a seed of its own"}
OF_DATASET = dict.fromkeys(("data.labels", "data.spelling"), "labels are the dataset's, in the published order")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which part of a table to run, and how.

    Attributes:
        rows: Names; empty means all.
        columns: Names; empty means all.
        seeds: Of the runs; empty means the table's.
        settings: ``key=value``, of every recipe, beyond the table's own.
        smoke: Run everything small, on a tiny generated world.
    """

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    settings: tuple[str, ...] = ()
    smoke: bool = False


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What a reproduction made.

    Attributes:
        folder: Of the results.
        comparison: Ours beside theirs.
        runs: The trained runs by row and column, of the first seed.
    """

    folder: Path
    comparison: Comparison
    runs: dict[tuple[str, str], TrainedRun]


def data_roots(places: Sequence[str]) -> dict[str, Path]:
    """Folders of datasets from what a user typed: ``NAME=FOLDER``, or a folder that holds one folder a dataset.

    >>> data_roots(["gtzan=/music/gtzan"])
    {'gtzan': PosixPath('/music/gtzan')}

    Raises:
        ConfigError: There is no such folder.
        UnknownNameError: There is no such dataset.
    """
    roots: dict[str, Path] = {}
    for place in places:
        name, equals, folder = place.partition("=")
        if equals:
            roots[name if name in SENTENCE_SETS else find_dataset(name).name] = Path(folder)
            continue
        root = Path(place)
        if not root.is_dir():
            raise ConfigError(f"{root} is no folder", hint="give the folder that holds one folder for each dataset")
        roots |= {found.name: found for found in sorted(root.iterdir()) if found.is_dir()}
    return roots


def reproduce(
    table: Table,
    folder: Path,
    *,
    data: Mapping[str, Path] | None = None,
    choice: Choice | None = None,
    quiet: bool = False,
    tell: Tell = lambda _: None,
) -> Reproduction:
    """Train and score the rows of a published table.

    Args:
        table: What was published.
        folder: Of the results; runs that it holds are resumed, or taken as they are.
        data: Folders of datasets by name.
        choice: Which rows, columns and seeds.
        quiet: Show no progress on stderr.
        tell: Receives a line at each stage.

    Raises:
        UnknownNameError: There is no such row or column.
        ConfigError: None of the datasets is there, a chosen row cannot be repeated, or a setting would not be read.
    """
    choice = choice or Choice()
    _refuse_settings(choice)
    if choice.smoke:
        table = smoke_table(table)
    columns = [table.column(name) for name in choice.columns] or list(table.columns)
    rows = [table.row(name) for name in choice.rows] or list(table.rows)
    _refuse_obstacles(table, choice)
    workshop = _Workshop(table, folder, data or {}, choice, quiet=quiet, tell=tell)
    here, missing = workshop.find_data(columns)
    cells: list[Cell] = []
    runs: dict[tuple[str, str], TrainedRun] = {}
    for column in here:
        for row in rows:
            if column.name not in row.published:
                continue
            cell = Cell(row=row, column=column)
            for run, trained in workshop.runs(row, column):
                cell = Cell(row=row, column=column, runs=(*cell.runs, run))
                if trained is not None:
                    runs.setdefault((row.name, column.name), trained)
            cells.append(cell)
            comparison = Comparison(table=table, cells=tuple(cells), smoke=choice.smoke, missing=missing)
            comparison.write(folder)
    return Reproduction(folder=folder, comparison=comparison, runs=runs)


def _refuse_settings(choice: Choice) -> None:
    refuse_unused(choice.settings, OF_FOLDER, hint="leave it out; another folder of results: -o FOLDER")
    refuse_unused(choice.settings, OF_SEED, hint="leave it out, and give --seed")
    if not choice.smoke:
        refuse_unused(choice.settings, OF_DATASET, hint="leave it out, or train on labels of your own: tutti train")


def _refuse_obstacles(table: Table, choice: Choice) -> None:
    for name in choice.rows:
        obstacle = table.row(name).obstacle
        if obstacle is not None:
            others = [row.name for row in table.rows if row.obstacle is None]
            raise ConfigError(
                f"the row {name!r} of {table.key} cannot be repeated: {obstacle}",
                hint=f"rows that can: {', '.join(others)}",
            )


class _Workshop:
    """Where the cells of one table are made."""

    def __init__(
        self, table: Table, folder: Path, data: Mapping[str, Path], choice: Choice, *, quiet: bool, tell: Tell
    ) -> None:
        self._table, self._folder, self._data, self._choice = table, folder, data, choice
        self._quiet, self._tell = quiet, tell

    def find_data(self, columns: Sequence[Column]) -> tuple[list[Column], dict[str, str]]:
        """The columns whose dataset is here, and what the others want."""
        if self._choice.smoke:
            return list(columns), {}
        here = [column for column in columns if column.dataset in self._data]
        missing = {
            column.title: f"its data are not here; give --data {column.dataset}=FOLDER"
            for column in columns
            if column.dataset not in self._data
        }
        if not here:
            names = list(dict.fromkeys(column.dataset for column in columns))
            raise ConfigError(
                f"none of the datasets of {self._table.key} is here: it wants {', '.join(names)}",
                hint=f"give --data {names[0]}=FOLDER; how to get it: tutti datasets show {names[0]}",
            )
        return here, missing

    def runs(self, row: Row, column: Column) -> Iterator[tuple[Run, TrainedRun | None]]:
        """A run for each seed; none where the row cannot be repeated."""
        if row.obstacle is not None:
            return
        for seed in self._choice.seeds or self._table.seeds:
            self._tell(f"{self._table.key}: {row.title} on {column.title}, seed {seed}")
            try:
                trained = train(self._recipe(row, column, seed), quiet=self._quiet, tell=self._tell)
            except TuttiError as error:
                self._tell(f"failed: {error.message}")
                yield Run(seed=seed, failure=error.message), None
                continue
            self._tell(trained.report.line())
            assert isinstance(trained.report, Report | TagRetrievalReport)  # what the tables are of
            yield Run(seed=seed, report=trained.report), trained

    def _recipe(self, row: Row, column: Column, seed: int) -> Any:
        plain = self._table.recipe(row, column, seed=seed)
        if self._choice.smoke:
            _merge(plain, nested(smoke_settings(plain)))
        for setting in self._choice.settings:
            override(plain, setting)
        model = plain["model"]
        config = find_architecture(model["architecture"]).configure(**model.get("options", {}))
        if not self._choice.smoke:
            labels = f"dataset:{column.dataset}/{column.protocol}"  # all of them, in the published order
            _merge(plain, {"data": {"labels": labels, "spelling": "exact"}})
        places = {
            "output": self._folder / "runs" / f"{row.name}-{column.name}-seed{seed}",
            "data.catalogue": self._catalogue(column),
            "data.store": self._folder / "waveforms" / f"{column.name}-{config.sample_rate}",
        }
        if plain.get("scheme", {}).get("name") == "noisy-student":
            places["scheme.store"] = self._folder / "waveforms" / f"{column.name}-{config.sample_rate}-unlabelled"
        if plain.get("scheme", {}).get("name") == "fusion":  # rows share what their encoders have learned
            places["scheme.encoders"] = self._folder / "encoders" / column.name
        if plain.get("scheme", {}).get("name") == "artist-groups":  # factors and networks serve many rows
            places["scheme.folder"] = self._folder / "artist-groups" / f"{column.name}-seed{seed}"
        if plain.get("scheme", {}).get("name") == "tag-retrieval" and "categories" not in plain["scheme"]:
            places |= self._tag_categories(column)
        _merge(plain, nested(places))
        return parse_recipe(plain, origin=f"{self._table.key}, row {row.name}")

    def _tag_categories(self, column: Column) -> dict[str, Path]:
        """The setting that says of what sort each tag is, where the dataset does."""
        root = self._data.get(column.dataset)
        table = None if root is None else root / msd500.TAGS
        return {"scheme.categories": table} if table is not None and table.is_file() else {}

    def _catalogue(self, column: Column) -> Path:
        folder = self._folder / "catalogues" / column.name
        if self._choice.smoke:
            return smoke_catalogue(folder, column)
        if not folder.exists():
            dataset = find_dataset(column.dataset)
            self._tell(f"reading {dataset.title} from {self._data[column.dataset]}")
            dataset.catalogue(self._data[column.dataset], folder, protocol=column.protocol)
        return folder


def _merge(plain: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(plain.get(key), dict):
            _merge(plain[key], value)
        else:
            plain[key] = value
