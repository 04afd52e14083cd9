"""Terms of a query to points of a space: texts, sounds and pictures by the space's model, tracks by where they lie.

Artists and albums are the means of their tracks, a listener the mean of what was played, each weighted by the logarithm
of one plus the plays. What is done with the points is in ``blending``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.data.records import SpaceRecord
from tutti.data.track import Track
from tutti.errors import AudioError, CatalogueError, ImageError, QueryError, UnknownNameError
from tutti.image.covers import read_cover
from tutti.models.space_models import Placed, Points, SpaceModelConfig, load_space_model, unit_rows
from tutti.search.corpus import Corpus
from tutti.search.examples import check_length, find_row, rows_by_path
from tutti.search.heard_sounds import hint_to_place
from tutti.search.points.space_points import SpacePoints
from tutti.search.terms import Term
from tutti.text.passages import passages_of

LONGEST_NAME = 60
N_SUGGESTED = 5
MANY = 0.5  # where a smaller share of a text's passages says something, that is told
N_REMEMBERED, LONGEST_REMEMBERED = 256, 1_000  # texts, and their characters
NO_ROWS = np.zeros(0, dtype=np.int64)


class Placer(Protocol):
    """A space model, as far as queries need one."""

    @property
    def config(self) -> SpaceModelConfig:
        """Everything but encoders and projection."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the points do."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """That can be placed."""

    def place(self, items: Sequence[Item], *, modalities: Sequence[str] | None = None) -> Placed:
        """The points of items."""

    def place_texts(self, texts: Sequence[str]) -> Points:
        """The points of texts."""


Loader = Callable[[SpaceRecord], Placer]
_Read = tuple[NDArray[np.float32] | None, str]  # a point, and what to know of it


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """A term with its point.

    Attributes:
        name: What to call it.
        how: ``sentence`` (the words of a query together), ``text``, ``sound``, ``image``, ``track``, ``artist``,
            ``album``, ``listener`` or ``lyrics``.
        point: Of length 1. Shape (embed_dim,).
        asked: The modality that was placed: text, audio, image; of tracks ``track``.
        weight: Above 0.
        is_negative: Whether it is to be subtracted.
        rows: Tracks of the catalogue that it stands for.
        words: That were read, where some were.
        remark: What to know of how they were read.
    """

    name: str
    how: str
    point: NDArray[np.float32]
    asked: str = "track"
    weight: float = 1.0
    is_negative: bool = False
    rows: NDArray[np.int64] = field(default_factory=lambda: NO_ROWS)
    words: str = ""
    remark: str = ""

    @property
    def signed_weight(self) -> float:
        """Of its point in the sum."""
        return -self.weight if self.is_negative else self.weight


