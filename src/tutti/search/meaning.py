"""What the phrases of a query mean in a catalogue: which concepts to listen for, which names to look for.

A phrase is looked up as a label of the catalogue's models, in the thesaurus, among the words of titles, artists,
albums, file names and people's tags, by sentence vectors (where the text extra is installed) and by spelling, in this
order. How tracks are scored by a meaning is in ``tutti.search.ranking``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tutti.search.names import Names
from tutti.text.languages import foreign_script, has_no_spaces
from tutti.text.phrases import Phrase, kept_and_rejected, parse
from tutti.text.spelling import Spellings, forms
from tutti.text.thesaurus import Entry, Thesaurus, load_thesaurus
from tutti.text.vocabulary import Vocabulary

How = Literal["tag", "synonym", "description", "name", "sentence vectors", "spelling", "unheard", "unknown"]

# Cosine of MiniLM vectors below which two short phrases rarely mean the same (see docs/guides/search.md).
SIMILARITY_FLOOR = 0.6
SIMILARITY_MARGIN = 0.05
# A description of which no model hears at least this share would be another thing.
LEAST_COVERAGE = 0.3
N_REMEMBERED = 1_000  # phrases that are in no list


class Encoder(Protocol):
    """Turns phrases into unit vectors, where its weights are at hand."""

    @property
    def is_available(self) -> bool:
        """Whether it can be used."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors. Shape (phrases, dimensions)."""

    def encode_terms(self, terms: list[str]) -> NDArray[np.float32]:
        """The same of terms that are asked for at every start."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What one phrase of a query asks for.

    Attributes:
        phrase: In its plain form, as typed.
        is_negative: Whether its absence is asked for.
        how: By what way it was understood; ``unheard`` where no model can hear it, ``unknown`` where it is in no list.
        via: The known term that it was taken for, where that is another word.
        weights: Concepts to listen for, with weights from -1 to 1; empty where only names can match.
        same_tags: People's tags that mean just this.
        near_tags: People's tags that mean a kind of it.
        names: Phrases to look for in titles, artists, albums and file names.
        suggestions: Known words that are spelt a little like it, where it is unknown.
    """

    phrase: str
    is_negative: bool = False
    how: How
    via: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    same_tags: tuple[str, ...] = ()
    near_tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


