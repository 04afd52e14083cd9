"""Two models on the same items: how their scores differ, overall and label by label, and how surely.

Both see the same resamples (``intervals``). The items are those that both predicted, the labels those that both know;
whoever was left out is counted. Many labels are many tests: one in twenty differs at p < 0.05 by chance alone, so the
labels' p-values are corrected by Holm's method.

References:
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError
from tutti.evaluation.intervals import (
    Bootstrap,
    Difference,
    difference_of_samples,
    metrics_of,
    resampled_areas,
    resampled_decisions,
)
from tutti.evaluation.multilabel import FloatMatrix, pr_auc_by_label
from tutti.evaluation.report import OF_CLASSES, TITLES, Predicted

TOLD_LABELS = 10


@dataclass(frozen=True, kw_only=True)
class LabelDifference:
    """How one label's PR-AUC differs, first minus second.

    Attributes:
        label: Its name.
        n_positives: Items that carry it.
        pr_auc: The difference; its p-value holds for this label alone.
        holm_p_value: Corrected for the number of labels.
    """

    label: str
    n_positives: int
    pr_auc: Difference
    holm_p_value: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on the same items, first minus second.

    Attributes:
        first: A model's name.
        second: The other's.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That both predicted.
        n_left_out: Items, and labels, that only one of the two has.
        bootstrap: How resamples were drawn.
        metrics: Differences by metric.
        labels: The labels that can be scored, the largest difference of PR-AUC first.
    """

    first: str
    second: str
    dataset: str
    split: str
    n_items: int
    n_left_out: tuple[int, int]
    bootstrap: Bootstrap
    metrics: dict[str, Difference]
    labels: tuple[LabelDifference, ...]

    @property
    def alpha(self) -> float:
        """The chance of a false alarm that is taken: 1 minus the intervals' level."""
        return 1 - self.bootstrap.level

    @property
    def n_resamples_lacking(self) -> int:
        """Resamples that must be added before any label's corrected p-value can fall below alpha; 0 if it can now."""
        # the smallest p-value is 2 / (resamples + 1), and Holm multiplies the smallest by the number of labels
        needed = math.floor(2 * len(self.labels) / self.alpha + 1e-9)
        return max(0, needed - self.bootstrap.n_resamples)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    def to_markdown(self) -> str:
        """A page with a table of metrics and one of the labels that differ most."""
        bootstrap = self.bootstrap
        items, labels = self.n_left_out
        lines = [
            f"# {self.first} minus {self.second}",
            "",
            f"Dataset {self.dataset}, split {self.split}, {self.n_items} items that both predicted "
            f"({items} items and {labels} labels left out), bootstrap seed {bootstrap.seed}. Paired: "
            f"{bootstrap.level:.0%} intervals and p-values from the same {bootstrap.n_resamples:,} resamples of the "
            "items. They tell what other items could change, not what other training seeds could.",
            "",
            "| metric | difference | interval | p |",
            "| --- | ---: | --- | ---: |",
            *[_row(TITLES[name], one) + f" {one.p_value:.3g} |" for name, one in self.metrics.items()],
            "",
            f"The {min(TOLD_LABELS, len(self.labels))} of {len(self.labels)} labels whose PR-AUC differs most. So "
            "many tests find differences by chance: trust the corrected p-value (Holm), not the plain one."
            + self._lacking(),
            "",
            "| label | difference of PR-AUC | interval | p | p, corrected | items |",
            "| --- | ---: | --- | ---: | ---: | ---: |",
            *[
                _row(one.label, one.pr_auc) + f" {one.pr_auc.p_value:.3g} | {one.holm_p_value:.3g} | "
                f"{one.n_positives} |"
                for one in self.labels[:TOLD_LABELS]
            ],
        ]
        return "\n".join(lines) + "\n"

    def _lacking(self) -> str:
        if not self.n_resamples_lacking:
            return ""
        return (
            f" With {self.bootstrap.n_resamples:,} resamples none can fall below {self.alpha:.2g}: "
            f"take {self.bootstrap.n_resamples + self.n_resamples_lacking:,} or more."
        )


