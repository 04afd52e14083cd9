"""Tables of descriptors."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import parquet

from tutti.data.descriptor_tables import read_descriptors
from tutti.errors import ConfigError


def written(tmp_path, text: str):
    path = tmp_path / "descriptors.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_are_taken_and_texts_become_zeros_and_ones(tmp_path):
    found = read_descriptors(written(tmp_path, "track_id,bpm,scale\n007,120.5,minor\n008,90,major\n"))
    assert {key: row.tolist() for key, row in found.items()} == {"007": [120.5, 0, 1], "008": [90, 1, 0]}


def test_parquet_tables_are_read_too(tmp_path):
    parquet.write_table(pa.table({"track_id": ["a"], "bpm": [3.0]}), tmp_path / "t.parquet")
    assert read_descriptors(tmp_path / "t.parquet")["a"].tolist() == [3.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,bpm\n1,2\n", "wanted are track_id"),
        ("track_id,bpm\n1,2\n1,3\n", "two rows for the track 1"),
        ("track_id,bpm\n1,nan\n", "column bpm of .* no finite number"),
        ("track_id,bpm\n1,\n2,3\n", "column bpm"),
        ("", "cannot be read"),
    ],
)
def test_tables_that_make_no_sense_are_refused_in_words(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        read_descriptors(written(tmp_path, text))
