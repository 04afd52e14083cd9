"""What a robustness study found: scores on deformed sounds beside those on the originals, and the published ones.

The study itself is in ``robustness``, the figure in ``robustness_figure``. Every score comes with dataset, split, seeds
and number of items, as in ``report``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.evaluation.intervals import Bootstrap, Difference
from tutti.evaluation.report import TITLES, Estimate
from tutti.files import write_text

JSON_FILE, MARKDOWN_FILE = "robustness.json", "robustness.md"
METRICS = ("roc_auc_macro", "pr_auc_macro")
ORIGINAL = "original"
DIGITISED = 0.0015
COMBINED = "time stretch and pitch shift: the mean of the scores at their two settings"

# Figure 3.8, test set of MagnaTagATune; read off the picture, to about DIGITISED.
PUBLISHED_COLUMNS = (
    ORIGINAL,
    "time stretch",
    "pitch shift",
    "compression, music standard",
    "compression, speech",
    "white noise 0.1",
    "white noise 0.4",
)
PUBLISHED: dict[str, dict[str, tuple[float, ...]]] = {
    "fcn": {
        "roc_auc_macro": (0.899, 0.880, 0.871, 0.894, 0.894, 0.858, 0.786),
        "pr_auc_macro": (0.429, 0.387, 0.371, 0.421, 0.421, 0.335, 0.246),
    },
    "musicnn": {
        "roc_auc_macro": (0.910, 0.894, 0.879, 0.907, 0.907, 0.870, 0.795),
        "pr_auc_macro": (0.448, 0.414, 0.380, 0.441, 0.441, 0.367, 0.248),
    },
    "sample_cnn_se": {
        "roc_auc_macro": (0.910, 0.885, 0.886, 0.906, 0.906, 0.886, 0.770),
        "pr_auc_macro": (0.453, 0.394, 0.396, 0.439, 0.439, 0.387, 0.230),
    },
    "cnnsa": {
        "roc_auc_macro": (0.907, 0.888, 0.877, 0.902, 0.902, 0.868, 0.771),
        "pr_auc_macro": (0.444, 0.404, 0.377, 0.438, 0.436, 0.371, 0.248),
    },
    "harmonic_cnn": {
        "roc_auc_macro": (0.912, 0.898, 0.890, 0.909, 0.909, 0.886, 0.810),
        "pr_auc_macro": (0.461, 0.427, 0.407, 0.456, 0.456, 0.399, 0.281),
    },
    "short_chunk_cnn": {
        "roc_auc_macro": (0.912, 0.898, 0.886, 0.909, 0.909, 0.880, 0.814),
        "pr_auc_macro": (0.459, 0.419, 0.397, 0.453, 0.453, 0.392, 0.288),
    },
}


@dataclass(frozen=True, kw_only=True)
class DeformedScores:
    """Scores under one deformation.

    Attributes:
        title: Of the deformation.
        metrics: By name, macro ROC-AUC and PR-AUC.
        differences: Minus the scores of the originals, of the same tracks in the same resamples; empty for themselves.
        published: What figure 3.8 shows, where it shows this model on this dataset.
    """

    title: str
    metrics: dict[str, Estimate]
    differences: dict[str, Difference]
    published: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class ModelRobustness:
    """One model under all deformations.

    Attributes:
        model: Its name.
        n_items: Tracks that could be heard under all deformations; the others count nowhere.
        columns: The originals, then each deformation.
        settings: Each of the settings that a column combines, by itself.
        left_out: Labels that no area exists for, and why.
        failures: Tracks that could not be heard, and why.
        training_seed: Of the model, where known.
    """

    model: str
    n_items: int
    columns: tuple[DeformedScores, ...]
    settings: tuple[DeformedScores, ...]
    left_out: dict[str, str]
    failures: dict[str, str]
    training_seed: int | None


@dataclass(frozen=True, kw_only=True)
class RobustnessReport:
    """How models stand deformed sounds.

    Attributes:
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        bootstrap: How intervals were drawn.
        noise_seed: Of the white noise, together with a track's id.
        models: In the order in which they were given.
    """

    dataset: str
    split: str
    bootstrap: Bootstrap
    noise_seed: int
    models: tuple[ModelRobustness, ...]

    @property
    def setting(self) -> str:
        """On what, in words."""
        counts = sorted({one.n_items for one in self.models})
        items = " or ".join(f"{count:,}" for count in counts)
        seeds = f"bootstrap seed {self.bootstrap.seed}, noise seed {self.noise_seed}"
        return f"{self.dataset}, split {self.split}, {items} items, {seeds}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"seed": self.bootstrap.seed, "combined": COMBINED, **dataclasses.asdict(self)}

    def to_markdown(self) -> str:
        """A page with two tables a metric: scores, and differences to the originals."""
        bootstrap = self.bootstrap
        lines = [
            f"# Robustness on {self.dataset}",
            "",
            f"Dataset {self.setting}. Macro averages, {bootstrap.level:.0%} intervals from {bootstrap.n_resamples:,} "
            "bootstrap resamples of the items; PR-AUC is average precision. Deformations act on whole tracks, before "
            f"excerpts are cut. Combined: {COMBINED}.",
            "",
        ]
        for metric in METRICS:
            lines += self._scores(metric)
            lines += self._differences(metric)
        lines += self._single_settings()
        for one in self.models:
            lines += _left_out(one)
            lines += _listed(f"Tracks that {one.model} could not hear", one.failures)
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``robustness.json`` and ``robustness.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def _scores(self, metric: str) -> list[str]:
        lines = [f"## {TITLES[metric]}", "", *_header([one.title for one in self.models[0].columns])]
        for one in self.models:
            seed = "" if one.training_seed is None else f" (training seed {one.training_seed})"
            lines.append(_row(f"{one.model}{seed}", [str(column.metrics[metric]) for column in one.columns]))
            if any(column.published for column in one.columns):
                published = [f"{column.published[metric]:.3f}" for column in one.columns]
                lines.append(_row(f"as published, figure 3.8, digitised ±{DIGITISED}", published))
        return [*lines, ""]

    def _differences(self, metric: str) -> list[str]:
        """Paired differences, deformed minus original."""
        lines = ["Deformed minus original, on the same tracks, with interval and two-sided p:", ""]
        lines += _header([column.title for column in self.models[0].columns[1:]])
        lines += [
            _row(one.model, [_difference_in_words(column.differences[metric]) for column in one.columns[1:]])
            for one in self.models
        ]
        return [*lines, ""]

    def _single_settings(self) -> list[str]:
        if not self.models[0].settings:
            return []
        lines = ["## The settings that were combined, each by itself", ""]
        lines += _header([f"{one.title}, {name}" for one in self.models[0].settings for name in ("ROC-AUC", "PR-AUC")])
        lines += [
            _row(model.model, [str(one.metrics[metric]) for one in model.settings for metric in METRICS])
            for model in self.models
        ]
        return [*lines, ""]


def published_scores(architecture: str) -> dict[str, dict[str, float]]:
    """Figure 3.8's scores of an architecture: by deformation, then by metric; empty where it is not in the figure."""
    scores = PUBLISHED.get(architecture)
    if scores is None:
        return {}
    return {
        title: {metric: values[index] for metric, values in scores.items()}
        for index, title in enumerate(PUBLISHED_COLUMNS)
    }


def _difference_in_words(one: Difference) -> str:
    p_value = "p < 0.001" if one.p_value < 0.001 else f"p = {one.p_value:.3f}"
    return f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}], {p_value}"


def _header(titles: list[str]) -> list[str]:
    return [_row("model", titles), _row("---", ["---:"] * len(titles))]


def _row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _left_out(one: ModelRobustness) -> list[str]:
    """A line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for label, reason in one.left_out.items():
        by_reason.setdefault(reason, []).append(label)
    return [
        line
        for reason, labels in by_reason.items()
        for line in (f"Left out of the averages of {one.model}, since they have {reason}: {', '.join(labels)}.", "")
    ]


def _listed(title: str, reasons: Mapping[str, str]) -> list[str]:
    if not reasons:
        return []
    return [f"{title}:", "", *[f"- {name}: {reason}" for name, reason in reasons.items()], ""]
