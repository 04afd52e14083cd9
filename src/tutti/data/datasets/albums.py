"""What datasets of albums share: pictures beside the lists, and whether the splits keep albums and artists apart.

Reviews of albums are read in ``tutti.data.datasets.reviews``; leaks of any catalogue are looked for in
``tutti.data.leakage``.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from tutti.data.datasets.dataset import SPLITS
from tutti.data.track import Track

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def pictures_below(folder: Path) -> dict[str, Path]:
    """The pictures of a folder and its subfolders, by their names without endings; none where there is no folder."""
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(PICTURES):
                found.setdefault(Path(name).stem, Path(place) / name)
    return found


def picture_of(pictures: Mapping[str, Path], *names: str) -> Path | None:
    """The first picture that has one of the names, if any; of an address, its last part counts."""
    stems = [PurePosixPath(urlsplit(name).path).stem if "/" in name else name for name in names]
    return next((pictures[stem] for stem in stems if stem in pictures), None)


def mixed_albums(tracks: Sequence[Track]) -> dict[str, tuple[str, ...]]:
    """Albums whose tracks do not all have the same labels, with the labels that occur."""
    labels: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for track in tracks:
        if track.album:
            labels[track.album].add(track.tags)
    return {
        album: tuple(sorted({tag for tags in some for tag in tags})) for album, some in labels.items() if len(some) > 1
    }


def straddling(tracks: Sequence[Track], name_of: Callable[[Track], str | None]) -> dict[str, tuple[str, ...]]:
    """Names that occur in more than one of train, valid and test, with the splits that they occur in."""
    splits: dict[str, set[str]] = defaultdict(set)
    for track in tracks:
        name = name_of(track)
        if name and track.split in SPLITS:
            splits[name].add(track.split)
    return {name: tuple(sorted(some, key=SPLITS.index)) for name, some in splits.items() if len(some) > 1}


def apart(tracks: Sequence[Track]) -> list[Track]:
    """The tracks whose album has one set of labels, and whose album and artist are in no earlier split.

    Train comes before valid, valid before test: what is learned from stays, what is scored gives way.
    """
    mixed = mixed_albums(tracks)
    taken: dict[str, str] = {}
    for split in SPLITS:
        for track in tracks:
            if track.split == split and track.album not in mixed:
                for name in _names(track):
                    taken.setdefault(name, split)
    return [
        track
        for track in tracks
        if track.album not in mixed and all(taken.get(name) == track.split for name in _names(track))
    ]


def _names(track: Track) -> list[str]:
    named = (("album", track.album), ("artist", track.artist))
    return [f"{kind} {name}" for kind, name in named if name]


def album_remarks(tracks: Sequence[Track]) -> tuple[str, ...]:
    """How many albums have several sets of labels, are in several splits, or have no cover; and so for artists."""
    n_albums = len({track.album for track in tracks if track.album})
    n_artists = len({track.artist for track in tracks if track.artist})
    counted = (
        (len(mixed_albums(tracks)), n_albums, "albums have tracks with different labels"),
        (len(straddling(tracks, lambda track: track.album)), n_albums, "albums are in more than one split"),
        (len(straddling(tracks, lambda track: track.artist)), n_artists, "artists are in more than one split"),
        (sum(track.cover is None for track in tracks), len(tracks), "tracks have no cover"),
        (sum(track.split is None for track in tracks), len(tracks), "tracks are in no split"),
    )
    return tuple(f"{count:,} of {total:,} {what}" for count, total, what in counted if count)
