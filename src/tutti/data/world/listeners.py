"""Who plays what: listeners with tastes over genres, moods and artists, and how often they play each track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.data.track import Listens
from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig
from tutti.data.world.latent import Song, genre_shares
from tutti.data.world.taxonomy import GENRES, PARENTS

PLAYS_PER_LISTENER = 36.0  # on average
LEAST_PLAYS = 10  # of a listener: a few may fall to tracks whose listens are missing
FOCUS = 1.6  # how much more often the better liked of two tracks is played; 1 is in proportion


@dataclass(frozen=True, kw_only=True)
class Repertoire:
    """What listeners go by, one entry a track. All of shape (tracks,).

    Attributes:
        parent: Index into ``PARENTS``.
        genre: Index into ``GENRES``.
        artist: The artist's index.
        valence: -1 to 1.
        arousal: -1 to 1.
        appeal: What everybody likes about it, above 0: fame, and a common genre.
    """

    parent: NDArray[np.int64]
    genre: NDArray[np.int64]
    artist: NDArray[np.int64]
    valence: NDArray[np.float64]
    arousal: NDArray[np.float64]
    appeal: NDArray[np.float64]


def draw_listens(songs: Sequence[Song], config: WorldConfig) -> list[Listens]:
    """Counts of plays by listener, then by track; only tracks that were played at all."""
    tracks = repertoire(songs)
    listens = []
    for number in range(max(config.n_tracks // 3, 8)):
        rng = generator(config.seed, Stream.LISTENER, number)
        liking = draw_liking(tracks, rng) ** FOCUS
        n_plays = max(round(PLAYS_PER_LISTENER * float(rng.lognormal(-0.18, 0.6))), LEAST_PLAYS)
        plays = rng.multinomial(n_plays, liking / liking.sum())
        played = np.flatnonzero(plays)
        listens += [
            Listens(user=f"u{number:05d}", track_id=songs[place].track_id, plays=count)
            for place, count in zip(played.tolist(), plays[played].tolist(), strict=True)
        ]
    return listens


def repertoire(songs: Sequence[Song]) -> Repertoire:
    """The tracks as listeners see them."""
    shares = genre_shares()
    genres, common = list(GENRES), np.array([shares[name] * len(shares) for name in GENRES])
    genre = np.array([genres.index(song.genre) for song in songs])
    fame = np.array([song.fame for song in songs])
    return Repertoire(
        parent=np.array([PARENTS.index(song.parent) for song in songs]),
        genre=genre,
        artist=np.array([song.artist.index for song in songs]),
        valence=np.array([song.valence for song in songs]),
        arousal=np.array([song.arousal for song in songs]),
        appeal=common[genre] ** 0.25 * np.exp(1.2 * fame),
    )


def draw_liking(tracks: Repertoire, rng: np.random.Generator) -> NDArray[np.float64]:
    """How much one listener likes each track, above 0: by genre, mood, artist and fame. Shape (tracks,)."""
    parents = 0.02 + rng.dirichlet(np.full(len(PARENTS), 0.35))
    genres = rng.lognormal(0.0, 0.7, len(GENRES))
    valence, arousal = rng.normal(0.1, 0.4, 2).tolist()
    artists = rng.lognormal(0.0, 0.9, 1 + int(tracks.artist.max()))
    distance = (tracks.valence - valence) ** 2 + (tracks.arousal - arousal) ** 2
    tastes = parents[tracks.parent] * genres[tracks.genre] * artists[tracks.artist]
    return np.asarray(tastes * tracks.appeal * np.exp(-distance / 0.8))
