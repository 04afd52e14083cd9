"""The grid over missing modalities keeps its cells in their places, in words, in files and in the figure."""

import json

import numpy as np
import pytest
from PIL import Image

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.missing import GridColumn, GridRow, MissingGrid, read_grid, subsets, with_noise
from tutti.evaluation.missing_figure import draw_missing
from tutti.evaluation.report import Estimate

NAN = float("nan")


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.05, high=value + 0.05)


@pytest.fixture
def grid() -> MissingGrid:
    columns = [GridColumn(present=some) for some in subsets(["audio", "text"])]
    columns.append(GridColumn(present=("audio", "text"), noisy=("text",), noise=0.5))
    return MissingGrid(
        dataset="tones",
        split="test",
        n_items=40,
        bootstrap=Bootstrap(seed=5),
        metric="ROC-AUC, macro",
        rows=(
            GridRow(fusion="early", trained_on=("audio", "text"), note="dropout"),
            GridRow(fusion="late", trained_on=("audio",)),
        ),
        columns=tuple(columns),
        cells=(
            (estimate(0.9), estimate(0.8), Estimate(value=0.7, low=NAN, high=NAN), estimate(0.85)),
            (estimate(0.8), estimate(0.8), None, estimate(0.8)),
        ),
        training_seeds=(0, 1),
    )


def test_every_subset_comes_once_the_largest_first():
    found = subsets(["audio", "image", "text"])
    assert len(found) == len({*found}) == 7
    assert [len(one) for one in found] == [3, 2, 2, 2, 1, 1, 1]


def test_the_page_tells_setting_rows_columns_and_the_best_of_each_column(grid):
    page = grid.to_markdown()
    for fact in ("tones", "test", "40 items", "training seeds 0, 1", "bootstrap seed 5", "95%"):
        assert fact in page
    assert "| model | audio + text | audio | text | audio + text, noise 0.5 in text |" in page
    late = next(line for line in page.splitlines() if line.startswith("| late, trained on audio"))
    assert late.split(" | ")[1:3] == ["0.800 [0.750, 0.850]", "**0.800 [0.750, 0.850]**"]
    assert late.split(" | ")[3] == ""


def test_a_written_grid_is_read_back(grid, tmp_path):
    grid.write(tmp_path)
    again = read_grid(tmp_path)
    assert np.array_equal(again.values(), grid.values(), equal_nan=True)
    assert (again.rows, again.columns, again.setting) == (grid.rows, grid.columns, grid.setting)
    assert again.to_json() == grid.to_json()
    assert json.dumps(grid.to_json(), allow_nan=False)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 9}', '{"format": 1, "cells": [[3]]}'])
def test_what_is_no_grid_is_refused(text, tmp_path):
    (tmp_path / "missing.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"missing\.json"):
        read_grid(tmp_path)


def test_cells_that_do_not_fit_are_refused(grid):
    with pytest.raises(ShapeError, match="wanted 2 of 4"):
        MissingGrid(**{**vars(grid), "cells": grid.cells[:1]})


def test_noise_without_a_noisy_modality_is_refused():
    with pytest.raises(ConfigError, match="makes no sense"):
        GridColumn(present=("audio",), noise=0.5)
    with pytest.raises(ConfigError, match="makes no sense"):
        GridColumn(present=("audio",), noisy=("text",), noise=0.5)


def test_noise_is_as_long_as_its_level_says_and_leaves_what_is_absent():
    vectors = np.random.default_rng(0).normal(3, 2, size=(50, 400)).astype(np.float32)
    vectors[4] = np.nan
    changed = with_noise(vectors, 0.5, rng=np.random.default_rng(1))
    ratio = np.linalg.norm(changed - vectors, axis=1) / np.linalg.norm(vectors, axis=1)
    assert np.isnan(changed[4]).all()
    assert np.allclose(np.delete(ratio, 4), 0.5, atol=0.08)
    assert np.array_equal(with_noise(vectors, 0.0, rng=np.random.default_rng(1)), vectors, equal_nan=True)


def test_the_heat_map_is_drawn_also_where_cells_are_empty(grid, tmp_path):
    draw_missing(grid, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert min(picture.size) > 300
    draw_missing(grid, tmp_path / "grid.svg")
    with pytest.raises(ConfigError, match="no figure"):
        draw_missing(grid, tmp_path / "grid.txt")
