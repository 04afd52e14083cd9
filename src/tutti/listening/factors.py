"""Factors of users and tracks: vectors whose inner products tell who likes what.

Two ways, both of the library ``implicit``: weighted matrix factorisation by alternating least squares (``als``), and
Bayesian personalised ranking (``bpr``). Of least squares the factors of a track that is new can be found while those
of the users stay as they are (:meth:`Factors.fold_in`).

A folder of factors holds ``factors.safetensors`` and ``factors.json``, the settings and names.

References:
    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008.
    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.errors import ConfigError, ModelError, ShapeError, import_extra, unknown_name
from tutti.files import atomic_folder, is_occupied
from tutti.listening.plays import PlayCounts

FORMAT = 1
TENSORS, SETTINGS = "factors.safetensors", "factors.json"
Method = Literal["als", "bpr"]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class FactorConfig:
    """How plays become factors.

    Attributes:
        method: ``als`` or ``bpr``.
        n_factors: Dimensions; ``bpr`` adds one for how liked a track is by all.
        alpha: Of ``als``: a track that was played n times is liked with confidence ``alpha * n``, one that was not is
            not liked with confidence 1.
        regularisation: Weight of the factors' squares.
        iterations: Passes over the plays.
        learning_rate: Of ``bpr``.
        seed: Of the first factors, and of ``bpr``'s draws.
    """

    method: Method = "als"
    n_factors: int = 200
    alpha: float = 40.0
    regularisation: float = 0.01
    iterations: int = 15
    learning_rate: float = 0.01
    seed: int = 0

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise unknown_name("method of factorisation", self.method, get_args(Method))
        for name in ("n_factors", "alpha", "iterations", "learning_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name}={getattr(self, name):g} is not positive", hint="give a positive number")
        for name in ("regularisation", "seed"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name}={getattr(self, name):g} is no number from 0 on", hint="give 0 or more")


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Vectors of users and tracks.

    Attributes:
        config: How they were made.
        users: One a row of ``user_factors``.
        track_ids: One a row of ``track_factors``.
        user_factors: Shape (users, dimensions).
        track_factors: Shape (tracks, dimensions).
        n_plays: Of which they were made.
    """

    config: FactorConfig
    users: tuple[str, ...]
    track_ids: tuple[str, ...]
    user_factors: Vectors
    track_factors: Vectors
    n_plays: int

    def __post_init__(self) -> None:
        for what, names, vectors in (
            ("user", self.users, self.user_factors),
            ("track", self.track_ids, self.track_factors),
        ):
            if vectors.ndim != 2 or len(vectors) != len(names):
                raise ShapeError(f"{what} factors of shape {vectors.shape} do not fit {len(names)} {what}s")
            if not np.isfinite(vectors).all():
                raise ShapeError(f"some {what} factors are not finite", hint="raise the regularisation")
        if self.user_factors.shape[1] != self.track_factors.shape[1]:
            raise ShapeError(
                f"users have {self.user_factors.shape[1]} factors and tracks {self.track_factors.shape[1]}"
            )

    @property
    def n_dimensions(self) -> int:
        """Of the vectors."""
        return int(self.track_factors.shape[1])

    def of_tracks(self, track_ids: Sequence[str]) -> Vectors:
        """Vectors of these tracks. Shape (tracks, dimensions).

        Raises:
            UnknownNameError: One of them has none.
        """
        return _rows_of(self.track_factors, self.track_ids, track_ids, what="track with factors")

    def of_users(self, users: Sequence[str]) -> Vectors:
        """Vectors of these users; errors as of :meth:`of_tracks`. Shape (users, dimensions)."""
        return _rows_of(self.user_factors, self.users, users, what="user with factors")

    def fold_in(self, plays: PlayCounts) -> tuple[tuple[str, ...], Vectors]:
        """Factors of tracks, new ones among them, from their plays by the users that are known here.

        The users' factors stay as they are: this is a track's half of a step of alternating least squares.

        Args:
            plays: Of the tracks. Users that have no factors take no part.

        Returns:
            The tracks that some of the users have played, and their vectors, shape (tracks, dimensions).

        Raises:
            ConfigError: The factors are not of least squares, or none of the users has played one of the tracks.
        """
        return _half_step(self, plays, fixed="users")

    def fold_in_users(self, plays: PlayCounts) -> tuple[tuple[str, ...], Vectors]:
        """Factors of users, as :meth:`fold_in` has those of tracks: here the tracks' factors stay as they are."""
        return _half_step(self, plays, fixed="tracks")

    def save(self, folder: Path | str) -> None:
        """Write the factors; a folder of factors that is there is replaced.

        Raises:
            ModelError: The folder holds something else.
        """
        folder = Path(folder)
        if is_occupied(folder) and not (folder / SETTINGS).exists():
            raise ModelError(f"{folder} exists and holds no factors", hint="name a new or an empty folder")
        about = {
            "format": FORMAT,
            "kind": "tutti listening factors",
            "config": dataclasses.asdict(self.config),
            "n_plays": self.n_plays,
            "users": self.users,
            "track_ids": self.track_ids,
        }
        with atomic_folder(folder) as partial:
            save_file({"users": self.user_factors, "tracks": self.track_factors}, partial / TENSORS)
            (partial / SETTINGS).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """The factors of a folder.

        Raises:
            ModelError: It holds none, or damaged or newer ones.
        """
        folder = Path(folder)
        about = _read_settings(folder / SETTINGS)
        try:
            tensors = load_file(folder / TENSORS)
            return cls(
                config=TypeAdapter(FactorConfig).validate_python(about["config"]),
                users=tuple(about["users"]),
                track_ids=tuple(about["track_ids"]),
                user_factors=tensors["users"],
                track_factors=tensors["tracks"],
                n_plays=int(about["n_plays"]),
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValidationError, ConfigError, ShapeError) as cause:
            reason = str(cause).partition("\n")[0]
            raise ModelError(f"the factors in {folder} are damaged: {reason}", hint="make them anew") from None


