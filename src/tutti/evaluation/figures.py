"""Figures of an evaluation: ROC and PR curves, bars of labels, confusion, two models side by side. PNG or SVG.

Colours are Okabe and Ito's, told apart by colour-blind readers. Each figure says dataset, split, number of items and
seeds. Numbers come from ``report``, ``predictions`` and ``comparison``; nothing is scored here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, import_extra
from tutti.evaluation.comparison import Comparison
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix, quotient_or, scorable
from tutti.evaluation.report import Predicted, Report
from tutti.files import atomic_file

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY, DPI, GRID_POINTS = "0.45", 120, 501
FORMATS = (".png", ".svg")


def draw_figures(report: Report, predicted: Predicted, folder: Path, *, comparison: Comparison | None = None) -> None:
    """All figures, as PNG files: ``curves``, ``labels``, ``confusion`` and, where there is one, ``comparison``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    draw_curves(report, predicted, folder / "curves.png")
    draw_labels(report, folder / "labels.png")
    draw_confusion(report, predicted, folder / "confusion.png")
    if comparison is not None:
        draw_comparison(comparison, folder / "comparison.png")


def draw_curves(report: Report, predicted: Predicted, path: Path, *, labels: Sequence[str] | None = None) -> None:
    """ROC and precision-recall curves: the macro-averaged one, all labels pale, some by colour.

    The macro curve is the mean of the labels' curves at each false positive rate, or recall; its precision is the
    step-wise one. Labels without positives or negatives have no curves.

    Args:
        report: For the areas and the setting.
        predicted: For the curves.
        path: A .png or .svg file.
        labels: Those in colour; None takes best, middle and worst by PR-AUC.
    """
    figure = _figure(9.6, 4.8)
    columns = np.flatnonzero(scorable(predicted.targets)).tolist()
    roc, pr = (
        np.array([curve(predicted.targets[:, i], predicted.scores[:, i]) for i in columns])
        for curve in (roc_curve, precision_recall_curve)
    )
    shown = _chosen(report, labels)
    grid = np.linspace(0, 1, GRID_POINTS)
    titles = (("ROC", "false positive rate", "true positive rate"), ("Precision-recall", "recall", "precision"))
    for panel, curves, metric, words in zip(
        figure.subplots(1, 2), (roc, pr), ("roc_auc", "pr_auc"), titles, strict=True
    ):
        for column, curve in zip(columns, curves, strict=True):
            if predicted.labels[column] not in shown:
                panel.plot(grid, curve, color="0.85", linewidth=0.7)
        for colour, label in zip(PALETTE, shown, strict=False):
            row = columns.index(list(predicted.labels).index(label))
            area = getattr(report.labels[columns[row]], metric).value
            panel.plot(grid, curves[row], color=colour, linewidth=1.4, label=f"{label} {area:.2f}")
        mean = report.metrics[f"{metric}_macro"].value
        panel.plot(grid, curves.mean(axis=0), color="black", linewidth=2.2, label=f"macro {mean:.2f}")
        if metric == "roc_auc":
            panel.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        panel.set(title=words[0], xlabel=words[1], ylabel=words[2], xlim=(-0.01, 1.01), ylim=(-0.01, 1.03))
        panel.legend(fontsize="small", frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    _save(figure, f"{report.model}: {report.setting}", path)


def draw_labels(report: Report, path: Path) -> None:
    """Both areas of each label with intervals, the highest PR-AUC on top; a grey tick is where guessing lands."""
    ranked = sorted(
        (one for one in report.labels if one.label not in report.left_out), key=lambda one: one.pr_auc.value
    )
    figure = _figure(9.6, 1.5 + 0.19 * max(8, len(ranked)))
    places = np.arange(len(ranked))
    panels = figure.subplots(1, 2, sharey=True)
    for panel, metric, title, colour in zip(
        panels, ("roc_auc", "pr_auc"), ("ROC-AUC", "PR-AUC"), PALETTE, strict=False
    ):
        estimates = [getattr(one, metric) for one in ranked]
        values = np.array([one.value for one in estimates])
        ends = np.array([[one.value - one.low, one.high - one.value] for one in estimates]).T
        chance = [0.5 if metric == "roc_auc" else one.n_positives / report.n_items for one in ranked]
        panel.barh(places, values, height=0.72, color=colour, alpha=0.55)
        panel.errorbar(values, places, xerr=np.nan_to_num(ends.clip(0)), fmt="none", ecolor="0.2", linewidth=1)
        panel.vlines(chance, places - 0.36, places + 0.36, color=GREY, linewidth=1.6)
        panel.set(title=title, xlim=(0, 1), ylim=(-0.6, len(ranked) - 0.4))
        panel.grid(axis="x", alpha=0.3)
        panel.set_axisbelow(True)
    panels[1].tick_params(axis="y", length=0)
    panels[0].set_yticks(places, [f"{one.label} ({one.n_positives})" for one in ranked], fontsize=8)
    _save(figure, f"{report.model}: {report.setting}", path)


def draw_confusion(report: Report, predicted: Predicted, path: Path) -> None:
    """Classes: the confusion matrix. Tags: which tags are given to tracks that lack them, see :func:`confused_with`."""
    if report.task == "classes":
        counts = np.array(report.confusion, dtype=np.float64)
        shares = quotient_or(counts, counts.sum(axis=1, keepdims=True), otherwise=0.0)
        across, down = "taken for", "class"
    else:
        shares = confused_with(predicted.targets, predicted.decisions(report.threshold))
        across, down = f"given wrongly, at {report.threshold:g}", "tag of the track"
    n_labels = len(predicted.labels)
    side = 2.4 + max(3.0, 0.2 * n_labels)
    figure = _figure(side + 1.4, side)
    panel = figure.subplots()
    highest = 1.0 if report.task == "classes" else max(float(shares.max()), 0.01)  # where nothing is wrong: all pale
    picture = panel.imshow(shares, cmap="Blues", vmin=0, vmax=highest)
    panel.set(xlabel=across, ylabel=down)
    panel.set_xticks(range(n_labels), predicted.labels, rotation=90, fontsize=8)
    rows = [f"{label} ({n})" for label, n in zip(predicted.labels, predicted.targets.sum(axis=0), strict=True)]
    panel.set_yticks(range(n_labels), rows, fontsize=8)
    if n_labels <= 12:
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > 0.6 * highest else "black"
            panel.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(picture, ax=panel, shrink=0.7, aspect=30, label="share of the row's tracks")
    _save(figure, f"{report.model}:\n{report.setting}", path)


def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Differences of PR-AUC by label with intervals; those significant after Holm's correction in colour."""
    rows = sorted(comparison.labels, key=lambda row: row.pr_auc.value)
    figure = _figure(7.2, 1.6 + 0.19 * max(8, len(rows)))
    panel = figure.subplots()
    for place, row in enumerate(rows):
        one, is_sure = row.pr_auc, row.holm_p_value < comparison.alpha
        colour = GREY if not is_sure else PALETTE[0] if one.value > 0 else PALETTE[1]
        panel.plot([one.low, one.high], [place, place], color=colour, linewidth=1.4)
        panel.plot(one.value, place, "o" if is_sure else ".", color=colour)
    panel.axvline(0, color="black", linewidth=0.8)
    panel.set_yticks(range(len(rows)), [f"{row.label} ({row.n_positives})" for row in rows], fontsize=8)
    panel.set(xlabel=f"PR-AUC, {comparison.first} minus {comparison.second}", ylim=(-0.6, len(rows) - 0.4))
    panel.grid(axis="x", alpha=0.3)
    macro = comparison.metrics["pr_auc_macro"]
    setting = f"{comparison.dataset}, split {comparison.split}, {comparison.n_items} items, "
    seeds = f"bootstrap seed {comparison.bootstrap.seed}"
    told = f"macro {macro.value:+.3f} [{macro.low:+.3f}, {macro.high:+.3f}], p = {macro.p_value:.3g}"
    colour = f"colour: p < {comparison.alpha:.2g} after Holm"
    if comparison.n_resamples_lacking:
        colour = f"no colour: that takes {comparison.n_resamples_lacking:,} more resamples"
    _save(figure, f"{setting}{seeds}\n{told}; {colour}", path)


def roc_curve(truth: NDArray[np.bool_], scores: NDArray[Any]) -> FloatMatrix:
    """True positive rate at evenly spaced false positive rates from 0 to 1. Shape (501,)."""
    hits, decided = _cumulated(truth, scores)
    rates = np.append(0, (decided - hits) / (decided[-1] - hits[-1])), np.append(0, hits / hits[-1])
    curve: FloatMatrix = np.interp(np.linspace(0, 1, GRID_POINTS), *rates)
    return curve


def precision_recall_curve(truth: NDArray[np.bool_], scores: NDArray[Any]) -> FloatMatrix:
    """Precision at the first threshold that reaches evenly spaced recalls from 0 to 1. Shape (501,)."""
    hits, decided = _cumulated(truth, scores)
    wanted = np.ceil(np.linspace(0, 1, GRID_POINTS) * hits[-1] - 1e-9).clip(1)
    reached = np.searchsorted(hits, wanted)
    precision: FloatMatrix = hits[reached] / decided[reached]
    return precision


def confused_with(targets: BoolMatrix, decisions: BoolMatrix) -> FloatMatrix:
    """Of the tracks with the row's tag, the share given the column's tag though they lack it. Shape (labels, labels).

    A multi-label truth has no confusion matrix: nothing says for which tag another was mistaken. This counts wrong
    tags beside true ones; the diagonal is 0.

    >>> confused_with(np.array([[True, False], [True, False]]), np.array([[True, True], [True, False]]))
    array([[0. , 0.5],
           [0. , 0. ]])
    """
    counts = targets.T.astype(np.float64) @ (decisions & ~targets)
    return quotient_or(counts, targets.sum(axis=0)[:, np.newaxis], otherwise=0.0)


def _cumulated(truth: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positives, and items, at or above each distinct score, falling."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    return np.cumsum(truth[order])[ends], ends + 1


def _chosen(report: Report, labels: Sequence[str] | None) -> list[str]:
    ranked = sorted(
        (one for one in report.labels if one.label not in report.left_out), key=lambda one: -one.pr_auc.value
    )
    names = [one.label for one in ranked]
    if labels is None:
        return list(dict.fromkeys([names[0], names[len(names) // 2], names[-1]]))
    unknown = [label for label in labels if label not in names]
    if unknown:
        raise ConfigError(f"the label {unknown[0]!r} has no curve", hint=f"those that have: {', '.join(names)}")
    return list(labels)[: len(PALETTE)]


def _figure(width: float, height: float) -> Any:
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing figures")
    return figures.Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, title: str, path: Path) -> None:
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path.name} is no figure's name", hint=f"end it with {' or '.join(FORMATS)}")
    figure.suptitle(title, fontsize="small")
    for panel in figure.axes:
        panel.spines[["top", "right"]].set_visible(False)
    with atomic_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=DPI)
