"""``tutti search``, ``tutti similar``, ``tutti show`` and ``tutti stats``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tutti.search.hits import Hits
    from tutti.search.portraits import Portrait, Statistics

N_TAGS_SHOWN = 8

CatalogueFolder = Annotated[Path, typer.Argument(help="The catalogue's folder.")]
Count = Annotated[int, typer.Option("-k", help="How many hits at most.")]
Where = Annotated[
    str | None,
    typer.Option("--where", help="Rank only tracks that meet an SQL condition: \"artist = 'X' and year < 1990\"."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as docs/guides/search.md describes it.")]


def search(
    catalogue: CatalogueFolder,
    query: Annotated[
        list[str] | None,
        typer.Argument(
            help='Words, or a sentence: "jazz piano -vocals". Quotes keep words together, a minus or "no" rejects.'
        ),
    ] = None,
    like: Annotated[str | None, typer.Option("--like", help="A track's id, or a sound file, to sound like.")] = None,
    plus: Annotated[
        list[str] | None,
        typer.Option(
            "--plus",
            help="A further term, [WEIGHT*][KIND:]VALUE: song.mp3, artist:NAME, 0.5*listener:NAME. Kinds: words, text, "
            "sound, image, track, artist, album, lyrics, listener.",
        ),
    ] = None,
    minus: Annotated[list[str] | None, typer.Option("--minus", help="A term to get away from.")] = None,
    image: Annotated[Path | None, typer.Option("--image", help="A picture to be near to.")] = None,
    text: Annotated[Path | None, typer.Option("--text", help="A text file to be near to, up to 2 MB.")] = None,
    where: Where = None,
    k: Count = 10,
    diverse: Annotated[
        float, typer.Option("--diverse", help="From 0, the best first, to 1, each hit unlike those before it.")
    ] = 0.0,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", help="What a modality of the tracks counts, NAME=NUMBER: audio=2, text=0, words=0.5."),
    ] = None,
    space: Annotated[str | None, typer.Option("--space", "-s", help="In which points are compared.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find tracks by any mixture of words, texts, sounds, pictures, tracks, artists, lyrics and listeners.

    A score is the geometric mean over the parts of the query: of words, the share of the catalogue's tracks in which
    there is less of them, so that 0.9 beats 90 % of the catalogue; of all that has a point in a space, 1 for the
    nearest track and 0.5 for one as near as tracks are on average. Listed are only tracks in which the models hear
    what is asked for, or which lie near to it where no tag says.
    """
    from tutti.search.library import open_catalogue
    from tutti.search.terms import Query, Term, parse_terms, parse_weights

    pictures = [] if image is None else [Term(kind="image", value=str(image))]
    texts = [] if text is None else [Term(kind="text", value=str(text))]
    asked = Query(
        terms=parse_terms([*pictures, *texts, *(plus or ())], minus or (), words=" ".join(query or ())),
        like=like,
        k=k,
        where=where,
        diversity=diverse,
        weights=parse_weights(weight or ()),
        space=space,
    )
    print_hits(open_catalogue(catalogue).answer(asked), as_json=as_json)


def similar(
    catalogue: CatalogueFolder,
    track: Annotated[str, typer.Argument(help="A track's id, path or title, or any sound file.")],
    where: Where = None,
    k: Count = 10,
    as_json: AsJson = False,
) -> None:
    """Find tracks that sound like a track or a file.

    A score is the share of random pairs of the catalogue's tracks that are less alike.
    """
    from tutti.search.library import open_catalogue

    print_hits(open_catalogue(catalogue).similar(track, k=k, where=where), as_json=as_json)


def show(
    catalogue: CatalogueFolder,
    track: Annotated[str, typer.Argument(help="A track's id, path or title.")],
    as_json: AsJson = False,
) -> None:
    """Print all that is known of a track."""
    from tutti.search.library import open_catalogue

    portrait = open_catalogue(catalogue).show(track)
    if as_json:
        _print_json(portrait.to_json())
    else:
        _print_portrait(portrait)


def stats(catalogue: CatalogueFolder, as_json: AsJson = False) -> None:
    """Print what a catalogue holds, and what was wrong with its files."""
    from tutti.search.library import open_catalogue

    statistics = open_catalogue(catalogue).stats()
    if as_json:
        _print_json(statistics.to_json())
    else:
        _print_statistics(statistics)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def print_hits(hits: Hits, *, as_json: bool) -> None:
    """Hits on stdout, as a table or as JSON; notes on stderr."""
    if not hits:
        typer.echo("nothing matches", err=True)
    for note in hits.notes:
        typer.echo(note, err=True)
    if as_json:
        _print_json(hits.to_json())
    elif hits:
        _console().print(_hits_table(hits))


