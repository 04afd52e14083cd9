"""The guide to transfer and to terms without labels keeps its word."""

import re
import tomllib

import pytest

from tutti.models import zoo
from tutti.training.recipes import parse_recipe


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "transfer.md").read_text()


def test_the_recipes_in_the_guide_are_valid(guide):
    start, terms = (
        parse_recipe({"name": "guide", **tomllib.loads(toml)})
        for toml in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    )
    assert start.model.start.from_ == "musicnn-mtat"
    assert start.model.start.frozen == ("encoder",)
    assert terms.regularisation.consistency.measure == "mse"
    assert terms.regularisation.ramp_up == 10


def test_the_code_in_the_guide_runs(guide, shared, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TUTTI_MODELS", str(shared / "checkpoints"))
    monkeypatch.setenv("TUTTI_CACHE", str(tmp_path))
    assert zoo.entry("musicnn-mtat").architecture == "musicnn"
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "[2]\n"
