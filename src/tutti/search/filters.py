"""Conditions on tracks, in SQL, that are met before anything is ranked.

A condition is an expression over the columns of the tracks table. It is evaluated, not executed: nothing in it can
change the catalogue.
"""

from __future__ import annotations

import difflib
import re

import numpy as np
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


def matching(catalogue: Catalogue, corpus: Corpus, where: str | None) -> NDArray[np.bool_]:
    """The tracks that meet a condition, all of them where there is none. Shape (tracks,).

    Raises:
        QueryError: The condition is not understood; the hint names the nearest column.
    """
    if where is None:
        return np.ones(len(corpus), dtype=bool)
    if not where.strip():
        raise QueryError("the condition is empty", hint="write SQL such as \"artist = 'X' and year < 1990\"")
    if ";" in STRINGS.sub("''", where):
        raise QueryError(f"{where!r} is more than a condition", hint="leave out the semicolon and what follows it")
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
    found[[corpus.row_of[track_id] for track_id in rows["track_id"].to_pylist() if track_id in corpus.row_of]] = True
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
