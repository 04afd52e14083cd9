"""A large catalogue made up on the spot: names, tags, years, what a tagger would say. No sounds.

Every track has a place among 24 directions, near one of 400 styles; what models say of it follows from that place and
noise, so that neighbours exist and agree, as they do in music. Made through Arrow: seconds for 100,000 tracks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tutti.data import tables
from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord, Predictions
from tutti.models.zoo import load_model

N_DIRECTIONS, N_STYLES = 24, 400
BLOCK = 50_000
WORDS = [
    "night", "river", "summer", "blue", "iron", "dance", "slow", "golden", "paper", "house", "train", "winter",
    "city", "heart", "rain", "light", "shadow", "broken", "glass", "morning", "silver", "road", "dream",
    "ocean", "fire", "stone", "garden", "mirror", "electric", "velvet", "desert", "moon", "sun", "wild",
    "quiet", "lost", "empty", "bright", "cold", "warm", "distant", "northern", "southern", "last", "first",
    "red", "black", "white", "green", "wave", "tower", "bridge", "station", "window", "door", "ghost", "angel",
    "devil", "king", "queen", "stranger", "lover", "sister", "brother", "mother", "father", "child", "soldier",
    "dancer", "sailor", "thief", "tiger", "wolf", "raven", "sparrow", "horse", "fox", "bear", "whale",
    "butterfly", "rose", "lily", "willow", "oak", "pine", "maple", "honey", "salt", "wine", "coffee", "bread",
]  # fmt: skip
LAST_NAMES = [
    "Moon", "Tree", "Hart", "Larsen", "Okafor", "Silva", "Tanaka", "Novak", "Moreau", "Rossi", "Weber",
    "Kowalski", "Andersson", "Nguyen", "Garcia", "Ivanova", "Costa", "Dubois", "Haddad", "Kim", "Patel",
    "Murphy", "Jensen", "Fischer", "Marino", "Petrov", "Santos", "Yilmaz", "Berg", "Quinn",
]  # fmt: skip
TYPED = [
    "rock", "pop", "jazz", "electronic", "folk", "metal", "ambient", "classical", "hip-hop", "soul", "blues",
    "punk", "reggae", "country", "latin",
]  # fmt: skip

Vectors = NDArray[np.float32]


class Made:
    """Places and everything that follows from them, the same for the same seed.

    Args:
        n_tracks: How many.
        seed: Of all that is random.
    """

    def __init__(self, n_tracks: int, seed: int = 0) -> None:
        self.n_tracks, self.seed = n_tracks, seed
        self._random = np.random.default_rng(seed)
        styles = self._random.standard_normal((N_STYLES, N_DIRECTIONS)).astype(np.float32)
        self.style = self._random.integers(0, N_STYLES, n_tracks)
        noise = self._random.standard_normal((n_tracks, N_DIRECTIONS), dtype=np.float32)
        self.places = styles[self.style] + 0.7 * noise

    def fill(self, vectors: Vectors, *, noise: float, stream: int) -> None:
        """Write unit vectors into an array, which may be mapped from a file. Shape (tracks, embed_dim)."""
        for begin, block in self._blocks(vectors.shape[1], noise=noise, stream=stream):
            vectors[begin : begin + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)

    def tagged(self, config: dict[str, Any], labels: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Probabilities and vectors such as ``tutti-small`` gives. Shapes (tracks, labels) and (tracks, 384)."""
        rates = np.array([config["base_rates"].get(label, 0.05) for label in labels], dtype=np.float32)
        logits = np.log(rates / (1 - rates)) - 1.0
        raw = np.concatenate([block for _, block in self._blocks(len(labels), noise=0.5, stream=1)])
        probabilities = 1 / (1 + np.exp(-(raw / np.sqrt(N_DIRECTIONS) * 1.8 + logits)))
        vectors = np.concatenate([block for _, block in self._blocks(384, noise=1.0, stream=2)])
        return probabilities.astype(np.float32), np.maximum(vectors / np.sqrt(N_DIRECTIONS), 0)

    def tracks(self) -> pa.Table:
        """Rows of the table ``tracks``."""
        random, n_tracks = np.random.default_rng((self.seed, 7)), self.n_tracks
        n_artists = max(1, n_tracks // 12)
        firsts, lasts = random.choice(WORDS, n_artists), random.choice(LAST_NAMES, n_artists)
        numbers = np.arange(n_artists).astype(str)
        artists = np.char.add(np.char.add(np.char.capitalize(firsts), " "), np.char.add(lasts, numbers))
        # A few artists have very many tracks, as in any collection.
        artist = np.minimum((n_artists * random.random(n_tracks) ** 1.6).astype(int), n_artists - 1)
        titles = _phrases(random, n_tracks)
        albums = _phrases(random, n_artists * 2)[artist * 2 + random.integers(0, 2, n_tracks)]
        ids = [f"{row:012x}" for row in range(n_tracks)]
        typed = random.choice(TYPED, n_tracks)
        columns: dict[str, Any] = {
            "track_id": ids,
            "title": titles,
            "artist": artists[artist],
            "album": albums,
            "year": random.integers(1955, 2026, n_tracks).astype(np.int32),
            "audio": [f"/music/{row % 997}/{title}.flac" for row, title in enumerate(titles)],
            "tags": [[tag] if row % 3 else [] for row, tag in enumerate(typed)],
            "duration": random.uniform(90, 400, n_tracks),
            "size": random.integers(10**6, 10**7, n_tracks),
            "modified_ns": np.full(n_tracks, 1_700_000_000_000_000_000),
            "content_hash": ids,
        }
        arrays = [pa.array(columns[one.name], one.type) if one.name in columns else None for one in tables.TRACKS]
        filled = [
            pa.nulls(n_tracks, field.type) if a is None else a for a, field in zip(arrays, tables.TRACKS, strict=True)
        ]
        return pa.Table.from_arrays(filled, schema=tables.TRACKS)

    def _blocks(self, width: int, *, noise: float, stream: int) -> Any:
        random = np.random.default_rng((self.seed, stream))
        turn = random.standard_normal((N_DIRECTIONS, width), dtype=np.float32)
        for begin in range(0, self.n_tracks, BLOCK):
            places = self.places[begin : begin + BLOCK]
            yield (
                begin,
                places @ turn
                + noise * random.standard_normal((len(places), width), dtype=np.float32) * np.sqrt(N_DIRECTIONS / 4),
            )


def _phrases(random: np.random.Generator, count: int) -> NDArray[np.str_]:
    words = random.choice(np.char.capitalize(np.array(WORDS)), (count, 3))
    three = np.char.add(np.char.add(words[:, 0], " "), np.char.add(np.char.add(words[:, 1], " "), words[:, 2]))
    two = np.char.add(np.char.add(words[:, 0], " "), words[:, 1])
    lengths = random.random(count)
    return np.where(lengths < 0.3, words[:, 0], np.where(lengths < 0.75, two, three))


def make_catalogue(folder: Path, n_tracks: int, *, seed: int = 0) -> Catalogue:
    """A catalogue of such tracks, described as if by ``tutti-small``."""
    catalogue = Catalogue.create(folder)
    made = Made(n_tracks, seed)
    catalogue.merge("tracks", made.tracks(), on="track_id")
    config = json.loads((files("tutti.models") / "shipped/tutti-small/config.json").read_text(encoding="utf-8"))
    labels = tuple(config["labels"])
    probabilities, vectors = made.tagged(config, labels)
    fingerprint = load_model("tutti-small").fingerprint  # so that spaces made from it place these tracks
    record = ModelRecord(model="tutti-small", fingerprint=fingerprint, labels=labels, embed_dim=384, config=config)
    catalogue.put_model(record)
    ids = [f"{row:012x}" for row in range(n_tracks)]
    for begin in range(0, n_tracks, BLOCK):
        some = slice(begin, begin + BLOCK)
        catalogue.put_predictions(
            "tutti-small",
            Predictions(
                track_ids=ids[some],
                content_hashes=ids[some],
                fingerprints=[fingerprint] * len(ids[some]),
                n_excerpts=[16] * len(ids[some]),
                probabilities=probabilities[some],
                vectors=vectors[some],
            ),
        )
    return catalogue
