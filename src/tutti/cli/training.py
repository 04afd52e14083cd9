"""``tutti train``."""

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
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Train a model as a recipe says, and score it. The same command resumes a run that was stopped."""
    from tutti.training.recipes import read_recipe
    from tutti.training.runs import train as carry_out

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    run = carry_out(read_recipe(recipe, overrides or ()), quiet=quiet, tell=tell)
    if run.failures:
        typer.echo(f"{len(run.failures)} items could not be heard, seen or read whole:", err=True)
    for key, reason in run.failures.items():
        typer.echo(f"  {key}: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps({"bundle": str(run.bundle), **run.report.to_json()}, ensure_ascii=False))
    else:
        typer.echo(run.report.line())
        typer.echo(f"the model is in {run.bundle}, its scores in {run.folder}/report.md")
