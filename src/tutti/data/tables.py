"""The columns of a catalogue's tables, and the way between rows and our dataclasses.

``docs/formats.md`` describes the same tables for other programs. Paths inside the catalogue's folder are stored
relative to it, with forward slashes, so that a catalogue can be moved as a whole; all others are absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tutti.data.track import FileState, Listens, Problem, Track

TEXT = pa.struct([("kind", pa.string()), ("text", pa.string())])

TRACKS = pa.schema(
    [
        pa.field("track_id", pa.string(), nullable=False),
        ("title", pa.string()),
        ("artist", pa.string()),
        ("album", pa.string()),
        ("year", pa.int32()),
        ("country", pa.string()),
        ("audio", pa.string()),
        ("cover", pa.string()),
        ("texts", pa.list_(TEXT)),
        ("tags", pa.list_(pa.string())),
        ("split", pa.string()),
        ("duration", pa.float64()),
        ("size", pa.int64()),
        ("modified_ns", pa.int64()),
        ("content_hash", pa.string()),
        ("duplicate_of", pa.string()),
    ]
)

PROBLEMS = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        ("reason", pa.string()),
        ("skipped", pa.bool_()),
        ("size", pa.int64()),
        ("modified_ns", pa.int64()),
    ]
)

LISTENS = pa.schema(
    [
        pa.field("user", pa.string(), nullable=False),
        pa.field("track_id", pa.string(), nullable=False),
        ("plays", pa.int32()),
    ]
)

FACTS = pa.schema([pa.field("track_id", pa.string(), nullable=False), ("facts", pa.string())])

MODELS = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        ("fingerprint", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("embed_dim", pa.int32()),
        ("config", pa.string()),
    ]
)


SPACES = pa.schema(
    [
        pa.field("space", pa.string(), nullable=False),
        ("fingerprint", pa.string()),
        ("embed_dim", pa.int32()),
        ("modalities", pa.list_(pa.string())),
        ("source", pa.string()),
    ]
)


def points_schema(embed_dim: int) -> pa.Schema:
    """Columns of one space's points: a row for each track and modality, its state, and its point `[embed_dim]`.

    The point of a modality that was looked for in vain is null, so that nobody looks for it again.
    """
    return pa.schema(
        [
            pa.field("track_id", pa.string(), nullable=False),
            pa.field("modality", pa.string(), nullable=False),
            ("fingerprint", pa.string()),
            ("state", pa.string()),
            ("point", pa.list_(pa.float32(), embed_dim)),
        ]
    )


def factors_schema(n_factors: int) -> pa.Schema:
    """Columns of the factors of listening that one model told: a row for each track, its state, `[n_factors]`.

    The factors of a track of which nothing could be read are null.
    """
    return pa.schema(
        [
            pa.field("track_id", pa.string(), nullable=False),
            ("fingerprint", pa.string()),
            ("state", pa.string()),
            ("factors", pa.list_(pa.float32(), n_factors)),
        ]
    )


def predictions_schema(n_labels: int, embed_dim: int) -> pa.Schema:
    """Columns of one model's predictions for each track: a vector `[embed_dim]`, and probabilities `[n_labels]`.

    Of a model without labels there is no column of probabilities: Lance knows no lists of length 0.
    """
    probabilities = [pa.field("probabilities", pa.list_(pa.float32(), n_labels))] if n_labels else []
    return pa.schema(
        [
            pa.field("track_id", pa.string(), nullable=False),
            ("content_hash", pa.string()),
            ("fingerprint", pa.string()),
            ("n_excerpts", pa.int32()),
            *probabilities,
            ("vector", pa.list_(pa.float32(), embed_dim)),
        ]
    )


def stored_path(path: Path | None, folder: Path) -> str | None:
    """A path as the tables hold it."""
    if path is None:
        return None
    absolute = path.absolute()
    if absolute.is_relative_to(folder):
        return absolute.relative_to(folder).as_posix()
    return str(absolute)


def full_path(stored: str | None, folder: Path) -> Path | None:
    """The path that a stored one means."""
    return None if stored is None else folder / stored


def track_to_row(track: Track, folder: Path) -> dict[str, Any]:
    """A row of the tracks table."""
    return {
        "track_id": track.track_id,
        "title": track.title,
        "artist": track.artist,
        "album": track.album,
        "year": track.year,
        "country": track.country,
        "audio": stored_path(track.audio, folder),
        "cover": stored_path(track.cover, folder),
        "texts": [{"kind": kind, "text": text} for kind, text in track.texts.items()],
        "tags": list(track.tags),
        "split": track.split,
        "duration": track.duration,
        "size": track.file.size if track.file else None,
        "modified_ns": track.file.modified_ns if track.file else None,
        "content_hash": track.file.content_hash if track.file else None,
        "duplicate_of": track.duplicate_of,
    }


def row_to_track(row: Mapping[str, Any], folder: Path) -> Track:
    """The track that a row of the tracks table describes."""
    file = None
    if row["content_hash"] is not None:
        file = FileState(size=row["size"], modified_ns=row["modified_ns"], content_hash=row["content_hash"])
    return Track(
        track_id=row["track_id"],
        title=row["title"],
        artist=row["artist"],
        album=row["album"],
        year=row["year"],
        country=row["country"],
        audio=full_path(row["audio"], folder),
        cover=full_path(row["cover"], folder),
        texts={text["kind"]: text["text"] for text in row["texts"] or ()},
        tags=tuple(row["tags"] or ()),
        split=row["split"],
        duration=row["duration"],
        file=file,
        duplicate_of=row["duplicate_of"],
    )


def problem_to_row(problem: Problem, folder: Path) -> dict[str, Any]:
    """A row of the problems table."""
    return {
        "path": stored_path(problem.path, folder),
        "kind": problem.kind,
        "reason": problem.reason,
        "skipped": problem.skipped,
        "size": problem.size,
        "modified_ns": problem.modified_ns,
    }


def row_to_problem(row: Mapping[str, Any], folder: Path) -> Problem:
    """The problem that a row of the problems table describes."""
    return Problem(
        path=folder / row["path"],
        kind=row["kind"],
        reason=row["reason"],
        skipped=row["skipped"],
        size=row["size"],
        modified_ns=row["modified_ns"],
    )


def row_to_listens(row: Mapping[str, Any]) -> Listens:
    """The listening count that a row of the listens table describes."""
    return Listens(user=row["user"], track_id=row["track_id"], plays=row["plays"])
