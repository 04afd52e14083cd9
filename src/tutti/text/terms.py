"""Terms: documents as weighted words, tf-idf as the genre paper has it, and the words that a text is made of.

The weights are those of scikit-learn's ``TfidfVectorizer`` with its other settings left alone, and are computed here,
so that a model in use needs no more than NumPy. Meaning is the matter of ``sentences``.

References:
    Oramas et al., TISMIR 1(1), 2018, section 6.1, and its published code: sublinear term frequency, no term of more
    than half of the documents, the 10,000 most frequent.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ModelError
from tutti.files import write_text

FORMAT = 1
WORD = re.compile(r"\b\w\w+\b")
# Kana and Chinese characters: words stand without spaces between them.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
IS_UNSPACED = re.compile(f"[{UNSPACED}]")
RUNS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")


def words(text: str) -> list[str]:
    """The words of a text in lower case, in order: two letters or digits and more.

    Of scripts that put no spaces between words, every pair of neighbouring characters counts as a word.

    >>> words("A love supreme, take 2"), words("静かな曲")
    (['love', 'supreme', 'take'], ['静か', 'かな', 'な曲'])
    """
    return [word for found in WORD.findall(text.lower()) for word in _parts(found)]


def word_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Words in lower case with where they begin and end; a stretch without spaces is one word here."""
    for found in WORD.finditer(text):
        yield found.group().lower(), found.start(), found.end()


def _parts(word: str) -> list[str]:
    if IS_UNSPACED.search(word) is None:
        return [word]
    parts: list[str] = []
    for run in RUNS.findall(word):
        is_unspaced = IS_UNSPACED.match(run) is not None
        parts += [run[at : at + 2] for at in range(len(run) - 1)] if is_unspaced else [run] * (len(run) > 1)
    return parts


class TermWeights:
    """A sparse matrix of documents by terms; indexing it with rows gives these rows as a dense one.

    Attributes:
        shape: Documents and terms.
    """

    def __init__(self, rows: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], *, n_terms: int) -> None:
        self._rows = list(rows)
        self.shape = (len(self._rows), n_terms)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[Any] | Sequence[int]) -> NDArray[np.float32]:
        chosen = np.asarray(rows, dtype=np.int64)
        dense = np.zeros((len(chosen), self.shape[1]), dtype=np.float32)
        for place, row in enumerate(chosen.tolist()):
            columns, weights = self._rows[row]
            dense[place, columns] = weights
        return dense

    def dense(self) -> NDArray[np.float32]:
        """All of it. Shape (documents, terms)."""
        return self[np.arange(len(self))]

    def columns(self, row: int) -> NDArray[np.int64]:
        """Which terms a document holds, in their order. Shape (terms of it,)."""
        return self._rows[row][0]

    @property
    def n_known(self) -> NDArray[np.int64]:
        """How many different terms each document holds. Shape (documents,)."""
        return np.array([len(columns) for columns, _ in self._rows], dtype=np.int64)


@dataclass(frozen=True)
class Terms:
    """A vocabulary with the weight of each term. Make one with :meth:`fit`.

    Attributes:
        names: The terms, in alphabetical order.
        idf: Inverse document frequencies, ``ln((1 + documents) / (1 + documents with it)) + 1``. Shape (terms,).
    """

    names: tuple[str, ...]
    idf: NDArray[np.float64]

    @classmethod
    def fit(cls, documents: Sequence[str], *, n_terms: int = 10_000, max_share: float = 0.5) -> Self:
        """The most frequent terms of some documents, which should be those of training only.

        Args:
            documents: Texts; empty ones count as documents.
            n_terms: At most; of equally frequent ones, the first by alphabet.
            max_share: A term of a larger share of the documents says nothing, and is left out.

        Raises:
            ConfigError: There are no documents, no terms in them, or the settings make no sense.
        """
        if n_terms < 1 or not 0 < max_share <= 1:
            raise ConfigError(
                f"{n_terms} terms of at most {max_share:g} of the documents make no vocabulary",
                hint="give 1 term or more, and a share above 0, up to 1",
            )
        if not documents:
            raise ConfigError(
                "there is no text to learn words from",
                hint="name kinds of text that the items have, or do without text",
            )
        n_with: Counter[str] = Counter()
        n_uses: Counter[str] = Counter()
        for document in documents:
            counts = Counter(words(document))
            n_uses.update(counts)
            n_with.update(counts.keys())
        telling = [name for name in n_uses if n_with[name] <= max_share * len(documents)]
        if not telling:
            raise ConfigError(
                f"{len(documents)} documents have no term that at most {max_share:.0%} of them share",
                hint="give more texts to learn from, or raise max_share",
            )
        names = tuple(sorted(sorted(telling, key=lambda name: (-n_uses[name], name))[:n_terms]))
        n_holding = np.array([n_with[name] for name in names], dtype=np.float64)
        return cls(names, np.log((1 + len(documents)) / (1 + n_holding)) + 1)

    def weigh(self, documents: Sequence[str]) -> TermWeights:
        """Documents as unit vectors over the terms: ``(1 + ln count) idf``; all zeros where no word is known."""
        column_of = {name: column for column, name in enumerate(self.names)}
        return TermWeights([self._row(one, column_of) for one in documents], n_terms=len(self.names))

    def _row(self, document: str, column_of: dict[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        counts = Counter(column_of[word] for word in words(document) if word in column_of)
        columns = np.array(sorted(counts), dtype=np.int64)
        frequencies = np.array([counts[column] for column in columns.tolist()], dtype=np.float64)
        weights = (1 + np.log(frequencies)) * self.idf[columns]
        length = np.linalg.norm(weights)
        return columns, (weights / length if length else weights).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write it as JSON, atomically."""
        values = {"format": FORMAT, "kind": "tutti terms", "names": self.names, "idf": self.idf.tolist()}
        write_text(path, json.dumps(values, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Terms that were saved.

        Raises:
            ModelError: The file is missing, damaged, foreign or newer.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            version, kind = values["format"], values["kind"]
            names, idf = tuple(map(str, values["names"])), np.array(values["idf"], dtype=np.float64)
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(f"{path} cannot be read: {cause}", hint="take the encoder anew") from None
        if kind != "tutti terms" or version != FORMAT:
            raise ModelError(
                f"{path} is {kind!r} of format {version}, no 'tutti terms' of {FORMAT}", hint="update tutti"
            )
        if idf.shape != (len(names),) or not len(names) or not np.isfinite(idf).all():
            raise ModelError(f"{path} has {len(names)} terms and {idf.size} weights", hint="take the encoder anew")
        return cls(names, idf)
