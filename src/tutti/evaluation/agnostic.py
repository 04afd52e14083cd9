"""Modality-agnostic classification: a classifier that learned from one modality is asked about another.

Vectors of all modalities lie in one space or are at least of one size. A random forest learns from the source modality,
and from more and more items of the target modality as the mixing curve proceeds; it is always asked about the target.
Beside the curve stands a forest that learned from the target's own vectors only. How items are placed is
``tutti.models.spaces``' and ``tutti.models.projections``' matter, figures are in ``agnostic_figures``.

References:
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError, import_extra
from tutti.evaluation.agnostic_report import AgnosticReport, Answers, CurvePoint
from tutti.evaluation.intervals import Bootstrap, resampled_decisions
from tutti.evaluation.multilabel import FloatMatrix
from tutti.evaluation.report import Estimate
from tutti.evaluation.singlelabel import Classes, confusion_matrix, f1, one_hot, precision_recall_f1_by_class

Vectors = NDArray[np.float32]
Points = Mapping[str, Vectors]  # by modality


@dataclass(frozen=True, kw_only=True)
class AgnosticConfig:
    """How classifiers are trained and scored; the forest is the paper's.

    Attributes:
        n_trees: Of a forest.
        max_depth: Of its trees.
        per_class: Items of the target modality that are added, for each class; None doubles from 1 until all are in.
        seed: Of forests, and of the order in which items are added.
        bootstrap: How intervals are drawn, over the items that are asked about.
    """

    n_trees: int = 100
    max_depth: int = 32
    per_class: tuple[int, ...] | None = None
    seed: int = 0
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    def __post_init__(self) -> None:
        if self.n_trees < 1 or self.max_depth < 1:
            raise ConfigError(
                f"a forest of {self.n_trees} trees of depth {self.max_depth} makes no sense",
                hint="give 1 or more, such as 100 and 32",
            )
        if self.per_class is not None and (not self.per_class or list(self.per_class) != sorted({*self.per_class})):
            raise ConfigError(
                f"per_class={self.per_class} does not rise from step to step", hint="give such as (0, 1, 10, 100)"
            )

    def steps(self, most: int) -> tuple[int, ...]:
        """Items for each class that are added, from none to all.

        >>> AgnosticConfig().steps(5)
        (0, 1, 2, 4, 5)
        """
        if self.per_class is not None:
            return tuple(dict.fromkeys(min(one, most) for one in self.per_class))
        doubled = [1 << power for power in range(most.bit_length()) if 1 << power < most]
        return tuple(dict.fromkeys((0, *doubled, most)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Clips:
    """What is classified.

    Attributes:
        classes: Number of each item's class. Shape (items,).
        names: Of the classes.
        is_train: Which items are learned from. Shape (items,).
        is_test: Which are asked about. Shape (items,).
    """

    classes: Classes
    names: Sequence[str]
    is_train: NDArray[np.bool_]
    is_test: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if not self.classes.shape == self.is_train.shape == self.is_test.shape:
            raise ShapeError("classes and splits are not of the same items", hint="give one value an item")
        if (self.is_train & self.is_test).any():
            raise ConfigError("some items are both learned from and asked about", hint="keep train and test apart")

    def rows(self, vectors: Vectors, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The chosen items that have vectors."""
        if len(vectors) != len(self.classes):
            raise ShapeError(f"there are {len(vectors)} vectors for {len(self.classes)} items", hint="one an item")
        return np.flatnonzero(chosen & np.isfinite(vectors).all(axis=1))


def agnostic_study(
    placed: Mapping[str, Points],
    single: Points,
    clips: Clips,
    config: AgnosticConfig | None = None,
    *,
    on: str = "",
) -> AgnosticReport:
    """All mixing curves, references, confusions and distances.

    Args:
        placed: For each representation, such as ``translated`` and ``components``, the vectors of each modality, NaN
            where an item lacks it. Shape (items, dimensions).
        single: Of each modality the vectors that its own classifier is given.
        clips: Classes and splits.
        config: How it is done.
        on: What the items are, for the report.

    Raises:
        ConfigError: A modality has no items to learn from, or none to ask about.
        ShapeError: The arrays do not fit.
        MissingExtraError: scikit-learn is not installed.
    """
    config = config or AgnosticConfig()
    curves, answers, distances = [], [], {}
    for representation, points in placed.items():
        for source, target in permutations(points, 2):
            curve, last = _mixing_curve(points, (source, target), clips, config)
            curves += [_told(point, representation, source, target) for point in curve]
            answers.append(_answers(last, representation, target, clips, config))
        distances[representation] = centroid_distances(points, clips).tolist()
    references = [
        _answers(_alone(vectors, clips, config), "single", modality, clips, config)
        for modality, vectors in single.items()
    ]
    return AgnosticReport(
        on=on,
        classes=tuple(clips.names),
        modalities=tuple(single),
        n_train=int(clips.is_train.sum()),
        n_test=int(clips.is_test.sum()),
        n_trees=config.n_trees,
        max_depth=config.max_depth,
        seed=config.seed,
        bootstrap=config.bootstrap,
        curves=tuple(curves),
        references=tuple(references),
        mixed=tuple(answers),
        distances=distances,
    )


