"""What a published table is: columns, rows, printed values, and for each row the settings that repeat it.

Nothing is trained here; see ``tutti.papers.reproduction``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tutti.errors import ConfigError, unknown_name

Settings = Mapping[str, Any]
AREAS = ("roc_auc_macro", "pr_auc_macro")
CLASS_F1 = "f1 of "  # begins the name of a single class's F1, as in "f1 of Jazz"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A dataset under one protocol, and what is scored on it.

    Attributes:
        name: Short, such as ``mtat``.
        title: As a reader knows it.
        dataset: A name in ``tutti.data.datasets.DATASETS``.
        protocol: One of its protocols.
        metrics: Of a report, in the order of the published values; ``f1 of Jazz`` is a class's own F1.
        settings: Of recipes on this dataset, dotted keys.
    """

    name: str
    title: str
    dataset: str
    protocol: str
    metrics: tuple[str, ...] = AREAS
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A model of a table.

    Attributes:
        name: What ``--row`` calls it.
        title: As printed.
        published: By column, values in the order of its metrics.
        settings: Of its recipe, dotted keys such as ``model.options.n_mels``.
        by_column: Settings that hold on one column only.
        obstacle: Why it cannot be repeated; None where it can.
        spread: By column, printed standard deviations of the values; none where none were printed.
    """

    name: str
    title: str
    published: Mapping[str, Sequence[float]]
    settings: Settings = field(default_factory=dict)
    by_column: Mapping[str, Settings] = field(default_factory=dict)
    obstacle: str | None = None
    spread: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def on(self, column: str) -> Row:
        """The row with the values of one column only."""
        return dataclasses.replace(self, published={column: self.published[column]})


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """Anything that was published and can be made again: a table or a figure.

    Attributes:
        key: ``<work>/<number>``.
        title: What it shows.
        source: Where it was printed.
        note: What a reader must know to compare.
    """

    key: str
    title: str
    source: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Table(Exhibit):
    """A published table.

    Attributes:
        columns: Datasets.
        rows: Models.
        settings: Common to all recipes.
        seeds: Of the runs that are averaged.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    settings: Settings = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)

    def column(self, name: str) -> Column:
        """The column of this name.

        Raises:
            UnknownNameError: There is none.
        """
        return _named(self.columns, name, f"column of {self.key}")

    def row(self, name: str) -> Row:
        """The row of this name.

        Raises:
            UnknownNameError: There is none.
        """
        return _named(self.rows, name, f"row of {self.key}")

    def recipe(self, row: Row, column: Column, *, seed: int = 0) -> dict[str, Any]:
        """The recipe of a cell as nested plain values, without its catalogue and its folder.

        Raises:
            ConfigError: The row cannot be repeated.
        """
        if row.obstacle is not None:
            raise ConfigError(f"the row {row.name!r} of {self.key} cannot be repeated: {row.obstacle}")
        settings = {**self.settings, **column.settings, **row.settings, **row.by_column.get(column.name, {})}
        name = "-".join((*self.key.split("/"), row.name, column.name))
        return nested({"name": name, "seed": seed, **settings})


def nested(settings: Settings) -> dict[str, Any]:
    """Settings with dotted keys as tables within tables.

    >>> nested({"model.options.n_mels": 96, "seed": 1})
    {'model': {'options': {'n_mels': 96}}, 'seed': 1}
    """
    root: dict[str, Any] = {}
    for key, value in settings.items():
        *sections, last = key.split(".")
        table = root
        for section in sections:
            table = table.setdefault(section, {})
        table[last] = dict(value) if isinstance(value, Mapping) else value  # tables share settings
    return root


Part = TypeVar("Part", Row, Column)


def _named(parts: Sequence[Part], name: str, kind: str) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise unknown_name(kind, name, [part.name for part in parts])
