"""The terms of a blended query: what is wanted and what is not, of whatever kind, and how much each counts.

A term is written ``[WEIGHT*][KIND:]VALUE``: ``calm piano``, ``artist:Ella Moon``, ``0.5*sound:song.mp3``. Taking words
apart is ``tutti.text.phrases``' work; what becomes of terms, points and evidence, is in ``tutti.search.blending``.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from tutti.errors import QueryError

TermKind = Literal["words", "text", "sound", "image", "track", "artist", "album", "lyrics", "listener"]
KINDS: tuple[str, ...] = get_args(TermKind)
OTHER_KINDS = {
    "file": "sound", "audio": "sound", "song": "track", "title": "track", "cover": "image", "picture": "image",
    "band": "artist", "performer": "artist", "user": "listener", "lyric": "lyrics", "tag": "words", "word": "words",
    "record": "album",
}  # fmt: skip
PICTURES = frozenset([".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"])
TEXTS = frozenset([".txt", ".md"])
SOUNDS = frozenset([".mp3", ".flac", ".ogg", ".opus", ".wav", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".mp2", ".webm"])
# Of a weight: more would only silence everything else.
HEAVIEST = 100.0
WEIGHT = re.compile(r"\s*([+-]?(?:[\d.][^\s*:]*|nan|inf))\s*\*\s*(.*)", re.DOTALL | re.IGNORECASE)
KIND = re.compile(r"\s*([A-Za-z]+)\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Term:
    """One thing that a query asks for, or wants away from.

    Attributes:
        kind: What the value is.
        value: Words, a file, or the name of a track, an artist, an album, a listener.
        weight: How much it counts beside others, above 0.
        is_negative: Whether what is like it is not wanted.
    """

    kind: TermKind
    value: str
    weight: float = 1.0
    is_negative: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise _unknown_kind(self.kind)
        if not self.value.strip():
            raise QueryError(f"there is nothing behind {self.kind}:", hint=f"write {self.kind}:VALUE")
        check_weight(self.weight, of=repr(self.value))

    def __str__(self) -> str:
        return self.value if self.kind == "words" else f"{self.kind}:{self.value}"


@dataclass(frozen=True, kw_only=True)
class Query:
    """Everything that a search is asked.

    Attributes:
        terms: What is wanted and what is not.
        like: A track or a sound file to sound like, by what the catalogue's models heard.
        k: How many hits at most.
        where: An SQL condition on the tracks that are ranked at all.
        diversity: From 0, the best first, to 1, each hit as unlike those before it as can be.
        weights: How much each of a track's modalities counts, and ``words``, the evidence of tags and names; 1 where
            nothing is said, 0 leaves one out.
        space: In which points are compared; None takes the catalogue's.
    """

    terms: tuple[Term, ...] = ()
    like: str | None = None
    k: int = 10
    where: str | None = None
    diversity: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    space: str | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k={self.k} hits make no answer", hint="ask for 1 or more")
        if not self.terms and self.like is None:
            raise QueryError("the query is empty", hint='say what to look for, such as "calm piano -vocals"')
        if not 0 <= self.diversity <= 1:
            raise QueryError(f"a diversity of {self.diversity:g} is no share", hint="give 0 to 1, such as 0.3")
        for name, weight in self.weights.items():
            check_weight(weight, of=name, may_be_zero=True)


def parse_term(text: str, *, is_negative: bool = False) -> Term:
    """The term that somebody wrote, its kind guessed where none is said: a file by its suffix, else words.

    Args:
        text: ``[WEIGHT*][KIND:]VALUE``.
        is_negative: Whether it stands behind a minus.

    Raises:
        QueryError: It is empty, its weight is no number above 0, or its kind is none.

    >>> parse_term("0.5*artist:Ella Moon")
    Term(kind='artist', value='Ella Moon', weight=0.5, is_negative=False)
    >>> parse_term("calm piano").kind
    'words'
    """
    weight, rest = _weight_of(text)
    if not rest.strip():
        raise QueryError(f"the term {text!r} is empty", hint="write [WEIGHT*][KIND:]VALUE, such as 0.5*artist:NAME")
    kind, value = _kind_of(rest.strip())
    return Term(kind=kind, value=value, weight=weight, is_negative=is_negative)


def parse_terms(
    plus: Iterable[str | Path | Term] = (), minus: Iterable[str | Path | Term] = (), *, words: str = ""
) -> tuple[Term, ...]:
    """The terms of a query: words as they stand, if any, then those of two lists.

    Args:
        plus: Wanted, as :func:`parse_term` reads them; a path is a file, a :class:`Term` stays what it is.
        minus: The same, not wanted.
        words: In which nothing is a weight or a kind.

    Raises:
        QueryError: A term makes no sense.
    """
    first = (Term(kind="words", value=words),) if words.strip() else ()
    signed = [(one, False) for one in plus] + [(one, True) for one in minus]
    return (*first, *(_as_term(one, is_negative=is_negative) for one, is_negative in signed))


def parse_weights(texts: Iterable[str]) -> dict[str, float]:
    """Weights by name, from ``NAME=NUMBER``.

    Raises:
        QueryError: One is written otherwise, or is no number from 0.

    >>> parse_weights(["audio=2", "text=0.5"])
    {'audio': 2.0, 'text': 0.5}
    """
    weights = {}
    for text in texts:
        name, separator, number = text.partition("=")
        if not separator or not name.strip():
            raise QueryError(f"{text!r} is no weight", hint="write NAME=NUMBER, such as audio=2")
        weights[name.strip()] = _number(number, of=name.strip())
        check_weight(weights[name.strip()], of=name.strip(), may_be_zero=True)
    return weights


def check_weight(weight: float, *, of: str, may_be_zero: bool = False) -> None:
    """Refuse what is no weight.

    Raises:
        QueryError: It is not finite, too large, negative, or 0 where that makes no sense.
    """
    if not math.isfinite(weight) or weight < 0 or weight > HEAVIEST or (weight == 0 and not may_be_zero):
        least = "0" if may_be_zero else "above 0"
        hint = f"give a number from {least} to {HEAVIEST:g}" if may_be_zero else f"give a number {least}, up to 100"
        hint += "; what is not wanted goes behind --minus" if weight < 0 else ""
        raise QueryError(f"{weight:g} is no weight for {of}", hint=hint)


def _as_term(one: str | Path | Term, *, is_negative: bool) -> Term:
    if isinstance(one, Term):
        return Term(kind=one.kind, value=one.value, weight=one.weight, is_negative=is_negative)
    if isinstance(one, Path):
        return Term(kind=_kind_of_file(one), value=str(one), is_negative=is_negative)
    return parse_term(one, is_negative=is_negative)


def _weight_of(text: str) -> tuple[float, str]:
    found = WEIGHT.fullmatch(text)
    if found is None:
        return 1.0, text
    weight = _number(found[1], of=repr(found[2]))
    check_weight(weight, of=repr(found[2]))
    return weight, found[2]


def _number(text: str, *, of: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise QueryError(f"{text.strip()!r} is no weight for {of}", hint="give a number, such as 0.5") from None


def _kind_of(text: str) -> tuple[TermKind, str]:
    found = KIND.fullmatch(text)
    if found is not None and not Path(text).exists():
        for kind in get_args(TermKind):
            if found[1].lower() == kind:
                return kind, found[2].strip()
        raise _unknown_kind(found[1])
    if Path(text).suffix.lower() in PICTURES | TEXTS | SOUNDS or ("/" in text and Path(text).is_file()):
        return _kind_of_file(Path(text)), text
    return "words", text


def _kind_of_file(path: Path) -> TermKind:
    suffix = path.suffix.lower()
    return "image" if suffix in PICTURES else "text" if suffix in TEXTS else "sound"


def _unknown_kind(kind: str) -> QueryError:
    near = OTHER_KINDS.get(kind.lower()) or next(iter(difflib.get_close_matches(kind.lower(), KINDS, n=1)), None)
    suggestion = f"did you mean {near}:? " if near else ""
    return QueryError(f"there are no terms of the kind {kind!r}", hint=f"{suggestion}kinds: {', '.join(KINDS)}")
