"""Splits for tracks that have none: whole artists at random, so that no artist is in two of them."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tutti.data.track import Track
from tutti.errors import ConfigError

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


def with_splits(tracks: Sequence[Track], *, seed: int) -> list[Track]:
    """The tracks as they are where any has a split; where none has, each in one that is drawn by its artist.

    Args:
        tracks: Where only some have a split, the others stay without one.
        seed: See :func:`split_by_artist`.
    """
    if any(one.split is not None for one in tracks):
        return list(tracks)
    split_of = {one.track_id: split for split, some in split_by_artist(tracks, seed=seed).items() for one in some}
    return [replace(one, split=split_of[one.track_id]) for one in tracks]


def drawn_by_artist(seed: int) -> str:
    """The origin of splits by :func:`with_splits`, as reports tell it."""
    return f"drawn by artist, seed {seed}"


def split_with_floor(
    tracks: Sequence[Track], *, seed: int, shares: Mapping[str, float], least: int, n_tries: int = 1000
) -> dict[str, str]:
    """The split of each artist, drawn anew until every tag has enough tracks in every split.

    Args:
        tracks: With their tags; whatever splits they have do not count.
        seed: Of the first draw; the next ones follow from it.
        shares: Of the artists, by split; together 1. A split has one artist at least where there are as many.
        least: Tracks that a tag must have in each split.
        n_tries: Draws at most.

    Returns:
        By :func:`artist_of` of each track.

    Raises:
        ConfigError: A tag has too few tracks for all splits, or no draw gave each tag as many.

    References:
        The authors' code of Won et al., ICASSP 2021, which draws without a seed and asks for 100 tracks.
    """
    totals = Counter(tag for track in tracks for tag in track.tags)
    rarest = min(totals, key=lambda tag: (totals[tag], tag), default=None)
    if rarest is not None and totals[rarest] < least * len(shares):
        raise ConfigError(
            f"{rarest!r} has {totals[rarest]} tracks, too few for {least} in each of {len(shares)} splits",
            hint=f"ask for {totals[rarest] // len(shares)} or fewer, or leave rare tags out",
        )
    artists = {name: number for number, name in enumerate(sorted({artist_of(track) for track in tracks}))}
    tags = {tag: number for number, tag in enumerate(sorted(totals))}
    # Artist and tag of each annotation. Shape (annotations, 2).
    rows = [(artists[artist_of(track)], tags[tag]) for track in tracks for tag in track.tags]
    pairs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    places = {name: number * len(tags) for number, name in enumerate(shares)}
    n_short = np.zeros(len(tags), dtype=np.int64)  # draws in which a tag had too few
    for draw in range(n_tries):
        split_of = _drawn(list(artists), f"{seed} {draw}", shares)
        place_of = np.array([places[split_of[name]] for name in artists], dtype=np.int64)
        counts = np.bincount(place_of[pairs[:, 0]] + pairs[:, 1], minlength=len(places) * len(tags))
        is_short = (counts.reshape(len(places), len(tags)) < least).any(axis=0)
        if not is_short.any():
            return split_of
        n_short += is_short
    worst = list(tags)[int(n_short.argmax())]
    raise ConfigError(
        f"in {n_tries} draws of artists some tag always had fewer than {least} tracks in a split, most often {worst!r} "
        f"({n_short.max()} times, {totals[worst]} tracks)",
        hint="ask for fewer tracks of each tag, or leave rare tags out",
    )


def _drawn(artists: Sequence[str], salt: str, shares: Mapping[str, float]) -> dict[str, str]:
    order = sorted(artists, key=lambda name: hashlib.sha256(f"{salt} {name}".encode()).digest())
    first, *others = shares
    sizes = {name: min(max(1, math.floor(shares[name] * len(order))), len(order)) for name in others}
    names = [name for name in others for _ in range(sizes[name])][: max(0, len(order) - 1)]
    return dict(zip(order, [first] * (len(order) - len(names)) + names, strict=True))
