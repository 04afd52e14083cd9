"""The vectors that a probe is fitted on: from the catalogue where an index holds them, else heard, and kept.

A catalogue's vectors count where the model's fingerprint and the file are what they were when it was indexed. Others
are made by the one way of inference and kept in the study's folder, so that it goes on where it was stopped::

    vectors/<model>-<fingerprint>.npz    track ids, what each file was like, vectors
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.data.catalogue import Catalogue
from tutti.data.records import Predictions
from tutti.data.track import Track
from tutti.files import atomic_file
from tutti.models.inference import analyse
from tutti.models.model import Model

KEPT_EVERY = 200  # tracks
Vectors = dict[str, NDArray[np.float32]]
"""By track id. Shape (embed_dim,)."""


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Vectors of tracks by several models.

    Attributes:
        vectors: By model name, then by track id.
        failures: Tracks that could not be heard, and why.
        n_heard: Tracks that had to be heard now, by model name; the others' vectors were at hand.
    """

    vectors: dict[str, Vectors]
    failures: dict[str, str] = field(default_factory=dict)
    n_heard: dict[str, int] = field(default_factory=dict)


def embed_tracks(
    models: Sequence[Model],
    tracks: Sequence[Track],
    catalogue: Catalogue,
    *,
    folder: Path | None = None,
    jobs: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> Embedded:
    """Vectors of tracks, each decoded at most once for all models that lack it.

    Args:
        models: Of different names.
        tracks: With a sound each.
        catalogue: Theirs.
        folder: Of the study; None keeps nothing.
        jobs: Threads that decode.
        tell: Receives a line before models listen.
    """
    states = {track.track_id: _state(track) for track in tracks}
    places = {one.name: _place(folder, one) for one in models}
    known = {one.name: _indexed(one, tracks, catalogue) | _kept(places[one.name], states) for one in models}
    lacking: dict[tuple[str, ...], list[Track]] = {}
    for track in tracks:
        names = tuple(one.name for one in models if track.track_id not in known[one.name])
        if names:
            lacking.setdefault(names, []).append(track)
    failures: dict[str, str] = {}
    n_heard = dict.fromkeys(known, 0)
    for names, some in lacking.items():
        tell(f"{', '.join(names)}: listening to {len(some)} tracks")
        hearing = [one for one in models if one.name in names]
        recordings = (Recording.from_file(one.audio, key=one.track_id) for one in some if one.audio is not None)
        for number, analysis in enumerate(analyse(recordings, hearing, jobs=jobs), start=1):
            key = analysis.recording.key
            if analysis.failure is not None:
                failures[key] = analysis.failure.message
            for name, result in analysis.results.items():
                known[name][key] = result.vectors
                n_heard[name] += 1
            if number % KEPT_EVERY == 0 or number == len(some):
                _keep({name: known[name] for name in names}, places, states)
    return Embedded(vectors=known, failures=failures, n_heard=n_heard)


def _state(track: Track) -> str:
    """Changes with the track's file."""
    if track.audio is None or not track.audio.exists():
        return ""
    facts = track.audio.stat()
    return f"{facts.st_size} {facts.st_mtime_ns}"


def indexed(model: Model, tracks: Sequence[Track], catalogue: Catalogue) -> tuple[Predictions, dict[str, int]] | None:
    """What the catalogue's index holds of this very model: all of it, and the rows of tracks whose files are the same.

    None where the model has never been asked about the catalogue.
    """
    if model.name not in catalogue.models():
        return None
    stored = catalogue.predictions(model.name)
    row_of = {key: row for row, key in enumerate(stored.track_ids)}
    found: dict[str, int] = {}
    for track in tracks:
        row = row_of.get(track.track_id)
        if row is None or track.file is None or stored.fingerprints[row] != model.fingerprint:
            continue
        is_same = stored.content_hashes[row] == track.file.content_hash
        if is_same and _state(track) == f"{track.file.size} {track.file.modified_ns}":
            found[track.track_id] = row
    return stored, found


def _indexed(model: Model, tracks: Sequence[Track], catalogue: Catalogue) -> Vectors:
    held = indexed(model, tracks, catalogue)
    return {} if held is None else {key: held[0].vectors[row] for key, row in held[1].items()}


def _place(folder: Path | None, model: Model) -> Path | None:
    return None if folder is None else folder / "vectors" / f"{model.name}-{model.fingerprint}.npz"


def _keep(vectors: dict[str, Vectors], places: dict[str, Path | None], states: dict[str, str]) -> None:
    for name, some in vectors.items():
        path = places[name]
        if path is None or not some:
            continue
        with atomic_file(path) as partial, partial.open("wb") as file:
            np.savez(
                file,
                track_ids=np.array(list(some), dtype=np.str_),
                states=np.array([states[key] for key in some], dtype=np.str_),
                vectors=np.stack(list(some.values())),
            )


def _kept(path: Path | None, states: dict[str, str]) -> Vectors:
    """What an earlier run of the study kept, of files that are still the same."""
    if path is None or not path.exists():
        return {}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            rows = zip(stored["track_ids"].tolist(), stored["states"].tolist(), stored["vectors"], strict=True)
            return {key: vector for key, state, vector in rows if states.get(key) == state}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):  # damaged: made anew
        return {}
