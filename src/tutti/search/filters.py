"""Conditions on tracks, in SQL, that are met before anything is ranked.

A condition is an expression over the columns of the tracks table. It is evaluated, not executed: nothing in it can
change the catalogue. Of functions it may have those that tell something of a value. Comparisons joined by AND are
answered from memory, everything else by the catalogue; answers are remembered for as long as the corpus is.
"""

from __future__ import annotations

import difflib
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.tables import TRACKS
from tutti.errors import QueryError
from tutti.search.corpus import Corpus

# What people call columns that have another name.
OTHER_NAMES = {
    "path": "audio", "file": "audio", "filename": "audio", "name": "title", "song": "title", "id": "track_id",
    "genre": "tags", "tag": "tags", "length": "duration", "seconds": "duration", "date": "year", "performer": "artist",
    "band": "artist", "singer": "artist", "record": "album", "release": "album",
}  # fmt: skip
STRINGS = re.compile(r"'(?:[^']|'')*'")
WORDS = re.compile(r"[A-Za-z_]\w*(?!\w*\s*\()")
COMPARISON = re.compile(r"\s*([a-z_]+)\s*(<=|>=|!=|<>|=|<|>)\s*(?:(-?\d{1,9})|'((?:[^']|'')*)')\s*((?i:and)\b|$)")
COMPARERS = {
    "=": pc.equal, "!=": pc.not_equal, "<>": pc.not_equal,
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip
N_REMEMBERED = 64
COMMENT = re.compile(r"--|/\*")
STATEMENT = re.compile(
    r"\b(?:select|union|insert|update|delete|drop|create|alter|truncate|attach|copy|grant|exec|execute)\b",
    re.IGNORECASE,
)
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
KEYWORDS = frozenset(["and", "or", "not", "in", "between", "like", "ilike", "is", "when", "then", "else", "case"])
# What is told of a value by itself, the same at any time.
FUNCTIONS = frozenset(
    [
        "lower", "upper", "trim", "length", "char_length", "starts_with", "ends_with", "contains", "strpos", "substr",
        "concat", "replace", "regexp_like", "coalesce", "nullif", "abs", "round", "floor", "ceil", "cast",
        "array_has", "array_has_any", "array_has_all", "array_length", "cardinality"
    ]
)  # fmt: skip


def matching(catalogue: Catalogue, corpus: Corpus, where: str | None) -> NDArray[np.bool_]:
    """The tracks that meet a condition, all of them where there is none. Shape (tracks,).

    Raises:
        QueryError: The condition is not understood; the hint names the nearest column.
    """
    if where is None:
        return np.ones(len(corpus), dtype=bool)
    if not where.strip():
        raise QueryError("the condition is empty", hint="write SQL such as \"artist = 'X' and year < 1990\"")
    check_condition(where)
    if where not in corpus.conditions:
        if len(corpus.conditions) >= N_REMEMBERED:
            corpus.conditions.clear()
        known = compared(where, corpus.tracks)
        corpus.conditions[where] = asked(catalogue, corpus, where) if known is None else known
    return corpus.conditions[where].copy()


def check_condition(where: str) -> None:
    """Refuse what is more than a condition: statements, queries within it, comments, unknown functions.

    None of these could change a catalogue; but what they would mean is not what was meant.

    Raises:
        QueryError: There is something of the kind.
    """
    bare = STRINGS.sub("''", where)
    if ";" in bare:
        raise QueryError(f"{where!r} is more than a condition", hint="leave out the semicolon and what follows it")
    if COMMENT.search(bare):
        raise QueryError(f"there is a comment in the condition {where!r}", hint="leave out -- and /* */")
    statement = STATEMENT.search(bare)
    if statement is not None:
        raise QueryError(
            f"{statement[0].upper()!r} makes the condition {where!r} a query of its own",
            hint="compare columns with values, such as \"artist = 'X' and year < 1990\"",
        )
    for name in CALL.findall(bare):
        if name.lower() not in FUNCTIONS and name.lower() not in KEYWORDS:
            near = difflib.get_close_matches(name.lower(), FUNCTIONS, n=1)
            suggestion = f"did you mean {near[0]}? " if near else ""
            raise QueryError(
                f"the function {name!r} is none that conditions have",
                hint=f"{suggestion}functions: {', '.join(sorted(FUNCTIONS))}",
            )


def compared(where: str, tracks: pa.Table) -> NDArray[np.bool_] | None:
    """The tracks that meet comparisons of columns with numbers or words, joined by AND; None where it is anything else.

    As in SQL, a missing value meets no comparison.
    """
    met, position = np.ones(tracks.num_rows, dtype=bool), 0
    while True:
        match = COMPARISON.match(where, position)
        if match is None or match[1] not in tracks.column_names:
            return None
        column, is_number, is_equality = tracks[match[1]], match[3] is not None, match[2] in ("=", "!=", "<>")
        if not (pa.types.is_primitive(column.type) if is_number else pa.types.is_string(column.type) and is_equality):
            return None
        wanted = int(match[3]) if is_number else match[4].replace("''", "'")
        met &= np.asarray(pc.fill_null(COMPARERS[match[2]](column, wanted), False), dtype=bool)
        position = match.end()
        if not match[5]:
            return met


def asked(catalogue: Catalogue, corpus: Corpus, where: str) -> NDArray[np.bool_]:
    """The tracks that meet a condition, as the catalogue answers it. Raises as :func:`matching` does."""
    try:
        rows = catalogue.read("tracks", columns=["track_id"], where=where)
    except QueryError as error:
        suggestion = mistyped_column(where)
        if suggestion is None:
            raise
        typed, meant = suggestion
        raise QueryError(
            f"there is no column {typed!r} in the condition {where!r}",
            hint=f"did you mean {meant!r}? columns: {', '.join(TRACKS.names)}",
        ) from error
    found = np.zeros(len(corpus), dtype=bool)
    matched = corpus.rows_of(rows["track_id"])
    found[matched[matched >= 0]] = True
    return found


def mistyped_column(where: str) -> tuple[str, str] | None:
    """A word of a condition that is almost a column, and the column.

    >>> mistyped_column("artits = 'X' and year < 1990")
    ('artits', 'artist')
    """
    for word in WORDS.findall(STRINGS.sub("''", where)):
        if word.lower() in TRACKS.names:
            continue
        if word.lower() in OTHER_NAMES:
            return word, OTHER_NAMES[word.lower()]
        near = difflib.get_close_matches(word.lower(), TRACKS.names, n=1, cutoff=0.7)
        if near:
            return word, near[0]
    return None
