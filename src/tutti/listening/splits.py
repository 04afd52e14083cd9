"""Plays of tracks that are learned from, and of others that are new: factors of both, without a look ahead.

The users' factors are made of the plays of the tracks that are learned from, and nothing else. Those of new tracks are
folded in, the users' staying as they are: they are the truth that a model is to guess, and never what it learns from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.listening.factors import FactorConfig, Factors, factorise
from tutti.listening.plays import PlayCounts

LEARNED = "train"
N_RANKING = 2000  # users who rank new tracks, at most; more would make the intervals no narrower to the eye


@dataclass(frozen=True, kw_only=True)
class SplitPlays:
    """Who played which tracks of which split, and the factors that follow.

    Attributes:
        plays: All of them.
        learned: Factors of the users and of the tracks that are learned from.
        by_split: Of each split the factors by track id; tracks that nobody known has played have none.
    """

    plays: PlayCounts
    learned: Factors
    by_split: dict[str, dict[str, NDArray[np.float32]]]


def split_plays(plays: PlayCounts, track_ids: Mapping[str, Sequence[str]], config: FactorConfig) -> SplitPlays:
    """Factors of the tracks of every split.

    Args:
        plays: All of them.
        track_ids: By split; those of ``train`` are learned from.
        config: How plays become factors; least squares.

    Raises:
        ConfigError: Nobody has played a track of one of the splits, or there are too few plays for so many factors.
    """
    learned = factorise(plays.of_tracks(track_ids[LEARNED]), config)
    by_split = {LEARNED: dict(zip(learned.track_ids, learned.track_factors, strict=True))}
    for split, ids in track_ids.items():
        if split != LEARNED:
            found, vectors = learned.fold_in(plays.of_tracks(ids))
            by_split[split] = dict(zip(found, vectors, strict=True))
    return SplitPlays(plays=plays, learned=learned, by_split=by_split)


def ranking_users(learned: Factors, plays: PlayCounts, track_ids: Sequence[str], *, seed: int) -> tuple[str, ...]:
    """Users with factors who have played one of some tracks, in their order; drawn at random where they are very many.

    Args:
        learned: Factors of the users.
        plays: Who played what.
        track_ids: That are to be ranked.
        seed: Of the draw.
    """
    users = sorted(set(learned.users) & set(plays.of_tracks(track_ids).users))
    drawn = set(np.random.default_rng(seed).permutation(users)[:N_RANKING].tolist())
    return tuple(user for user in learned.users if user in drawn)
