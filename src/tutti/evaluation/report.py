"""Reports: scores with their intervals and what a reader needs to trust them, as JSON, Markdown or a line.

A score is never told without the dataset, the split, the seed and the number of items. The scores themselves
come from ``multilabel`` and ``intervals``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError
from tutti.evaluation import multilabel, singlelabel
from tutti.evaluation.diversity import DEPTHS, adiv_at_k, adiv_interval
from tutti.evaluation.intervals import Bootstrap, metrics_of, resampled_areas, resampled_decisions
from tutti.evaluation.multilabel import BoolMatrix
from tutti.evaluation.thresholds import DEFAULT_THRESHOLD, global_threshold, thresholds_by_label
from tutti.files import write_text

JSON_FILE, MARKDOWN_FILE = "report.json", "report.md"
AVERAGES = ("macro", "micro", "weighted")
TITLES = {
    **{f"roc_auc_{average}": f"ROC-AUC, {average}" for average in AVERAGES},
    **{f"pr_auc_{average}": f"PR-AUC, {average}" for average in AVERAGES},
    **{f"precision_{average}": f"precision, {average}" for average in AVERAGES},
    **{f"recall_{average}": f"recall, {average}" for average in AVERAGES},
    **{f"f1_{average}": f"F1, {average}" for average in AVERAGES},
    "f1_samples": "F1, samples",
    "accuracy_elements": "accuracy, elements",
    "accuracy_subset": "accuracy, subset",
    **{f"f1_{average}_half": f"F1 at 0.5, {average}" for average in (*AVERAGES, "samples")},
    **{f"f1_{average}_tuned": f"F1 at tuned thresholds, {average}" for average in (*AVERAGES, "samples")},
    "f1_micro_tuned_global": "F1 at one tuned threshold, micro",
    **{f"adiv_at_{depth}": f"ADiv@{depth}" for depth in DEPTHS},
    "accuracy": "accuracy",
    "log_loss": "log loss",
}
OF_CLASSES = (
    *("accuracy", "f1_macro", "f1_weighted", "precision_macro", "recall_macro"),
    *("roc_auc_macro", "pr_auc_macro"),
)


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
        accuracy: Share of the items for which the decision is right.
        tuned_threshold: Where its F1 is highest on the split that was tuned on; None untuned.
        f1_tuned: F1 at that threshold.
    """

    label: str
    n_positives: int
    roc_auc: Estimate
    pr_auc: Estimate
    precision: float
    recall: float
    f1: float
    accuracy: float = math.nan
    tuned_threshold: float | None = None
    f1_tuned: float | None = None


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """Thresholds that maximise F1, and what they were tuned on.

    Attributes:
        split: Never the one that is reported.
        n_items: Of it.
        by_label: For each label its own, which maximise macro F1. In the order of the labels.
        for_all: The one for all labels that maximises micro F1.
    """

    split: str
    n_items: int
    by_label: tuple[float, ...]
    for_all: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """How well a model's predictions match the truth.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That were scored.
        bootstrap: How intervals were drawn; its seed is the report's.
        threshold: A label is given where its score is at least this.
        metrics: By name, such as ``roc_auc_macro``.
        labels: The table of labels, in the model's order.
        left_out: Labels that no area exists for, or that were never learned, and why; macro areas are means over the
            others.
        failures: Items that could not be scored, and why.
        training_seed: Of the model, where known.
        task: ``tags`` or ``classes``; of classes the most probable is decided, and the threshold plays no part.
        tuned: Thresholds tuned on another split.
        confusion: Of classes: items of each class (rows) by the class they were taken for (columns).
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
    task: str = "tags"
    tuned: Tuned | None = None
    confusion: tuple[tuple[int, ...], ...] | None = None

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {seeds}"

    def line(self) -> str:
        """The two areas, or of classes the accuracy, in one line."""
        names = ("accuracy", "f1_macro") if self.task == "classes" else ("roc_auc_macro", "pr_auc_macro")
        areas = ", ".join(f"{TITLES[name]} {self.metrics[name]}" for name in names)
        return f"{self.model} on {self.setting}: {areas} ({self.bootstrap.level:.0%} intervals)"

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        plain: dict[str, Any] = without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with two tables."""
        bootstrap = self.bootstrap
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {bootstrap.level:.0%} intervals from {bootstrap.n_resamples:,} "
            f"bootstrap resamples of the items. PR-AUC is average precision; {self._decided()}.{self._diversity()}",
            "",
            "| metric | value | interval |",
            "| --- | ---: | --- |",
            *[
                f"| {TITLES[name]} | {_number(one.value)} | {_number(one.low)} to {_number(one.high)} |"
                for name, one in self.metrics.items()
            ],
            "",
            *self._table_of_labels(),
            "",
            *_listed("Left out of the macro areas", self.left_out),
            *_listed("Items that could not be scored", self.failures),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def _table_of_labels(self) -> list[str]:
        heads = "| label | items | ROC-AUC | PR-AUC | precision | recall | F1 |"
        rule = "| --- | ---: | --- | --- | ---: | ---: | ---: |"
        rows = [
            f"| {one.label} | {one.n_positives} | {one.roc_auc} | {one.pr_auc} "
            f"| {one.precision:.3f} | {one.recall:.3f} | {one.f1:.3f} |"
            for one in self.labels
        ]
        if self.tuned is None:
            return [heads, rule, *rows]
        tuned = [f" {one.f1_tuned:.3f} | {one.tuned_threshold:.3g} |" for one in self.labels]
        return [
            f"{heads} F1 at tuned | threshold |",
            f"{rule} ---: | ---: |",
            *[row + more for row, more in zip(rows, tuned, strict=True)],
        ]

    def _decided(self) -> str:
        if self.task == "classes":
            return "the most probable class is decided; areas are of one class against the rest"
        decided = f"decisions are scores of {self.threshold:g} or more"
        if self.tuned is None:
            return decided
        return (
            f"{decided}; tuned thresholds maximise F1 on split {self.tuned.split} "
            f"({self.tuned.n_items} items): each label's own, or {self.tuned.for_all:.3g} for all"
        )

    def _diversity(self) -> str:
        if not any(name.startswith("adiv") for name in self.metrics):
            return ""
        return (
            " ADiv@N is the share of the labels that are among the N highest of some item; its intervals follow from "
            "how many labels hang on one item, as resamples reach no new labels."
        )

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What is to be scored.

    Attributes:
        model: Who predicted.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        labels: Of the columns.
        targets: True where a label applies. Shape (items, labels).
        scores: Probabilities. Shape (items, labels).
        failures: Items that could not be predicted, and why.
        training_seed: Of the model, where known.
        ids: Of the items; two models are compared on the items that both have.
        task: ``tags`` or ``classes``.
        unlearned: Labels of the model that are no columns, since no training item carried them.
    """

    model: str
    dataset: str
    split: str
    labels: Sequence[str]
    targets: BoolMatrix
    scores: NDArray[np.float32]
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None
    ids: Sequence[str] = ()
    task: str = "tags"
    unlearned: Sequence[str] = ()

    def decisions(self, threshold: float = 0.5) -> BoolMatrix:
        """What is decided: scores of at least the threshold, of classes the most probable. Shape (items, labels)."""
        if self.task == "classes":
            return singlelabel.one_hot(singlelabel.decide(self.scores), n_classes=len(self.labels))
        decisions: BoolMatrix = self.scores >= threshold
        return decisions


def seeds_in_words(bootstrap: Bootstrap, training_seed: int | None) -> str:
    """Whatever was drawn at random, as far as it is known."""
    trained = "" if training_seed is None else f"training seed {training_seed}, "
    return f"{trained}bootstrap seed {bootstrap.seed}"


def without_nan(value: Any) -> Any:
    """Plain values for JSON: null for what does not exist, lists for tuples."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def without_unlearned(predicted: Predicted, base_rates: Mapping[str, float]) -> Predicted:
    """Predictions of tags without those that no training item carried: what is said of them follows from nothing.

    Args:
        predicted: Of tags; of classes all are kept, since they are decided between.
        base_rates: Share of the training items that carry a label; a label that is not among them is kept.
    """
    kept = [column for column, label in enumerate(predicted.labels) if base_rates.get(label) != 0]
    if predicted.task == "classes" or not kept or len(kept) == len(predicted.labels):
        return predicted
    return dataclasses.replace(
        predicted,
        labels=tuple(predicted.labels[column] for column in kept),
        targets=predicted.targets[:, kept],
        scores=predicted.scores[:, kept],
        unlearned=tuple(label for label in predicted.labels if base_rates.get(label) == 0),
    )


