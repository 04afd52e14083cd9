"""The guide to covers keeps its word."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tutti.image.covers import MAX_PIXELS
from tutti.models.covers import ARCHITECTURES


@pytest.fixture
def guide(root: Path) -> str:
    return (root / "docs" / "guides" / "covers.md").read_text(encoding="utf-8")


def test_the_guide_names_every_network_and_the_largest_picture(guide: str) -> None:
    for name in ARCHITECTURES:
        assert f"`{name}`" in guide
    assert f"{MAX_PIXELS // 10**6} million pixels" in guide


def test_the_code_in_the_guide_draws_a_map(guide, shelf, shelf_model, tmp_path, monkeypatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    shelf_model.save(tmp_path / "runs" / "fusion" / "model")
    shutil.copytree(shelf.folder, tmp_path / "worlds" / "tiny", copy_function=os.link)
    exec(code, {})
    with Image.open("cover.png") as drawn:
        assert drawn.width > drawn.height
