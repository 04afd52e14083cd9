"""What ``tutti reproduce`` does: the listing, and an order carried out. Also for Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.errors import ConfigError
from tutti.files import is_occupied
from tutti.papers import EXHIBITS, find_exhibit
from tutti.papers.comparison import JSON_FILE
from tutti.papers.experiment import Experiment, ExperimentOrder, Outcome
from tutti.papers.figure import Figure
from tutti.papers.reproduction import Choice, Reproduction, data_roots, reproduce
from tutti.papers.table import Exhibit, Table


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a user asked for; texts as typed.

    Attributes:
        key: Of the table or figure.
        data: Folders of datasets, see :func:`tutti.papers.reproduction.data_roots`.
        rows: Names; empty means all.
        columns: Names; empty means all.
        seeds: Empty means the table's.
        settings: ``key=value``, of every recipe.
        folder: Of the results; None is ``runs/<key>``.
        resume: Go on with what the folder holds.
        smoke: Run small, on the tiny world.
    """

    key: str
    data: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    settings: tuple[str, ...] = ()
    folder: Path | None = None
    resume: bool = False
    smoke: bool = False

    @property
    def place(self) -> Path:
        """Folder of the results."""
        return self.folder or Path("runs") / (self.key + "-smoke" if self.smoke else self.key)


def carry_out(
    order: Order, *, quiet: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Reproduction | Outcome:
    """Repeat a published table, figure or experiment.

    Raises:
        UnknownNameError: There is no such table, figure, row, column or dataset.
        ConfigError: The folder holds results already, or the data are not there.
    """
    exhibit = find_exhibit(order.key)
    roots = data_roots(order.data)
    if isinstance(exhibit, Experiment):
        asked = _experiment_order(exhibit, order, roots, quiet=quiet, tell=tell)
        _claim(order)
        return exhibit.carry_out(exhibit, asked)
    _claim(order)
    choice = Choice(
        rows=order.rows,
        columns=order.columns,
        seeds=order.seeds,
        settings=order.settings,
        smoke=order.smoke,
    )
    table = exhibit.table if isinstance(exhibit, Figure) else exhibit
    assert isinstance(table, Table)
    done = reproduce(table, order.place, data=roots, choice=choice, quiet=quiet, tell=tell)
    if isinstance(exhibit, Figure):
        for path in exhibit.draw(done, order.place):
            tell(f"wrote {path}")
    return done


def _experiment_order(
    exhibit: Experiment, order: Order, roots: Mapping[str, Path], *, quiet: bool, tell: Callable[[str], None]
) -> ExperimentOrder:
    """The same order, of an experiment.

    Raises:
        ConfigError: It asks for rows, columns or several seeds.
    """
    if order.rows or order.columns or len(order.seeds) > 1:
        raise ConfigError(
            f"{order.key} has no rows and no columns, and is run with one seed",
            hint="leave out --row and --column; repeat it with another --seed and another -o",
        )
    return ExperimentOrder(
        folder=order.place,
        data=roots.get(exhibit.dataset),
        others={name: roots[name] for name in exhibit.others if name in roots},
        settings=order.settings,
        seed=next(iter(order.seeds), 0),
        smoke=order.smoke,
        quiet=quiet,
        tell=tell,
    )


def _claim(order: Order) -> None:
    folder = order.place
    if not folder.exists() or order.resume:
        return
    if (folder / JSON_FILE).exists() or (folder / "runs").exists():
        raise ConfigError(f"{folder} holds results already", hint="go on with --resume, or name another folder: -o")
    if is_occupied(folder):
        raise ConfigError(f"{folder} holds something else", hint="name a new or an empty folder: -o FOLDER")


def listing(*, as_json: bool = False) -> str:
    """All tables and figures, one a line."""
    facts = [
        _experiment_facts(exhibit) if isinstance(exhibit, Experiment) else _facts(exhibit)
        for exhibit in EXHIBITS.values()
    ]
    if as_json:
        return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    lines = []
    for one in facts:
        repeatable = f"{one['n_repeatable']} of {one['n_rows']} rows" if one["n_rows"] else "in words"
        lines.append(f"{one['key']:22}  {one['title']}")
        lines.append(f"{'':22}  {repeatable}; data: {', '.join(one['datasets'])}")
    lines.append("")
    lines.append("tutti reproduce KEY --data FOLDER runs one; --smoke runs it small, without data")
    return "\n".join(lines) + "\n"


def _experiment_facts(exhibit: Experiment) -> dict[str, Any]:
    return {
        "key": exhibit.key,
        "title": exhibit.title,
        "source": exhibit.source,
        "note": exhibit.note,
        "datasets": [exhibit.dataset, *exhibit.others],
        "statements": [one.text for one in exhibit.statements],
        "n_rows": 0,
    }


def _facts(exhibit: Exhibit) -> dict[str, Any]:
    table = exhibit.table if isinstance(exhibit, Figure) else exhibit
    assert isinstance(table, Table)
    return {
        "key": exhibit.key,
        "title": exhibit.title,
        "source": exhibit.source,
        "note": exhibit.note,
        "datasets": list(dict.fromkeys(column.dataset for column in table.columns)),
        "columns": [column.name for column in table.columns],
        "rows": {row.name: row.obstacle for row in table.rows},
        "n_rows": len(table.rows),
        "n_repeatable": sum(row.obstacle is None for row in table.rows),
        "seeds": list(table.seeds),
    }
