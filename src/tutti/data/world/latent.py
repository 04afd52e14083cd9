"""The facts of a world: its artists, and what each of their tracks is, before anything can be heard or seen.

Drawing the facts of thousands of tracks takes a second. Which artist belongs to which split is decided in ``splits``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig
from tutti.data.world.names import COUNTRIES, distinct_artist_names, place_name, title
from tutti.data.world.taxonomy import COMPING, GENRES, INSTRUMENTS, LEADING, MOODS, PARENTS, Genre

TRACKS_PER_ARTIST = 3.0
THEMES = (
    *("river", "engine", "winter", "mirror", "ocean", "city", "mother", "railway", "garden", "fever"),
    *("lantern", "desert", "window", "satellite", "whiskey", "orchard", "ghost", "harbour", "bicycle", "mountain"),
)


@dataclass(frozen=True, kw_only=True)
class Artist:
    """Somebody who makes music, with a signature in sound, look and words.

    Attributes:
        index: Number within the world.
        name: As printed.
        home: The town.
        country: The country.
        since: Year of the first album.
        genre: The child genre of most of the tracks.
        valence: What the artist adds to the genre's mean.
        arousal: The same.
        brightness: Spectral tilt of all instruments, -1 to 1.
        detune: How far doubled voices stand apart, cents.
        room: Reverberation time, seconds.
        formants: Size of the singer's throat; above 1 is smaller.
        hue: What the artist adds to every palette, turns of the colour circle.
        mark: Number of the drawn mark.
        themes: Words that come back in the lyrics.
    """

    index: int
    name: str
    home: str
    country: str
    since: int
    genre: str
    valence: float
    arousal: float
    brightness: float
    detune: float
    room: float
    formants: float
    hue: float
    mark: int
    themes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Song:
    """What a track is: the truth that sound, cover, texts and tags each tell a part of.

    ``style`` is the genre row that its music follows in each respect, mostly its own genre's; times are beats a
    minute; ``tonic`` is a pitch class.
    """

    index: int
    track_id: str
    title: str
    artist: Artist
    album: str
    album_index: int
    year: int
    genre: str
    valence: float
    arousal: float
    instruments: tuple[str, ...]
    tempo: float
    metre: int
    mode: str
    tonic: int
    style: dict[str, str]
    fame: float

    @property
    def parent(self) -> str:
        """The parent genre."""
        return GENRES[self.genre].parent

    @property
    def lead(self) -> str:
        """The instrument that has the melody."""
        return self.instruments[0]

    @property
    def moods(self) -> tuple[str, ...]:
        """Words for its mood."""
        return tuple(word for word, mood in MOODS.items() if mood.applies(self.valence, self.arousal))

    @property
    def true_tags(self) -> tuple[str, ...]:
        """All words of the vocabulary that apply."""
        return (self.parent, self.genre, *self.instruments, *self.moods)

    def facts(self) -> dict[str, Any]:
        """The truth as the catalogue stores it, plain values only."""
        signature = {key: value for key, value in asdict(self.artist).items() if key not in ("name", "themes")}
        return {
            **{"genre": self.genre, "parent_genre": self.parent, "valence": self.valence, "arousal": self.arousal},
            **{"instruments": list(self.instruments), "lead": self.lead, "moods": list(self.moods)},
            **{"tempo": self.tempo, "metre": self.metre, "mode": self.mode, "tonic": self.tonic},
            **{"tags": list(self.true_tags), "artist": self.artist.name, "fame": self.fame, "style": self.style},
            **{"signature": signature, "themes": list(self.artist.themes), "voice": "vocals" in self.instruments},
        }


def genre_shares() -> dict[str, float]:
    """How frequent each child genre is: few are common, most are rare."""
    weights = {name: 1.0 / (genre.rank + 6.0) for name, genre in GENRES.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def draw_songs(config: WorldConfig) -> list[Song]:
    """All tracks of a world, artist by artist."""
    artists = draw_artists(config)
    songs: list[Song] = []
    for artist, n_tracks in zip(artists, _discography_sizes(config, len(artists)), strict=True):
        for number in range(n_tracks):
            songs.append(draw_song(config, artist, len(songs), number))
    return songs


def draw_artists(config: WorldConfig) -> list[Artist]:
    """The artists; genres in proportion to their shares, so that even a small world has all parents."""
    rng = generator(config.seed, Stream.WORLD)
    count = max(int(config.n_tracks / TRACKS_PER_ARTIST), min(config.n_tracks // 2, 24))
    shares = genre_shares()
    # Systematic sampling: as many artists of a genre as its share says, give or take one.
    points = (np.arange(count) + rng.random()) / count
    names = np.array(list(shares))[np.searchsorted(np.cumsum(list(shares.values())), points * (1 - 1e-9))].tolist()
    for place, parent in zip(rng.permutation(count)[: len(PARENTS)].tolist(), PARENTS, strict=True):
        if parent not in {GENRES[name].parent for name in names}:
            names[place] = min((name for name in GENRES if GENRES[name].parent == parent), key=_rank)
    order = rng.permutation(count)
    return [
        _draw_artist(config.seed, index, name, str(names[order[index]]))
        for index, name in enumerate(distinct_artist_names(rng, count))
    ]


def _rank(name: str) -> int:
    return GENRES[name].rank


def _draw_artist(seed: int, index: int, name: str, genre: str) -> Artist:
    rng = generator(seed, Stream.ARTIST, index)
    shares = np.array(list(COUNTRIES.values()))
    return Artist(
        index=index,
        name=name,
        home=place_name(rng),
        country=list(COUNTRIES)[int(rng.choice(len(shares), p=shares / shares.sum()))],
        since=int(rng.integers(1962, 2019)) if GENRES[genre].parent != "electronic" else int(rng.integers(1985, 2019)),
        genre=genre,
        valence=round(float(rng.normal(0.0, 0.18)), 3),
        arousal=round(float(rng.normal(0.0, 0.15)), 3),
        brightness=round(float(rng.uniform(-1.0, 1.0)), 3),
        detune=round(float(rng.uniform(2.0, 16.0)), 2),
        room=round(float(rng.uniform(0.5, 1.8)), 2),
        formants=round(float(rng.uniform(0.86, 1.2)), 3),
        hue=round(float(rng.normal(0.0, 0.08)), 3),
        mark=int(rng.integers(10_000)),
        themes=tuple(THEMES[place] for place in rng.permutation(len(THEMES))[:3].tolist()),
    )


def _discography_sizes(config: WorldConfig, n_artists: int) -> list[int]:
    """How many tracks each artist has; few have many. They add up to the world's size."""
    rng = generator(config.seed, Stream.WORLD, 1)
    appetite = rng.lognormal(0.0, 0.6, n_artists)
    spare = rng.multinomial(config.n_tracks - n_artists, appetite / appetite.sum())
    return [1 + int(count) for count in spare]


