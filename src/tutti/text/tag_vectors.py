"""Any tag or query to a vector, also where it is no word of the vocabulary: plural, synonym, acronym, misspelling.

A :class:`WordReader` reads texts: :class:`VocabularyReader` by word vectors, :class:`SentenceReader` by a sentence
encoder behind the same interface. Each tag tells how it was understood; what cannot be understood is NaN and told,
never zeros. Both read other forms of tags that a space learned from as these tags. Else a tag is looked up in word
vectors in this order: as it is and in its other number, unless it is an acronym whose vector lies far from what it
stands for in music; as an acronym; as its words where all are known; as another name of the same thing in the
thesaurus; by spelling; as a kind of something in the thesaurus; by the thesaurus's description; and as those of its
words that are known.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.text.acronyms import spelled_out
from tutti.text.known_tags import KnownTags, OtherForm, corrected_phrase
from tutti.text.sentences import SentenceEncoder
from tutti.text.spelling import SHORTEST_CORRECTED, forms, plain
from tutti.text.thesaurus import Thesaurus, load_thesaurus
from tutti.text.word_vectors import WordVectors

# fmt: off
How = Literal[
    "word", "phrase", "form", "acronym", "words", "synonym", "spelling", "near", "description", "some words",
    "sentence", "unknown",
]
# fmt: on
BETWEEN_TAGS = re.compile(r"[,;|/\n\t]+")
# Words of a tag, and of a query, at most; what is longer is prose, in which no word is corrected or replaced.
LONGEST_TAG, LONGEST_QUERY = 6, 40
N_REMEMBERED = 65_536  # tags whose reading is kept
LONGEST_PHRASE = 4  # words that a vocabulary has as one, such as drum and bass
# Of a large vocabulary only so many words, the most frequent, are what somebody may have meant to spell.
N_SPELLED = 20_000
# Cosine between an acronym and the mean of its words from which on it means the music: of GloVe's vectors, dj has 0.54
# and psytrance 0.55, edm 0.19 and dnb, which is a bank, -0.04.
ACRONYM_FLOOR = 0.4
# Of a description, terms of a smaller weight say too little, and less than this share of it would be another thing.
LEAST_WEIGHT, LEAST_COVERAGE = 0.5, 0.3
# fmt: off
SMALL_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or",
    "some", "that", "the", "this", "to", "very", "was", "were", "with",
))
# fmt: on


@dataclass(frozen=True, kw_only=True)
class TagReading:
    """How one tag was understood.

    Attributes:
        tag: In its plain form.
        how: ``word`` or ``phrase`` of the vocabulary; its other ``form`` (number, spaces); an ``acronym``, by what it
            stands for; its ``words`` one by one, or ``some words`` of them; a ``synonym``, something ``near``, or the
            ``description``, of the thesaurus; by ``spelling``; as a ``sentence``; ``unknown``.
        via: The words of the vocabulary that were read.
        left_out: Words that are not known, and were not read.
    """

    tag: str
    how: How
    via: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        """In words, such as ``saxaphone: saxophone (spelling)``."""
        told = f"{self.tag}: {' + '.join(self.via)} ({self.how})" if self.via else f"{self.tag}: {self.how}"
        return f"{told}, without {', '.join(self.left_out)}" if self.left_out else told


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reader made of a text.

    Attributes:
        text: As it came.
        vector: Of length 1, unless the reader leaves lengths as they are; NaN where nothing was understood.
        tags: How each tag of it was understood.
    """

    text: str
    vector: NDArray[np.float32]
    tags: tuple[TagReading, ...]

    @property
    def is_known(self) -> bool:
        """Whether anything of it was understood."""
        return bool(np.isfinite(self.vector).all())

    @property
    def explanation(self) -> str:
        """How it was understood, in words."""
        return "; ".join(tag.explanation for tag in self.tags) or "there is no word in it"

    @property
    def problem(self) -> str:
        """What was not understood, in words; empty where everything was."""
        unknown = [tag.tag for tag in self.tags if tag.how == "unknown"]
        unknown += [word for tag in self.tags for word in tag.left_out]
        if not self.tags:
            return "there is no word in it"
        return f"not known: {', '.join(dict.fromkeys(unknown))}" if unknown else ""


