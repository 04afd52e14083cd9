"""Figures of a study of modality-agnostic classification: mixing curves, confusion, classes, distances."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tutti.errors import import_extra
from tutti.evaluation.agnostic_report import AgnosticReport, Answers
from tutti.files import atomic_file

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
DPI = 150


def draw_curves(report: AgnosticReport, path: Path) -> Path:
    """Macro F1 against what was added of the target modality; a panel each, intervals shaded, references dashed.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    targets = list(dict.fromkeys(one.target for one in report.curves))

    def fill(panels: Any) -> None:
        for panel, target in zip(panels, targets, strict=True):
            for colour, name in zip(COLOURS, report.distances, strict=False):
                curve = report.curve(name, target)
                steps = range(len(curve))
                panel.plot(steps, [one.f1_macro.value for one in curve], marker="o", color=colour, label=name)
                ends = [[getattr(one.f1_macro, end) for one in curve] for end in ("low", "high")]
                panel.fill_between(steps, *ends, color=colour, alpha=0.15, linewidth=0)
            reference = report.reference(target).f1_macro
            panel.axhline(reference.value, color="0.3", linestyle="--", label=f"{target} only")
            panel.axhline(1 / len(report.classes), color="0.7", linestyle=":", label="1 / classes")
            panel.set_xticks(steps, [f"{one.n_added:,}" for one in curve], rotation=30)
            panel.set(
                xlabel=f"items with {target} added", ylabel="F1, macro", title=f"asked about {target}", ylim=(0, 1)
            )
            panel.grid(alpha=0.3)
        panels[0].legend(fontsize="small")

    return _draw(report, path, fill, n_columns=len(targets), size=(5.0, 3.6))


def draw_confusion(report: AgnosticReport, path: Path) -> Path:
    """Confusion matrices, a row of panels: each modality's own classifier, then those that learned from all.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    answers = [*report.references, *report.mixed]

    def fill(panels: Any) -> None:
        for panel, one in zip(panels, answers, strict=True):
            counts = np.array(one.confusion, dtype=float)
            shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            panel.imshow(shares, vmin=0, vmax=1, cmap="viridis")
            _name_axes(panel, report.classes)
            panel.set_title(f"{_title(one)}: {one.f1_macro.value:.3f}", fontsize="small")
            panel.set(xlabel="taken for", ylabel="is")

    return _draw(report, path, fill, n_columns=len(answers), size=(0.22 * len(report.classes) + 2.2,) * 2)


def draw_classes(report: AgnosticReport, path: Path) -> Path:
    """F1 of each class, a bar for each modality's own classifier and for those that learned from all.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    answers = [*report.references, *report.mixed]

    def fill(panels: Any) -> None:
        width = 0.8 / len(answers)
        for number, one in enumerate(answers):
            places = np.arange(len(report.classes)) + (number + 0.5) * width - 0.4
            panels[0].bar(places, one.f1_by_class, 0.9 * width, label=_title(one))
        panels[0].set_xticks(range(len(report.classes)), report.classes, rotation=40, ha="right", fontsize="small")
        panels[0].set(ylabel="F1", ylim=(0, 1))
        panels[0].grid(axis="y", alpha=0.3)
        panels[0].set_axisbelow(True)
        panels[0].legend(fontsize="x-small", ncols=3)

    return _draw(report, path, fill, n_columns=1, size=(max(6.0, 0.7 * len(report.classes)), 3.6))


def draw_distances(report: AgnosticReport, path: Path) -> Path:
    """Distances between the mean vectors of every class in every modality; a panel for each representation.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    names = [f"{name}, {modality}" for modality in report.modalities for name in report.classes]

    def fill(panels: Any) -> None:
        for panel, (name, rows) in zip(panels, report.distances.items(), strict=True):
            picture = panel.imshow(np.ma.masked_invalid(np.array(rows, dtype=float)), cmap="viridis_r")
            _name_axes(panel, names)
            panel.set_title(f"{name}: same class nearest in {report.same_class_share(name):.0%}", fontsize="small")
            panel.figure.colorbar(picture, ax=panel, shrink=0.7)

    return _draw(report, path, fill, n_columns=len(report.distances), size=(0.18 * len(names) + 2.6,) * 2)


def _title(one: Answers) -> str:
    return f"{one.target} only" if one.representation == "single" else f"{one.target}, {one.representation}"


def _name_axes(panel: Any, names: Any) -> None:
    panel.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    panel.set_yticks(range(len(names)), names, fontsize=6)


def _draw(
    report: AgnosticReport, path: Path, fill: Callable[[Any], None], *, n_columns: int, size: tuple[float, ...]
) -> Path:
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing the study's figures")
    figure = figures.Figure(figsize=(size[0] * n_columns, size[1]), layout="constrained")
    fill(figure.subplots(1, n_columns, squeeze=False)[0])
    figure.suptitle(report.setting, fontsize="x-small")
    with atomic_file(path) as partial:
        figure.savefig(partial, format="png", dpi=DPI)
    return path
