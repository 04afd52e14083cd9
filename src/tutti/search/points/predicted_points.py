"""Points of sounds from what a tagger said of them when they were indexed, without hearing them again.

Spaces whose encoder of sounds is a tagger, or takes a tagger's probabilities and vectors, have a point of every track
that this tagger has described. They are computed when a catalogue is searched, unless ``tutti place`` has stored them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tutti.data.catalogue import PREDICTIONS, Catalogue, matrix_of
from tutti.data.records import ModelRecord, SpaceRecord
from tutti.data.track import Modality
from tutti.errors import TuttiError
from tutti.models.concept_listener import ConceptListener
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.space_models import Points, SpaceModel, load_space_model

AUDIO: Modality = "audio"
DEFAULT_SPACE = "tutti-words"


def described_by(model: SpaceModel, records: Mapping[str, ModelRecord]) -> ModelRecord | None:
    """The tagger of a catalogue that a space understands; None where it has none, or the space hears for itself.

    Args:
        model: The space.
        records: Of the catalogue.
    """
    encoder = model.encoders.get(AUDIO)
    if not isinstance(encoder, SoundEncoder):
        return None
    # A listener knows its tagger's fingerprint without loading it.
    wanted = encoder.config.tagger_fingerprint if isinstance(encoder, ConceptListener) else encoder.fingerprint
    return next((one for one in records.values() if one.fingerprint == wanted), None)


def told_space(name: str, records: Mapping[str, ModelRecord]) -> SpaceModel | None:
    """The space model of this name, if it is at hand and understands one of a catalogue's taggers; else None.

    Args:
        name: Of the space, or its folder.
        records: The taggers.
    """
    try:
        model = load_space_model(name)
    except TuttiError:
        return None
    return model if described_by(model, records) is not None else None


def predicted_points(
    model: SpaceModel, catalogue: Catalogue, record: ModelRecord
) -> Iterator[tuple[pa.RecordBatch, Points]]:
    """The tracks that a tagger has described, some thousands at a time, and their points. Shape (tracks, embed_dim).

    The batches have the columns ``track_id`` and ``content_hash``; points of what an earlier version of the tagger said
    are NaN, since the space does not understand it.

    Args:
        model: The space.
        catalogue: Its predictions are read.
        record: The tagger, as :func:`described_by` finds it.
    """
    encoder = model.encoders[AUDIO]
    assert isinstance(encoder, SoundEncoder)
    columns = ["track_id", "content_hash", "fingerprint", "probabilities", "vector"]
    for batch in catalogue.read_in_batches(PREDICTIONS + record.model, columns=columns):
        table = pa.Table.from_batches([batch])
        probabilities = matrix_of(table["probabilities"], len(record.labels))
        vectors = matrix_of(table["vector"], record.embed_dim)
        points = model.place_vectors(AUDIO, encoder.from_predictions(vectors, probabilities))
        points[~_is_said_by(record, batch)] = np.nan
        yield batch.select(["track_id", "content_hash"]), points


def record_of(model: SpaceModel, source: str) -> SpaceRecord:
    """What a catalogue notes of a space.

    Args:
        model: The space.
        source: The folder or the name by which it is found again.
    """
    return SpaceRecord(
        space=model.name,
        fingerprint=model.fingerprint,
        embed_dim=model.embed_dim,
        modalities=tuple(model.modalities),
        source=source,
    )


def _is_said_by(record: ModelRecord, batch: pa.RecordBatch) -> NDArray[np.bool_]:
    return np.array([one == record.fingerprint for one in batch["fingerprint"].to_pylist()], dtype=np.bool_)
