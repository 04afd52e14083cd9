"""How well tracks that have plays are recommended by their factors: some plays of each listener are held out.

Each listener ranks all tracks that the remaining plays do not show the listener to know; those of the held-out plays
are to come first. Beside the factors stand popularity, which is known here, and a random order. New tracks are
``recommendation``'s and ``cold_start``'s matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutti.errors import ConfigError
from tutti.evaluation.cold_start import mean_estimate
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.listeners import coverage_of, found_by_listener, random_orders
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix
from tutti.evaluation.report import Estimate
from tutti.listening.factors import Factors
from tutti.listening.plays import PlayCounts


@dataclass(frozen=True, kw_only=True)
class WarmScores:
    """Scores of recommended tracks that others play.

    Attributes:
        n_tracks: That were ranked.
        n_users: Who have a held-out play among them.
        n_held_out: Plays, as pairs of a listener and a track.
        depth: Of the rankings.
        metrics: ``ndcg``, ``map`` and ``coverage`` by ``factors``, ``popularity`` and ``random``, such as
            ``ndcg factors``. Intervals are over listeners; of the coverage, Colwell's.
    """

    n_tracks: int
    n_users: int
    n_held_out: int
    depth: int
    metrics: dict[str, Estimate]


def held_out_plays(plays: PlayCounts, *, share: float = 0.2, seed: int = 0) -> tuple[PlayCounts, PlayCounts]:
    """Plays to learn from, and plays held out; a pair of a listener and a track is in one of them.

    Args:
        plays: All of them.
        share: Of the pairs that are held out.
        seed: Of the draw.

    Raises:
        ConfigError: The share leaves nothing to learn from or nothing to hold out.
    """
    if not 0 < share < 1:
        raise ConfigError(f"share={share:g} holds out nothing or everything", hint="give one between, such as 0.2")
    is_held = np.random.default_rng(seed).random(len(plays.counts)) < share
    users, tracks = np.asarray(plays.users), np.asarray(plays.track_ids)
    parts = [
        PlayCounts.of_pairs(
            users[plays.user_rows[rows]].tolist(), tracks[plays.track_rows[rows]].tolist(), plays.counts[rows]
        )
        for rows in (~is_held, is_held)
    ]
    return parts[0], parts[1]


def score_warm(
    factors: Factors, learned: PlayCounts, held_out: PlayCounts, *, depth: int = 10, bootstrap: Bootstrap
) -> WarmScores:
    """How early the held-out plays come.

    Args:
        factors: Made of ``learned``.
        learned: Plays that were learned from.
        held_out: Others of the same listeners.
        depth: Of the rankings.
        bootstrap: How intervals are drawn; its seed also draws the random orders.

    Raises:
        ConfigError: No listener has a held-out play of a track with factors.
    """
    with_factors = set(factors.users)
    users = [user for user in held_out.users if user in with_factors]
    known = learned.played(users, factors.track_ids)
    relevant = held_out.played(users, factors.track_ids) & ~known
    asks = np.asarray(relevant.any(axis=1))
    if not asks.any():
        raise ConfigError("no listener has a held-out play of a track with factors", hint="hold out more plays")
    relevant, known = relevant[asks], known[asks]
    users = [user for user, is_asking in zip(users, asks, strict=True) if is_asking]
    popularity = np.bincount(learned.track_rows, minlength=len(learned.track_ids)).astype(np.float64)
    of_track = dict(zip(learned.track_ids, popularity, strict=True))
    ranked = np.array([of_track.get(one, 0.0) for one in factors.track_ids])
    scores = {
        "factors": factors.of_users(users).astype(np.float64) @ factors.track_factors.T,
        "popularity": np.broadcast_to(ranked, relevant.shape),
        "random": next(random_orders(relevant.shape, seed=bootstrap.seed)),
    }
    at_random = (_unknown(one, known) for one in random_orders(relevant.shape, seed=bootstrap.seed))
    found: dict[str, Estimate] = {}
    for name, one in scores.items():
        orders = at_random if name == "random" else [_unknown(one, known)]
        values = found_by_listener(relevant, orders, k=depth)
        found |= {f"{metric} {name}": mean_estimate(some, bootstrap) for metric, some in values.items()}
        found[f"coverage {name}"] = coverage_of(_unknown(one, known), k=depth, level=bootstrap.level)
    return WarmScores(
        n_tracks=len(factors.track_ids),
        n_users=len(users),
        n_held_out=int(relevant.sum()),
        depth=depth,
        metrics=found,
    )


def _unknown(scores: FloatMatrix, known: BoolMatrix) -> FloatMatrix:
    """The same, what a listener knows last. Shape (listeners, tracks)."""
    return np.where(known, scores.min() - 1.0, scores)
