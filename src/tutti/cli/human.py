"""``tutti human``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tutti.cli.output import folder_place


def human(
    predictions: Annotated[Path, typer.Argument(help="A predictions.npz of `tutti evaluate`, or its folder.")],
    answers: Annotated[Path, typer.Argument(help="A person's answers: lines of an item's id, a tab, and a label.")],
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", callback=folder_place, help="Folder for the comparison.")
    ] = None,
) -> None:
    """Compare a model with a person who labelled some of the same items, class by class."""
    from tutti.evaluation.human import compare_with_human, read_annotations
    from tutti.evaluation.intervals import Bootstrap
    from tutti.evaluation.predictions import read_predictions

    found = compare_with_human(
        read_predictions(predictions),
        read_annotations(answers),
        annotator=answers.stem,
        bootstrap=Bootstrap(n_resamples=resamples, seed=seed),
    )
    if output is not None:
        found.write(output)
    typer.echo(json.dumps(found.to_json(), ensure_ascii=False) if as_json else found.to_markdown().rstrip())
