"""The guide to training keeps its word."""

import re
import tomllib

import pytest

from tutti.training.phases import PROTOCOLS, TrainingProtocol
from tutti.training.recipes import parse_recipe


@pytest.fixture
def guide(root) -> str:
    return (root / "docs" / "guides" / "training.md").read_text()


def test_the_recipe_in_the_guide_is_valid(guide):
    (toml,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    recipe = parse_recipe({"name": "guide", **tomllib.loads(toml)})
    assert recipe.model.options == {"n_channels": 32}


def test_the_code_in_the_guide_runs(guide, capsys):
    phases, metrics = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    exec(phases, {})
    assert capsys.readouterr().out == "[6, 2]\n"
    exec(metrics, {})
    assert "Difference(" in capsys.readouterr().out


def row(name: str, protocol: TrainingProtocol) -> str:
    titles = {"adam": "Adam", "sgd": "SGD"}
    phases = [f"{titles[one.optimizer]} {one.learning_rate:.0e} × {one.epochs}" for one in protocol.phases]
    reloads = {phase.from_best for phase in protocol.phases[1:]}
    told = {True: "yes", False: "no"}[reloads.pop()] if reloads else "–"
    listed = ", ".join(phases).replace("e-0", "e-")
    patience = protocol.patience or "none"
    return f"| `{name}` | {listed} | {told} | `{protocol.monitor}` | {patience} | {protocol.batch_size} |"


def test_the_table_of_protocols_is_that_of_the_code(guide):
    table = [line for line in guide.splitlines() if line.startswith("| `won")]
    assert table == [row(name, protocol) for name, protocol in PROTOCOLS.items()]


def test_the_guide_tells_what_protocols_have_in_common(guide):
    with_decay = [name for name, protocol in PROTOCOLS.items() if protocol.phases[0].weight_decay]
    told = "`won2020`, `won2020-harmonic`, `won2021-thesis`, `won2021-emotion` and `won2021-emotion-metric`, none in"
    assert re.findall(r"`([^`]+)`", told) == with_decay
    assert told in " ".join(guide.split())
