"""Scoring a multimodal model of listening factors: new items of a catalogue, ranked for the listeners it knows.

The metrics and the report are in ``recommendation``; here a model's items and a catalogue's plays become its cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.artist_splits import artist_of
from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.missing import subset_title, subsets
from tutti.evaluation.multimodal import ItemSelection, ScoredItems, offered_items
from tutti.evaluation.recommendation import NewItems, RecommendationReport, item_factors, recommendation_metrics
from tutti.evaluation.tagging import dataset_title
from tutti.listening.play_files import read_plays
from tutti.listening.plays import PlayCounts
from tutti.listening.splits import ranking_users
from tutti.models.multimodal import MultimodalModel, StreamVectors


def plays_of(catalogue: Catalogue, settings: Mapping[str, Any]) -> PlayCounts:
    """The plays that a scheme's settings name: a table's, or the catalogue's listens.

    Raises:
        ConfigError: Nobody has played anything.
    """
    table = settings.get("listening", {}).get("plays")
    return PlayCounts.of_listens(catalogue.listens()) if table is None else read_plays(Path(table))


def new_items(model: MultimodalModel, catalogue: Catalogue, split: str) -> ScoredItems:
    """The items of a split, with the factors of their plays, NaN where nobody known has played them.

    Raises:
        ConfigError: There are none, or items by artists that the model has learned from.
        UnknownNameError: There is no such split.
    """
    config = model.config
    selection = ItemSelection(level=config.level, texts=config.texts, modalities=config.modalities)
    items = offered_items(catalogue, split, selection)
    if model.listeners is None or not items:
        raise ConfigError(
            f"{model.name} has {len(items)} items of the split {split} in {catalogue.folder} to rank",
            hint="take another split or catalogue, and a model of listening factors",
        )
    _check_artists(model, catalogue, items, split)
    ids = [track.track_id for item in items for track in item.tracks]
    found, vectors = model.listeners.fold_in(plays_of(catalogue, config.training.get("scheme", {})).of_tracks(ids))
    factors = dict(zip(found, vectors, strict=True))
    title = dataset_title(catalogue, [track for item in items for track in item.tracks])
    wanted = item_factors(items, factors, model.listeners.n_dimensions)
    return ScoredItems(items=tuple(items), targets=wanted, title=title, split=split)


def score_new_items(
    model: MultimodalModel,
    scored: ScoredItems,
    plays: PlayCounts,
    *,
    bootstrap: Bootstrap,
    depth: int = 10,
    streams: StreamVectors | None = None,
    without: Iterable[str] = (),
) -> RecommendationReport:
    """How well new items are ranked by every choice of a model's modalities; files are read once.

    Args:
        model: Of listening factors.
        scored: Items with the factors of their plays, see :func:`new_items`.
        plays: Who has played what.
        bootstrap: How intervals are drawn.
        depth: Of the rankings.
        streams: Of these items, where the model's encoders have given them already.
        without: Modalities that are left out.

    Raises:
        ConfigError: There is nothing to rank, or nobody to rank for.
    """
    listeners = model.listeners
    if listeners is None:
        raise ConfigError(f"{model.name} knows no listeners", hint="train with scheme.target = 'listening-factors'")
    left_out = model.check_without(without)
    streams = model.encode(scored.items, without=left_out) if streams is None else streams
    told = _told(model, streams, [one for one in model.modalities if one not in left_out])
    ids, members = _track_ids(scored.items)
    users = ranking_users(listeners, plays, ids, seed=bootstrap.seed)
    by_track = plays.played(users, ids)
    case = NewItems(
        told=told,
        wanted=scored.targets,
        users=listeners.of_users(users),
        relevant=np.stack([by_track[:, rows].any(axis=1) for rows in members], axis=1),
    )
    depth = min(depth, len(scored.items))
    rows, metrics = recommendation_metrics(case, depth=depth, bootstrap=bootstrap, seed=bootstrap.seed)
    return RecommendationReport(
        model=model.name,
        dataset=scored.title,
        split=scored.split,
        n_items=len(scored.items),
        n_unplayed=int(np.isnan(scored.targets).any(axis=1).sum()),
        n_users=len(users),
        n_users_without=len(set(listeners.users) - set(plays.of_tracks(ids).users)),
        n_told={name: int(np.isfinite(one).all(axis=1).sum()) for name, one in told.items()},
        bootstrap=bootstrap,
        depth=depth,
        rows=rows,
        metrics=metrics,
        failures={key: "; ".join(some.values()) for key, some in streams.problems.items() if some},
        training_seed=model.config.training.get("seed"),
    )


def _told(model: MultimodalModel, streams: StreamVectors, modalities: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Factors by every choice of modalities, the most first."""
    found = {}
    for chosen in subsets(modalities):
        kept = np.array([stream.modality in chosen for stream in model.config.streams])
        masked = streams.masked(np.broadcast_to(kept, streams.presence.shape))
        found[subset_title(chosen)] = model.describe(masked).predictions
    return found


def evaluate_new_items(
    model: MultimodalModel,
    catalogue: Catalogue,
    split: str,
    *,
    bootstrap: Bootstrap,
    without: Iterable[str] = (),
) -> RecommendationReport:
    """Score a model of listening factors on a catalogue's split; errors as of the parts."""
    settings = model.config.training.get("scheme", {})
    scored = new_items(model, catalogue, split)
    depth = int(settings.get("listening", {}).get("depth", 10))
    plays = plays_of(catalogue, settings)
    return score_new_items(model, scored, plays, bootstrap=bootstrap, depth=depth, without=without)


def _track_ids(items: Sequence[Item]) -> tuple[list[str], list[list[int]]]:
    """The tracks of all items, and of each item their places among these."""
    ids = list(dict.fromkeys(track.track_id for item in items for track in item.tracks))
    places = {track_id: place for place, track_id in enumerate(ids)}
    return ids, [[places[track.track_id] for track in item.tracks] for item in items]


def _check_artists(model: MultimodalModel, catalogue: Catalogue, items: Sequence[Item], split: str) -> None:
    """What is known of an artist is no cold start."""
    assert model.listeners is not None
    learned = set(model.listeners.track_ids)
    known = {artist_of(track) for track in catalogue.tracks() if track.track_id in learned}
    shared = [item for item in items if any(artist_of(track) in known for track in item.tracks)]
    if shared:
        raise ConfigError(
            f"{len(shared)} items of the split {split} are by artists that {model.name} has learned from, such as "
            f"{shared[0].artist!r}: what is known of an artist is no cold start",
            hint="evaluate on a split without these artists",
        )
