"""A catalogue that answers questions: the class behind ``tutti.open_catalogue``.

What a query means, how tracks are scored and why are modules of their own (``meaning``, ``ranking``, ``reasons``).
Here they are put together, and what was read from the tables is kept for the next question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue, ModelRecord
from tutti.errors import QueryError
from tutti.search.corpus import Corpus
from tutti.search.examples import Example, Listener, find_example, find_row, listen
from tutti.search.filters import matching
from tutti.search.hits import Hit, Hits
from tutti.search.meaning import Encoder, Interpreter, Meaning
from tutti.search.portraits import Portrait, Statistics, portrait, statistics
from tutti.search.ranking import Part, rank, score_likeness, score_meaning
from tutti.search.reasons import reason_of

N_NEAREST = 5


class Library(Catalogue):
    """A catalogue with search.

    Attributes:
        listener: Hears a sound file with the catalogue's models; :func:`tutti.search.examples.listen` unless replaced.
    """

    listener: Listener = staticmethod(listen)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._corpus: Corpus | None = None
        self._interpreter: Interpreter | None = None
        self._encoder: Encoder | None = _LazyEncoder()

    def without_sentence_vectors(self) -> Self:
        """The same library, which understands words by its lists and their spelling alone."""
        self._encoder, self._interpreter = None, None
        return self

    def search(self, text: str = "", k: int = 10, *, like: str | Path | None = None, where: str | None = None) -> Hits:
        """The tracks that answer a query best.

        Args:
            text: Words such as ``jazz piano -vocals``: tags and their synonyms, moods, instruments, titles, artists. A
                leading minus, or "no" and "without", rejects; quotation marks keep words together.
            k: How many at most.
            like: A sound to be like: a track's id, path or title, or any sound file.
            where: An SQL condition on the tracks that are ranked at all, such as ``year < 1990``.

        Returns:
            Hits, best first, with scores from 0 to 1 as :mod:`tutti.search.ranking` defines them. Empty, with notes
            that say why, where nothing matches.

        Raises:
            QueryError: There is nothing to search for, k is below 1, or the condition is not understood.
            UnknownNameError: ``like`` is neither a track nor a file.
            AudioError: The file to be like cannot be heard.
        """
        if k < 1:
            raise QueryError(f"k={k} hits make no answer", hint="ask for 1 or more")
        if not text.strip() and like is None:
            raise QueryError("the query is empty", hint='say what to look for, such as "calm piano -vocals"')
        corpus = self._loaded()
        candidates = matching(self, corpus, where)
        example = None if like is None else find_example(str(like), corpus, self.listener)
        if example is not None and example.row is not None:
            candidates[example.row] = False
        meanings = self._interpret(text) if text.strip() else ()
        known = [meaning for meaning in meanings if meaning.how not in ("unheard", "unknown")]
        parts = [score_meaning(meaning, corpus) for meaning in known]
        if example is not None:
            parts.append(score_likeness(example.name, example.vectors, corpus))
        notes = _notes(meanings, parts, corpus, candidates)
        return Hits(self._hits(parts, candidates, k=k, example=example), notes=notes)

    def similar(self, track: str | Path, k: int = 10, *, where: str | None = None) -> Hits:
        """The tracks that sound most like a track or a sound file.

        Args:
            track: A track's id, path or title, or any sound file.
            k: How many at most.
            where: An SQL condition, as in :meth:`search`.

        Raises:
            QueryError: No model has described the tracks, k is below 1, or the condition is not understood.
            UnknownNameError: It is neither a track nor a file.
            AudioError: The file cannot be heard.
        """
        return self.search(k=k, like=track, where=where)

    def show(self, track: str | Path) -> Portrait:
        """All that is known of a track, by its id, path or title.

        Raises:
            UnknownNameError: There is none.
            QueryError: Several tracks have this title.
        """
        corpus = self._loaded()
        row = find_row(str(track), corpus)
        track_id = corpus.track_ids[row]
        nearest = self.similar(track_id, k=N_NEAREST) if corpus.vectors_of(row) else Hits()
        return portrait(self.track(track_id), self, corpus, nearest)

    def stats(self) -> Statistics:
        """What the catalogue holds."""
        return statistics(self, self._loaded())

    def refresh(self) -> None:
        """Read the tables anew at the next question: another process has written to them."""
        self._corpus, self._interpreter = None, None

    # What was read is dropped when something is written.

    def merge(self, table: str, rows: pa.Table, *, on: str | list[str]) -> None:
        """See :meth:`tutti.data.catalogue.Catalogue.merge`."""
        super().merge(table, rows, on=on)
        self.refresh()

    def delete(self, table: str, column: str, values: Iterable[str]) -> None:
        """See :meth:`tutti.data.catalogue.Catalogue.delete`."""
        super().delete(table, column, values)
        self.refresh()

    def put_model(self, record: ModelRecord) -> None:
        """See :meth:`tutti.data.catalogue.Catalogue.put_model`."""
        super().put_model(record)
        self.refresh()

    def _loaded(self) -> Corpus:
        if self._corpus is None:
            self._corpus = Corpus.load(self)
        return self._corpus

    def _interpret(self, text: str) -> tuple[Meaning, ...]:
        if self._interpreter is None:
            corpus = self._loaded()
            self._interpreter = Interpreter(corpus.vocabulary, corpus.names, encoder=self._encoder)
        return self._interpreter.interpret(text)

    def _hits(
        self, parts: Sequence[Part], candidates: NDArray[np.bool_], *, k: int, example: Example | None
    ) -> list[Hit]:
        corpus = self._loaded()
        if not parts or not len(corpus):
            return []
        ranking = rank(parts, candidates, corpus.originals, k=k)
        hits = []
        for row, score in zip(ranking.rows, ranking.scores, strict=True):
            row = int(row)
            why = [reason_of(part, row, corpus, example=example.row if example else None) for part in parts]
            hits.append(
                Hit(
                    track_id=corpus.track_ids[row],
                    path=corpus.path(row),
                    title=corpus.value("title", row),
                    artist=corpus.value("artist", row),
                    score=float(score),
                    why=tuple(why),
                )
            )
        return hits


def open_catalogue(folder: Path | str) -> Library:
    """Open an existing catalogue, to search it.

    Raises:
        CatalogueError: There is none, it is damaged, or its format is newer than this program.
    """
    return Library.open(folder)


class _LazyEncoder:
    """The sentence encoder where the extra ``text`` is installed; read when the first unknown phrase comes."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._is_asked = False

    @property
    def is_available(self) -> bool:
        """Whether the extra is installed and its weights are at hand."""
        from tutti.text import sentences

        return sentences.is_available()

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors. Shape (texts, dimensions)."""
        from tutti.text.sentences import SentenceEncoder

        if self._encoder is None:
            self._encoder = SentenceEncoder.load()
        return self._encoder.encode(texts)


def _notes(
    meanings: Sequence[Meaning], parts: Sequence[Part], corpus: Corpus, candidates: NDArray[np.bool_]
) -> list[str]:
    """What to know of a search as a whole."""
    if not len(corpus):
        return ["the catalogue holds no tracks"]
    notes = []
    if meanings and not corpus.models:
        notes.append("no model has described the tracks: only their names and people's tags are searched")
    if not candidates.any():
        notes.append("no track meets the condition")
    for meaning in meanings:
        if meaning.how == "unknown":
            near = f"; did you mean {', '.join(map(repr, meaning.suggestions))}?" if meaning.suggestions else ""
            notes.append(f"{meaning.phrase!r} matches no tag, title or artist{near}")
        elif meaning.how == "unheard":
            notes.append(f"no model of this catalogue can hear {meaning.phrase!r}")
        elif meaning.how in ("spelling", "sentence vectors"):
            notes.append(f"{meaning.phrase!r} is taken for {meaning.via} (by {meaning.how})")
    absent = [part.term for part in parts if not part.is_negative and not (part.present & candidates).any()]
    if candidates.any():
        notes += [f"no track has {term!r}" for term in absent]
    return notes