def tune(validation: Predicted) -> Tuned:
    """The thresholds that maximise F1 on predictions for a validation split.

    Raises:
        ConfigError: They are of classes, which need no thresholds.
    """
    if validation.task == "classes":
        raise ConfigError(
            f"{validation.model} decides between classes, there is no threshold to tune", hint="leave out the tuning"
        )
    return Tuned(
        split=validation.split,
        n_items=len(validation.targets),
        by_label=tuple(thresholds_by_label(validation.targets, validation.scores).tolist()),
        for_all=global_threshold(validation.targets, validation.scores),
    )


def score(predicted: Predicted, *, bootstrap: Bootstrap, threshold: float = 0.5, tuned: Tuned | None = None) -> Report:
    """The report on predictions.

    Args:
        predicted: What is scored.
        bootstrap: How intervals are drawn.
        threshold: A label is given where its score is at least this.
        tuned: Thresholds of another split, whose F1 is reported beside.

    Raises:
        ShapeError: The arrays do not fit, or no label has both positives and negatives.
    """
    targets, decisions = predicted.targets, predicted.decisions(threshold)
    samples = resampled_areas(targets, predicted.scores, bootstrap=bootstrap)
    values = metrics_of(targets, predicted.scores, decisions)
    samples |= resampled_decisions(targets, decisions, bootstrap=bootstrap)
    if predicted.task == "classes":
        values["accuracy"], samples["accuracy"] = values["f1_micro"], samples["f1_micro"]  # one decision an item
        values = {name: values[name] for name in OF_CLASSES}
    else:
        for ending, given in _other_thresholds(threshold, tuned).items():
            other = predicted.scores >= np.asarray(given)
            resampled = resampled_decisions(targets, other, bootstrap=bootstrap)
            decided = metrics_of(targets, predicted.scores, other)
            names = [name for name in decided if f"{name}_{ending}" in TITLES]
            values |= {f"{name}_{ending}": decided[name] for name in names}
            samples |= {f"{name}_{ending}": resampled[name] for name in names}
    multilabel.roc_auc(targets, predicted.scores)  # says in words why there may be none
    return Report(
        model=predicted.model,
        dataset=predicted.dataset,
        split=predicted.split,
        n_items=len(targets),
        bootstrap=bootstrap,
        threshold=threshold,
        metrics=_metrics(predicted, values, samples, bootstrap),
        labels=_label_table(predicted, samples, decisions, tuned, bootstrap),
        left_out={
            **multilabel.unscorable_labels(targets, predicted.labels),
            **dict.fromkeys(predicted.unlearned, "never occurred in training"),
        },
        failures=predicted.failures,
        training_seed=predicted.training_seed,
        task=predicted.task,
        tuned=tuned,
        confusion=_confusion(predicted) if predicted.task == "classes" else None,
    )


