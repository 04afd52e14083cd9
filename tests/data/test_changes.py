from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tutti.data.changes import Change, compare
from tutti.data.folder import scan
from tutti.data.track import Problem, Track
from tutti.files import sha256_of


class Library:
    """A folder of files and the tracks that a catalogue would have of them, without any analysis."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tracks: dict[str, Track] = {}
        self.problems: list[Problem] = []
        self.opened: list[str] = []
        root.mkdir(exist_ok=True)

    def put(self, name: str, content: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def compare(self, *roots: Path) -> list[Change]:
        self.opened = []
        found = scan(*(roots or (self.root,)))
        return list(compare(found, self.tracks.values(), self.problems, content_hash=self._hash))

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            if change.kind == "deleted":
                self.tracks.pop(str(change.track_id), None)
            elif change.state is not None:
                assert change.track_id is not None
                self.tracks[change.track_id] = Track(
                    track_id=change.track_id, audio=change.path, file=change.state, duplicate_of=change.duplicate_of
                )

    def update(self) -> dict[str, str]:
        """Kinds of change by path; the catalogue follows them."""
        changes = self.compare()
        self.apply(changes)
        return {change.path.relative_to(self.root).as_posix(): change.kind for change in changes}

    def id_of(self, name: str) -> str:
        return next(track.track_id for track in self.tracks.values() if track.audio == self.root / name)

    def _hash(self, path: Path) -> str:
        self.opened.append(path.relative_to(self.root).as_posix())
        return sha256_of(path)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "music")
    library.put("a.mp3", "one")
    library.put("b/b.mp3", "two")
    return library


def test_everything_is_new_at_first_and_unchanged_and_unopened_after(library: Library) -> None:
    assert library.update() == {"a.mp3": "new", "b/b.mp3": "new"}
    assert library.update() == {"a.mp3": "unchanged", "b/b.mp3": "unchanged"}
    assert library.opened == []


def test_ids_are_unique_and_do_not_depend_on_where_the_root_lies(library: Library, tmp_path: Path) -> None:
    library.update()
    (tmp_path / "elsewhere").mkdir()
    library.root.rename(tmp_path / "elsewhere" / "music")
    moved = Library(tmp_path / "elsewhere" / "music")
    moved.update()
    assert len(library.tracks) == 2
    assert set(moved.tracks) == set(library.tracks)


def test_other_content_is_a_change_and_keeps_the_id(library: Library) -> None:
    library.update()
    before = library.id_of("a.mp3")
    library.put("a.mp3", "another")
    assert library.update() == {"a.mp3": "changed", "b/b.mp3": "unchanged"}
    assert library.id_of("a.mp3") == before
    assert library.opened == ["a.mp3"]


def test_another_time_alone_is_a_touch(library: Library) -> None:
    library.update()
    os.utime(library.root / "a.mp3", ns=(5, 5))
    assert library.update()["a.mp3"] == "touched"
    assert library.update()["a.mp3"] == "unchanged"


def test_a_moved_file_keeps_its_id(library: Library) -> None:
    library.update()
    before = library.id_of("a.mp3")
    (library.root / "a.mp3").rename(library.root / "b" / "renamed.mp3")
    assert library.update() == {"b/b.mp3": "unchanged", "b/renamed.mp3": "moved"}
    assert library.id_of("b/renamed.mp3") == before


def test_a_new_file_where_a_moved_one_was_gets_an_id_of_its_own(library: Library) -> None:
    library.update()
    before = library.id_of("a.mp3")
    (library.root / "a.mp3").rename(library.root / "z.mp3")
    library.update()
    library.put("a.mp3", "three")
    assert library.update()["a.mp3"] == "new"
    assert library.id_of("a.mp3") == f"{before}-2"


def test_a_renamed_folder_moves_everything_in_it(library: Library) -> None:
    for number in range(20):
        library.put(f"b/{number}.mp3", str(number))
    library.update()
    before = set(library.tracks)
    (library.root / "b").rename(library.root / "c")
    assert set(library.update().values()) == {"unchanged", "moved"}
    assert set(library.tracks) == before


def test_a_deleted_file_is_said_to_be_deleted(library: Library) -> None:
    library.update()
    (library.root / "a.mp3").unlink()
    assert library.update() == {"b/b.mp3": "unchanged", "a.mp3": "deleted"}
    assert len(library.tracks) == 1


def test_the_same_content_twice_is_a_duplicate_of_the_first(library: Library) -> None:
    library.put("z.mp3", "one")
    assert library.update() == {"a.mp3": "new", "b/b.mp3": "new", "z.mp3": "duplicate"}
    assert library.tracks[library.id_of("z.mp3")].duplicate_of == library.id_of("a.mp3")
    assert set(library.update().values()) == {"unchanged"}
    assert library.opened == []


def test_a_new_copy_that_sorts_before_a_known_track_is_the_duplicate(library: Library) -> None:
    library.update()
    library.put("0.mp3", "one")
    assert library.update()["0.mp3"] == "duplicate"
    assert library.tracks[library.id_of("a.mp3")].duplicate_of is None


@pytest.mark.parametrize("fate", ["deleted", "changed"])
def test_a_duplicate_takes_the_place_of_an_original_that_is_gone(fate: str, library: Library) -> None:
    library.put("y.mp3", "one")
    library.put("z.mp3", "one")
    library.update()
    if fate == "deleted":
        (library.root / "a.mp3").unlink()
    else:
        library.put("a.mp3", "another")
    kinds = library.update()
    assert (kinds["a.mp3"], kinds["y.mp3"], kinds["z.mp3"]) == (fate, "changed", "duplicate")
    assert library.tracks[library.id_of("y.mp3")].duplicate_of is None
    assert library.tracks[library.id_of("z.mp3")].duplicate_of == library.id_of("y.mp3")


def test_moving_an_original_leaves_its_duplicates_alone(library: Library) -> None:
    library.put("z.mp3", "one")
    library.update()
    (library.root / "a.mp3").rename(library.root / "c.mp3")
    kinds = library.update()
    assert (kinds["c.mp3"], kinds["z.mp3"]) == ("moved", "unchanged")


def test_moving_a_duplicate_keeps_its_id_and_its_original(library: Library) -> None:
    library.put("z.mp3", "one")
    library.update()
    before = library.id_of("z.mp3")
    (library.root / "z.mp3").rename(library.root / "y.mp3")
    assert library.update()["y.mp3"] == "moved"
    assert library.id_of("y.mp3") == before
    assert library.tracks[before].duplicate_of == library.id_of("a.mp3")


def test_tracks_outside_the_scanned_folders_are_left_alone(library: Library, tmp_path: Path) -> None:
    library.update()
    assert library.compare(library.root / "b") != []
    assert {change.kind for change in library.compare(library.root / "b")} == {"unchanged"}


def test_tracks_below_a_folder_that_cannot_be_listed_are_not_deleted(library: Library) -> None:
    library.update()
    (library.root / "b" / "b.mp3").unlink()
    closed = Problem(path=library.root / "b", kind="folder", reason="cannot be listed", skipped=True)
    found = replace(scan(library.root), problems=(closed,))
    assert [change.kind for change in compare(found, library.tracks.values())] == ["unchanged"]


def test_a_file_that_failed_before_is_tried_again_only_when_it_has_changed(library: Library) -> None:
    path = library.put("bad.mp3", "no sound")
    facts = path.stat()
    library.problems = [
        Problem(
            path=path, kind="unreadable", reason="", skipped=True, size=facts.st_size, modified_ns=facts.st_mtime_ns
        )
    ]
    assert library.update()["bad.mp3"] == "failed before"
    assert "bad.mp3" not in library.opened
    library.put("bad.mp3", "a sound at last")
    assert library.update()["bad.mp3"] == "new"


def test_a_file_that_could_not_be_opened_is_always_tried_again(library: Library) -> None:
    facts = (library.root / "a.mp3").stat()
    closed = Problem(path=library.root / "a.mp3", kind="access", reason="", skipped=True)
    library.problems = [replace(closed, size=facts.st_size, modified_ns=facts.st_mtime_ns)]
    assert library.update()["a.mp3"] == "new"


def test_a_problem_whose_file_is_gone_is_deleted(library: Library) -> None:
    library.problems = [Problem(path=library.root / "gone.mp3", kind="unreadable", reason="", skipped=True)]
    assert library.update()["gone.mp3"] == "deleted"


def test_a_file_that_cannot_be_opened_is_a_problem_and_the_rest_goes_on(library: Library) -> None:
    def refuse(path: Path) -> str:
        if path.name == "a.mp3":
            raise PermissionError(13, "Permission denied")
        return sha256_of(path)

    first, second = compare(scan(library.root), [], content_hash=refuse)
    assert (first.kind, second.kind) == ("unreadable", "new")
    assert first.problem is not None
    assert (first.problem.kind, first.problem.reason) == ("access", "cannot be opened: permission denied")


def test_a_run_that_was_killed_anywhere_ends_like_one_that_was_not(library: Library, tmp_path: Path) -> None:
    for name, content in (("c.mp3", "one"), ("d/a.mp3", "one"), ("e.mp3", "three"), ("0.mp3", "two")):
        library.put(name, content)
    library.update()
    expected = library.tracks
    everything = Library(library.root).compare()
    # What was analysed before the kill may be any subset, since several are analysed at once.
    for mask in range(1 << len(everything)):
        resumed = Library(library.root)
        resumed.apply([change for bit, change in enumerate(everything) if mask >> bit & 1])
        resumed.update()
        assert resumed.tracks == expected


def test_two_roots_of_the_same_name_share_no_ids_whatever_was_stored_before(tmp_path: Path) -> None:
    roots = [tmp_path / "one" / "music", tmp_path / "two" / "music"]
    for number, root in enumerate(roots):
        root.mkdir(parents=True)
        (root / "song.mp3").write_text(str(number))
    everything = list(compare(scan(*roots), []))
    assert len({change.track_id for change in everything}) == 2
    stored = everything[1]
    track = Track(track_id=str(stored.track_id), audio=stored.path, file=stored.state)
    resumed = {change.path: change.track_id for change in compare(scan(*roots), [track])}
    assert resumed == {change.path: change.track_id for change in everything}
