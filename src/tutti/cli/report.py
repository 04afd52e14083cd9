"""``tutti report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutti.cli.output import page_place
from tutti.errors import UnknownNameError

if TYPE_CHECKING:
    from tutti.search.library import Library


def report(
    catalogue: Annotated[Path, typer.Argument(help="The catalogue's folder.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=page_place, help="A file PAGE.html, or a folder.")
    ] = Path("report"),
    query: Annotated[list[str] | None, typer.Option("--query", "-q", help="Search for this; repeatable.")] = None,
    like: Annotated[list[str] | None, typer.Option("--like", help="Find what sounds like this; repeatable.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose vectors make the map.")] = None,
    run: Annotated[Path | None, typer.Option(help="A training run's folder, for its learning curve.")] = None,
    evaluation: Annotated[Path | None, typer.Option(help="A report.json of `tutti evaluate`.")] = None,
    k: Annotated[int, typer.Option("-k", help="How many hits to show for each query.")] = 6,
) -> None:
    """Write one HTML page on a catalogue: numbers, searches, a map, scores, the learning curve."""
    from tutti.search.library import open_catalogue
    from tutti.serve.report import read_scores, write_report

    library = open_catalogue(catalogue)
    searches = [(f"“{text}”", library.search(text, k=k)) for text in query or ()]
    searches += [(f"sounds like {_name(library, sound)}", library.similar(sound, k=k)) for sound in like or ()]
    page = write_report(
        library,
        output,
        model=model,
        run=run,
        evaluation=None if evaluation is None else read_scores(evaluation),
        searches=searches,
    )
    typer.echo(f"the report is in {page}")


def _name(library: Library, sound: str) -> str:
    """What to call an example: its track's name, or the file's."""
    try:
        return library.track(sound).name
    except UnknownNameError:
        return Path(sound).name
