"""What an item's modality was like when it was placed: a few letters that change whenever its point must be made anew.

Of sounds it is the hash of their bytes, which the index knows; of pictures size and time of the file, which need no
reading; of texts their own hash. Points of what is looked up by a track's id change with the space alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tutti.data.items import Item
from tutti.data.track import Modality, Track

FILES: tuple[Modality, ...] = ("audio", "image", "text")


def is_offered(item: Item, modality: Modality) -> bool:
    """Whether an item has something of a modality to be placed; of tags and listening only the encoder knows."""
    return item.offers(modality) if modality in FILES else True


def state_of(item: Item, modality: Modality) -> str:
    """The state of one modality of an item; empty where it has nothing of it."""
    if not is_offered(item, modality):
        return ""
    if modality == "audio":
        return _joined(track.file.content_hash if track.file else _of_file(track.audio) for track in item.sounds)
    if modality == "image":
        return _joined(_of_file(cover) for cover in item.covers)
    if modality == "text":
        return hashlib.sha256(item.text.encode("utf-8", errors="surrogatepass")).hexdigest()
    if modality == "tags":
        return _joined(item.tags)
    return _joined(track.track_id for track in item.tracks)


def file_of(track: Track, modality: Modality) -> Path | None:
    """The file that is to blame where a track's modality cannot be placed."""
    return track.cover if modality == "image" else track.audio or track.cover


def _of_file(path: Path | None) -> str:
    try:
        facts = path.stat() if path is not None else None
    except OSError:
        facts = None
    return "gone" if path is None or facts is None else f"{path.name}:{facts.st_size}:{facts.st_mtime_ns}"


def _joined(parts: Iterable[str]) -> str:
    listed = list(parts)
    return listed[0] if len(listed) == 1 else hashlib.sha256("\0".join(listed).encode()).hexdigest()
