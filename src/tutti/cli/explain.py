"""``tutti explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tutti.cli.output import file_place


def explain(
    model: Annotated[str, typer.Argument(help="A published model's name or a bundle's folder.")],
    what: Annotated[str, typer.Argument(help="A sound file; with --on, an item's id, its title or a track's id.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=file_place, help="A figure, .png or .svg, or a page with a player, .html."
        ),
    ] = None,
    on: Annotated[
        Path | None, typer.Option("--on", help="The catalogue of the item that a multimodal model explains.")
    ] = None,
    map_: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="taggram, gradcam, attention, contribution or filters; of these, what the model has. "
            "[contribution of a sequence model; of others gradcam with --tag, taggram without]",
        ),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="The tag to explain; always among the rows.")] = None,
    start: Annotated[
        float | None,
        typer.Option(help="Where the excerpt or the taggram begins, seconds. [the middle; a taggram's beginning]"),
    ] = None,
    other: Annotated[
        Path | None, typer.Option("--with", help="A second sound file: the first halves of both are joined.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="What a multimodal model does without: audio, image or text; several with commas."),
    ] = None,
    by: Annotated[str, typer.Option(help="Of an item's text, what is left out at a time: word or sentence.")] = "word",
    top: Annotated[int, typer.Option(min=1, help="How many tags to show.")] = 10,
    device: Annotated[str, typer.Option(help="Where models compute, as torch names it: cpu, cuda, mps, …")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print the map's numbers, of all tags.")] = False,
) -> None:
    """Draw why a model says what it says: where in a sound it hears its tags, or what of an album speaks for one."""
    from tutti.errors import ConfigError

    if output is None and not as_json:
        raise ConfigError("there is nowhere to draw to", hint="name a file: -o map.png, or print numbers: --json")
    if on is None:
        if without or by != "word":
            raise ConfigError("--without and --by are of items", hint="give their catalogue with --on")
        title, plain = _sound(model, Path(what), (map_, tag, start, other), output=output, top=top, device=device)
    else:
        if map_ is not None or start is not None or other is not None or device != "cpu":
            raise ConfigError(
                "--map, --start, --with and --device are of single sounds", hint="leave them out, or --on"
            )
        left_out = tuple(name.strip() for names in without or () for name in names.split(",") if name.strip())
        title, plain = _item(model, what, on, (tag, left_out, by), output=output, top=top)
    if output is not None:
        typer.echo(f"drawn: {title}, in {output}", err=as_json)
    if as_json:
        typer.echo(json.dumps(plain, ensure_ascii=False))


def _sound(
    model: str, file: Path, asked: tuple[Any, Any, Any, Path | None], *, output: Path | None, top: int, device: str
) -> tuple[str, dict[str, Any]]:
    """The title of a sound's map, and its numbers."""
    from tutti.audio.recording import Recording
    from tutti.explain import explanations
    from tutti.explain.item_drawing import check_single_sound
    from tutti.explain.page import MAX_SECONDS
    from tutti.models.zoo import load_model

    kind, tag, start, other = asked
    check_single_sound(model)
    if output is not None:
        explanations.check_output(output, kind)
    made = explanations.explain(
        load_model(model, device=device),
        Recording.from_file(file),
        kind=kind,
        tag=tag,
        start=start,
        limit=MAX_SECONDS if output is not None and output.suffix == ".html" else None,
        other=None if other is None else Recording.from_file(other),
    )
    if output is not None:
        explanations.write_explanation(made, output, n_labels=top)
    return made.title, made.to_json()


def _item(
    model: str, name: str, on: Path, asked: tuple[str | None, tuple[str, ...], Any], *, output: Path | None, top: int
) -> tuple[str, dict[str, Any]]:
    """The title of an item's explanation, and its numbers."""
    from tutti.explain.explanations import check_output
    from tutti.explain.item_drawing import explain_named_item, write_item

    label, without, by = asked
    if output is not None:
        check_output(output, None)
    made = explain_named_item(model, name, on, label=label, without=without, by=by)
    if output is not None:
        write_item(made, output, n_labels=top)
    return made.title, made.to_json()
