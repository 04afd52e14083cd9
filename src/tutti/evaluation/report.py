"""Reports: scores with their intervals and what a reader needs to trust them, as JSON, Markdown or a line.

A score is never told without the dataset, the split, the seed and the number of items. The scores themselves
come from ``multilabel`` and ``intervals``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.evaluation import multilabel
from tutti.evaluation.intervals import Bootstrap, resampled_metrics
from tutti.evaluation.multilabel import BoolMatrix
from tutti.files import write_text

JSON_FILE, MARKDOWN_FILE = "report.json", "report.md"
TITLES = {
    "roc_auc_macro": "ROC-AUC, macro",
    "roc_auc_micro": "ROC-AUC, micro",
    "pr_auc_macro": "PR-AUC, macro",
    "pr_auc_micro": "PR-AUC, micro",
    "precision_macro": "precision, macro",
    "recall_macro": "recall, macro",
    "f1_macro": "F1, macro",
}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A score and the interval that it lies in; NaN where it does not exist."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_number(self.value)} [{_number(self.low)}, {_number(self.high)}]"


@dataclass(frozen=True, kw_only=True)
class LabelScores:
    """The scores of one label.

    Attributes:
        label: Its name.
        n_positives: Items that carry it.
        roc_auc: NaN without positives or without negatives.
        pr_auc: The same.
        precision: Of the decisions; 0 where undefined.
        recall: The same.
        f1: The same.
    """

    label: str
    n_positives: int
    roc_auc: Estimate
    pr_auc: Estimate
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """How well a model's predictions match the truth.

    Attributes:
        model: Its name.
        dataset: The catalogue.
        split: Of it.
        n_items: That were scored.
        bootstrap: How intervals were drawn; its seed is the report's.
        threshold: A label is given where its score is at least this.
        metrics: By name, such as ``roc_auc_macro``.
        labels: The table of labels, in the model's order.
        left_out: Labels that no area exists for, and why; macro areas are means over the others.
        failures: Items that could not be scored, and why.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    bootstrap: Bootstrap
    threshold: float
    metrics: dict[str, Estimate]
    labels: tuple[LabelScores, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None

    @property
    def setting(self) -> str:
        """On what, in words."""
        trained = "" if self.training_seed is None else f"training seed {self.training_seed}, "
        seeds = f"{trained}bootstrap seed {self.bootstrap.seed}"
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {seeds}"

    def line(self) -> str:
        """The two areas in one line."""
        names = ("roc_auc_macro", "pr_auc_macro")
        areas = ", ".join(f"{TITLES[name]} {self.metrics[name]}" for name in names)
        return f"{self.model} on {self.setting}: {areas} ({self.bootstrap.level:.0%} intervals)"

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        plain: dict[str, Any] = _without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with two tables."""
        bootstrap = self.bootstrap
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {bootstrap.level:.0%} intervals from {bootstrap.n_resamples:,} "
            "bootstrap resamples of the items. PR-AUC is average precision; "
            f"decisions are scores of {self.threshold:g} or more.",
            "",
            "| metric | value | interval |",
            "| --- | ---: | --- |",
            *[
                f"| {TITLES[name]} | {_number(one.value)} | {_number(one.low)} to {_number(one.high)} |"
                for name, one in self.metrics.items()
            ],
            "",
            "| label | items | ROC-AUC | PR-AUC | precision | recall | F1 |",
            "| --- | ---: | --- | --- | ---: | ---: | ---: |",
            *[
                f"| {one.label} | {one.n_positives} | {one.roc_auc} | {one.pr_auc} "
                f"| {one.precision:.3f} | {one.recall:.3f} | {one.f1:.3f} |"
                for one in self.labels
            ],
            "",
            *_listed("Left out of the macro areas", self.left_out),
            *_listed("Items that could not be scored", self.failures),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What is to be scored.

    Attributes:
        model: Who predicted.
        dataset: The catalogue.
        split: Of it.
        labels: Of the columns.
        targets: True where a label applies. Shape (items, labels).
        scores: Probabilities. Shape (items, labels).
        failures: Items that could not be predicted, and why.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    labels: Sequence[str]
    targets: BoolMatrix
    scores: NDArray[np.float32]
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None


def score(predicted: Predicted, *, bootstrap: Bootstrap, threshold: float = 0.5) -> Report:
    """The report on predictions.

    Raises:
        ShapeError: The arrays do not fit, or no label has both positives and negatives.
    """
    targets, scores = predicted.targets, predicted.scores
    values = _values(targets, scores, threshold)
    samples = resampled_metrics(targets, scores, threshold=threshold, bootstrap=bootstrap)
    return Report(
        model=predicted.model,
        dataset=predicted.dataset,
        split=predicted.split,
        n_items=len(targets),
        bootstrap=bootstrap,
        threshold=threshold,
        metrics={name: _estimate(values[name], samples[name], bootstrap) for name in TITLES},
        labels=_label_table(predicted, samples, threshold, bootstrap),
        left_out=multilabel.unscorable_labels(targets, predicted.labels),
        failures=predicted.failures,
        training_seed=predicted.training_seed,
    )


def _values(targets: BoolMatrix, scores: NDArray[np.float32], threshold: float) -> dict[str, float]:
    precision, recall, f1 = multilabel.precision_recall_f1(targets, scores >= threshold)
    return {
        "roc_auc_macro": multilabel.roc_auc(targets, scores),
        "roc_auc_micro": multilabel.roc_auc(targets, scores, average="micro"),
        "pr_auc_macro": multilabel.pr_auc(targets, scores),
        "pr_auc_micro": multilabel.pr_auc(targets, scores, average="micro"),
        "precision_macro": precision,
        "recall_macro": recall,
        "f1_macro": f1,
    }


def _label_table(
    predicted: Predicted, samples: dict[str, NDArray[np.float64]], threshold: float, bootstrap: Bootstrap
) -> tuple[LabelScores, ...]:
    targets, scores = predicted.targets, predicted.scores
    roc, pr = multilabel.roc_auc_by_label(targets, scores), multilabel.pr_auc_by_label(targets, scores)
    decided = multilabel.precision_recall_f1_by_label(targets, scores >= threshold)
    return tuple(
        LabelScores(
            label=label,
            n_positives=int(targets[:, column].sum()),
            roc_auc=_estimate(roc[column], samples["roc_auc"][:, column], bootstrap),
            pr_auc=_estimate(pr[column], samples["pr_auc"][:, column], bootstrap),
            precision=float(decided[0, column]),
            recall=float(decided[1, column]),
            f1=float(decided[2, column]),
        )
        for column, label in enumerate(predicted.labels)
    )


def _estimate(value: float, samples: NDArray[np.float64], bootstrap: Bootstrap) -> Estimate:
    low, high = np.clip(bootstrap.interval(samples, value=value), 0.0, 1.0)
    return Estimate(value=float(value), low=float(low), high=float(high))


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.3f}"


def _listed(title: str, reasons: dict[str, str]) -> list[str]:
    if not reasons:
        return []
    return [f"{title}:", "", *[f"- {name}: {reason}" for name, reason in reasons.items()], ""]


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
