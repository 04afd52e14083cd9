"""A user's table: what is in its lines, or why it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutti.errors import ConfigError
from tutti.text.tab_separated import read_lines


def test_lines_keep_their_numbers_and_lose_spaces_blanks_and_the_byte_order_mark(tmp_path: Path):
    path = tmp_path / "table.tsv"
    path.write_bytes('\ufeffitem\tvalue \r\n\r\n \t \r\n "a" b\t\tÄ\r\n'.encode())
    assert read_lines(path, what="values") == [(1, ["item", "value"]), (4, ['"a" b', "", "Ä"])]


def test_what_cannot_be_read_is_told(tmp_path: Path):
    (tmp_path / "latin.tsv").write_bytes(b"caf\xe9\tx\n")
    for name in ("latin.tsv", "none.tsv", "."):
        with pytest.raises(ConfigError, match=r"the answers .* cannot be read") as caught:
            read_lines(tmp_path / name, what="answers")
        assert caught.value.hint is not None
        assert "UTF-8" in caught.value.hint
