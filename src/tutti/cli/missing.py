"""``tutti missing``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from tutti.cli.output import folder_place

Number = TypeVar("Number", int, float)


def missing(
    model: Annotated[str, typer.Argument(help="A multimodal bundle, whose encoders are taken.")],
    on: Annotated[Path, typer.Option("--on", help="The catalogue, with the splits train, valid and test.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", callback=folder_place, help="Folder for the grid, its figure and the trainings."
        ),
    ],
    fusions: Annotated[str | None, typer.Option(help="Which fusions, with commas. [all]")] = None,
    seeds: Annotated[str, typer.Option(help="Training seeds, with commas; scores are means over them.")] = "0",
    noise: Annotated[str, typer.Option(help="Lengths of noise relative to the vectors, with commas.")] = "0.5,1.0",
    epochs: Annotated[int, typer.Option(min=1, help="Of each fusion, at most.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print the grid as JSON.")] = False,
) -> None:
    """Compare all fusions where modalities are missing or noisy, in training and in use: a table and a heat map."""
    from tutti.data.catalogue import Catalogue
    from tutti.evaluation.missing_figure import draw_missing
    from tutti.models.fusion import KINDS
    from tutti.models.multimodal import MultimodalModel, find_multimodal
    from tutti.training.missing_study import MissingStudy, missing_grid
    from tutti.training.trainer import TrainingConfig

    study = MissingStudy(
        fusions=tuple(_listed(fusions)) if fusions else KINDS,
        seeds=tuple(_numbers(seeds, int)),
        noise=tuple(_numbers(noise, float)),
        training=TrainingConfig(epochs=epochs, patience=6, loaders=0),
    )
    grid = missing_grid(
        MultimodalModel.load(find_multimodal(model) or model),
        Catalogue.open(on),
        study,
        folder=output / "trainings",
        tell=lambda line: typer.echo(line, err=True),
    )
    grid.write(output)
    draw_missing(grid, output / "missing.png")
    typer.echo(json.dumps(grid.to_json(), ensure_ascii=False) if as_json else grid.to_markdown(), nl=as_json)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _numbers(text: str, kind: Callable[[str], Number]) -> list[Number]:
    from tutti.errors import ConfigError

    try:
        return [kind(one) for one in _listed(text)]
    except ValueError:
        raise ConfigError(f"{text!r} is no list of numbers", hint="write such as 0,1,2") from None
