"""What probes found, of one model or of several: a table, with what it takes to trust it.

A score over repeated draws of few tracks is their mean; its interval is over the draws and over the scored items
together, and ``spread`` is the standard deviation from draw to draw. The study itself is in ``probing``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import TITLES, Estimate
from tutti.files import write_text
from tutti.models.bundles import Task

JSON_FILE, MARKDOWN_FILE = "probe.json", "probe.md"
METRICS: dict[Task, tuple[str, ...]] = {"tags": ("roc_auc_macro", "pr_auc_macro"), "classes": ("accuracy", "f1_macro")}


@dataclass(frozen=True, kw_only=True)
class ProbeScores:
    """One probe on one model's vectors, from so many tracks.

    Attributes:
        model: Its name.
        fingerprint: Of the model.
        embed_dim: Dimensions of its vectors.
        probe: A name in ``probes.PROBES``.
        shots: Tracks of each label; None is the whole training split.
        n_draws: Of the tracks; 1 of the whole split.
        n_train: Tracks that were learned from; with draws, the mean.
        strength: Of the probe, as chosen or as it stands.
        chosen_on: The split that it was chosen on; None where it was not chosen.
        metrics: By name, with intervals.
        spread: Standard deviation over draws, by metric; None of one draw.
    """

    model: str
    fingerprint: str
    embed_dim: int
    probe: str
    shots: int | None
    n_draws: int
    n_train: float
    strength: float
    chosen_on: str | None
    metrics: dict[str, Estimate]
    spread: dict[str, float] | None

    @property
    def setting(self) -> str:
        """What was learned from, in words."""
        return "all" if self.shots is None else f"{self.shots} a label"


@dataclass(frozen=True, kw_only=True)
class ProbeReport:
    """How well simple classifiers do on models' vectors.

    Attributes:
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: That was scored.
        task: ``tags`` or ``classes``.
        labels: That were asked for.
        n_items: That were scored.
        seed: Of the draws.
        bootstrap: How intervals were drawn.
        scores: One for each model, probe and number of tracks.
        n_examples: Of each label in the training split.
        few: Labels that have fewer tracks than were asked for, by that number, each with what it has.
        left_out: Labels that were not probed or not scored, and why.
        n_left_out: Tracks that were left out, by reason.
        failures: Tracks that could not be heard, and why.
    """

    dataset: str
    split: str
    task: Task
    labels: tuple[str, ...]
    n_items: int
    seed: int
    bootstrap: Bootstrap
    scores: tuple[ProbeScores, ...]
    n_examples: dict[str, int]
    few: dict[int, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    n_left_out: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = f"seed {self.seed}, bootstrap seed {self.bootstrap.seed}"
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {seeds}"

    def lines(self) -> list[str]:
        """A line for each score, each complete by itself."""
        level = f"{self.bootstrap.level:.0%} intervals"
        lines = []
        for one in self.scores:
            draws = "" if one.n_draws == 1 else f", {one.n_draws} draws"
            told = ", ".join(f"{TITLES[name]} {estimate}" for name, estimate in one.metrics.items())
            lines.append(f"{one.model}, {one.probe} probe, {one.setting}{draws}, on {self.setting}: {told} ({level})")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    def to_markdown(self) -> str:
        """A page with a table for each metric and what was left out."""
        bootstrap = self.bootstrap
        lines = [
            f"# Probes on {self.dataset}",
            "",
            f"Dataset {self.setting}; {len(self.labels)} {self.task}. {bootstrap.level:.0%} intervals from "
            f"{bootstrap.n_resamples:,} bootstrap resamples of the items, and of the draws where there are several; "
            "± is the standard deviation over draws. Vectors are standardised over the training split.",
            "",
        ]
        for metric in METRICS[self.task]:
            lines += [*self._table(metric), ""]
        lines += self._remarks()
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``probe.json`` and ``probe.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def _table(self, metric: str) -> list[str]:
        columns = list(dict.fromkeys((one.shots, one.setting, one.n_draws) for one in self.scores))
        heads = [f"{words} ({n} draws)" if n > 1 else words for _, words, n in columns]
        lines = [
            f"## {TITLES[metric]}",
            "",
            f"| model | probe | {' | '.join(heads)} |",
            f"| --- | --- | {' | '.join(['---'] * len(heads))} |",
        ]
        for model, probe in dict.fromkeys((one.model, one.probe) for one in self.scores):
            row = {one.shots: one for one in self.scores if (one.model, one.probe) == (model, probe)}
            cells = [_cell(row[shots], metric) for shots, _, _ in columns]
            lines.append(f"| {model} | {probe} | {' | '.join(cells)} |")
        return lines

    def _remarks(self) -> list[str]:
        remarks = [f"Left out: {count} tracks {reason}." for reason, count in self.n_left_out.items() if count]
        for shots, labels in self.few.items():
            listed = ", ".join(f"{label} {count}" for label, count in labels.items())
            remarks.append(f"Fewer than {shots} tracks to learn from, so that all there are were taken: {listed}.")
        remarks += _listed("Labels that were left out", self.left_out)
        remarks += _listed("Tracks that could not be heard", self.failures)
        return [line for remark in remarks for line in (remark, "")]


def _cell(one: ProbeScores, metric: str) -> str:
    spread = "" if one.spread is None else f" ± {one.spread[metric]:.3f}"
    return f"{one.metrics[metric]}{spread}"


def _listed(title: str, reasons: Mapping[str, str]) -> list[str]:
    if not reasons:
        return []
    return ["\n".join([f"{title}:", "", *[f"- {name}: {reason}" for name, reason in reasons.items()]])]
