"""``tutti human``: a page or JSON on stdout, files in the folder, trouble in two lines."""

import json

import numpy as np
import pytest

from tutti.evaluation.predictions import write_predictions
from tutti.evaluation.report import Predicted


@pytest.fixture
def files(tmp_path):
    """Predictions of 30 items, and answers for 20 of them."""
    rng = np.random.default_rng(0)
    truth = np.eye(3, dtype=np.bool_)[np.arange(30) % 3]
    predicted = Predicted(
        model="m",
        dataset="tones",
        split="test",
        labels=("Rock", "Jazz", "Folk"),
        targets=truth,
        scores=(rng.random((30, 3)) + 0.6 * truth).astype(np.float32),
        ids=[str(row) for row in range(30)],
        task="classes",
    )
    write_predictions(predicted, tmp_path / "scores" / "predictions.npz")
    lines = [f"{row}\t{('rock', 'jazz', 'folk')[rng.integers(3)]}" for row in range(20)]
    (tmp_path / "ann.tsv").write_text("item_id\tlabel\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "scores", tmp_path / "ann.tsv"


def test_the_comparison_is_printed_and_written(tutti, files, tmp_path):
    ending = tutti("human", *files, "--resamples", 50, "-o", tmp_path / "beside")
    assert ending.code == 0
    assert "# m beside ann" in ending.stdout
    assert ending.stdout == (tmp_path / "beside" / "human.md").read_text(encoding="utf-8")
    plain = json.loads(tutti("human", *files, "--resamples", 50, "--json").stdout)
    assert plain["n_items"] == 20


def test_a_label_that_the_model_does_not_know_is_told_in_two_lines(tutti, files):
    files[1].write_text("3\tRok\n", encoding="utf-8")
    ending = tutti("human", *files)
    assert (ending.code, ending.stdout) == (1, "")
    error, hint = ending.stderr.splitlines()
    assert "'Rok'" in error
    assert "'Rock'" in hint
