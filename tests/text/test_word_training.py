"""Training word vectors: phrases, the same vectors for the same seed, and texts that are too few."""

from __future__ import annotations

import gzip
import sys

import numpy as np
import pytest

from tutti.errors import ConfigError, MissingExtraError, UnknownNameError
from tutti.text.word_training import Corpus, WordTrainingConfig, train_word_vectors

pytest.importorskip("gensim")
SMALL = WordTrainingConfig(embed_dim=12, min_count=3, n_epochs=3, phrase_threshold=0.1)


def texts(n_texts: int = 150) -> list[str]:
    rng = np.random.default_rng(0)
    first = ["loud hip hop with drum and bass", "fast drum and bass", "Hip-Hop, beats and drum and bass"]
    others = ["soft piano music", "slow violin at night", "a piano and a violin", "night music"]
    return [". ".join(rng.choice(first if rng.random() < 0.5 else others, 3)) for _ in range(n_texts)]


def test_words_that_stand_together_become_one():
    rng = np.random.default_rng(0)
    terms = ["drum and bass", "hip hop", "piano"]
    corpus = [
        f"word{rng.integers(60)} {terms[rng.integers(3)]} word{rng.integers(60)} word{rng.integers(60)}".split()
        for _ in range(600)
    ]
    words = train_word_vectors(corpus, WordTrainingConfig(embed_dim=4, n_epochs=1, phrase_threshold=1.0)).words
    assert {word for word in words if not word.startswith("word")} == {"hip_hop", "drum_and_bass", "piano"}


@pytest.mark.parametrize("longest", [1, 2])
def test_phrases_are_no_longer_than_asked_for(longest):
    config = WordTrainingConfig(embed_dim=4, min_count=3, n_epochs=1, phrase_threshold=0.01, longest_phrase=longest)
    corpus = ["new wave of british heavy metal"] * 20 + ["something else entirely"] * 5
    words = train_word_vectors([text.split() for text in corpus], config).words
    assert max(len(set(word.split("_")) - {"of"}) for word in words) == longest


def test_the_same_seed_gives_the_same_vectors_and_another_others():
    first, second = (train_word_vectors(Corpus(texts()), SMALL) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    other = train_word_vectors(
        Corpus(texts()), WordTrainingConfig(embed_dim=12, min_count=3, n_epochs=3, phrase_threshold=0.1, seed=1)
    )
    assert other.fingerprint != first.fingerprint


def test_words_of_like_company_come_to_lie_together():
    config = WordTrainingConfig(embed_dim=12, min_count=3, n_epochs=20, longest_phrase=1)
    vectors = train_word_vectors(Corpus(texts(400)), config)
    unit = {word: vectors.unit[vectors.keys[word]] for word in ("piano", "violin", "drum")}
    assert unit["piano"] @ unit["violin"] > unit["piano"] @ unit["drum"]


def test_files_and_texts_give_the_same_sentences_and_progress_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(texts()))
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("\n".join(texts()).encode()))
    told: list[tuple[int, int]] = []
    for name in ("a.txt", "b.txt.gz"):
        corpus = Corpus(files=[tmp_path / name])
        assert list(corpus) == list(Corpus(texts())) == list(corpus)
    train_word_vectors(corpus, SMALL, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("corpus", [[], [[]], [["once", "only"]]])
def test_too_little_text_is_refused(corpus):
    with pytest.raises(ConfigError, match="no word occurs"):
        train_word_vectors(corpus, SMALL)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "sound.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    for path in (tmp_path / "sound.wav", tmp_path / "none.txt"):
        with pytest.raises(ConfigError):
            list(Corpus(files=[path]))


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"embed_dim": 0}, ConfigError), ({"longest_phrase": 4}, ConfigError), ({"algorithm": "glove"}, UnknownNameError)],
)
def test_settings_that_make_no_sense_are_refused(settings, error):
    with pytest.raises(error):
        WordTrainingConfig(**settings)


def test_without_gensim_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(MissingExtraError) as refusal:
        train_word_vectors(Corpus(texts()), SMALL)
    assert refusal.value.hint == "run: pip install 'tutti[words]'"
