"""A catalogue: tracks, listens, problems, and what models said of the tracks, in one folder of Lance tables.

Everything that comes into Tutti, a folder of files or a research dataset, becomes a catalogue; everything after works
on catalogues only. Searching one is ``tutti.search``'s work; filling one from a folder of music is
``tutti.search.indexing``'s.

Layout of the folder (``docs/formats.md`` has the details)::

    catalogue.json    version of the format
    tables/           one Lance table each: tracks, listens, facts, problems, models, predictions.<model>, spaces,
                      points.<space>, factors.<model>
    covers/           pictures that were found inside sound files
    .writer           the lock of the one process that writes
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import lancedb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.data import tables
from tutti.data.lock import writer_lock
from tutti.data.records import ModelRecord, Points, Predictions, SpaceRecord, ToldFactors
from tutti.data.track import Listens, Problem, Track
from tutti.errors import CatalogueError, QueryError, unknown_name
from tutti.files import write_text

FORMAT = 1
SCHEMAS = {
    "tracks": tables.TRACKS,
    "listens": tables.LISTENS,
    "facts": tables.FACTS,
    "problems": tables.PROBLEMS,
    "models": tables.MODELS,
    "spaces": tables.SPACES,
}
PREDICTIONS, POINTS, FACTORS = "predictions.", "points.", "factors."
BATCH_ROWS = 8_192


class Catalogue:
    """Tracks and what is known of them. Open one with :meth:`open` or :meth:`create`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._database = lancedb.connect(self.folder / "tables")

    @classmethod
    def create(cls, folder: Path | str) -> Self:
        """Open the catalogue in ``folder``, making an empty one where there is none.

        Raises:
            CatalogueError: The folder holds something else, or a catalogue of a newer format.
        """
        folder = Path(folder)
        if not (folder / "catalogue.json").exists():
            if folder.exists() and not folder.is_dir():
                raise CatalogueError(f"{folder} is a file, not a folder", hint="name a new or an empty folder")
            strangers = (
                [entry.name for entry in folder.iterdir() if entry.name not in {"tables", ".writer"}]
                if folder.exists()
                else []
            )
            if strangers:
                raise CatalogueError(
                    f"{folder} is no catalogue and is not empty: it holds {strangers[0]!r}",
                    hint="name a new or an empty folder for the catalogue",
                )
            write_text(folder / "catalogue.json", json.dumps({"format": FORMAT, "kind": "tutti catalogue"}) + "\n")
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open an existing catalogue.

        Raises:
            CatalogueError: There is none, it is damaged, or its format is newer than this program.
        """
        folder = Path(folder)
        try:
            facts = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
            version = int(facts["format"])
        except FileNotFoundError:
            raise CatalogueError(
                f"there is no catalogue in {folder}",
                hint=f"make one: tutti index FOLDER --catalogue {folder}",
            ) from None
        except (ValueError, KeyError, TypeError, NotADirectoryError) as cause:
            raise CatalogueError(
                f"{folder}/catalogue.json is damaged: {cause}", hint="make the catalogue anew"
            ) from None
        if version > FORMAT:
            raise CatalogueError(
                f"the catalogue {folder} has format {version}; this program reads up to {FORMAT}",
                hint="update tutti",
            )
        return cls(folder)

    @contextlib.contextmanager
    def writer(self) -> Iterator[None]:
        """Be the one process that writes, for as long as the block lasts.

        Raises:
            CatalogueBusyError: Another process is writing.
        """
        with writer_lock(self.folder / ".writer"):
            yield

    # Tables

    def table_names(self) -> list[str]:
        """Names of the tables that hold something."""
        return sorted(self._database.list_tables(limit=10_000).tables)

    def read(self, table: str, *, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        """Rows of a table as Arrow, an empty table where nothing was ever stored.

        Args:
            table: Its name, such as ``tracks``.
            columns: Which columns; all of them when None.
            where: An SQL condition over the table's columns.

        Raises:
            QueryError: The condition is not understood.
        """
        if table not in self.table_names():
            schema = SCHEMAS[table]
            empty = schema.empty_table()
            return empty if columns is None else empty.select(list(columns))
        query = self._database.open_table(table).search()
        if columns is not None:
            query = query.select(list(columns))
        if where is not None:
            query = query.where(where)
        try:
            return query.to_arrow()
        except (ValueError, RuntimeError, OSError) as cause:
            if where is None:
                raise
            known = ", ".join(SCHEMAS[table].names) if table in SCHEMAS else "those of the table"
            # Lance names the place in its own sources behind what it has to say.
            first_line = str(cause).partition("\n")[0].partition(", /")[0][:200]
            raise QueryError(
                f"the condition {where!r} is not understood: {first_line}",
                hint=f"write SQL such as \"artist = 'X' and year < 1990\"; columns: {known}",
            ) from None

    def versions(self, tables: Iterable[str]) -> dict[str, int]:
        """A number for each table that changes whenever the table does, 0 where nothing was ever stored."""
        known = self.table_names()
        return {name: int(self._database.open_table(name).version) if name in known else 0 for name in sorted(tables)}

    def read_in_batches(self, table: str, *, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Rows of a table, some thousands at a time, so that a large one need not fit into memory.

        Args:
            table: Its name; nothing comes where nothing was ever stored.
            columns: Which columns.
        """
        if table in self.table_names():
            yield from self._database.open_table(table).search().select(list(columns)).to_batches(batch_size=BATCH_ROWS)

    def merge(self, table: str, rows: pa.Table, *, on: str | list[str]) -> None:
        """Insert rows, replacing those with the same key: either all of them or, when killed, none."""
        if rows.num_rows == 0:
            return
        if table not in self.table_names():
            self._database.create_table(table, rows)
            return
        merge = self._database.open_table(table).merge_insert(on)
        # Of what is absent there is no point, which lancedb takes for a mistake where it takes a column for vectors.
        bad = "null" if table.startswith((POINTS, FACTORS)) else "error"
        merge.when_matched_update_all().when_not_matched_insert_all().execute(rows, on_bad_vectors=bad)

    def delete(self, table: str, column: str, values: Iterable[str]) -> None:
        """Delete the rows whose column has one of the values."""
        wanted = [value.replace("'", "''") for value in values]
        if wanted and table in self.table_names():
            listed = ", ".join(f"'{value}'" for value in wanted)
            self._database.open_table(table).delete(f"{column} IN ({listed})")

    def _drop(self, table: str) -> None:
        if table in self.table_names():
            self._database.drop_table(table)

    def compact(self) -> None:
        """Join the small pieces that many small writes leave, and drop old versions of the tables."""
        for name in self.table_names():
            self._database.open_table(name).optimize(cleanup_older_than=timedelta(hours=1))

    # Tracks

    def __len__(self) -> int:
        return int(self._database.open_table("tracks").count_rows()) if "tracks" in self.table_names() else 0

    def tracks(self, *, where: str | None = None) -> list[Track]:
        """All tracks, or those that meet an SQL condition, in the order of their ids."""
        rows = self.read("tracks", where=where).sort_by("track_id").to_pylist()
        return [tables.row_to_track(row, self.folder) for row in rows]

    def track(self, track_id: str) -> Track:
        """The track with this id.

        Raises:
            UnknownNameError: There is none.
        """
        escaped = track_id.replace("'", "''")
        found = self.tracks(where=f"track_id = '{escaped}'")
        if not found:
            raise unknown_name(
                "track", track_id, self.read("tracks", columns=["track_id"])["track_id"].to_pylist()[:50]
            )
        return found[0]

    def put_tracks(self, tracks: Iterable[Track]) -> None:
        """Add tracks, replacing those with the same ids."""
        rows = [tables.track_to_row(track, self.folder) for track in tracks]
        self.merge("tracks", pa.Table.from_pylist(rows, schema=tables.TRACKS), on="track_id")

    def delete_tracks(self, track_ids: Sequence[str]) -> None:
        """Forget tracks, everything that models said of them, their points and factors."""
        for name in self.table_names():
            if name == "tracks" or name.startswith((PREDICTIONS, POINTS, FACTORS)):
                self.delete(name, "track_id", track_ids)

    # Listens, ground truth, problems

    def listens(self) -> list[Listens]:
        """Who played what, how often."""
        return [tables.row_to_listens(row) for row in self.read("listens").to_pylist()]

    def put_listens(self, listens: Iterable[Listens]) -> None:
        """Add counts, replacing those of the same user and track."""
        rows = [{"user": one.user, "track_id": one.track_id, "plays": one.plays} for one in listens]
        self.merge("listens", pa.Table.from_pylist(rows, schema=tables.LISTENS), on=["user", "track_id"])

    def facts(self) -> dict[str, dict[str, Any]]:
        """Ground truth by track id, where the catalogue's maker stored it."""
        return {row["track_id"]: json.loads(row["facts"]) for row in self.read("facts").to_pylist()}

    def put_facts(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Store ground truth by track id."""
        rows = [{"track_id": key, "facts": json.dumps(value, sort_keys=True)} for key, value in facts.items()]
        self.merge("facts", pa.Table.from_pylist(rows, schema=tables.FACTS), on="track_id")

    def problems(self) -> list[Problem]:
        """Everything that was wrong with a file, in the order of the paths."""
        rows = self.read("problems").sort_by([("path", "ascending"), ("kind", "ascending")]).to_pylist()
        return [tables.row_to_problem(row, self.folder) for row in rows]

    def put_problems(self, problems: Iterable[Problem]) -> None:
        """Add problems, replacing those of the same path and kind."""
        rows = [tables.problem_to_row(problem, self.folder) for problem in problems]
        self.merge("problems", pa.Table.from_pylist(rows, schema=tables.PROBLEMS), on=["path", "kind"])

    def clear_problems(self, paths: Iterable[Path], *, kind: str | None = None) -> None:
        """Forget the problems of these files, or those of one kind."""
        wanted = {stored for path in paths if (stored := tables.stored_path(path, self.folder)) is not None}
        if kind is None:
            self.delete("problems", "path", wanted)
            return
        others = [one for one in self.problems() if tables.stored_path(one.path, self.folder) in wanted]
        if any(one.kind == kind for one in others):
            self.delete("problems", "path", wanted)
            self.put_problems(one for one in others if one.kind != kind)

    # What models said

    def models(self) -> dict[str, ModelRecord]:
        """The models that have described tracks here, by name."""
        rows = self.read("models").sort_by("model").to_pylist()
        return {
            row["model"]: ModelRecord(
                model=row["model"],
                fingerprint=row["fingerprint"],
                labels=tuple(row["labels"]),
                embed_dim=row["embed_dim"],
                config=json.loads(row["config"]),
            )
            for row in rows
        }

    def put_model(self, record: ModelRecord) -> None:
        """Register a model. If one of the same name had other labels or dimensions, its predictions go."""
        previous = self.models().get(record.model)
        if previous and (previous.labels, previous.embed_dim) != (record.labels, record.embed_dim):
            self._drop(PREDICTIONS + record.model)
        row = {
            "model": record.model,
            "fingerprint": record.fingerprint,
            "labels": list(record.labels),
            "embed_dim": record.embed_dim,
            "config": json.dumps(dict(record.config), sort_keys=True),
        }
        self.merge("models", pa.Table.from_pylist([row], schema=tables.MODELS), on="model")

    def predictions(self, model: str) -> Predictions:
        """What a model said, in the order of the track ids.

        Raises:
            UnknownNameError: No such model has described anything here.
        """
        models = self.models()
        if model not in models:
            raise unknown_name("model in this catalogue", model, models)
        record = models[model]
        if PREDICTIONS + model not in self.table_names():
            table = tables.predictions_schema(len(record.labels), record.embed_dim).empty_table()
        else:
            table = self.read(PREDICTIONS + model).sort_by("track_id")
        return Predictions(
            track_ids=table["track_id"].to_pylist(),
            content_hashes=table["content_hash"].to_pylist(),
            fingerprints=table["fingerprint"].to_pylist(),
            n_excerpts=table["n_excerpts"].to_pylist(),
            probabilities=_probabilities(table, len(record.labels)),
            vectors=matrix_of(table["vector"], record.embed_dim),
        )

    def put_predictions(self, model: str, predictions: Predictions) -> None:
        """Store what a registered model said, replacing what it said of the same tracks before."""
        n_labels, embed_dim = predictions.probabilities.shape[1], predictions.vectors.shape[1]
        schema = tables.predictions_schema(n_labels, embed_dim)
        columns = [
            pa.array(predictions.track_ids, pa.string()),
            pa.array(predictions.content_hashes, pa.string()),
            pa.array(predictions.fingerprints, pa.string()),
            pa.array(predictions.n_excerpts, pa.int32()),
            *([_fixed_lists(predictions.probabilities)] if n_labels else []),
            _fixed_lists(predictions.vectors),
        ]
        self.merge(PREDICTIONS + model, pa.Table.from_arrays(columns, schema=schema), on="track_id")

    # Where tracks lie in spaces

    def spaces(self) -> dict[str, SpaceRecord]:
        """The spaces that tracks here have points in, by name."""
        rows = self.read("spaces").sort_by("space").to_pylist()
        return {row["space"]: SpaceRecord(**{**row, "modalities": tuple(row["modalities"])}) for row in rows}

    def put_space(self, record: SpaceRecord) -> None:
        """Register a space. If one of the same name had other points, those go."""
        previous = self.spaces().get(record.space)
        if previous and (previous.fingerprint, previous.embed_dim) != (record.fingerprint, record.embed_dim):
            self._drop(POINTS + record.space)
        row = {**dataclasses.asdict(record), "modalities": list(record.modalities)}
        self.merge("spaces", pa.Table.from_pylist([row], schema=tables.SPACES), on="space")

    def points(self, space: str) -> dict[str, Points]:
        """The points of a space by modality, each in the order of the track ids.

        Raises:
            UnknownNameError: Nothing here has a point in such a space.
        """
        spaces = self.spaces()
        if space not in spaces:
            raise unknown_name("space in this catalogue", space, spaces)
        record = spaces[space]
        if POINTS + space not in self.table_names():
            return {}
        table = self.read(POINTS + space).sort_by("track_id")
        found = {}
        for modality in record.modalities:
            rows = table.filter(pc.equal(table["modality"], modality))
            if rows.num_rows:
                found[modality] = Points(
                    modality=modality,
                    track_ids=rows["track_id"].to_pylist(),
                    fingerprints=rows["fingerprint"].to_pylist(),
                    states=rows["state"].to_pylist(),
                    points=matrix_of(rows["point"], record.embed_dim),
                )
        return found

    def put_points(self, space: str, points: Points) -> None:
        """Store points of a registered space, replacing those of the same tracks and modality."""
        is_absent = np.asarray(np.isnan(points.points).any(axis=1))
        columns = [
            pa.array(points.track_ids, pa.string()),
            pa.array([points.modality] * len(points), pa.string()),
            pa.array(points.fingerprints, pa.string()),
            pa.array(points.states, pa.string()),
            _fixed_lists(points.points, absent=is_absent),
        ]
        schema = tables.points_schema(points.points.shape[1])
        self.merge(POINTS + space, pa.Table.from_arrays(columns, schema=schema), on=["track_id", "modality"])

    # Factors of listening that models told

    def told_factors(self, model: str) -> ToldFactors | None:
        """What a model told of tracks; None where it has told nothing."""
        rows = self.read(FACTORS + model) if FACTORS + model in self.table_names() else None
        if not rows:
            return None
        return ToldFactors(
            fingerprint=rows["fingerprint"][0].as_py(),  # of all rows: see below
            track_ids=rows["track_id"].to_pylist(),
            states=rows["state"].to_pylist(),
            factors=matrix_of(rows["factors"], rows.schema.field("factors").type.list_size),
        )

    def put_told_factors(self, model: str, told: ToldFactors) -> None:
        """Store what a model told, replacing what it told of the same tracks; what another version told goes."""
        is_absent = np.asarray(np.isnan(told.factors).any(axis=1))
        columns = [
            pa.array(told.track_ids, pa.string()),
            pa.array([told.fingerprint] * len(told.track_ids), pa.string()),
            pa.array(told.states, pa.string()),
            _fixed_lists(told.factors, absent=is_absent),
        ]
        rows = pa.Table.from_arrays(columns, schema=tables.factors_schema(told.factors.shape[1]))
        batches = self.read_in_batches(FACTORS + model, columns=["fingerprint"])
        if next((batch["fingerprint"][0].as_py() for batch in batches if len(batch)), None) != told.fingerprint:
            self._drop(FACTORS + model)
        self.merge(FACTORS + model, rows, on="track_id")


def _fixed_lists(matrix: NDArray[np.float32], *, absent: NDArray[np.bool_] | None = None) -> pa.FixedSizeListArray:
    flat = np.ascontiguousarray(matrix, dtype=np.float32).ravel()
    mask = None if absent is None else pa.array(absent)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), matrix.shape[1], mask=mask)


def _probabilities(table: pa.Table, n_labels: int) -> NDArray[np.float32]:
    if not n_labels:
        return np.zeros((table.num_rows, 0), dtype=np.float32)
    return matrix_of(table["probabilities"], n_labels)


def matrix_of(column: pa.ChunkedArray, width: int) -> NDArray[np.float32]:
    """A column of lists of one length as a matrix, rows of NaN where it has nulls. Shape (rows, width)."""
    matrix = np.full((len(column), width), np.nan, dtype=np.float32)
    begin = 0
    for chunk in column.chunks:
        some = matrix[begin : begin + len(chunk)]
        is_present = slice(None) if not chunk.null_count else np.asarray(chunk.is_valid())
        some[is_present] = chunk.drop_null().flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
        begin += len(chunk)
    return matrix
