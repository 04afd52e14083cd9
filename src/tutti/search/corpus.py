"""A catalogue's tracks and what models said of them, as arrays that are read once and searched often.

Row i of every array belongs to the i-th track in the order of the track ids. Columns are read when first asked for:
words need no vectors, and a likeness no names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.data.catalogue import PREDICTIONS, Catalogue, matrix_of
from tutti.data.records import ModelRecord
from tutti.data.tables import full_path
from tutti.errors import QueryError, UnknownNameError
from tutti.files import sha256_of
from tutti.search.evidence import Evidence, ModelEvidence
from tutti.search.likeness import Soundspace
from tutti.search.names import Names, did_you_mean
from tutti.search.points.predicted_points import DEFAULT_SPACE, told_space
from tutti.search.points.reading_points import known_name, read_points
from tutti.search.points.space_points import SpacePoints
from tutti.search.points.vector_files import mapped_points
from tutti.text.spelling import plain
from tutti.text.vocabulary import Vocabulary

COLUMNS = [
    "track_id", "title", "artist", "album", "year", "audio", "tags", "duration", "content_hash", "duplicate_of"
]  # fmt: skip

Rows = NDArray[np.int64]


class Described:
    """What one model said of the tracks, NaN in rows that it has not described.

    A track with the same bytes as another is described by what was said of that one.
    """

    def __init__(self, catalogue: Catalogue, record: ModelRecord, corpus: Corpus) -> None:
        self._catalogue, self._record, self._corpus = catalogue, record, corpus

    @cached_property
    def n_excerpts(self) -> Rows:
        """How many excerpts were heard, 0 in rows that it has not described. Shape (tracks,)."""
        rows, column = self._read("n_excerpts")
        counts = np.zeros(len(self._corpus), dtype=np.int64)
        counts[rows] = column.to_numpy()
        return self._with_duplicates(counts, counts == 0)

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Shape (tracks, labels)."""
        return self._matrix("probabilities", len(self._record.labels))

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Shape (tracks, embed_dim)."""
        return self._matrix("vector", self._record.embed_dim)

    def _matrix(self, column: str, width: int) -> NDArray[np.float32]:
        spread = np.full((len(self._corpus), width), np.nan, dtype=np.float32)
        if width:
            rows, values = self._read(column)
            spread[rows] = matrix_of(values, width)
            self._with_duplicates(spread, np.isnan(spread[:, 0]))
        return spread

    def _read(self, column: str) -> tuple[Rows, pa.ChunkedArray]:
        """The rows of the corpus that a model has described, and a column's values there."""
        table = PREDICTIONS + self._record.model
        if table not in self._catalogue.table_names():
            return np.zeros(0, dtype=np.int64), pa.chunked_array([], pa.null())
        return self._corpus.in_rows(self._catalogue.read(table, columns=["track_id", column]), column)

    def _with_duplicates(self, values: NDArray[Any], is_absent: NDArray[np.bool_]) -> NDArray[Any]:
        rows = np.flatnonzero(is_absent & (self._corpus.originals != np.arange(len(is_absent))))
        values[rows] = values[self._corpus.originals[rows]]
        return values


