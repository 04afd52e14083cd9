"""``tutti index``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutti.cli.tag import DEFAULT_MODEL, Device, HopSeconds, MaxExcerpts, load_models

if TYPE_CHECKING:
    from tutti.models.model import Model
    from tutti.search.index_report import Progress


IndexModels = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        help="A model's name or a bundle's folder; repeatable. "
        f"[those that have described the catalogue; for a new one {DEFAULT_MODEL}]",
    ),
]


def index(
    catalogue: Annotated[Path, typer.Option("--catalogue", "-c", help="The catalogue's folder; made where missing.")],
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders of music, or files. None: the catalogue's own tracks.")
    ] = None,
    model: IndexModels = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads that decode. [as many as processors]")] = None,
    excerpts: MaxExcerpts = None,
    hop: HopSeconds = None,
    device: Device = "cpu",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Tag music and store everything in a catalogue. The same command again only looks at what has changed."""
    from tutti.data.catalogue import Catalogue
    from tutti.search.indexing import index as bring_up_to_date

    models = [] if model else _own_models(catalogue, excerpts=excerpts, hop=hop, device=device, quiet=quiet)
    models = models or load_models(model or [DEFAULT_MODEL], excerpts=excerpts, hop=hop, device=device)
    with _progress_bar(quiet) as on_progress:
        report = bring_up_to_date(
            folders or [], Catalogue.create(catalogue), models, jobs=jobs, on_progress=on_progress
        )
    typer.echo(json.dumps(report.to_json(), ensure_ascii=False) if as_json else "\n".join(report.lines()))


def _own_models(folder: Path, *, excerpts: int | None, hop: float | None, device: str, quiet: bool) -> list[Model]:
    """The models that have described the catalogue, which go on where none is named; none for a new catalogue."""
    from tutti.search.recorded_models import models_of

    models, lost = models_of(folder, device=device)
    names = [model.name for model in models]
    if names and names != [DEFAULT_MODEL] and not quiet:
        typer.echo(f"{folder} was described by {' and '.join(names)}, and so it goes on: --model adds others", err=True)
    if lost and not quiet:
        typer.echo(f"not at hand unchanged, and left out: {' and '.join(lost)}", err=True)
    return [model.with_excerpts(count=excerpts, hop=hop) for model in models]


@contextmanager
def _progress_bar(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} tracks/s, {task.fields[problems]} problems"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("index", total=None, rate="–", problems=0)

        def show(progress: Progress) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f}" if speed else "–"
            bar.update(task, total=progress.n_files, completed=progress.n_done, rate=rate, problems=progress.n_problems)

        yield show
