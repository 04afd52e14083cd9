"""``tutti world``."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutti.cli.output import folder_place

if TYPE_CHECKING:
    from tutti.data.catalogue import Catalogue
    from tutti.data.track import Track


def world(
    preset: Annotated[
        str, typer.Argument(help="tiny (36 tracks of 4.5 s), demo (300 of 10 s), study (3,000 of 15 s).")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the catalogue, new or empty.")
    ],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    knobs: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KNOB=VALUE", help="Such as n_tracks=500, duration=20, audio=0.8, missing=0.2."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes that render.", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Generate a catalogue of music that never was, with the truth about all of it."""
    from tutti.data.world.config import read_knobs
    from tutti.data.world.generate import generate_world

    with _bar(quiet) as progress:
        catalogue = generate_world(preset, output, seed=seed, jobs=jobs, progress=progress, **read_knobs(knobs or ()))
    typer.echo(_summary(catalogue))


@contextlib.contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr, with rate and remaining time."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("rendering"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("tracks", rate="", total=None)

        def show(done: int, total: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.1f} tracks/s" if speed else "")

        yield show


def _summary(catalogue: Catalogue) -> str:
    """A screen about a world."""
    tracks, facts = catalogue.tracks(), catalogue.facts()
    made = [track for track in tracks if track.track_id in facts]
    splits = Counter(track.split for track in made)
    parents = Counter(facts[track.track_id]["parent_genre"] for track in made)
    genres = Counter(facts[track.track_id]["genre"] for track in made)
    players = Counter(name for track in made for name in facts[track.track_id]["instruments"])
    plays = catalogue.listens()
    lines = {
        "tracks": f"{len(made)} by {len({track.artist for track in made})} artists, "
        f"{sum(track.duration or 0.0 for track in made) / 60:.1f} minutes of sound",
        "splits": ", ".join(f"{name} {splits[name]}" for name in ("train", "valid", "test")),
        "genres": ", ".join(f"{name} {count}" for name, count in parents.most_common()),
        "of which": ", ".join(f"{name} {count}" for name, count in genres.most_common(6)) + ", …",
        "players": ", ".join(f"{name} {count}" for name, count in players.most_common()),
        "covers": str(sum(track.cover is not None for track in made)),
        "texts": str(sum(len(track.texts) for track in made)),
        "tags": f"{sum(len(track.tags) for track in made)}, such as {', '.join(_examples(made))}",
        "listens": f"{sum(one.plays for one in plays)} plays by {len({one.user for one in plays})} listeners",
    }
    return "\n".join([f"{catalogue.folder} holds a world:", *(f"  {name:9}{line}" for name, line in lines.items())])


def _examples(tracks: Sequence[Track]) -> list[str]:
    return [tag for tag, _ in Counter(tag for track in tracks for tag in track.tags).most_common(5)]
