"""Writes the tables of taggers.md, and that of networks in performance.md, from the taggers: ``make docs`` runs it.

Sizes are computed, published scores come from ``tutti.papers``, speeds from what ``bench/inference.py --json`` left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from tutti.audio.cqt import LogCQT
from tutti.audio.harmonic import HarmonicSpectrogram
from tutti.audio.timbre import TimbreStatistics
from tutti.models.tagger import Tagger
from tutti.models.taggers import ARCHITECTURES, build_tagger
from tutti.papers.table import Column, Row, Table
from tutti.papers.won2021 import TABLES

DOCS = Path(__file__).parent
SPEEDS = DOCS / "taggers-speed.json"
N_LABELS = 50
RAW_RATE = 16_000  # Hz, of all that hear samples
SCORED = ("won2021/table3.1", "won2021/table3.2", "won2021/table3.6", "won2021/table3.10", "won2021/table3.11")
# Rows that no recipe repeats, but whose network is known.
NETWORKS = {("won2021/table3.11", "transformer-da-kd"): "music_tagging_transformer_student"}


def pages() -> dict[Path, str]:
    """The pages with their tables as they should be."""
    tables = {"taggers.md": {"sizes": sizes(), "scores": scores()}, "performance.md": {"speeds": speeds()}}
    return {DOCS / name: page((DOCS / name).read_text(encoding="utf-8"), tables[name]) for name in tables}


def page(text: str, tables: Mapping[str, str]) -> str:
    """A page with its tables between their marks."""
    for name, table in tables.items():
        begin, end = f"<!-- {name}, written by docs/write_models.py -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        text = before + begin + "\n" + table + "\n" + end + rest.partition(end)[2]
    return text


def table_of(head: str, rule: str, rows: Iterator[str]) -> str:
    """A table in Markdown."""
    return "\n".join([head, rule, *rows]) + "\n"


def sizes() -> str:
    """What each tagger hears, what comes out, and how large it is."""
    return table_of(
        "| name | paper | hears | as | vector | parameters | one cell hears | tokens | multiply-adds | a second |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        (size(name) for name in ARCHITECTURES),
    )


def size(name: str) -> str:
    """A tagger's row."""
    architecture = ARCHITECTURES[name]
    config = architecture.config
    with torch.device("meta"), torch.no_grad():  # shapes without numbers: nothing is computed
        tagger = build_tagger(name, N_LABELS).eval().to("meta")
        features = tagger.frontend(torch.zeros(1, config.n_samples))
    n_parameters = sum(parameter.numel() for parameter in tagger.parameters())
    n_multiply_adds, heard = followed(tagger, features)
    seconds = config.n_samples / config.sample_rate
    cells = [
        f"`{name}`",
        architecture.paper,
        f"{seconds:.2f} s at {config.sample_rate / 1000:g} kHz",
        described(tagger, features),
        str(tagger.embed_dim),
        f"{n_parameters:,}",
        f"{min(seconds, heard):.2f} s",
        tokens(tagger, features),
        f"{n_multiply_adds / 1e9:.2f} G",
        f"{speed['folded']:.1f}" if (speed := measured()["taggers"].get(name)) else "–",
    ]
    return "| " + " | ".join(cells) + " |"


def described(tagger: Tagger, features: Tensor) -> str:
    """The front end and what it gives."""
    shape = " × ".join(f"{length:,}" for length in features.shape[1:])
    if isinstance(tagger.frontend, HarmonicSpectrogram):
        return f"harmonics × notes × frames: {shape}"
    if isinstance(tagger.frontend, LogCQT):
        return f"semitones × frames: {shape}"
    if isinstance(tagger.frontend, TimbreStatistics):
        return f"statistics of timbre: {shape}"
    return f"mel bands × frames: {shape}" if features.shape[1] > 1 else "samples"


def tokens(tagger: Tagger, features: Tensor) -> str:
    """How many tokens a sequence model attends to, and how far apart."""
    encoder: Any = tagger.encoder
    if not hasattr(encoder, "token_hop"):
        return "–"
    with torch.no_grad():
        n_tokens = encoder.tokens(features).shape[1]
    return f"{encoder.n_special} + {n_tokens - encoder.n_special}"


def followed(tagger: Tagger, features: Tensor) -> tuple[int, float]:
    """Multiply-adds of encoder and head for one excerpt, and the seconds that a cell of the last convolution hears.

    A multiplication with its addition counts once.
    """
    encoder: Any = tagger.encoder
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter, Extents(features) as extents:
        # Written out, attention consists of products, which are counted on every device.
        is_sequence = hasattr(encoder, "read")
        tagger.head(encoder.read(features).representation if is_sequence else encoder(features))
    config: Any = getattr(tagger.frontend, "config", None)
    sample_rate, n_cells = config.sample_rate if config else RAW_RATE, extents.longest
    n_samples = (n_cells - 1) * config.hop_length + config.n_fft if config else n_cells
    return int(counter.get_total_flops()) // 2, n_samples / sample_rate


