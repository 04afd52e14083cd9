"""What has changed between a catalogue's tracks and the files that lie in its folders now.

A file with the path, size and time that the catalogue knows is unchanged and never opened. Of every other
file the content decides, by its SHA-256: it may have been touched, changed, moved here, copied from another
track, or be new.

Identity. A new track's id is twelve hexadecimal digits of the SHA-256 of its root's name, a zero byte and its
path below the root, so that it does not depend on where the root lies, nor on the order in which files are
analysed. Where another track has that id, ``-2``, ``-3`` … is appended. A track keeps its id when its file is
changed or moved.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tutti.data.folder import FoundFile, Scan
from tutti.data.track import FileState, Problem, Track
from tutti.files import sha256_of

Kind = Literal["unchanged", "touched", "changed", "new", "moved", "duplicate", "failed before", "unreadable", "deleted"]
# These are tried again even when size and time are the same: permissions change neither.
RETRIED = frozenset({"access", "folder"})


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one file or track.

    ============== ===================================================== ==========================
    kind           what happened                                         what to do
    ============== ===================================================== ==========================
    unchanged      path, size and time are those of the track            nothing
    touched        only the time is another                              store the new state
    changed        other content, never read before, or the original of  analyse it, under its old id
                   a duplicate is gone
    new            never seen                                            analyse it
    moved          the file of a track that was elsewhere                store the new path
    duplicate      the same bytes as another track                       store it; analyse nothing
    failed before  a file that could not be used, and has not changed    nothing
    unreadable     it cannot be opened                                   list ``problem``
    deleted        the file of a track, or of a problem, is gone         delete its rows
    ============== ===================================================== ==========================

    Attributes:
        kind: See the table.
        path: Of the file; of a deleted one, where it was.
        track_id: None for ``failed before`` and ``unreadable`` files that are no track, and deleted problems.
        found: The file as it is now, if there is one.
        state: What to remember of it, where its content is known.
        track: As the catalogue has it, if it has.
        duplicate_of: Id of the track with the same bytes. Should that one turn out to be unusable, so is
            this.
        problem: Why it is unreadable.
    """

    kind: Kind
    path: Path
    track_id: str | None = None
    found: FoundFile | None = None
    state: FileState | None = None
    track: Track | None = None
    duplicate_of: str | None = None
    problem: Problem | None = None


def compare(
    scan: Scan,
    tracks: Iterable[Track],
    problems: Iterable[Problem] = (),
    *,
    content_hash: Callable[[Path], str] = sha256_of,
) -> Iterator[Change]:
    """What became of every file found, and of every known one that was not found.

    Each found file comes once: first the unchanged, then what lies where a track was, then everything else in
    the scan's order, then duplicates that the catalogue knows; deleted ones come last. Files are read one at
    a time, when their change is asked for.

    Args:
        scan: What lies in the folders.
        tracks: All tracks of the catalogue; those outside the scanned folders are left alone.
        problems: What the catalogue lists; files that were skipped and have not changed are not tried again.
        content_hash: SHA-256 of a file.
    """
    return _Comparison(scan, tracks, problems, content_hash).changes()