def draw_song(config: WorldConfig, artist: Artist, index: int, number: int) -> Song:
    """The facts of one track, the artist's ``number``-th."""
    rng = generator(config.seed, Stream.FACTS, index)
    genre = _draw_genre(artist, rng)
    home = GENRES[genre]
    # An artist's album of four tracks has one name: it comes from the artist's own stream.
    album_index = number // 4
    album_rng = generator(config.seed, Stream.ARTIST, (artist.index + 1) * 10_000 + album_index)
    valence = float(np.clip(rng.normal(home.valence + artist.valence, 0.24), -1.0, 1.0))
    arousal = float(np.clip(rng.normal(home.arousal + artist.arousal, 0.2), -1.0, 1.0))
    style = _draw_style(genre, rng, config.audio)
    tempo = _draw_tempo(GENRES[style["tempo"]], arousal, rng)
    major = GENRES[style["mode"]].major + 0.7 * (valence - home.valence)
    return Song(
        index=index,
        track_id=f"t{index:05d}",
        title=title(rng),
        artist=artist,
        album=title(album_rng),
        album_index=album_index,
        year=artist.since + 2 * album_index + int(album_rng.integers(0, 6)),
        genre=genre,
        valence=round(valence, 3),
        arousal=round(arousal, 3),
        instruments=draw_instruments(GENRES[style["players"]], rng),
        tempo=tempo,
        metre=3 if rng.random() < home.triple else 4,
        mode="major" if rng.random() < major else "minor",
        tonic=int(rng.integers(12)),
        style=style,
        fame=round(float(np.clip(rng.normal(0.0, 0.5), -1.0, 1.0)), 3),
    )


def _draw_genre(artist: Artist, rng: np.random.Generator) -> str:
    """Mostly the artist's own, at times a sibling, rarely another."""
    chance = rng.random()
    if chance < 0.85:
        return artist.genre
    parent = GENRES[artist.genre].parent
    shares = {name: share for name, share in genre_shares().items() if chance > 0.97 or GENRES[name].parent == parent}
    weights = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def _draw_style(genre: str, rng: np.random.Generator, share: float) -> dict[str, str]:
    """Which genre's manner each side of the music follows: mostly its own, sometimes a borrowed one."""
    style = {}
    for side in ("tempo", "mode", "players", "groove", "bass", "comping", "progression", "wet"):
        borrowed = rng.random() > 0.55 + 0.45 * share
        style[side] = list(GENRES)[int(rng.integers(len(GENRES)))] if borrowed else genre
    return style


def _draw_tempo(style: Genre, arousal: float, rng: np.random.Generator) -> float:
    low, high = style.tempo
    place = 0.5 + 0.35 * (arousal - style.arousal) + rng.normal(0.0, 0.25)
    return round(float(low + (high - low) * np.clip(place, 0.0, 1.0)), 1)


def draw_instruments(style: Genre, rng: np.random.Generator) -> tuple[str, ...]:
    """Who plays, the leading instrument first; at least one plays chords."""
    chances = {name: min(0.95, 0.93 * style.players.get(name, 0.0) + 0.02) for name in INSTRUMENTS}
    playing = {name for name, chance in chances.items() if rng.random() < chance}
    if not playing.intersection(COMPING):
        playing.add(max(COMPING, key=lambda name: chances[name]))
    if len(playing - {"drums"}) < 2:
        playing.add(max(LEADING, key=lambda name: 0.0 if name in playing else chances[name]))
    leaders = [name for name in LEADING if name in playing]
    # The most melodic one leads, now and then the next.
    lead = leaders[1] if len(leaders) > 1 and leaders[0] != "vocals" and rng.random() < 0.25 else leaders[0]
    return (lead, *sorted(playing - {lead}, key=list(INSTRUMENTS).index))
