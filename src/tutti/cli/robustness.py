"""``tutti robustness``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tutti.audio.deformations import DEFORMATIONS
from tutti.cli.output import folder_place


def robustness(
    models: Annotated[list[str], typer.Argument(help="Bundles' folders, or published models' names.")],
    on: Annotated[Path, typer.Option("--on", help="The catalogue.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the study; the same one goes on.")
    ],
    split: Annotated[str, typer.Option(help="train, valid, test or all.")] = "test",
    deformations: Annotated[str, typer.Option(help="Which, with commas between them.")] = ",".join(DEFORMATIONS),
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Score models on the deformed tracks of a catalogue: pitch, tempo, compression, noise."""
    from tutti.data.catalogue import Catalogue
    from tutti.evaluation.intervals import Bootstrap
    from tutti.evaluation.robustness import robustness_study
    from tutti.models.zoo import load_model

    report = robustness_study(
        [load_model(model) for model in models],
        Catalogue.open(on),
        folder=output,
        split=split,
        deformations=[name.strip() for name in deformations.split(",") if name.strip()],
        bootstrap=Bootstrap(seed=seed),
        tell=lambda line: typer.echo(line, err=True),
    )
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        typer.echo(report.to_markdown(), nl=False)
