"""The guide to students keeps its word."""

import re
import tomllib

import pytest

from tutti.training.recipes import parse_recipe


@pytest.fixture
def recipes(root):
    guide = (root / "docs" / "guides" / "noisy-student.md").read_text()
    found = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    return [parse_recipe({"name": "guide", **tomllib.loads(toml)}) for toml in found]


def test_the_recipes_in_the_guide_are_valid(recipes):
    expansion, union = recipes
    assert expansion.scheme.teacher.options == {"n_channels": 64}
    assert expansion.scheme.parts(has_labelled=True) == (16, 16)
    assert union.scheme.teachers["mtat"] == ("musicnn-mtat", "fcn-mtat")
    assert union.scheme.merge["guitar"] == ("mtat:guitar", "mine:guitar")


def test_settings_that_the_guide_calls_defaults_are_the_defaults(recipes):
    expansion, plain = recipes[0].scheme, parse_recipe({"name": "x", "scheme": {"name": "noisy-student"}}).scheme
    names = ("batch_size", "unlabelled_share", "excerpts_per_track", "weight", "pseudo", "iterations")
    assert [getattr(expansion, name) for name in names] == [getattr(plain, name) for name in names]
