"""Sentence vectors. The logic is tested with a fake network, the meaning with MiniLM where it is installed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError
from tutti.text import sentences
from tutti.text.sentences import SentenceEncoder


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
def test_minilm_puts_like_meanings_close() -> None:
    if not sentences.is_available():
        pytest.skip("MiniLM is not installed (extra text)")
    sad, melancholy, thrash, metal = SentenceEncoder.load().encode(["sad", "melancholy", "thrash metal", "heavy metal"])
    assert sad @ melancholy > sad @ metal
    assert thrash @ metal > thrash @ sad
