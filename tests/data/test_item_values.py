"""Values of items from facts and from tables; what is unknown stays unknown."""

from pathlib import Path

import numpy as np
import pytest

from tutti.data.item_values import item_values, read_values, values_of_facts
from tutti.data.items import items_of
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError

TRACKS = [Track(track_id=key, artist="A", album="B") for key in ("one", "two", "three")]
FACTS = {
    "one": {"valence": 0.5, "arousal": -1, "genre": "jazz"},
    "two": {"valence": 0.1, "arousal": None},
    "else": {"valence": True},
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "values.tsv"


def test_values_of_tracks_come_from_facts_and_unknown_ones_are_nan():
    values = item_values(items_of(TRACKS), values_of_facts(FACTS, ["valence", "arousal"]))
    by_id = {item.item_id: row for item, row in zip(items_of(TRACKS), values, strict=True)}
    assert by_id["one"].tolist() == [0.5, -1.0]
    assert by_id["two"][0] == pytest.approx(0.1)
    assert np.isnan(by_id["two"][1])
    assert np.isnan(by_id["three"]).all()


def test_an_album_has_the_mean_of_what_is_known_of_its_tracks():
    values = item_values(items_of(TRACKS, level="album"), values_of_facts(FACTS, ["valence", "arousal"]))
    assert values[0].tolist() == pytest.approx([0.3, -1.0])


def test_an_albums_own_row_counts_before_its_tracks(table):
    table.write_text("item_id\tvalence\nA / B\t0.9\none\t0.1\n", encoding="utf-8")
    assert item_values(items_of(TRACKS, level="album"), read_values(table))[0, 0] == pytest.approx(0.9)


def test_a_fact_that_is_no_number_is_no_value():
    with pytest.raises(UnknownNameError) as caught:
        values_of_facts(FACTS, ["genre"])
    assert "arousal, valence" in caught.value.hint


def test_a_table_is_read_with_its_gaps(table):
    table.write_text("\ufeffitem_id\tvalence\tarousal\none\t0.25\t\n\ntwo\t\t-3e-1\nthree\n", encoding="utf-8")
    found = read_values(table)
    assert found.names == ("valence", "arousal")
    assert np.isnan(found.rows["one"][1])
    assert found.rows["two"][1] == pytest.approx(-0.3)
    assert np.isnan(found.rows["three"]).all()


def test_columns_are_taken_in_the_order_in_which_they_are_named(table):
    table.write_text("item_id\tvalence\tarousal\none\t1\t2\n", encoding="utf-8")
    assert read_values(table, ["arousal", "valence"]).rows["one"].tolist() == [2.0, 1.0]
    with pytest.raises(UnknownNameError, match="arousl"):
        read_values(table, ["arousl"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("item_id\n", "wanted are the item"),
        ("item_id\tvalence\none\thigh\n", "line 2 .* 'high'"),
        ("item_id\tvalence\none\tinf\n", "no finite number"),
        ("item_id\tvalence\none\t1\none\t2\n", "two rows for 'one'"),
    ],
)
def test_tables_that_make_no_sense_are_refused_in_words(table, text, words):
    table.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        read_values(table)


def test_a_table_that_is_no_text_or_not_there_is_refused(table):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_values(table)
    table.write_bytes(b"item\t\xff\xfe\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_values(table)
