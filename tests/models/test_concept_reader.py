"""Texts become weights of concepts: known phrases exactly, their absence with a minus, the rest by likeness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tutti.data.items import Item
from tutti.errors import ConfigError, ModelError, ShapeError
from tutti.models.concept_reader import ConceptReader, ConceptReaderConfig, packed
from tutti.models.encoder_kinds import load_encoder
from tutti.text.lexicon import Lexicon

CONCEPTS = ("drums", "piano", "rock", "sad")


class Letters:
    """A sentence encoder that only counts letters."""

    fingerprint = "letters"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array([[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts])
        return (counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def lexicon() -> Lexicon:
    vectors = packed(Letters().encode(CONCEPTS))
    return Lexicon(names=CONCEPTS, concepts=CONCEPTS, meanings=np.eye(4, dtype=np.float32), vectors=vectors)


@pytest.fixture
def reader() -> ConceptReader:
    """Nothing but known phrases counts."""
    config = ConceptReaderConfig(concepts=CONCEPTS, unknown=0, clauses=0, whole=0)
    return ConceptReader(config, lexicon(), read_by="letters", sentences=Letters())


def test_known_phrases_count_alike_and_a_text_has_length_1(reader: ConceptReader) -> None:
    vectors, presence, problems = reader.encode_texts(["a sad piano. Rock!"])
    np.testing.assert_allclose(vectors[0], np.array([0, 1, 1, 1]) / np.sqrt(3), atol=1e-6)
    assert presence.tolist() == [True]
    assert problems == ("",)


def test_what_is_not_wanted_counts_against(reader: ConceptReader) -> None:
    vectors, _, _ = reader.encode_texts(["rock, no drums", "rock -drums", "rock without drums or piano"])
    np.testing.assert_array_equal(np.sign(vectors), [[-1, 0, 1, 0], [-1, 0, 1, 0], [-1, -1, 1, 0]])


def test_a_clause_with_a_no_is_not_given_to_a_sentence_encoder_that_overlooks_it() -> None:
    config = ConceptReaderConfig(concepts=CONCEPTS, phrases=0, unknown=0, clauses=1, whole=1, floor=0)
    reader = ConceptReader(config, lexicon(), read_by="letters", sentences=Letters())
    vectors, presence, _ = reader.encode_texts(["no drums", "drums"])
    assert presence.tolist() == [False, True]
    assert vectors[1].argmax() == CONCEPTS.index("drums")


def test_a_misspelt_word_means_what_its_nearest_name_means() -> None:
    reader = ConceptReader(ConceptReaderConfig(concepts=CONCEPTS), lexicon(), read_by="letters", sentences=Letters())
    vectors, _, _ = reader.encode_texts(["pianoo"])
    assert vectors[0].argmax() == CONCEPTS.index("piano")


@pytest.mark.parametrize(("text", "problem"), [("", ""), ("  ", ""), ("… !", "no word"), ("xylem", "no word")])
def test_a_text_that_means_nothing_is_absent_and_a_written_one_is_told_of(
    reader: ConceptReader, text: str, problem: str
) -> None:
    vectors, presence, problems = reader.encode_texts([text])
    assert np.isnan(vectors).all()
    assert not presence[0]
    assert problems[0].startswith(problem)
    assert bool(problems[0]) == bool(problem)


def test_a_text_is_read_alike_alone_and_among_others(reader: ConceptReader) -> None:
    texts = ["sad rock", "piano, drums", "rock", "piano"] * 40
    together = reader.encode_texts(texts)[0]
    np.testing.assert_array_equal(together[:4], [reader.encode_texts([text])[0][0] for text in texts[:4]])


def test_the_end_of_a_long_text_is_read_too(reader: ConceptReader) -> None:
    vectors, presence, problems = reader.encode_texts(["piano " + "and so on " * 2000 + "rock", "rock " * 1000])
    assert vectors[0, CONCEPTS.index("rock")] > 0
    assert presence.all()
    assert problems == ("of its 25 passages 16 were read, spread over the text", "")


def test_much_that_says_nothing_adds_up_to_nothing() -> None:
    config = ConceptReaderConfig(concepts=CONCEPTS, floor=0.5)
    reader = ConceptReader(config, lexicon(), read_by="letters", sentences=Letters())
    form = "The tax return form must be sent to the office before the end of April."
    lengths = [float(np.linalg.norm(reader._read([[" ".join([form] * n)]])[0][0])) for n in (1, 10)]
    assert lengths[0] < config.least < lengths[1]
    texts = [" ".join([form] * n) for n in (1, 10, 100)]
    texts += [f"{texts[1]} Sad piano."]
    assert reader.encode_texts(texts)[1].tolist() == [False, False, False, True]


def test_what_one_clause_takes_back_of_another_means_nothing(reader: ConceptReader) -> None:
    assert reader.encode_texts(["piano, no piano"])[1].tolist() == [False]


def test_items_without_text_are_rows_of_nan(reader: ConceptReader) -> None:
    encoded = reader.encode([Item(item_id="a", title="a", text="rock"), Item(item_id="b", title="b")])
    assert encoded.presence.tolist() == [True, False]
    assert encoded.problems == {}


def test_a_saved_reader_reads_the_same(reader: ConceptReader, tmp_path: Path) -> None:
    reader.save(tmp_path / "reader")
    again = ConceptReader.load(tmp_path / "reader", sentences=Letters())
    assert again.fingerprint == reader.fingerprint
    text = ["a sad piano, no drums"]
    np.testing.assert_array_equal(again.encode_texts(text)[0], reader.encode_texts(text)[0])
    assert isinstance(load_encoder(tmp_path / "reader"), ConceptReader)


def test_another_sentence_encoder_is_refused_when_something_is_read(tmp_path: Path) -> None:
    ConceptReader(ConceptReaderConfig(concepts=CONCEPTS), lexicon(), read_by="another").save(tmp_path / "reader")
    reader = ConceptReader.load(tmp_path / "reader", sentences=Letters())
    with pytest.raises(ModelError, match="read by the sentence encoder another"):
        reader.encode_texts(["whatever"])


def test_a_damaged_lexicon_is_told_of(reader: ConceptReader, tmp_path: Path) -> None:
    reader.save(tmp_path / "reader")
    (tmp_path / "reader" / "names.txt").write_text("piano\n")
    with pytest.raises(ModelError, match="lexicon"):
        ConceptReader.load(tmp_path / "reader")


def test_settings_that_make_no_reader_are_refused() -> None:
    with pytest.raises(ConfigError, match="no concepts"):
        ConceptReaderConfig(concepts=())
    with pytest.raises(ConfigError, match="temperature=0"):
        ConceptReaderConfig(concepts=CONCEPTS, temperature=0)
    with pytest.raises(ShapeError, match="other"):
        ConceptReader(ConceptReaderConfig(concepts=("piano",)), lexicon(), read_by="letters")


def test_kept_sentence_vectors_err_little() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(packed(vectors) @ packed(vectors).T, vectors @ vectors.T, atol=5e-3)
