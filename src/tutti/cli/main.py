"""The command ``tutti``: collects the rooms' commands and turns expected trouble into two lines."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tutti import __version__
from tutti.cli import (
    datasets,
    evaluation,
    explain,
    human,
    index,
    listening,
    missing,
    models,
    place,
    probe,
    pseudo_labels,
    recommend,
    reproduce,
    robustness,
    search,
    tag,
    training,
    word_space,
    word_vectors,
    words,
    world,
)
from tutti.cli import map as map_page
from tutti.cli import report as report_page
from tutti.errors import TuttiError

STDERR = 2  # its file descriptor
INTERRUPTED = 130

app = typer.Typer(
    name="tutti",
    help="Tags, search and learning for music that is heard, seen, read and listened to.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    tag.tag,
    index.index,
    place.place,
    place.index_vectors,
    search.search,
    search.similar,
    search.show,
    search.stats,
    recommend.recommend,
    training.train,
    pseudo_labels.pseudolabel,
    evaluation.evaluate,
    missing.missing,
    human.human,
    probe.probe,
    robustness.robustness,
    explain.explain,
    reproduce.reproduce,
    words.words,
    word_space.wordspace,
    world.world,
    report_page.report,
):
    app.command()(command)
app.command(name="map")(map_page.item_map)
app.add_typer(models.models_app, name="models")
app.add_typer(datasets.datasets_app, name="datasets")
app.add_typer(listening.listening_app, name="listening")
app.add_typer(word_vectors.word_vectors_app, name="wordvectors")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"tutti {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
    own: Annotated[
        list[Path] | None, typer.Option("--import", help="Run a Python file first that adds an architecture of yours.")
    ] = None,
) -> None:
    """Tags, search and learning for music that is heard, seen, read and listened to."""
    if own:
        from tutti.models.own_taggers import import_taggers

        for file in own:
            import_taggers(file)


def main() -> None:
    """Run the command line. Exits 0 when done, 1 when it failed, 2 when it was misused."""
    if not os.environ.get("TUTTI_DEBUG"):
        _mute_codecs()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        app()
    except TuttiError as error:
        _complain(error.message, error.hint)
    except SystemExit as ending:
        if ending.code == INTERRUPTED:  # Typer takes Ctrl-C itself
            typer.echo("stopped; what was done so far is kept", err=True)
        raise
    except Exception as error:
        if os.environ.get("TUTTI_DEBUG"):
            raise
        if isinstance(error, OSError) and error.filename is not None and error.strerror:
            path = error.filename if error.filename2 is None else error.filename2  # what was to be replaced
            _complain(f"{path}: {error.strerror.lower()}", "check the path and its rights, or name another place")
        _complain(
            f"unexpected: {type(error).__name__}: {error}", "run it again with TUTTI_DEBUG=1 and report what it prints"
        )


def _mute_codecs() -> None:
    """Keep what C libraries print of damaged files off the screen; what Python says still appears there.

    libmpg123, for one, writes notes on every odd byte straight to the file descriptor of stderr.
    """
    try:
        if sys.stderr.fileno() != STDERR:
            return
    except (AttributeError, OSError, ValueError):  # no real file: a test's or a notebook's
        return
    sys.stderr = os.fdopen(os.dup(STDERR), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), STDERR)


def _complain(message: str, hint: str | None) -> None:
    typer.echo(f"error: {message}", err=True)
    if hint:
        typer.echo(f"hint: {hint}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
