"""Who played what how often: counts by user and track, from a catalogue's listens or from lists.

Tables on disk are read in ``tutti.listening.play_files``; factors are made in ``tutti.listening.factors``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError, import_extra

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Listened(Protocol):
    """How often a user played a track, as ``tutti.data.track.Listens`` has it."""

    @property
    def user(self) -> str:
        """Who."""

    @property
    def track_id(self) -> str:
        """What."""

    @property
    def plays(self) -> int:
        """How often."""


@dataclass(frozen=True, kw_only=True)
class PlayCounts:
    """A sparse matrix of plays, users by tracks. Every user and every track has at least one play.

    Attributes:
        users: Sorted.
        track_ids: Sorted.
        user_rows: Of each pair, an index into ``users``. Shape (pairs,).
        track_rows: Of each pair, an index into ``track_ids``. Shape (pairs,).
        counts: Of each pair, above 0. Shape (pairs,), float32.
        n_without_plays: Users that were named, but whose counts were all 0.
    """

    users: tuple[str, ...]
    track_ids: tuple[str, ...]
    user_rows: NDArray[np.int64]
    track_rows: NDArray[np.int64]
    counts: NDArray[np.float32]
    n_without_plays: int = 0

    @classmethod
    def of_pairs(cls, users: Sequence[str], track_ids: Sequence[str], counts: Sequence[float] | NDArray[Any]) -> Self:
        """Counts from three lists of one length; those of the same user and track are added up, zeros fall out.

        Raises:
            ShapeError: The lists differ in length.
            ConfigError: A count is negative or not a number, or nothing was played at all.
        """
        amounts = np.asarray(counts, dtype=np.float64)
        if not len(users) == len(track_ids) == len(amounts):
            raise ShapeError(f"{len(users)} users, {len(track_ids)} tracks and {len(amounts)} counts are no pairs")
        wrong = ~(np.isfinite(amounts) & (amounts >= 0))
        if wrong.any():
            first = int(wrong.argmax())
            raise ConfigError(
                f"{users[first]!r} cannot have played {track_ids[first]!r} {amounts[first]:g} times",
                hint="counts are numbers of 0 or more; correct or leave out the row",
            )
        played = np.flatnonzero(amounts)
        if not len(played):
            raise ConfigError("nobody has played anything", hint="give rows of user, track and a count above 0")
        named_users, user_rows = np.unique(np.asarray(users, dtype=str)[played], return_inverse=True)
        named_tracks, track_rows = np.unique(np.asarray(track_ids, dtype=str)[played], return_inverse=True)
        pairs, place = np.unique(user_rows * len(named_tracks) + track_rows, return_inverse=True)
        return cls(
            users=tuple(named_users.tolist()),
            track_ids=tuple(named_tracks.tolist()),
            user_rows=pairs // len(named_tracks),
            track_rows=pairs % len(named_tracks),
            counts=np.bincount(place, weights=amounts[played]).astype(np.float32),
            n_without_plays=len(set(users)) - len(named_users),
        )

    @classmethod
    def of_listens(cls, listens: Iterable[Listened]) -> Self:
        """Counts from a catalogue's listens.

        Raises:
            ConfigError: A count is negative, or nothing was played at all.

        >>> from tutti.data.track import Listens
        >>> plays = PlayCounts.of_listens([Listens(user="ann", track_id="t1", plays=3)])
        >>> plays.users, plays.track_ids, plays.counts.tolist()
        (('ann',), ('t1',), [3.0])
        """
        rows = list(listens)
        return cls.of_pairs([one.user for one in rows], [one.track_id for one in rows], [one.plays for one in rows])

    @property
    def n_plays(self) -> int:
        """In all."""
        return int(self.counts.sum())

    def of_tracks(self, track_ids: Collection[str]) -> Self:
        """The plays of some tracks; users without any of these fall out and are counted.

        Raises:
            ConfigError: None of the tracks was played.
        """
        wanted = set(track_ids)
        return self._where(np.array([track_id in wanted for track_id in self.track_ids])[self.track_rows])

    def frequent(self, *, user_tracks: int = 1, track_users: int = 1) -> Self:
        """The plays between users of so many tracks and tracks of so many users, until all are.

        Args:
            user_tracks: Least number of different tracks of a user.
            track_users: Least number of different users of a track.

        Raises:
            ConfigError: Nothing is left.
        """
        kept = self
        while True:
            tracks_of = np.bincount(kept.user_rows, minlength=len(kept.users))
            users_of = np.bincount(kept.track_rows, minlength=len(kept.track_ids))
            enough = (tracks_of >= user_tracks)[kept.user_rows] & (users_of >= track_users)[kept.track_rows]
            if enough.all():
                return kept
            kept = kept._where(enough)

    def matrix(self) -> csr_matrix:
        """The plays as a sparse matrix. Shape (users, tracks), float32.

        Raises:
            MissingExtraError: SciPy is not installed.
        """
        sparse = import_extra("scipy.sparse", extra="listening", purpose="a matrix of plays")
        places = (self.user_rows, self.track_rows)
        return sparse.csr_matrix((self.counts, places), shape=(len(self.users), len(self.track_ids)))

    def played(self, users: Sequence[str], track_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each of these users has played each of these tracks; nobody has where a name is unknown.

        Returns:
            Shape (users, tracks).
        """
        places = [
            np.array([names.get(name, -1) for name in known], dtype=np.int64)
            for names, known in (
                ({user: row for row, user in enumerate(users)}, self.users),
                ({track_id: row for row, track_id in enumerate(track_ids)}, self.track_ids),
            )
        ]
        rows, columns = places[0][self.user_rows], places[1][self.track_rows]
        both = (rows >= 0) & (columns >= 0)
        found = np.zeros((len(users), len(track_ids)), dtype=np.bool_)
        found[rows[both], columns[both]] = True
        return found

    def _where(self, kept: NDArray[np.bool_]) -> Self:
        if not kept.any():
            raise ConfigError(
                f"none of the plays of {len(self.users)} users and {len(self.track_ids)} tracks is left",
                hint="name tracks that were played, or ask for fewer plays of each",
            )
        users, tracks = np.asarray(self.users), np.asarray(self.track_ids)
        some = type(self).of_pairs(
            users[self.user_rows[kept]].tolist(), tracks[self.track_rows[kept]].tolist(), self.counts[kept]
        )
        lost = len(self.users) - len(some.users)
        return type(self)(**{**some.__dict__, "n_without_plays": self.n_without_plays + lost})


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How well plays and a catalogue know each other.

    Attributes:
        n_tracks: Of the catalogue.
        n_unplayed: Of them, that nobody has played.
        n_unknown: Tracks that were played, but are not in the catalogue.
        n_users: Who have played a track of the catalogue.
        n_users_without: Who have not.
    """

    n_tracks: int
    n_unplayed: int
    n_unknown: int
    n_users: int
    n_users_without: int

    def line(self) -> str:
        """In words."""
        return (
            f"{self.n_tracks - self.n_unplayed} of {self.n_tracks} tracks were played, by {self.n_users} users; "
            f"{self.n_unplayed} by nobody; {self.n_users_without} users without plays of these tracks; "
            f"{self.n_unknown} played tracks are not among these"
        )


def coverage(plays: PlayCounts, track_ids: Collection[str]) -> Coverage:
    """How many of some tracks were played, and how many users played one of them.

    >>> plays = PlayCounts.of_pairs(["ann", "ann", "bob"], ["t1", "t2", "t9"], [1, 4, 2])
    >>> coverage(plays, ["t1", "t2", "t3"]).line()  # doctest: +ELLIPSIS
    '2 of 3 tracks were played, by 1 users; 1 by nobody; 1 users without plays of these tracks; 1 played tracks ...'
    """
    wanted, known = set(track_ids), set(plays.track_ids)
    listened = np.array([track_id in wanted for track_id in plays.track_ids])[plays.track_rows]
    n_users = len(np.unique(plays.user_rows[listened]))
    return Coverage(
        n_tracks=len(wanted),
        n_unplayed=len(wanted - known),
        n_unknown=len(known - wanted),
        n_users=n_users,
        n_users_without=len(plays.users) + plays.n_without_plays - n_users,
    )
