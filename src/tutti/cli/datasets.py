"""``tutti datasets``: the research datasets, and what of them is on this disk."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tutti.cli.output import file_place, folder_place

if TYPE_CHECKING:
    from tutti.data.datasets.check import Check, SplitCheck
    from tutti.data.datasets.dataset import Dataset, Protocol

N_PROBLEMS = 10  # shown at the end; the store's folder has the list

datasets_app = typer.Typer(no_args_is_help=True, help="Research datasets: what they are, and what of them is here.")

Name = Annotated[str, typer.Argument(help="A dataset; `tutti datasets list` names them.")]
Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="Where the dataset lies.")]
ProtocolName = Annotated[
    str | None,
    typer.Option("--protocol", metavar="P", help="Which protocol. [the dataset's first]", show_default=False),
]
Source = Annotated[str, typer.Argument(help="A dataset's name, with --root; or a catalogue's folder.")]
OptionalRoot = Annotated[
    Path | None, typer.Option("--root", metavar="DIR", help="Where the dataset lies.", show_default=False)
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Threads that decode. [as many as processors]")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing on stderr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@datasets_app.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """List the datasets, with their protocols and licences."""
    from tutti.data.datasets import DATASETS

    if as_json:
        typer.echo(json.dumps([_facts(dataset) for dataset in DATASETS.values()], ensure_ascii=False, indent=1))
        return
    rows = [("NAME", "PROTOCOLS", "LICENCE"), *map(_row, DATASETS.values())]
    typer.echo(_table(rows))


@datasets_app.command()
def show(name: Name, protocol: ProtocolName = None, as_json: AsJson = False) -> None:
    """Show what a dataset is: citation, licence, protocols, labels in order, and the files to fetch."""
    from tutti.data.datasets import find_dataset

    dataset = find_dataset(name)
    chosen = dataset.protocol(protocol)
    if as_json:
        typer.echo(json.dumps(_facts(dataset), ensure_ascii=False, indent=1))
        return
    typer.echo(f"{dataset.title}: {dataset.description}")
    typer.echo(f"citation: {dataset.citation}\nlicence: {dataset.licence}\nhomepage: {dataset.homepage}\nprotocols:")
    for one in dataset.protocols.values():
        typer.echo(f"  {one.name}: {one.description}" + (f" Mind: {one.warning}." if one.warning else ""))
    counts = ", ".join(f"{split} {count:,}" for split, count in chosen.n_tracks.items()) or "not published"
    typer.echo(f"tracks of {chosen.name}: {counts}")
    typer.echo(f"labels of {chosen.name}, in order: {'; '.join(chosen.labels) if chosen.labels else 'see its files'}")
    typer.echo(f"files of {chosen.name}, below the root:")
    for file in _files_of(dataset, chosen):
        choice = f" ({file.source})" if file.source else " (optional)" if file.is_optional else ""
        typer.echo(f"  {file.path}{choice}: {file.what}; {file.url}")


@datasets_app.command()
def check(name: Name, root: Root, protocol: ProtocolName = None, as_json: AsJson = False) -> None:
    """Say what of a dataset is there, what is missing or broken, and what to fetch from where; exit 1 if not whole."""
    from tutti.data.datasets import find_dataset

    found = find_dataset(name).check(root, protocol)
    typer.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=1) if as_json else _report(found))
    if not found.is_complete:
        raise typer.Exit(1)


@datasets_app.command()
def catalogue(
    name: Name,
    root: Root,
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the catalogue, new or empty.")
    ],
    protocol: ProtocolName = None,
) -> None:
    """Make a catalogue of a dataset, with its splits and labels; tracks without a sound are listed as problems."""
    from tutti.data.datasets import find_dataset
    from tutti.data.datasets.dataset import count_splits

    dataset = find_dataset(name)
    chosen = dataset.protocol(protocol)
    if chosen.warning:
        typer.echo(f"mind: {chosen.warning}", err=True)
    made = dataset.catalogue(root, output, chosen.name)
    tracks, n_left_out = made.tracks(), sum(problem.skipped for problem in made.problems())
    for remark in chosen.remarks(root, tracks):
        typer.echo(f"mind: {remark}", err=True)
    counts = ", ".join(f"{split} {count:,}" for split, count in count_splits(tracks).items())
    typer.echo(f"{output}\t{dataset.name} {chosen.name}: {counts}; left out {n_left_out:,}")


@datasets_app.command()
def fixture(
    name: Name,
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the fixture, new or empty.")
    ],
) -> None:
    """Write two or three short synthesised tracks in a dataset's exact layout, to try commands on."""
    from tutti.data.datasets import find_dataset

    dataset = find_dataset(name)
    dataset.make_fixture(output)
    typer.echo(f"{output}\ta fixture of {dataset.name}; try: tutti datasets check {dataset.name} --root {output}")


