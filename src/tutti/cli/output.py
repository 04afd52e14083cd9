"""Where commands write to: looked at when the command is read, so that nobody waits for what cannot be kept.

These are callbacks of the options; what may stand there already, such as an older result, each command knows itself.
"""

from __future__ import annotations

from pathlib import Path

from tutti.errors import ConfigError
from tutti.files import check_place

PICTURES = (".jpg", ".pdf", ".png", ".svg")


def file_place(path: Path | None) -> Path | None:
    """The path of a file to write.

    Raises:
        OSError: None can be written there.
    """
    if path is not None:
        check_place(path)
    return path


def folder_place(path: Path | None) -> Path | None:
    """The path of a folder to write files into.

    Raises:
        OSError: None can be written there.
    """
    if path is not None:
        check_place(path / "anything")
    return path


def page_place(path: Path | None) -> Path | None:
    """The path of a page, ``PAGE.html``, or of a folder for one.

    Raises:
        ConfigError: It is named as a picture.
        OSError: Neither can be written there.
    """
    if path is not None and path.suffix in PICTURES:
        raise ConfigError(f"no page can be written as {path.name}", hint="end its name in .html, or name a folder")
    return file_place(path) if path is not None and path.suffix == ".html" else folder_place(path)
