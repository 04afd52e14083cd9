"""Who plays what: listeners with tastes over genres, moods and artists, and how often they play each track."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tutti.data.track import Listens
from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig
from tutti.data.world.latent import Song, genre_shares
from tutti.data.world.taxonomy import GENRES, PARENTS

PLAYS_PER_TRACK = 12.0  # on average, over all listeners


def draw_listens(songs: Sequence[Song], config: WorldConfig) -> list[Listens]:
    """Counts of plays, Poisson around each listener's liking; only tracks that were played at all."""
    n_listeners = max(config.n_tracks // 3, 8)
    listens = []
    for number in range(n_listeners):
        rng = generator(config.seed, Stream.LISTENER, number)
        liking = draw_liking(songs, rng)
        activity = PLAYS_PER_TRACK * len(songs) / n_listeners * float(rng.lognormal(-0.18, 0.6))
        plays = rng.poisson(np.minimum(activity * liking / liking.sum(), 60.0))
        listens += [
            Listens(user=f"u{number:05d}", track_id=songs[place].track_id, plays=int(plays[place]))
            for place in np.flatnonzero(plays).tolist()
        ]
    return listens


def draw_liking(songs: Sequence[Song], rng: np.random.Generator) -> NDArray[np.float64]:
    """How much one listener likes each track, above 0: by genre, mood, artist and fame. Shape (tracks,)."""
    parents = dict(zip(PARENTS, rng.dirichlet(np.full(len(PARENTS), 0.35)).tolist(), strict=True))
    children = dict(zip(GENRES, rng.lognormal(0.0, 0.7, len(GENRES)).tolist(), strict=True))
    valence, arousal = rng.normal(0.1, 0.4, 2).tolist()
    fans = rng.lognormal(0.0, 0.9, 1 + max(song.artist.index for song in songs))
    shares = genre_shares()
    average = sum(shares.values()) / len(shares)
    scores = [
        (0.02 + parents[song.parent])
        * children[song.genre]
        * (shares[song.genre] / average) ** 0.25
        * np.exp(-((song.valence - valence) ** 2 + (song.arousal - arousal) ** 2) / 0.8 + 1.2 * song.fame)
        * fans[song.artist.index]
        for song in songs
    ]
    return np.array(scores)
