"""A track: one item of music, with whichever of its modalities are at hand.

Sounds are decoded in ``tutti.audio``; here are only the facts about a track and where its files lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Modality = Literal["audio", "image", "text", "tags", "listening"]
Split = Literal["train", "valid", "test"]
TextKind = Literal["review", "lyrics", "biography", "caption"]


@dataclass(frozen=True, kw_only=True)
class FileState:
    """What a file was like when it was last read; tells whether it must be read again.

    Attributes:
        size: Bytes.
        modified_ns: Time of the last change, nanoseconds since 1970.
        content_hash: SHA-256 of the bytes.
    """

    size: int
    modified_ns: int
    content_hash: str


@dataclass(frozen=True, kw_only=True)
class Track:
    """One item of music. Only the id is certain; everything else may be missing.

    Attributes:
        track_id: Unique within its catalogue.
        title: As the file's tags or the dataset have it.
        artist: The performer.
        album: The release.
        year: Of the release.
        country: Of the artist.
        audio: The sound file.
        cover: The cover picture's file.
        texts: By kind: review, lyrics, biography, caption.
        tags: What people said of it; empty when nobody said anything.
        split: train, valid or test, where the track belongs to an experiment.
        duration: Seconds of sound.
        file: The sound file's state when it was last read.
        duplicate_of: Id of the track whose file has the same bytes.
    """

    track_id: str
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    country: str | None = None
    audio: Path | None = None
    cover: Path | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    split: str | None = None
    duration: float | None = None
    file: FileState | None = None
    duplicate_of: str | None = None

    @property
    def name(self) -> str:
        """What to call the track where a person reads it: its title, its file's name, or its id."""
        return self.title or (self.audio.stem if self.audio else self.track_id)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that was wrong with a file, and what became of it.

    Attributes:
        path: The file.
        kind: ``unreadable``, ``truncated``, ``silent``, ``cover``, ``tags``, …
        reason: In words.
        skipped: Whether the file was left out of the catalogue.
        size: Bytes when it was tried.
        modified_ns: Time of its last change when it was tried, so that an unchanged file is not tried again.
    """

    path: Path
    kind: str
    reason: str
    skipped: bool
    size: int | None = None
    modified_ns: int | None = None


@dataclass(frozen=True, kw_only=True)
class Listens:
    """How often a user played a track."""

    user: str
    track_id: str
    plays: int
