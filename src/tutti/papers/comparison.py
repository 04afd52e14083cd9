"""Ours beside the published values, with the difference: what ``tutti reproduce`` writes and prints.

How the values come about is ``tutti.papers.reproduction``'s matter.
"""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutti.evaluation.report import TITLES, Estimate, Report
from tutti.evaluation.tag_retrieval import TagRetrievalReport
from tutti.evaluation.tag_retrieval import title_of as tag_title_of
from tutti.files import write_text
from tutti.papers.table import CLASS_F1, Column, Row, Table

JSON_FILE, MARKDOWN_FILE = "comparison.json", "comparison.md"
LARGEST_WIDTH = 6  # metrics beside one another; more stand below one another
SMOKE = "Smoke run on a tiny generated world: it shows that the whole path works. The scores say nothing of the models."


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run of a cell.

    Attributes:
        seed: Of the training.
        report: Of the trained model; None where the run failed.
        failure: Why it failed, or None.
    """

    seed: int
    report: Report | TagRetrievalReport | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A row on a column, run with one or several seeds.

    Attributes:
        row: Of the table.
        column: Of the table.
        runs: One a seed; none where the row cannot be repeated.
    """

    row: Row
    column: Column
    runs: tuple[Run, ...] = ()

    def published(self, metric: str) -> float:
        """The printed value; NaN where there is none."""
        return self._printed(self.row.published, metric)

    def published_spread(self, metric: str) -> float:
        """The printed standard deviation; NaN where there is none."""
        return self._printed(self.row.spread, metric)

    def _printed(self, printed: Mapping[str, Sequence[float]], metric: str) -> float:
        values = printed.get(self.column.name, ())
        position = self.column.metrics.index(metric)
        return values[position] if position < len(values) else math.nan

    def ours(self, metric: str) -> Estimate | None:
        """The mean over seeds, with the interval's ends averaged too; None where no run succeeded."""
        estimates = self._estimates(metric)
        if not estimates:
            return None
        ends = ([getattr(one, end) for one in estimates] for end in ("value", "low", "high"))
        value, low, high = (statistics.fmean(one) for one in ends)
        return Estimate(value=value, low=low, high=high)

    def spread(self, metric: str) -> float:
        """Standard deviation over seeds; NaN with fewer than two."""
        values = [one.value for one in self._estimates(metric)]
        return statistics.stdev(values) if len(values) > 1 else math.nan

    def _estimates(self, metric: str) -> list[Estimate]:
        """One of each run that has the metric; of a class's F1, without an interval."""
        found = []
        for report in (run.report for run in self.runs if run.report):
            labels = report.labels if isinstance(report, Report) else ()
            of_class = {CLASS_F1 + one.label: one.f1 for one in labels}
            if metric in report.metrics:
                found.append(report.metrics[metric])
            elif metric in of_class:
                found.append(Estimate(value=of_class[metric], low=math.nan, high=math.nan))
        return found


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A table as it came out here.

    Attributes:
        table: What was published.
        cells: What was run.
        smoke: Whether it was run on the tiny world, only to see that it works.
        missing: Columns without data here, and what was wanted.
    """

    table: Table
    cells: tuple[Cell, ...]
    smoke: bool = False
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> dict[str, str]:
        """Runs that failed, and why."""
        return {
            f"{cell.row.name} on {cell.column.name}, seed {run.seed}": run.failure
            for cell in self.cells
            for run in cell.runs
            if run.failure is not None
        }

    def to_markdown(self) -> str:
        """A table for each column."""
        lines = [f"# {self.table.key}: {self.table.title}", "", f"{self.table.source}. {self.table.note}".strip(), ""]
        if self.smoke:
            lines += [SMOKE, ""]
        for column in dict.fromkeys(cell.column.name for cell in self.cells):
            cells = [cell for cell in self.cells if cell.column.name == column]
            lines += [*_column_lines(cells), ""]
        lines += [f"- no {name}: {reason}" for name, reason in self.missing.items()]
        lines += [f"- failed: {name}: {reason}" for name, reason in self.failures.items()]
        return "\n".join(lines).rstrip() + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        return {
            "table": self.table.key,
            "smoke": self.smoke,
            "missing": self.missing,
            "cells": [_cell_json(cell) for cell in self.cells],
        }

    def write(self, folder: Path) -> None:
        """Write ``comparison.json`` and ``comparison.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def _column_lines(cells: list[Cell]) -> Iterator[str]:
    column = cells[0].column
    reports = [run.report for cell in cells for run in cell.runs if run.report is not None]
    yield f"## {column.title}"
    yield ""
    if reports:
        seeds = ", ".join(str(seed) for seed in sorted({run.seed for cell in cells for run in cell.runs}))
        first = reports[0]
        yield (
            f"{column.dataset}, protocol {column.protocol}, split {first.split}, {first.n_items:,} items, "
            f"training seeds {seeds}, {first.bootstrap.level:.0%} intervals of {first.bootstrap.n_resamples:,} "
            f"resamples (bootstrap seed {first.bootstrap.seed})."
        )
        yield ""
    yield from _tall(cells) if len(column.metrics) > LARGEST_WIDTH else _wide(cells)


