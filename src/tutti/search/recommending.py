"""What to play next for a listener: tracks whose factors point where the listener's do.

A track that others have played has factors of its plays (``tutti.listening.factors``); one that nobody has played has
those that a model of listening factors tells from its sound, cover and text, and without such a model none. Told
factors are kept in the catalogue under the model's name, so that a file is heard once.

A score is the share of the catalogue's tracks that suit the listener less, by the product of the factors. The length of
a track's factors tells how liked it is by all; what nobody has played is given the median.

References:
    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008.
    Oramas, Nieto, Sordo and Serra, "A deep multimodal approach for cold-start music recommendation", DLRS 2017.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import items_of
from tutti.data.records import ToldFactors
from tutti.data.track import Track
from tutti.errors import ConfigError, QueryError, unknown_name
from tutti.evaluation.new_items import plays_of
from tutti.listening.factors import FactorConfig, Factors, factorise
from tutti.listening.plays import PlayCounts
from tutti.models.multimodal import MultimodalModel
from tutti.models.space_models import unit_rows
from tutti.search.corpus import Corpus
from tutti.search.evidence import percentiles
from tutti.search.filters import matching
from tutti.search.hits import Hit, Hits, Reason
from tutti.search.names import did_you_mean

Which = Literal["unheard", "new", "all"]
WHICH: tuple[str, ...] = get_args(Which)
# Of factors made on the spot, without a model: chosen on plays that were held out, see docs/guides/listening.md.
ON_THE_SPOT = FactorConfig(n_factors=32, alpha=1.0, regularisation=10.0)
N_BECAUSE = 2
BATCH_ITEMS = 256
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Recommending:
    """What is wanted.

    Attributes:
        k: Tracks, at most.
        which: ``unheard``: that the listener has not played; ``new``: that nobody has; ``all``.
        where: An SQL condition on the tracks, as in a search.
    """

    k: int = 10
    which: Which = "unheard"
    where: str | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k={self.k} tracks make no list", hint="ask for 1 or more")
        if self.which not in WHICH:
            raise unknown_name("choice of tracks", self.which, WHICH)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """The factors of a catalogue's tracks and users.

    Attributes:
        factors: NaN where there are none. Shape (tracks, dimensions).
        is_told: Whether a model told them; else they come from plays. Shape (tracks,).
        listeners: Of the users.
        plays: Who has played what.
    """

    factors: NDArray[np.float32]
    is_told: NDArray[np.bool_]
    listeners: Factors
    plays: PlayCounts


class Recommender:
    """Recommends tracks of a catalogue. What it needs is read once; make one with :meth:`open`.

    Attributes:
        catalogue: Of the tracks.
        corpus: The same as arrays.
        placed: Where tracks and users lie.
    """

    def __init__(self, catalogue: Catalogue, corpus: Corpus, placed: Placed) -> None:
        self.catalogue, self.corpus, self.placed = catalogue, corpus, placed

    @classmethod
    def open(
        cls, catalogue: Catalogue, model: MultimodalModel | None = None, *, progress: Progress | None = None
    ) -> Recommender:
        """A recommender by the catalogue's listens, and by a model for what nobody has played.

        Args:
            catalogue: With listens.
            model: Of listening factors; its users' factors are taken as they are.
            progress: Told how many tracks the model has described.

        Raises:
            QueryError: Nobody has played anything.
            ConfigError: The model tells something else than listening factors, or of albums.
        """
        corpus = Corpus.load(catalogue)
        listeners, plays = _listeners(catalogue, model)
        found, vectors = listeners.fold_in(plays)
        factors = np.full((len(corpus), listeners.n_dimensions), np.nan, dtype=np.float32)
        for track_id, vector in zip(found, vectors, strict=True):
            if track_id in corpus.row_of:
                factors[corpus.row_of[track_id]] = vector
        is_told = np.asarray(np.isnan(factors).any(axis=1))
        if model is not None and is_told.any():
            ids = [corpus.track_ids[row] for row in np.flatnonzero(is_told)]
            length = float(np.median(np.linalg.norm(factors[~is_told], axis=1))) if not is_told.all() else 1.0
            factors[is_told] = length * told_factors(catalogue, model, ids, progress=progress)
        placed = Placed(factors=factors, is_told=is_told, listeners=listeners, plays=plays)
        return cls(catalogue, corpus, placed)

    def recommend(self, listener: str, wanted: Recommending | None = None) -> Hits:
        """Tracks for a listener, best first; notes say of how many nothing is known.

        Raises:
            QueryError: Nobody of this name has played anything here, or the condition is not understood.
        """
        wanted = wanted or Recommending()
        history = self._history(listener)
        suits = self.placed.factors @ self._user_factors(listener)[0]
        scores = percentiles(suits)
        candidates = matching(self.catalogue, self.corpus, wanted.where) & ~np.isnan(suits)
        candidates &= self.corpus.originals == np.arange(len(self.corpus))
        if wanted.which == "unheard":
            candidates[history] = False
        elif wanted.which == "new":
            candidates &= self.placed.is_told
        rows = np.flatnonzero(candidates)
        best = rows[np.argsort(-suits[rows], kind="stable")][: wanted.k]
        hits = [self._hit(int(row), float(scores[row]), listener, history) for row in best]
        return Hits(hits, notes=self._notes(suits, hits, wanted))

    def _history(self, listener: str) -> NDArray[np.int64]:
        """Rows of what the listener has played, most played first."""
        plays = self.placed.plays
        if listener not in plays.users:
            raise QueryError(
                f"nobody called {listener!r} has played anything in this catalogue",
                hint=did_you_mean(listener, plays.users)
                + f"{len(plays.users)} have, such as {plays.users[0]!r}; tutti search needs no listener",
            )
        of_listener = np.flatnonzero(plays.user_rows == plays.users.index(listener))
        order = of_listener[np.argsort(-plays.counts[of_listener], kind="stable")]
        ids = (plays.track_ids[row] for row in plays.track_rows[order])
        return np.array([self.corpus.row_of[one] for one in ids if one in self.corpus.row_of], dtype=np.int64)

    def _user_factors(self, listener: str) -> NDArray[np.float32]:
        listeners = self.placed.listeners
        if listener in listeners.users:
            return listeners.of_users([listener])
        users, vectors = listeners.fold_in_users(self.placed.plays)
        if listener not in users:
            raise QueryError(
                f"none of the tracks that {listener!r} has played was among those that factors were made of",
                hint="train the model anew with these plays, or leave out --model",
            )
        found: NDArray[np.float32] = vectors[[users.index(listener)]]
        return found

    def _hit(self, row: int, score: float, listener: str, history: NDArray[np.int64]) -> Hit:
        corpus, factors = self.corpus, self.placed.factors
        likeness = np.nan_to_num(unit_rows(factors[history]) @ factors[row], nan=-np.inf)
        others = [int(history[i]) for i in np.argsort(-likeness, kind="stable") if history[i] != row][:N_BECAUSE]
        because = " and ".join(f"{corpus.name(one)!r}" for one in others)
        how = "told" if self.placed.is_told[row] else "plays"
        by = "nobody has played it; by what it sounds and looks like" if how == "told" else "by who plays it"
        text = f"{by}, close to {because}" if because else by
        return Hit(
            track_id=corpus.track_ids[row],
            path=corpus.path(row),
            title=corpus.value("title", row),
            artist=corpus.value("artist", row),
            score=score,
            why=(Reason(term=listener, how=how, score=score, text=text, share=1.0),),
        )

    def _notes(self, suits: NDArray[np.float32], hits: Sequence[Hit], wanted: Recommending) -> list[str]:
        n_unknown = int(np.isnan(suits).sum())
        notes = []
        if n_unknown:
            were, them = ("1 track was", "it") if n_unknown == 1 else (f"{n_unknown} tracks were", "them")
            is_any_told = self.placed.is_told[~np.isnan(suits)].any()
            why = f"nothing of {them} could be read" if is_any_told else f"no model told of {them}"
            notes.append(f"{were} left out: nobody has played {them}, and {why}")
        if not hits:
            notes.append("no track is left" if wanted.where is None else "no track that meets the condition is left")
        return notes


def told_factors(
    catalogue: Catalogue, model: MultimodalModel, track_ids: Sequence[str], *, progress: Progress | None = None
) -> NDArray[np.float32]:
    """The factors that a model tells of tracks, kept in the catalogue; NaN where nothing of a track can be read.

    Args:
        catalogue: Of the tracks; what is told is kept in it, a batch at a time.
        model: Of listening factors.
        track_ids: Which tracks.
        progress: Told how many of those that were not kept yet are done.

    Returns:
        Of length 1. Shape (tracks, dimensions).
    """
    tracks = {track.track_id: track for track in catalogue.tracks()}
    states = {one: _state(tracks[one], model.config.texts) for one in track_ids}
    kept = _kept(catalogue, model, states)
    missing = [one for one in track_ids if one not in kept]
    for begin in range(0, len(missing), BATCH_ITEMS):
        some = missing[begin : begin + BATCH_ITEMS]
        items = items_of([tracks[one] for one in some], level="track", texts=model.config.texts)
        told = model.predict(items).predictions
        rows = {item.item_id: row for row, item in enumerate(items)}
        vectors = told[[rows[one] for one in some]]
        kept |= dict(zip(some, vectors, strict=True))
        _keep(catalogue, model, [(one, states[one]) for one in some], vectors)
        if progress is not None:
            progress(begin + len(some), len(missing))
    return np.stack([kept[one] for one in track_ids])


def _listeners(catalogue: Catalogue, model: MultimodalModel | None) -> tuple[Factors, PlayCounts]:
    """Factors of the users, and all plays."""
    listens = catalogue.listens()
    settings = {} if model is None else model.config.training.get("scheme", {})
    if not listens and not settings.get("listening", {}).get("plays"):
        raise QueryError(
            f"nobody has played anything in {catalogue.folder}: there are no listens",
            hint="bring listens with the catalogue, or search by words: tutti search",
        )
    if model is None:
        plays = PlayCounts.of_listens(listens)
        n_factors = max(1, min(ON_THE_SPOT.n_factors, min(len(plays.users), len(plays.track_ids)) // 4))
        return factorise(plays, dataclasses.replace(ON_THE_SPOT, n_factors=n_factors)), plays
    if model.listeners is None:
        raise ConfigError(
            f"{model.name} tells no factors of listening",
            hint="train one: recipes/world/recommend-demo.toml; or leave out --model",
        )
    if model.config.level != "track":
        raise ConfigError(
            f"{model.name} describes {model.config.level}s, a catalogue holds tracks", hint="train with level 'track'"
        )
    return model.listeners, plays_of(catalogue, settings)


def _state(track: Track, texts: Sequence[str]) -> str:
    """Changes whenever what is read of a track does."""
    read = [
        track.file.content_hash if track.file else str(track.audio),
        str(track.cover),
        [track.texts.get(kind) for kind in texts],
        list(track.tags),
    ]
    return hashlib.sha256(json.dumps(read, ensure_ascii=False).encode()).hexdigest()[:16]


def _kept(catalogue: Catalogue, model: MultimodalModel, states: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
    """What the model has told of tracks already, where neither it nor they have changed."""
    told = catalogue.told_factors(model.name)
    if told is None or told.fingerprint != model.fingerprint:
        return {}
    rows = zip(told.track_ids, told.states, told.factors, strict=True)
    return {one: factors for one, state, factors in rows if state == states.get(one)}


def _keep(
    catalogue: Catalogue, model: MultimodalModel, tracks: Sequence[tuple[str, str]], vectors: NDArray[np.float32]
) -> None:
    told = ToldFactors(
        fingerprint=model.fingerprint,
        track_ids=[track_id for track_id, _ in tracks],
        states=[state for _, state in tracks],
        factors=vectors,
    )
    with catalogue.writer():
        catalogue.put_told_factors(model.name, told)
