"""``tutti tag``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tutti.models.model import Model

DEFAULT_MODEL = "tutti-small"  # inside the package

ModelNames = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", help=f"A model's name or a bundle's folder; repeatable. [{DEFAULT_MODEL}]"),
]
MaxExcerpts = Annotated[
    int | None, typer.Option("--excerpts", min=1, help="Spread at most so many excerpts over a track.")
]
HopSeconds = Annotated[
    float | None, typer.Option("--hop", min=0.01, help="Instead, take an excerpt every so many seconds.")
]

Device = Annotated[str, typer.Option(help="Where models compute, as torch names it: cpu, cuda, mps, …")]


def load_models(names: list[str], *, excerpts: int | None, hop: float | None, device: str) -> list[Model]:
    """The models of the command line's options."""
    from tutti.models.zoo import load_model

    return [load_model(name, device=device).with_excerpts(count=excerpts, hop=hop) for name in names]


def tag(
    files: Annotated[list[Path], typer.Argument(help="Sound files.")],
    model: ModelNames = None,
    top: Annotated[int, typer.Option(min=1, help="How many tags to print; --json has them all.")] = 8,
    excerpts: MaxExcerpts = None,
    hop: HopSeconds = None,
    device: Device = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of path, model, n_excerpts, tags.")] = False,
) -> None:
    """Tag sound files, without a catalogue. Silent and unreadable files are reported; exits 1 when none could be heard.

    A file that ends too early is tagged as far as it goes, and named.
    """
    from tutti.models.tagging import tag_files

    models = load_models(model or [DEFAULT_MODEL], excerpts=excerpts, hop=hop, device=device)
    tagged, failures = tag_files(files, models)
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in tagged], ensure_ascii=False, indent=1))
    else:
        for one in tagged:
            best = "  ".join(f"{label} {value:.2f}" for label, value in list(one.tags.items())[:top])
            typer.echo(f"{one.path}\n  {one.model}: {best}")
    for path, damage in {one.path: one.damage for one in tagged if one.damage}.items():
        typer.echo(f"remark: {path}: {damage}; what there is of it was heard", err=True)
    for error in failures.values():
        typer.echo(f"error: {error.message}\nhint: {error.hint}", err=True)
    if failures:
        typer.echo(f"{len(failures)} of {len(set(files))} files could not be heard", err=True)
    if not tagged:
        raise typer.Exit(1)
