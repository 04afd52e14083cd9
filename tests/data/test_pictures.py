"""The store of covers: each decoded once, bad ones told of, made anew when something changed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tutti.data import pictures as module
from tutti.data.items import Item
from tutti.data.pictures import first_readable, open_pictures
from tutti.errors import ConfigError, ShapeError
from tutti.image.covers import read_cover
from tutti.image.transforms import square_picture

SIDE = 16


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """A red cover, none, one that is damaged beside a blue one, one that is missing, and the red one again."""
    for name, colour in (("red", (200, 0, 0)), ("blue", (0, 0, 200))):
        Image.new("RGB", (20, 30), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff no picture")
    covers = [("red.png",), (), ("damaged.jpg", "blue.png"), ("missing.png",), ("red.png",)]
    return [
        Item(item_id=f"item {place}", title="", covers=tuple(tmp_path / name for name in names))
        for place, names in enumerate(covers)
    ]


def test_a_store_has_the_pictures_that_can_be_read_and_says_why_others_cannot(
    items: list[Item], tmp_path: Path
) -> None:
    store = open_pictures(items, tmp_path / "store", side=SIDE)
    assert store.presence.tolist() == [True, False, True, False, True]
    assert store.rows.tolist() == [0, 2, 4]
    colours = store.pictures(store.rows)[:, :, 0, 0].tolist()
    assert colours == [[200, 0, 0], [0, 0, 200], [200, 0, 0]]
    assert set(store.failures) == {"item 2", "item 3"}
    assert "there is no picture" in store.failures["item 3"]


def test_the_store_holds_what_reading_the_file_gives(items: list[Item], tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    Image.fromarray(drawn).save(tmp_path / "red.png")
    store = open_pictures(items, tmp_path / "store", side=SIDE)
    expected = square_picture(read_cover(tmp_path / "red.png"), SIDE)
    assert np.array_equal(store.pictures([0])[0].numpy(), expected)
    assert np.array_equal(first_readable(items[0].covers, side=SIDE).picture, expected)


def test_a_cover_that_items_share_is_kept_once(items: list[Item], tmp_path: Path) -> None:
    open_pictures(items, tmp_path / "store", side=SIDE)
    assert (tmp_path / "store" / "pictures.u8").stat().st_size == 2 * 3 * SIDE * SIDE


def test_nothing_is_decoded_again_until_something_changes(
    items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_pictures(items, tmp_path / "store", side=SIDE)
    decoded: list[Path] = []
    monkeypatch.setattr(module, "read_cover", lambda path: decoded.append(path) or read_cover(path))
    open_pictures(items, tmp_path / "store", side=SIDE)
    assert not decoded
    os.utime(tmp_path / "red.png", ns=(1, 1))
    open_pictures(items, tmp_path / "store", side=SIDE)
    assert tmp_path / "red.png" in decoded
    assert open_pictures(items[:1], tmp_path / "store", side=8).pictures([0]).shape == (1, 3, 8, 8)


def test_a_store_travels_to_other_processes_without_its_pictures(items: list[Item], tmp_path: Path) -> None:
    store = open_pictures(items, tmp_path / "store", side=SIDE)
    carried = pickle.dumps(store)
    assert len(carried) < 1000
    assert (pickle.loads(carried).pictures([2]) == store.pictures([2])).all()


def test_items_without_any_cover_make_an_empty_store(items: list[Item], tmp_path: Path) -> None:
    store = open_pictures([items[1], items[3]], tmp_path / "store", side=SIDE)
    assert not store.presence.any()
    assert store.pictures([]).shape == (0, 3, SIDE, SIDE)
    with pytest.raises(ShapeError, match="item 1 has no picture"):
        store.pictures([0])


def test_a_damaged_store_is_made_anew_and_a_foreign_folder_left_alone(items: list[Item], tmp_path: Path) -> None:
    store = tmp_path / "store"
    open_pictures(items, store, side=SIDE)
    (store / "pictures.u8").write_bytes(b"short")
    assert open_pictures(items, store, side=SIDE).presence.sum() == 3
    (store / "index.json").write_text("{")
    assert open_pictures(items, store, side=SIDE).presence.sum() == 3
    with pytest.raises(ConfigError, match="holds no pictures"):
        open_pictures(items, tmp_path, side=SIDE)
    assert (tmp_path / "red.png").exists()