class Extents(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """While this context holds, knows how much of ``features`` along time each tensor's cells depend on.

    Attention, recurrence and pooling over all of time are left out: behind them, a cell hears everything.
    """

    def __init__(self, features: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._fields: dict[int, tuple[int, int]] = {id(features): (1, 1)}  # cells heard, cells from one to the next
        self._kept: list[Tensor] = [features]  # alive, so that no other tensor takes its name
        self.longest = 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
        known = [self._fields[id(one)] for one in inputs if id(one) in self._fields]
        if known:
            heard, jump = max(known)
            kernel, stride = _kernel_and_stride(func.__name__, args)
            field = heard + (kernel - 1) * jump, jump * stride
            if kernel > 1:
                self.longest = max(self.longest, field[0])
            for output in tree_leaves(result):
                if isinstance(output, Tensor):
                    self._fields[id(output)] = field
                    self._kept.append(output)
        return result


def _kernel_and_stride(operation: str, args: Any) -> tuple[int, int]:
    """Along the last axis, which is time."""
    if operation.startswith("convolution"):
        return args[1].shape[-1], args[3][-1]
    if operation.startswith("max_pool"):
        return args[1][-1], (args[2] if len(args) > 2 and args[2] else args[1])[-1]
    return 1, 1


def scores() -> str:
    """The published scores of the networks that the taggers are."""
    columns = _columns()
    heads = [column.title for column in columns.values()]
    return table_of(
        "| name | printed in | " + " | ".join(heads) + " |",
        "| --- | --- |" + " --- |" * len(heads),
        _score_rows(list(columns)),
    )


def _columns() -> dict[str, Column]:
    return {column.name: column for table in _tables() for column in table.columns}


def _tables() -> list[Table]:
    return [table for table in TABLES if table.key in SCORED]


def _score_rows(columns: list[str]) -> Iterator[str]:
    printed: set[tuple[str, str]] = set()
    by_tagger: dict[str, list[str]] = {}
    for table in _tables():
        for row in table.rows:
            for tagger, published in _taggers(table, row).items():
                cells = [_areas(published.get(column)) for column in columns]
                text = " | ".join(cells)
                if (tagger, text) in printed or all((tagger, cell) in printed for cell in cells if cell != "–"):
                    continue  # tables 3.10 and 3.11 repeat what 3.1 says
                printed |= {(tagger, text), *((tagger, cell) for cell in cells)}
                number = table.key.partition("table")[2]
                by_tagger.setdefault(tagger, []).append(f"| {tagger} | {number}, {row.title} | {text} |")
    for name in ARCHITECTURES:
        for tagger in sorted(by_tagger):
            if tagger.partition(",")[0] == f"`{name}`":
                yield from by_tagger[tagger]


def _taggers(table: Table, row: Row) -> dict[str, dict[str, tuple[float, ...]]]:
    """Names of the taggers of a row, with the published values by column."""
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for column, values in row.published.items():
        if (table.key, row.name) in NETWORKS:
            name = f"`{NETWORKS[table.key, row.name]}`"
        elif row.obstacle is not None:
            continue
        else:
            model = table.recipe(row, table.column(column))["model"]
            options = ", ".join(f"{key}={value}" for key, value in model.get("options", {}).items() if key != "pooling")
            name = f"`{model['architecture']}`" + (f", {options}" if options else "")
        found.setdefault(name, {})[column] = tuple(values)
    return found


def _areas(values: tuple[float, ...] | None) -> str:
    if values is None:
        return "–"
    return " / ".join("–" if value != value else f"{value:.4f}" for value in values)


def speeds() -> str:
    """What was measured, where, and when."""
    rows = (
        f"| `{name}` | {one['batch']} × {one['seconds']:.1f} s | {one['folded']:.1f} | {one['plain']:.1f} "
        f"| {one['ratio']:.2f} ({one['from']:.2f} to {one['to']:.2f}) | {one['difference']:.0e} "
        f"| {one['folded'] * one['seconds']:.0f} |"
        for name, one in measured()["taggers"].items()
    )
    table = table_of(
        "| architecture | batch | folded | plain | ratio | largest difference | seconds of sound a second |",
        "| --- | --- | ---: | ---: | --- | --- | ---: |",
        rows,
    )
    return f"{measured()['date']}; {measured()['machine']}.\n\n{table}"


def measured() -> Mapping[str, Any]:
    """What ``bench/inference.py --json`` left."""
    found: Mapping[str, Any] = json.loads(SPEEDS.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
