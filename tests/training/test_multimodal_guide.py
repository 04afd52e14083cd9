"""The guide to multimodal models keeps its word."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import get_args

import pytest

from tutti.data.world.generate import generate_world
from tutti.models.fusion import KINDS
from tutti.models.readouts import TARGETS
from tutti.training.fusion import FusionSchemeConfig, Streams, Way
from tutti.training.recipes import parse_recipe


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "multimodal.md").read_text(encoding="utf-8")


def test_the_recipe_in_the_guide_is_valid(guide):
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    scheme = parse_recipe({"name": "guide", **tomllib.loads(toml)}).scheme
    assert isinstance(scheme, FusionSchemeConfig)
    assert scheme.image.network.architecture == "resnet101"


def test_the_guide_names_every_target_way_fusion_and_kind_of_stream(guide):
    for name in (*TARGETS, *get_args(Way), *KINDS, *get_args(Streams)):
        assert f"`{name}`" in guide, name


@pytest.mark.slow
def test_the_code_in_the_guide_runs(guide, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generate_world("tiny", tmp_path / "worlds" / "tiny", seed=0, jobs=1)
    recipe = root / "recipes" / "world" / "fusion-tiny.toml"
    settings = ["data.catalogue=worlds/tiny", "output=runs/fusion", "training.epochs=1"]
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    # As a reader types it: a command, then a program, in processes of their own.
    command = [sys.executable, "-m", "tutti.cli.main", "train", str(recipe), *settings, "--quiet"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300)
    assert "'drums':" in told.stdout
