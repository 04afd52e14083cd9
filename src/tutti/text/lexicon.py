"""A lexicon: names of music, each with what it means as weights over concepts that can be heard.

A name that is in the lexicon means what stands there; any other text means what the names nearest to it in the eyes of
a sentence encoder mean. The names and their meanings come from the thesaurus (:func:`meanings_of`). How a text is taken
apart before it is looked up is ``tutti.models.concept_reader``'s matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.text.spelling import forms, plain
from tutti.text.thesaurus import Entry, Thesaurus, load_thesaurus
from tutti.text.vocabulary import Vocabulary

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Lexicon:
    """Names with their meanings and sentence vectors.

    Attributes:
        names: Plain.
        concepts: What meanings are weights of.
        meanings: Of length 1. Shape (names, concepts).
        vectors: Of a sentence encoder, of length 1. Shape (names, dimensions).
    """

    names: tuple[str, ...]
    concepts: tuple[str, ...]
    meanings: Floats
    vectors: Floats

    def __post_init__(self) -> None:
        if self.meanings.shape != (len(self.names), len(self.concepts)) or len(self.vectors) != len(self.names):
            raise ShapeError(
                f"{len(self.names)} names of {len(self.concepts)} concepts have meanings {self.meanings.shape} and "
                f"vectors {self.vectors.shape}",
                hint="give a row of each to every name",
            )

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def find(self, phrase: str) -> Floats | None:
        """What a plain phrase means, in the singular or the plural; None where it is no name. Shape (concepts,)."""
        row = next((self._rows[form] for form in forms(phrase) if form in self._rows), None)
        return None if row is None else self.meanings[row]

    def nearest(self, vectors: Floats, *, temperature: float) -> tuple[Floats, Floats]:
        """What texts mean by the names nearest to them: the mean of meanings, weighted by a softmax of cosines.

        Args:
            vectors: Of the same sentence encoder, of length 1. Shape (texts, dimensions).
            temperature: Of the softmax; the smaller, the fewer names count.

        Returns:
            Meanings, shape (texts, concepts), and the cosine of each text with its nearest name, shape (texts,).
        """
        cosines = vectors @ self.vectors.T
        best = cosines.max(axis=1)
        weights = np.exp((cosines - best[:, None]) / temperature)
        return (weights @ self.meanings) / weights.sum(axis=1, keepdims=True), best

    def without(self, names: Sequence[str]) -> Lexicon:
        """The same without some names, as if they had never been thought of."""
        left_out = set(names)
        kept = np.array([name not in left_out for name in self.names], dtype=np.bool_)
        return Lexicon(
            names=tuple(name for name in self.names if name not in left_out),
            concepts=self.concepts,
            meanings=self.meanings[kept],
            vectors=self.vectors[kept],
        )


def meanings_of(vocabulary: Vocabulary, thesaurus: Thesaurus | None = None) -> dict[str, Floats]:
    """Every name of the thesaurus and of the vocabulary's concepts, with its meaning, of length 1.

    A term that the vocabulary has means itself; any other what the thesaurus says it sounds like, as far as the
    vocabulary goes. Names of an absence mean the opposite. Names of which nothing can be heard are left out.

    Args:
        vocabulary: The concepts that can be heard, in the order of the weights.
        thesaurus: Of music.
    """
    concepts = tuple(vocabulary.concepts)
    found: dict[str, Floats] = {}
    for entry in (thesaurus or load_thesaurus()).entries:
        meaning = _unit(_heard(entry, vocabulary), concepts)
        if meaning is None:
            continue
        for name in (plain(entry.term), *entry.same, *entry.near, *entry.makers):
            found.setdefault(name, meaning)
        for name in entry.absent:
            found.setdefault(name, -meaning)
    for concept in concepts:
        own = _unit({concept: 1.0}, concepts)
        assert own is not None
        found[plain(concept)] = own
    return found


def _heard(entry: Entry, vocabulary: Vocabulary) -> Mapping[str, float]:
    return {entry.term: 1.0} if entry.term in vocabulary else entry.means


def _unit(weights: Mapping[str, float], concepts: Sequence[str]) -> Floats | None:
    meaning = np.array([weights.get(concept, 0.0) for concept in concepts], dtype=np.float32)
    length = float(np.linalg.norm(meaning))
    return meaning / length if length > 0 else None
