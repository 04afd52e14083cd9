"""``tutti map``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutti.cli.output import file_place, page_place


def item_map(
    model: Annotated[
        str, typer.Argument(help="Folder of a space, a multimodal model, a tagger or an encoder; or a name.")
    ],
    on: Annotated[Path, typer.Option("--on", help="The catalogue.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=page_place, help="A file PAGE.html, or a folder.")
    ] = Path("map"),
    split: Annotated[str, typer.Option(help="train, valid, test or all.")] = "test",
    level: Annotated[str | None, typer.Option(help="track or album; a multimodal model's own by default.")] = None,
    modality: Annotated[str | None, typer.Option(help="Map one modality's vectors, such as image.")] = None,
    colour_by: Annotated[
        str | None, typer.Option(help="A fact of the catalogue, such as genre; else the tags.")
    ] = None,
    method: Annotated[list[str] | None, typer.Option(help="tsne, umap or pca; repeatable.")] = None,
    sentences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Place these texts, too: lines of text, tab, emotion.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the projections.")] = 0,
    picture: Annotated[
        Path | None, typer.Option(callback=file_place, help="Also draw it into a .png or .svg file.")
    ] = None,
) -> None:
    """Write one HTML page on which items that a model takes for alike lie together, with their covers."""
    from tutti.evaluation.map_figure import check_picture, draw_map
    from tutti.evaluation.maps import MapSettings, map_model
    from tutti.serve.map_page import write_map

    if picture is not None:
        check_picture(picture)
    settings = MapSettings(
        split=split,
        level=level,
        modality=modality,
        colour_by=colour_by,
        methods=tuple(method) if method else None,
        seed=seed,
        sentences=sentences,
    )
    drawn = map_model(model, on, settings)
    if picture is not None:
        draw_map(drawn, picture)
    typer.echo(f"the map of {drawn.setting} is in {write_map(drawn, output)}")
