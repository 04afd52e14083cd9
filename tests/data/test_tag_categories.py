"""Categories of tags: from a table, from the world, and what is wrong with a table."""

import pytest

from tutti.data.tag_categories import categories_of, read_categories, world_categories
from tutti.data.world.taxonomy import VOCABULARY
from tutti.errors import ConfigError
from tutti.text.spelling import plain


def test_every_tag_of_the_world_has_a_category():
    assert {*world_categories()} == {plain(tag) for tag in VOCABULARY}
    assert {*world_categories().values()} == {"genre", "instrument", "mood"}


def test_a_table_is_read_whatever_the_spelling_of_its_tags(tmp_path):
    table = tmp_path / "categories.tsv"
    table.write_text("Hip-Hop\tgenre\n\nseattle\tlocation\n")
    assert categories_of(["hip hop", "Seattle", "unheard"], table) == {"hip hop": "genre", "Seattle": "location"}


def test_the_table_of_msd500_tells_the_category_of_its_cleaned_tags(tmp_path):
    table = tmp_path / "track_tags.tsv"
    table.write_text("TRAAA\thiphop\thip-hop\tgenre\t100\n")
    assert read_categories(table) == {"hip hop": "genre"}


def test_decades_need_no_table():
    assert categories_of(["1980s", "80s", "2000s", "8 bits"]) == dict.fromkeys(("1980s", "80s", "2000s"), "decade")


def test_a_line_that_is_no_pair_is_told_with_its_number(tmp_path):
    table = tmp_path / "categories.tsv"
    table.write_text("rock\tgenre\njazz\n")
    with pytest.raises(ConfigError, match="is no pair of tag and category"):
        read_categories(table)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_categories(tmp_path / "nowhere.tsv")