class _Comparison:
    def __init__(
        self,
        scan: Scan,
        tracks: Iterable[Track],
        problems: Iterable[Problem],
        content_hash: Callable[[Path], str],
    ) -> None:
        self.scan = scan
        self.content_hash = content_hash
        known = list(tracks)
        self.ids = _Ids({track.track_id for track in known})
        self.tracks = {track.audio.absolute(): track for track in known if track.audio}
        self.problems = {problem.path.absolute(): problem for problem in problems if problem.skipped}
        self.originals: dict[str, str] = {}  # content hash: id of the one track that stands for it
        present = {found.path for found in scan.files}
        # Whoever listed a track without its file's state may have known of it before the file was there.
        gone = [
            path for path in self.tracks if path not in present and self.tracks[path].file and self._is_covered(path)
        ]
        self.vanished = _Vanished(self.tracks[path] for path in sorted(gone))

    def changes(self) -> Iterator[Change]:
        known_duplicates: list[FoundFile] = []
        edited: list[FoundFile] = []
        new: list[FoundFile] = []
        for found in self.scan.files:
            track = self.tracks.get(found.path)
            if track is None:
                new.append(found)
            elif track.duplicate_of is not None:
                known_duplicates.append(found)
            elif not _same_state(found, track.file):
                edited.append(found)
            else:
                assert track.file is not None
                self.originals[track.file.content_hash] = track.track_id
                yield _change("unchanged", found, track, track.file)
        for found in edited:
            yield self._where_a_track_was(found, self.tracks[found.path])
        for found in new:
            yield self._where_no_track_was(found)
        for found in known_duplicates:
            yield self._where_a_duplicate_was(found, self.tracks[found.path])
        yield from self._deleted()

    def _where_a_track_was(self, found: FoundFile, track: Track) -> Change:
        state, problem = self._read(found)
        if state is None:
            return Change(
                kind="unreadable",
                path=found.path,
                track_id=track.track_id,
                found=found,
                track=track,
                problem=problem,
            )
        original = self.originals.get(state.content_hash)
        if original is not None:
            return _change("duplicate", found, track, state, duplicate_of=original)
        self.originals[state.content_hash] = track.track_id
        same = track.file is not None and track.file.content_hash == state.content_hash
        return _change("touched" if same else "changed", found, track, state)

    def _where_a_duplicate_was(self, found: FoundFile, track: Track) -> Change:
        """A known duplicate stays one as long as some track has the same content."""
        state = track.file
        if not _same_state(found, state):
            return self._where_a_track_was(found, track)
        assert state is not None
        original = self.originals.get(state.content_hash)
        if original is None:
            self.originals[state.content_hash] = track.track_id
            return _change("changed", found, track, state)
        kind: Kind = "unchanged" if original == track.duplicate_of else "duplicate"
        return _change(kind, found, track, state, duplicate_of=original)

    def _where_no_track_was(self, found: FoundFile) -> Change:
        # An id is reserved for files that come to nothing too, so that every later run counts alike.
        track_id = self.ids.reserve(found)
        problem = self.problems.get(found.path)
        if problem is not None and problem.kind not in RETRIED and _same_state(found, problem):
            return Change(kind="failed before", path=found.path, found=found)
        state, trouble = self._read(found)
        if state is None:
            return Change(kind="unreadable", path=found.path, found=found, problem=trouble)
        original = self.originals.get(state.content_hash)
        moved = self.vanished.take(state.content_hash, is_duplicate=original is not None)
        if moved is not None:
            if original is None:
                self.originals[state.content_hash] = moved.track_id
            return _change("moved", found, moved, state, duplicate_of=original)
        kind: Kind = "new" if original is None else "duplicate"
        self.originals.setdefault(state.content_hash, track_id)
        return Change(kind=kind, path=found.path, track_id=track_id, found=found, state=state, duplicate_of=original)

    def _deleted(self) -> Iterator[Change]:
        for track in self.vanished.rest():
            assert track.audio is not None
            yield Change(kind="deleted", path=track.audio, track_id=track.track_id, track=track)
        present = {found.path for found in self.scan.files}
        reported = {problem.path for problem in self.scan.problems}
        for path in sorted(self.problems):
            if path not in present and path not in reported and self._is_covered(path):
                yield Change(kind="deleted", path=path)

    def _read(self, found: FoundFile) -> tuple[FileState | None, Problem | None]:
        try:
            digest = self.content_hash(found.path)
        except OSError as cause:
            reason = f"cannot be opened: {(cause.strerror or str(cause)).lower()}"
            return None, Problem(
                path=found.path,
                kind="access",
                reason=reason,
                skipped=True,
                size=found.size,
                modified_ns=found.modified_ns,
            )
        return FileState(size=found.size, modified_ns=found.modified_ns, content_hash=digest), None

    def _is_covered(self, path: Path) -> bool:
        """Whether the scan would have found a file there."""
        if not any(path.is_relative_to(root) for root in self.scan.roots):
            return False
        return not any(path.is_relative_to(folder) for folder in self.scan.unlisted_folders)


class _Vanished:
    """Tracks where nothing lies now, until their files are found elsewhere."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        self._by_content: dict[tuple[str, bool], list[Track]] = {}
        for track in tracks:
            assert track.file is not None
            key = (track.file.content_hash, track.duplicate_of is not None)
            self._by_content.setdefault(key, []).append(track)

    def take(self, content_hash: str, *, is_duplicate: bool) -> Track | None:
        """The first track that had this content, which is vanished no more."""
        waiting = self._by_content.get((content_hash, is_duplicate))
        return waiting.pop(0) if waiting else None

    def rest(self) -> Iterator[Track]:
        """Those that were not found."""
        for tracks in self._by_content.values():
            yield from tracks


class _Ids:
    """Hands out ids that no other track has."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def reserve(self, found: FoundFile) -> str:
        """The id of a new track."""
        relative = unicodedata.normalize("NFC", f"{found.root.name}\0{found.relative}")
        base = hashlib.sha256(relative.encode("utf-8")).hexdigest()[:12]
        track_id, count = base, 1
        while track_id in self._taken:
            count += 1
            track_id = f"{base}-{count}"
        self._taken.add(track_id)
        return track_id


def _same_state(found: FoundFile, known: FileState | Problem | None) -> bool:
    return known is not None and (found.size, found.modified_ns) == (known.size, known.modified_ns)


def _change(kind: Kind, found: FoundFile, track: Track, state: FileState, *, duplicate_of: str | None = None) -> Change:
    return Change(
        kind=kind,
        path=found.path,
        track_id=track.track_id,
        found=found,
        state=state,
        track=track,
        duplicate_of=duplicate_of,
    )
