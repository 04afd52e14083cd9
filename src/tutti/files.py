"""Files and folders that appear whole or not at all, their checksums, and locks on them.

A killed run never leaves a half-written report, bundle or download under its final name: everything is written
beside the target first and renamed at the end.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

BLOCK_BYTES = 1 << 20


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that becomes ``target`` when the block ends without an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside ``target`` that takes its place when the block ends without an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        yield partial
        partial.chmod(0o755)
        for path in partial.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.chmod(0o644)  # safetensors writes files that nobody else may read
        if target.exists():
            retired = partial.with_suffix(".retired")
            target.replace(retired)
            partial.replace(target)
            shutil.rmtree(retired)
        else:
            partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_file(target) as partial:
        partial.write_text(text, encoding="utf-8")


def is_occupied(path: Path) -> bool:
    """Whether something is there that a new folder would replace: a file, or a folder that is not empty."""
    return path.exists() and (path.is_file() or any(path.iterdir()))


def check_place(target: Path) -> None:
    """Make sure that a file can be written at ``target`` and folders above it made, before anything is computed.

    Nothing is made.

    Raises:
        OSError: Something above is no folder or may not be written into, or ``target`` is a folder.
    """
    if target.is_dir():
        raise _system_error(errno.EISDIR, target)
    above = target.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise _system_error(errno.ENOTDIR, above)
    if not os.access(above, os.W_OK | os.X_OK):
        raise _system_error(errno.EACCES, above)


def _system_error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


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
