"""The report: one HTML page on a catalogue, its searches and its model, which opens from disk.

The page holds its figures, covers, style and script, and asks nothing of any server; only sounds stay where they are,
and players point to them relative to the page. The same inputs give the same bytes.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError, unknown_name
from tutti.files import write_text
from tutti.search.hits import Hits
from tutti.serve import sections
from tutti.serve.atlas import Atlas, draw_atlas

TITLES = {
    "numbers": "Numbers",
    "searches": "Searches",
    "map": "Map",
    "scores": "Scores",
    "learning": "Learning",
}
METRICS, RECIPE, SCORES = "metrics.csv", "recipe.json", "report.json"


def write_report(
    catalogue: Catalogue,
    output: Path,
    *,
    model: str | None = None,
    run: Path | None = None,
    evaluation: Mapping[str, Any] | None = None,
    searches: Sequence[tuple[str, Hits]] = (),
) -> Path:
    """Write the page, and say where it is.

    Args:
        catalogue: Whose tracks it is about.
        output: The page's file, or a folder for its ``index.html``.
        model: The model whose vectors make the map; the one that has described the most tracks when None. Where none
            has described anything, there is no map.
        run: Folder of a training run, for the learning curve.
        evaluation: A report of scores as JSON has it; the run's own when None.
        searches: What to call each search, and what ``Library.search`` found.

    Raises:
        ConfigError: The run's folder holds no run.
        UnknownNameError: The model has described nothing in this catalogue.
    """
    page = output if output.suffix == ".html" else output / "index.html"
    tracks = catalogue.tracks()
    by_id = {track.track_id: track for track in tracks}
    epochs, kept = ({}, None) if run is None else read_epochs(run)
    if evaluation is None and run is not None and (run / SCORES).exists():
        evaluation = read_scores(run)
    parts = {
        "numbers": sections.numbers(tracks, catalogue.listens(), catalogue.problems()),
        "searches": sections.searches(searches, by_id, page=page),
        "map": sections.catalogue_map(_atlas(catalogue, model), by_id, page=page),
        "scores": sections.scores(evaluation),
        "learning": sections.learning(epochs, kept=kept),
    }
    write_text(page, _page(catalogue.folder.name, parts))
    return page


def read_scores(report: Path) -> Mapping[str, Any]:
    """The scores in a ``report.json``, or in the folder of one.

    Raises:
        ConfigError: There is none, or the file holds something else.
    """
    file = report / SCORES if report.is_dir() else report
    try:
        scores: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if missing := {"metrics", "labels", "bootstrap", "n_items"} - set(scores):
            raise ValueError(f"it has no {sorted(missing)[0]!r}")
    except (OSError, ValueError, TypeError) as cause:
        raise ConfigError(
            f"{file} is no report of scores: {cause}", hint="make one: tutti evaluate MODEL --on CATALOGUE -o FOLDER"
        ) from None
    return scores


def read_epochs(run: Path) -> tuple[dict[str, list[float]], int | None]:
    """The columns of a run's table of epochs, and the epoch that was the best by what the run watched.

    Raises:
        ConfigError: The folder holds no run.
    """
    try:
        with (run / METRICS).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        epochs = {name: [float(row[name] or "nan") for row in rows] for name in (rows[0] if rows else ())}
    except (OSError, ValueError, TypeError) as cause:
        raise ConfigError(
            f"{run} holds no training run with {METRICS}: {cause}", hint="name the folder that `tutti train` wrote to"
        ) from None
    return epochs, _best_epoch(epochs, _monitor(run))


def _monitor(run: Path) -> str:
    try:
        recipe = json.loads((run / RECIPE).read_text(encoding="utf-8"))
        return str(recipe["training"]["monitor"])
    except (OSError, ValueError, KeyError, TypeError):
        return "loss"


def _best_epoch(epochs: Mapping[str, Sequence[float]], monitor: str) -> int | None:
    sign = -1 if monitor == "loss" else 1
    goodness = [sign * value for value in epochs.get(f"valid_{monitor}", ()) if math.isfinite(value)]
    return goodness.index(max(goodness)) + 1 if goodness else None


def _atlas(catalogue: Catalogue, model: str | None) -> Atlas | None:
    models = catalogue.models()
    if model is not None and model not in models:
        raise unknown_name("model in this catalogue", model, models)
    if model is None and models:
        model = max(sorted(models), key=lambda name: len(catalogue.predictions(name)))
    return None if model is None else draw_atlas(catalogue, model)


def _page(name: str, parts: Mapping[str, str]) -> str:
    folder = resources.files("tutti.serve")
    links = "".join(f'<a href="#{key}">{TITLES[key]}</a>' for key, part in parts.items() if part)
    return Template((folder / "report.html").read_text(encoding="utf-8")).substitute(
        title=escape(name),
        links=links,
        style=(folder / "report.css").read_text(encoding="utf-8"),
        script=(folder / "report.js").read_text(encoding="utf-8"),
        **parts,
    )