class Interpreter:
    """Understands queries in the words of one catalogue.

    Args:
        vocabulary: What its models can hear.
        names: What its tracks are called.
        encoder: For phrases that are in no list; None does without.
        thesaurus: Of music.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        names: Names,
        *,
        encoder: Encoder | None = None,
        thesaurus: Thesaurus | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._names = names
        self._encoder = encoder
        self._thesaurus = thesaurus or load_thesaurus()
        self._likenesses: dict[str, Meaning] = {}
        self._term_vectors: tuple[list[str], NDArray[np.float32]] | None = None

    def interpret(self, query: str) -> tuple[Meaning, ...]:
        """What each phrase of a query means.

        Raises:
            QueryError: There is no word in it.
        """
        meanings = [self._meaning(phrase) for phrase in parse(query, self._is_known)]
        # Words that mean nothing next to each other may each be close to something.
        return tuple(part for meaning in meanings for part in self._in_pieces(meaning))

    def kept_and_rejected(self, query: str) -> tuple[str, str]:
        """What a query asks for and what it rejects, see :func:`tutti.text.phrases.kept_and_rejected`."""
        return kept_and_rejected(query, self._is_known)

    def _is_known(self, phrase: str) -> bool:
        in_lists = self._vocabulary.find(phrase) is not None or self._thesaurus.find(phrase) is not None
        return in_lists or phrase in self._names.phrases or (" " not in phrase and phrase in self._names.words)

    def _in_pieces(self, meaning: Meaning) -> list[Meaning]:
        words = meaning.phrase.split()
        if meaning.how not in ("unknown", "unheard") or len(words) == 1:
            return [meaning]
        return [self._meaning(Phrase(text=word, is_negative=meaning.is_negative)) for word in words]

    def _meaning(self, phrase: Phrase) -> Meaning:
        text = phrase.text
        by_sound = self._by_lists(text)
        if by_sound is None and self._is_named(phrase):
            by_sound = Meaning(phrase=text, how="name", same_tags=(text,))
        if by_sound is None:
            by_sound = self._by_likeness(text)
        # "instrumental" is the absence of vocals, asked for: a negative phrase.
        is_absence = by_sound.weights != {} and all(weight < 0 for weight in by_sound.weights.values())
        weights = {name: -weight for name, weight in by_sound.weights.items()} if is_absence else by_sound.weights
        return replace(
            by_sound,
            is_negative=phrase.is_negative != is_absence,
            weights=weights,
            names=() if is_absence else (by_sound.names or (text,)),
        )

    def _is_named(self, phrase: Phrase) -> bool:
        text = phrase.text
        is_word = " " not in text and text in self._names.words
        may_be_inside = phrase.is_quoted or has_no_spaces(text)
        return is_word or text in self._names.phrases or (may_be_inside and self._is_in_a_name(text))

    def _is_in_a_name(self, text: str) -> bool:
        return any(bool(flags.any()) for flags in self._names.containing(text).values())

    def _by_lists(self, text: str) -> Meaning | None:
        """As a label, or by the thesaurus; None where it is in neither, or where no model hears what it means."""
        sense = self._thesaurus.find(text)
        labelled = self._vocabulary.find(text)
        if labelled is not None:
            concept, is_absence = labelled
            how: How = "tag" if concept.name in forms(text) else "synonym"
            return self._sounding(
                {concept.name: -1.0 if is_absence else 1.0}, text, how, sense.entry if sense else None
            )
        # Who types "chopin" wants Chopin; only where there is none of his, something like it.
        if sense is None or (sense.relation == "maker" and self._is_in_a_name(text)):
            return None
        entry = sense.entry
        sign = -1.0 if sense.relation == "absent" else 1.0
        if entry.term in self._vocabulary:
            return self._sounding({entry.term: sign}, text, "synonym", entry)
        weights = self._heard_part(entry)
        if weights is None:
            return None
        return self._sounding({name: sign * weight for name, weight in weights.items()}, text, "description", entry)

    def _heard_part(self, entry: Entry) -> dict[str, float] | None:
        """The part of a description that the models can hear; None where too much is missing."""
        weights = {name: weight for name, weight in entry.means.items() if name in self._vocabulary}
        wanted = sum(max(weight, 0) for weight in entry.means.values())
        heard = sum(max(weight, 0) for weight in weights.values())
        return weights if heard and heard >= LEAST_COVERAGE * wanted else None

    def _sounding(self, weights: dict[str, float], text: str, how: How, entry: Entry | None) -> Meaning:
        via = next(iter(weights)) if how == "synonym" else (entry.term if entry else None)
        near: tuple[str, ...] = ()
        same: tuple[str, ...] = (text,)
        if entry is not None and (text in forms(entry.term) or text in entry.same):
            same, near = (entry.term, text, *entry.same), entry.near
        return Meaning(
            phrase=text,
            how=how,
            via=None if via in forms(text) else via,
            weights=weights,
            same_tags=same,
            near_tags=near,
        )

    def _by_likeness(self, text: str) -> Meaning:
        """By spelling where it is nearly right, else by sentence vectors."""
        if text not in self._likenesses:
            if len(self._likenesses) >= N_REMEMBERED:
                self._likenesses.clear()
            self._likenesses[text] = self._found_alike(text)
        return self._likenesses[text]

    def _found_alike(self, text: str) -> Meaning:
        sense = self._thesaurus.find(text)
        # A term of music that no model here can hear is no misspelling of another.
        found = (self._by_spelling(text) if sense is None else None) or self._by_vectors(text)
        if found is not None:
            return found
        if sense is not None:
            return Meaning(phrase=text, how="unheard", via=sense.entry.term)
        suggestions = self._spellings.reminiscent(text)
        return Meaning(phrase=text, how="unknown", suggestions=tuple(suggestions))

    @cached_property
    def _sounds(self) -> Spellings:
        """What can be heard."""
        return Spellings({*self._vocabulary.concepts, *self._thesaurus.names})

    @cached_property
    def _spellings(self) -> Spellings:
        """Everything that is known by name."""
        names = self._names.words | self._names.phrases
        return Spellings({*self._vocabulary.concepts, *self._thesaurus.names, *names})

    def _by_spelling(self, text: str) -> Meaning | None:
        # What can be heard goes before what something is called.
        known = self._sounds.corrected(text) or self._spellings.corrected(text)
        if known is None:
            return None
        meant = self._by_lists(known) or Meaning(phrase=text, how="name", same_tags=(known,))
        return replace(meant, phrase=text, how="spelling", via=known, names=(known,))

    def _by_vectors(self, text: str) -> Meaning | None:
        if self._encoder is None or not len(self._vocabulary) or not self._encoder.is_available:
            return None
        if foreign_script(text) is not None:  # of which an encoder of English knows no more than its name: "korean"
            return None
        if self._term_vectors is None:
            terms = sorted({*self._vocabulary.concepts, *self._thesaurus.names})
            terms = [term for term in terms if self._by_lists(term) is not None]
            self._term_vectors = terms, self._encoder.encode_terms(terms)
        terms, vectors = self._term_vectors
        similarity = vectors @ self._encoder.encode([text])[0]
        best = float(similarity.max())
        if best < SIMILARITY_FLOOR:
            return None
        order = np.argsort(-similarity, kind="stable")
        chosen = [int(index) for index in order[:3] if similarity[index] > best - SIMILARITY_MARGIN]
        weights: dict[str, float] = {}
        for index in chosen:
            meant = self._by_lists(terms[index])
            assert meant is not None
            for name, weight in meant.weights.items():
                weights[name] = weights.get(name, 0.0) + weight * float(similarity[index])
        via = ", ".join(terms[index] for index in chosen)
        return Meaning(phrase=text, how="sentence vectors", via=via, weights=weights, same_tags=(text,))
