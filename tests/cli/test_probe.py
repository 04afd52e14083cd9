"""``tutti probe``: the table on stdout, progress on stderr, errors in two lines."""

import json

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track


@pytest.fixture
def noises(tmp_path):
    """Twelve noises, loud and soft, in two splits."""
    catalogue, tracks = Catalogue.create(tmp_path / "noises"), []
    for number in range(12):
        noise = (0.02 + 0.2 * (number % 2)) * np.random.default_rng(number).standard_normal(4000).clip(-3, 3)
        soundfile.write(tmp_path / f"{number}.wav", noise, 8000)
        tags, split = ("loud" if number % 2 else "soft",), "test" if number >= 8 else "train"
        tracks.append(Track(track_id=str(number), audio=tmp_path / f"{number}.wav", tags=tags, split=split))
    catalogue.put_tracks(tracks)
    return catalogue.folder


def test_the_table_goes_to_stdout_and_progress_to_stderr(tutti, bundle, noises, tmp_path):
    ending = tutti("probe", bundle, "--on", noises, "--labels", "loud,soft", "--shots", "1,all", "-o", tmp_path / "out")
    assert ending.code == 0
    assert "| model | probe | 1 a label (5 draws) | all |" in ending.stdout
    assert "Dataset noises, split test, 4 items, seed 0" in ending.stdout
    assert ending.stderr.splitlines()[0] == "small: listening to 12 tracks"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"probe.json", "probe.md", "vectors"}


def test_json_is_what_the_file_holds(tutti, bundle, noises, tmp_path):
    options = ["--labels", "loud,soft", "--task", "classes", "--probes", "knn", "--seed", 2, "-o", tmp_path / "out"]
    ending = tutti("probe", bundle, "--on", noises, "--json", *options)
    report = json.loads(ending.stdout)
    assert report == json.loads((tmp_path / "out" / "probe.json").read_text())
    assert (report["seed"], report["task"], report["n_items"]) == (2, "classes", 4)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--probes", "lineer"], "error: there is no probe called 'lineer'"),
        (["--shots", "few"], "error: 'few' tells no numbers of tracks"),
        (["--task", "genres"], "error: there is no task of a probe called 'genres'"),
        (["--labels", "harp"], "error: 0 of 1 labels have a track in train to learn from, 1 are needed"),
        (["--split", "valid"], "error: of 12 tracks with sound and tags in"),
    ],
)
def test_trouble_is_told_in_two_lines(tutti, bundle, noises, options, error):
    ending = tutti("probe", bundle, "--on", noises, *options)
    assert ending.code == 1
    assert ending.stderr.splitlines()[-2].startswith(error)
    assert ending.stderr.splitlines()[-1].startswith("hint: ")
