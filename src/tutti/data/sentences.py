"""Sentences that somebody has labelled with an emotion: what they are, and how a user's own table of them is read.

They are no tracks: they ask, and tracks answer. The research datasets Alm and ISEAR are read in
``tutti.data.emotion_sentences``, invented sentences come from ``tutti.data.world.sentences``; which mood of music
answers which emotion is the matter of ``tutti.data.emotion_mapping``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tutti.data.labels import SPLITS
from tutti.errors import unknown_name

MOST_CHARACTERS = 20_000  # of one text; a novel is no sentence
MOST_BYTES = 256 << 20  # of a table
SHARES = {"train": 0.7, "valid": 0.15, "test": 0.15}
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text that expresses one emotion.

    Attributes:
        sentence_id: Unique within its set.
        text: A sentence, or a few.
        emotion: What it expresses.
        split: train, valid or test.
        author: Whose it is, where that decides the split.
    """

    sentence_id: str
    text: str
    emotion: str
    split: str
    author: str | None = None


@dataclass(frozen=True, kw_only=True)
class LabelledSentences:
    """A set of labelled sentences.

    Attributes:
        name: Of the dataset, or of the file.
        sentences: In the order of the source.
        emotions: All that are used, in order; networks number them so.
        remarks: What was left out or altered, counted, and what one should know, in words.
    """

    name: str
    sentences: tuple[Sentence, ...]
    emotions: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def of_split(self, split: str) -> tuple[Sentence, ...]:
        """The sentences of a split, in order.

        Raises:
            UnknownNameError: There is no such split.
        """
        if split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        return tuple(one for one in self.sentences if one.split == split)

    @property
    def counts(self) -> dict[str, int]:
        """How many sentences each split has."""
        found = Counter(one.split for one in self.sentences)
        return {split: found[split] for split in SPLITS if found[split]}
