"""The tables of music found by tags: printed values, what cannot be repeated, and the whole way run small."""

import json

import pytest

from tutti.data.datasets import find_dataset
from tutti.errors import ConfigError
from tutti.papers import find_exhibit, reproduction
from tutti.papers.commands import Order, carry_out
from tutti.papers.reproduction import Choice, reproduce
from tutti.papers.won2021_tags import TABLE_5_2, TABLE_5_3
from tutti.training.recipes import parse_recipe


def test_the_printed_values_are_those_of_the_thesis():
    printed = {row.name: row.published["msd100"] for row in TABLE_5_2.rows}
    assert printed == {
        "random": (0.1658, 0.2990),
        "balanced": (0.1675, 0.3160),
        "balanced-weighted": (0.1852, 0.3500),
    }
    assert TABLE_5_3.row("cul-i").published == {"msd50": (0.4719, 0.6380)}


def test_the_best_sampling_of_one_table_is_the_acoustic_row_of_the_other():
    column = TABLE_5_2.column("msd100")
    recipes = [
        parse_recipe({**table.recipe(table.row(row), column), "name": "same"})
        for table, row in ((TABLE_5_2, "balanced-weighted"), (TABLE_5_3, "acoustic"))
    ]
    assert recipes[0] == recipes[1]
    assert recipes[0].scheme.n_triplets == 10_000
    assert (recipes[0].scheme.batch_size, recipes[0].scheme.margin) == (128, 0.4)


def test_listening_data_that_were_not_published_are_an_obstacle(tmp_path):
    with pytest.raises(ConfigError, match="not published"):
        carry_out(Order(key="won2021/table5.3", rows=("cul-i",), folder=tmp_path / "out", smoke=True))


def test_categories_are_the_datasets_own_unless_others_are_given(tmp_path, monkeypatch):
    find_dataset("msd500").make_fixture(tmp_path / "msd500")
    recipes = []

    def refuse(recipe, **_):
        recipes.append(recipe)
        raise ConfigError("not here", hint="elsewhere")

    monkeypatch.setattr(reproduction, "train", refuse)
    for number, settings in enumerate([(), (f"scheme.categories={tmp_path / 'own.tsv'}",)]):
        choice = Choice(rows=("random",), seeds=(0,), settings=settings)
        reproduce(TABLE_5_2, tmp_path / f"out{number}", data={"msd500": tmp_path / "msd500"}, choice=choice)
    tables = [tmp_path / "msd500" / "track_tags.tsv", tmp_path / "own.tsv"]
    assert [one.scheme.categories for one in recipes] == tables


@pytest.mark.slow
def test_the_figure_is_drawn_from_a_smoke_run_and_its_values_are_said_to_be_approximate(tmp_path):
    pytest.importorskip("matplotlib")
    done = carry_out(Order(key="won2021/figure5.2", rows=("cul-e",), folder=tmp_path / "out", smoke=True), quiet=True)
    assert (tmp_path / "out" / "categories.png").stat().st_size > 1000
    assert "approximate" in find_exhibit("won2021/figure5.2").note
    cell = json.loads((tmp_path / "out" / "comparison.json").read_text())["cells"][0]
    assert cell["metrics"]["map_genre"]["published"] == 0.14
    assert done.comparison.smoke