def title_of(metric: str) -> str:
    """What a reader knows a metric as.

    >>> title_of("f1 of New Age")
    'F1, New Age'
    """
    if metric.startswith(CLASS_F1):
        return f"F1, {metric.removeprefix(CLASS_F1)}"
    return TITLES.get(metric) or tag_title_of(metric)


def _wide(cells: list[Cell]) -> Iterator[str]:
    """A line for each row of the published table."""
    heads = [head for metric in cells[0].column.metrics for head in (title_of(metric), "published", "difference")]
    yield "| " + " | ".join(["", *heads]) + " |"
    yield "| --- |" + " ---: |" * len(heads)
    for cell in cells:
        values = [_values(cell, metric) for metric in cell.column.metrics]
        reason = _reason(cell)
        if reason and not any(ours for ours, *_ in values):
            values[0] = (reason, *values[0][1:])
        yield "| " + " | ".join([cell.row.title, *(text for value in values for text in value)]) + " |"


def _tall(cells: list[Cell]) -> Iterator[str]:
    """A line for each metric: of many, such as every class's F1."""
    heads = [head for cell in cells for head in ((cell.row.title, "published") if cell.runs else (cell.row.title,))]
    yield "| " + " | ".join(["", *heads]) + " |"
    yield "| --- |" + " ---: |" * len(heads)
    for metric in cells[0].column.metrics:
        values = []
        for cell in cells:
            ours, published, _ = _values(cell, metric)
            values += [ours, published] if cell.runs else [published]
        yield "| " + " | ".join([title_of(metric), *values]) + " |"
    yield ""
    for cell in cells:
        if _reason(cell):
            yield f"- {cell.row.title}: {_reason(cell)}"


def _values(cell: Cell, metric: str) -> tuple[str, str, str]:
    """Ours, published, difference; each empty where there is none."""
    ours, published = cell.ours(metric), cell.published(metric)
    told = "" if math.isnan(published) else f"{published:.4f}{_deviation(cell.published_spread(metric))}"
    if ours is None:
        return "", told, ""
    interval = "" if math.isnan(ours.low) else f" [{ours.low:.4f}, {ours.high:.4f}]"
    difference = "" if math.isnan(published) else f"{ours.value - published:+.4f}"
    return f"{ours.value:.4f}{_deviation(cell.spread(metric))}{interval}", told, difference


def _deviation(spread: float) -> str:
    return "" if math.isnan(spread) else f" ± {spread:.4f}"


def _reason(cell: Cell) -> str:
    if cell.row.obstacle is not None:
        return f"not repeated: {cell.row.obstacle}"
    return "failed" if cell.runs and all(run.failure for run in cell.runs) else ""


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _cell_json(cell: Cell) -> dict[str, Any]:
    metrics = {}
    for metric in cell.column.metrics:
        ours, published = cell.ours(metric), cell.published(metric)
        metrics[metric] = {
            "ours": None if ours is None else {key: _known(one) for key, one in dataclasses.asdict(ours).items()},
            "published": _known(published),
            "published_spread": _known(cell.published_spread(metric)),
            "difference": None if ours is None or math.isnan(published) else ours.value - published,
        }
    return {
        "row": cell.row.name,
        "column": cell.column.name,
        "dataset": cell.column.dataset,
        "protocol": cell.column.protocol,
        "obstacle": cell.row.obstacle,
        "metrics": metrics,
        "runs": [
            {"seed": run.seed, "failure": run.failure, "report": run.report.to_json() if run.report else None}
            for run in cell.runs
        ],
    }