class Corpus:
    """Everything a search needs of a catalogue. Make one with :meth:`load`."""

    def __init__(self, catalogue: Catalogue, tracks: pa.Table) -> None:
        self._catalogue = catalogue
        self.folder = catalogue.folder
        self.tracks = tracks
        self.models = catalogue.models()
        self.described = {name: Described(catalogue, record, self) for name, record in self.models.items()}
        self.track_ids: list[str] = tracks["track_id"].to_pylist()
        self.conditions: dict[str, NDArray[np.bool_]] = {}  # answered before, see ``tutti.search.filters``
        self.scored: dict[str, Any] = {}  # phrases asked for lately, see ``tutti.search.ranking``
        self._points: dict[str, SpacePoints] = {}
        self._spaces: tuple[str, ...] | None = None

    @classmethod
    def load(cls, catalogue: Catalogue) -> Corpus:
        """Read a catalogue's tracks; all else is read when it is asked for."""
        return cls(catalogue, catalogue.read("tracks", columns=COLUMNS).sort_by("track_id").combine_chunks())

    def __len__(self) -> int:
        return len(self.track_ids)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of a track id."""
        return {track_id: row for row, track_id in enumerate(self.track_ids)}

    def rows_of(self, track_ids: Any) -> Rows:
        """The rows of track ids in an Arrow array, -1 for those that are none here. Shape (ids,)."""
        found = pc.index_in(track_ids, value_set=self.tracks["track_id"].combine_chunks())
        return np.asarray(pc.fill_null(found, -1), dtype=np.int64)

    def in_rows(self, table: pa.Table, column: str) -> tuple[Rows, pa.ChunkedArray]:
        """The rows that a table tells of by its ``track_id``, and a column's values there; strangers left out."""
        rows = self.rows_of(table["track_id"])
        if (rows < 0).any():
            return rows[rows >= 0], table[column].filter(pa.array(rows >= 0))
        return rows, table[column]

    @cached_property
    def names(self) -> Names:
        """Titles and the like, ready to be searched."""
        return Names(self.tracks)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the models can hear."""
        sources = [record.config.get("label_sources") or {} for record in self.models.values()]
        label_sets = {source.partition(":")[0] for one in sources for some in one.values() for source in some}
        return Vocabulary({name: record.labels for name, record in self.models.items()}, label_sets=sorted(label_sets))

    @cached_property
    def evidence(self) -> Evidence:
        """How strongly the models heard it."""
        models = {
            name: ModelEvidence(
                probabilities=described.probabilities,
                base_rates=self.models[name].config.get("base_rates") or {},
            )
            for name, described in self.described.items()
        }
        return Evidence(self.vocabulary, models, len(self))

    @cached_property
    def soundspace(self) -> Soundspace:
        """How alike the tracks sound."""
        return Soundspace({name: described.vectors for name, described in self.described.items()})

    @cached_property
    def originals(self) -> Rows:
        """For each row the row of the track with the same bytes that came first; itself where it is unique."""
        rows = self.rows_of(self.tracks["duplicate_of"])
        return np.where(rows < 0, np.arange(len(self)), rows)

    def copies_of(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether a track has the same bytes as one of some rows, these themselves among them. Shape (tracks,)."""
        return np.isin(self.originals, self.originals[rows])

    @cached_property
    def years(self) -> NDArray[np.int64]:
        """Of the releases, 0 where unknown. Shape (tracks,)."""
        return np.asarray(pc.fill_null(self.tracks["year"], 0), dtype=np.int64)

    @cached_property
    def has_texts(self) -> bool:
        """Whether anything is written of any track: reviews, lyrics, …"""
        batches = self._catalogue.read_in_batches("tracks", columns=["texts"])
        return any(len(pc.list_flatten(batch["texts"])) for batch in batches)

    # Spaces, artists, listeners

    def spaces(self) -> tuple[str, ...]:
        """Names of the spaces that tracks have points in, stored or told by what a tagger said of them."""
        if self._spaces is None:
            stored = tuple(self._catalogue.spaces())
            is_told = DEFAULT_SPACE not in stored and told_space(DEFAULT_SPACE, self.models) is not None
            self._spaces = (*stored, DEFAULT_SPACE) if is_told else stored
        return self._spaces

    def points(self, space: str) -> SpacePoints:
        """Where the tracks lie in a space, given by its name or its model's folder; read when first asked for.

        Raises:
            CatalogueError: No track has a point in it; the hint says how they get some.
        """
        if space not in self._points:
            name = known_name(space, self._catalogue)
            mapped = mapped_points(name, self._catalogue, self)
            self._points[space] = mapped or read_points(name, self._catalogue, self)
        return self._points[space]

    def rows_named(self, field: Literal["artist", "album"], name: str) -> Rows:
        """The tracks of an artist, or of all albums of a name, however it is written.

        Raises:
            UnknownNameError: There is none; the hint has the nearest names.
        """
        rows = np.flatnonzero(self.names.named(plain(name))[field])
        if not len(rows):  # a name without letters, such as !!!, has no plain form
            rows = np.flatnonzero(pc.fill_null(pc.equal(self.tracks[field], name), False))
        if not len(rows):
            known = pc.unique(pc.drop_null(self.tracks[field])).to_pylist()
            raise _unknown(field, name, known, hint=f"tutti search finds {field}s by a word of their names")
        return rows

    def listener_rows(self, user: str) -> tuple[Rows, NDArray[np.float32]]:
        """The tracks that a listener played, and how often.

        Raises:
            QueryError: The catalogue has no listens at all.
            UnknownNameError: It has none of this listener; the hint has the nearest names.
        """
        table = self._listens
        if not table.num_rows:
            raise QueryError(
                f"there is no history of {user!r}: the catalogue {self.folder} holds no listens",
                hint="ask without a listener, or store who played what: Catalogue.put_listens",
            )
        played = table.filter(pc.equal(table["user"], user))
        if not played.num_rows:
            raise _unknown("listener", user, pc.unique(table["user"]).to_pylist(), hint="listeners are named exactly")
        rows, plays = self.in_rows(played, "plays")
        order = np.argsort(rows)
        return rows[order], np.asarray(plays, dtype=np.float32)[order]

    @cached_property
    def _listens(self) -> pa.Table:
        return self._catalogue.read("listens")

    # Single tracks

    def column(self, name: str) -> list[Any]:
        """A column of the tracks table."""
        values: list[Any] = self.tracks[name].to_pylist()
        return values

    def value(self, name: str, row: int) -> Any:
        """One value of the tracks table."""
        return self.tracks[name][row].as_py()

    def path(self, row: int) -> Path | None:
        """Where a track's sound file lies."""
        return full_path(self.value("audio", row), self.folder)

    def name(self, row: int) -> str:
        """What to call a track where a person reads it: its title, its file's name, or its id."""
        path = self.path(row)
        return self.value("title", row) or (path.stem if path else self.track_ids[row])

    def row_of_file(self, path: Path) -> int | None:
        """The row of the first track with the same bytes as a file; None where there is none."""
        place: int = pc.index(self.tracks["content_hash"], sha256_of(path)).as_py()
        return None if place < 0 else place

    def vectors_of(self, row: int) -> dict[str, NDArray[np.float32]]:
        """A track's vectors by model, those that there are."""
        rows = {name: described.vectors[row] for name, described in self.described.items()}
        return {name: vector for name, vector in rows.items() if not np.isnan(vector).any()}


def _unknown(what: str, name: str, known: list[str], *, hint: str) -> UnknownNameError:
    return UnknownNameError(f"there is no {what} {name!r} in the catalogue", hint=did_you_mean(name, known) + hint)
