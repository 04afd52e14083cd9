"""What splits have in common that they should not: artists, albums, and the same recording twice.

A tagger that has heard an artist in training recognises the artist's other tracks by voice, studio and mastering, and
scores better on them than on music that is new to it. Names are compared as they stand in the dataset; how sounds are
compared, and what that does not find, is in ``tutti.audio.fingerprints``.

References:
    Pampalk, Flexer and Widmer, "Improvements of audio-based music similarity and genre classification", ISMIR 2005.
    Sturm, "The GTZAN dataset: Its contents, its faults, their effects on evaluation, and its future use",
    arXiv:1306.1461, 2013.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from tutti.audio.fingerprints import SAMPLE_RATE, Fingerprint, find_matches, fingerprint
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore
from tutti.audio.store_index import checksum_of
from tutti.audio.store_writing import decode
from tutti.data.sources import UNSPLIT, Source
from tutti.data.track import Track
from tutti.errors import AudioError

LEARNED = "train"
N_SHOWN = 10
FINGERPRINTED_SECONDS = 60  # from the beginning of each sound


@dataclass(frozen=True, kw_only=True)
class NameLeakage:
    """Artists, or albums, that are in several splits.

    Attributes:
        what: ``artists`` or ``albums``.
        n_names: In all.
        n_unnamed: Tracks of which none is known.
        straddling: Splits of each name that is in more than one.
        n_tracks: Tracks of each split with a name.
        n_leaking: Of these, tracks whose name is in train too, of each split but train.
    """

    what: str
    n_names: int
    n_unnamed: int
    straddling: Mapping[str, tuple[str, ...]]
    n_tracks: Mapping[str, int]
    n_leaking: Mapping[str, int]

    def share(self, split: str) -> float:
        """Of a split's tracks, how many have a name that is in train too, 0 to 1."""
        return self.n_leaking[split] / self.n_tracks[split]

    def lines(self) -> list[str]:
        """What a person wants to know."""
        if not self.n_names:
            return [f"{self.what}: none are known, so it cannot be told whether they straddle"]
        lines = [f"{self.what}: {len(self.straddling):,} of {self.n_names:,} are in more than one split"]
        for split, count in self.n_leaking.items():
            total, share = self.n_tracks[split], self.share(split)
            lines.append(f"  {split}: {count:,} of {total:,} tracks ({share:.1%}) share one with train")
        if self.n_unnamed:
            lines.append(f"  {self.n_unnamed:,} tracks have none")
        return lines


@dataclass(frozen=True, kw_only=True)
class SharedSound:
    """Two tracks of different splits that hold the same recording.

    Attributes:
        first: Id of one.
        second: Id of the other.
        splits: Theirs.
        kind: ``exact`` where their decoded samples are the same, ``near`` where their fingerprints agree.
        seconds: For how long they agree; None where they are exact.
        bit_errors: Share of the fingerprint's bits that disagree.
    """

    first: str
    second: str
    splits: tuple[str, str]
    kind: Literal["exact", "near"]
    seconds: float | None = None
    bit_errors: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SoundLeakage:
    """Recordings that are in several splits.

    Attributes:
        n_heard: Sounds that were compared.
        n_failed: Sounds that could not be.
        shared: Pairs of tracks.
    """

    n_heard: int
    n_failed: int
    shared: tuple[SharedSound, ...]

    def lines(self) -> list[str]:
        """What a person wants to know."""
        exact = [one for one in self.shared if one.kind == "exact"]
        lines = [
            f"sounds: {self.n_heard:,} compared; {len(exact):,} pairs across splits are the same sample for sample, "
            f"{len(self.shared) - len(exact):,} more hold the same recording"
        ]
        lines += [f"  {_described(one)}" for one in self.shared[:N_SHOWN]]
        if len(self.shared) > N_SHOWN:
            lines.append(f"  and {len(self.shared) - N_SHOWN:,} more (--json lists all)")
        if self.n_failed:
            lines.append(f"  {self.n_failed:,} could not be decoded")
        return lines


def _described(one: SharedSound) -> str:
    what = "the same samples" if one.kind == "exact" else f"the same recording for {one.seconds:.0f} s"
    return f"{one.first} ({one.splits[0]}) and {one.second} ({one.splits[1]}): {what}"


@dataclass(frozen=True, kw_only=True)
class LeakageReport:
    """What the splits of a source have in common.

    Attributes:
        source: Its name.
        protocol: Of the dataset; None of a catalogue.
        n_tracks: Of each split.
        names: Artists and albums.
        sounds: None where sounds were not compared.
    """

    source: str
    protocol: str | None
    n_tracks: Mapping[str, int]
    names: tuple[NameLeakage, ...]
    sounds: SoundLeakage | None = None

    @property
    def title(self) -> str:
        """What was looked at, in a line."""
        of = f" ({self.protocol})" if self.protocol else ""
        return f"{self.source}{of}: " + ", ".join(f"{split} {count:,}" for split, count in self.n_tracks.items())

    def lines(self) -> list[str]:
        """The report for a terminal."""
        sounds = self.sounds.lines() if self.sounds else ["sounds: not compared"]
        return [self.title, *(line for one in self.names for line in one.lines()), *sounds]

    def to_json(self) -> dict[str, Any]:
        """The report as plain values, with every name and pair."""
        return {
            "source": self.source,
            "protocol": self.protocol,
            "n_tracks": dict(self.n_tracks),
            **{one.what: _plain(one) for one in self.names},
            "sounds": None if self.sounds is None else _plain(self.sounds),
        }

    def to_markdown(self) -> str:
        """The report as a table for a document."""
        rows = [
            f"| {one.what} | {split} | {count:,} of {one.n_tracks[split]:,} | {one.share(split):.1%} |"
            for one in self.names
            if one.n_names
            for split, count in one.n_leaking.items()
        ]
        head = [
            f"**{self.title}**",
            "",
            "| shared with train | split | tracks | share |",
            "| --- | --- | ---: | ---: |",
        ]
        notes = [line for one in self.names if not one.n_names for line in one.lines()]
        notes += self.sounds.lines()[:1] if self.sounds else ["sounds: not compared"]
        return "\n".join([*head, *rows, "", *(f"- {note}" for note in notes)]) + "\n"


