"""``tutti pseudolabel``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutti.cli.output import folder_place


def pseudolabel(
    catalogue: Annotated[Path, typer.Argument(help="Of the sounds to hear.")],
    output: Annotated[Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the pseudo-labels.")],
    teachers: Annotated[
        list[str],
        typer.Option(
            "--teacher", "-t", metavar="[SET=]MODEL", help="A model; those of one SET have the same labels. Repeatable."
        ),
    ],
    hop: Annotated[float | None, typer.Option(help="Seconds between excerpts. [the excerpt's length]")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads that decode. [as many as processors]")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing on stderr.")] = False,
) -> None:
    """Store what models hear in a catalogue, for students to learn from. The same command goes on after a kill."""
    import os

    from tutti.cli.datasets import bar
    from tutti.data.catalogue import Catalogue
    from tutti.models.zoo import load_model
    from tutti.training.pseudo_labels import write_pseudo_labels

    sets: dict[str, list[str]] = {}
    for teacher in teachers:
        label_set, equals, model = teacher.partition("=")
        sets.setdefault(label_set if equals else "teacher", []).append(model if equals else teacher)
    tracks = Catalogue.open(catalogue).tracks()
    with bar("hearing", quiet=quiet) as show:
        made = write_pseudo_labels(
            tracks,
            {name: [load_model(model) for model in models] for name, models in sets.items()},
            output,
            hop=hop,
            jobs=jobs or os.cpu_count() or 1,
            on_progress=show,
        )
    for track_id, reason in made.failures.items():
        typer.echo(f"{track_id}\t{reason}", err=True)
    told = "; ".join(f"{name}: {', '.join(made.teachers[name])}, {len(made.sets[name])} labels" for name in made.sets)
    typer.echo(f"{output}\t{len(made.track_ids):,} tracks heard ({told}); {len(made.failures):,} could not be")
