"""Taking a query apart: phrases, quoted words, minus signs and negations in words.

What a phrase means is found out in ``tutti.search.meaning``; here only its place in the query counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tutti.errors import QueryError
from tutti.text.spelling import plain

LONGEST_PHRASE = 6
LONGEST_QUERY = 2_000  # characters
MINUS = "-−–"
PIECE = re.compile(rf'([{MINUS}])?(?:["“”]([^"“”]*)["“”]|([^\s,;|"“”]+))|([,;|])')

NEGATIONS = frozenset(
    ["no", "not", "without", "non", "never", "minus", "except", "excluding", "sans", "lacking", "nor", "neither"]
)
# What carries a negation on: "no drums or bass", "without drums and bass"; but "no drums and a piano" wants a piano.
CARRIERS = {"or": NEGATIONS, "nor": NEGATIONS, "and": NEGATIONS - {"no", "not", "never", "non"}}
# What negates a noun with all that describes it: "no sung vocals" wants neither. A plural ends it: "no drums piano".
OF_NOUNS = NEGATIONS - {"not", "never", "non"}
# Words that say nothing about the sound. They count inside a known phrase ("world music") or between quotes.
FILLERS = frozenset(
    [
        "a", "an", "the", "of", "with", "and", "or", "for", "in", "on", "to", "at", "by", "from", "is",
        "are", "be", "i", "me", "my", "you", "your", "it", "its", "this", "that", "these", "some", "any",
        "want", "need", "give", "find", "show", "play", "hear", "please", "like", "sounding", "sounds",
        "sound", "music", "song", "songs", "track", "tracks", "tune", "tunes", "piece", "pieces",
        "something", "anything", "stuff", "very", "really", "quite", "too", "so", "rather", "bit", "lot",
        "lots", "much", "more", "feel", "feeling", "vibe", "vibes", "mood", "style", "type", "kind", "sort",
        "genre", "featuring", "feat", "ft", "good", "nice", "great", "while", "where", "which", "who",
        "when", "but", "also", "has", "have", "having", "as", "about", "into", "only", "just"
    ]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A part of a query that is looked up as one.

    Attributes:
        text: In its plain form.
        is_negative: Whether the query asks for its absence.
        is_quoted: Whether it stood between quotation marks.
    """

    text: str
    is_negative: bool = False
    is_quoted: bool = False


@dataclass(frozen=True)
class _Token:
    text: str  # a plain word, or a plain quoted phrase
    has_minus: bool = False
    is_quoted: bool = False
    is_break: bool = False


def parse(text: str, is_known: Callable[[str], bool]) -> tuple[Phrase, ...]:
    """The phrases of a query, the longest known ones first at every place.

    A leading minus, or "no", "without" and the like, makes the next phrase negative; so does an "or" or "and" after a
    phrase negated in words, and what follows such a phrase at once, up to a plural ("no sung vocals"). Unknown words
    next to each other stay together. Fillers such as "music with a" are left out, unless there is nothing else.

    Args:
        text: What somebody typed.
        is_known: Whether a plain phrase means something as a whole.

    Raises:
        QueryError: The query is empty, has no word in it, or is longer than 2,000 characters.

    >>> [phrase.text for phrase in parse("drum & bass with a piano", {"drum and bass", "piano"}.__contains__)]
    ['drum and bass', 'piano']
    >>> [(phrase.text, phrase.is_negative) for phrase in parse("jazz, no vocals", {"jazz", "vocals"}.__contains__)]
    [('jazz', False), ('vocals', True)]
    """
    if len(text) > LONGEST_QUERY:
        raise QueryError(
            f"the query has {len(text):,} characters; up to {LONGEST_QUERY:,} are read",
            hint="name the sounds, moods or styles that matter most",
        )
    tokens = list(_tokens(text))
    if not any(not token.is_break for token in tokens):
        what = "the query is empty" if not text.strip() else f"there is no word in the query {text!r}"
        raise QueryError(what, hint='say what to look for, such as "calm piano -vocals"')
    phrases = _joined(list(_phrases(tokens, is_known)), is_known)
    if not phrases:
        words = " ".join(token.text for token in tokens if not token.is_break)
        return (Phrase(text=words, is_quoted=True),)
    return phrases


