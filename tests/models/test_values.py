"""A model of values: its outputs are given as they are, and are never taken for probabilities."""

import dataclasses

import numpy as np
import pytest
import soundfile
import torch

from tutti.data.catalogue import Catalogue
from tutti.errors import ModelError
from tutti.models.model import Model
from tutti.models.tagging import tag_files


@pytest.fixture(scope="module")
def regressor(small_model) -> Model:
    """The small tagger, whose outputs are to be values."""
    config = dataclasses.replace(
        small_model.config, name="regressor", labels=("factor 0", "factor 1", "factor 2"), task="values", base_rates={}
    )
    return Model(config, small_model.network)


def noise(seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(8000).astype(np.float32)


def test_its_values_are_the_networks_outputs_averaged(regressor, small_model):
    values = regressor.predict(noise(), 8000, average=False)
    probabilities = small_model.predict(noise(), 8000, average=False)
    np.testing.assert_allclose(1 / (1 + np.exp(-values)), probabilities, atol=1e-5)
    np.testing.assert_allclose(regressor.predict(noise(), 8000), values.mean(axis=0), atol=1e-5)


def test_its_bundle_comes_back_and_says_what_it_is(regressor, small_model, tmp_path):
    regressor.save(tmp_path / "regressor")
    loaded = Model.load(tmp_path / "regressor")
    np.testing.assert_array_equal(loaded.predict(noise(), 8000), regressor.predict(noise(), 8000))
    assert loaded.fingerprint != small_model.fingerprint
    card = (tmp_path / "regressor" / "README.md").read_text()
    assert "3 values out" in card
    assert "values = model.predict" in card


def test_what_asks_for_probabilities_is_refused_in_words(regressor, sine_wav, tmp_path):
    from tutti.audio.recording import Recording
    from tutti.evaluation.robustness import robustness_study
    from tutti.evaluation.tagging import predict_tracks
    from tutti.explain.explanations import explain

    words = "regressor gives 3 values, such as 'factor 0', and no probabilities"
    catalogue = Catalogue.create(tmp_path / "empty")
    with pytest.raises(ModelError, match=words):
        tag_files([sine_wav], [regressor])
    with pytest.raises(ModelError, match=words):
        predict_tracks(regressor, catalogue)
    with pytest.raises(ModelError, match=words):
        explain(regressor, Recording.from_file(sine_wav), kind="gradcam")
    with pytest.raises(ModelError, match=words):
        robustness_study([regressor], catalogue, folder=tmp_path / "study")


def test_an_index_stores_its_vectors_and_no_probabilities(regressor, tmp_path):
    from tutti.search.indexing import index

    (tmp_path / "music").mkdir()
    for number in range(3):
        soundfile.write(tmp_path / "music" / f"{number}.wav", noise(number).clip(-1, 1), 8000)
    catalogue = Catalogue.create(tmp_path / "catalogue")
    index([tmp_path / "music"], catalogue, [regressor], jobs=1)
    stored = catalogue.predictions("regressor")
    assert stored.vectors.shape == (3, regressor.embed_dim)
    assert stored.probabilities.shape == (3, 0)
    assert catalogue.models()["regressor"].labels == ()


def test_values_know_no_bounds(regressor):
    with torch.inference_mode():
        outputs = regressor.network(torch.from_numpy(noise()[:4000])[None])[0].numpy()
    assert np.allclose(regressor.predict(noise()[:4000], 8000), outputs, atol=1e-4)