def _rows_of(vectors: Vectors, names: Sequence[str], wanted: Sequence[str], *, what: str) -> Vectors:
    rows = {name: row for row, name in enumerate(names)}
    for name in wanted:
        if name not in rows:
            raise unknown_name(what, name, names[:50])
    found: Vectors = vectors[[rows[name] for name in wanted]]
    return found


def _half_step(
    factors: Factors, plays: PlayCounts, *, fixed: Literal["users", "tracks"]
) -> tuple[tuple[str, ...], Vectors]:
    """Least squares for the side that is free: those of it with a known partner, and their vectors."""
    if factors.config.method != "als":
        raise ConfigError(f"{factors.config.method} has no factors of what is new", hint="make factors with als")
    users, tracks = (plays.users, plays.user_rows), (plays.track_ids, plays.track_rows)
    (fixed_names, fixed_rows), (free_names, free_rows) = (users, tracks) if fixed == "users" else (tracks, users)
    known_names, vectors = (
        (factors.users, factors.user_factors) if fixed == "users" else (factors.track_ids, factors.track_factors)
    )
    rows = {name: row for row, name in enumerate(known_names)}
    partner = np.array([rows.get(name, -1) for name in fixed_names])[fixed_rows]
    known = partner >= 0
    if not known.any():
        raise ConfigError(f"none of the {fixed} of these plays has factors", hint="are they of other plays?")
    exact = vectors.astype(np.float64)
    gram = exact.T @ exact + factors.config.regularisation * np.eye(factors.n_dimensions)
    order = np.flatnonzero(known)[np.argsort(free_rows[known], kind="stable")]
    free, begins = np.unique(free_rows[order], return_index=True)
    solved = []
    for pairs in np.split(order, begins[1:]):  # of one row of the free side each
        partners, confidence = exact[partner[pairs]], factors.config.alpha * plays.counts[pairs].astype(np.float64)
        weighted = gram + (partners.T * (confidence - 1)) @ partners
        solved.append(np.linalg.solve(weighted, partners.T @ confidence))
    return tuple(free_names[row] for row in free), np.stack(solved).astype(np.float32)


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        version, kind = about["format"], about["kind"]
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{path.parent} holds no listening factors: there is no {SETTINGS}",
            hint="make them: tutti listening factors SOURCE -o FOLDER",
        ) from None
    except (ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path} is damaged: {cause}", hint="make the factors anew") from None
    if kind != "tutti listening factors":
        raise ModelError(f"{path} describes {kind!r}, not listening factors", hint="name a folder of factors")
    if version > FORMAT:
        raise ModelError(f"{path} has format {version}; this program reads up to {FORMAT}", hint="update tutti")
    return dict(about)


def factorise(plays: PlayCounts, config: FactorConfig | None = None) -> Factors:
    """Factors of all users and tracks of some plays. The same plays and settings give the same bits on a machine.

    Args:
        plays: Who played what.
        config: How; None takes the defaults.

    Raises:
        ConfigError: There are as few users or tracks as factors, or fewer.
        MissingExtraError: ``implicit`` is not installed.
    """
    config = config or FactorConfig()
    n_least = min(len(plays.users), len(plays.track_ids))
    if config.n_factors >= n_least:
        raise ConfigError(
            f"{config.n_factors} factors of {len(plays.users)} users and {len(plays.track_ids)} tracks would learn the "
            "plays by heart",
            hint=f"set n_factors below {n_least}, or bring more plays",
        )
    pools = import_extra("threadpoolctl", extra="listening", purpose="factorisation")
    with pools.threadpool_limits(1, "blas"):  # more threads add up in another order
        learner = _learner(config)
        learner.fit(plays.matrix(), show_progress=False)
    return Factors(
        config=config,
        users=plays.users,
        track_ids=plays.track_ids,
        user_factors=np.ascontiguousarray(learner.user_factors, dtype=np.float32),
        track_factors=np.ascontiguousarray(learner.item_factors, dtype=np.float32),
        n_plays=plays.n_plays,
    )


def _learner(config: FactorConfig) -> Any:
    settings = {
        "factors": config.n_factors,
        "regularization": config.regularisation,
        "iterations": config.iterations,
        "random_state": config.seed,
        "num_threads": 1,
    }
    if config.method == "als":
        als = import_extra("implicit.cpu.als", extra="listening", purpose="weighted matrix factorisation")
        return als.AlternatingLeastSquares(**settings, alpha=config.alpha)
    bpr = import_extra("implicit.cpu.bpr", extra="listening", purpose="Bayesian personalised ranking")
    return bpr.BayesianPersonalizedRanking(**settings, learning_rate=config.learning_rate)
