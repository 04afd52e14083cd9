"""Finding tracks by the words in their titles, artists, albums and file names, and by what people tagged them.

Each column is made plain once by Arrow's string functions; which tracks have a word is kept in lists, so that a phrase
is looked for only where its rarest word stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.search.postings import Postings, Rows, plain_column, postings_of_words
from tutti.text.languages import has_no_spaces
from tutti.text.spelling import forms, reminiscent


class Names:
    """The names in a catalogue, plain and ready to be searched.

    Args:
        tracks: Columns title, artist, album, audio and tags of the tracks table.
    """

    def __init__(self, tracks: pa.Table) -> None:
        self.n_tracks: int = tracks.num_rows
        self._columns = {name: plain_column(tracks[name]) for name in ("title", "artist", "album")}
        stems = pc.replace_substring_regex(tracks["audio"], pattern=r"^.*/|\.[^./]*$", replacement="")
        self._columns["file"] = plain_column(stems)
        tags = tracks["tags"].combine_chunks()
        self._tags = plain_column(pc.list_flatten(tags))
        self._tag_rows = pc.list_parent_indices(tags).to_numpy(zero_copy_only=False)

    def containing(self, phrase: str) -> dict[str, NDArray[np.bool_]]:
        """By field, the tracks whose title, artist, album or file name contains a plain phrase as whole words."""
        return {field: self._flags(self._holding(field, phrase, is_whole=False)) for field in self._columns}

    def named(self, phrase: str) -> dict[str, NDArray[np.bool_]]:
        """By field, the tracks whose title, artist, album or file name is the plain phrase and nothing else."""
        return {field: self._flags(self._holding(field, phrase, is_whole=True)) for field in self._columns}

    def tagged(self, phrases: Iterable[str]) -> NDArray[np.bool_]:
        """The tracks that somebody tagged with one of these plain phrases. Shape (tracks,)."""
        found = np.zeros(self.n_tracks, dtype=bool)
        for phrase in phrases:
            for form in forms(phrase):
                found[self._by_tag.rows_of(form)] = True
        return found

    @cached_property
    def phrases(self) -> frozenset[str]:
        """Every whole title, artist, album and tag."""
        columns = [self._columns["title"], self._columns["artist"], self._columns["album"], self._tags]
        return frozenset(value.strip() for column in columns for value in pc.unique(column).to_pylist() if value) - {""}

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of two letters or more in a title, artist, album, file name or tag."""
        in_names = {word for postings in self._by_word.values() for word in postings.values}
        in_tags = {word for tag in self._by_tag.values for word in tag.split()}
        return frozenset(word for word in in_names | in_tags if len(word) > 1)

    @cached_property
    def _by_word(self) -> Mapping[str, Postings]:
        return {field: postings_of_words(column) for field, column in self._columns.items()}

    @cached_property
    def _by_tag(self) -> Postings:
        return Postings(pc.utf8_trim_whitespace(self._tags), self._tag_rows)

    def _holding(self, field: str, phrase: str, *, is_whole: bool) -> Rows:
        """The rows where a field contains a phrase, or is it."""
        words = phrase.split()
        if not words:
            return np.zeros(0, dtype=np.int32)
        if has_no_spaces(phrase) and not is_whole:  # what is a word of it, no space tells
            inside = pc.fill_null(pc.match_substring(self._columns[field], phrase), False)
            return np.asarray(np.flatnonzero(np.asarray(inside)), dtype=np.int32)
        rows = min((self._by_word[field].rows_of(word) for word in words), key=len)
        if len(words) == 1 and not is_whole:
            return rows
        values, wanted = self._columns[field].take(pa.array(rows)), f" {phrase} "
        matches = pc.equal(values, wanted) if is_whole else pc.match_substring(values, wanted)
        matching: Rows = rows[np.asarray(matches, dtype=bool)]
        return matching

    def _flags(self, rows: Rows) -> NDArray[np.bool_]:
        flags = np.zeros(self.n_tracks, dtype=bool)
        flags[rows] = True
        return flags


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The beginning of a hint that suggests the nearest of known names; empty where none is near.

    >>> did_you_mean("Ela Moon", ["Ella Moon", "Circuit"])
    "did you mean 'Ella Moon'? "
    """
    near = reminiscent(name, known)
    return f"did you mean {', '.join(map(repr, near))}? " if near else ""
