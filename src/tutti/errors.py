"""The family of errors that Tutti raises, and the words they use.

    TuttiError
    ├── AudioError (ValueError)         a sound that cannot be read or used
    ├── ImageError (ValueError)         a picture that cannot be read or used
    ├── ConfigError (ValueError)        a setting, recipe or bundle that makes no sense
    ├── ShapeError (ValueError)         arrays whose shapes do not fit
    ├── ModelError (ValueError)         a model file that is damaged, foreign or too new
    ├── CatalogueError (ValueError)     a catalogue that is missing, damaged or too new
    │   └── CatalogueBusyError          another process is writing to it
    ├── DatasetError (ValueError)       a research dataset whose files are missing, broken or of another version
    ├── QueryError (ValueError)         a search that cannot be understood
    ├── UnknownNameError (KeyError)     a name that is in no list
    ├── DownloadError (OSError)         a file that could not be fetched whole
    ├── LinkingError (OSError)          a linking service that does not answer, or not as it should
    └── MissingExtraError (ImportError) an optional package is not installed

Each carries a ``hint``: what to do about it. The command line prints the two as ``error:`` and ``hint:``.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType


class TuttiError(Exception):
    """Expected trouble: ``message`` says what came and what was wanted, ``hint`` what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


class AudioError(TuttiError, ValueError):
    """A sound that cannot be read or used."""


class ImageError(TuttiError, ValueError):
    """A picture that cannot be read or used."""


class ConfigError(TuttiError, ValueError):
    """A setting, recipe or bundle that makes no sense."""


class ShapeError(TuttiError, ValueError):
    """Arrays whose shapes do not fit together."""


class ModelError(TuttiError, ValueError):
    """A model file that is damaged, foreign or newer than this program."""


class CatalogueError(TuttiError, ValueError):
    """A catalogue that is missing, damaged or newer than this program."""


class CatalogueBusyError(CatalogueError):
    """Another process is writing to the catalogue."""


class DatasetError(TuttiError, ValueError):
    """A research dataset whose files are missing, broken or of another version."""


class QueryError(TuttiError, ValueError):
    """A search that cannot be understood."""


class UnknownNameError(TuttiError, KeyError):
    """A name that is in no list."""


class DownloadError(TuttiError, OSError):
    """A file that could not be fetched whole."""


class LinkingError(TuttiError, OSError):
    """A linking service that does not answer, or not as it should."""


class MissingExtraError(TuttiError, ImportError):
    """An optional package is not installed."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """An error that names the nearest of the known names.

    >>> unknown_name("model", "musicnn-mta", ["musicnn-mtat", "fcn-msd"]).hint
    "did you mean 'musicnn-mtat'? known: fcn-msd, musicnn-mtat"
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    suggestion = f"did you mean {nearest[0]!r}? " if nearest else ""
    return UnknownNameError(f"there is no {kind} called {name!r}", hint=f"{suggestion}known: {', '.join(names)}")


def import_extra(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional package, or say which extra brings it.

    Args:
        module: Dotted name of the module to import.
        extra: The extra of this package that installs it.
        purpose: What needs it, to begin the message with.

    Raises:
        MissingExtraError: The module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"{purpose} needs {package}, which is not installed", hint=f"run: pip install 'tutti[{extra}]'"
        ) from cause
