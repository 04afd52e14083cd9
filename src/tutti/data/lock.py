"""The lock that keeps a catalogue to one writer at a time. The operating system frees it when its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tutti.errors import CatalogueBusyError


@contextlib.contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the lock file for as long as the block lasts.

    Raises:
        CatalogueBusyError: Another process holds it.
    """
    with path.open("a+") as file:
        if not lock_file(file):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise CatalogueBusyError(
                f"another process (number {holder}) is writing to the catalogue {path.parent}",
                hint="wait until it has finished, or stop it; what it has done so far is kept",
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def lock_file(file: IO[str]) -> bool:
    """Whether an open file could be locked for this process; freed when it is closed, or its holder dies."""
    try:
        _lock(file)
    except OSError:
        return False
    return True


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
