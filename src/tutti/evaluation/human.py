"""A model beside a person: what someone who listened, or looked, said of the same items.

A person's answers are a text of tab-separated columns, an item's id and its label; of tags, an item may have several
lines::

    item_id	label
    track-17	Blues

Both are scored against the truth on the items that both answered, class by class, and the classes' scores are
correlated: does the model find hard what a person finds hard?

References:
    Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
    section 6.4 and table 3.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix, precision_recall_f1_of_counts, validate
from tutti.evaluation.report import Estimate, Predicted, seeds_in_words, without_nan
from tutti.files import write_text
from tutti.text.spelling import plain
from tutti.text.tab_separated import read_lines

JSON_FILE, MARKDOWN_FILE = "human.json", "human.md"
HEADS = ("item_id", "item", "track_id", "id")
FEWEST_CLASSES = 3  # two always lie on a line


@dataclass(frozen=True, kw_only=True)
class ClassBeside:
    """One class.

    Attributes:
        label: Its name.
        n_items: That truly have it.
        human: The person's F1.
        model: The model's.
    """

    label: str
    n_items: int
    human: Estimate
    model: Estimate


@dataclass(frozen=True, kw_only=True)
class HumanComparison:
    """How a model and a person do on the same items.

    Attributes:
        model: Its name.
        annotator: What the person's answers are called.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That both answered.
        n_unmatched: Items that only the person answered, or that are not in the split.
        bootstrap: How intervals were drawn, over items.
        metrics: ``f1_macro_human`` and ``f1_macro_model``, means over the classes that occur; ``agreement``, the share
            of items of which both say the same; ``correlation``, Pearson's of the classes' F1.
        classes: Those that occur, in the model's order.
        left_out: Classes that none of the items has.
        training_seed: Of the model, where known.
    """

    model: str
    annotator: str
    dataset: str
    split: str
    n_items: int
    n_unmatched: int
    bootstrap: Bootstrap
    metrics: dict[str, Estimate]
    classes: tuple[ClassBeside, ...]
    left_out: tuple[str, ...] = ()
    training_seed: int | None = None

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        counted = f"{self.n_items} items that {self.annotator} answered"
        return f"{self.dataset}, split {self.split}, {counted}, {seeds}"

    def line(self) -> str:
        """The means and the correlation in one line."""
        found = self.metrics
        return (
            f"{self.model} beside {self.annotator} on {self.setting}: F1, macro {found['f1_macro_model']} against "
            f"{found['f1_macro_human']}, correlation of the classes' F1 {found['correlation']} "
            f"({self.bootstrap.level:.0%} intervals)"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        values: dict[str, Any] = without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return values

    def to_markdown(self) -> str:
        """A page with a table."""
        found = self.metrics
        lines = [
            f"# {self.model} beside {self.annotator}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            f"bootstrap resamples of the items. {self.n_unmatched} items of the person's were not predicted.",
            "",
            "| class | items | F1, human | F1, model |",
            "| --- | ---: | --- | --- |",
            *[f"| {one.label} | {one.n_items} | {one.human} | {one.model} |" for one in self.classes],
            f"| mean | {self.n_items} | {found['f1_macro_human']} | {found['f1_macro_model']} |",
            "",
            f"Correlation of the classes' F1 (Pearson): {found['correlation']}. Both say the same of a share of "
            f"{found['agreement']} of the items.",
            "",
            *([f"None of the items has: {', '.join(self.left_out)}.", ""] if self.left_out else []),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``human.json`` and ``human.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def read_annotations(path: Path) -> dict[str, tuple[str, ...]]:
    """A person's labels by item id.

    Raises:
        ConfigError: The file cannot be read, holds no answer, or a line of another form.
    """
    found: dict[str, list[str]] = {}
    for number, cells in read_lines(path, what="answers"):
        if number == 1 and cells[0].lower() in HEADS:
            continue
        if len(cells) != 2 or not all(cells):
            raise ConfigError(
                f"line {number} of {path} is {' | '.join(cells)!r}", hint="write an item's id, a tab, and its label"
            )
        found.setdefault(cells[0], []).append(cells[1])
    if not found:
        raise ConfigError(f"{path} holds no answer", hint="write an item's id, a tab, and its label on each line")
    return {item: tuple(dict.fromkeys(labels)) for item, labels in found.items()}


def compare_with_human(
    predicted: Predicted, annotations: Mapping[str, Sequence[str]], *, annotator: str, bootstrap: Bootstrap
) -> HumanComparison:
    """A model's predictions beside a person's answers, on the items of both.

    Args:
        predicted: What the model said, and the truth. Of tags, a label is given from 0.5 on.
        annotations: The person's labels by item id, however they are written.
        annotator: What to call them.
        bootstrap: How intervals are drawn.

    Raises:
        ConfigError: No item was answered by both, or an item has several labels where the model decides for one.
        UnknownNameError: A label is none of the model's.
    """
    rows = [row for row, item in enumerate(predicted.ids) if item in annotations]
    if not rows:
        raise ConfigError(
            f"none of the {len(annotations)} items of {annotator} is among the {len(predicted.ids)} that "
            f"{predicted.model} predicted",
            hint="use the item ids of the catalogue",
        )
    answers = _as_matrix([annotations[predicted.ids[row]] for row in rows], predicted)
    truth, decided = predicted.targets[rows], predicted.decisions()[rows]
    exact, samples = _scores(truth, answers, decided, np.ones((1, len(rows)))), []
    for weights in bootstrap.weights(len(rows), n_labels=truth.shape[1]):
        samples.append(_scores(truth, answers, decided, weights))
    drawn = {name: np.concatenate([block[name] for block in samples]) for name in exact}
    occurs = np.flatnonzero(truth.any(axis=0)).tolist()
    named = {name: _estimate(name, exact[name][0], drawn[name], bootstrap) for name in exact if exact[name].ndim == 1}
    by_class = {
        who: [_estimate(who, exact[who][0, at], drawn[who][:, at], bootstrap) for at in occurs]
        for who in ("human", "model")
    }
    return HumanComparison(
        model=predicted.model,
        annotator=annotator,
        dataset=predicted.dataset,
        split=predicted.split,
        n_items=len(rows),
        n_unmatched=len(annotations) - len(rows),
        bootstrap=bootstrap,
        metrics=named,
        classes=tuple(
            ClassBeside(label=predicted.labels[at], n_items=int(truth[:, at].sum()), human=human, model=model)
            for at, human, model in zip(occurs, by_class["human"], by_class["model"], strict=True)
        ),
        left_out=tuple(label for at, label in enumerate(predicted.labels) if at not in occurs),
        training_seed=predicted.training_seed,
    )


def class_correlation(truth: BoolMatrix, first: BoolMatrix, second: BoolMatrix) -> float:
    """Pearson's correlation of the classes' F1 of two deciders; NaN of fewer than three classes that occur.

    Args:
        truth: Shape (items, classes).
        first: What one decided, a model or a person. Shape (items, classes).
        second: What the other did.

    Raises:
        ShapeError: The arrays do not fit.
    """
    for decided in (first, second):
        validate(truth, decided)
    return float(_scores(truth, first, second, np.ones((1, len(truth))))["correlation"][0])


def pearson(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Pearson's correlation of two rows of scores, such as columns of a published table; NaN where one is constant.

    >>> round(pearson(np.array([1, 2, 3]), np.array([2, 1, 6])), 3)
    0.756
    """
    return float(_pearson(first[None], second[None], np.ones((1, len(first)), dtype=np.bool_))[0])


