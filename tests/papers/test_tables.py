"""Published tables: their values against the thesis's text, and recipes for everything that can be repeated."""

from __future__ import annotations

import math

import pytest

from tutti.data.datasets import find_dataset
from tutti.errors import ConfigError, UnknownNameError
from tutti.models.taggers import build_tagger
from tutti.papers import EXHIBITS, find_exhibit
from tutti.papers.commands import listing
from tutti.papers.comparison import title_of
from tutti.papers.experiment import Experiment
from tutti.papers.figure import Figure
from tutti.papers.table import Table, nested
from tutti.training.recipes import parse_recipe

TABLES = {
    key: one.table if isinstance(one, Figure) else one
    for key, one in EXHIBITS.items()
    if not isinstance(one, Experiment)
}
REPEATABLE = [
    pytest.param(table, row, column, id=f"{key}-{row.name}-{column.name}")
    for key, table in TABLES.items()
    for row in table.rows
    for column in table.columns
    if row.obstacle is None and column.name in row.published
]


def test_every_table_and_figure_of_the_audio_chapter_is_there():
    tables = {f"won2021/table3.{number}" for number in (1, 2, 3, 6, 7, 8, 10, 11, 12)} | {"won2021/table4.5"}
    figures = {f"won2021/figure3.{number}" for number in (8, 13, 16)}
    assert tables | figures <= {*EXHIBITS}


@pytest.mark.parametrize(("table", "row", "column"), REPEATABLE)
def test_every_cell_that_can_be_repeated_has_a_recipe_that_makes_sense(table, row, column):
    recipe = parse_recipe(table.recipe(row, column))
    assert recipe.model.architecture == row.by_column.get(column.name, {}).get(
        "model.architecture", recipe.model.architecture
    )
    assert column.protocol in find_dataset(column.dataset).protocols


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_published_values_are_scores_of_known_columns_and_metrics(table):
    for row in table.rows:
        for name, values in row.published.items():
            column = table.column(name)
            assert len(values) == len(column.metrics)
            assert all(
                math.isnan(value) or 0 <= value < (2 if metric == "log_loss" else 1)
                for metric, value in zip(column.metrics, values, strict=True)
            )
            assert all(title_of(metric) for metric in column.metrics)
            assert len(row.spread.get(name, values)) == len(values)


@pytest.mark.parametrize(
    ("key", "row", "column", "areas"),
    [
        ("won2021/table3.1", "short-chunk-res", "mtat", (0.9129, 0.4614)),
        ("won2021/table3.1", "harmonic-cnn", "jamendo", (0.8322, 0.2956)),
        ("won2021/table3.1", "musicnn-128", "msd", (0.8788, 0.3036)),
        ("won2021/table3.3", "h7", "mtat", (0.9146, 0.4617)),
        ("won2021/table3.8", "1024x3", "mtat", (0.8985, 0.4225)),
        ("won2021/table3.11", "transformer-da-kd", "cals", (0.9217, 0.3889)),
        ("won2021/table4.3", "gsedm-mtn", "fma", (0.7727, 0.6571)),
        ("won2021/table4.3", "m-stn", "fma", (1.1812, 0.3581)),
        ("won2021/table3.12", "768x4", "cals", (0.9162, 0.3707)),
        ("oramas2018/table2", "all", "msd-i", (0.477, 0.413, 0.427)),
        ("oramas2018/table6", "a-cosine-high-4x70", "mumu", (0.888, 0.35, 0.60, 0.74)),
        ("oramas2018/table6", "t-cosine-vsm", "mumu", (0.901, 0.53, 0.44, 0.90)),
        ("oramas2018/table6", "i-logistic", "mumu", (0.743, 0.06, 0.15, 0.27)),
        ("oramas2018/table6", "ati-logistic", "mumu", (0.936, 0.11, 0.39, 0.66)),
    ],
)
def test_single_values_are_as_printed(key, row, column, areas):
    assert TABLES[key].row(row).published[column] == pytest.approx(areas)


def test_a_published_student_is_smaller_than_its_teacher_or_as_large():
    table = TABLES["won2021/table4.5"]
    sizes = {}
    for row in table.rows[-2:]:
        plain = table.recipe(row, table.columns[0])
        teacher = plain["scheme"]["teacher"].get("options", plain["model"].get("options", {}))
        options = {"teacher": teacher, "student": plain["model"].get("options", {})}
        sizes[row.name] = [
            sum(one.numel() for one in build_tagger("music_tagging_transformer", 50, **some).parameters()) / 1e6
            for some in options.values()
        ]
    assert sizes["transformer-da-ke"] == pytest.approx([4.6, 4.6], abs=0.1)
    assert sizes["transformer-da-kd"] == pytest.approx([4.6, 0.5], abs=0.1)


def test_the_big_musicnn_stands_in_the_column_of_the_million_song_dataset():
    table = find_exhibit("won2021/table3.1")
    assert isinstance(table, Table)
    architectures = [table.recipe(table.row("musicnn"), column)["model"]["architecture"] for column in table.columns]
    assert architectures == ["musicnn", "musicnn_msd", "musicnn"]


def test_heads_that_do_not_divide_the_width_are_told_and_not_run():
    table = find_exhibit("won2021/table3.7")
    assert isinstance(table, Table)
    row = table.row("3x2")
    assert row.obstacle is not None
    with pytest.raises(ConfigError, match="3 heads do not divide the width of 512"):
        table.recipe(row, table.columns[0])


def test_an_unknown_table_offers_the_nearest():
    with pytest.raises(UnknownNameError, match=r"won2021/table3\.1"):
        find_exhibit("won2021/table31")


def test_dotted_keys_become_tables_within_tables():
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


def test_the_listing_names_every_table_with_its_data():
    text = listing()
    for key in EXHIBITS:
        assert key in text
    assert "magnatagatune, million-song, mtg-jamendo" in text
