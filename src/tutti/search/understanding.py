"""What a query asks of a catalogue: its terms as parts that are scored, and what is to be said of them.

A term of words becomes phrases, which tags and names answer (``meaning``), and a sentence, which points answer where
the catalogue has a space that reads texts; the two share the term's weight. All points of a query are blended into one
part (``blending``). Ranking is done in ``ranking``; reading the tables in ``corpus``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tutti.errors import QueryError, TuttiError, unknown_name
from tutti.search.blending import blended, is_near, score_blend
from tutti.search.calibration import Calibration
from tutti.search.corpus import Corpus
from tutti.search.diversity import pool_size
from tutti.search.examples import Listener
from tutti.search.heard_sounds import HEARD, HeardSounds, heard_points, hint_to_place
from tutti.search.lyrics import Lyrics, score_lyrics
from tutti.search.meaning import Interpreter, Meaning
from tutti.search.pointing import Loader, Placer, Pointed, Pointer
from tutti.search.points.nearest import at_once
from tutti.search.points.predicted_points import DEFAULT_SPACE
from tutti.search.points.space_points import SpacePoints
from tutti.search.ranking import Flags, Part, score_meaning
from tutti.search.shortlists import note_of, shortlist
from tutti.search.terms import KINDS, Query, Term
from tutti.text.documents import decoded
from tutti.text.languages import foreign_language, foreign_script
from tutti.text.phrases import LONGEST_QUERY

WORDS = "words"
# Of a term of words, what its sentence counts where it has a point; its phrases share the rest. Of 0.25 to 0.9, tried
# on 47 captions, 0.75 found most.
SENTENCE_SHARE = 0.75
# Of longer texts only tags are taken apart: what a story mentions by the way is no title and no name.
LONGEST_SENTENCE = 300  # characters
LONGEST_LIST = 12  # words of a file; what is longer tells a story, and is read as a whole
MOST_BYTES = 2_000_000
# A description of so many phrases that are understood is answered by nearness too; a tag or two by tags alone.
FEWEST_PHRASES = 3
SHORTLISTED = 4  # times as many tracks as are looked at, since some of them are no hits
TOLD_BY_LISTS = ("tag", "synonym", "description")


@dataclass(kw_only=True)
class Understood:
    """A query, taken apart and scored.

    Attributes:
        barred: Tracks that cannot be hits, since the query itself names them. Shape (tracks,).
        parts: That tracks are ranked by.
        meanings: Of its phrases, also of those that mean nothing.
        points: The space in which its points lie; None where it has none.
        words: What was typed or read, to be found again in the tracks' texts.
        notes: What to know of it.
        is_shortlisted: Whether an index chose which tracks were compared.
        is_read_whole: Whether a sentence has a point, beside what its phrases mean.
    """

    barred: Flags
    parts: list[Part] = field(default_factory=list)
    meanings: list[Meaning] = field(default_factory=list)
    points: SpacePoints | None = None
    words: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_shortlisted: bool = False
    is_read_whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Senses:
    """What it takes to understand terms of every kind.

    Attributes:
        interpreter: Of phrases.
        lyrics: Gives the catalogue's lyrics; called when a term first asks for them.
        loader: Finds a space's model.
        listener: Hears a sound file as the catalogue's models do.
        reads_sentences: Whether the words of a query have a point, where a space reads texts.
    """

    interpreter: Interpreter
    lyrics: Callable[[], Lyrics]
    loader: Loader
    listener: Listener
    reads_sentences: bool = True


class Understanding:
    """Understands queries to one catalogue.

    Args:
        corpus: The catalogue.
        senses: Of words, sounds and spaces.
    """

    def __init__(self, corpus: Corpus, senses: Senses) -> None:
        self._corpus = corpus
        self._senses = senses
        self._placers: dict[str, Placer] = {}
        self._pointers: dict[str, Pointer] = {}

    def understand(self, query: Query, *, candidates: Flags | None = None) -> Understood:
        """The parts of a query, each scored for all tracks.

        Args:
            query: As it was asked.
            candidates: Tracks that may be hits, where it is enough to score those of them that are probably best; all
                tracks are scored when None. Shape (tracks,).

        Raises:
            QueryError: A term makes no sense here, or all weights are 0.
            UnknownNameError: Nothing is called as a term says.
            CatalogueError: The catalogue has no points of the space that is asked for.
            AudioError: A sound cannot be heard.
            ImageError: A picture cannot be read.
        """
        self._check_weights(query)
        found = Understood(barred=np.zeros(len(self._corpus), dtype=bool))
        pointed = [one for term in query.terms for one in self._of_term(term, query, found)]
        found.notes += [one.remark for one in pointed if one.remark]
        for one in pointed:
            if one.is_negative or one.how in ("track", "sound"):
                found.barred |= self._corpus.copies_of(one.rows)
        if pointed:
            self._blend(pointed, query, found, candidates)
        return found

    def _of_term(self, term: Term, query: Query, found: Understood) -> list[Pointed]:
        if term.kind == "words":
            return self._of_words(term, term.value, query, found)
        if term.kind == "lyrics":
            return self._of_lyrics(term, query, found)
        if term.kind == "text":
            text = read_story(Path(term.value))
            if len(text.split()) <= LONGEST_LIST:
                return self._of_words(term, text, query, found)
            self._note_language(text, found)
            found.words.append(text)
            return [self._pointer(query.space).of_story(text, term)]
        return [self._pointer(query.space).of_term(term)]

    # Words

    def _of_words(self, term: Term, text: str, query: Query, found: Understood) -> list[Pointed]:
        check_size(text.encode("utf-8", "replace"), what="the query")
        self._note_language(text, found)
        found.notes += notes_of_kinds(text)
        if not term.is_negative:
            found.words.append(text)
        has_reader = self._has_reader(query.space)
        meanings = self._meanings(text, has_point=has_reader)
        signed = [replace(one, is_negative=one.is_negative != term.is_negative) for one in meanings]
        heard = [one for one in signed if one.how not in ("unheard", "unknown")]
        pointed, parts = at_once(
            lambda: self._sentences(term, text, meanings, query, found) if has_reader else [],
            lambda: [score_meaning(one, self._corpus) for one in heard],
        )
        found.is_read_whole |= bool(pointed)
        asking = sum(part.weight for part in parts if not part.is_negative)
        weight = term.weight * query.weights.get(WORDS, 1.0)
        if pointed and not weight:
            found.notes += _notes_of_idle_tags(heard)
        share = weight * (1 - SENTENCE_SHARE if pointed else 1.0) / (asking or 1.0)
        found.meanings += signed
        # What is rejected is no part of the sentence, and shares its weight with nothing.
        weighted = [replace(part, importance=weight if part.is_negative else share) for part in parts]
        found.parts += [part for part in weighted if weight]
        return pointed

    def _meanings(self, text: str, *, has_point: bool) -> tuple[Meaning, ...]:
        if has_point and len(text) > LONGEST_QUERY:
            return ()
        meanings = self._senses.interpreter.interpret(text)
        if has_point and len(text) > LONGEST_SENTENCE:
            return tuple(one for one in meanings if one.how in TOLD_BY_LISTS)
        return meanings

    def _sentences(
        self, term: Term, text: str, meanings: Sequence[Meaning], query: Query, found: Understood
    ) -> list[Pointed]:
        """What a text asks for and what it rejects, as points; names mean nothing to a sentence encoder."""
        kept, rejected = text, ""
        if len(text) <= LONGEST_QUERY:
            kept, rejected = self._senses.interpreter.kept_and_rejected(text)
        for one in meanings:
            is_told = one.is_negative and bool(one.weights)
            if one.how == "name" or is_told:
                kept, rejected = (_without(one.phrase, words) for words in (kept, rejected))
            if is_told and not query.weights.get(WORDS, 1.0):  # otherwise tags tell it, and better than points
                rejected = ", ".join([rejected, *one.weights]).strip(", ")
        signed = ((kept, term.is_negative), (rejected, not term.is_negative))
        weight = term.weight * SENTENCE_SHARE
        try:
            pointer = self._pointer(query.space)
            pointed = [
                pointer.of_sentence(words, weight=weight, is_negative=is_negative)
                for words, is_negative in signed
                if any(letter.isalpha() for letter in words) and foreign_script(words) is None
            ]
        except TuttiError as error:
            if query.space is not None or len(text) > LONGEST_QUERY:
                raise
            found.notes.append(f"words are looked up by tags and names alone: {error.message}")
            return []
        return [one for one in pointed if one is not None]

    def _has_reader(self, name: str | None) -> bool:
        """Whether sentences have points in the space."""
        if not self._senses.reads_sentences or not (name or self._corpus.spaces()):
            return False
        points = self._corpus.points(self._space(name))
        return bool(points.modalities) and "text" in points.record.modalities

    def _of_lyrics(self, term: Term, query: Query, found: Understood) -> list[Pointed]:
        found.words.append(term.value)
        part = score_lyrics(term, self._senses.lyrics())
        weight = query.weights.get(WORDS, 1.0)
        if not weight:
            found.notes.append(f"{term} counts nothing: the weight of words is 0")
        else:
            found.parts.append(replace(part, importance=part.importance * weight))
        return []

    def _note_language(self, text: str, found: Understood) -> None:
        language = foreign_language(text[:LONGEST_QUERY])
        if language is not None:
            found.notes.append(
                f"this looks like {language}: the sentence encoder reads English; words are still looked up as names "
                "and tags"
            )

    # Points

    def _blend(self, pointed: Sequence[Pointed], query: Query, found: Understood, candidates: Flags | None) -> None:
        points = self._pointer(query.space).points
        if not points.modalities:
            raise QueryError(
                f"no track has a point in the space {points.record.space}",
                hint=hint_to_place(points.record.space, self._corpus),
            )
        found.points = points
        if not any(query.weights.get(one, 1.0) for one in points.modalities):
            if not found.parts:
                found.notes.append(f"points count nothing: the weights of {', '.join(points.modalities)} are 0")
            return
        rows = None
        if candidates is not None and not found.parts:  # all that decides is points
            rows = shortlist(pointed, points, candidates & ~found.barred, count=SHORTLISTED * pool_size(query.k))
        if rows is not None:
            found.is_shortlisted = True
            found.notes.append(note_of(points, rows))
        blend = blended(pointed, points, query.weights, shortlist=rows)
        # Where tags and names answer a sentence, they decide what it finds, unless it says more than they can tell.
        n_answered = sum(part.how == "words" and not part.is_negative for part in found.parts)
        wanted = [place for place, one in enumerate(pointed) if not one.is_negative]
        asked = [place for place in wanted if not n_answered or pointed[place].how != "sentence"]
        says_more = n_answered >= FEWEST_PHRASES and len(asked) < len(wanted)
        present = ~np.isnan(blend.total)
        if asked:
            present &= is_near(blend, self._calibration(points), asked)
        elif says_more:
            present &= blend.total > 0
        unwanted = [place for place, one in enumerate(pointed) if one.is_negative and one.asked == "text"]
        found.barred |= is_near(blend, self._calibration(points), unwanted)
        factor = sum(query.weights.get(one, 1.0) for one in points.modalities) / len(points.modalities)
        part = score_blend(blend, present=present, counts=bool(asked), suffices=says_more and not asked, factor=factor)
        found.parts.append(part)
        self._note_missing(points, blend.modalities, found)

    def _note_missing(self, points: SpacePoints, modalities: Sequence[str], found: Understood) -> None:
        n_missing = int(np.logical_and.reduce([~points.present(one) for one in modalities]).sum())
        if n_missing:
            how = hint_to_place(points.record.space, self._corpus)
            tracks = "1 track has" if n_missing == 1 else f"{n_missing} tracks have"
            found.notes.append(f"{tracks} no point in {points.record.space}; {how}")

    def _space(self, name: str | None) -> str:
        known = self._corpus.spaces()
        if name is not None:
            return name
        return DEFAULT_SPACE if DEFAULT_SPACE in known else known[0] if known else HEARD

    def _pointer(self, name: str | None) -> Pointer:
        space = self._space(name)
        if space not in self._pointers:
            points = heard_points(self._corpus) if space == HEARD else self._corpus.points(space)
            self._pointers[space] = Pointer(self._corpus, points, lambda: self._placer(space))
        return self._pointers[space]

    def _placer(self, space: str) -> Placer:
        if space == HEARD:
            if space not in self._placers:
                self._placers[space] = HeardSounds(self._corpus, self._senses.listener)
            return self._placers[space]
        record = self._corpus.points(space).record  # of one name, however the space is asked for
        if record.space not in self._placers:
            self._placers[record.space] = self._senses.loader(record)
        return self._placers[record.space]

    def _calibration(self, points: SpacePoints) -> Calibration:
        """Of the space's model where it was needed, and so is loaded."""
        placer = self._placers.get(points.record.space)
        return Calibration(placer.config.calibration if placer else None)

    def _check_weights(self, query: Query) -> None:
        if not query.weights:
            return
        points = self._pointer(query.space).points if self._corpus.spaces() or query.space else None
        known = sorted({WORDS, "audio", *(points.record.modalities if points else ())})
        for name in query.weights:
            if name not in known:
                raise unknown_name("modality of these tracks", name, known)
        counting = {WORDS, *(points.modalities if points else ("audio",))}
        if not any(query.weights.get(name, 1.0) for name in counting):
            raise QueryError("all weights are 0, so that nothing would count", hint="give one of them more than 0")


