"""Sentence vectors. The logic is tested with a fake network, the meaning with MiniLM where it is installed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError
from tutti.text import sentences
from tutti.text.sentences import LanguageNetwork, SentenceEncoder, TokenReading, padded

FIRST = TokenReading(pooling="first", unit_length=False, n_tokens=16, overlap=4)


class CountingTokenizer:
    """Every word is a token, numbered by its length."""

    cls_token_id, sep_token_id = 101, 102

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [len(word) for word in text.split()]}


class PositionlessNetwork(torch.nn.Module):
    """Gives each token a vector of its number, and remembers how long its texts were."""

    config = SimpleNamespace(hidden_size=3)

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        self.lengths += attention_mask.sum(dim=1).tolist()
        number = input_ids.float()
        return SimpleNamespace(last_hidden_state=torch.stack([number, torch.ones_like(number), number**2], dim=-1))


def test_vectors_have_unit_length_and_do_not_depend_on_their_company() -> None:
    encoder = SentenceEncoder(PositionlessNetwork(), CountingTokenizer())
    together = encoder.encode(["a bb", "a much longer sentence about nothing", ""])
    assert np.allclose(np.linalg.norm(together, axis=1), 1)
    assert np.allclose(together[0], encoder.encode(["a bb"])[0], atol=1e-6)


@pytest.mark.parametrize("reading", [TokenReading(), FIRST])
def test_pieces_in_one_row_are_read_as_they_are_beside_each_other(reading: TokenReading) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra text is not installed")
    config = transformers.BertConfig(
        vocab_size=200, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    torch.manual_seed(0)
    network = LanguageNetwork(transformers.BertModel(config).eval(), reading)
    pieces = [[101, 5, 102], [101, 7, 8, 9, 9, 9, 102], [101, 102]]
    tokens = padded([pieces])[0]
    assert network.reads_rows
    with torch.inference_mode():
        beside = network.read_pieces(tokens[:, 0], tokens[:, 1])
        torch.testing.assert_close(network.read_row(pieces), beside, atol=1e-5, rtol=0)


def test_an_encoder_is_loaded_once_however_many_threads_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded: list[object] = []

    def load(source: object) -> SentenceEncoder:
        loaded.append(source)
        return SentenceEncoder(PositionlessNetwork(), CountingTokenizer())

    monkeypatch.setattr(SentenceEncoder, "load", load)
    with ThreadPoolExecutor(4) as pool:
        encoders = set(pool.map(sentences.shared_encoder, [tmp_path] * 8))
    assert len(encoders) == 1
    assert loaded == [tmp_path]


def test_a_long_text_is_read_to_its_end_in_pieces_that_overlap() -> None:
    network = PositionlessNetwork()
    encoder = SentenceEncoder(network, CountingTokenizer())
    with_end = encoder.encode(["a " * 1000 + "a-very-long-last-word"])
    assert max(network.lengths) <= 256
    assert sum(network.lengths) > 1000
    assert not np.allclose(with_end, encoder.encode(["a " * 1001]))


def test_no_texts_give_no_vectors() -> None:
    encoder = SentenceEncoder(PositionlessNetwork(), CountingTokenizer())
    assert encoder.encode([]).shape == (0, 3)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the extra text is not installed")
    with pytest.raises(ConfigError, match="holds no sentence encoder"):
        SentenceEncoder.load(tmp_path)


@pytest.mark.slow
def test_minilm_knows_words_and_puts_misspelt_ones_together_of_parts() -> None:
    if not sentences.is_available():
        pytest.skip("MiniLM is not installed (extra text)")
    encoder = SentenceEncoder.load()
    assert [encoder.knows(text) for text in ("sad piano", "saxaphone", "sad pinao")] == [True, False, False]


@pytest.mark.slow
def test_minilm_puts_like_meanings_close() -> None:
    if not sentences.is_available():
        pytest.skip("MiniLM is not installed (extra text)")
    sad, melancholy, thrash, metal = SentenceEncoder.load().encode(["sad", "melancholy", "thrash metal", "heavy metal"])
    assert sad @ melancholy > sad @ metal
    assert thrash @ metal > thrash @ sad


def test_the_network_gives_what_the_encoder_gives():
    encoder = SentenceEncoder(PositionlessNetwork(), CountingTokenizer(), reading=TokenReading(n_tokens=8, overlap=2))
    texts = ["a bb", "one text of more words than a single piece has room for", ""]
    tokens = padded([encoder.pieces(text) for text in texts])
    np.testing.assert_allclose(encoder.network(tokens).numpy(), encoder.encode(texts), atol=1e-6)


def test_the_first_token_is_taken_as_it_is():
    reading = TokenReading(pooling="first", unit_length=False, n_tokens=6, overlap=1)
    encoder = SentenceEncoder(PositionlessNetwork(), CountingTokenizer(), reading=reading)
    vectors = encoder.encode(["a bb", "one text of three pieces, each with a mark of its own"])
    np.testing.assert_allclose(vectors, [[101, 1, 101**2]] * 2)
    np.testing.assert_allclose(encoder.network(padded([encoder.pieces("a bb")])).numpy(), vectors[:1])


def test_distilbert_is_read_by_its_first_token(tiny_distilbert):
    encoder = SentenceEncoder.load(tiny_distilbert, reading=FIRST)
    ids = torch.tensor(encoder.pieces("slow sad piano"))
    with torch.inference_mode():
        states = encoder.network.model(input_ids=ids).last_hidden_state
    np.testing.assert_allclose(encoder.encode(["slow sad piano"]), states[:, 0].numpy(), atol=1e-6)


def test_a_model_is_saved_and_read_again(tiny_distilbert, tmp_path):
    encoder = SentenceEncoder.load(tiny_distilbert, reading=TokenReading(n_tokens=16, overlap=4))
    encoder.save(tmp_path / "copy")
    again = SentenceEncoder.load(tmp_path / "copy", reading=encoder.reading)
    assert again.fingerprint == encoder.fingerprint
    assert (
        again.fingerprint
        != SentenceEncoder.load(tiny_distilbert, reading=TokenReading(n_tokens=12, overlap=4)).fingerprint
    )
    np.testing.assert_array_equal(again.encode(["a sad song"]), encoder.encode(["a sad song"]))


def test_pieces_longer_than_the_model_reads_are_refused(tiny_distilbert):
    with pytest.raises(ConfigError, match="reads 16 tokens at once, not 256"):
        SentenceEncoder.load(tiny_distilbert)
    with pytest.raises(ConfigError, match="cannot overlap"):
        TokenReading(n_tokens=16, overlap=14)
