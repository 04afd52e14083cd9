"""What a catalogue holds besides tracks: models and spaces, and what they made of tracks, as rows of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model that has described tracks of this catalogue.

    Attributes:
        model: Its name, also of its table ``predictions.<model>``.
        fingerprint: Changes whenever the model's weights, settings or excerpts do.
        labels: In the order of the probabilities.
        embed_dim: Dimensions of its vectors.
        config: The model's complete configuration.
    """

    model: str
    fingerprint: str
    labels: tuple[str, ...]
    embed_dim: int
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What one model said of some tracks, row by row.

    Attributes:
        track_ids: One a row.
        content_hashes: Of the bytes that the model heard, one a row.
        fingerprints: Of the model that heard them, one a row.
        n_excerpts: How many excerpts were averaged, one a row.
        probabilities: Of each label. Shape (tracks, labels), float32.
        vectors: Representations. Shape (tracks, embed_dim), float32.
    """

    track_ids: Sequence[str]
    content_hashes: Sequence[str]
    fingerprints: Sequence[str]
    n_excerpts: Sequence[int]
    probabilities: NDArray[np.float32]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.track_ids)


@dataclass(frozen=True, kw_only=True)
class SpaceRecord:
    """A space that tracks of this catalogue have points in.

    Attributes:
        space: Its name, also of its table ``points.<space>``.
        fingerprint: Changes whenever the points would.
        embed_dim: Dimensions of the points.
        modalities: That the space can place.
        source: The folder or name by which its model is found again.
    """

    space: str
    fingerprint: str
    embed_dim: int
    modalities: tuple[str, ...]
    source: str


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points of one modality of some tracks, row by row.

    Attributes:
        modality: Whose they are.
        track_ids: One a row.
        fingerprints: Of the space, one a row.
        states: Of what was placed, such as the hash of the file or text, one a row.
        points: Of length 1; NaN where there is nothing of the modality. Shape (tracks, embed_dim), float32.
    """

    modality: str
    track_ids: Sequence[str]
    fingerprints: Sequence[str]
    states: Sequence[str]
    points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.track_ids)


@dataclass(frozen=True, kw_only=True)
class ToldFactors:
    """Factors of listening that a model told of some tracks, row by row.

    Attributes:
        fingerprint: Of the model.
        track_ids: One a row.
        states: Of what was read of the track, one a row.
        factors: NaN where nothing could be read. Shape (tracks, factors), float32.
    """

    fingerprint: str
    track_ids: Sequence[str]
    states: Sequence[str]
    factors: NDArray[np.float32]
