"""Words that tell of a label: how much less uncertain a label is when one knows whether a text holds a word.

Information gain is the mutual information of two facts about an item: that its text holds the word, and that it carries
the label. It is given in bits, and is the same for a word that speaks for a label and one that speaks against it: which
of the two is said beside it. What a trained model makes of a text's words is ``tutti.explain.words``'s subject.

References:
    Yang and Pedersen, "A comparative study on feature selection in text categorization", ICML 1997.
    Oramas et al., TISMIR 1(1), 2018 (the words and categories that speak for a genre).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.data.labels import SPELLINGS, label_targets
from tutti.errors import ConfigError, ShapeError, unknown_name
from tutti.models.text_readers import ReaderConfig, open_reader
from tutti.text.terms import Terms

Counts = NDArray[np.int64]


def information_gain(holds: NDArray[np.bool_], carries: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each word tells of each label, bits. Shape (words, labels).

    Args:
        holds: Whether an item's text holds a word. Shape (items, words).
        carries: Whether an item carries a label. Shape (items, labels).

    Raises:
        ShapeError: The two are no matrices of the same items, or of none.

    >>> information_gain(np.array([[True], [True], [False], [False]]), np.array([[True], [True], [False], [False]]))
    array([[1.]])
    """
    if holds.ndim != 2 or carries.ndim != 2 or len(holds) != len(carries) or not len(holds):
        raise ShapeError(f"words have shape {holds.shape}, labels {carries.shape}; both must be (items, …)")
    both = holds.T.astype(np.int64) @ carries.astype(np.int64)
    return _gain(both, holds.sum(axis=0), carries.sum(axis=0), len(holds))


def _gain(both: Counts, with_word: Counts, with_label: Counts, n_items: int) -> NDArray[np.float64]:
    """From counts of items: with both ``[words, labels]``, with each word, with each label, in all."""
    word, label = with_word[:, np.newaxis], with_label[np.newaxis]
    gain = np.zeros(both.shape)
    cells = (
        (both, word, label),
        (word - both, word, n_items - label),
        (label - both, n_items - word, label),
        (n_items - word - label + both, n_items - word, n_items - label),
    )
    for count, of_word, of_label in cells:
        expected = of_word * of_label / n_items
        ratio = np.divide(count, expected, out=np.ones(both.shape), where=count > 0)
        gain += count / n_items * np.log2(ratio)
    return np.maximum(gain, 0)  # rounding may leave less than nothing