@datasets_app.command()
def prepare(
    source: Source,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", callback=folder_place, help="Folder of the store, to be made or brought up to date."
        ),
    ],
    root: OptionalRoot = None,
    protocol: ProtocolName = None,
    rate: Annotated[int, typer.Option("--rate", min=1, metavar="HZ", help="Sample rate of the store.")] = 16_000,
    jobs: Jobs = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Decode all sounds for training. The same command goes on after a kill, and again decodes only what changed."""
    from tutti.data.preparation import prepare as prepare_sounds
    from tutti.data.sources import find_source

    found = find_source(source, root=root, protocol=protocol)
    with bar("decoding", quiet=quiet) as show:
        done = prepare_sounds(
            found,
            output,
            sample_rate=rate,
            jobs=jobs,
            on_progress=lambda one: show(one.n_done, one.n_sounds, one.n_failed),
        )
    typer.echo(json.dumps(done.to_json(), ensure_ascii=False, indent=1) if as_json else "\n".join(done.lines()))
    for split, track, reason in done.problems[: 0 if quiet else N_PROBLEMS]:
        typer.echo(f"{split}\t{track}\t{reason}", err=True)


@datasets_app.command()
def mixtures(
    sources: Annotated[list[str], typer.Argument(help="Folders of sounds or catalogues; FOLDER=0.2 sets its share.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the catalogue, new or empty.")
    ],
    count: Annotated[int, typer.Option(min=1, help="How many mixtures.")] = 2000,
    seconds: Annotated[float, typer.Option(help="Length of each.")] = 29.0,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", metavar="FILE", help="Lines such as songs/x.ogg: heard in the split valid only."),
    ] = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Make a catalogue of sounds that are excerpts of others, mixed and altered: unlabelled music to learn from."""
    import os

    from tutti.data.mixtures import MixtureConfig, make_mixtures, read_held_out, sounds_below

    given = {Path(name): float(share or 1) for name, _, share in (source.partition("=") for source in sources)}
    with bar("mixing", quiet=quiet) as show:
        made = make_mixtures(
            {folder.resolve().name: sounds_below(folder) for folder in given},
            output,
            MixtureConfig(count=count, seconds=seconds, seed=seed),
            shares={folder.resolve().name: share for folder, share in given.items()},
            held_out=read_held_out(held_out) if held_out else (),
            jobs=jobs or os.cpu_count() or 1,
            progress=show,
        )
    typer.echo(f"{output}\t{len(made):,} mixtures of {seconds:g} s, seed {seed}")


