"""``tutti robustness``: the table to stdout, progress to stderr, trouble in two lines."""

import json

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track


@pytest.fixture
def arguments(small_model, tmp_path):
    """A bundle, a catalogue of six noises and an output folder, as one types them."""
    small_model.save(tmp_path / "model")
    catalogue = Catalogue.create(tmp_path / "noises")
    tracks = []
    for number in range(6):
        noise = (0.02 + 0.1 * (number % 2)) * np.random.default_rng(number).standard_normal(4000).clip(-3, 3)
        soundfile.write(tmp_path / f"{number}.wav", noise, 8000)
        tags = ("high",) if number % 2 else ("low", "noisy")
        tracks.append(Track(track_id=str(number), audio=tmp_path / f"{number}.wav", tags=tags, split="test"))
    catalogue.put_tracks(tracks)
    return [tmp_path / "model", "--on", tmp_path / "noises", "-o", tmp_path / "study"]


def test_the_table_goes_to_stdout_and_progress_to_stderr(tutti, arguments, tmp_path):
    ending = tutti("robustness", *arguments, "--deformations", "white_noise,dynamic_range")
    assert ending.code == 0
    assert "| small |" in ending.stdout
    assert "noises, split test, 6 items" in ending.stdout
    assert ending.stderr.splitlines()[0] == "original: small on 6 tracks"
    assert {path.name for path in (tmp_path / "study").iterdir()} == {
        "predictions",
        "robustness.json",
        "robustness.md",
        "robustness.png",
    }


def test_json_is_what_the_file_holds(tutti, arguments, tmp_path):
    ending = tutti("robustness", *arguments, "--deformations", "white_noise", "--json", "--seed", 3)
    assert json.loads(ending.stdout) == json.loads((tmp_path / "study" / "robustness.json").read_text())
    assert json.loads(ending.stdout)["seed"] == 3


def test_an_unknown_deformation_is_told_in_two_lines(tutti, arguments, tmp_path):
    ending = tutti("robustness", *arguments, "--deformations", "whitenoise")
    assert ending.code == 1
    assert ending.stderr.splitlines()[-2] == "error: there is no deformation called 'whitenoise'"
    assert ending.stderr.splitlines()[-1].startswith("hint: did you mean 'white_noise'?")
    assert not (tmp_path / "study").exists()
