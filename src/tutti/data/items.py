"""Items: what multimodal models describe, a track or a whole album, with whichever of its modalities are at hand.

An album gathers its tracks' sounds, covers and texts. Reading files and cutting texts is the encoders' work
(``tutti.models.encoders``); here are only the facts about an item and where its files lie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Literal, get_args

from tutti.data.track import Modality, Track
from tutti.errors import unknown_name
from tutti.text.spelling import plain

Level = Literal["track", "album"]
LEVELS: tuple[str, ...] = get_args(Level)
TEXTS = ("review",)
TAGS = "tags"  # read as a text, where they are not what is to be told


@dataclass(frozen=True, kw_only=True)
class Item:
    """A track or an album.

    Attributes:
        item_id: A track's id; of an album, its artist and title.
        title: Of the track or the album.
        artist: The performer.
        tracks: Its tracks, in the order of their ids; of a track, itself.
        covers: Pictures, the first that can be read counts.
        text: Its texts one after the other, each once; empty without any.
        tags: Of an album, what at least half of its tagged tracks carry.
        split: train, valid or test, where it belongs to an experiment.
    """

    item_id: str
    title: str
    artist: str | None = None
    tracks: tuple[Track, ...] = ()
    covers: tuple[Path, ...] = ()
    text: str = ""
    tags: tuple[str, ...] = ()
    split: str | None = None

    @property
    def sounds(self) -> tuple[Track, ...]:
        """Tracks with a sound file, of the same bytes twice only one."""
        ids = {track.track_id for track in self.tracks}
        return tuple(track for track in self.tracks if track.audio is not None and track.duplicate_of not in ids)

    def offers(self, modality: Modality) -> bool:
        """Whether there is something to hear, see or read; whether it can be read, only the encoders know."""
        offered = {"audio": bool(self.sounds), "image": bool(self.covers), "text": bool(self.text.strip())}
        return offered.get(modality, False)


def items_of(tracks: Iterable[Track], *, level: str = "track", texts: Sequence[str] = TEXTS) -> list[Item]:
    """Tracks as items, or gathered into albums; a track of no known album is an item by itself.

    Args:
        tracks: In any order; those of one album are taken in the order of their ids.
        level: ``track`` or ``album``: same artist and album, however these are written.
        texts: Kinds of text that are read, in this order; ``tags`` reads what listeners typed as a text.

    Returns:
        In the order of each item's first track, each with an id of its own.

    Raises:
        UnknownNameError: There is no such level.
    """
    if level not in LEVELS:
        raise unknown_name("level of items", level, LEVELS)
    gathered: dict[tuple[str, ...], list[Track]] = {}
    for track in sorted(tracks, key=lambda one: one.track_id):
        gathered.setdefault(_group(track, level), []).append(track)
    return told_apart([_item(some, texts, is_album=len(group) > 1) for group, some in gathered.items()])


def told_apart(items: Iterable[Item]) -> list[Item]:
    """The same items, each with an id of its own: what shares one with an earlier item is also called by its split.

    Such are the parts of an album whose tracks are of several splits.
    """
    apart: dict[str, Item] = {}
    for item in items:
        others = (f"{item.item_id} ({mark})" for mark in chain([item.split or "no split"], count(2)))
        item_id = next(one for one in chain([item.item_id], others) if one not in apart)
        apart[item_id] = item if item_id == item.item_id else replace(item, item_id=item_id)
    return list(apart.values())


def _group(track: Track, level: str) -> tuple[str, ...]:
    if level == "track" or not track.album:
        return (track.track_id,)
    # Splits apart: what is learned from shares no item with what is scored, however the catalogue was split.
    return plain(track.artist or ""), plain(track.album), track.split or ""


def _item(tracks: Sequence[Track], texts: Sequence[str], *, is_album: bool) -> Item:
    first = tracks[0]
    found = [text for kind in texts for one in tracks if (text := _text(one, kind))]
    return Item(
        item_id=f"{first.artist or 'unknown'} / {first.album}" if is_album else first.track_id,
        title=(first.album if is_album else None) or first.name,
        artist=first.artist,
        tracks=tuple(tracks),
        covers=tuple(dict.fromkeys(one.cover for one in tracks if one.cover is not None)),
        text="\n\n".join(dict.fromkeys(found)),
        tags=_shared_tags(tracks),
        split=first.split,
    )


def _text(track: Track, kind: str) -> str:
    return ", ".join(track.tags) if kind == TAGS else track.texts.get(kind, "").strip()


def _shared_tags(tracks: Sequence[Track]) -> tuple[str, ...]:
    tagged = [dict.fromkeys(track.tags) for track in tracks if track.tags]
    counts = Counter(tag for tags in tagged for tag in tags)
    return tuple(tag for tag, count in counts.items() if 2 * count >= len(tagged))