def compare(first: Predicted, second: Predicted, *, bootstrap: Bootstrap, threshold: float = 0.5) -> Comparison:
    """The paired comparison of two models' predictions.

    Raises:
        ConfigError: They share no items or no labels, differ in task, or disagree on the truth.
        ShapeError: No shared label has both positives and negatives.
    """
    ours, theirs = paired(first, second)
    samples, values = [], []
    for one in (ours, theirs):
        decisions = one.decisions(threshold)
        areas = resampled_areas(one.targets, one.scores, bootstrap=bootstrap)
        samples.append(areas | resampled_decisions(one.targets, decisions, bootstrap=bootstrap))
        values.append(metrics_of(one.targets, one.scores, decisions))
        if one.task == "classes":
            samples[-1]["accuracy"], values[-1]["accuracy"] = samples[-1]["f1_micro"], values[-1]["f1_micro"]
    wanted = [name for name in TITLES if name in values[0] and (ours.task == "tags" or name in OF_CLASSES)]
    metrics = {
        name: difference_of_samples(samples[0][name] - samples[1][name], values[0][name] - values[1][name], bootstrap)
        for name in wanted
    }
    return Comparison(
        first=first.model,
        second=second.model,
        dataset=first.dataset,
        split=first.split,
        n_items=len(ours.ids),
        n_left_out=(len({*first.ids} ^ {*second.ids}), len({*first.labels} ^ {*second.labels})),
        bootstrap=bootstrap,
        metrics=metrics,
        labels=_labels(ours, theirs, samples[0]["pr_auc"] - samples[1]["pr_auc"], bootstrap),
    )


def paired(first: Predicted, second: Predicted) -> tuple[Predicted, Predicted]:
    """Both predictions on the items and labels that they share, in the first one's order.

    Raises:
        ConfigError: They share none, differ in task, or disagree on the truth.
    """
    if first.task != second.task:
        raise ConfigError(
            f"{first.model} predicts {first.task}, {second.model} {second.task}",
            hint="compare two models of tags, or two of classes",
        )
    ids = [key for key in first.ids if key in {*second.ids}]
    labels = [label for label in first.labels if label in {*second.labels}]
    if not ids or not labels:
        raise ConfigError(
            f"{first.model} and {second.model} share {len(ids)} items and {len(labels)} labels",
            hint="compare models of the same labels on the same catalogue and split",
        )
    if first.task == "classes" and {*first.labels} != {*second.labels}:
        raise ConfigError(
            f"{first.model} and {second.model} decide between different classes",
            hint="compare models of the same classes",
        )
    ours, theirs = (_restricted(one, ids, labels) for one in (first, second))
    if not np.array_equal(ours.targets, theirs.targets):
        raise ConfigError(
            f"{first.model} and {second.model} were scored against different tags of the same items",
            hint="predict again with both on the same catalogue",
        )
    return ours, theirs


def holm(p_values: NDArray[np.float64]) -> FloatMatrix:
    """P-values corrected for their number, so that the chance of any false alarm stays at the level.

    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def _labels(
    ours: Predicted, theirs: Predicted, samples: FloatMatrix, bootstrap: Bootstrap
) -> tuple[LabelDifference, ...]:
    values = pr_auc_by_label(ours.targets, ours.scores) - pr_auc_by_label(theirs.targets, theirs.scores)
    columns = np.flatnonzero(~np.isnan(values))
    found = [_existing(samples[:, column], float(values[column]), bootstrap) for column in columns]
    corrected = holm(np.array([one.p_value for one in found]))
    rows = [
        LabelDifference(
            label=ours.labels[int(column)],
            n_positives=int(ours.targets[:, column].sum()),
            pr_auc=one,
            holm_p_value=float(p_value),
        )
        for column, one, p_value in zip(columns, found, corrected, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.pr_auc.value)))


def _existing(samples: FloatMatrix, value: float, bootstrap: Bootstrap) -> Difference:
    """Where no resample has the label, nothing is known: p is 1."""
    samples = samples[~np.isnan(samples)]
    if not len(samples):
        return Difference(value=value, low=-1.0, high=1.0, p_value=1.0)
    return difference_of_samples(samples, value, bootstrap)


def _restricted(one: Predicted, ids: list[str], labels: list[str]) -> Predicted:
    row, column = ({name: i for i, name in enumerate(names)} for names in (one.ids, one.labels))
    cells = np.ix_([row[key] for key in ids], [column[label] for label in labels])
    return dataclasses.replace(one, ids=ids, labels=labels, targets=one.targets[cells], scores=one.scores[cells])


def _row(title: str, one: Difference) -> str:
    return f"| {title} | {one.value:+.3f} | {one.low:+.3f} to {one.high:+.3f} |"
