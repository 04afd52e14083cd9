"""The guide to spaces keeps its word."""

import re
import tomllib

import numpy as np
import pytest

from tutti.data.ontology import read_ontology
from tutti.evaluation.graded_ranking import expected_ndcg_at_k
from tutti.training.recipes import parse_recipe

pytestmark = pytest.mark.slow


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "spaces.md").read_text()


def test_the_recipe_in_the_guide_is_valid(guide):
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    scheme = parse_recipe({"name": "guide", **tomllib.loads(toml)}).scheme
    assert scheme.space.learned.resolved().batch_size == 64
    assert scheme.space.learned.resolved().space.embed_dim == 200


def test_the_code_in_the_guide_prints_what_the_guide_says(guide, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (text,) = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)
    exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    for ours, told in zip(printed, text.splitlines(), strict=True):
        assert ours.split()[0] == told.split()[0]
        assert float(ours.split()[1]) == pytest.approx(float(told.split()[1]), abs=0.05)


def test_chance_among_the_labels_of_the_paper_is_what_the_guide_says(guide, shared):
    ontology = read_ontology(shared / "datasets" / "audioset" / "ontology.json")
    kinds = [kind for top in ("Musical instrument", "Singing", "Tools") for kind in ontology.descendants(top)]
    rng = np.random.default_rng(0)
    labels = [rng.choice(sorted({*kinds}), size=rng.integers(1, 4), replace=False) for _ in range(3000)]
    chance = expected_ndcg_at_k(ontology.relevance(labels[:300], labels), k=30).mean()
    assert (len({*kinds}), int(ontology.relevance([[one] for one in kinds], [[one] for one in kinds]).min())) == (
        107,
        12,
    )
    assert "reaches 0.84." in guide
    assert chance == pytest.approx(0.84, abs=0.005)
