"""The lock that keeps a catalogue to one writer at a time. The operating system frees it when its holder dies."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tutti.errors import CatalogueBusyError
from tutti.files import lock_file


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