def _metrics(
    predicted: Predicted, values: dict[str, float], samples: dict[str, NDArray[np.float64]], bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """In the order of the titles; of tags also the diversity, of classes the log loss, of which less is better."""
    found = {name: _estimate(values[name], samples[name], bootstrap) for name in TITLES if name in values}
    if predicted.task == "classes":
        truth = predicted.targets.argmax(axis=1)
        found["log_loss"] = _mean(singlelabel.log_loss_by_item(truth, predicted.scores), bootstrap)
    else:
        found |= _diversity(predicted.scores, bootstrap)
    return found


def _diversity(scores: NDArray[np.float32], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """At the published depths, as far as there are more labels."""
    found = {}
    for depth in DEPTHS:
        if depth < scores.shape[1]:
            low, high = adiv_interval(scores, k=depth, level=bootstrap.level)
            found[f"adiv_at_{depth}"] = Estimate(value=adiv_at_k(scores, k=depth), low=low, high=high)
    return found


def _mean(losses: NDArray[np.float64], bootstrap: Bootstrap) -> Estimate:
    """The mean of one number an item, which may be of any size, and its interval over items."""
    samples = np.concatenate([one @ losses for one in bootstrap.weights(len(losses), n_labels=1)]) / len(losses)
    low, high = bootstrap.interval(samples, value=float(losses.mean()))
    return Estimate(value=float(losses.mean()), low=max(0.0, float(low)), high=float(high))


def _other_thresholds(threshold: float, tuned: Tuned | None) -> dict[str, float | tuple[float, ...]]:
    """By the ending of the metrics' names."""
    others: dict[str, float | tuple[float, ...]] = {}
    if threshold != DEFAULT_THRESHOLD:
        others["half"] = DEFAULT_THRESHOLD
    if tuned is not None:
        others |= {"tuned": tuned.by_label, "tuned_global": tuned.for_all}
    return others


def _confusion(predicted: Predicted) -> tuple[tuple[int, ...], ...]:
    decided, truth = singlelabel.decide(predicted.scores), predicted.targets.argmax(axis=1)
    matrix = singlelabel.confusion_matrix(truth, decided, n_classes=len(predicted.labels))
    return tuple(tuple(row) for row in matrix.tolist())


def _label_table(
    predicted: Predicted,
    samples: dict[str, NDArray[np.float64]],
    decisions: BoolMatrix,
    tuned: Tuned | None,
    bootstrap: Bootstrap,
) -> tuple[LabelScores, ...]:
    targets, scores = predicted.targets, predicted.scores
    roc, pr = multilabel.roc_auc_by_label(targets, scores), multilabel.pr_auc_by_label(targets, scores)
    decided = multilabel.precision_recall_f1_by_label(targets, decisions)
    right = multilabel.accuracy_by_label(targets, decisions)
    at_tuned = None
    if tuned is not None:
        at_tuned = multilabel.precision_recall_f1_by_label(targets, scores >= np.array(tuned.by_label))[2]
    return tuple(
        LabelScores(
            label=label,
            n_positives=int(targets[:, column].sum()),
            roc_auc=_estimate(roc[column], samples["roc_auc"][:, column], bootstrap),
            pr_auc=_estimate(pr[column], samples["pr_auc"][:, column], bootstrap),
            precision=float(decided[0, column]),
            recall=float(decided[1, column]),
            f1=float(decided[2, column]),
            accuracy=float(right[column]),
            tuned_threshold=None if tuned is None else tuned.by_label[column],
            f1_tuned=None if at_tuned is None else float(at_tuned[column]),
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