class WordReader(Protocol):
    """Texts to vectors, one at a time, whatever their company."""

    @property
    def name(self) -> str:
        """Of the vectors."""

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever what it makes of a text may do so."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """A reading of each text."""


def vectors_of(readings: Sequence[Reading], *, embed_dim: int) -> NDArray[np.float32]:
    """The vectors of readings, NaN where nothing was understood. Shape (readings, embed_dim)."""
    return np.stack([one.vector for one in readings]) if readings else np.empty((0, embed_dim), dtype=np.float32)


def merged(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of unit vectors of one text, brought to length 1: several tags at once. Shape (embed_dim,).

    Raises:
        ShapeError: There are none.
    """
    if not len(vectors):
        raise ShapeError("there are no vectors to merge", hint="give one or more")
    return _unit(vectors.mean(axis=0))


class SentenceReader:
    """A :class:`WordReader` that takes each text as a sentence; a sentence encoder knows a part of every word.

    What it must put together of parts may be misspelt: where it is nearly a term of music, this is read.

    Args:
        sentences: The encoder.
        tags: Such as those that a space learned from: another form, another name or a misspelling of one of them is
            read as this tag.
    """

    def __init__(self, sentences: SentenceEncoder, *, tags: Sequence[str] = ()) -> None:
        self.sentences = sentences
        self._tags = KnownTags(tags)
        self._terms = load_thesaurus().names

    @property
    def name(self) -> str:
        """Of the vectors."""
        return "sentence vectors"

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.sentences.embed_dim

    @property
    def fingerprint(self) -> str:
        """Of the encoder and the tags."""
        return _fingerprint(self.sentences.fingerprint, self._tags.tags)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """See the protocol; a text without a letter or digit is unknown."""
        rows = [row for row, text in enumerate(texts) if plain(text)]
        meant = {row: self._meant(plain(texts[row])) for row in rows}
        made = self.sentences.encode([tag[1] if (tag := meant[row]) else texts[row] for row in rows])
        vectors = np.full((len(texts), self.embed_dim), np.nan, dtype=np.float32)
        vectors[rows] = made
        told = {row: self._told(plain(texts[row]), meant[row]) for row in rows}
        return [Reading(text=text, vector=vectors[row], tags=told.get(row, ())) for row, text in enumerate(texts)]

    def _meant(self, text: str) -> tuple[OtherForm, str] | None:
        """The tag or term that a short text is another form of."""
        if text.count(" ") >= LONGEST_TAG:
            return None
        is_word = self.sentences.knows(text)
        known = self._tags.find(text, is_word=is_word)
        if known is not None or is_word or text in self._terms:
            return known
        term = corrected_phrase(text, self._terms)
        return ("spelling", term) if term is not None else None

    @staticmethod
    def _told(text: str, meant: tuple[OtherForm, str] | None) -> tuple[TagReading, ...]:
        return (TagReading(tag=text, how=meant[0], via=(meant[1],)) if meant else TagReading(tag=text, how="sentence"),)