def kept_and_rejected(text: str, is_known: Callable[[str], bool]) -> tuple[str, str]:
    """What a query asks for and what it rejects, each in its own words; empty where there is nothing of it.

    A sentence encoder hears the drums in "no drums"; so it is given the two apart.

    Args:
        text: As for :func:`parse`.
        is_known: Whether a plain phrase means something as a whole.

    >>> kept_and_rejected("calm piano at night, no drums", {"piano", "drums"}.__contains__)
    ('calm piano at night', 'drums')
    """
    tokens = list(_tokens(text))
    left_out = {position for position, token in enumerate(tokens) if token.text in NEGATIONS and not token.is_quoted}
    rejected = []
    for begin, end, phrase in _phrases(tokens, is_known):
        if phrase.is_negative:
            left_out.update(range(begin, end))
            rejected.append(phrase.text)
        else:  # "no woman no cry" is a name
            left_out.difference_update(range(begin, end))
    for position in range(len(tokens) - 2, -1, -1):  # the "any" of "without any drums"
        if position + 1 in left_out and tokens[position].text in FILLERS:
            left_out.add(position)
    kept = [token for position, token in enumerate(tokens) if position not in left_out]
    if all(token.is_break or token.text in FILLERS for token in kept):
        return "", ", ".join(rejected)
    words = " ".join("," if token.is_break else token.text for token in kept)
    return re.sub(r"(\s*,)+\s*", ", ", words).strip(", "), ", ".join(rejected)


def _tokens(text: str) -> Iterator[_Token]:
    for minus, quoted, word, separator in PIECE.findall(text):
        if separator:
            yield _Token("", is_break=True)
        elif quoted:
            if plain(quoted):
                yield _Token(plain(quoted), has_minus=bool(minus), is_quoted=True)
        else:
            for position, part in enumerate(plain(word.replace("w/o", "without")).split()):
                yield _Token(part, has_minus=bool(minus) and position == 0)


def _phrases(tokens: Sequence[_Token], is_known: Callable[[str], bool]) -> Iterator[tuple[int, int, Phrase]]:
    """Phrases with their first and last position among the tokens."""
    position = 0
    negated = ""  # by this word, which stands before
    carried = ""  # the word that negated the last phrase
    described = ""  # the same, where the last phrase may describe what follows at once
    while position < len(tokens):
        token = tokens[position]
        length = _known_length(tokens, position, is_known)
        if token.is_break:
            negated = carried = described = ""
        elif length == 1 and not token.is_quoted and token.text in NEGATIONS:
            negated = token.text
        elif length == 1 and not token.is_quoted and token.text in FILLERS:
            negated = negated or (carried if carried in CARRIERS.get(token.text, ()) else "")
            described = ""
        else:
            negated = negated or described
            text = " ".join(part.text for part in tokens[position : position + length])
            phrase = Phrase(text=text, is_negative=bool(negated) or token.has_minus, is_quoted=token.is_quoted)
            yield position, position + length, phrase
            carried, negated = negated, ""
            is_plural = text.endswith("s") and not text.endswith("ss")
            described = carried if carried in OF_NOUNS and not (is_plural or token.is_quoted) else ""
        position += length


def _known_length(tokens: Sequence[_Token], position: int, is_known: Callable[[str], bool]) -> int:
    """How many tokens the longest known phrase has that begins here; 1 where there is none."""
    if tokens[position].is_quoted or tokens[position].is_break:
        return 1
    end = position + 1
    while end < min(position + LONGEST_PHRASE, len(tokens)) and not (
        tokens[end].has_minus or tokens[end].is_quoted or tokens[end].is_break
    ):
        end += 1
    for stop in range(end, position + 1, -1):
        if is_known(" ".join(token.text for token in tokens[position:stop])):
            return stop - position
    return 1


def _joined(found: list[tuple[int, int, Phrase]], is_known: Callable[[str], bool]) -> tuple[Phrase, ...]:
    """The phrases, with unknown words that follow each other made one; each phrase once."""
    joined: list[tuple[int, Phrase]] = []
    for begin, end, phrase in found:
        if joined:
            last_end, last = joined[-1]
            can_join = last_end == begin and last.is_negative == phrase.is_negative
            if can_join and not any(one.is_quoted or is_known(one.text) for one in (last, phrase)):
                joined[-1] = (end, replace(last, text=f"{last.text} {phrase.text}"))
                continue
        joined.append((end, phrase))
    return tuple(dict.fromkeys(phrase for _, phrase in joined))