def _hits_table(hits: Hits) -> Table:
    rows = [
        [
            str(rank),
            f"{hit.score:.3f}",
            hit.name,
            hit.artist or "",
            "; ".join(map(str, hit.why)),
            _shortened(hit.path) or hit.track_id,
        ]
        for rank, hit in enumerate(hits, start=1)
    ]
    table = _table(["", "score", "title", "artist", "why", "path"], rows)
    for column in table.columns[:2]:
        column.justify, column.no_wrap = "right", True
    return table


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table without frames, of whose columns those that are empty throughout are left out."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kept = [i for i in range(len(headers)) if not rows or any(row[i] for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i in kept:
        table.add_column(headers[i], overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[i]) for i in kept))
    return table


def _console() -> Console:
    import shutil
    import sys

    from rich.console import Console

    # Into a pipe or a file, lines are as long as they need be rather than folded at 80 characters.
    width = None if sys.stdout.isatty() else max(160, shutil.get_terminal_size().columns)
    return Console(width=width, highlight=False, soft_wrap=False)


def _shortened(path: Path | None) -> str:
    """The last two parts of a path: the folder often names the album."""
    return "" if path is None else "/".join(path.parts[-2:])


def _print_portrait(portrait: Portrait) -> None:
    track, console = portrait.track, _console()
    facts = [
        ("id", track.track_id),
        ("title", track.title),
        ("artist", track.artist),
        ("album", track.album),
        ("year", track.year),
        ("country", track.country),
        ("file", track.audio),
        ("cover", track.cover),
        ("duration", None if track.duration is None else clock(track.duration)),
        ("same as", track.duplicate_of),
        ("split", track.split),
        ("tagged", ", ".join(track.tags)),
        *((kind, text if len(text) <= 300 else f"{text[:300]}…") for kind, text in track.texts.items()),
        *(("problem", f"{problem.kind}: {problem.reason}") for problem in portrait.problems),
    ]
    for name, value in facts:
        if value not in (None, ""):
            console.print(f"{name:>9}  {value}", markup=False)
    for model, tags in portrait.tags.items():
        best = "  ".join(f"{label} {value:.2f}" for label, value in list(tags.items())[:N_TAGS_SHOWN])
        console.print(f"\n{model} ({portrait.n_excerpts[model]} excerpts)\n  {best}", markup=False)
    if portrait.nearest:
        console.print("\nsounds most like")
        console.print(_hits_table(portrait.nearest))


def _print_statistics(stats: Statistics) -> None:
    console = _console()
    duplicates = f" ({stats.n_duplicates} the same as another)" if stats.n_duplicates else ""
    console.print(f"{stats.n_tracks} tracks{duplicates}, {clock(stats.seconds)} of sound")
    console.print(f"{stats.n_artists} artists, {stats.n_albums} albums")
    console.print("with " + ", ".join(f"{name} {count}" for name, count in stats.with_modality.items()))
    models = [
        [name, str(facts["n_tracks"]), str(facts["n_labels"]), str(facts["embed_dim"])]
        for name, facts in stats.models.items()
    ]
    if models:
        console.print(_table(["model", "tracks", "labels", "dimensions"], models))
    for name, facts in stats.spaces.items():
        console.print(f"space {name}: {_placed(facts)}", markup=False)
    for title, counts in (("heard most often", stats.top_tags), ("typed most often", stats.typed_tags)):
        if counts:
            listed = "  ".join(f"{name} {count}" for name, count in list(counts.items())[: 2 * N_TAGS_SHOWN])
            console.print(f"{title}: {listed}", markup=False)
    if stats.problems:
        kinds = ", ".join(f"{kind} {count}" for kind, count in stats.problems_by_kind.items())
        console.print(f"\n{len(stats.problems)} problems: {kinds}")
        rows = [
            [problem.kind, "left out" if problem.skipped else "kept", problem.reason, str(problem.path)]
            for problem in stats.problems
        ]
        console.print(_table(["kind", "file", "reason", "path"], rows))


def _placed(facts: Mapping[str, Any]) -> str:
    """What is known of the catalogue's points in a space."""
    told = [f"{count} {modality}" for modality, count in facts.get("n_tracks", {}).items()]
    if "index" in facts:
        index = facts["index"]
        told.append(
            f"index of {index['n_vectors']} vectors with a recall@10 of {index['recall']:.3f} against exact search"
        )
    return ", ".join([*told, *([facts["problem"]] if "problem" in facts else [])])


def clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> clock(59.6), clock(3723)
    ('1:00', '1:02:03')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
