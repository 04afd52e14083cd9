"""Writes the table in guides/datasets.md from the datasets' own modules: ``make docs`` runs it."""

from __future__ import annotations

from pathlib import Path

from tutti.data.datasets import DATASETS
from tutti.data.datasets.dataset import Dataset, Protocol

PAGE = Path(__file__).parent / "guides" / "datasets.md"
BEGIN, END = "<!-- written by docs/write_datasets.py -->\n", "<!-- end -->\n"
HEAD = "| name | protocol | labels | train | valid | test | licence |\n| --- | --- | ---: | ---: | ---: | ---: | --- |"
N_PROTOCOLS = 4  # a dataset with more shows those whose counts are published, or its first


def page(text: str) -> str:
    """The guide with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2]


def table() -> str:
    """The table in Markdown: a row for each protocol."""
    return "\n".join([HEAD, *(row for dataset in DATASETS.values() for row in rows(dataset))]) + "\n"


def rows(dataset: Dataset) -> list[str]:
    """A dataset's rows; the first names it and its licence."""
    protocols = list(dataset.protocols.values())
    if len(protocols) > N_PROTOCOLS:
        protocols = [protocol for protocol in protocols if protocol.n_tracks] or protocols[:N_PROTOCOLS]
    first, *others = (cells(protocol) for protocol in protocols)
    link = f"[{dataset.title}]({dataset.homepage})<br>`{dataset.name}`"
    return [f"| {link} | {first} | {dataset.licence} |", *(f"| | {other} | |" for other in others)]


def cells(protocol: Protocol) -> str:
    """Name, number of labels, and tracks of each split."""
    counts = [
        f"{protocol.n_tracks[split]:,}" if split in protocol.n_tracks else "–" for split in ("train", "valid", "test")
    ]
    n_labels = len(protocol.labels) if protocol.labels else "–"
    return f"`{protocol.name}` | {n_labels} | " + " | ".join(counts)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
