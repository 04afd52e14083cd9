"""Artist group factors: what an artist's tracks have in common, as shares of topics, for each source of terms.

An artist is a document whose words are the terms of all frames of all tracks; latent Dirichlet allocation finds topics,
and every track inherits its artist's shares of them. Terms and topics are learned from one split; artists of the others
are only described by them. The folder holds::

    features/               of each track, see ``track_features``
    <source>.safetensors    terms, topics, factors of artists; artists and tracks in its metadata

Sources are ``mfcc``, ``dmfcc`` (first differences), ``descriptors`` (of whole tracks: ours, or a table's) and
``subgenre`` (the tracks' own labels, which are words already).

References:
    Won, thesis 2021, section 4.2.
    Kim, Won, Serra and Liem, "Transfer learning of artist group factors to musical genre classification", WWW 2018.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tutti.audio.frame_features import FrameConfig, differences
from tutti.data.artist_splits import artist_of
from tutti.data.artist_terms import count_terms, infer_topics, learn_terms, learn_topics
from tutti.data.descriptor_tables import read_descriptors
from tutti.data.track import Track
from tutti.data.track_features import TrackFeatures, extract_features
from tutti.errors import ConfigError
from tutti.files import atomic_file

Source = Literal["mfcc", "dmfcc", "descriptors", "subgenre"]
SOURCES: tuple[Source, ...] = get_args(Source)
Frames = NDArray[np.float32]
Bags = NDArray[np.float64]
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ArtistGroupConfig:
    """How terms and topics are made; the defaults are the published ones.

    Attributes:
        n_terms: Clusters of frames.
        n_descriptor_terms: Clusters of whole tracks by their descriptors; None is ``n_terms``.
        n_topics: Factors of an artist.
        n_at_once: Tracks whose frames one step of K-means sees.
        n_described_at_once: Tracks whose descriptors it sees.
        divide_by: What an artist's counts are divided by: ``tracks``, or ``frames``, as the first published code did.
        frames: How frames are cut.
        descriptors: A table of descriptors by track id (``descriptor_tables``); None computes ours.
        genre_prefix: Tags that begin with it are subgenres; empty takes all tags that are no main genre.
        seed: Of K-means and of the topics; the published code has none.
    """

    n_terms: int = 2048
    n_descriptor_terms: int | None = None
    n_topics: int = 40
    n_at_once: int = 256
    n_described_at_once: int = 2048
    divide_by: Literal["tracks", "frames"] = "tracks"
    frames: FrameConfig = field(default_factory=FrameConfig)
    descriptors: Path | None = None
    genre_prefix: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_terms", "n_descriptor_terms", "n_topics", "n_at_once", "n_described_at_once"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} is not positive", hint="give 1 or more")
        if self.divide_by not in ("tracks", "frames"):
            raise ConfigError(f"counts cannot be divided by {self.divide_by!r}", hint="give 'tracks' or 'frames'")


@dataclass(frozen=True, kw_only=True)
class ArtistFactors:
    """Factors of artists, as their tracks inherit them.

    Attributes:
        by_source: Of each source the factors by track id, each of shape (topics,), summing to 1.
        failures: Tracks whose sound has no features, and why.
    """

    by_source: dict[Source, dict[str, Frames]]
    failures: dict[str, str]


def artist_factors(
    splits: Mapping[str, Sequence[Track]],
    sources: Sequence[Source],
    folder: Path,
    config: ArtistGroupConfig,
    *,
    genres: Sequence[str] = (),
    tell: Tell = lambda _: None,
) -> ArtistFactors:
    """The factors of all tracks for some sources; what the folder holds already is taken from there.

    Args:
        splits: Tracks by split. Terms and topics are learned from ``train``. An artist of several splits has factors in
            each, of its tracks there alone.
        sources: Which.
        folder: Of features and factors.
        config: How they are made.
        genres: Tags that are no subgenres.
        tell: Receives a line at each stage.

    Raises:
        ConfigError: A source has nothing to learn from, or fewer frames than terms.
        MissingExtraError: scikit-learn is not installed.
    """
    tracks = [track for some in splits.values() for track in some]
    _tell_artists(splits.get("train", ()), tell)
    features = TrackFeatures(files={}, failures={})
    if needs_sound := [source for source in sources if _hears(source, config)]:
        features = extract_features(tracks, folder / "features", config.frames, tell=tell)
        if features.failures:
            first = next(iter(features.failures))
            tell(
                f"{len(features.failures)} of {len(tracks)} tracks take no part in {', '.join(needs_sound)}: "
                f"{first}: {features.failures[first]}"
            )
    workshop = _Workshop(splits, folder, config, features, genres=frozenset(genres), tell=tell)
    return ArtistFactors(by_source={source: workshop.factors(source) for source in sources}, failures=features.failures)


def _hears(source: Source, config: ArtistGroupConfig) -> bool:
    return source in ("mfcc", "dmfcc") or (source == "descriptors" and config.descriptors is None)


def _tell_artists(tracks: Sequence[Track], tell: Tell) -> None:
    counts = Counter(artist_of(track) for track in tracks)
    n_nameless = sum(not (track.artist or "").strip() for track in tracks)
    n_single = sum(count == 1 for count in counts.values())
    tell(
        f"{len(counts)} artists of {len(tracks)} tracks to learn from; {n_single} have one track, whose own factors "
        f"theirs are" + (f"; {n_nameless} tracks name no artist and stand for themselves" if n_nameless else "")
    )


class _Workshop:
    """Where the factors of each source are made."""

    def __init__(
        self,
        splits: Mapping[str, Sequence[Track]],
        folder: Path,
        config: ArtistGroupConfig,
        features: TrackFeatures,
        *,
        genres: frozenset[str],
        tell: Tell,
    ) -> None:
        self._splits, self._folder, self._config, self._features = splits, folder, config, features
        self._genres, self._tell = genres, tell
        self._table = read_descriptors(config.descriptors) if config.descriptors else {}

    def factors(self, source: Source) -> dict[str, Frames]:
        """By track id."""
        path, key = self._folder / f"{source}.safetensors", self._key(source)
        if (kept := _read(path, key)) is not None:
            return kept
        bags = {split: self._bags(source, split) for split in ("train", *(self._splits.keys() - {"train"}))}
        artists, learned = _stacked(bags["train"])
        if not artists:
            raise ConfigError(
                f"no track of the split train has anything for the artist groups of {source}", hint=_REMEDIES[source]
            )
        topics = learn_topics(learned, n_topics=self._config.n_topics, seed=self._config.seed)
        self._tell(f"{source}: {self._config.n_topics} topics of {len(artists)} artists")
        found: dict[str, Frames] = {}
        for split, some in bags.items():
            names, stacked = _stacked(some)
            if names:
                shares = infer_topics(stacked, topics, seed=self._config.seed)
                by_artist = dict(zip(names, shares, strict=True))
                found |= {
                    track.track_id: by_artist[artist]
                    for track in self._splits[split]
                    if (artist := artist_of(track)) in by_artist
                }
        _write(path, key, found, {"topics": topics, **({} if self._terms is None else {"terms": self._terms})})
        return found

    def _bags(self, source: Source, split: str) -> dict[str, Bags]:
        """Of each artist the counts of terms over all tracks, divided. Artists without any term have none."""
        if split == "train":
            self._terms = self._learned_terms(source)
        sums: dict[str, Bags] = {}
        divisors: Counter[str] = Counter()
        for track in self._splits[split]:
            counts = self._counts(source, track)
            if counts is None:
                continue
            artist = artist_of(track)
            sums[artist] = sums.get(artist, 0) + counts
            divisors[artist] += 1 if self._config.divide_by == "tracks" else int(counts.sum())
        return {artist: counts / divisors[artist] for artist, counts in sums.items() if counts.any()}

    def _learned_terms(self, source: Source) -> Frames | None:
        """The codebook; of subgenres the words themselves, which are kept as an order of names."""
        config, learned = self._config, self._splits.get("train", ())
        if source == "subgenre":
            words = {word for track in learned for word in self._words(track)}
            self._vocabulary = {word: place for place, word in enumerate(sorted(words))}
            return None
        frames = (found for track in learned if (found := self._frames(source, track)) is not None and len(found))
        is_described = source == "descriptors"
        return learn_terms(
            frames,
            n_terms=(config.n_descriptor_terms or config.n_terms) if is_described else config.n_terms,
            n_at_once=config.n_described_at_once if is_described else config.n_at_once,
            seed=config.seed,
            what="tracks' descriptors" if is_described else f"frames ({source})",
            tell=self._tell,
        )

    def _counts(self, source: Source, track: Track) -> Bags | None:
        """How often each term occurs in a track; None where nothing is known of it."""
        if source == "subgenre":
            counts = np.zeros(len(self._vocabulary))
            places = [self._vocabulary[word] for word in self._words(track) if word in self._vocabulary]
            np.add.at(counts, places, 1)
            return counts
        frames = self._frames(source, track)
        if frames is None:
            return None
        assert self._terms is not None
        return count_terms(frames, self._terms).astype(np.float64)

    def _frames(self, source: Source, track: Track) -> Frames | None:
        """Shape (frames, features), of descriptors a single row."""
        if source == "descriptors" and self._config.descriptors is not None:
            row = self._table.get(track.track_id)
            return None if row is None else row[None]
        if track.track_id not in self._features.files:
            return None
        if source == "descriptors":
            return self._features.descriptors(track.track_id)[None]
        coefficients = self._features.coefficients(track.track_id)
        return coefficients if source == "mfcc" else differences(coefficients)

    def _words(self, track: Track) -> list[str]:
        prefix = self._config.genre_prefix
        return [tag for tag in track.tags if tag.startswith(prefix) and (prefix or tag not in self._genres)]

    def _key(self, source: Source) -> str:
        """Changes whenever what a source's factors follow from does."""
        tracks = [
            (split, track.track_id, artist_of(track), self._words(track) if source == "subgenre" else self._file(track))
            for split, some in self._splits.items()
            for track in some
        ]
        settings = TypeAdapter(ArtistGroupConfig).dump_python(self._config, mode="json")
        told = json.dumps([source, settings, tracks, sorted((k, v.tolist()) for k, v in self._table.items())])
        return hashlib.sha256(told.encode()).hexdigest()

    def _file(self, track: Track) -> str:
        path = self._features.files.get(track.track_id)
        return path.name if path is not None else ""


_REMEDIES: dict[Source, str] = {
    "mfcc": "check the files; see what the catalogue says of them",
    "dmfcc": "check the files; see what the catalogue says of them",
    "descriptors": "check the track ids of the table, or the files",
    "subgenre": "tag tracks with subgenres (scheme.groups.genre_prefix), or leave subgenre out of scheme.tasks",
}


def _stacked(bags: Mapping[str, Bags]) -> tuple[list[str], Bags]:
    names = sorted(bags)
    return names, np.stack([bags[name] for name in names]) if names else np.zeros((0, 0))


def _write(path: Path, key: str, factors: Mapping[str, Frames], learned: Mapping[str, Bags | Frames]) -> None:
    ids = sorted(factors)
    tensors = {"factors": np.stack([factors[one] for one in ids]), **learned}
    with atomic_file(path) as partial_file:
        save_file(tensors, partial_file, metadata={"key": key, "tracks": json.dumps(ids)})


def _read(path: Path, key: str) -> dict[str, Frames] | None:
    """The factors of a file that was made of the same things."""
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("key") != key:
                return None
            return dict(zip(json.loads(metadata["tracks"]), file.get_tensor("factors"), strict=True))
    except (OSError, SafetensorError):
        return None
