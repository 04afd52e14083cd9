"""Files and folders that appear whole or not at all."""

import contextlib
import hashlib
from pathlib import Path

import pytest

from tutti.files import atomic_file, atomic_folder, check_place, is_occupied, sha256_of, write_text


class BrokenError(Exception):
    """Something goes wrong in the middle."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "new" / "report.txt"
    with atomic_file(target) as partial:
        partial.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert names(target.parent) == ["report.txt"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    target = tmp_path / "report.txt"
    target.write_text("old")
    with contextlib.suppress(BrokenError), atomic_file(target) as partial:
        partial.write_text("half")
        raise BrokenError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["report.txt"]


def test_a_folder_takes_the_place_of_the_old_one_when_it_is_complete(tmp_path):
    target = tmp_path / "bundle"
    for content in ("first", "second"):
        with atomic_folder(target) as partial:
            (partial / content).write_text(content)
    assert names(target) == ["second"]
    assert names(tmp_path) == ["bundle"]
    assert target.stat().st_mode & 0o777 == 0o755


# safetensors writes files of its writer alone: a bundle that one user had trained could not be served by another.
def test_what_is_in_a_folder_can_be_read_by_all(tmp_path):
    with atomic_folder(tmp_path / "bundle") as partial:
        (partial / "encoder").mkdir(mode=0o755)
        weights = partial / "encoder" / "model.safetensors"
        weights.touch(mode=0o600)
    assert (tmp_path / "bundle" / "encoder" / "model.safetensors").stat().st_mode & 0o777 == 0o644


def test_a_failure_leaves_the_old_folder_and_nothing_beside_it(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "old").touch()
    with contextlib.suppress(BrokenError), atomic_folder(target) as partial:
        (partial / "new").touch()
        raise BrokenError
    assert names(target) == ["old"]
    assert names(tmp_path) == ["bundle"]


def test_text_is_written_in_utf_8(tmp_path):
    write_text(tmp_path / "name", "ลาวดวงเดือน")
    assert (tmp_path / "name").read_bytes() == "ลาวดวงเดือน".encode()


def test_a_checksum_is_that_of_the_whole_file(tmp_path):
    content = bytes(range(256)) * 10_000  # longer than a block
    (tmp_path / "data").write_bytes(content)
    assert sha256_of(tmp_path / "data") == hashlib.sha256(content).hexdigest()
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty").startswith("e3b0c44298fc1c149afbf4c8996fb924")


def test_a_file_and_a_folder_with_something_in_it_are_occupied(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "letter.txt").write_text("dear")
    assert is_occupied(tmp_path)
    assert is_occupied(tmp_path / "letter.txt")
    assert not is_occupied(tmp_path / "empty")
    assert not is_occupied(tmp_path / "none")


def test_a_place_to_write_to_is_looked_at_and_nothing_is_made(tmp_path):
    check_place(tmp_path / "new" / "newer" / "report.md")
    (tmp_path / "old.md").touch()
    check_place(tmp_path / "old.md")
    assert [path.name for path in tmp_path.iterdir()] == ["old.md"]
    with pytest.raises(NotADirectoryError) as caught:
        check_place(tmp_path / "old.md" / "new" / "report.md")
    assert caught.value.filename == str(tmp_path / "old.md")
    with pytest.raises(IsADirectoryError):
        check_place(tmp_path)


def test_a_folder_that_may_not_be_written_into_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # whoever runs the tests may be allowed everything
    with pytest.raises(PermissionError) as caught:
        check_place(tmp_path / "new" / "report.md")
    assert caught.value.filename == str(tmp_path)
