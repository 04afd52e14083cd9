"""Names that a catalogue knows: its artists, albums, tags and countries, for a gazetteer to find in texts.

Artists and albums are given no tags: those of a training item's own artist would tell its labels, which no text about a
new artist does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tutti.data.items import Item
from tutti.data.track import Track


def item_names(items: Iterable[Item]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name with its categories; one that several items have comes several times.

    Categories are ``artists``, ``artists from Brazil``, ``artists of the 1990s``, ``albums``, ``albums of the 1990s``,
    ``countries``, ``styles`` and the tag itself.
    """
    for item in items:
        yield from ((tag, ("styles", tag)) for tag in item.tags)
        for track in item.tracks:
            yield from _track_names(track)


def _track_names(track: Track) -> Iterator[tuple[str, tuple[str, ...]]]:
    era = f"of the {track.year // 10 * 10}s" if track.year else ""
    if track.artist:
        home = f"artists from {track.country}" if track.country else ""
        yield track.artist, _known("artists", home, era and f"artists {era}")
    if track.album:
        yield track.album, _known("albums", era and f"albums {era}")
    if track.country:
        yield track.country, ("countries",)
    yield from ((tag, ("styles", tag)) for tag in track.tags)


def _known(*categories: str) -> tuple[str, ...]:
    return tuple(filter(None, categories))
