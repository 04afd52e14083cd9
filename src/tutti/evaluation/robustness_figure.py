"""The figure of a robustness study, after figure 3.8 of the thesis: grouped bars, a panel for each metric.

Bars carry their intervals; a short black line across a bar is the published value, where there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tutti.errors import import_extra
from tutti.evaluation.report import TITLES
from tutti.evaluation.robustness_report import METRICS, RobustnessReport
from tutti.files import atomic_file

INCHES_A_GROUP, PANEL_INCHES = 1.6, 3.0
GROUP_WIDTH = 0.8
HEADROOM = 0.08


def draw_robustness(report: RobustnessReport, path: Path) -> None:
    """Draw the figure into a PNG file.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing the study's figure")
    n_groups = len(report.models[0].columns)
    figure = figures.Figure(
        figsize=(max(6.0, INCHES_A_GROUP * n_groups), PANEL_INCHES * len(METRICS)), layout="constrained"
    )
    panels = figure.subplots(len(METRICS), 1, sharex=True)
    for panel, metric in zip(panels, METRICS, strict=True):
        _draw_panel(panel, report, metric)
    figure.suptitle(report.setting, fontsize="small")
    bars, names = panels[0].get_legend_handles_labels()
    figure.legend(bars, names, loc="outside lower center", ncols=min(5, len(names)), fontsize="small")
    with atomic_file(path) as partial:
        figure.savefig(partial, format="png", dpi=150)


def _draw_panel(panel: Any, report: RobustnessReport, metric: str) -> None:
    titles = [column.title for column in report.models[0].columns]
    width = GROUP_WIDTH / len(report.models)
    lowest, highest, is_named = 1.0, 0.0, False
    for number, model in enumerate(report.models):
        places = np.arange(len(titles)) + (number + 0.5) * width - GROUP_WIDTH / 2
        estimates = [column.metrics[metric] for column in model.columns]
        values = np.array([one.value for one in estimates])
        below, above = values - [one.low for one in estimates], np.array([one.high for one in estimates]) - values
        panel.bar(places, values, 0.92 * width, label=model.model)
        panel.errorbar(places, values, yerr=np.clip([below, above], 0, None), fmt="none", ecolor="0.3", linewidth=1)
        published = [
            (place, column.published[metric])
            for place, column in zip(places, model.columns, strict=True)
            if column.published
        ]
        if published:
            at, shown = np.transpose(published)
            label = None if is_named else "as published"
            is_named = True
            panel.hlines(shown, at - width / 2, at + width / 2, color="black", linewidth=2, label=label)
        lowest = min(lowest, *(one.low for one in estimates))
        highest = max(highest, *(one.high for one in estimates))
    panel.set_ylim(max(0.0, lowest - HEADROOM), min(1.0, highest + HEADROOM))
    panel.set_ylabel(TITLES[metric])
    panel.set_xticks(range(len(titles)), [title.replace(", ", ",\n") for title in titles], fontsize="small")
    panel.grid(axis="y", alpha=0.3)
    panel.set_axisbelow(True)
