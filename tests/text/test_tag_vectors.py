"""Tags to vectors: how each is understood, and that nothing unknown becomes zeros."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tutti.text.tag_vectors import Reading, SentenceReader, VocabularyReader
from tutti.text.word_vectors import WordVectors

WORDS = (
    "the", "rock", "hip_hop", "drum_and_bass", "guitar", "saxophone", "sad", "electronic", "dance", "music", "synthpop",
    "melancholy", "british", "heavy_metal",
)  # fmt: skip
VECTORS = WordVectors(WORDS, np.eye(len(WORDS), dtype=np.float32) * np.arange(1, len(WORDS) + 1)[:, None])


@pytest.fixture
def reader() -> VocabularyReader:
    return VocabularyReader(VECTORS)


def read(reader, text) -> Reading:
    return reader.read([text])[0]


@pytest.mark.parametrize(
    ("text", "how", "via"),
    [
        ("Rock", "word", ("rock",)),
        ("Hip-Hop", "phrase", ("hip hop",)),
        ("guitars", "form", ("guitar",)),
        ("synth pop", "form", ("synthpop",)),
        ("sax", "synonym", ("saxophone",)),
        ("hiphop", "synonym", ("hip hop",)),
        ("dnb", "acronym", ("drum and bass",)),
        ("EDM", "acronym", ("electronic", "dance", "music")),
        ("sad guitars", "words", ("sad", "guitar")),
        ("saxaphone", "spelling", ("saxophone",)),
        ("melancholly", "spelling", ("melancholy",)),
        ("thrash metal", "near", ("heavy metal",)),
        ("sad zzzz", "some words", ("sad",)),
        ("a sadd saxaphone in the dark", "some words", ("saxophone",)),
        ("zzzz", "unknown", ()),
    ],
)
def test_a_tag_is_understood_and_told_how(reader, text, how, via):
    (tag,) = read(reader, text).tags
    assert (tag.how, tag.via) == (how, via)


def test_a_word_reads_as_its_own_vector_brought_to_length_one(reader):
    np.testing.assert_array_equal(read(reader, "rock").vector, np.eye(len(WORDS))[1])
    raw = VocabularyReader(VECTORS, is_unit=False)
    np.testing.assert_array_equal(read(raw, "rock").vector, VECTORS["rock"])


def test_several_words_and_several_tags_read_as_their_mean(reader):
    both = (np.eye(len(WORDS))[1] + np.eye(len(WORDS))[6]) / np.sqrt(2)
    np.testing.assert_allclose(read(reader, "sad rock").vector, both, atol=1e-6)
    np.testing.assert_allclose(read(reader, "sad, rock").vector, both, atol=1e-6)
    # A phrase counts as one tag, whatever its length.
    several = read(reader, "rock; sad guitar").vector
    assert several[1] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("text", ["", "  ,;", "!!!", "zzzz", "zzzz, qqqq"])
def test_what_is_unknown_is_nan_and_told_never_zeros(reader, text):
    reading = read(reader, text)
    assert np.isnan(reading.vector).all()
    assert not reading.is_known
    assert reading.problem


def test_what_was_left_out_is_told(reader):
    reading = read(reader, "rock, zzzz")
    assert reading.is_known
    assert reading.problem == "not known: zzzz"
    assert reading.explanation == "rock: rock (word); zzzz: unknown"


@pytest.mark.parametrize(
    ("text", "how", "via"),
    [
        ("guitars", "form", ("guitar",)),
        ("Hip Hop", "phrase", ("hip hop",)),
        ("rap", "synonym", ("hip hop",)),
        ("gitar", "spelling", ("guitar",)),
        ("jazz", "word", ("jazz",)),
        ("hiphop", "form", ("hip hop",)),
    ],
)
def test_other_forms_of_tags_that_count_are_read_as_these_even_where_they_are_words(text, how, via):
    words = ("guitar", "guitars", "rap", "hip_hop", "jazz", "rock", "hiphop")
    vectors = WordVectors(words, np.eye(len(words), dtype=np.float32))
    (tag,) = read(VocabularyReader(vectors, tags=["guitar", "Hip-Hop"]), text).tags
    assert (tag.how, tag.via) == (how, via)


def test_an_absence_is_not_taken_for_the_thing():
    reader = VocabularyReader(WordVectors(["vocals"], np.ones((1, 2), dtype=np.float32)))
    assert not read(reader, "instrumental").is_known


def test_a_vector_of_zeros_counts_as_unknown():
    reader = VocabularyReader(WordVectors(["rock", "pop"], np.array([[0, 0], [1, 0]], dtype=np.float32)))
    assert not read(reader, "rock").is_known


def test_prose_is_read_by_its_known_words_and_a_long_text_takes_no_longer_than_its_words(reader):
    long = "The saxophone is sad and the guitar is not " * 2000
    reading = read(reader, long)
    expected = np.zeros(len(WORDS))
    expected[[5, 6, 4]] = 1 / np.sqrt(3)
    assert np.abs(reading.vector - expected).max() < 1e-3


@pytest.mark.parametrize("text", ["x" * 200_000, "zzzzzz " * 30_000, ", ".join(f"quxx{n}" for n in range(3_000))])
def test_in_a_long_text_no_word_is_corrected(reader, text, monkeypatch):
    monkeypatch.setattr("tutti.text.known_tags.corrected", None)  # calling it would raise
    assert not read(reader, text).is_known


def test_readers_can_be_sent_to_other_processes(reader):
    read(reader, "sad rock")
    again = pickle.loads(pickle.dumps(reader))
    np.testing.assert_array_equal(read(again, "sad rock").vector, read(reader, "sad rock").vector)


def test_a_text_reads_the_same_alone_and_in_company(reader):
    texts = ["sad rock", "dnb", "zzzz"]
    for text, reading in zip(texts, reader.read(texts), strict=True):
        np.testing.assert_array_equal(reading.vector, read(reader, text).vector)


class FakeSentences:
    embed_dim, fingerprint = 3, "fake"

    def knows(self, text):
        return text != "saxaphone"

    def encode(self, texts):
        return np.tile(np.array([[1.0, 0, 0]], dtype=np.float32), (len(texts), 1))


def test_sentence_vectors_stand_behind_the_same_interface():
    known, empty = SentenceReader(FakeSentences()).read(["anything at all", " ?! "])
    assert known.is_known
    assert known.tags[0].how == "sentence"
    assert np.isnan(empty.vector).all()
    assert empty.problem == "there is no word in it"


def test_a_tag_without_a_letter_is_not_what_somebody_misspelt():
    (reading,) = SentenceReader(FakeSentences(), tags=["♥", "violin"]).read(["saxaphone"])
    assert reading.tags[0].via == ("saxophone",)


def test_a_sentence_reader_corrects_only_what_its_encoder_does_not_know_as_words():
    reader = SentenceReader(FakeSentences(), tags=["violin"])
    readings = reader.read(["saxaphone", "saxofone", "violins"])
    assert [(one.tags[0].how, one.tags[0].via) for one in readings] == [
        ("spelling", ("saxophone",)),
        ("sentence", ()),
        ("form", ("violin",)),
    ]
