"""``tutti index``: the report to stdout, progress to stderr, one writer at a time."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.models.model import Model


@pytest.fixture
def music(tmp_path):
    """Three noises and a file that is no sound."""
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 6000)
        soundfile.write(folder / f"{number}.flac", noise, 8000)
    (folder / "text.mp3").write_text("la la la")
    return folder


def test_json_is_the_report_and_quiet_keeps_stderr_empty(tutti, music, bundle, tmp_path):
    command = ("index", music, "--catalogue", tmp_path / "c", "--model", bundle, "--json", "--quiet")
    ending = tutti(*command)
    assert (ending.code, ending.stderr) == (0, "")
    report = json.loads(ending.stdout)
    assert report["counts"] == {"heard": 3, "left out": 1, "new": 4}
    assert report["problems"] == {"unreadable": 1}
    assert report["models"] == ["small"]
    assert set(report["stage_seconds"]) == {"scan", "decode", "front end", "model", "store"}
    assert json.loads(tutti(*command).stdout)["counts"] == {"failed before": 1, "unchanged": 3}


def test_people_see_counts_speed_stages_and_where_the_problems_are(tutti, music, bundle, tmp_path):
    ending = tutti("index", music, "-c", tmp_path / "c", "-m", bundle, "--jobs", 2)
    assert ending.code == 0
    counts, speed, stages, problems = ending.stdout.splitlines()
    assert counts == f"{tmp_path / 'c'}: 3 heard, 1 left out, 4 new"
    assert "times real time" in speed
    assert stages.startswith("seconds: scan")
    assert "tutti stats" in problems
    assert "4/4" in ending.stderr
    assert "1 problems" in ending.stderr


def test_several_models_and_excerpts_may_be_named(tutti, music, bundle, tmp_path):
    config = json.loads((bundle / "config.json").read_text())
    Model.load(bundle).save(tmp_path / "second")
    (tmp_path / "second" / "config.json").write_text(json.dumps({**config, "name": "second"}))
    models = ("-m", bundle, "-m", tmp_path / "second")
    assert tutti("index", music, "-c", tmp_path / "c", *models, "--excerpts", 1, "-q").code == 0
    catalogue = Catalogue.open(tmp_path / "c")
    for name in ("small", "second"):
        assert list(catalogue.predictions(name).n_excerpts) == [1, 1, 1]


@pytest.mark.parametrize("what", ["no such folder", "no catalogue", "nothing in it"])
def test_trouble_ends_with_1_in_two_lines(what, tutti, music, bundle, tmp_path):
    arguments = {
        "no such folder": (tmp_path / "nowhere", "-c", tmp_path / "c"),
        "no catalogue": (music, "-c", music),
        "nothing in it": ("-c", tmp_path / "c"),
    }
    ending = tutti("index", *arguments[what], "-m", bundle, "-q")
    assert (ending.code, ending.stdout) == (1, "")
    assert [line.partition(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]


def test_a_second_run_at_the_same_time_says_so_and_ends_with_1(tutti, music, bundle, tmp_path):
    catalogue = Catalogue.create(tmp_path / "c")
    command = ["-m", "tutti.cli.main", "index", music, "-c", catalogue.folder, "-m", bundle, "-q"]
    with catalogue.writer():
        second = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout) == (1, "")
    error, hint = second.stderr.splitlines()
    assert error.startswith(f"error: another process (number {os.getpid()}) is writing to the catalogue")
    assert hint.startswith("hint: wait until it has finished")
    assert len(catalogue) == 0


def test_without_a_model_the_catalogues_own_goes_on_and_says_so(tutti, music, bundle, tmp_path):
    assert tutti("index", music, "-c", tmp_path / "c", "-m", bundle, "--excerpts", 2, "-q").code == 0
    soundfile.write(music / "new.flac", np.random.default_rng(9).uniform(-0.5, 0.5, 9000), 8000)
    ending = tutti("index", music, "-c", tmp_path / "c", "--json")
    assert json.loads(ending.stdout)["models"] == ["small"]
    assert json.loads(ending.stdout)["counts"] == {"failed before": 1, "heard": 1, "new": 1, "unchanged": 3}
    assert "was described by small, and so it goes on" in ending.stderr
    assert tutti("index", music, "-c", tmp_path / "c", "-q").stderr == ""


def test_a_catalogue_whose_model_is_gone_wants_one_to_be_named(tutti, music, bundle, tmp_path):
    assert tutti("index", music, "-c", tmp_path / "c", "-m", bundle, "-q").code == 0
    shutil.rmtree(bundle)
    ending = tutti("index", music, "-c", tmp_path / "c")
    assert ending.code == 1
    error, hint = ending.stderr.splitlines()
    assert "was described by small, and none of them is at hand unchanged" in error
    assert "--model NAME" in hint
