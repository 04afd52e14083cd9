"""What a search gives back: hits, each with the reasons for it, and remarks about the search as a whole.

``docs/guides/search.md`` documents the same shapes as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What one part of a query found in a track.

    Attributes:
        term: The part of the query; the sound's file or id for a likeness.
        how: ``tag``, ``synonym``, ``description``, ``spelling``, ``sentence vectors``: by the models' tags; ``typed``:
            by a person's tag; ``title``, ``artist``, ``album``, ``file``: by a name; ``absence``: it is not heard;
            ``sound``: by likeness; ``lyrics``: by the words of its lyrics; ``near``, ``away``: by where it lies in a
            space; ``plays``, ``told``: by who plays it, or by what a model tells of it (recommendations);
            ``missing``: nothing of it is in this track.
        score: Of this part alone, 0 to 1.
        tags: Tags that tell most of it, with the models' mean probabilities.
        text: The same in words.
        share: Of the hit's score that is owed to it; those of a hit add up to 1.
        words: Of the query, that stand in the track's texts.
    """

    term: str
    how: str
    score: float
    text: str
    tags: Mapping[str, float] = field(default_factory=dict)
    share: float = 0.0
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A track that answers a query.

    Attributes:
        track_id: In the catalogue.
        path: Of its sound file, where it has one.
        title: None where unknown.
        artist: None where unknown.
        score: 0 to 1, see :mod:`tutti.search.ranking`.
        why: A reason for each part of the query.
        shares: What of the score is owed to ``words`` (tags, names and lyrics) and to each of the track's modalities,
            adding up to 1.
        rank_by_score: Its place by the score alone, from 1, where hits were put in another order to differ more.
    """

    track_id: str
    path: Path | None
    title: str | None
    artist: str | None
    score: float
    why: tuple[Reason, ...]
    shares: Mapping[str, float] = field(default_factory=dict)
    rank_by_score: int | None = None

    @property
    def name(self) -> str:
        """What to call the track where a person reads it."""
        return self.title or (self.path.stem if self.path else self.track_id)

    def to_json(self) -> dict[str, Any]:
        """The hit in plain types."""
        why = [
            {**asdict(reason), "score": round(reason.score, 4), "share": round(reason.share, 4)} for reason in self.why
        ]
        return {
            "track_id": self.track_id,
            "path": None if self.path is None else str(self.path),
            "title": self.title,
            "artist": self.artist,
            "score": round(self.score, 4),
            "why": why,
            "shares": {name: round(share, 4) for name, share in self.shares.items()},
            "rank_by_score": self.rank_by_score,
        }


class Hits(list[Hit]):
    """Hits, best first.

    Attributes:
        notes: What to know of the search as a whole: words that matched nothing, models that were missing.
    """

    def __init__(self, hits: Iterable[Hit] = (), *, notes: Iterable[str] = ()) -> None:
        super().__init__(hits)
        self.notes = tuple(notes)

    def to_json(self) -> list[dict[str, Any]]:
        """The hits in plain types."""
        return [hit.to_json() for hit in self]
