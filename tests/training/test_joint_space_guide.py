"""The guide to joint spaces keeps its word."""

import json
import re
import tomllib

import pytest
from typer.testing import CliRunner

from tutti.cli.main import app
from tutti.training.recipes import parse_recipe

pytestmark = pytest.mark.slow


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "joint-space.md").read_text()


def test_the_recipe_in_the_guide_is_valid(guide):
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    scheme = parse_recipe({"name": "guide", **tomllib.loads(toml)}).scheme
    space = scheme.space()
    assert space.of("image").layers == "linear"
    assert space.of("audio").layers == "two"
    assert scheme.weights() == {"audio": 1, "text": 1, "image": 0.5, "listening": 1}


def test_the_code_in_the_guide_prints_what_the_guide_says(guide, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (text,) = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)
    exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    for ours, told in zip(printed, text.splitlines(), strict=True):
        assert ours.partition("R@10")[0] == told.partition("R@10")[0]
        found, wanted = (float(line.partition("R@10")[2].split()[0]) for line in (ours, told))
        assert found == pytest.approx(wanted, abs=0.05)


def test_the_commands_of_the_guide_work_one_after_the_other(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = str(root / "recipes" / "world" / "space-tiny.toml")
    run = CliRunner().invoke
    assert run(app, ["world", "tiny", "-o", "worlds/tiny"]).exit_code == 0
    trained = run(app, ["train", recipe, "data.catalogue=worlds/tiny", "output=runs/space", "--json"])
    assert trained.exit_code == 0, trained.output
    found = run(app, ["evaluate", "runs/space/model", "--on", "worlds/tiny", "--split", "test", "--json"])
    scores = json.loads(found.stdout)["cross_modal"]
    assert scores["n_present"]["audio"] == 8
    assert {one["direction"]["answers"][0] for one in scores["directions"]} == {"audio", "text", "listening"}
    assert run(app, ["place", "worlds/tiny", "--space", "runs/space/model"]).exit_code == 0
