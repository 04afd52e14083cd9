"""Any encoder with a projection behind it: a space or principal components as one more encoder.

So a space that was learned on pairs (``tutti.training.spaces``) describes sounds or pictures by itself, wherever an
encoder is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ModelError, ShapeError
from tutti.files import atomic_folder
from tutti.models.bundles import CONFIG
from tutti.models.encoders import Encoded, ModalityEncoder, Progress, Projection

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
        told = f"{self.encoder.fingerprint} {getattr(self.projection, 'fingerprint', '')}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

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
        folder = Path(folder)
        if folder.exists() and not (folder / CONFIG).exists() and (folder.is_file() or any(folder.iterdir())):
            raise ModelError(f"{folder} exists and holds no encoder", hint="name a new or an empty folder")
        with atomic_folder(folder) as partial:
            self.encoder.save(partial / ENCODER)
            self.projection.save(partial / PROJECTION)
            settings = {"format": FORMAT, "kind": KIND}
            (partial / CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What :meth:`save` wrote.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        from tutti.models.encoder_kinds import load_encoder, load_projection  # which lists this class

        folder = Path(folder)
        try:
            version = int(json.loads((folder / CONFIG).read_text(encoding="utf-8"))["format"])
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(f"{folder} holds no encoder: {cause}", hint="make it anew") from None
        if version > FORMAT:
            raise ModelError(
                f"{folder} has format {version}; this program reads up to {FORMAT}",
                hint="update tutti: pip install -U tutti",
            )
        return cls(load_encoder(folder / ENCODER), load_projection(folder / PROJECTION))
