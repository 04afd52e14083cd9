"""Language models as encoders: what is absent, paragraphs to their end, own weights and those at hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tutti.data.items import Item
from tutti.errors import ModelError
from tutti.models.encoder_kinds import load_encoder
from tutti.models.language_encoders import LANGUAGE, LanguageConfig, LanguageEncoder
from tutti.text.sentences import TokenReading

READING = TokenReading(pooling="first", unit_length=False, n_tokens=16, overlap=4)


@pytest.fixture
def encoder(tiny_distilbert) -> LanguageEncoder:
    return LanguageEncoder.open(LanguageConfig(model=str(tiny_distilbert), reading=READING))


def test_an_item_without_words_is_absent(encoder):
    encoded = encoder.encode([Item(item_id="a", title="", text="a sad song"), Item(item_id="b", title="", text=" ")])
    assert encoded.presence.tolist() == [True, False]
    assert np.isfinite(encoded.vectors[0]).all()
    assert np.isnan(encoded.vectors[1]).all()


def test_the_end_of_a_paragraph_counts(encoder):
    long = "the night and the day " * 20
    vectors, _, _ = encoder.encode_texts([long + "sad", long + "happy"])
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-5


def test_a_model_that_was_trained_further_lies_in_the_folder(encoder, tmp_path):
    with torch.no_grad():
        next(encoder.sentences.network.parameters()).add_(0.1)
    config = LanguageConfig(reading=READING, own_weights=True)
    trained = LanguageEncoder(config, encoder.sentences)
    trained.save(tmp_path / "text")
    again = load_encoder(tmp_path / "text")
    assert (tmp_path / "text" / LANGUAGE / "model.safetensors").exists()
    np.testing.assert_array_equal(again.encode_texts(["a song"])[0], trained.encode_texts(["a song"])[0])


def test_a_model_that_was_taken_as_it_is_is_only_named(encoder, tmp_path):
    encoder.save(tmp_path / "text")
    assert not (tmp_path / "text" / LANGUAGE).exists()
    assert load_encoder(tmp_path / "text").fingerprint == encoder.fingerprint


def test_another_model_than_that_it_was_made_with_is_refused(encoder, tmp_path, tiny_distilbert):
    encoder.save(tmp_path / "text")
    other = LanguageEncoder.open(LanguageConfig(model=str(tiny_distilbert), reading=READING)).sentences
    with torch.no_grad():
        next(other.network.parameters()).add_(0.1)
    with pytest.raises(ModelError, match="read otherwise"):
        LanguageEncoder.load(tmp_path / "text", sentences=other)