def _plain(one: NameLeakage | SoundLeakage) -> dict[str, Any]:
    if isinstance(one, SoundLeakage):
        shared = [{**vars(pair), "splits": list(pair.splits)} for pair in one.shared]
        return {"n_heard": one.n_heard, "n_failed": one.n_failed, "shared": shared}
    plain = {field: getattr(one, field) for field in ("n_names", "n_unnamed")}
    straddling = {name: list(splits) for name, splits in one.straddling.items()}
    return {**plain, "n_tracks": dict(one.n_tracks), "n_leaking": dict(one.n_leaking), "straddling": straddling}


def name_leakage(tracks: Iterable[Track], *, what: Literal["artists", "albums"] = "artists") -> NameLeakage:
    """Which artists or albums are in more than one split, and how many tracks that touches."""
    named: list[tuple[str, str]] = []
    n_unnamed = 0
    for track in tracks:
        name = track.artist if what == "artists" else track.album and f"{track.artist or '?'}: {track.album}"
        if name:
            named.append((track.split or UNSPLIT, name))
        else:
            n_unnamed += 1
    splits: dict[str, list[str]] = defaultdict(list)
    n_tracks: dict[str, int] = defaultdict(int)
    for split, name in named:
        n_tracks[split] += 1
        if split not in splits[name]:
            splits[name].append(split)
    others = [split for split in n_tracks if split != LEARNED]
    leaking = {split: sum(own == split and LEARNED in splits[name] for own, name in named) for split in sorted(others)}
    return NameLeakage(
        what=what,
        n_names=len(splits),
        n_unnamed=n_unnamed,
        straddling={name: tuple(some) for name, some in sorted(splits.items()) if len(some) > 1},
        n_tracks=dict(n_tracks),
        n_leaking=leaking,
    )


@dataclass(frozen=True)
class Heard:
    """What of a track's sound is compared."""

    track: Track
    checksum: str
    fingerprint: Fingerprint


def shared_sounds(heard: Sequence[Heard]) -> tuple[SharedSound, ...]:
    """Pairs of tracks of different splits that hold the same recording."""
    splits = [one.track.split or UNSPLIT for one in heard]
    exact: dict[tuple[int, int], SharedSound] = {}
    by_checksum: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(heard):
        for other in by_checksum[one.checksum]:
            if splits[other] != splits[place]:
                pair = heard[other].track.track_id, one.track.track_id
                exact[other, place] = SharedSound(
                    first=pair[0], second=pair[1], splits=(splits[other], splits[place]), kind="exact"
                )
        by_checksum[one.checksum].append(place)
    near = [
        SharedSound(
            first=heard[match.first].track.track_id,
            second=heard[match.second].track.track_id,
            splits=(splits[match.first], splits[match.second]),
            kind="near",
            seconds=round(match.seconds, 1),
            bit_errors=round(match.bit_errors, 3),
        )
        for match in find_matches([one.fingerprint for one in heard], splits)
        if (match.first, match.second) not in exact
    ]
    return (*exact.values(), *near)


def find_leaks(
    source: Source,
    *,
    store: WaveformStore | None = None,
    listen: bool = False,
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LeakageReport:
    """What the splits of a source have in common.

    Args:
        source: See :func:`tutti.data.sources.find_source`.
        store: A store of its decoded sounds, which are compared.
        listen: Without a store, decode the files to compare them.
        jobs: Threads that decode and fingerprint.
        on_progress: Is told how many sounds are heard, and of how many.
    """
    sounds = None
    if store is not None or listen:
        tracks = [track for track in source.tracks if track.audio is not None]
        heard: list[Heard] = []
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            for n_done, one in enumerate(pool.map(_listener(store), tracks), start=1):
                heard += [one] if one else []
                if on_progress:
                    on_progress(n_done, len(tracks))
        sounds = SoundLeakage(n_heard=len(heard), n_failed=len(tracks) - len(heard), shared=shared_sounds(heard))
    return LeakageReport(
        source=source.name,
        protocol=source.protocol,
        n_tracks={split: len(tracks) for split, tracks in source.by_split().items()},
        names=(name_leakage(source.tracks, what="artists"), name_leakage(source.tracks, what="albums")),
        sounds=sounds,
    )


def _listener(store: WaveformStore | None) -> Callable[[Track], Heard | None]:
    row_of = {} if store is None else {key: row for row, key in enumerate(store.keys)}

    def from_store(track: Track) -> Heard | None:
        assert store is not None
        if (row := row_of.get(track.track_id)) is None:
            return None
        part = store.sound(row)[: FINGERPRINTED_SECONDS * store.sample_rate]
        return Heard(track, store.checksums[row], fingerprint(part, store.sample_rate))

    def from_file(track: Track) -> Heard | None:
        assert track.audio is not None
        try:
            samples = decode(Recording.from_file(track.audio, key=track.track_id), SAMPLE_RATE, Resampling())
        except AudioError:
            return None
        part = samples[: FINGERPRINTED_SECONDS * SAMPLE_RATE]
        return Heard(track, checksum_of(samples), fingerprint(part, SAMPLE_RATE))

    return from_file if store is None else from_store
