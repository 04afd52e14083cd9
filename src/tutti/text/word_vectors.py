"""Word vectors: words with a point each, from a file in the formats of word2vec and GloVe, or trained here.

How files are read and written is in ``word_vector_files``, training on music text in ``word_training``; how a tag that
is no word of the vocabulary still gets a vector, in ``tag_vectors``.

References:
    Mikolov et al., "Distributed representations of words and phrases and their compositionality", NIPS 2013.
    Pennington, Socher, Manning, "GloVe: Global vectors for word representation", EMNLP 2014.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError, unknown_name
from tutti.text.spelling import plain

N_WORDS = 500_000  # of a file, unless told otherwise: 600 MB at 300 dimensions


def key_of(word: str) -> str:
    """How a word or phrase is looked up: plain, ``hip_hop`` and ``Hip-Hop`` alike.

    >>> key_of("Hip-Hop"), key_of("hip_hop"), key_of("R&B")
    ('hip hop', 'hip hop', 'r and b')
    """
    return word.casefold() if word.isascii() and word.isalnum() else plain(word)


class WordVectors:
    """Words with their vectors, the most frequent first.

    Args:
        words: Each once; phrases with underscores between their words.
        vectors: As they were learned, of any length. Shape (words, embed_dim).
        name: What to call them.

    Raises:
        ShapeError: There is not one vector for each word.
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[np.float32], *, name: str = "word vectors") -> None:
        if vectors.ndim != 2 or len(words) != len(vectors):
            raise ShapeError(
                f"{len(words)} words came with vectors of shape {vectors.shape}", hint="give one row for each word"
            )
        self.words = tuple(words)
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self.name = name

    @classmethod
    def load(cls, path: Path | str, *, limit: int | None = N_WORDS) -> Self:
        """The vectors of a file: word2vec text or binary, or GloVe text, gzipped or not, told apart by content.

        Args:
            path: The file.
            limit: Words at most, the first of the file, which are the most frequent; None reads all.

        Raises:
            ModelError: The file is missing, damaged, cut off, or of another format.
            ConfigError: The vectors would take more memory than ``word_vector_files.MOST_BYTES``.
        """
        from tutti.text.word_vector_files import read_word_vectors

        words, vectors = read_word_vectors(Path(path), limit=limit)
        return cls(words, vectors, name=Path(path).name)

    def save(self, path: Path | str) -> None:
        """Write them atomically: word2vec binary as ``.bin``, its text as ``.txt`` or ``.vec``; ``.gz`` on top.

        Raises:
            ConfigError: The name ends otherwise.
        """
        from tutti.text.word_vector_files import write_word_vectors

        write_word_vectors(Path(path), self.words, self.vectors)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return self.find(word) is not None

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        row = self.find(word)
        if row is None:
            raise unknown_name("word", word, [other for other in self.words[:20_000] if other[:1] == word[:1]][:200])
        vector: NDArray[np.float32] = self.vectors[row]
        return vector

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return int(self.vectors.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever a word or a vector does."""
        digest = hashlib.sha256("\n".join(self.words).encode("utf-8", "surrogatepass"))
        digest.update(self.vectors.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def keys(self) -> dict[str, int]:
        """Row of each plain key; of words that share one, such as Rock and rock, the most frequent."""
        rows: dict[str, int] = {}
        for row, word in enumerate(self.words):
            if "/" not in word:  # electronic/dance is no phrase
                rows.setdefault(key_of(word), row)
        rows.pop("", None)
        return rows

    def find(self, word: str) -> int | None:
        """The row of a word or phrase, however it is written; None where it is not in the vocabulary."""
        return self.keys.get(key_of(word))

    @cached_property
    def unit(self) -> NDArray[np.float32]:
        """The vectors brought to length 1; a vector of zeros, which says nothing, is NaN. Shape (words, embed_dim)."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        unit = np.full_like(self.vectors, np.nan)
        np.divide(self.vectors, lengths, out=unit, where=lengths > 0)
        return unit

    def nearest(self, vector: NDArray[np.float32], *, count: int = 10) -> list[tuple[str, float]]:
        """The words nearest to a vector with their cosines, best first."""
        similarity = np.nan_to_num(self.unit @ (vector / np.linalg.norm(vector)), nan=-1.0)
        best = np.argsort(-similarity, kind="stable")[:count]
        return [(self.words[row], float(similarity[row])) for row in best]

    def limited(self, n_words: int, *, keep: Iterable[str] = ()) -> WordVectors:
        """The most frequent words, and besides them those of ``keep`` that are known, in their order."""
        wanted = set(range(min(n_words, len(self))))
        wanted |= {row for word in keep if (row := self.find(word)) is not None}
        rows = sorted(wanted)
        return WordVectors([self.words[row] for row in rows], self.vectors[rows], name=self.name)
