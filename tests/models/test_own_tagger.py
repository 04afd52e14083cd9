"""A tagger of one's own: known by name when its author says so, and then like any other. The guide keeps its word."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tutti.errors import ModelError, UnknownNameError
from tutti.models.bundles import ModelConfig
from tutti.models.folding import folded
from tutti.models.model import Model
from tutti.models.own_taggers import import_taggers
from tutti.models.taggers import ARCHITECTURES, build_tagger

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 70_000).astype(np.float32)
MINE = """
from tutti.models.taggers import ARCHITECTURES, fcn
{line}
"""


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    """Put the list of architectures and of modules back."""
    known, modules = dict(ARCHITECTURES), set(sys.modules)
    yield
    ARCHITECTURES.clear()
    ARCHITECTURES.update(known)
    for name in set(sys.modules) - modules:
        if name.startswith("own_"):
            del sys.modules[name]


@pytest.fixture
def example(root) -> Path:
    return root / "examples" / "own_tagger.py"


def bundle_of(example: Path, folder: Path) -> Model:
    import_taggers(example)
    torch.manual_seed(0)
    config = ModelConfig(name="mine", architecture="listener", labels=("a", "b"), options={"n_channels": 8})
    model = Model(config, build_tagger("listener", 2, n_channels=8))
    model.save(folder)
    return model


def test_the_example_is_under_sixty_lines_and_no_part_of_the_package(example):
    assert len(example.read_text().splitlines()) < 60
    assert "listener" not in ARCHITECTURES
    assert import_taggers(example) == ["listener"]


def test_a_bundle_of_one_s_own_architecture_says_the_same_when_it_is_loaded(example, tmp_path):
    model = bundle_of(example, tmp_path / "mine")
    loaded = Model.load(tmp_path / "mine")
    assert loaded.fingerprint == model.fingerprint
    np.testing.assert_array_equal(loaded.predict(NOISE, 16_000), model.predict(NOISE, 16_000))


def test_a_bundle_never_brings_code(example, tmp_path):
    bundle_of(example, tmp_path / "mine")
    del ARCHITECTURES["listener"]
    with pytest.raises(UnknownNameError, match="no architecture called 'listener'") as caught:
        Model.load(tmp_path / "mine")
    assert "tutti --import FILE.py" in caught.value.hint


def test_the_example_keeps_to_what_a_tagger_must_keep_to(example):
    import_taggers(example)
    network = build_tagger("listener", 3, n_channels=8)
    waveforms = torch.from_numpy(NOISE[:64_000].reshape(2, 32_000))
    network(waveforms).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    with torch.inference_mode():
        together = network.eval()(waveforms)
        torch.testing.assert_close(network(waveforms[1:]), together[1:], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(folded(network)(waveforms), together, rtol=1e-5, atol=1e-5)


def test_a_file_may_be_run_again_after_a_change(example, tmp_path):
    shutil.copy(example, tmp_path / "mine.py")
    import_taggers(tmp_path / "mine.py")
    text = example.read_text().replace("n_channels: int = 64", "n_channels: int = 16")
    (tmp_path / "mine.py").write_text(text)
    assert import_taggers(tmp_path / "mine.py") == ["listener"]
    assert build_tagger("listener", 2).embed_dim == 16


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pass", "adds no architecture"),
        ("ARCHITECTURES['crnn'] = fcn.FCN", "replaces the architecture 'crnn'"),
        ("ARCHITECTURES['mine'] = fcn.FCM", "fails: AttributeError"),
        ("def broken(:", "fails: SyntaxError"),
    ],
)
def test_a_file_that_is_no_help_is_refused_and_leaves_the_list_as_it_was(line, words, tmp_path):
    (tmp_path / "mine.py").write_text(MINE.format(line=line))
    before = dict(ARCHITECTURES)
    with pytest.raises(ModelError, match=words) as caught:
        import_taggers(tmp_path / "mine.py")
    assert caught.value.hint
    assert before == ARCHITECTURES


@pytest.mark.parametrize("name", ["nowhere.py", "folder", "text.txt"])
def test_what_is_no_python_file_is_refused(name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").touch()
    with pytest.raises(ModelError, match="is no Python file"):
        import_taggers(tmp_path / name)


def test_the_guide_shows_the_example_and_its_recipe(root):
    guide = (root / "docs" / "guides" / "own-tagger.md").read_text()
    for file in re.findall(r'--8<-- "(.+?)"', guide):
        assert (root / file).is_file()


@pytest.mark.slow
def test_the_guide_s_python_trains_saves_loads_and_tags(root, tmp_path):
    guide = (root / "docs" / "guides" / "own-tagger.md").read_text()
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "--8<--" not in block)
    shutil.copytree(root / "examples", tmp_path / "examples")
    (tmp_path / "guide.py").write_text(code)
    done = subprocess.run([sys.executable, "guide.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ROC-AUC, macro" in done.stdout
    assert len(done.stdout.splitlines()) == 11  # the scores and ten labels


@pytest.mark.slow
def test_the_command_line_knows_it_too(example, tmp_path):
    bundle_of(example, tmp_path / "mine")
    sound = tmp_path / "noise.wav"
    import soundfile

    soundfile.write(sound, NOISE, 16_000)
    command = [sys.executable, "-m", "tutti.cli.main"]
    arguments = ["tag", str(sound), "--model", str(tmp_path / "mine")]
    done = subprocess.run([*command, "--import", str(example), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    refused = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[0] == "error: there is no architecture called 'listener'"
    assert refused.stderr.splitlines()[1].startswith("hint: ")
