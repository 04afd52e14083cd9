"""What an encoder gives is kept, and goes on where it was broken off."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.data.items import Item
from tutti.models.encoders import Encoded
from tutti.training import kept_vectors
from tutti.training.kept_vectors import encoded_once

ITEMS = [Item(item_id=f"i{number}", title="", text="x" * number) for number in range(7)]


class LengthOfText:
    """Gives how long a text is, except for those that cannot be read; may break off."""

    modality, name, fingerprint, embed_dim = "text", "lengths", "1", 1

    def __init__(self, *, breaks_at: str | None = None) -> None:
        self.breaks_at = breaks_at
        self.read: list[str] = []

    def encode(self, items, *, progress=None):
        for number, item in enumerate(items, start=1):
            if item.item_id == self.breaks_at:
                raise KeyboardInterrupt
            self.read.append(item.item_id)
            progress(number, len(items))
        lengths = np.array([[float(len(item.text))] for item in items], dtype=np.float32).reshape(-1, 1)
        problems = {item.item_id: "too long" for item in items if len(item.text) == 5}
        return Encoded(vectors=lengths, presence=lengths[:, 0] > 0, problems=problems)


@pytest.fixture(autouse=True)
def blocks_of_three(monkeypatch):
    monkeypatch.setattr(kept_vectors, "BLOCK_ITEMS", 3)


def lengths_of(encoder, folder, items=ITEMS):
    return encoded_once(encoder, items, folder, lambda line: None)


def test_what_was_read_before_a_run_was_broken_off_is_not_read_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        lengths_of(LengthOfText(breaks_at="i4"), tmp_path)
    encoder = LengthOfText()
    encoded = lengths_of(encoder, tmp_path)
    assert encoder.read == ["i3", "i4", "i5", "i6"]
    assert encoded.vectors[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert encoded.presence.tolist() == [False, *[True] * 6]
    assert encoded.problems == {"i5": "too long"}
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_is_read_twice_until_an_item_offers_something_else(tmp_path):
    first, second, third = LengthOfText(), LengthOfText(), LengthOfText()
    kept = [lengths_of(one, tmp_path).vectors for one in (first, second)]
    np.testing.assert_array_equal(*kept)
    assert not second.read
    lengths_of(third, tmp_path, [*ITEMS[1:], Item(item_id="i7", title="", text="new")])
    assert len(third.read) == 7


def test_no_items_have_no_vectors(tmp_path):
    assert lengths_of(LengthOfText(), tmp_path, []).vectors.shape == (0, 1)
