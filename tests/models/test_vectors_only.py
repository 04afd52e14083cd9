"""A model without labels: it embeds, is saved and indexed, and refuses to predict in words."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
import torch

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError, ModelError
from tutti.models.model import Model
from tutti.models.tagger import NoHead
from tutti.models.taggers import build_tagger
from tutti.models.tagging import tag_files


@pytest.fixture(scope="module")
def encoder(small_model) -> Model:
    """The small tagger without its head."""
    network = build_tagger("short_chunk_resnet", 0, **small_model.config.options)
    parameters = {name: one for name, one in small_model.network.state_dict().items() if not name.startswith("head")}
    network.load_state_dict(parameters)
    config = dataclasses.replace(small_model.config, name="encoder", labels=(), task="vectors", base_rates={})
    return Model(config, network)


def noise(seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(8000).astype(np.float32)


def test_its_vectors_are_those_of_the_tagger_that_it_was(encoder, small_model):
    np.testing.assert_array_equal(encoder.embed(noise(), 8000), small_model.embed(noise(), 8000))
    assert encoder.embed(noise(), 8000, average=False).shape == (2, encoder.embed_dim)


def test_it_refuses_to_predict_and_to_tag_in_words(encoder, sine_wav):
    with pytest.raises(ModelError, match="encoder gives vectors only") as caught:
        encoder.predict(noise(), 8000)
    assert "[model.start]" in caught.value.hint
    with pytest.raises(ModelError, match="no labels"):
        tag_files([sine_wav], [encoder])


def test_its_bundle_holds_no_head_and_comes_back(encoder, tmp_path):
    encoder.save(tmp_path / "encoder")
    loaded = Model.load(tmp_path / "encoder")
    assert isinstance(loaded.network.head, NoHead)
    assert loaded.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(loaded.embed(noise(), 8000), encoder.embed(noise(), 8000))
    card = (tmp_path / "encoder" / "README.md").read_text()
    assert "An encoder of music" in card
    assert "## Labels" not in card


def test_labels_and_no_labels_must_be_meant(encoder, small_model):
    with pytest.raises(ConfigError, match="vectors only, and has 1 labels"):
        dataclasses.replace(encoder.config, labels=("rock",))
    with pytest.raises(ConfigError, match="has no labels"):
        dataclasses.replace(small_model.config, labels=(), base_rates={})


def test_its_logits_have_no_columns(encoder):
    with torch.inference_mode():
        assert encoder.network(torch.zeros(2, 4000)).shape == (2, 0)


@pytest.fixture
def indexed(encoder, tmp_path) -> Iterator[Catalogue]:
    from tutti.search.indexing import index

    (tmp_path / "music").mkdir()
    for number in range(3):
        soundfile.write(tmp_path / "music" / f"{number}.wav", noise(number).clip(-1, 1), 8000)
    catalogue = Catalogue.create(tmp_path / "catalogue")
    index([tmp_path / "music"], catalogue, [encoder], jobs=1)
    return catalogue


def test_an_index_of_its_vectors_finds_what_is_alike(indexed, encoder, tmp_path):
    from tutti.search.library import Library

    stored = indexed.predictions("encoder")
    assert stored.vectors.shape == (3, encoder.embed_dim)
    assert stored.probabilities.shape == (3, 0)
    library = Library.open(indexed.folder)
    hits = library.similar(stored.track_ids[0])
    assert {hit.track_id for hit in hits} == set(stored.track_ids[1:])


def test_maps_and_studies_of_its_tags_are_refused_in_words(encoder, sine_wav, tmp_path):
    from tutti.audio.recording import Recording
    from tutti.evaluation.robustness import robustness_study
    from tutti.explain.explanations import explain

    with pytest.raises(ModelError, match="vectors only"):
        explain(encoder, Recording.from_file(sine_wav), kind="gradcam")
    with pytest.raises(ModelError, match="vectors only"):
        robustness_study([encoder], Catalogue.create(tmp_path / "empty"), folder=tmp_path / "study")