def read_story(path: Path) -> str:
    """A text file of up to 2 MB, whole.

    Raises:
        QueryError: There is none, it is larger, or it holds no text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as cause:
        reason = (cause.strerror or str(cause)).lower()
        raise QueryError(f"the text {path} cannot be read: {reason}", hint="check the path and its rights") from None
    check_size(data, what=str(path))
    if b"\0" in data:
        raise QueryError(f"{path} holds no text", hint="give a text file in UTF-8")
    text = decoded(data)
    if not any(letter.isalnum() for letter in text):
        raise QueryError(f"there is no word in {path}", hint="give a text file with a sentence or more")
    return text


def check_size(text: bytes, *, what: str) -> None:
    """Refuse a text of more than 2 MB.

    Raises:
        QueryError: It is longer.
    """
    if len(text) > MOST_BYTES:
        raise QueryError(f"{what} holds more than 2 MB of text", hint="give the part that matters")


def _without(phrase: str, words: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ", words).strip(" ,")


def _notes_of_idle_tags(meanings: Sequence[Meaning]) -> list[str]:
    """That what is rejected is left to points, where tags and names tell it and count nothing."""
    rejected = ", ".join(dict.fromkeys(repr(one.phrase) for one in meanings if one.is_negative))
    return (
        [f"no tag or name rejects, since the weight of words is 0, and points hardly do: {rejected}"]
        if rejected
        else []
    )


def notes_of_kinds(text: str) -> list[str]:
    """That what looks like a term of a kind, among words, was read as words.

    >>> notes_of_kinds("calm piano artist:Ella")
    ["'artist:Ella' is read as words; as a term it stands behind --plus or --minus"]
    >>> notes_of_kinds("0.5*artist:Ella")
    ["'0.5*artist:Ella' is read as words; as a term it stands behind --plus or --minus"]
    """
    begun = [(word, word.partition(":")[0].rpartition("*")[2]) for word in text[:LONGEST_QUERY].split()]
    typed = [word for word, kind in begun if kind in KINDS and ":" in word[:-1]]
    return [f"{word!r} is read as words; as a term it stands behind --plus or --minus" for word in typed[:1]]
