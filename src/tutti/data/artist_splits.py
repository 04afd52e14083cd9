"""Splits for tracks that have none: whole artists at random, so that no artist is in two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from tutti.data.track import Track

SHARES: Mapping[str, float] = {"train": 0.6, "valid": 0.2, "test": 0.2}


def artist_of(track: Track) -> str:
    """The artist, however it is written; a track without one stands for itself.

    >>> artist_of(Track(track_id="1", artist="The  Who")) == artist_of(Track(track_id="2", artist="the who"))
    True
    """
    words = " ".join((track.artist or "").casefold().split())
    return f"artist {words}" if words else f"track {track.track_id}"


def split_by_artist(
    tracks: Sequence[Track], *, seed: int, shares: Mapping[str, float] = SHARES
) -> dict[str, list[Track]]:
    """The tracks of each split, in their order.

    Artists are taken in an order that follows from the seed and their names alone, and fill one split after the other:
    other tracks change the order of these by nothing.

    Args:
        tracks: Whatever splits they have do not count.
        seed: Another one gives another order of artists.
        shares: Of the tracks, by split; together 1. A split may be empty where there are few artists.
    """
    by_artist: dict[str, list[Track]] = {}
    for track in tracks:
        by_artist.setdefault(artist_of(track), []).append(track)
    names = list(shares)
    ends = [sum(list(shares.values())[: i + 1]) * len(tracks) for i in range(len(names))]
    split_of: dict[str, str] = {}
    n_dealt = 0
    for artist in sorted(by_artist, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
        middle = n_dealt + len(by_artist[artist]) / 2  # the split in which most of the artist's tracks come to lie
        split_of[artist] = next((name for name, end in zip(names, ends, strict=True) if middle < end), names[-1])
        n_dealt += len(by_artist[artist])
    return {name: [one for one in tracks if split_of[artist_of(one)] == name] for name in names}
