"""Heads of the six strategies: their sizes, and how songs are ranked by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tutti.data.items import Item
from tutti.errors import ConfigError, UnknownNameError
from tutti.models.encoders import Encoded, gathered
from tutti.models.language_encoders import LanguageConfig, LanguageEncoder
from tutti.models.sentence_music import STRATEGIES, HeadConfig, build_heads
from tutti.models.sentence_retrieval import RetrieverConfig, SentenceRetriever
from tutti.models.spaces import SpaceNetwork
from tutti.text.sentences import TokenReading

PUBLISHED = {"text": 768, "audio": 256, "tags": 300}
DIMS = {"text": 16, "audio": 6, "tags": 8}
EMOTIONS, MOODS = ("anger", "happy", "sad"), ("happy", "sad", "scary")
READING = TokenReading(pooling="first", unit_length=False, n_tokens=16, overlap=4)


def n_parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def linear(n_in: int, n_out: int) -> int:
    return n_in * n_out + n_out


# Worked out from the published layers; a batch normalisation has a scale and an offset for each channel.
@pytest.mark.parametrize(
    ("strategy", "size"),
    [
        ("classification", linear(768, 512) + 1024 + linear(512, 5) + linear(256, 64) + 128 + linear(64, 7)),
        ("valence-arousal", linear(768, 64) + 128 + linear(64, 2) + linear(256, 64) + 128 + linear(64, 2)),
        ("word-vectors", linear(768, 64) + 128 + linear(64, 300) + linear(256, 64) + 128 + linear(64, 300)),
        ("two-branch", linear(768, 128) + linear(256, 128) + 2 * (256 + linear(128, 64))),
        ("three-branch", linear(768, 128) + linear(256, 128) + linear(300, 128) + 3 * (256 + linear(128, 64))),
    ],
)
def test_heads_have_the_published_layers(strategy, size):
    assert n_parameters(build_heads(strategy, PUBLISHED, HeadConfig(), n_emotions=5, n_moods=7)) == size


def test_regressed_word_vectors_keep_the_sigmoid_of_the_code_unless_told_otherwise():
    vectors = np.random.default_rng(0).normal(0, 9, (50, 16)).astype(np.float32)
    kept = build_heads("word-vectors", DIMS, HeadConfig(), n_emotions=3, n_moods=3)
    free = build_heads("word-vectors", DIMS, HeadConfig(sigmoid=False), n_emotions=3, n_moods=3)
    assert isinstance(kept, SpaceNetwork)
    assert isinstance(free, SpaceNetwork)
    assert kept.project("text", vectors).min() >= 0
    assert free.project("text", vectors).min() < 0


def test_a_strategy_that_learns_from_words_wants_their_vectors():
    with pytest.raises(ConfigError, match="learns from word vectors"):
        build_heads("three-branch", {"text": 4, "audio": 4}, HeadConfig(), n_emotions=2, n_moods=2)
    with pytest.raises(UnknownNameError):
        build_heads("four-branch", DIMS, HeadConfig(), n_emotions=2, n_moods=2)


class SoundsBySize:
    """An encoder of sounds that hears nothing: a track's vector follows from its number."""

    modality, name, embed_dim, fingerprint = "audio", "sounds", 6, "sounds"

    def encode(self, items, *, progress=None) -> Encoded:
        found = {one.item_id: np.full(6, len(one.item_id), dtype=np.float32) for one in items if one.tracks}
        return gathered(items, found, {}, embed_dim=6)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.fixture
def retriever(request, tiny_distilbert) -> SentenceRetriever:
    torch.manual_seed(0)
    config = RetrieverConfig(name="r", strategy=request.param, dims=DIMS, emotions=EMOTIONS, moods=MOODS)
    text = LanguageEncoder.open(LanguageConfig(model=str(tiny_distilbert), reading=READING))
    return SentenceRetriever(config, {"text": text, "audio": SoundsBySize()}, config.build_heads())


def vectors(n_rows: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_rows, dim)).astype(np.float32)


@pytest.mark.parametrize("retriever", STRATEGIES, indirect=True)
def test_what_is_absent_retrieves_nothing_and_is_not_retrieved(retriever):
    texts, songs = vectors(4, 16), vectors(5, 6, 1)
    texts[1], songs[2] = np.nan, np.nan
    scores = retriever.scores_of(texts, songs)
    assert scores.shape == (4, 5)
    assert np.isnan(scores[1]).all()
    assert np.isnan(scores[:, 2]).all()
    places = retriever.places_of({"text": texts, "audio": songs})
    assert places["text"].shape[1] == places["audio"].shape[1]
    assert np.isfinite(places["audio"]).all(axis=1).tolist() == [True, True, False, True, True]


@pytest.mark.parametrize("retriever", ["classification"], indirect=True)
def test_a_mood_that_songs_do_not_know_retrieves_nothing(retriever):
    texts, songs = vectors(3, 16), vectors(4, 6, 1)
    with torch.no_grad():
        retriever.heads.text[1].weight.zero_()
        for emotion, retrieves in enumerate((False, True, True)):
            retriever.heads.text[1].bias.copy_(torch.eye(3)[emotion])
            assert np.isfinite(retriever.scores_of(texts, songs)).all() == retrieves


@pytest.mark.parametrize("retriever", ["classification"], indirect=True)
def test_songs_are_ranked_by_the_likelihood_of_the_text_s_mood(retriever):
    texts, songs = vectors(1, 16), vectors(9, 6, 1)
    with torch.no_grad():
        retriever.heads.text[1].weight.zero_()
        retriever.heads.text[1].bias.copy_(torch.tensor([0.0, 0.0, 1.0]))  # sad
        expected = retriever.heads.answer(torch.from_numpy(songs)).softmax(dim=1)[:, MOODS.index("sad")]
    np.testing.assert_allclose(retriever.scores_of(texts, songs)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("retriever", ["valence-arousal"], indirect=True)
def test_valence_and_arousal_rank_by_distance(retriever):
    texts, songs = vectors(2, 16), vectors(3, 6, 1)
    ours, theirs = (retriever.heads.project(*pair) for pair in (("text", texts), ("audio", songs)))
    expected = [[-float(np.hypot(*(one - other))) for other in theirs] for one in ours]
    np.testing.assert_allclose(retriever.scores_of(texts, songs), expected, rtol=1e-5)


@pytest.mark.parametrize("retriever", ["two-branch"], indirect=True)
def test_a_learned_space_is_a_space_model(retriever):
    space = retriever.space_model(name="moods")
    texts = ["a sad song", "happy day"]
    placed = space.place([Item(item_id="abc", title="", tracks=(object(),))], modalities=["audio"])
    songs = np.full((1, 6), 3, dtype=np.float32)
    expected = retriever.scores_of(retriever.text_vectors(texts), songs)
    np.testing.assert_allclose(space.place_texts(texts) @ placed.points["audio"].T, expected, atol=1e-6)


@pytest.mark.parametrize("retriever", ["multi-head"], indirect=True)
def test_a_strategy_without_directions_is_no_space(retriever):
    with pytest.raises(ConfigError, match="no space of directions"):
        retriever.space_model()
