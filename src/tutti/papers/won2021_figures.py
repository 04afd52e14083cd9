"""Figures 3.8, 3.13 and 3.16 of Won, thesis 2021, drawn from models that are trained first.

How models respond to deformed sounds is ``tutti.evaluation.robustness``'s subject, what they attend to
``tutti.explain``'s; here are only the choice of models and what is drawn of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from tutti.audio.recording import Recording
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError, import_extra
from tutti.papers.figure import Figure
from tutti.papers.reproduction import Reproduction
from tutti.papers.table import AREAS, Row, Table
from tutti.papers.won2021 import CALS, MTAT, TABLE_3_1, TABLE_3_6, TRANSFORMER, WORK
from tutti.training.run_parts import TrainedRun

ROBUST = ("fcn", "musicnn", "sample-cnn-se", "cnnsa", "harmonic-cnn", "short-chunk")
SECONDS = (5, 10, 15, 20, 25, 30)
RATE = 22_050


def _draw_robustness(done: Reproduction, folder: Path) -> Sequence[Path]:
    from tutti.evaluation.robustness import FIGURE_FILE, robustness_study

    runs = _runs(done)
    study = folder / "robustness"
    catalogue = Catalogue.open(folder / "catalogues" / done.comparison.cells[0].column.name)
    robustness_study([run.tagger for run in runs], catalogue, folder=study)
    return [study / "robustness.md", study / FIGURE_FILE]


def _draw_attention(done: Reproduction, folder: Path) -> Sequence[Path]:
    """Attention on one clip of the test split, and contributions on two of them joined."""
    from tutti.explain.explanations import explain, write_explanation

    model = _runs(done)[0].tagger
    first, second = _two_clips(done, folder)
    attention = explain(model, first, kind="attention")
    contribution = explain(model, first, kind="contribution", other=second)
    return [
        write_explanation(attention, folder / "attention.png"),
        write_explanation(contribution, folder / "contribution.png"),
    ]


def _two_clips(done: Reproduction, folder: Path) -> tuple[Recording, Recording]:
    """Two test tracks that share no tag, where there are such."""
    catalogue = Catalogue.open(folder / "catalogues" / done.comparison.cells[0].column.name)
    tracks = [track for track in catalogue.tracks(where="split = 'test'") if track.audio is not None]
    tracks.sort(key=lambda track: track.track_id)
    first = tracks[0]
    others = [track for track in tracks[1:] if not {*track.tags} & {*first.tags}] or tracks[-1:]
    return _recording(first), _recording(others[0])


def _recording(track: Track) -> Recording:
    assert track.audio is not None
    return Recording.from_file(track.audio, key=track.track_id)


def _draw_lengths(done: Reproduction, folder: Path) -> Sequence[Path]:
    """Areas against the length of the input, with their intervals."""
    figure = import_extra("matplotlib.figure", extra="figures", purpose="drawing figures").Figure
    drawing = figure(figsize=(8, 3.4), layout="constrained")
    cells = [cell for cell in done.comparison.cells if cell.ours(AREAS[0])]
    lengths = [float(cell.row.name.removesuffix("s")) for cell in cells]
    report = next(run.report for cell in cells for run in cell.runs if run.report is not None)
    for panel, metric, title in zip(drawing.subplots(1, 2), AREAS, ("ROC-AUC", "PR-AUC"), strict=True):
        ours = [estimate for cell in cells if (estimate := cell.ours(metric)) is not None]
        values = [one.value for one in ours]
        ends = [[one.value - one.low for one in ours], [one.high - one.value for one in ours]]
        panel.errorbar(lengths, values, yerr=ends, marker="o", capsize=3, color="#0072b2")
        panel.set(xlabel="length of the input (s)", ylabel=f"{title}, macro", xticks=lengths)
        panel.grid(alpha=0.3)
    drawing.suptitle(f"Music Tagging Transformer by length of its input\n{report.setting}", fontsize=9)
    path = folder / "lengths.png"
    drawing.savefig(path, dpi=150)
    return [path]


def _runs(done: Reproduction) -> list[TrainedRun]:
    runs = list(done.runs.values())
    if not runs:
        raise ConfigError(
            "no model was trained, so there is nothing to draw", hint="see what failed, and go on with --resume"
        )
    return runs


def _length(seconds: int) -> Row:
    return Row(
        name=f"{seconds}s",
        title=f"{seconds} s",
        published={CALS.name: (math.nan, math.nan)},
        settings={"model.options.n_samples": seconds * RATE},
    )


HEAT_MAPS = "Attention and contribution heat maps of Spec, Transformer"
FIGURES = (
    Figure(
        key="won2021/figure3.8",
        title="Robustness against deformed sounds",
        source=f"{WORK}, figure 3.8; Won, Ferraro, Bogdanov, Serra, SMC 2020",
        note="Published values were read off the printed bars, to about 0.0015.",
        table=dataclasses.replace(
            TABLE_3_1,
            key="won2021/figure3.8",
            title="The taggers of figure 3.8 on the sounds as they are",
            columns=(MTAT,),
            rows=tuple(TABLE_3_1.row(name).on(MTAT.name) for name in ROBUST),
        ),
        draw=_draw_robustness,
    ),
    Figure(
        key="won2021/figure3.13",
        title=HEAT_MAPS,
        source=f"{WORK}, figure 3.13; Won, Chun, Serra, 2019",
        note="On clips of the test split; the paper chose its own by hand. Which of its heat maps bears this number we "
        "do not know for certain.",
        table=dataclasses.replace(
            TABLE_3_6,
            key="won2021/figure3.13",
            title=HEAT_MAPS,
            note="",
            columns=(MTAT,),
            rows=(TABLE_3_6.row("spec-transformer").on(MTAT.name),),
            seeds=(0,),
        ),
        draw=_draw_attention,
    ),
    Figure(
        key="won2021/figure3.16",
        title="Length of the Music Tagging Transformer's input",
        source=f"{WORK}, figure 3.16",
        note="We know which lengths were tried, not the values of the printed curve, nor its number for certain.",
        table=Table(
            key="won2021/figure3.16",
            title="Length of the Music Tagging Transformer's input",
            source=WORK,
            columns=(CALS,),
            rows=tuple(_length(seconds) for seconds in SECONDS),
            settings=TRANSFORMER,
        ),
        draw=_draw_lengths,
    ),
)
