"""``tutti wordspace``: a bundle, and trouble in two lines."""

from __future__ import annotations

import pytest

from tutti.data.catalogue import Catalogue
from tutti.models.space_models import SpaceModel
from tutti.models.zoo import load_model
from tutti.text.sentences import is_available


def test_a_catalogue_that_the_tagger_has_not_described_is_told_how_to_be(tutti, tmp_path):
    Catalogue.create(tmp_path / "catalogue")
    ending = tutti("wordspace", tmp_path / "catalogue", "-o", tmp_path / "space")
    assert ending.code == 1
    error, hint = ending.stderr.splitlines()
    assert error.startswith("error: ")
    assert "holds nothing that tutti-small" in error
    assert hint.startswith("hint: run: tutti index -c ")
    assert not (tmp_path / "space").exists()


@pytest.mark.slow
@pytest.mark.skipif(not is_available(), reason="no weights of a sentence encoder are at hand")
def test_a_catalogue_becomes_a_space_of_its_own(tutti, tmp_path, sine_wav, noise_wav):
    assert tutti("index", sine_wav, noise_wav, "-c", tmp_path / "catalogue", "-q").code == 0
    ending = tutti("wordspace", tmp_path / "catalogue", "-o", tmp_path / "mine")
    assert (ending.code, ending.stderr) == (0, "")
    assert ending.stdout.startswith("mine: 94 dimensions, by 2 tracks, in ")
    space = SpaceModel.load(tmp_path / "mine")
    assert space.encoders["audio"].config.tagger_fingerprint == load_model("tutti-small").fingerprint
    assert space.place_texts(["slow piano"]).shape == (1, 94)
