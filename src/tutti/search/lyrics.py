"""Finding tracks by the words of their lyrics, and the words that a query shares with what is written of a track.

The lyrics of a catalogue are made plain and listed by word when first asked for, once a process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.errors import QueryError
from tutti.search.corpus import Corpus
from tutti.search.postings import plain_column, postings_of_words
from tutti.search.ranking import PART_OF_NAME, WHOLE_NAME, Part
from tutti.search.terms import Term
from tutti.text.phrases import FILLERS, NEGATIONS
from tutti.text.spelling import forms, plain

LYRICS = "lyrics"
# Of what is asked for, the rarer words counting more: below, a line is another line.
LEAST_SHARE = 0.5
N_SHARED = 5
# Beside what says nothing of a sound: what holds sentences together.
STOP_WORDS = (
    FILLERS
    | NEGATIONS
    | frozenset(
        [
            "all", "am", "been", "can", "could", "did", "do", "does", "down", "every", "had", "he", "her", "here",
            "him", "his", "how", "if", "made", "make", "many", "may", "most", "one", "or", "other", "our", "out",
            "over", "own", "said", "same", "she", "should", "since", "such", "than", "their", "them", "then", "there",
            "they", "through", "under", "until", "up", "us", "was", "we", "were", "what", "will", "would"
        ]
    )
)  # fmt: skip


class Lyrics:
    """The lyrics of a catalogue's tracks, by word.

    Args:
        column: One row a track, null without any.
    """

    def __init__(self, column: Any) -> None:
        self._plain = plain_column(column)
        self._words = postings_of_words(self._plain)
        self.n_tracks = len(self._plain)
        self.n_with = int(self.n_tracks - self._plain.null_count)

    @classmethod
    def load(cls, catalogue: Catalogue, corpus: Corpus) -> Lyrics:
        """Read a catalogue's."""
        rows, texts = corpus.in_rows(catalogue.read("tracks", columns=["track_id", "texts"]), "texts")
        flat = pc.list_flatten(texts.combine_chunks())
        is_lyrics = pc.equal(pc.struct_field(flat, "kind"), LYRICS)
        owners = rows[np.asarray(pc.list_parent_indices(texts.combine_chunks()).filter(is_lyrics), dtype=np.int64)]
        found = pc.struct_field(flat, "text").filter(is_lyrics)
        place = np.full(len(corpus), -1, dtype=np.int64)
        place[owners] = np.arange(len(owners))
        return cls(found.take(pa.array(place, mask=place < 0)))

    def fit(self, words: str) -> NDArray[np.float32]:
        """How well each track's lyrics fit some words, 0 to 1: 1 where they stand there one after the other.

        Otherwise 0.9 times the share of the words that stand there, each counting by how rare it is. Shape (tracks,).
        """
        phrase = plain(words).split()
        asked = [word for word in dict.fromkeys(phrase) if word not in STOP_WORDS] or list(dict.fromkeys(phrase))
        found, total = np.zeros(self.n_tracks, dtype=np.float32), 0.0
        for word in asked:
            rows = np.unique(np.concatenate([self._words.rows_of(form) for form in forms(word)]))
            rarity = float(np.log1p(self.n_with / (1 + len(rows))))
            found[rows] += rarity
            total += rarity
        fit = PART_OF_NAME * found / (total or 1.0)
        fit[self._holding(phrase)] = WHOLE_NAME
        return fit.astype(np.float32)

    def _holding(self, phrase: Sequence[str]) -> NDArray[np.int64]:
        """Rows where the words stand one after the other."""
        if not phrase:
            return np.zeros(0, dtype=np.int64)
        rows = min((self._words.rows_of(word) for word in phrase), key=len)
        matches = pc.match_substring(self._plain.take(pa.array(rows)), f" {' '.join(phrase)} ")
        return np.asarray(rows[np.asarray(matches, dtype=bool)], dtype=np.int64)


def score_lyrics(term: Term, lyrics: Lyrics) -> Part:
    """Score all tracks by how well their lyrics fit a term's words.

    Tracks without lyrics fit as little as those whose lyrics have none of the words.

    Raises:
        QueryError: No track has lyrics, or there is no word in the term.
    """
    if not lyrics.n_with:
        raise QueryError(
            f"no track of the catalogue has lyrics, and {term.value!r} was to be looked for in them",
            hint="lyrics come from sound files' tags and from lyrics beside them: tutti index",
        )
    if not plain(term.value):
        raise QueryError(f"there is no word in {term.value!r}", hint="write lyrics:WORDS")
    fit = lyrics.fit(term.value)
    present = fit >= LEAST_SHARE * PART_OF_NAME
    return Part(
        term=term.value,
        meaning=None,
        how="lyrics",
        scores=1 - fit if term.is_negative else fit,
        present=~present if term.is_negative else present,
        importance=term.weight,
        rejects=term.is_negative,
    )


def telling_words(query: str) -> tuple[str, ...]:
    """Words of a query in their order, those that hold sentences together left out.

    >>> telling_words("rain on the windows, slow")
    ('rain', 'windows', 'slow')
    """
    return tuple(dict.fromkeys(word for word in plain(query).split() if len(word) > 2 and word not in STOP_WORDS))


def shared_words(words: Sequence[str], texts: Mapping[str, str]) -> tuple[str, ...]:
    """The first of some words that stand in a track's texts.

    >>> shared_words(["rain", "windows", "slow"], {"lyrics": "the rain, the window"})
    ('rain', 'windows')
    """
    written = set(plain(" ".join(texts.values())).split())
    return tuple(islice((word for word in words if not written.isdisjoint(forms(word))), N_SHARED))


def texts_of(track_ids: Sequence[str], catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """What is written of some tracks, by their ids and kinds."""
    if not track_ids:
        return {}
    listed = ", ".join("'" + track_id.replace("'", "''") + "'" for track_id in track_ids)
    rows = catalogue.read("tracks", columns=["track_id", "texts"], where=f"track_id IN ({listed})").to_pylist()
    return {row["track_id"]: {text["kind"]: text["text"] or "" for text in row["texts"] or ()} for row in rows}
