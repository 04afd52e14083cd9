"""Finding the sound files below a folder. What has changed since the last time is ``tutti.data.changes``'
question.

A sound file is one whose name ends in one of ``EXTENSIONS``, in either case; what is inside shows when it is
decoded. Files and folders whose names begin with a dot are left out. A linked folder is followed unless it
lies below the same root, where its files are found anyway, or has been visited already, so that links in a
circle come to an end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tutti.data.track import Problem
from tutti.errors import ConfigError

# fmt: off
EXTENSIONS = frozenset({
    ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".flac", ".m4a", ".m4b", ".mka", ".mp2",
    ".mp3", ".mp4", ".mpc", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".spx", ".tta", ".w64", ".wav", ".wave", ".webm",
    ".wma", ".wv",
})
# fmt: on


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file that may hold sound, as the folder's listing describes it; it has not been opened.

    Attributes:
        path: Absolute.
        root: The scanned folder that it was found below.
        size: Bytes.
        modified_ns: Time of its last change, nanoseconds since 1970.
    """

    path: Path
    root: Path
    size: int
    modified_ns: int

    @property
    def relative(self) -> str:
        """Where it lies below its root, with forward slashes."""
        return self.path.relative_to(self.root).as_posix()


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What lies below some folders.

    Attributes:
        roots: The folders that were scanned.
        files: Root by root, in each in the order of their paths' parts.
        problems: Folders that cannot be listed, files that cannot be looked at.
    """

    roots: tuple[Path, ...]
    files: tuple[FoundFile, ...]
    problems: tuple[Problem, ...]

    @property
    def unlisted_folders(self) -> tuple[Path, ...]:
        """Folders of which nothing is known; files below them are neither there nor gone."""
        return tuple(problem.path for problem in self.problems if problem.kind == "folder")


def scan(*roots: Path | str) -> Scan:
    """The sound files below some folders; a root may also be a single file.

    Raises:
        ConfigError: A root does not exist.
    """
    files: dict[Path, FoundFile] = {}
    problems: list[Problem] = []
    folders = tuple(dict.fromkeys(Path(root).absolute() for root in roots))
    for root in folders:
        if not root.exists():
            raise ConfigError(f"there is no folder {root}", hint="check the path; is the disk connected?")
        for found in _walk(root) if root.is_dir() else _look(root, root.parent):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                files.setdefault(found.path, found)
    return Scan(roots=folders, files=tuple(files.values()), problems=tuple(problems))


def _walk(root: Path) -> Iterator[FoundFile | Problem]:
    """Everything below a root in the order of names, a folder's content where its name stands."""
    visited = {_identity(root)}
    waiting = [(root, True)]
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield from _look(path, root)
            continue
        try:
            if path != root and not _enter(path, root, visited):
                continue
            entries = sorted(os.scandir(path), key=lambda entry: entry.name, reverse=True)
            listed = [(path / entry.name, entry.is_dir()) for entry in entries if entry.name[0] != "."]
        except OSError as cause:
            reason = f"the folder cannot be listed: {_words(cause)}"
            yield Problem(path=path, kind="folder", reason=reason, skipped=True)
            continue
        for below, below_is_folder in listed:
            if not below_is_folder and below.suffix.lower() not in EXTENSIONS:
                continue
            if _is_unicode(below.name):
                waiting.append((below, below_is_folder))
            else:
                shown = os.fsencode(below.name).decode("utf-8", "backslashreplace")
                reason = "its name is not valid UTF-8: rename it"
                yield Problem(path=path / shown, kind="name", reason=reason, skipped=True)


def _enter(folder: Path, root: Path, visited: set[tuple[int, int]]) -> bool:
    """Whether to look into a folder: not when it is visited otherwise."""
    if folder.is_symlink():
        target, top = folder.resolve(), root.resolve()
        if target.is_relative_to(top):
            is_hidden = any(part.startswith(".") for part in target.relative_to(top).parts)
            if not is_hidden:
                return False
    identity = _identity(folder)
    if identity in visited:
        return False
    visited.add(identity)
    return True


def _look(path: Path, root: Path) -> Iterator[FoundFile | Problem]:
    try:
        facts = path.stat()
    except OSError as cause:
        yield Problem(path=path, kind="access", reason=f"cannot be looked at: {_words(cause)}", skipped=True)
        return
    if not stat.S_ISREG(facts.st_mode):
        yield Problem(path=path, kind="access", reason="is no ordinary file", skipped=True)
        return
    yield FoundFile(path=path, root=root, size=facts.st_size, modified_ns=facts.st_mtime_ns)


def _identity(folder: Path) -> tuple[int, int]:
    facts = folder.stat()
    return facts.st_dev, facts.st_ino


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # the system's bytes were no UTF-8, and no table could store the name
        return False
    return True


def _words(cause: OSError) -> str:
    return (cause.strerror or str(cause)).lower()
