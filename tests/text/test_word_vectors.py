"""Word vectors: files of gensim read as gensim reads them, ours read by gensim; damaged files told in two lines."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tutti.errors import ConfigError, ModelError, ShapeError, UnknownNameError
from tutti.text import word_vector_files
from tutti.text.word_vectors import WordVectors

WORDS = ("the", "rock", "hip_hop", "Rock", "saxophone", "été")


def some_vectors(words=WORDS, n_dims: int = 4) -> WordVectors:
    return WordVectors(words, np.random.default_rng(0).standard_normal((len(words), n_dims)).astype(np.float32))


@pytest.mark.parametrize("name", ["v.bin", "v.txt", "v.vec.gz", "v.bin.gz"])
def test_what_is_saved_is_loaded_as_it_was(name, tmp_path: Path):
    vectors = some_vectors()
    vectors.save(tmp_path / name)
    again = WordVectors.load(tmp_path / name)
    assert again.words == vectors.words
    np.testing.assert_array_equal(again.vectors, vectors.vectors)
    assert again.fingerprint == vectors.fingerprint


def test_a_name_that_says_nothing_of_the_format_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"no word vectors can be written as v\.npy"):
        some_vectors().save(tmp_path / "v.npy")
    assert not (tmp_path / "v.npy").exists()


@pytest.mark.parametrize("is_binary", [True, False])
def test_files_of_gensim_are_read_and_ours_are_read_by_gensim(is_binary, tmp_path: Path):
    models = pytest.importorskip("gensim.models")
    theirs, ours = models.KeyedVectors(4), some_vectors()
    theirs.add_vectors(list(ours.words), ours.vectors)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=is_binary)
    np.testing.assert_allclose(WordVectors.load(tmp_path / "theirs").vectors, ours.vectors, rtol=1e-6)
    path = tmp_path / ("ours.bin" if is_binary else "ours.txt")
    ours.save(path)
    read = models.KeyedVectors.load_word2vec_format(str(path), binary=is_binary)
    assert tuple(read.index_to_key) == ours.words
    np.testing.assert_allclose(read.vectors, ours.vectors, rtol=1e-6)


def test_glove_has_no_header_and_words_with_spaces(tmp_path: Path):
    (tmp_path / "glove.txt").write_text("the 1 2 3\n. . . 4 5 6\nrock -1 0.5 2e-3\n")
    vectors = WordVectors.load(tmp_path / "glove.txt")
    assert vectors.words == ("the", ". . .", "rock")
    np.testing.assert_allclose(vectors["rock"], [-1, 0.5, 0.002], rtol=1e-6)


def test_a_word_is_found_however_it_is_written_and_the_more_frequent_counts():
    vectors = some_vectors()
    assert vectors.find("ROCK") == 1
    assert vectors.find("Hip-Hop") == vectors.find("hip hop") == 2
    assert vectors.find("ete") == 5
    assert "polka" not in vectors
    with pytest.raises(UnknownNameError):
        vectors["polka"]


def test_only_as_many_words_are_read_as_are_asked_for(tmp_path: Path):
    some_vectors().save(tmp_path / "v.bin")
    (tmp_path / "v.bin").write_bytes((tmp_path / "v.bin").read_bytes()[:-5])  # its end is never reached
    assert WordVectors.load(tmp_path / "v.bin", limit=2).words == ("the", "rock")
    with pytest.raises(ConfigError):
        WordVectors.load(tmp_path / "v.bin", limit=0)


def test_the_most_frequent_words_are_kept_and_those_asked_for():
    assert some_vectors().limited(2, keep=["Saxophone", "polka"]).words == ("the", "rock", "saxophone")


def test_the_nearest_word_to_a_words_vector_is_itself():
    vectors = some_vectors()
    word, similarity = vectors.nearest(vectors["saxophone"], count=1)[0]
    assert (word, round(similarity, 5)) == ("saxophone", 1.0)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "begins with"),
        (b"hello world\n", "begins with"),
        (b"\x80\x04\x95", "a pickle"),
        (b"PK\x03\x04", "a zip"),
        (b"\x1f\x8b\x08\x00broken", "cannot be read"),
        (b"3 2\nrock 1 2\npop 1 2\n", "breaks off after 2 of 3"),
        (b"2 2\nrock 1 2\npop 1 2 3 x\n", "line 3"),
        (b"2 3\nrock 1 2 3\npop 1 2\n", "line 3"),
        (b"rock 1 2\npop 1 zwei\n", "line 2"),
        (b"1 2\nrock nan 2\n", "not finite"),
        (b"99999999999 2\nrock 1 2\n", "breaks off"),
        (b"1 99999999\nrock 1 2\n", "dimensions"),
        (b"0 2\n", "0 words"),
        (b"2 2\nrock \x00\x00\x80\x3f\x00\x00\x80\x3fpop \x00\x00", "breaks off after 1 of 2"),
        (b"1 2\n" + b"\xff" * 9000, "letters"),
        (b"\x00" * 100, "begins with"),
    ],
)
def test_a_damaged_file_is_refused_with_a_hint(content, told, tmp_path: Path):
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(ModelError, match=told) as refusal:
        WordVectors.load(tmp_path / "v")
    assert refusal.value.hint


def test_line_ends_within_a_binary_word_are_none_of_it(tmp_path: Path):
    one = np.ones(1, dtype="<f4").tobytes()
    (tmp_path / "v").write_bytes(b"2 1\nro\nck " + one + b"\npop " + one)
    assert WordVectors.load(tmp_path / "v").words == ("rock", "pop")


def test_a_cut_gzip_file_and_a_missing_one_are_refused(tmp_path: Path):
    whole = gzip.compress(b"rock 1 2\n" * 5000)
    (tmp_path / "v.gz").write_bytes(whole[: len(whole) // 2])
    for name in ("v.gz", "none"):
        with pytest.raises(ModelError):
            WordVectors.load(tmp_path / name)


def test_memory_is_bounded(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(word_vector_files, "MOST_BYTES", 4 * 4 * 3)
    some_vectors().save(tmp_path / "v.bin")
    assert len(WordVectors.load(tmp_path / "v.bin", limit=3)) == 3
    with pytest.raises(ConfigError, match="take more than"):
        WordVectors.load(tmp_path / "v.bin", limit=None)


def test_words_and_vectors_must_be_as_many():
    with pytest.raises(ShapeError):
        WordVectors(["one"], np.zeros((2, 3), dtype=np.float32))
