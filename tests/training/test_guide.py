"""The guide to training keeps its word."""

import re
import tomllib

import pytest

from tutti.training.recipes import parse_recipe


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "training.md").read_text()


def test_the_recipe_in_the_guide_is_valid(guide):
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    recipe = parse_recipe({"name": "guide", **tomllib.loads(toml)})
    assert recipe.model.options == {"n_channels": 32}


def test_the_code_in_the_guide_runs(guide, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    exec(code, {})
    assert "Difference(" in capsys.readouterr().out
