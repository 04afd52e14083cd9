"""The guide to music found by tags keeps its word."""

import re
import tomllib

from tutti.papers import EXHIBITS
from tutti.training.recipes import parse_recipe
from tutti.training.tag_retrieval import SAMPLINGS


def test_the_recipe_in_the_guide_is_valid(root):
    guide = (root / "docs" / "guides" / "tag-retrieval.md").read_text()
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    recipe = parse_recipe({"name": "guide", **tomllib.loads(toml)})
    assert recipe.scheme.margin == 0.4
    assert recipe.scheme.n_triplets == 10_000


def test_the_guide_has_every_sampling_and_tables_that_there_are(root):
    guide = (root / "docs" / "guides" / "tag-retrieval.md").read_text()
    assert all(f"| `{name}` |" in guide for name in SAMPLINGS)
    assert {*re.findall(r"won2021/\w+\.\w+", guide)} <= {*EXHIBITS}
