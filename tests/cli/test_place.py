"""``tutti place`` and ``tutti index-vectors``: spaces in, points out, trouble in two lines."""

from __future__ import annotations

import json

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.models.spaces import SpaceConfig, SpaceNetwork
from tutti.models.text_readers import TextReader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network

REVIEWS = ("a slow piano at night", "loud drums and guitars", "a slow guitar", "drums at night")


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    made = Catalogue.create(tmp_path / "catalogue")
    made.put_tracks([Track(track_id=str(i), texts={"review": review}) for i, review in enumerate(REVIEWS)])
    made.put_tracks([Track(track_id="silent")])
    return made


@pytest.fixture
def space(tmp_path):
    """The folder of a space of texts alone, with random weights."""
    config = TextConfig(max_share=1.0, widths=(8,))
    reader = TextReader(config).fit(REVIEWS)
    encoder = TextEncoder(config, reader, build_text_network(config, reader.n_inputs))
    network = SpaceNetwork({"text": encoder.embed_dim}, SpaceConfig(embed_dim=4, n_hidden=8)).eval()
    SpaceModel(SpaceModelConfig(name="words", texts=("review",)), {"text": encoder}, network).save(tmp_path / "words")
    return tmp_path / "words"


def test_tracks_are_placed_once_and_told_of(tutti, catalogue, space):
    first = tutti("place", catalogue.folder, "--space", space)
    assert first.code == 0
    assert "text: 4 placed, 1 absent" in first.stdout or "text: 1 absent, 4 placed" in first.stdout
    again = tutti("place", catalogue.folder, "--space", space, "--json", "--quiet")
    assert json.loads(again.stdout)["counts"] == {"text": {"kept": 4, "absent": 1}}
    assert again.stderr == ""
    assert "space words: 4 text" in tutti("stats", catalogue.folder).stdout


def test_points_are_written_as_files_for_every_space(tutti, catalogue, space):
    tutti("place", catalogue.folder, "--space", space, "--quiet")
    told = json.loads(tutti("index-vectors", catalogue.folder, "--json").stdout)
    assert [(one["space"], one["n_points"], one["index"]) for one in told] == [("words", {"text": 4}, None)]
    assert (catalogue.folder / "vectors" / "words" / "text.npy").is_file()


def test_trouble_is_told_in_two_lines(tutti, catalogue):
    nowhere = tutti("index-vectors", catalogue.folder)
    assert (nowhere.code, nowhere.stdout) == (1, "")
    assert "lies in a space" in nowhere.stderr
    unknown = tutti("place", catalogue.folder, "--space", "wrods")
    assert unknown.code == 1
    assert "error: there is no space called 'wrods'" in unknown.stderr
    assert "hint:" in unknown.stderr
    unplaced = tutti("index-vectors", catalogue.folder, "--space", "words")
    assert unplaced.code == 1
    assert "has no points of the space 'words'" in unplaced.stderr
    assert f"hint: run: tutti place {catalogue.folder} --space NAME, such as tutti-words" in unplaced.stderr
