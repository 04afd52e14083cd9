"""``tutti explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def explain(
    model: Annotated[str, typer.Argument(help="A published model's name or a bundle's folder.")],
    file: Annotated[Path, typer.Argument(help="A sound file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A figure, .png or .svg, or a page with a player, .html.")
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
    top: Annotated[int, typer.Option(min=1, help="How many tags to show.")] = 10,
    device: Annotated[str, typer.Option(help="Where models compute, as torch names it: cpu, cuda, mps, …")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print the map's numbers, of all tags.")] = False,
) -> None:
    """Draw where in a sound a model hears its tags: over time, over frequency, or by its attention."""
    from tutti.audio.recording import Recording
    from tutti.errors import ConfigError
    from tutti.explain import explanations
    from tutti.explain.page import MAX_SECONDS
    from tutti.models.zoo import load_model

    if output is None and not as_json:
        raise ConfigError("there is nowhere to draw to", hint="name a file: -o map.png, or print numbers: --json")
    if output is not None:
        explanations.check_output(output, map_)
    second = None if other is None else Recording.from_file(other)
    limit = MAX_SECONDS if output is not None and output.suffix == ".html" else None
    made = explanations.explain(
        load_model(model, device=device),
        Recording.from_file(file),
        kind=map_,
        tag=tag,
        start=start,
        limit=limit,
        other=second,
    )
    if output is not None:
        explanations.write_explanation(made, output, n_labels=top)
        typer.echo(f"drawn: {made.title}, in {output}", err=as_json)
    if as_json:
        typer.echo(json.dumps(made.to_json(), ensure_ascii=False))