@datasets_app.command()
def leaks(
    source: Source,
    root: OptionalRoot = None,
    protocol: ProtocolName = None,
    store: Annotated[
        Path | None, typer.Option(help="Compare the sounds of this store, made by `tutti datasets prepare`.")
    ] = None,
    listen: Annotated[bool, typer.Option("--listen", help="Decode the sounds to compare them.")] = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which artists, albums and recordings are in more than one split."""
    from tutti.audio.store import WaveformStore
    from tutti.data.leakage import find_leaks
    from tutti.data.sources import find_source

    found = find_source(source, root=root, protocol=protocol)
    opened = None if store is None else WaveformStore(store)
    with bar("listening", quiet=quiet or (opened is None and not listen)) as show:
        report = find_leaks(found, store=opened, listen=listen, jobs=jobs, on_progress=show)
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    else:
        typer.echo(report.to_markdown() if markdown else "\n".join(report.lines()))


@datasets_app.command()
def sentences(
    name: Annotated[
        str | None, typer.Argument(help="A set, or world-tales or world-situations, which are invented; else a list.")
    ] = None,
    root: OptionalRoot = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", callback=file_place, help="Also write them into this .tsv file.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn: splits, invented sentences.")] = 0,
    fixture_in: Annotated[
        Path | None, typer.Option("--fixture", help="Write a few invented sentences in its layout into this folder.")
    ] = None,
) -> None:
    """Show a set of sentences that are labelled with emotions, and what of it lies below --root."""
    from tutti.data.datasets import SENTENCE_SETS
    from tutti.data.datasets.sentence_sets import counts_of, told_of
    from tutti.data.world.sentences import KINDS, write_sentences
    from tutti.errors import ConfigError, unknown_name

    kinds = {f"world-{kind}": kind for kind in KINDS}
    if name is None:
        rows = [(one.name, str(len(one.emotions)), one.licence) for one in SENTENCE_SETS.values()]
        rows += [(invented, str(len(KINDS[kind].emotions)), "invented") for invented, kind in kinds.items()]
        typer.echo(_table([("NAME", "EMOTIONS", "LICENCE"), *rows]))
        return
    if name not in SENTENCE_SETS and name not in kinds:
        raise unknown_name("set of sentences", name, [*SENTENCE_SETS, *kinds])
    chosen = SENTENCE_SETS.get(name)
    if fixture_in is not None:
        if chosen is None:
            raise ConfigError(f"{name} is invented, so that it has no files to imitate", hint="leave out --fixture")
        chosen.make_fixture(fixture_in)
        typer.echo(f"{fixture_in}\ta fixture of {name}; try: tutti datasets sentences {name} --root {fixture_in}")
    if chosen is None:
        read = write_sentences(kinds[name], n_sentences=1_000, seed=seed)
    elif root is not None:
        read = chosen.read(root, seed=seed)
    elif output is not None:
        raise ConfigError(f"there is nothing to write into {output}", hint=f"say where {name} lies: --root DIR")
    else:
        typer.echo("\n".join(told_of(chosen)))
        return
    typer.echo("\n".join(counts_of(read, chosen)))
    if output is not None:
        read.write(output)


@datasets_app.command("clean-tags")
def clean_tags(
    raw: Annotated[Path, typer.Argument(help="A table of song, tag and score with tabs, or last.fm's lastfm_tags.db.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=file_place, help="The table, as track_tags.tsv of MSD500.")
    ],
    taxonomy: Annotated[
        Path | None, typer.Option(help="Lines of tag, tab, category: other tags are dropped. [all are kept]")
    ] = None,
    score: Annotated[str, typer.Option(help="code keeps scores of 50 and more, thesis all but 0.")] = "code",
    most_tags: Annotated[int, typer.Option(help="Songs with more tags are removed.")] = 20,
    least_songs: Annotated[int, typer.Option(help="Tags of fewer songs are removed.")] = 100,
) -> None:
    """Clean raw tags as MSD500 was: weak ones dropped, forms of a word as one, tags of few songs dropped."""
    from tutti.data.tag_cleanup import CleanupConfig, ScoreFilter, read_annotations, read_taxonomy
    from tutti.data.tag_cleanup import clean_tags as clean

    config = CleanupConfig(score_filter=cast(ScoreFilter, score), most_tags=most_tags, least_songs=least_songs)
    listed = None if taxonomy is None else read_taxonomy(taxonomy)
    made = clean(read_annotations(raw), config, taxonomy=listed)
    made.save(output)
    rows = [(step.name, f"{step.n_annotations:,}", f"{step.n_songs:,}", f"{step.n_tags:,}") for step in made.steps]
    typer.echo(_table([("STEP", "ANNOTATIONS", "SONGS", "TAGS"), *rows]))


@contextlib.contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr; what it gives takes how many are done, of how many, and how many failed."""
    if quiet:
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sounds", rate="", total=None)

        def show(n_done: int, n_sounds: int, n_failed: int = 0) -> None:
            speed = bar.tasks[0].speed
            told = [f"{speed:.1f} sounds/s"] if speed else []
            told += [f"{n_failed} failed"] if n_failed else []
            bar.update(task, completed=n_done, total=n_sounds, rate=", ".join(told))

        yield show


def _files_of(dataset: Dataset, protocol: Protocol) -> list[Any]:
    return [file for file in dataset.files if not file.protocols or protocol.name in file.protocols]


def _facts(dataset: Dataset) -> dict[str, Any]:
    """What is known of a dataset, as plain values."""
    from dataclasses import asdict

    protocols = [
        {
            "name": one.name,
            "description": one.description,
            "task": one.task,
            "labels": one.labels,
            "n_tracks": dict(one.n_tracks),
            "warning": one.warning,
        }
        for one in dataset.protocols.values()
    ]
    kept = ("name", "title", "description", "citation", "licence", "homepage")
    return {
        **{key: getattr(dataset, key) for key in kept},
        "protocols": protocols,
        "files": [asdict(file) for file in dataset.files],
    }


def _row(dataset: Dataset) -> tuple[str, ...]:
    names = [*dataset.protocols]
    shown = names if len(names) <= 4 else [*names[:2], f"… {len(names)} in all"]
    return (dataset.name, ", ".join(shown), dataset.licence)


def _report(check: Check) -> str:
    """A screen about a check."""
    others = [name for name in check.dataset.protocols if name != check.protocol.name]
    kind = "a fixture of " if check.is_fixture else ""
    head = f"{kind}{check.dataset.name} in {check.root}, protocol {check.protocol.name}"
    if others:
        head += f" (others: {', '.join(others[:3])}{', …' if len(others) > 3 else ''})"
    states = {"absent": "absent, optional"}
    rows = [("FILE", "STATE"), *((one.file.path, states.get(one.state, one.state)) for one in check.files)]
    lines = [head, _table(rows)]
    if check.splits:
        lines.append(_table([("SPLIT", "EXPECTED", "LISTED", "SOUNDS", "UNREADABLE"), *map(_split_row, check.splits)]))
    told = {one.file.path for one in check.files}
    lines += [f"missing: {one}" for one in check.missing if one not in told]
    lines += [f"broken: {one}" for one in check.broken]
    lines += [f"mind: {one}" for one in check.remarks]
    lines += _fetches(check)
    if not check.root.is_dir():
        lines.append(f"there is no folder {check.root}")
    lines.append("complete" if check.is_complete else "not complete")
    return "\n".join(lines)


def _fetches(check: Check) -> list[str]:
    """What to fetch, one line for each place that it is fetched from."""
    places: dict[str, list[str]] = {}
    for file in check.to_download:
        places.setdefault(file.url, []).append(f"{file.path} ({file.what})")
    return [f"fetch from {url}: {', '.join(files)}" for url, files in places.items()]


def _split_row(split: SplitCheck) -> tuple[str, ...]:
    expected = "–" if split.n_expected is None else f"{split.n_expected:,}"
    return (split.split, expected, f"{split.n_listed:,}", f"{split.n_sounds:,}", f"{split.n_unreadable:,}")


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
