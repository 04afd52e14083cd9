"""Long texts in overlapping passages of whole sentences, each short enough for a sentence encoder to read whole.

A book asks no more of an encoder than a chapter does: of more than 64 passages, 64 are read that are spread evenly over
the text. What of a text describes an item is the matter of ``documents``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from tutti.text.documents import cleaned, cut_at_sentence, sentence_spans

Part = TypeVar("Part")

# About 220 tokens of English, where encoders read 256.
N_CHARACTERS, OVERLAP = 1000, 200
MOST_PASSAGES = 64


def passages_of(
    text: str, *, n_characters: int = N_CHARACTERS, overlap: int = OVERLAP, most: int | None = MOST_PASSAGES
) -> list[str]:
    """A text in passages that overlap; the text itself where it is short.

    They begin and end with a sentence where that leaves half of the room filled, else between words.

    Args:
        text: Of any length.
        n_characters: Of a passage, at most.
        overlap: Characters that a passage shares with the one before it at most, less where it begins with a sentence.
        most: Passages at most, as :func:`spread_over` has them; None gives all.

    >>> passages_of("It swings. It does. It really does.", n_characters=20, overlap=5)
    ['It swings. It does.', 'It really does.']
    >>> passages_of("one two three four five", n_characters=13, overlap=5)
    ['one two three', 'three four', 'four five']
    """
    whole = " ".join(cleaned(text).split())
    if len(whole) <= n_characters:
        return [whole] if whole else []
    passages = list(_cut(whole, n_characters, overlap))
    return passages if most is None else list(spread_over(passages, most))


def spread_over(passages: Sequence[Part], most: int) -> Sequence[Part]:
    """At most so many of them, spread evenly, the first and the last among them.

    >>> spread_over("abcdefg", 3)
    ['a', 'd', 'g']
    """
    if len(passages) <= most:
        return passages
    return [passages[place] for place in np.linspace(0, len(passages) - 1, most).round().astype(int).tolist()]


def _cut(text: str, n_characters: int, overlap: int) -> Iterator[str]:
    sentences = [start for start, _ in sentence_spans(text)]
    start = 0
    while True:
        passage = cut_at_sentence(text[start : start + n_characters + 1], n_characters=n_characters)
        yield passage
        end = start + len(passage)
        if end >= len(text):
            return
        # The next begins with the first sentence that begins in the overlap or right behind it, else with a word.
        start = max(start + 1, end - overlap)
        place = bisect_left(sentences, start)
        if place < len(sentences) and sentences[place] <= end + 1:
            start = sentences[place]
        elif (space := text.find(" ", start - 1, end + 1)) >= 0:
            start = space + 1
