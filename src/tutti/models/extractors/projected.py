"""Any encoder with a projection behind it: a space or principal components as one more encoder.

So a space that was learned on pairs (``tutti.training.spaces``) describes sounds or pictures by itself, wherever an
encoder is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ShapeError
from tutti.models.encoders import Encoded, ModalityEncoder, Progress, Projection
from tutti.models.model_folders import fingerprint_of, read_settings, settings_folder

KIND = "tutti projected encoder"
FORMAT = 1
ENCODER, PROJECTION = "encoder", "projection"


class ProjectedEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` that places what another one gives.

    Args:
        encoder: Of one modality.
        projection: That knows the modality.

    Raises:
        ShapeError: The projection wants vectors of other dimensions.
        UnknownNameError: It does not know the modality.
    """

    def __init__(self, encoder: ModalityEncoder, projection: Projection) -> None:
        self.encoder, self.projection = encoder, projection
        wanted = getattr(projection, "dims", {}).get(encoder.modality, encoder.embed_dim)
        if wanted != encoder.embed_dim:
            raise ShapeError(
                f"the projection takes vectors of {wanted} dimensions, {encoder.name} gives {encoder.embed_dim}",
                hint="take the encoder that the projection was made with",
            )

    @property
    def modality(self) -> Modality:
        """Of the encoder."""
        return self.encoder.modality

    @property
    def name(self) -> str:
        """Of the encoder."""
        return f"{self.encoder.name}-projected"

    @property
    def embed_dim(self) -> int:
        """Of the projection."""
        return self.projection.embed_dim

    @property
    def fingerprint(self) -> str:
        """Of both."""
        return fingerprint_of(f"{self.encoder.fingerprint} {getattr(self.projection, 'fingerprint', '')}")

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """See the protocol."""
        found = self.encoder.encode(items, progress=progress)
        placed = self.projection.project(self.modality, found.vectors)
        return Encoded(vectors=placed, presence=found.presence, problems=found.problems)

    def save(self, folder: Path) -> None:
        """Write both into a folder of their own.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        with settings_folder(Path(folder), {"format": FORMAT, "kind": KIND}, what="encoder") as partial:
            self.encoder.save(partial / ENCODER)
            self.projection.save(partial / PROJECTION)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What :meth:`save` wrote.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        from tutti.models.encoder_kinds import load_encoder, load_projection  # which lists this class

        folder = Path(folder)
        read_settings(folder, kind=KIND, newest=FORMAT)
        return cls(load_encoder(folder / ENCODER), load_projection(folder / PROJECTION))
