"""Models inside the package: found by name without cache, network or settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tutti.errors import UnknownNameError
from tutti.models.model import Model
from tutti.models.zoo import Places, Zoo
from tutti.models.zoo_facts import model_facts


@pytest.fixture
def places(small_model: Model, tmp_path: Path) -> Places:
    """A package that ships the small model, and a cache and a folder that are not there."""
    small_model.save(tmp_path / "shipped" / "small")
    return Places(
        cache=tmp_path / "cache",
        folders=(tmp_path / "none",),
        mirror="http://127.0.0.1:9",
        shipped=tmp_path / "shipped",
    )


def test_a_shipped_model_loads_by_its_name_and_nothing_is_written(places: Places, small_model: Model) -> None:
    model = Zoo(places).load("small")
    assert (model.name, model.fingerprint) == ("small", small_model.fingerprint)
    assert not places.cache.exists()


def test_a_shipped_model_goes_before_a_bundle_of_the_same_name(places: Places, small_model: Model) -> None:
    small_model.with_excerpts(count=1).save(places.cache / "small")
    zoo = Zoo(places)
    assert zoo.whereabouts("small").state == "shipped"
    assert zoo.load("small").config.excerpts.count == 4
    assert zoo.own_bundles() == {}


def test_pulling_a_shipped_model_gives_its_folder_even_by_force(places: Places) -> None:
    zoo = Zoo(places)
    assert {zoo.path("small"), zoo.pull("small"), zoo.pull("small", force=True)} == {places.shipped / "small"}
    assert not places.cache.exists()


def test_a_name_that_is_nearly_a_shipped_one_is_answered_with_it(places: Places) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        Zoo(places).load("smal")


def test_the_facts_of_a_shipped_model_have_licence_labels_and_size(places: Places) -> None:
    facts = model_facts(Zoo(places), "small")
    assert facts["state"] == "shipped"
    assert facts["labels"] == ["low", "high", "noisy"]
    assert facts["n_bytes"] == (places.shipped / "small" / "model.safetensors").stat().st_size
    assert not facts["commercial_ok"]  # its licence is unknown


def test_a_package_that_ships_nothing_is_no_error(places: Places, tmp_path: Path) -> None:
    assert Zoo(replace(places, shipped=tmp_path / "nothing")).shipped_bundles() == {}


def test_a_shipped_model_predicts_what_it_did_before(places: Places, small_model: Model, sine_wav: Path) -> None:
    np.testing.assert_array_equal(Zoo(places).load("small").predict(sine_wav), small_model.predict(sine_wav))