def mixing_curve(
    points: Points, clips: Clips, config: AgnosticConfig | None = None, *, source: str, target: str
) -> list[CurvePoint]:
    """How well a forest answers about the target modality, the more of it was added to the source modality.

    Each step holds the items of the steps before, and of each class as many as of any other; a class that runs out
    gives all that it has.

    Args:
        points: Of each modality. Shape (items, dimensions).
        clips: Classes and splits.
        config: How it is done.
        source: All of it is learned from, from the first step on.
        target: Is added, and asked about.

    Raises:
        ConfigError: A modality has no items to learn from, or none to ask about.
        ShapeError: The arrays do not fit.
    """
    curve, _ = _mixing_curve(points, (source, target), clips, config or AgnosticConfig())
    return [_told(point, "", source, target) for point in curve]


def centroid_distances(points: Points, clips: Clips) -> FloatMatrix:
    """Euclidean distances between the mean vectors of every class in every modality, over the items asked about.

    Returns:
        Shape (modalities x classes, modalities x classes), the classes of the first modality first; NaN for classes
        without an item.
    """
    means = np.full((len(points) * len(clips.names), next(iter(points.values())).shape[1]), np.nan)
    for place, vectors in enumerate(points.values()):
        rows = clips.rows(vectors, clips.is_test)
        for number in {*clips.classes[rows].tolist()}:
            own = rows[clips.classes[rows] == number]
            means[place * len(clips.names) + number] = vectors[own].mean(axis=0, dtype=np.float64)
    distances: FloatMatrix = np.linalg.norm(means[:, np.newaxis] - means[np.newaxis], axis=2)
    return distances


def forest_answers(
    train: tuple[Vectors, Classes], asked: Vectors, config: AgnosticConfig | None = None
) -> NDArray[np.int64]:
    """The classes that a random forest gives to vectors, having learned from others.

    Args:
        train: Vectors and their classes.
        asked: Vectors of items that it has not seen.
        config: Its size and seed.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    config = config or AgnosticConfig()
    ensemble = import_extra("sklearn.ensemble", extra="train", purpose="a random forest")
    forest = ensemble.RandomForestClassifier(
        n_estimators=config.n_trees, max_depth=config.max_depth, random_state=config.seed
    )
    forest.fit(*train)
    found: NDArray[np.int64] = np.asarray(forest.predict(asked), dtype=np.int64)
    return found


_Point = tuple[int, int, Estimate]  # items added for each class, items added in all, macro F1
_Asked = tuple[Classes, Classes]  # truth, answers


def _mixing_curve(
    points: Points, names: tuple[str, str], clips: Clips, config: AgnosticConfig
) -> tuple[list[_Point], _Asked]:
    source, target = (points[name] for name in names)
    learned, added = (clips.rows(vectors, clips.is_train) for vectors in (source, target))
    asked = clips.rows(target, clips.is_test)
    if not len(learned) or not len(asked):
        raise ConfigError(
            f"{len(learned)} items with {names[0]} to learn from, {len(asked)} with {names[1]} to ask about",
            hint="take a catalogue in which the splits have both modalities",
        )
    truth, curve, answers = clips.classes[asked], [], np.zeros(0, dtype=np.int64)
    for n_each, some in _balanced(added, clips, config):
        vectors = np.concatenate([source[learned], target[some]])
        classes = np.concatenate([clips.classes[learned], clips.classes[some]])
        answers = forest_answers((vectors, classes), target[asked], config)
        curve.append((n_each, len(some), _macro_f1(truth, answers, clips, config)))
    return curve, (truth, answers)


def _balanced(rows: NDArray[np.int64], clips: Clips, config: AgnosticConfig) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each step its items; those of an earlier step are among those of a later one."""
    order = np.random.default_rng(config.seed).permutation(rows)
    by_class = [order[clips.classes[order] == number] for number in range(len(clips.names))]
    for n_each in config.steps(max(map(len, by_class), default=0)):
        yield n_each, np.concatenate([some[:n_each] for some in by_class])


def _alone(vectors: Vectors, clips: Clips, config: AgnosticConfig) -> _Asked:
    learned, asked = clips.rows(vectors, clips.is_train), clips.rows(vectors, clips.is_test)
    if not len(learned) or not len(asked):
        raise ConfigError(
            f"a modality has {len(learned)} items to learn from and {len(asked)} to ask about",
            hint="take a catalogue in which the splits have every modality",
        )
    answers = forest_answers((vectors[learned], clips.classes[learned]), vectors[asked], config)
    return clips.classes[asked], answers


def _answers(asked: _Asked, representation: str, target: str, clips: Clips, config: AgnosticConfig) -> Answers:
    truth, answers = asked
    n_classes = len(clips.names)
    return Answers(
        representation=representation,
        target=target,
        f1_macro=_macro_f1(truth, answers, clips, config),
        f1_by_class=tuple(precision_recall_f1_by_class(truth, answers, n_classes=n_classes)[2].tolist()),
        confusion=tuple(map(tuple, confusion_matrix(truth, answers, n_classes=n_classes).tolist())),
    )


def _macro_f1(truth: Classes, answers: Classes, clips: Clips, config: AgnosticConfig) -> Estimate:
    n_classes = len(clips.names)
    hot: tuple[Any, Any] = one_hot(truth, n_classes=n_classes), one_hot(answers, n_classes=n_classes)
    value = f1(truth, answers, n_classes=n_classes)
    samples = resampled_decisions(*hot, bootstrap=config.bootstrap)["f1_macro"]
    low, high = np.clip(config.bootstrap.interval(samples, value=value), 0, 1)
    return Estimate(value=value, low=float(low), high=float(high))


def _told(point: _Point, representation: str, source: str, target: str) -> CurvePoint:
    per_class, n_added, estimate = point
    return CurvePoint(
        representation=representation,
        source=source,
        target=target,
        per_class=per_class,
        n_added=n_added,
        f1_macro=estimate,
    )
