"""``tutti reproduce``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutti.cli.output import folder_place

if TYPE_CHECKING:
    from tutti.papers.experiment import Outcome
    from tutti.papers.reproduction import Reproduction


def reproduce(
    exhibit: Annotated[
        str | None, typer.Argument(help="Such as won2021/table3.1; without it, all are listed.", show_default=False)
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="A folder of datasets, each in a folder of its name; or NAME=FOLDER; repeatable."),
    ] = None,
    row: Annotated[list[str] | None, typer.Option(help="Only this row; repeatable.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="Only this column; repeatable.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Of the training, instead of the table's; repeatable.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Such as training.epochs=20; repeatable.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=folder_place, help="Folder of the results. [runs/EXHIBIT]", show_default=False
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the runs that the folder holds.")] = False,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Run every row small, on a tiny generated world, to see that it works.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Repeat a published table or figure: train its rows, score them, print ours beside the published values."""
    from tutti.papers.commands import Order, carry_out, listing

    if exhibit is None:
        typer.echo(listing(as_json=as_json), nl=False)
        return
    order = Order(
        key=exhibit,
        data=tuple(data or ()),
        rows=tuple(row or ()),
        columns=tuple(column or ()),
        seeds=tuple(seed or ()),
        settings=tuple(settings or ()),
        folder=output,
        resume=resume,
        smoke=smoke,
    )
    done = carry_out(order, quiet=quiet, tell=lambda line: None if quiet else typer.echo(line, err=True))
    _print(done, as_json=as_json)
    if done.comparison.failures:
        raise typer.Exit(1)


def _print(done: Reproduction | Outcome, *, as_json: bool) -> None:
    comparison = done.comparison
    typer.echo(
        json.dumps(comparison.to_json(), ensure_ascii=False) if as_json else comparison.to_markdown(), nl=as_json
    )
    typer.echo(f"everything is in {done.folder}", err=True)
