"""A catalogue's tracks and what models said of them, as arrays that are read once and searched often.

Row i of every array belongs to the i-th track in the order of the track ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue, ModelRecord
from tutti.data.tables import full_path
from tutti.search.evidence import Evidence, ModelEvidence
from tutti.search.likeness import Soundspace
from tutti.search.names import Names
from tutti.search.vocabulary import Vocabulary

COLUMNS = [
    "track_id", "title", "artist", "album", "year", "audio", "tags", "duration", "content_hash", "duplicate_of"
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Described:
    """What one model said of the tracks, NaN in rows that it has not described.

    Attributes:
        probabilities: Shape (tracks, labels).
        vectors: Shape (tracks, embed_dim).
        n_excerpts: How many excerpts were heard, 0 in rows that it has not described. Shape (tracks,).
    """

    probabilities: NDArray[np.float32]
    vectors: NDArray[np.float32]
    n_excerpts: NDArray[np.int64]


class Corpus:
    """Everything a search needs of a catalogue. Make one with :meth:`load`."""

    def __init__(
        self,
        *,
        folder: Path,
        tracks: pa.Table,
        models: Mapping[str, ModelRecord],
        described: Mapping[str, Described],
    ) -> None:
        self.folder = folder
        self.tracks = tracks
        self.models = models
        self.described = described
        self.track_ids: list[str] = tracks["track_id"].to_pylist()
        self.row_of = {track_id: row for row, track_id in enumerate(self.track_ids)}

    @classmethod
    def load(cls, catalogue: Catalogue) -> Corpus:
        """Read a catalogue."""
        tracks = catalogue.read("tracks", columns=COLUMNS).sort_by("track_id")
        row_of = {track_id: row for row, track_id in enumerate(tracks["track_id"].to_pylist())}
        originals = {
            row: row_of[original]
            for row, original in enumerate(tracks["duplicate_of"].to_pylist())
            if original in row_of
        }
        models = catalogue.models()
        described = {name: _described(catalogue, name, row_of, originals) for name in models}
        return cls(folder=catalogue.folder, tracks=tracks, models=models, described=described)

    def __len__(self) -> int:
        return len(self.track_ids)

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
    def originals(self) -> NDArray[np.int64]:
        """For each row the row of the track with the same bytes that came first; itself where it is unique."""
        rows = np.arange(len(self))
        for row, original in enumerate(self.column("duplicate_of")):
            rows[row] = self.row_of.get(original, row)
        return rows

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

    def vectors_of(self, row: int) -> dict[str, NDArray[np.float32]]:
        """A track's vectors by model, those that there are."""
        rows = {name: described.vectors[row] for name, described in self.described.items()}
        return {name: vector for name, vector in rows.items() if not np.isnan(vector).any()}


def _described(catalogue: Catalogue, model: str, row_of: Mapping[str, int], originals: Mapping[int, int]) -> Described:
    predictions = catalogue.predictions(model)
    known = [(row_of[track_id], i) for i, track_id in enumerate(predictions.track_ids) if track_id in row_of]
    rows = np.array([row for row, _ in known], dtype=np.int64)
    sources = np.array([source for _, source in known], dtype=np.int64)
    probabilities = _spread(predictions.probabilities, rows, sources, len(row_of))
    vectors = _spread(predictions.vectors, rows, sources, len(row_of))
    n_excerpts = np.zeros(len(row_of), dtype=np.int64)
    n_excerpts[rows] = np.array(predictions.n_excerpts, dtype=np.int64)[sources]
    for row, original in originals.items():
        if not n_excerpts[row]:
            for values in (probabilities, vectors, n_excerpts):
                values[row] = values[original]
    return Described(probabilities=probabilities, vectors=vectors, n_excerpts=n_excerpts)


def _spread(
    values: NDArray[np.float32], rows: NDArray[np.int64], sources: NDArray[np.int64], n_tracks: int
) -> NDArray[np.float32]:
    spread = np.full((n_tracks, values.shape[1]), np.nan, dtype=np.float32)
    spread[rows] = values[sources]
    return spread