def _scores(truth: BoolMatrix, human: BoolMatrix, model: BoolMatrix, weights: NDArray[Any]) -> dict[str, FloatMatrix]:
    """F1 of each class, shape (weightings, classes), and the metrics of a comparison, shape (weightings,).

    A class that no item has, of all or of those drawn, has no F1: NaN.
    """
    drawn = weights.astype(np.float64)
    positives = drawn @ truth
    exists = positives > 0
    found: dict[str, FloatMatrix] = {}
    for who, decided in (("human", human), ("model", model)):
        f1 = precision_recall_f1_of_counts(drawn @ (truth & decided), drawn @ decided, positives)[2]
        found[who] = np.where(exists, f1, np.nan)
        found[f"f1_macro_{who}"] = np.where(exists, f1, 0).sum(axis=1) / exists.sum(axis=1).clip(1)
    found["agreement"] = drawn @ (human == model).all(axis=1) / drawn.sum(axis=1)
    found["correlation"] = _pearson(found["human"], found["model"], exists)
    return found


def _pearson(first: FloatMatrix, second: FloatMatrix, exists: NDArray[np.bool_]) -> FloatMatrix:
    """Of each row, over the columns that exist."""
    n = exists.sum(axis=1, keepdims=True).clip(1)
    a, b = (np.where(exists, one, 0.0) for one in (first, second))
    a, b = (np.where(exists, one - one.sum(axis=1, keepdims=True) / n, 0.0) for one in (a, b))
    lengths = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    found: FloatMatrix = np.full(len(a), np.nan)
    np.divide((a * b).sum(axis=1), lengths, out=found, where=(lengths > 1e-12) & (n[:, 0] >= FEWEST_CLASSES))
    return found


def _as_matrix(answers: Sequence[Sequence[str]], predicted: Predicted) -> BoolMatrix:
    """The person's labels as the model's columns. Shape (items, labels)."""
    column = {plain(label): place for place, label in enumerate(predicted.labels)}
    matrix = np.zeros((len(answers), len(predicted.labels)), dtype=np.bool_)
    for row, labels in enumerate(answers):
        if predicted.task == "classes" and len(labels) > 1:
            raise ConfigError(
                f"an item has the labels {', '.join(labels)}, and {predicted.model} decides for one",
                hint="leave one line an item",
            )
        for label in labels:
            if plain(label) not in column:
                raise unknown_name(f"label of {predicted.model}", label, predicted.labels)
            matrix[row, column[plain(label)]] = True
    return matrix


def _estimate(name: str, value: float, samples: FloatMatrix, bootstrap: Bootstrap) -> Estimate:
    if math.isnan(value):
        return Estimate(value=math.nan, low=math.nan, high=math.nan)
    low, high = np.clip(bootstrap.interval(samples, value=float(value)), -1.0 if name == "correlation" else 0.0, 1.0)
    return Estimate(value=float(value), low=float(low), high=float(high))
