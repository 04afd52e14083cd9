"""Word vectors as an encoder of an item's tags and texts: kept in its folder, the same after loading."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tutti.data.items import Item
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.models.encoder_kinds import load_encoder
from tutti.models.word_encoders import WordConfig, WordEncoder
from tutti.text.word_vectors import WordVectors

WORDS = ("the", "rock", "hip_hop", "sad", "piano", "qwert")


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors(WORDS, np.random.default_rng(0).standard_normal((len(WORDS), 5)).astype(np.float32), name="mine")


def items() -> list[Item]:
    return [
        Item(item_id="a", title="A", text="sad piano", tags=("rock",)),
        Item(item_id="b", title="B"),
        Item(item_id="c", title="C", text="zzzz", tags=("Hip-Hop", "sad")),
    ]


def test_items_without_known_words_are_nan_and_told(vectors):
    encoded = WordEncoder.of_vectors(vectors).encode(items())
    assert encoded.presence.tolist() == [True, False, False]
    assert np.isnan(encoded.vectors[1:]).all()
    assert list(encoded.problems) == ["c"]
    assert np.linalg.norm(encoded.vectors[0]) == pytest.approx(1, abs=1e-6)


def test_tags_are_read_where_the_configuration_says_so(vectors):
    encoder = WordEncoder.of_vectors(vectors, WordConfig(reads="tags"))
    encoded = encoder.encode(items())
    assert encoded.presence.tolist() == [True, False, True]
    np.testing.assert_array_equal(encoded.vectors[2], encoder.encode_texts(["hip hop, sad"])[0][0])


@pytest.mark.parametrize("is_unit", [True, False])
def test_a_saved_encoder_gives_the_same(vectors, is_unit, tmp_path):
    encoder = WordEncoder.of_vectors(vectors, WordConfig(is_unit=is_unit, name="tag words"))
    encoder.save(tmp_path / "encoder")
    again = load_encoder(tmp_path / "encoder")
    assert (again.name, again.fingerprint, again.embed_dim) == ("tag words", encoder.fingerprint, 5)
    texts = ["rock", "sad hip hop", "zzzz", ""]
    np.testing.assert_array_equal(again.encode_texts(texts)[0], encoder.encode_texts(texts)[0])
    assert np.isnan(again.encode_texts(texts)[0][2:]).all()


def test_only_frequent_words_travel_and_terms_of_music_and_those_asked_for(vectors):
    encoder = WordEncoder.of_vectors(vectors, WordConfig(n_words=1), keep=["qwert"])
    assert encoder.reader.vectors.words == ("the", "rock", "hip_hop", "sad", "piano", "qwert")
    assert "qwert" not in WordEncoder.of_vectors(vectors, WordConfig(n_words=1)).reader.vectors


def test_other_forms_of_the_tags_that_were_learned_are_read_as_these_also_after_loading(vectors, tmp_path):
    for encoder in (
        WordEncoder.of_vectors(vectors, keep=["hip hop"]),
        WordEncoder.of_sentences(FakeSentences(), keep=["hip hop"]),
    ):
        encoder.save(tmp_path / encoder.name)
        again = WordEncoder.load(tmp_path / encoder.name, sentences=FakeSentences())
        assert again.config.tags == ("hip hop",)
        assert [again.readings([text])[0].tags[0].how for text in ("hiphop", "rap")] == ["form", "synonym"]


def test_numbers_too_large_to_keep_are_refused():
    with pytest.raises(ConfigError, match="too large"):
        WordEncoder.of_vectors(WordVectors(["rock"], np.full((1, 2), 1e6, dtype=np.float32)))


@pytest.mark.parametrize("damage", ["words.txt", "model.safetensors", "read_by", "n_words"])
def test_a_damaged_folder_is_refused(vectors, damage, tmp_path):
    folder = tmp_path / "encoder"
    WordEncoder.of_vectors(vectors).save(folder)
    if damage in ("read_by", "n_words"):
        settings = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(settings | {damage: 0}))
    else:
        (folder / damage).write_bytes(b"rock")
    with pytest.raises(ModelError):
        WordEncoder.load(folder)


class FakeSentences:
    embed_dim, fingerprint = 3, "fake"

    def knows(self, text):
        return text != "saxaphone"

    def encode(self, texts):
        return np.tile(np.array([[1.0, 0, 0]], dtype=np.float32), (len(texts), 1))


def test_sentence_vectors_stand_behind_the_same_encoder(tmp_path):
    encoder = WordEncoder.of_sentences(FakeSentences())
    encoder.save(tmp_path / "encoder")
    again = WordEncoder.load(tmp_path / "encoder", sentences=FakeSentences())
    np.testing.assert_array_equal(again.encode_texts(["x"])[0], [[1, 0, 0]])
    another = FakeSentences()
    another.fingerprint = "other"
    with pytest.raises(ModelError, match="otherwise"):
        WordEncoder.load(tmp_path / "encoder", sentences=another)


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(UnknownNameError):
        WordConfig(source="letters")
    with pytest.raises(ConfigError):
        WordConfig(n_words=0)
