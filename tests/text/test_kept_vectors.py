"""Vectors of terms that are kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tutti.text.kept_vectors import cache_folder, kept_vectors

TERMS = ["jazz", "dub", "sad"]


class Reader:
    """Remembers what it was asked for."""

    embed_dim = 2

    def __init__(self, fingerprint: str = "abc") -> None:
        self.fingerprint = fingerprint
        self.asked: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)


def test_terms_are_read_once_and_found_again_by_the_next_process(tmp_path: Path) -> None:
    first, second = Reader(), Reader()
    assert np.array_equal(kept_vectors(first, TERMS, folder=tmp_path), kept_vectors(second, TERMS, folder=tmp_path))
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_other_terms_another_order_and_another_encoder_are_read_anew(tmp_path: Path) -> None:
    reader, other = Reader(), Reader("another")
    for terms in (TERMS, TERMS[::-1], TERMS[:2]):
        kept_vectors(reader, terms, folder=tmp_path)
    kept_vectors(other, TERMS, folder=tmp_path)
    assert reader.asked == [TERMS, TERMS[::-1], TERMS[:2]]
    assert other.asked == [TERMS]


@pytest.mark.parametrize("damage", [b"", b"no vectors", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    wanted = kept_vectors(Reader(), TERMS, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert np.array_equal(kept_vectors(Reader(), TERMS, folder=tmp_path), wanted)
    again = Reader()
    kept_vectors(again, TERMS, folder=tmp_path)
    assert not again.asked


def test_a_file_of_another_shape_is_made_anew(tmp_path: Path) -> None:
    kept_vectors(Reader(), TERMS, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    np.save(file, np.zeros((3, 5), dtype=np.float32))
    assert kept_vectors(Reader(), TERMS, folder=tmp_path).shape == (3, 2)


def test_where_nothing_can_be_written_the_vectors_come_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    assert kept_vectors(Reader(), TERMS, folder=tmp_path / "taken").shape == (3, 2)


def test_the_environment_says_where_they_are_kept(tmp_path: Path) -> None:
    assert cache_folder({"TUTTI_CACHE": str(tmp_path)}) == tmp_path / "sentences"
