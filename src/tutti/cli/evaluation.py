"""``tutti evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tutti.cli.output import folder_place


def evaluate(
    model: Annotated[str, typer.Argument(help="A bundle's folder, or the name of a model or a space.")],
    on: Annotated[Path, typer.Option("--on", help="The catalogue.")],
    split: Annotated[str, typer.Option(help="train, valid, test or all.")] = "test",
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1000,
    threshold: Annotated[float, typer.Option(help="A label is given where its probability is at least this.")] = 0.5,
    tune_on: Annotated[
        str | None, typer.Option(help="Also tune thresholds for F1, on another split such as valid.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Compare with another model, or with its predictions.npz.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="What a multimodal model does without: audio, image or text; several with commas."),
    ] = None,
    excerpts: Annotated[str, typer.Option(help="even, or published to repeat published scores.")] = "even",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", callback=folder_place, help="Folder for the report and the predictions."),
    ] = None,
    figures: Annotated[bool, typer.Option("--figures", help="Also draw figures into the folder.")] = False,
) -> None:
    """Score a model on the tracks of a catalogue, with bootstrap intervals."""
    from tutti.evaluation.intervals import Bootstrap
    from tutti.evaluation.session import EvaluationSettings, evaluate_model

    settings = EvaluationSettings(
        split=split,
        bootstrap=Bootstrap(n_resamples=resamples, seed=seed),
        threshold=threshold,
        tune_on=tune_on,
        against=against,
        spread=excerpts,
        figures=figures,
        without=tuple(name.strip() for names in without or () for name in names.split(",") if name.strip()),
    )
    evaluation = evaluate_model(model, on, settings, folder=output)
    if as_json:
        typer.echo(json.dumps(evaluation.to_json(), ensure_ascii=False))
    else:
        typer.echo(evaluation.to_markdown(), nl=False)
