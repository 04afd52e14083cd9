"""``tutti train`` and ``tutti evaluate`` as functions of the command line: data to stdout, talk to stderr."""

import json

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from tutti.cli import evaluation, training
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError

RECIPE = """
[data]
min_positives = 1
[model.options]
n_channels = 2
n_mels = 48
sample_rate = 8000
n_samples = 4000
[training]
epochs = 1
accelerator = "cpu"
[evaluation]
n_resamples = 20
"""


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(training.train)
    app.command()(evaluation.evaluate)
    return app


@pytest.fixture
def folder(tmp_path):
    """A catalogue of twelve noises, quiet or loud, and a recipe."""
    (tmp_path / "tiny.toml").write_text(RECIPE)
    catalogue = Catalogue.create(tmp_path / "noises")
    tracks = []
    for number in range(12):
        path = tmp_path / f"{number}.wav"
        loudness = 0.3 if number % 2 else 0.01
        soundfile.write(path, loudness * np.random.default_rng(number).standard_normal(8000).clip(-3, 3), 8000)
        tags, split = ("loud" if number % 2 else "quiet",), ("train", "valid", "test")[number // 2 % 3]
        tracks.append(Track(track_id=f"{number:02}", audio=path, tags=tags, split=split))
    catalogue.put_tracks(tracks)
    return tmp_path


def test_train_then_evaluate_tell_the_same_scores_with_their_setting(app, folder):
    settings = [f"data.catalogue={folder / 'noises'}", f"output={folder / 'run'}"]
    trained = CliRunner().invoke(app, ["train", str(folder / "tiny.toml"), *settings, "--json", "--quiet"])
    assert trained.exit_code == 0, trained.output
    ours = json.loads(trained.stdout)
    arguments = [ours["bundle"], "--on", str(folder / "noises"), "--json", "-o", str(folder / "report")]
    theirs = json.loads(CliRunner().invoke(app, ["evaluate", *arguments]).stdout)
    values = [{name: one["value"] for name, one in report["metrics"].items()} for report in (ours, theirs)]
    assert values[0] == values[1]
    assert (theirs["dataset"], theirs["split"], theirs["n_items"], theirs["seed"]) == ("noises", "test", 4, 0)
    assert json.loads((folder / "report" / "report.json").read_text()) == theirs


def test_scores_go_to_stdout_and_talk_to_stderr(app, folder):
    settings = [f"data.catalogue={folder / 'noises'}", f"output={folder / 'run'}"]
    result = CliRunner().invoke(app, ["train", str(folder / "tiny.toml"), *settings])
    assert "ROC-AUC, macro" in result.stdout
    assert "4 items, training seed 0, bootstrap seed 0" in result.stdout
    assert "decoding" in result.stderr
    assert "decoding" not in result.stdout


def test_what_could_not_be_read_is_counted_and_listed(app, folder):
    (folder / "broken.wav").write_bytes(b"RIFF")
    broken = Track(track_id="broken", audio=folder / "broken.wav", tags=("loud",), split="train")
    Catalogue.open(folder / "noises").put_tracks([broken])
    settings = [f"data.catalogue={folder / 'noises'}", f"output={folder / 'run'}", "--quiet"]
    result = CliRunner().invoke(app, ["train", str(folder / "tiny.toml"), *settings])
    first, second = result.stderr.splitlines()
    assert first == "1 items could not be heard, seen or read whole:"
    assert second.startswith("  broken: ")


def test_a_mistake_in_an_override_is_raised_for_the_two_lines(app, folder):
    result = CliRunner().invoke(app, ["train", str(folder / "tiny.toml"), "training.epoch=3"])
    assert isinstance(result.exception, ConfigError)
    assert "training.epochs" in result.exception.hint