class VocabularyReader:
    """A :class:`WordReader` by word vectors.

    Args:
        vectors: Words with their vectors.
        thesaurus: Of music; None takes the one of this package.
        is_unit: Whether vectors are brought to length 1, each word's before words are averaged, and the text's at the
            end; otherwise they stay as they were learned.
        tags: Such as those that a space learned from: another form, another name or a misspelling of one of them is
            read as this tag, even where it is a word of the vocabulary too.
    """

    def __init__(
        self,
        vectors: WordVectors,
        *,
        thesaurus: Thesaurus | None = None,
        is_unit: bool = True,
        tags: Sequence[str] = (),
    ) -> None:
        self.vectors = vectors
        self.is_unit = is_unit
        self._thesaurus = thesaurus or load_thesaurus()
        self._tags = KnownTags(tags, self._thesaurus)
        self._understood: dict[tuple[str, bool], TagReading] = {}

    @property
    def name(self) -> str:
        """Of the vectors."""
        return self.vectors.name

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.vectors.embed_dim

    @property
    def fingerprint(self) -> str:
        """Of the vectors and the tags, and whether lengths count."""
        return _fingerprint(self.vectors.fingerprint, [str(self.is_unit), *self._tags.tags])

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """See the protocol. Commas, semicolons and slashes stand between tags, of which the mean is taken."""
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> Reading:
        parts = [tag for part in BETWEEN_TAGS.split(text) if (tag := plain(part))]
        is_prose = sum(tag.count(" ") + 1 for tag in parts) > LONGEST_QUERY
        tags = tuple(self._understand(tag, is_prose or tag.count(" ") >= LONGEST_TAG) for tag in parts)
        found = [self._vector(tag) for tag in tags if tag.via]
        vector = np.full(self.embed_dim, np.nan, dtype=np.float32)
        if found:
            vector = merged(np.stack(found)) if self.is_unit else np.mean(found, axis=0)
        return Reading(text=text, vector=vector, tags=tags)

    def _vector(self, tag: TagReading) -> NDArray[np.float32]:
        source = self.vectors.unit if self.is_unit else self.vectors.vectors
        some = source[[self.vectors.keys[word] for word in tag.via]]
        return merged(some) if self.is_unit else some.mean(axis=0)

    def _understand(self, tag: str, is_prose: bool) -> TagReading:
        known = self._understood.get((tag, is_prose))
        if known is None:
            ways = [
                self._as_known_tag,
                *(self._as_it_is, self._as_acronym, self._as_words, self._as_synonym, self._as_spelt, self._as_near),
                *(self._as_described, self._as_some_words),
            ]
            if is_prose:
                ways = [self._as_known_words]
            found = next((found for way in ways if (found := way(tag)) is not None), None)
            known = found or TagReading(tag=tag, how="unknown")
            if len(self._understood) >= N_REMEMBERED:
                self._understood.clear()
            self._understood[tag, is_prose] = known
        return known

    def _as_known_tag(self, tag: str) -> TagReading | None:
        found = self._tags.find(tag, is_word=self._key(tag) is not None)
        via = self._words(plain(found[1])) if found else ()
        return TagReading(tag=tag, how=found[0], via=via) if found and via else None

    def _key(self, phrase: str) -> str | None:
        """The vocabulary's key of a plain phrase, of its other number, or of it without or with other spaces."""
        for form in forms(phrase):
            if self._says(form):
                return form
        joined = phrase.replace(" ", "")
        if joined != phrase and len(joined) > 3 and self._says(joined):
            return joined
        return None

    def _says(self, key: str) -> bool:
        row = self.vectors.keys.get(key)
        return row is not None and bool(self.vectors.vectors[row].any())

    def _as_it_is(self, tag: str) -> TagReading | None:
        key = self._key(tag)
        if key is None or self._is_another_thing(tag, key):
            return None
        how: How = "form" if key != tag else ("phrase" if " " in tag else "word")
        return TagReading(tag=tag, how=how, via=(key,))

    def _is_another_thing(self, tag: str, key: str) -> bool:
        """Whether an acronym stands for something else in the vocabulary than in music."""
        long = self._words(spelled_out(tag) or "")
        if not long:
            return False
        unit, rows = self.vectors.unit, self.vectors.keys
        return bool(unit[rows[key]] @ merged(unit[[rows[word] for word in long]]) < ACRONYM_FLOOR)

    def _as_acronym(self, tag: str) -> TagReading | None:
        via = self._words(spelled_out(tag) or "")
        return TagReading(tag=tag, how="acronym", via=via) if via else None

    def _as_synonym(self, tag: str) -> TagReading | None:
        sense = self._thesaurus.find(tag)
        if sense is None or sense.relation != "same":
            return None
        via = self._first_known((sense.entry.term, *sense.entry.same))
        return TagReading(tag=tag, how="synonym", via=via) if via else None

    def _first_known(self, names: Sequence[str]) -> tuple[str, ...]:
        """Keys of the first name of which all words are known, acronyms last."""
        ordered = sorted(map(plain, names), key=lambda name: spelled_out(name) is not None)
        return next((found for name in ordered if (found := self._words(name))), ())

    def _words(self, phrase: str) -> tuple[str, ...]:
        """Keys of a phrase's pieces where all of them are known, longest pieces first."""
        pieces = list(self._pieces(phrase))
        known = tuple(key for _, key in pieces if key is not None)
        return known if len(known) == len(pieces) else ()

    def _pieces(self, phrase: str) -> Iterator[tuple[str, str | None]]:
        """Parts of a phrase that are keys, longest first from the left, and words that are none; no small words."""
        words = phrase.split()
        is_small = all(word in SMALL_WORDS for word in words)  # the band "The The"
        at = 0
        while at < len(words):
            for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
                piece = " ".join(words[at : at + length])
                if length > 1 and self._says(piece):
                    yield piece, piece
                    break
            else:
                if is_small or piece not in SMALL_WORDS:
                    yield piece, self._key(piece)
            at += length

    def _as_words(self, tag: str) -> TagReading | None:
        via = self._words(tag)
        return TagReading(tag=tag, how="words", via=via) if via else None

    def _as_spelt(self, tag: str) -> TagReading | None:
        term = corrected_phrase(tag, self._terms) or self._corrected_word(tag)
        if term is None:
            return None
        meant = self._as_it_is(term) or self._as_words(term) or self._as_synonym(term) or self._as_near(term)
        return TagReading(tag=tag, how="spelling", via=meant.via) if meant is not None else None

    def _corrected_word(self, word: str) -> str | None:
        return None if " " in word else corrected_phrase(word, self._spelled.get(word[:1], ()))

    @cached_property
    def _terms(self) -> tuple[str, ...]:
        """Terms of music of which something is known."""
        return tuple(name for name in self._thesaurus.names if self._key(name) or self._words(name))

    @cached_property
    def _spelled(self) -> dict[str, list[str]]:
        """The most frequent words by their first letter."""
        by_letter: dict[str, list[str]] = {}
        for word in list(self.vectors.keys)[:N_SPELLED]:
            if len(word) >= SHORTEST_CORRECTED and word.isalpha():
                by_letter.setdefault(word[0], []).append(word)
        return by_letter

    def _as_near(self, tag: str) -> TagReading | None:
        sense = self._thesaurus.find(tag)
        if sense is None or sense.relation not in ("near", "maker"):
            return None
        via = self._first_known((sense.entry.term, *sense.entry.same))
        return TagReading(tag=tag, how="near", via=via) if via else None

    def _as_described(self, tag: str) -> TagReading | None:
        """By the stronger terms of the thesaurus's description, where enough of them are known."""
        sense = self._thesaurus.find(tag)
        if sense is None or sense.relation == "absent":
            return None
        strong = {plain(term): weight for term, weight in sense.entry.means.items() if weight >= LEAST_WEIGHT}
        known = {term: found for term in strong if (found := self._words(term))}
        if not known or sum(strong[term] for term in known) < LEAST_COVERAGE * sum(strong.values()):
            return None
        via = tuple(dict.fromkeys(key for found in known.values() for key in found))
        return TagReading(tag=tag, how="description", via=via)

    def _as_some_words(self, tag: str) -> TagReading | None:
        return self._by_words(tag, (self._as_acronym, self._as_synonym, self._as_spelt, self._as_near))

    def _as_known_words(self, tag: str) -> TagReading | None:
        return self._by_words(tag, ())

    def _by_words(self, tag: str, ways: Sequence[Callable[[str], TagReading | None]]) -> TagReading | None:
        """The words that are known, and others in the first of some ways that leads somewhere."""
        via: list[str] = []
        left_out: list[str] = []
        for piece, key in self._pieces(tag):
            meant = None if key is not None else next((found for way in ways if (found := way(piece))), None)
            if key is None and meant is None:
                left_out.append(piece)
            via += [key] if key is not None else (meant.via if meant else ())
        if not via:
            return None
        how: How = "some words" if left_out else "words"
        return TagReading(tag=tag, how=how, via=tuple(via), left_out=tuple(left_out[:10]))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of length 1; opposite vectors, whose sum says nothing, give NaN."""
    length = float(np.linalg.norm(vector))
    return (vector / length if length > 1e-6 else np.full_like(vector, np.nan)).astype(np.float32)


def _fingerprint(vectors: str, tags: Sequence[str]) -> str:
    told = json.dumps([vectors, *tags], ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
