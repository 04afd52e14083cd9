"""All that is known of one track, and of a catalogue as a whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tutti.data.catalogue import Catalogue
from tutti.data.track import Problem, Track
from tutti.errors import CatalogueError
from tutti.search.corpus import Corpus
from tutti.search.hits import Hits
from tutti.search.points.vector_files import is_outdated
from tutti.search.ranking import PRESENT


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """All that is known of one track.

    Attributes:
        track: Its file and what is written about it.
        tags: By model, the probability of each label, the most probable first.
        n_excerpts: By model, how many excerpts were heard.
        nearest: The tracks that sound most alike.
        problems: What was wrong with its file.
    """

    track: Track
    tags: Mapping[str, Mapping[str, float]]
    n_excerpts: Mapping[str, int]
    nearest: Hits
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """The portrait in plain types."""
        track = _plain(asdict(self.track))
        return {
            **track,
            "tags_by_model": {
                model: {label: round(value, 4) for label, value in tags.items()} for model, tags in self.tags.items()
            },
            "n_excerpts": dict(self.n_excerpts),
            "nearest": self.nearest.to_json(),
            "problems": [_plain(asdict(problem)) for problem in self.problems],
        }


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What a catalogue holds.

    Attributes:
        n_tracks: Tracks.
        n_duplicates: Tracks whose file has the same bytes as another's.
        n_artists: Different artists.
        n_albums: Different albums.
        seconds: Of sound, all tracks together.
        with_modality: Tracks that have audio, cover, texts, tags, year.
        models: By name: labels, dimensions, tracks described.
        spaces: By name: dimensions, tracks placed by modality; of an index over them its size and its recall.
        top_tags: In how many tracks the models hear a concept, the commonest first.
        typed_tags: In how many tracks people typed a tag, the commonest first.
        problems: Everything that was wrong with a file.
    """

    n_tracks: int
    n_duplicates: int
    n_artists: int
    n_albums: int
    seconds: float
    with_modality: Mapping[str, int]
    models: Mapping[str, Mapping[str, int]]
    spaces: Mapping[str, Mapping[str, Any]]
    top_tags: Mapping[str, int]
    typed_tags: Mapping[str, int]
    problems: tuple[Problem, ...]

    @property
    def problems_by_kind(self) -> dict[str, int]:
        """How many problems of each kind there are, the commonest first."""
        return dict(Counter(problem.kind for problem in self.problems).most_common())

    def to_json(self) -> dict[str, Any]:
        """The statistics in plain types."""
        return {**_plain(asdict(self)), "problems_by_kind": self.problems_by_kind}


def portrait(track: Track, catalogue: Catalogue, corpus: Corpus, nearest: Hits) -> Portrait:
    """All that is known of a track, given the tracks that sound most alike."""
    row = corpus.row_of[track.track_id]
    tags = {}
    for name, described in corpus.described.items():
        probabilities = described.probabilities[row]
        if not np.isnan(probabilities).any():
            labels = corpus.models[name].labels
            order = np.argsort(-probabilities, kind="stable")
            tags[name] = {labels[i]: float(probabilities[i]) for i in order}
    return Portrait(
        track=track,
        tags=tags,
        n_excerpts={name: int(corpus.described[name].n_excerpts[row]) for name in tags},
        nearest=nearest,
        problems=tuple(problem for problem in catalogue.problems() if problem.path == track.audio),
    )


def statistics(catalogue: Catalogue, corpus: Corpus) -> Statistics:
    """What a catalogue holds."""
    columns = {name: corpus.column(name) for name in ("artist", "album", "duration", "duplicate_of", "audio", "year")}
    held = catalogue.read("tracks", columns=["cover", "texts"]).to_pydict()
    albums = {pair for pair in zip(columns["artist"], columns["album"], strict=True) if pair[1]}
    typed = Counter(tag for tags in corpus.column("tags") for tag in set(tags or ()))
    with np.errstate(invalid="ignore"):
        heard = {name: int((corpus.evidence.of(name) > PRESENT).sum()) for name in corpus.vocabulary.concepts}
    return Statistics(
        n_tracks=len(corpus),
        n_duplicates=sum(original is not None for original in columns["duplicate_of"]),
        n_artists=len({artist for artist in columns["artist"] if artist}),
        n_albums=len(albums),
        seconds=float(sum(duration or 0 for duration in columns["duration"])),
        with_modality={
            "audio": sum(audio is not None for audio in columns["audio"]),
            "cover": sum(cover is not None for cover in held["cover"]),
            "texts": sum(bool(texts) for texts in held["texts"]),
            "tags": sum(bool(tags) for tags in corpus.column("tags")),
            "year": sum(year is not None for year in columns["year"]),
        },
        models={
            name: {
                "n_labels": len(record.labels),
                "embed_dim": record.embed_dim,
                "n_tracks": int((~np.isnan(corpus.described[name].vectors).any(axis=1)).sum()),
            }
            for name, record in corpus.models.items()
        },
        spaces={name: _space(name, catalogue, corpus) for name in corpus.spaces()},
        top_tags=dict(sorted(heard.items(), key=lambda pair: (-pair[1], pair[0]))),
        typed_tags=dict(typed.most_common()),
        problems=tuple(catalogue.problems()),
    )


def _space(name: str, catalogue: Catalogue, corpus: Corpus) -> dict[str, Any]:
    try:
        points = corpus.points(name)
    except CatalogueError as error:
        return {"problem": error.message}
    facts: dict[str, Any] = {
        "embed_dim": points.record.embed_dim,
        "n_tracks": {modality: int(points.present(modality).sum()) for modality in points.modalities},
    }
    if points.index is not None:
        facts["index"] = asdict(points.index.facts)
    if is_outdated(name, catalogue):
        facts["problem"] = "its files are older than the catalogue: tutti index-vectors makes them anew"
    return facts


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The same with paths as text and mappings as dictionaries."""
    plain: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return plain
