"""``tutti probe``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tutti.cli.output import folder_place


def probe(
    models: Annotated[list[str], typer.Argument(help="Bundles' folders, or published models' names.")],
    on: Annotated[Path, typer.Option("--on", help="The catalogue.")],
    probes: Annotated[str, typer.Option(help="linear, mlp, knn; with commas between them.")] = "linear",
    shots: Annotated[str, typer.Option(help="Tracks of each label to learn from, such as 1,5,10,all.")] = "all",
    draws: Annotated[int, typer.Option(min=1, help="Of few tracks.")] = 5,
    labels: Annotated[
        str, typer.Option(help="all, top:50, dataset:NAME, or names with commas between them.")
    ] = "top:50",
    min_positives: Annotated[int, typer.Option(help="In each split, of a label that is not named.")] = 5,
    spelling: Annotated[str, typer.Option(help="Of tags: plain, exact or world.")] = "plain",
    task: Annotated[str, typer.Option(help="tags, or classes, of which a track carries exactly one.")] = "tags",
    split: Annotated[str, typer.Option(help="That is scored: test or valid.")] = "test",
    published_splits: Annotated[
        bool, typer.Option("--published-splits", help="Keep artists on both sides, where the splits have them.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the draws; also of the bootstrap.")] = 0,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1000,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=folder_place, help="Folder for vectors and report; the same one goes on."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Ask what models' vectors know: simple classifiers learn labels from them, on all tracks or on few."""
    from tutti.data.catalogue import Catalogue
    from tutti.evaluation.intervals import Bootstrap
    from tutti.evaluation.probe_sets import ProbeSettings, parse_labels, parse_shots, parse_task
    from tutti.evaluation.probing import probe_models
    from tutti.models.zoo import load_model

    settings = ProbeSettings(
        probes=tuple(name.strip() for name in probes.split(",")),
        shots=parse_shots(shots),
        n_draws=draws,
        labels=parse_labels(labels),
        min_positives=min_positives,
        spelling=spelling,
        task=parse_task(task),
        split=split,
        published_splits=published_splits,
        seed=seed,
        bootstrap=Bootstrap(n_resamples=resamples, seed=seed),
    )
    found = probe_models(
        [load_model(model) for model in models],
        Catalogue.open(on),
        settings,
        folder=output,
        tell=lambda line: typer.echo(line, err=True),
    )
    typer.echo(json.dumps(found.to_json(), ensure_ascii=False) if as_json else found.to_markdown(), nl=as_json)
