"""Sounds to vectors: any tagger as the encoder of an item's sounds; an album's vector is the mean of its tracks'.

References:
    Oramas et al., TISMIR 1(1), 2018, section 5.3 (the mean of the track vectors).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.models.encoders import Encoded, Progress, gathered
from tutti.models.inference import Analysis, Result, analyse
from tutti.models.model import Model


class SoundEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` around a tagger; its labels, if it has some, play no part.

    Attributes:
        model: The tagger.
    """

    modality: Modality = "audio"

    def __init__(self, model: Model) -> None:
        self.model = model

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder of a tagger's bundle.

        Raises:
            ModelError: The folder holds no bundle, or a damaged or newer one.
        """
        return cls(Model.load(folder))

    @property
    def name(self) -> str:
        """Of the tagger."""
        return self.model.name

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.model.embed_dim

    @property
    def fingerprint(self) -> str:
        """Of the tagger."""
        return self.model.fingerprint

    def save(self, folder: Path) -> None:
        """Write the tagger's bundle."""
        self.model.save(folder)

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """The mean of the vectors of an item's tracks that can be heard and are not silent; see the protocol."""
        owners: dict[str, list[Item]] = {}
        recordings: dict[str, Recording] = {}
        for item in items:
            for track in item.sounds:
                assert track.audio is not None
                owners.setdefault(track.track_id, []).append(item)
                recordings[track.track_id] = Recording.from_file(track.audio, key=track.track_id)
        heard: dict[str, dict[str, NDArray[np.float32]]] = {}
        problems: dict[str, str] = {}
        for done, analysis in enumerate(analyse(recordings.values(), [self.model], jobs=1), start=1):
            track_id = analysis.recording.key
            for item in owners[track_id]:
                if analysis.refusal is None:
                    heard.setdefault(item.item_id, {})[track_id] = self._vector_of(analysis.results[self.model.name])
                problem = _problem(analysis)
                if problem is not None:
                    problems.setdefault(item.item_id, problem)
            if progress is not None:
                progress(done, len(recordings))
        # Summed in the order of the tracks, not in that in which they were heard: the same sum every time.
        means = {key: np.mean([some[one] for one in sorted(some)], axis=0) for key, some in heard.items()}
        return gathered(items, means, problems, embed_dim=self.embed_dim)

    def _vector_of(self, result: Result) -> NDArray[np.float32]:
        return self.from_predictions(result.vectors, result.probabilities)

    def from_predictions(self, vectors: NDArray[np.float32], probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """What :meth:`encode` gives of tracks, from what the tagger said of them before.

        Args:
            vectors: Shape (tracks, dimensions of the tagger).
            probabilities: Of its labels. Shape (tracks, labels).
        """
        return vectors


def _problem(analysis: Analysis) -> str | None:
    if analysis.refusal is not None:
        return analysis.refusal.message
    damage = None if analysis.heard is None else analysis.heard.damage
    return None if damage is None else f"{analysis.recording.key}: {damage}; what there is of it was heard"
