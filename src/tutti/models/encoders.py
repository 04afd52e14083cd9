"""What every encoder of a modality is: items to vectors, from files to numbers, whatever the files hold.

Encoders of sounds, covers and texts are in ``sound_encoders``, ``covers`` and ``texts``; extractors of other programs'
embeddings in ``extractors``. A fusion (``fusion``) takes what they give. An encoder lies in a folder of its own, whose
``config.json`` says in ``kind`` which of ``encoder_kinds.KINDS`` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.data.track import Modality

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One modality of some items.

    Attributes:
        vectors: NaN in the rows of items without the modality, so that nobody mistakes them for data. Shape
            (items, embed_dim), float32.
        presence: False where the modality is absent or nothing of it could be read. Shape (items,).
        problems: For each item of which something could not be read: what, in words. It may be present all the same,
            such as an album with one damaged track.
    """

    vectors: NDArray[np.float32]
    presence: NDArray[np.bool_]
    problems: Mapping[str, str] = field(default_factory=dict)


class ModalityEncoder(Protocol):
    """One modality to vectors, ready to use; the same item gives the same vector, alone or among others."""

    @property
    def modality(self) -> Modality:
        """What it reads."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors do."""

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """Vectors of items, in their order. A file that cannot be read is told of in ``problems``, and never raises."""

    def save(self, folder: Path) -> None:
        """Write everything that it takes to load it again, atomically."""


@runtime_checkable
class ReadsTexts(Protocol):
    """What an encoder of texts can do beside reading items."""

    def encode_texts(
        self, texts: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], Sequence[str]]:
        """Vectors ``[texts, dimensions]``, NaN where nothing could be read; whether it could; what was wrong, or ''."""


class Projection(Protocol):
    """Vectors of several modalities to points in one space, each by itself (``spaces``, ``projections``)."""

    @property
    def embed_dim(self) -> int:
        """Dimensions of the space."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever places do."""

    def project(self, modality: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """``[items, dimensions of the modality]`` to ``[items, embed_dim]``."""

    def save(self, folder: Path) -> None:
        """Write everything that it takes to load it again, atomically."""


def gathered(
    items: Sequence[Item], vectors: Mapping[str, NDArray[np.float32]], problems: Mapping[str, str], *, embed_dim: int
) -> Encoded:
    """What was found, by item id, as one matrix in the order of the items.

    Args:
        items: All that were asked for.
        vectors: Of those that have the modality.
        problems: See :class:`Encoded`.
        embed_dim: Dimensions of the vectors.
    """
    matrix = np.full((len(items), embed_dim), np.nan, dtype=np.float32)
    presence = np.array([item.item_id in vectors for item in items], dtype=np.bool_)
    for row, item in enumerate(items):
        if presence[row]:
            matrix[row] = vectors[item.item_id]
    return Encoded(vectors=matrix, presence=presence, problems=dict(problems))


def encoded_texts(encoder: ReadsTexts, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
    """What an encoder makes of items' texts."""
    vectors, presence, problems = encoder.encode_texts([item.text for item in items], progress=progress)
    told = {item.item_id: problem for item, problem in zip(items, problems, strict=True) if problem}
    return Encoded(vectors=vectors, presence=presence, problems=told)
