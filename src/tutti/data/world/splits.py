"""Which split each artist belongs to: nobody is in two, and every frequent tag has tracks in all three."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tutti.data.world.latent import Song

SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}


def split_artists(songs: Sequence[Song], tags: Sequence[Sequence[str]]) -> dict[int, str]:
    """The split of each artist, by the artist's index.

    The rarest tag is dealt out first, each artist to the split that most lacks it, and tracks, in proportion.

    Args:
        songs: All tracks.
        tags: Words of the vocabulary that listeners typed, one list a track.

    References:
        Sechidis et al., "On the stratification of multi-label data", ECML PKDD 2011; here for groups of tracks.
    """
    carried: dict[int, Counter[str]] = {}
    for song, words in zip(songs, tags, strict=True):
        carried.setdefault(song.artist.index, Counter()).update([*words, ""])  # "" counts the tracks themselves
    total = Counter[str]()
    for counts in carried.values():
        total.update(counts)
    lacking = {split: {tag: share * count for tag, count in total.items()} for split, share in SHARES.items()}
    waiting, splits = dict(sorted(carried.items())), dict[int, str]()
    while waiting:
        left = Counter[str]()
        for counts in waiting.values():
            left.update(counts)
        rarest = min(left, key=lambda tag: (left[tag], tag))
        holders = [artist for artist, counts in waiting.items() if counts[rarest]]
        for artist in sorted(holders, key=lambda artist: (-waiting[artist][rarest], artist)):
            split = max(SHARES, key=lambda name: _want(lacking[name], rarest, total, SHARES[name]))
            splits[artist] = split
            for tag, count in waiting.pop(artist).items():
                lacking[split][tag] -= count
    return splits


def _want(lacking: dict[str, float], tag: str, total: Counter[str], share: float) -> float:
    """How much of its due a split still lacks: of a tag, and of tracks."""
    return lacking[tag] / (share * total[tag]) + 2.0 * lacking[""] / (share * total[""])
