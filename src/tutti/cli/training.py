"""``tutti train`` and ``tutti evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, a TOML file.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Settings to replace, such as training.epochs=3.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Train a model as a recipe says, and score it. The same command resumes a run that was stopped."""
    from tutti.training.recipes import read_recipe
    from tutti.training.runs import train as carry_out

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    run = carry_out(read_recipe(recipe, overrides or ()), quiet=quiet, tell=tell)
    for key, reason in run.failures.items():
        typer.echo(f"left out {key}: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps({"bundle": str(run.bundle), **run.report.to_json()}, ensure_ascii=False))
    else:
        typer.echo(run.report.line())
        typer.echo(f"the model is in {run.bundle}, its scores in {run.folder}/report.md")


def evaluate(
    model: Annotated[str, typer.Argument(help="A bundle's folder, or a published model's name.")],
    on: Annotated[Path, typer.Option("--on", help="The catalogue.")],
    split: Annotated[str, typer.Option(help="train, valid, test or all.")] = "test",
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the report.")] = None,
) -> None:
    """Score a model on the tracks of a catalogue, with bootstrap intervals."""
    from tutti.data.catalogue import Catalogue
    from tutti.evaluation.intervals import Bootstrap
    from tutti.evaluation.tagging import evaluate_tagger
    from tutti.models.zoo import load_model

    report = evaluate_tagger(load_model(model), Catalogue.open(on), split=split, bootstrap=Bootstrap(seed=seed))
    if output is not None:
        report.write(output)
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        typer.echo(report.to_markdown(), nl=False)
