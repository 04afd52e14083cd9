"""Tables 5.2 and 5.3 and figure 5.2 of Won's thesis: music found by tags, by triplets of tags and songs.

Where the text and the published code differ, the settings are the code's. Printed values are of the released split of
MSD100 and MSD50, which was drawn without a seed.

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutti.errors import ConfigError, import_extra
from tutti.evaluation.tag_retrieval import TagRetrievalReport
from tutti.files import atomic_file
from tutti.papers.figure import Figure
from tutti.papers.reproduction import Reproduction
from tutti.papers.table import Column, Row, Settings, Table
from tutti.papers.won2021 import WORK

METRICS = ("map", "p_at_10")
MSD100 = Column(name="msd100", title="MSD100", dataset="msd500", protocol="released", metrics=METRICS)
MSD50 = Column(name="msd50", title="MSD50", dataset="msd500", protocol="released-50", metrics=METRICS)
SOURCE = f"{WORK}, {{}}; Won, Oramas, Nieto, Gouyon, Serra, ICASSP 2021"
COMMON: Settings = {
    "model.architecture": "tag_song_cnn",
    "model.excerpts.count": 8,
    "model.excerpts.spread": "published",
    "scheme.name": "tag-retrieval",
    "scheme.sampling": "balanced-weighted",
    "scheme.standardise": False,
    "training.epochs": 200,
    "training.optimizer": "adam",
    "training.learning_rate": 1e-4,
    "training.weight_decay": 1e-4,
    "training.schedule": "constant",
    "training.monitor": "pr_auc_macro",
    "training.patience": 0,
}
NOTE = (
    "Words were vectors of Google News (--set scheme.words=FILE; without it sentence vectors of MiniLM), listening "
    "factors those of Echo Nest's taste profile (--set scheme.plays=FILE, with tracks in place of its songs), "
    "factorised by settings that were not published. The logarithm of the spectrograms was not published either: ours "
    "are decibels. The margin, 0.4, and the weight (1 + cosine) / 2 are the code's; the text calls it the inverse of "
    "the distance."
)
ACOUSTIC: Settings = {"scheme.song": "audio"}
CULTURAL: Settings = {"scheme.song": "listening"}
HYBRID: Settings = {"scheme.song": "both", "model.options.n_outputs": 200}
IN_HOUSE = "its listening data, more than 100 billion plays of a company's users, were not published"
CATEGORIES = ("genre", "mood", "location", "language")
# Read off the bars, to about 0.005.
BARS = {"cul-e": (0.14, 0.035, 0.225, 0.08), "acoustic": (0.21, 0.065, 0.12, 0.03)}
COLOURS, ENDS = ("#0072b2", "#d55e00"), ("low", "high")

TABLE_5_2 = Table(
    key="won2021/table5.2",
    title="Music found by tags: how triplets are drawn",
    source=SOURCE.format("table 5.2"),
    note=NOTE,
    columns=(MSD100,),
    rows=tuple(
        Row(
            name=name,
            title=name.capitalize(),
            published={MSD100.name: published},
            settings={**ACOUSTIC, "scheme.sampling": name},
        )
        for name, published in (
            ("random", (0.1658, 0.2990)),
            ("balanced", (0.1675, 0.3160)),
            ("balanced-weighted", (0.1852, 0.3500)),
        )
    ),
    settings=COMMON,
)
TABLE_5_3 = Table(
    key="won2021/table5.3",
    title="Music found by tags: by its sound, by who listens to it, by both",
    source=SOURCE.format("table 5.3"),
    note=NOTE,
    columns=(MSD100, MSD50),
    rows=(
        Row(
            name="cul-e",
            title="Cultural, Echo Nest",
            published={"msd100": (0.1155, 0.3200), "msd50": (0.2163, 0.4500)},
            settings=CULTURAL,
        ),
        Row(
            name="cul-i",
            title="Cultural, in-house",
            published={"msd50": (0.4719, 0.6380)},
            settings=CULTURAL,
            obstacle=IN_HOUSE,
        ),
        Row(
            name="acoustic",
            title="Acoustic",
            published={"msd100": (0.1852, 0.3500), "msd50": (0.3062, 0.4680)},
            settings=ACOUSTIC,
        ),
        Row(name="concat", title="Concat", published={"msd100": (0.1775, 0.3120)}, settings=HYBRID),
    ),
    settings=COMMON,
)


def _draw_categories(done: Reproduction, folder: Path) -> Sequence[Path]:
    """MAP by category of tags, with intervals, beside the printed bars."""
    reports = _reports(done)
    names = list(dict.fromkeys(one.category for report in reports.values() for one in report.categories))
    names = [*(one for one in CATEGORIES if one in names), *(one for one in names if one not in CATEGORIES)]
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing the figure")
    drawing = figures.Figure(figsize=(max(6.0, 1.4 * len(names) + 2), 3.8), layout="constrained")
    panel = drawing.subplots()
    for number, ((row, report), colour) in enumerate(zip(reports.items(), COLOURS, strict=False)):
        places = np.arange(len(names)) + 0.4 * number - 0.2
        ours = {one.category: one.map for one in report.categories}
        values = np.array([ours[name].value if name in ours else math.nan for name in names])
        ends = [[abs(getattr(ours[n], end) - ours[n].value) if n in ours else math.nan for n in names] for end in ENDS]
        panel.bar(places, values, 0.36, color=colour, label=done.comparison.table.row(row).title)
        panel.errorbar(places, values, yerr=ends, fmt="none", ecolor="0.3")
        printed = [dict(zip(CATEGORIES, BARS[row], strict=True)).get(name, math.nan) for name in names]
        told = "published, read off the bars" if not number else None
        panel.hlines(printed, places - 0.18, places + 0.18, color="black", linestyle="dashed", label=told)
    panel.set_xticks(range(len(names)), names)
    panel.set(ylabel="MAP", ylim=(0, None))
    panel.grid(axis="y", alpha=0.3)
    panel.set_axisbelow(True)
    drawing.legend(loc="outside lower center", ncols=3, fontsize="small")
    drawing.suptitle(next(iter(reports.values())).setting, fontsize="x-small")
    path = folder / "categories.png"
    with atomic_file(path) as partial:
        drawing.savefig(partial, format="png", dpi=150)
    return [path]


def _reports(done: Reproduction) -> dict[str, TagRetrievalReport]:
    """By row, of the first seed, those that know the categories of their tags."""
    found = {
        cell.row.name: run.report
        for cell in done.comparison.cells
        for run in cell.runs[:1]
        if isinstance(run.report, TagRetrievalReport) and run.report.categories
    }
    if not found:
        raise ConfigError(
            "no run knows the categories of its tags, so there is nothing to draw",
            hint="give them: --set scheme.categories=FILE, tag and category with a tab between; or see what failed",
        )
    return found


FIGURE_5_2 = Figure(
    key="won2021/figure5.2",
    title="Music found by tags: sound and listeners by category of tags",
    source=SOURCE.format("figure 5.2"),
    note="Published values were read off the printed bars and are approximate.",
    table=Table(
        key="won2021/figure5.2",
        title="MAP by category of tags",
        source=SOURCE.format("figure 5.2"),
        note=f"Published values were read off the printed bars and are approximate. {NOTE}",
        columns=(dataclasses.replace(MSD100, metrics=tuple(f"map_{category}" for category in CATEGORIES)),),
        rows=tuple(
            dataclasses.replace(TABLE_5_3.row(name), published={MSD100.name: values}) for name, values in BARS.items()
        ),
        settings=COMMON,
    ),
    draw=_draw_categories,
)
TABLES = (TABLE_5_2, TABLE_5_3)
FIGURES = (FIGURE_5_2,)