@dataclass(frozen=True, kw_only=True)
class TellingWord:
    """A word and what it tells of a label.

    Attributes:
        word: In lower case; an entity's category has ``_`` between its words.
        gain: Bits.
        speaks_for: Whether the label is more frequent among texts with the word; else it speaks against it.
        n_items: Whose texts hold the word.
        n_with_label: Of these, how many carry the label.
        p_value: Of the likelihood-ratio test of independence, times the number of words that were tried, at most 1.
    """

    word: str
    gain: float
    speaks_for: bool
    n_items: int
    n_with_label: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class WordGains:
    """What words tell of labels.

    Attributes:
        words: In alphabetical order.
        labels: In the order of the columns.
        gains: Bits. Shape (words, labels).
        n_both: Items with word and label. Shape (words, labels).
        n_with_word: Shape (words,).
        n_with_label: Shape (labels,).
        n_items: Whose texts were read.
        problems: What could not be read of texts, by item.
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]
    gains: NDArray[np.float64]
    n_both: Counts
    n_with_word: Counts
    n_with_label: Counts
    n_items: int
    problems: dict[str, str]

    def top(self, label: str, count: int = 10) -> list[TellingWord]:
        """The words that tell most of a label, the first by alphabet among equals.

        Raises:
            UnknownNameError: There is no such label.
        """
        if label not in self.labels:
            raise unknown_name("label", label, self.labels)
        column = self.labels.index(label)
        best = np.argsort(-self.gains[:, column], kind="stable")[:count]
        return [self._word(int(row), column) for row in best]

    def _word(self, row: int, column: int) -> TellingWord:
        gain, n_both, n_with = self.gains[row, column], self.n_both[row, column], self.n_with_word[row]
        # 2 ln 2 times items times bits is the test's statistic, whose tail with one degree of freedom is erfc.
        p_value = math.erfc(math.sqrt(math.log(2) * self.n_items * gain))
        return TellingWord(
            word=self.words[row],
            gain=float(gain),
            speaks_for=bool(n_both * self.n_items > n_with * self.n_with_label[column]),
            n_items=int(n_with),
            n_with_label=int(n_both),
            p_value=min(1.0, p_value * len(self.words)),
        )

    def to_json(self, count: int = 10) -> dict[str, Any]:
        """As ``tutti words --json`` prints it."""
        found = {label: [vars(word) for word in self.top(label, count)] for label in self.labels}
        return {"n_items": self.n_items, "n_words": len(self.words), "labels": found, "problems": self.problems}

    def to_text(self, count: int = 10) -> str:
        """A table of tab-separated values, a line for each label and word."""
        lines = ["label\tword\tbits\tspeaks\titems\twith label\tp"]
        for label in self.labels:
            for one in self.top(label, count):
                side = "for" if one.speaks_for else "against"
                counts = f"{one.n_items}\t{one.n_with_label}\t{one.p_value:.2g}"
                lines.append(f"{label}\t{one.word}\t{one.gain:.4f}\t{side}\t{counts}")
        return "\n".join(lines) + "\n"


def word_gains(
    documents: Sequence[str], carries: NDArray[np.bool_], labels: Sequence[str], *, n_terms: int = 10_000
) -> WordGains:
    """What the most frequent words of some texts tell of each label.

    Args:
        documents: The text of each item.
        carries: Whether an item carries a label. Shape (items, labels).
        labels: Names of the columns.
        n_terms: Words at most.

    Raises:
        ShapeError: The matrix has another shape.
        ConfigError: There are no words.
    """
    if carries.shape != (len(documents), len(labels)):
        raise ShapeError(
            f"labels have shape {carries.shape}; wanted are {len(documents)} items and {len(labels)} labels"
        )
    terms = Terms.fit(documents, n_terms=n_terms, max_share=1.0)
    weights = terms.weigh(documents)
    n_both = np.zeros((len(terms.names), len(labels)), dtype=np.int64)
    n_with_word = np.zeros(len(terms.names), dtype=np.int64)
    for row in range(len(documents)):
        columns = weights.columns(row)
        n_both[columns] += carries[row]
        n_with_word[columns] += 1
    n_with_label = carries.sum(axis=0)
    return WordGains(
        words=terms.names,
        labels=tuple(labels),
        gains=_gain(n_both, n_with_word, n_with_label, len(documents)),
        n_both=n_both,
        n_with_word=n_with_word,
        n_with_label=n_with_label,
        n_items=len(documents),
        problems={},
    )


def words_of_labels(
    items: Sequence[Item],
    *,
    labels: Sequence[str] = (),
    reader: ReaderConfig | None = None,
    spelling: str = "plain",
    min_items: int = 10,
) -> WordGains:
    """What the words of items' texts tell of their tags; items without text or tags are left out.

    Args:
        items: Of a catalogue.
        labels: Which tags; without any, all that enough items carry, and enough do not.
        reader: What of a text is read, and whose categories are added; the words themselves by default.
        spelling: How tags are brought to one form.
        min_items: How many are enough.

    Raises:
        ConfigError: No item has both, or no tag is frequent enough.
        UnknownNameError: No item with a text carries a label that was named.
    """
    config = reader or ReaderConfig()
    told = [item for item in items if item.offers("text") and item.tags]
    if not told:
        raise ConfigError(
            f"none of {len(items)} items has a text and tags", hint="name other kinds of text, or another catalogue"
        )
    chosen = _chosen(told, labels, spelling, min_items)
    read = open_reader(config, items).documents([item.text for item in told])
    carries = label_targets(told, chosen, spelling=spelling)
    found = word_gains([text for text, _ in read], carries, chosen, n_terms=config.n_terms)
    problems = {item.item_id: problem for item, (_, problem) in zip(told, read, strict=True) if problem}
    return WordGains(**{**vars(found), "problems": problems})


def _chosen(items: Sequence[Item], labels: Sequence[str], spelling: str, min_items: int) -> tuple[str, ...]:
    if spelling not in SPELLINGS:
        raise unknown_name("spelling of tags", spelling, SPELLINGS)
    spell = SPELLINGS[spelling]
    counts = Counter(tag for item in items for tag in spell(item.tags))
    for label in labels:
        if not any(counts[form] for form in spell([label])):
            raise unknown_name("tag of items with a text", label, counts)
    frequent = sorted(tag for tag, count in counts.items() if min_items <= count <= len(items) - min_items)
    if not labels and not frequent:
        raise ConfigError(
            f"no tag is carried by {min_items} of {len(items)} items with a text, and by as many not",
            hint="lower the number, or name the labels",
        )
    return tuple(dict.fromkeys(labels)) or tuple(frequent)
