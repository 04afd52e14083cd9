"""Songs by who listens to them, and by several modalities at once, as encoders.

``ListeningEncoder`` looks up the factors that plays gave (``tutti.listening.factors``); a track that nobody has played
has none. ``SongEncoder`` puts the vectors of several encoders side by side, for spaces that take a song as one vector
(``tag_song``). Sounds alone are ``sound_encoders``' matter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ConfigError, ModelError, ShapeError
from tutti.models.encoders import Encoded, ModalityEncoder, Progress, gathered
from tutti.models.model_folders import (
    CONFIG,
    WEIGHTS,
    fingerprint_of,
    read_settings,
    settings_folder,
    taken_modalities,
)

FORMAT = 1
LISTENING, SONG = "tutti listening encoder", "tutti song encoder"
TRACKS = "tracks.json"


class ListeningEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` that looks listening factors up by track.

    The vector of an album is the mean of its tracks'. Users, whose factors made those of the tracks, are not kept.

    Args:
        track_ids: One a row.
        vectors: Shape (tracks, dimensions).
        name: Of the encoder.

    Raises:
        ShapeError: There is not one finite vector for each track.
    """

    modality: Modality = "listening"

    def __init__(self, track_ids: Sequence[str], vectors: NDArray[np.float32], *, name: str = "listening") -> None:
        if vectors.ndim != 2 or len(vectors) != len(track_ids) or not np.isfinite(vectors).all():
            raise ShapeError(
                f"factors of shape {vectors.shape} do not fit {len(track_ids)} tracks, or are not finite",
                hint="give a row of numbers for each track that was played, and none for others",
            )
        self.track_ids, self.vectors, self.name = tuple(track_ids), vectors.astype(np.float32), name
        self._rows = {track_id: row for row, track_id in enumerate(self.track_ids)}

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return int(self.vectors.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever a track or a vector does."""
        return fingerprint_of("\n".join(self.track_ids), {"vectors": self.vectors})

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """The factors of items' tracks; see the protocol."""
        found = {}
        for done, item in enumerate(items, start=1):
            rows = [self._rows[one.track_id] for one in item.tracks if one.track_id in self._rows]
            if rows:
                found[item.item_id] = self.vectors[rows].mean(axis=0)
            if progress is not None:
                progress(done, len(items))
        return gathered(items, found, {}, embed_dim=self.embed_dim)

    def save(self, folder: Path) -> None:
        """Write tracks and vectors, atomically.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values = {"format": FORMAT, "kind": LISTENING, "name": self.name}
        with settings_folder(Path(folder), values, what="encoder") as partial:
            (partial / TRACKS).write_text(json.dumps(self.track_ids, ensure_ascii=False) + "\n", encoding="utf-8")
            save_file({"vectors": self.vectors}, partial / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder in a folder.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        folder = Path(folder)
        settings = read_settings(folder, kind=LISTENING, newest=FORMAT)
        try:
            track_ids = [str(one) for one in json.loads((folder / TRACKS).read_text(encoding="utf-8"))]
            vectors = load_file(folder / WEIGHTS)["vectors"]
            return cls(track_ids, vectors, name=str(settings.get("name", "listening")))
        except (OSError, ValueError, TypeError, KeyError, SafetensorError, ShapeError) as cause:
            reason = str(cause).partition("\n")[0]
            raise ModelError(f"the factors in {folder} are damaged: {reason}", hint="take the encoder anew") from None


class SongEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` of a song by several modalities, their vectors side by side.

    A part that is absent is NaN in its columns; a song is present as long as one part is.

    Args:
        parts: Of different modalities, in the order of the columns.

    Raises:
        ConfigError: There are fewer than two, or two of one modality.
    """

    modality: Modality = "audio"

    def __init__(self, parts: Sequence[ModalityEncoder]) -> None:
        modalities = [part.modality for part in parts]
        if len(parts) < 2 or len({*modalities}) < len(parts):
            raise ConfigError(
                f"a song by {', '.join(modalities) or 'nothing'} is not one by several modalities",
                hint="give encoders of two modalities or more, each once",
            )
        self.parts = tuple(parts)

    @property
    def name(self) -> str:
        """Of the parts."""
        return "+".join(part.name for part in self.parts)

    @property
    def embed_dim(self) -> int:
        """Dimensions of all parts."""
        return sum(part.embed_dim for part in self.parts)

    @property
    def fingerprint(self) -> str:
        """Changes whenever that of a part does."""
        return fingerprint_of(json.dumps([part.fingerprint for part in self.parts]))

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """The vectors of all parts; see the class."""
        return side_by_side([part.encode(items, progress=progress) for part in self.parts])

    def save(self, folder: Path) -> None:
        """Write all parts, atomically.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        modalities = [part.modality for part in self.parts]
        values: dict[str, Any] = {"format": FORMAT, "kind": SONG, "modalities": modalities}
        with settings_folder(Path(folder), values, what="encoder") as partial:
            for part in self.parts:
                part.save(partial / part.modality)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder in a folder.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        from tutti.models.encoder_kinds import load_encoder  # which lists this class

        settings = read_settings(Path(folder), kind=SONG, newest=FORMAT)
        modalities = taken_modalities(settings, origin=str(Path(folder) / CONFIG))
        return cls([load_encoder(Path(folder) / one) for one in modalities])


def side_by_side(encoded: Sequence[Encoded]) -> Encoded:
    """What several encoders gave of the same items, as one: see :class:`SongEncoder`."""
    problems: dict[str, str] = {}
    for one in encoded:
        for item_id, problem in one.problems.items():
            problems[item_id] = f"{problems[item_id]}; {problem}" if item_id in problems else problem
    return Encoded(
        vectors=np.concatenate([one.vectors for one in encoded], axis=1),
        presence=np.any([one.presence for one in encoded], axis=0),
        problems=problems,
    )
