"""The table of published checkpoints: what each is, where it is published, its licence and its scores.

The figures stand in ``zoo.json`` beside this module. Finding, pulling and loading the checkpoints is
``tutti.models.zoo``'s work. To add one, add it to ``zoo.json``: its architecture must be in
``ARCHITECTURES``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

# Licences of weights that allow commercial use, by their SPDX names.
COMMERCIAL_LICENCES = frozenset({"MIT", "Apache-2.0", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0"})

PUBLISHER = "https://raw.githubusercontent.com/minzwon/sota-music-tagging-models/master"
PAPER = (
    "Won, Ferraro, Bogdanov, Serra, 'Evaluation of CNN-based automatic music tagging models', "
    "Sound and Music Computing Conference, 2020"
)
HOLDER = "Copyright (c) 2020 Music Technology Group, Universitat Pompeu Fabra"


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The dataset that a checkpoint learned from.

    Attributes:
        name: Short name, as in the checkpoint's.
        title: Full name.
        terms: Under which terms its music and its annotations are offered.
        labels: In the order of the checkpoint's outputs.
        base_rates: Share of the dataset's tracks that carry a label, 0 to 1; None where its annotations are
            not published.
        base_rates_from: Which tracks were counted.
    """

    name: str
    title: str
    terms: str
    labels: tuple[str, ...]
    base_rates: Mapping[str, float] | None = None
    base_rates_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A published checkpoint.

    Attributes:
        name: ``<architecture>-<dataset>``.
        architecture: A name in ``ARCHITECTURES``.
        data: What it learned from.
        address: Where the file is published.
        sha256: Of the published file, 64 hexadecimal digits.
        n_bytes: Size of the published file.
        scores: Published for the dataset's test split, by metric.
        licence: Of the weights, by its SPDX name.
        holder: Who holds the rights in the weights.
        paper: Where it is described.
    """

    name: str
    architecture: str
    data: TrainingData
    address: str
    sha256: str
    n_bytes: int
    scores: Mapping[str, float] = field(default_factory=dict)
    licence: str = "MIT"
    holder: str = HOLDER
    paper: str = PAPER

    @property
    def labels(self) -> tuple[str, ...]:
        """What its outputs mean, in order."""
        return self.data.labels

    @property
    def base_rates(self) -> Mapping[str, float] | None:
        """Share of the training dataset's tracks that carry each label, 0 to 1, where it is known."""
        return self.data.base_rates

    @property
    def commercial_ok(self) -> bool:
        """Whether the weights may be used commercially; what they learned from may have other terms."""
        return self.licence in COMMERCIAL_LICENCES

    @property
    def file_name(self) -> str:
        """What the published file is called in a folder of published files."""
        return f"{self.data.name}-{self.architecture}.pth"


@functools.cache
def published_checkpoints() -> Mapping[str, Entry]:
    """Every published checkpoint by name, in the order of the table."""
    table = json.loads(files("tutti.models").joinpath("zoo.json").read_text(encoding="utf-8"))
    datasets = {name: _training_data(name, row) for name, row in table["datasets"].items()}
    return {name: _entry(name, row, datasets[row["dataset"]]) for name, row in table["checkpoints"].items()}


def _training_data(name: str, row: Mapping[str, Any]) -> TrainingData:
    rates: Mapping[str, float | None] = row["labels"]
    known = {label: rate for label, rate in rates.items() if rate is not None}
    return TrainingData(
        name=name,
        title=row["title"],
        terms=row["terms"],
        labels=tuple(rates),
        base_rates=known or None,
        base_rates_from=row["base_rates_from"],
    )


def _entry(name: str, row: Mapping[str, Any], data: TrainingData) -> Entry:
    architecture = row["architecture"]
    return Entry(
        name=name,
        architecture=architecture,
        data=data,
        address=f"{PUBLISHER}/models/{data.name}/{architecture}/best_model.pth",
        sha256=row["sha256"],
        n_bytes=row["n_bytes"],
        scores={metric: row[metric] for metric in ("roc_auc_macro", "pr_auc_macro")},
    )
