"""What a study of modality-agnostic classification found, as JSON and Markdown. The study is ``agnostic``'s.

References:
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 4.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate
from tutti.files import write_text

JSON_FILE, MARKDOWN_FILE = "agnostic.json", "agnostic.md"
N_CONFUSIONS = 4


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """A step of a mixing curve.

    Attributes:
        representation: What placed the items.
        source: The modality that all is learned from.
        target: The modality that is added and asked about.
        per_class: Items of the target that were added for each class, where it had so many.
        n_added: Items of the target that were added in all.
        f1_macro: On the target.
    """

    representation: str
    source: str
    target: str
    per_class: int
    n_added: int
    f1_macro: Estimate


@dataclass(frozen=True, kw_only=True)
class Answers:
    """How a classifier did on one modality.

    Attributes:
        representation: What placed the items; ``single`` where it learned from this modality only.
        target: The modality.
        f1_macro: Mean over classes.
        f1_by_class: In the order of the classes.
        confusion: How many items of each class (rows) were taken for each.
    """

    representation: str
    target: str
    f1_macro: Estimate
    f1_by_class: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]

    def confusions(self, classes: tuple[str, ...]) -> list[tuple[str, str, int]]:
        """Pairs of classes that were taken for each other, either way, the most frequent first."""
        counts = np.array(self.confusion)
        both = np.triu(counts + counts.T, 1)
        order = np.argsort(-both, axis=None, kind="stable")
        places = [divmod(int(place), len(classes)) for place in order]
        return [(classes[one], classes[other], int(both[one, other])) for one, other in places if both[one, other]]


@dataclass(frozen=True, kw_only=True)
class AgnosticReport:
    """Curves, references, confusions and distances, and how they came about.

    Attributes:
        on: What was classified.
        classes: Names.
        modalities: Names, in the order of the distances.
        n_train: Items learned from.
        n_test: Items asked about.
        n_trees: Of the forests.
        max_depth: Of their trees.
        seed: Of the forests and of the order in which items were added.
        bootstrap: Of the intervals, over the items asked about.
        curves: All steps of all curves.
        references: Of classifiers that learned from the target modality only.
        mixed: Of classifiers at the end of the curves, which learned from all of both modalities.
        distances: For each representation, between the mean vectors of every class in every modality.
    """

    on: str
    classes: tuple[str, ...]
    modalities: tuple[str, ...]
    n_train: int
    n_test: int
    n_trees: int
    max_depth: int
    seed: int
    bootstrap: Bootstrap
    curves: tuple[CurvePoint, ...]
    references: tuple[Answers, ...]
    mixed: tuple[Answers, ...]
    distances: Mapping[str, list[list[float]]]

    @property
    def setting(self) -> str:
        """On what, in words."""
        return (
            f"{self.on}, {self.n_train:,} items learned from, {self.n_test:,} asked about, "
            f"{len(self.classes)} classes, forests of {self.n_trees} trees of depth {self.max_depth}, seed {self.seed}"
        )

    def curve(self, representation: str, target: str) -> tuple[CurvePoint, ...]:
        """The steps of one curve."""
        return tuple(one for one in self.curves if (one.representation, one.target) == (representation, target))

    def reference(self, target: str) -> Answers:
        """The classifier that learned from this modality only."""
        return next(one for one in self.references if one.target == target)

    def zero_shot(self, representation: str, target: str) -> Estimate:
        """Macro F1 on a modality of which nothing was learned."""
        return self.curve(representation, target)[0].f1_macro

    def share_of_best(self, representation: str, target: str) -> float:
        """What is reached without any item of the target, as a share of the best that any classifier reached on it."""
        scores = [one.f1_macro.value for one in self.curves if one.target == target]
        best = max(*scores, self.reference(target).f1_macro.value)
        return self.zero_shot(representation, target).value / best if best else float("nan")

    def same_class_share(self, representation: str) -> float:
        """Of the classes of one modality, the share whose nearest class in another modality is the same class."""
        distances, n_classes = np.array(self.distances[representation]), len(self.classes)
        hits: list[bool] = []
        for one in range(len(self.modalities)):
            for other in range(len(self.modalities)):
                if one != other:
                    hits += _nearest_is_own(distances[_part(one, n_classes), _part(other, n_classes)])
        return float(np.mean(hits)) if hits else float("nan")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        plain = dataclasses.asdict(self)
        plain["distances"] = {
            name: [[None if np.isnan(one) else one for one in row] for row in rows]
            for name, rows in self.distances.items()
        }
        return plain

    def to_markdown(self) -> str:
        """A page with tables."""
        lines = [
            "# Classification across modalities",
            "",
            f"{self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} bootstrap "
            f"resamples of the items asked about (seed {self.bootstrap.seed}).",
            "",
        ]
        for target in dict.fromkeys(one.target for one in self.curves):
            lines += [*self._curve_lines(target), ""]
        lines += ["## Classes of two modalities that lie nearest each other", ""]
        lines += [
            f"- {name}: the same class in {self.same_class_share(name):.0%} of the cases" for name in self.distances
        ]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Write ``agnostic.json`` and ``agnostic.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def _curve_lines(self, target: str) -> list[str]:
        curves = {name: self.curve(name, target) for name in self.distances}
        steps = next(iter(curves.values()))
        lines = [
            f"## Asked about {target}",
            "",
            f"| {target} added | " + " | ".join(f"{name}, F1 macro" for name in curves) + " |",
            "| ---: |" + " --- |" * len(curves),
        ]
        for place, step in enumerate(steps):
            lines.append(
                f"| {step.n_added:,} | " + " | ".join(str(one[place].f1_macro) for one in curves.values()) + " |"
            )
        reference = self.reference(target)
        lines += ["", f"Learned from {target} only: {reference.f1_macro}."]
        for name in curves:
            lines.append(f"Nothing of {target}, {name}: {self.share_of_best(name, target):.0%} of the best.")
        for one in (reference, *(mixed for mixed in self.mixed if mixed.target == target)):
            told = [f"{a}/{b} ({count})" for a, b, count in one.confusions(self.classes)[:N_CONFUSIONS]]
            lines.append(f"Taken for each other, {one.representation}: {', '.join(told) or 'none'}.")
        return lines


def _part(place: int, n_classes: int) -> slice:
    return slice(place * n_classes, (place + 1) * n_classes)


def _nearest_is_own(distances: NDArray[Any]) -> list[bool]:
    """For each row with a class, whether its nearest column is its own."""
    rows = [place for place in range(len(distances)) if np.isfinite(distances[place, place])]
    return [bool(np.nanargmin(distances[place]) == place) for place in rows]
