from __future__ import annotations

import base64
import io
import math
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from tutti.serve.figures import HEIGHT, TOP, interval_bar, line_chart, thumbnail


def points(drawing: str) -> list[list[tuple[float, float]]]:
    """The corners of every curve."""
    curves = re.findall(r'<polyline[^>]*points="([^"]*)"', drawing)
    return [[tuple(map(float, corner.split(","))) for corner in curve.split()] for curve in curves]


def test_a_chart_is_well_formed_and_runs_from_left_to_right_and_up():
    drawing = line_chart("A & B", {"loss": [0.1, 0.2, 0.4]}, marked=2)
    ElementTree.fromstring(drawing)
    ((first, second, third),) = points(drawing)
    assert first[0] < second[0] < third[0]
    assert first[1] > second[1] > third[1]
    # 0.2 lies a third of the way from 0.1 to 0.4
    assert second[1] - third[1] == pytest.approx(2 * (first[1] - second[1]), abs=0.3)


def test_a_gap_in_a_curve_is_left_out_and_a_single_point_is_a_dot():
    drawing = line_chart("loss", {"a": [1.0, math.nan, 3.0], "b": [2.0]})
    assert len(points(drawing)[0]) == 2
    assert drawing.count("<circle") == 1


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [1e-9, 1e9], [-3.0, -2.0]])
def test_every_value_lies_inside_the_chart(values):
    drawing = line_chart("loss", {"a": values, "b": [value * 0.5 for value in values]})
    for curve in points(drawing):
        assert all(TOP - 0.1 <= y <= HEIGHT for _, y in curve)


def test_no_values_draw_nothing():
    assert line_chart("loss", {"a": [math.nan]}) == ""


def test_a_bar_is_as_long_as_its_score_and_its_interval_lies_around_it():
    bar = interval_bar(0.8, 0.7, 0.85, chance=0.5)
    assert 'class="fill" style="width:80.0%"' in bar
    assert 'class="whisker" style="left:70.0%;width:15.0%"' in bar
    assert 'class="chance" style="left:50.0%"' in bar


def test_a_thumbnail_is_the_middle_square_of_the_cover(tmp_path):
    cover = Image.new("RGB", (30, 10), "red")
    cover.paste("blue", (10, 0, 20, 10))
    cover.save(tmp_path / "cover.png")
    encoded = thumbnail(tmp_path / "cover.png", side=16)
    small = Image.open(io.BytesIO(base64.b64decode(encoded.partition(",")[2])))
    assert small.size == (16, 16)
    red, _, blue = small.getpixel((1, 8))
    assert blue > 200
    assert red < 60


def test_a_broken_cover_has_no_thumbnail(tmp_path):
    (tmp_path / "cover.jpg").write_text("no picture")
    assert thumbnail(tmp_path / "cover.jpg", side=16) is None
    assert thumbnail(None, side=16) is None