class Pointer:
    """Finds the points of terms in one space of a catalogue.

    Args:
        corpus: The catalogue.
        points: Where its tracks lie.
        placer: Gives the space's model when something must be placed anew.
    """

    def __init__(self, corpus: Corpus, points: SpacePoints, placer: Callable[[], Placer]) -> None:
        self.points = points
        self._corpus = corpus
        self._placer = placer
        self._texts: dict[str, _Read] = {}  # read before: many queries have words in common

    def of_term(self, term: Term) -> Pointed:
        """The point of any term but words and lyrics.

        Raises:
            QueryError: It has no point in this space.
            UnknownNameError: Nothing and nobody is called that.
            AudioError: The sound cannot be heard.
            ImageError: The picture cannot be read.
        """
        if term.kind == "sound":
            return self._of_sound(term)
        if term.kind == "image":
            return self._of_image(term)
        rows, weights = self._rows_of(term)
        point = self.points.mean_of(rows, weights)
        if np.isnan(point).any():
            space = self.points.record.space
            raise QueryError(
                f"no track of {term} has a point in the space {space}",
                hint=hint_to_place(space, self._corpus),
            )
        name = self._corpus.name(int(rows[0])) if term.kind == "track" else term.value
        return self._pointed(term, point, name=name, rows=rows)

    def of_story(self, text: str, term: Term) -> Pointed:
        """The point of a text that a term's file holds.

        Raises:
            QueryError: It says nothing to the space.
        """
        point, remark = self._placed_text(text)
        if point is None:
            raise QueryError(
                f"the text {term.value} says nothing to the space {self.points.record.space}",
                hint="describe the music, a mood or a scene, in English",
            )
        pointed = self._pointed(term, point, name=Path(term.value).name, asked="text")
        return replace(pointed, words=text, remark=remark)

    def of_sentence(self, words: str, *, weight: float, is_negative: bool) -> Pointed | None:
        """The point of words of a query, None where they say nothing to the space."""
        point, remark = self._placed_text(words)
        if point is None:
            return None
        return Pointed(
            name=words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…",
            how="sentence",
            point=point,
            asked="text",
            weight=weight,
            is_negative=is_negative,
            words=words,
            remark=remark,
        )

    def _placed_text(self, text: str) -> _Read:
        """The mean of the passages' points, shape (embed_dim,), None where none says anything; and a remark."""
        if len(text) > LONGEST_REMEMBERED:
            return self._read_text(text)
        if text not in self._texts:
            if len(self._texts) >= N_REMEMBERED:
                self._texts.clear()
            self._texts[text] = self._read_text(text)
        return self._texts[text]

    def _read_text(self, text: str) -> _Read:
        placed = self._placer().place_texts(passages_of(text))
        known = placed[~np.isnan(placed).any(axis=1)]
        point: NDArray[np.float32] = unit_rows(known.sum(axis=0, keepdims=True))[0]
        say = "says" if len(known) == 1 else "say"
        remark = f"{len(known)} of {len(placed)} passages {say} something about music"
        return None if np.isnan(point).any() else point, remark if len(known) < MANY * len(placed) else ""

    def _of_sound(self, term: Term) -> Pointed:
        path = Path(term.value)
        if not path.is_file():
            return self.of_term(self._track_with_path(term))
        check_length(path)
        row = self._corpus.row_of_file(path)
        rows = NO_ROWS if row is None else np.array([row])
        if row is not None and self.points.present()[row]:
            return self._pointed(term, self.points.of()[row], name=path.name, rows=rows)
        item = Item(item_id=path.name, title=path.stem, tracks=(Track(track_id=path.name, audio=path.absolute()),))
        point = self._placed(item, "audio", error=AudioError)
        return self._pointed(term, point, name=path.name, asked="audio", rows=rows)

    def _track_with_path(self, term: Term) -> Term:
        """The track whose path, or the end of it, a sound that is not here has."""
        rows = rows_by_path(term.value, self._corpus)
        named = [f"track:{self._corpus.track_ids[row]}" for row in rows[:N_SUGGESTED]]
        if not rows:
            raise QueryError(
                f"there is no file {term.value}",
                hint="check the path; a track of the catalogue is written track:ID, words without a suffix",
            )
        if len(rows) > 1:
            raise QueryError(
                f"the paths of {len(rows)} tracks end in {term.value}", hint=f"name one of them: {', '.join(named)}"
            )
        return replace(term, kind="track", value=self._corpus.track_ids[rows[0]])

    def _of_image(self, term: Term) -> Pointed:
        path = Path(term.value)
        if not path.is_file():
            raise QueryError(
                f"there is no picture {term.value}", hint="check the path; words are written without a suffix"
            )
        read_cover(path)  # what is no picture is told of before a model is loaded
        item = Item(item_id=path.name, title=path.stem, covers=(path.absolute(),))
        return self._pointed(term, self._placed(item, "image", error=ImageError), name=path.name, asked="image")

    def _placed(self, item: Item, modality: str, *, error: type[AudioError | ImageError]) -> NDArray[np.float32]:
        placer, space = self._placer(), self.points.record.space
        if modality not in placer.modalities:
            what = {"image": "pictures", "audio": "sounds"}[modality]
            raise QueryError(
                f"the space {space} has no {what}; it places {', '.join(placer.modalities)}",
                hint=f"run: tutti place {self._corpus.folder} --space NAME, of a space with {what}, and search in that",
            )
        placed = placer.place([item], modalities=[modality])
        point: NDArray[np.float32] = placed.points[modality][0]
        if np.isnan(point).any():
            problem = placed.problems.get(item.item_id, {}).get(modality, "there is nothing in it")
            raise error(f"{item.item_id} has no point in {space}: {problem}", hint="take another file")
        return point

    def _rows_of(self, term: Term) -> tuple[NDArray[np.int64], NDArray[np.float32] | None]:
        if term.kind == "artist" or term.kind == "album":
            return self._corpus.rows_named(term.kind, term.value), None
        if term.kind == "listener":
            rows, plays = self._corpus.listener_rows(term.value)
            if not len(rows):
                raise QueryError(
                    f"{term.value!r} has played nothing that is in the catalogue", hint="name another listener"
                )
            return rows, np.log1p(plays)
        return np.array([find_row(term.value, self._corpus)]), None

    def _pointed(
        self,
        term: Term,
        point: NDArray[np.float32],
        *,
        name: str,
        rows: NDArray[np.int64] = NO_ROWS,
        asked: str = "track",
    ) -> Pointed:
        return Pointed(
            name=name,
            how=term.kind,
            point=point,
            asked=asked,
            weight=term.weight,
            is_negative=term.is_negative,
            rows=rows,
        )


def load_placer(record: SpaceRecord) -> Placer:
    """The model of a catalogue's space, as it was when tracks were placed.

    Raises:
        UnknownNameError: It is not at hand.
        CatalogueError: It has changed since.
    """
    try:
        model = load_space_model(record.source)
    except UnknownNameError:
        try:
            model = load_space_model(record.space)
        except UnknownNameError:
            raise UnknownNameError(
                f"the model of the space {record.space} is no longer in {record.source}",
                hint="bring it back, or place the tracks anew: tutti place CATALOGUE --space FOLDER",
            ) from None
    if model.fingerprint != record.fingerprint:
        raise CatalogueError(
            f"the catalogue's points were placed by {record.space} {record.fingerprint}, and the one at hand is "
            f"{model.fingerprint}",
            hint=f"place them anew: tutti place CATALOGUE --space {record.source}",
        )
    return model
