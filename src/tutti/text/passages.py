"""Long texts in overlapping passages, each short enough for a sentence encoder to read whole.

A book asks no more of an encoder than a chapter does: of more than 64 passages, 64 are read that are spread evenly over
the text. What of a text describes an item is the matter of ``documents``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from tutti.text.documents import cleaned

Part = TypeVar("Part")

# About 220 tokens of English, where encoders read 256.
N_CHARACTERS, OVERLAP = 1000, 200
MOST_PASSAGES = 64


def passages_of(
    text: str, *, n_characters: int = N_CHARACTERS, overlap: int = OVERLAP, most: int | None = MOST_PASSAGES
) -> list[str]:
    """A text in passages that begin and end between words and overlap; the text itself where it is short.

    Args:
        text: Of any length.
        n_characters: Of a passage, at most.
        overlap: Characters that a passage shares with the one before it, or a few less.
        most: Passages at most, as :func:`spread_over` has them; None gives all.

    >>> passages_of("one two three four five", n_characters=13, overlap=5)
    ['one two three', 'three four', 'five']
    """
    whole = " ".join(cleaned(text).split())
    if len(whole) <= n_characters:
        return [whole] if whole else []
    starts: Sequence[int] = range(0, len(whole) - overlap, n_characters - overlap)
    if most is not None:
        starts = spread_over(starts, most)
    return [_between_words(whole, start, start + n_characters) for start in starts]


def spread_over(passages: Sequence[Part], most: int) -> Sequence[Part]:
    """At most so many of them, spread evenly, the first and the last among them.

    >>> spread_over("abcdefg", 3)
    ['a', 'd', 'g']
    """
    if len(passages) <= most:
        return passages
    return [passages[place] for place in np.linspace(0, len(passages) - 1, most).round().astype(int).tolist()]


def _between_words(text: str, start: int, end: int) -> str:
    """What lies between two places, without the words that they cut; all of it where that is one word."""
    inside = text[start:end]
    if start > 0 and text[start - 1] != " ":
        inside = inside.partition(" ")[2] or inside
    if end < len(text) and text[end] != " ":
        inside = inside.rpartition(" ")[0] or inside
    return inside.strip()
