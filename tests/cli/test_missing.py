"""``tutti missing``: a grid to stdout, a table, a figure and the trainings in a folder."""

from __future__ import annotations

import json

import pytest

from tutti.evaluation.missing import read_grid


@pytest.fixture
def folder(shelf_model, tmp_path):
    shelf_model.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def missing(tutti, folder, shelf, tmp_path):
    """Runs ``tutti missing`` with one fusion and an epoch of training."""
    options = ("--fusions", "early", "--epochs", 1, "-o", tmp_path / "grid")
    return lambda *more: tutti("missing", folder, "--on", shelf.folder, *options, *more)


def test_the_grid_goes_to_stdout_and_with_its_figure_to_the_folder(missing, tmp_path):
    ending = missing("--noise", "1.0", "--json")
    assert ending.code == 0, ending.stderr
    printed = json.loads(ending.stdout)
    assert printed["n_items"] == 4
    assert {"missing.png", "trainings"} < {path.name for path in (tmp_path / "grid").iterdir()}
    (plain,) = (tmp_path / "grid").glob("*.json")
    assert json.loads(plain.read_text(encoding="utf-8")) == printed
    assert len(read_grid(plain).rows) == len(printed["rows"]) == 8
    assert "vectors of 12 items of the split train" in ending.stderr


WRONG = [
    (("--fusions", "erly"), "no fusion called 'erly'", "did you mean 'early'?"),
    (("--seeds", "one"), "'one' is no list of numbers", "write such as 0,1,2"),
    (("--noise", "loud"), "'loud' is no list of numbers", "write such as 0,1,2"),
    (("--seeds", ","), "no fusion or no seed", "name one"),
    (("--noise", "-1"), "noise", ""),
]


@pytest.mark.parametrize(("options", "error", "hint"), WRONG, ids=lambda one: " ".join(one[:2]))
def test_a_wrong_option_is_told_in_two_lines_and_nothing_is_written(missing, tmp_path, options, error, hint):
    ending = missing(*options)
    assert (ending.code, ending.stdout) == (1, "")
    first, second = ending.stderr.splitlines()[-2:]
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("hint: ")
    assert hint in second
    assert not (tmp_path / "grid").exists()


def test_a_model_of_sounds_alone_is_told_in_two_lines(tutti, bundle, shelf, tmp_path):
    ending = tutti("missing", bundle, "--on", shelf.folder, "-o", tmp_path / "grid")
    assert ending.code == 1
    assert "holds no multimodal bundle" in ending.stderr.splitlines()[0]
