"""The page of a map holds everything that it shows, whatever titles say."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from tutti.data.items import Item
from tutti.evaluation.maps import MapSettings, map_items
from tutti.serve.map_page import write_map

EVIL = "</script><script>alert(1)</script>"


@pytest.fixture
def page(tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    covers = (tmp_path / "broken.png", tmp_path / "red.png")
    items = [
        Item(item_id=str(n), title=EVIL if n == 0 else f"T{n}", tags=("<b>",), covers=covers if n == 0 else ())
        for n in range(12)
    ]
    vectors = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    drawn = map_items("m & m", items, vectors, MapSettings(methods=("tsne", "pca")), dataset="d")
    return write_map(drawn, tmp_path / "out").read_text(encoding="utf-8")


def test_every_item_has_a_dot_that_knows_its_place_in_each_projection(page):
    dots = re.findall(r'<circle class="c0" data-track="(\d+)" cx="[\d.]+" cy="[\d.]+" r="5" data-p0="[^"]+"', page)
    assert [int(one) for one in dots] == list(range(12))
    assert re.findall(r'data-projection="\d" aria-pressed="\w+">([^<]+)<', page) == ["t-SNE", "principal components"]


def test_nothing_is_fetched_and_no_title_is_code(page):
    assert EVIL not in page
    assert "<b></b>" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "http" not in re.sub(r"https?://www\.w3\.org\S*", "", page)


def test_the_first_cover_that_can_be_read_is_shown(page):
    data = json.loads(re.search(r'id="map-data">(.*?)</script>', page, re.DOTALL).group(1))
    assert data[0]["title"] == EVIL
    assert data[0]["cover"].startswith("data:image/jpeg;base64,")
    assert [one["cover"] for one in data[1:]] == [None] * 11


def test_the_setting_is_told(page):
    assert "d, split test, 12 items, seed 0" in page
