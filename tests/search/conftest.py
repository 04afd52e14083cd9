"""Small catalogues whose sounds are described by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import Track
from tutti.search.library import Library

MakeLibrary = Callable[..., Library]


@pytest.fixture
def make_library(tmp_path: Path) -> MakeLibrary:
    """Build a library from tracks and, by model, the labels' probabilities track by track."""

    def make(
        tracks: list[Track],
        models: Mapping[str, Mapping[str, list[float]]],
        *,
        vectors: Any = None,
        base_rates: Mapping[str, float] | None = None,
    ) -> Library:
        library = Library.create(tmp_path / "library").without_sentence_vectors()
        library.put_tracks(tracks)
        for name, columns in models.items():
            rows = np.eye(len(tracks), dtype=np.float32) if vectors is None else np.asarray(vectors, dtype=np.float32)
            config = {"base_rates": dict(base_rates or {})}
            library.put_model(
                ModelRecord(model=name, fingerprint="1", labels=tuple(columns), embed_dim=rows.shape[1], config=config)
            )
            library.put_predictions(
                name,
                Predictions(
                    track_ids=[track.track_id for track in tracks],
                    content_hashes=[track.track_id for track in tracks],
                    fingerprints=["1"] * len(tracks),
                    n_excerpts=[4] * len(tracks),
                    probabilities=np.array(list(columns.values()), dtype=np.float32).T,
                    vectors=rows,
                ),
            )
        return library

    return make


@pytest.fixture
def small_library(make_library: MakeLibrary) -> Library:
    """Four tracks: a sung jazz piano, a jazz piano, a techno piece, a metal song."""
    tracks = [
        Track(track_id="a", title="Blue Evening", artist="Ella Moon", year=1958, audio=Path("/music/ella/blue.flac")),
        Track(track_id="b", title="Quiet Keys", artist="Bill Tree", year=1961, tags=("late night",)),
        Track(track_id="c", title="Strobe", artist="Circuit", album="Warehouse", year=2003),
        Track(track_id="d", title="Iron Rain", artist="Circuit Breaker", year=1986, tags=("thrash",)),
    ]
    labels = {
        "genre---jazz": [0.7, 0.8, 0.02, 0.01],
        "piano": [0.5, 0.9, 0.02, 0.01],
        "techno": [0.01, 0.01, 0.8, 0.02],
        "metal": [0.01, 0.01, 0.02, 0.9],
        "vocals": [0.8, 0.02, 0.01, 0.6],
        "no voice": [0.01, 0.5, 0.4, 0.02],
    }
    vectors = [[1, 1, 0, 0.1], [1, 0.9, 0, 0], [0, 0, 1, 0.1], [0, 0.2, 0.1, 1]]
    return make_library(tracks, {"tagger": labels}, vectors=vectors)
