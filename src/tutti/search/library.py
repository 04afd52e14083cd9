"""A catalogue that answers questions: the class behind ``tutti.open_catalogue``.

What a query asks, how tracks are scored and why are modules of their own (``understanding``, ``ranking``, ``answers``).
Here they are put together, and what was read from the tables is kept for the next question.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord, SpaceRecord
from tutti.search.answers import hits_of, notes_of
from tutti.search.corpus import Corpus
from tutti.search.examples import Example, Listener, find_example, find_row, listen
from tutti.search.filters import matching
from tutti.search.hits import Hit, Hits
from tutti.search.lyrics import Lyrics
from tutti.search.meaning import Encoder, Interpreter
from tutti.search.pointing import Loader, load_placer
from tutti.search.portraits import Portrait, Statistics, portrait, statistics
from tutti.search.ranking import Flags, score_likeness
from tutti.search.terms import Query, Term, parse_terms
from tutti.search.understanding import Senses, Understanding, Understood
from tutti.text import sentences
from tutti.text.kept_vectors import kept_vectors

N_NEAREST = 5


class Library(Catalogue):
    """A catalogue with search.

    Attributes:
        listener: Hears a sound file with the catalogue's models; :func:`tutti.search.examples.listen` unless replaced.
        loader: Finds the model of a space; :func:`tutti.search.pointing.load_placer` unless replaced.
        encoder: Of phrases that are in no list; None understands words by lists and spelling alone.
    """

    listener: Listener = staticmethod(listen)
    loader: Loader = staticmethod(load_placer)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.encoder: Encoder | None = _SharedEncoder()
        self.refresh()

    def without_sentence_vectors(self) -> Self:
        """The same library, which understands words by its lists and their spelling alone."""
        self.encoder = None
        self.refresh()
        return self

    def search(
        self,
        text: str = "",
        k: int = 10,
        *,
        like: str | Path | None = None,
        plus: Iterable[str | Path | Term] = (),
        minus: Iterable[str | Path | Term] = (),
        where: str | None = None,
    ) -> Hits:
        """The tracks that answer a query best; see :meth:`answer`, which takes what is asked for more rarely, too.

        Args:
            text: Words such as ``jazz piano -vocals``, a sentence, or a paragraph: tags and their synonyms, moods,
                instruments, titles, artists. A leading minus, or "no" and "without", rejects; quotation marks keep
                words together.
            k: How many at most.
            like: A sound to be like: a track's id, path or title, or any sound file.
            plus: Further terms, ``[WEIGHT*][KIND:]VALUE`` as :mod:`tutti.search.terms` has them: files of sounds,
                pictures and texts, tracks, artists, lyrics, listeners.
            minus: Terms to get away from.
            where: An SQL condition on the tracks that are ranked at all, such as ``year < 1990``.

        Raises:
            QueryError: There is nothing to search for, or k is below 1; what else may be wrong, :meth:`answer` says.
        """
        terms = parse_terms(plus, minus, words=text)
        return self.answer(Query(terms=terms, like=None if like is None else str(like), k=k, where=where))

    def answer(self, query: Query) -> Hits:
        """The tracks that answer a query best, whatever it is made of.

        Returns:
            Hits, best first, with scores from 0 to 1 as :mod:`tutti.search.ranking` defines them. Empty, with notes
            that say why, where nothing matches.

        Raises:
            QueryError: The condition or a term is not understood, or all weights are 0.
            UnknownNameError: A term names nothing that is known.
            AudioError: A sound cannot be heard.
            ImageError: A picture cannot be read.
            CatalogueError: The catalogue has no points of the space, or others than its model would give.
        """
        corpus = self._loaded()
        candidates = matching(self, corpus, query.where)
        example = None if query.like is None else find_example(query.like, corpus, self.listener)
        if example is not None and example.row is not None:
            candidates &= ~corpus.copies_of(np.array([example.row]))
        hits, understood = self._hits(query, candidates, example, shortlisted=example is None)
        if understood.is_shortlisted and len(hits) < query.k:  # what the index found near was no hit
            hits, understood = self._hits(query, candidates, example, shortlisted=False)
        return Hits(hits, notes=notes_of(understood, candidates, corpus))

    def _hits(
        self, query: Query, candidates: Flags, example: Example | None, *, shortlisted: bool
    ) -> tuple[list[Hit], Understood]:
        corpus = self._loaded()
        understood = self._understanding().understand(query, candidates=candidates if shortlisted else None)
        importance = query.weights.get("audio", 1.0)
        if example is not None and importance:
            likeness = score_likeness(example.name, example.vectors, corpus)
            understood.parts.append(replace(likeness, importance=importance))
        row = example.row if example else None
        return hits_of(understood, candidates, query, catalogue=self, corpus=corpus, example=row), understood

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
        self._corpus: Corpus | None = None
        self._understands: Understanding | None = None
        self._lyrics_read: Lyrics | None = None

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

    def put_space(self, record: SpaceRecord) -> None:
        """See :meth:`tutti.data.catalogue.Catalogue.put_space`."""
        super().put_space(record)
        self.refresh()

    def _loaded(self) -> Corpus:
        if self._corpus is None:
            self._corpus = Corpus.load(self)
        return self._corpus

    def _understanding(self) -> Understanding:
        if self._understands is None:
            corpus = self._loaded()
            senses = Senses(
                interpreter=Interpreter(corpus.vocabulary, corpus.names, encoder=self.encoder),
                lyrics=self._lyrics,
                loader=self.loader,
                listener=lambda path, models: self.listener(path, models),
                reads_sentences=self.encoder is not None,
            )
            self._understands = Understanding(corpus, senses)
        return self._understands

    def _lyrics(self) -> Lyrics:
        if self._lyrics_read is None:
            self._lyrics_read = Lyrics.load(self, self._loaded())
        return self._lyrics_read


def open_catalogue(folder: Path | str) -> Library:
    """Open an existing catalogue, to search it.

    Raises:
        CatalogueError: There is none, it is damaged, or its format is newer than this program.
    """
    return Library.open(folder)


class _SharedEncoder:
    """The sentence encoder where the extra ``text`` is installed; read when the first unknown phrase comes."""

    @property
    def is_available(self) -> bool:
        """Whether the extra is installed and its weights are at hand."""
        return sentences.is_available()

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors. Shape (texts, dimensions)."""
        return sentences.shared_encoder().encode(texts)

    def encode_terms(self, terms: list[str]) -> NDArray[np.float32]:
        """The same of what every process asks for, kept on disk."""
        return kept_vectors(sentences.shared_encoder(), terms)
