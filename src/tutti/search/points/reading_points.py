"""The points of a catalogue's tracks in a space, read or told by what a tagger said of them.

What ``tutti place`` has stored is read. Sounds of tracks that it has not placed get the points that a tagger's
predictions tell (``predicted_points``), so that the default space needs no more than ``tutti index``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.data.catalogue import POINTS, Catalogue, matrix_of
from tutti.data.records import SpaceRecord
from tutti.errors import CatalogueError
from tutti.models.space_models import Points, SpaceModel, is_space_model, load_space_model
from tutti.models.zoo import Zoo
from tutti.search.points.predicted_points import AUDIO, described_by, predicted_points, record_of, told_space
from tutti.search.points.space_points import SpacePoints

if TYPE_CHECKING:
    from tutti.search.corpus import Corpus

Allocate = Callable[[str, tuple[int, int]], Points]
COLUMNS = ["track_id", "modality", "fingerprint", "point"]


def read_points(space: str, catalogue: Catalogue, corpus: Corpus, *, allocate: Allocate | None = None) -> SpacePoints:
    """Where the tracks of a corpus lie in a space.

    Args:
        space: Its name.
        catalogue: Where points and predictions are stored.
        corpus: Its tracks.
        allocate: Gives an array of a shape for a modality; ordinary memory when None.

    Raises:
        CatalogueError: None has a point in it.
    """
    record, model = space_record(space, catalogue, corpus)
    spread = _Spread(record, corpus, allocate or (lambda _, shape: np.empty(shape, dtype=np.float32)))
    for batch in catalogue.read_in_batches(POINTS + space, columns=COLUMNS):
        spread.add(pa.Table.from_batches([batch]))
    if AUDIO in record.modalities and not spread.is_complete:
        model = model or told_space(record.source, corpus.models)
        if model is not None and model.fingerprint == record.fingerprint:
            spread.tell(model, catalogue)
    if not spread.vectors:
        raise unplaced(space, catalogue)
    return SpacePoints(record, {one: spread.vectors[one] for one in record.modalities if one in spread.vectors})


def space_record(space: str, catalogue: Catalogue, corpus: Corpus) -> tuple[SpaceRecord, SpaceModel | None]:
    """What the catalogue notes of a space, or else the model of a space that needs no placing.

    Raises:
        CatalogueError: It is neither.
    """
    record = catalogue.spaces().get(space)
    if record is not None:
        return record, None
    model = told_space(space, corpus.models)
    if model is None:
        raise unplaced(space, catalogue)
    return record_of(model, space), model


def known_name(space: str, catalogue: Catalogue) -> str:
    """The name by which a catalogue knows a space; what it does not know stays as it is.

    Args:
        space: Its name, or the folder of its model.
        catalogue: Whose tracks were placed.

    Raises:
        CatalogueError: They were placed in another space of this name, or in another version of it.
    """
    placed = catalogue.spaces()
    if space in placed or not is_space_model(space):
        return space
    model = load_space_model(space)
    record = placed.get(model.name)
    if record is None:
        return space
    if record.fingerprint != model.fingerprint:
        raise CatalogueError(
            f"the tracks of {catalogue.folder} were placed in another space called {model.name} than that in {space}",
            hint=f"place them anew: tutti place {catalogue.folder} --space {space}",
        )
    return model.name


class _Spread:
    """Points by modality, row by row of a corpus, filled bit by bit."""

    def __init__(self, record: SpaceRecord, corpus: Corpus, allocate: Allocate) -> None:
        self.vectors: dict[str, Points] = {}
        self._record, self._corpus, self._allocate = record, corpus, allocate
        self._has_audio = np.zeros(len(corpus), dtype=bool)  # looked for, if in vain

    @property
    def is_complete(self) -> bool:
        """Whether every track's sound was looked for."""
        return bool(self._has_audio.all())

    def add(self, table: pa.Table) -> None:
        """Take stored points in; those of an earlier version of the space are no points any more."""
        table = table.filter(pc.equal(table["fingerprint"], self._record.fingerprint))
        for modality in pc.unique(table["modality"]).to_pylist():
            rows, points = self._corpus.in_rows(table.filter(pc.equal(table["modality"], modality)), "point")
            if modality == AUDIO:
                self._has_audio[rows] = True
            self._put(modality, rows, matrix_of(points, self._record.embed_dim))

    def tell(self, model: SpaceModel, catalogue: Catalogue) -> None:
        """Add the sounds that were never placed, by what a tagger said of them, also of the same bytes elsewhere."""
        tagger = described_by(model, self._corpus.models)
        assert tagger is not None
        for batch, points in predicted_points(model, catalogue, tagger):
            rows = self._corpus.rows_of(batch["track_id"])
            is_new = (rows >= 0) & ~self._has_audio[rows]
            self._put(AUDIO, rows[is_new], points[is_new])
        sounds = self.vectors.get(AUDIO)
        if sounds is not None:
            copies = np.flatnonzero(~self._has_audio & np.isnan(sounds[:, 0]))
            sounds[copies] = sounds[self._corpus.originals[copies]]

    def _put(self, modality: str, rows: NDArray[np.int64], points: Points) -> None:
        if not len(rows) or np.isnan(points[:, 0]).all():
            return
        if modality not in self.vectors:
            self.vectors[modality] = self._allocate(modality, (len(self._corpus), self._record.embed_dim))
            self.vectors[modality][:] = np.nan
        self.vectors[modality][rows] = points


def unplaced(space: str, catalogue: Catalogue) -> CatalogueError:
    """The error for a space that a catalogue's tracks have no points in."""
    placed = catalogue.spaces()
    known = f"it has those of {', '.join(placed)}" if placed else "it has none of any space"
    at_hand = Zoo().spaces()
    is_known = space in at_hand or is_space_model(space)
    run = f"run: tutti place {catalogue.folder} --space"
    return CatalogueError(
        f"the catalogue {catalogue.folder} has no points of the space {space!r}; {known}",
        hint=f"{run} {space}" if is_known else f"{run} NAME, such as {', '.join(at_hand)} or a model's folder",
    )
