"""What each modality adds to what a multimodal model says of an item: without it, with it alone, and by the fusion.

Leaving out is done by the mask of presence, as for an item that never had the modality. What modalities add does not
sum up to the prediction: where sound and text say the same, neither is missed.

References:
    Robnik-Sikonja and Kononenko, "Explaining classifications for individual instances", IEEE TKDE 20(5), 2008.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.track import Modality
from tutti.errors import ModelError, ShapeError, unknown_name
from tutti.models.multimodal import MultimodalModel, StreamVectors


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Predictions for one item with all modalities, without each, and with each alone.

    Attributes:
        modalities: Of the model.
        labels: The same.
        presence: Which modalities the item has. Shape (modalities,).
        whole: With all that is there. Shape (labels,).
        without: NaN where the item lacks the modality, or would be left with nothing. Shape (modalities, labels).
        alone: NaN where the item lacks the modality. Shape (modalities, labels).
        weights: The fusion's own over the item's modalities, summing to one; None of early fusion, which has none.
            Shape (modalities,).
    """

    modalities: tuple[Modality, ...]
    labels: tuple[str, ...]
    presence: NDArray[np.bool_]
    whole: NDArray[np.float32]
    without: NDArray[np.float32]
    alone: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None

    @property
    def contributions(self) -> NDArray[np.float32]:
        """What is lost without each modality, NaN where that cannot be told. Shape (modalities, labels)."""
        lost: NDArray[np.float32] = self.whole - self.without
        return lost

    def top(self, n_labels: int, *, always: str | None = None) -> list[str]:
        """Labels with the highest predictions, the best first, and one that is asked for."""
        chosen = [self.labels[column] for column in np.argsort(-self.whole, kind="stable")[:n_labels]]
        if always is not None and always not in chosen:
            chosen[-1:] = [always]
        return chosen

    def column(self, label: str) -> int:
        """The place of a label.

        Raises:
            UnknownNameError: There is no such label.
        """
        if label not in self.labels:
            raise unknown_name("label", label, self.labels)
        return self.labels.index(label)

    def to_json(self, label: str) -> list[dict[str, Any]]:
        """A row for each modality, of one label; None stands for what cannot be told."""
        column = self.column(label)
        return [
            {
                "modality": modality,
                "present": bool(self.presence[row]),
                "contribution": number(self.contributions[row, column]),
                "without": number(self.without[row, column]),
                "alone": number(self.alone[row, column]),
                "weight": None if self.weights is None else number(self.weights[row]),
            }
            for row, modality in enumerate(self.modalities)
        ]


def modality_shares(model: MultimodalModel, streams: StreamVectors) -> Shares:
    """What each modality adds to what a model says of one item.

    Args:
        model: Any fusion.
        streams: Of the item, as ``model.encode`` gives them.

    Raises:
        ShapeError: They are of several items.
        ModelError: Nothing of the item is present.
    """
    if len(streams.presence) != 1:
        raise ShapeError(f"streams of {len(streams.presence)} items came, wanted one")
    if not streams.presence.any():
        raise ModelError("nothing of the item can be heard, seen or read", hint="take another item")
    owners = np.array([stream.modality for stream in model.config.streams])
    belongs = np.stack([owners == modality for modality in model.modalities])  # (modalities, streams)
    present: NDArray[np.bool_] = np.asarray((belongs & streams.presence).any(axis=1))
    whole = model.describe(streams)
    return Shares(
        modalities=model.modalities,
        labels=model.labels,
        presence=present,
        whole=whole.predictions[0],
        without=_predicted(model, streams, ~belongs & present[:, None]),
        alone=_predicted(model, streams, belongs),
        weights=None if whole.weights is None else np.where(belongs, whole.weights, 0).sum(axis=1),
    )


def _predicted(model: MultimodalModel, streams: StreamVectors, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Predictions with only those streams that each mask lets through, ``[masks, labels]``; NaN where that is none."""
    repeated = streams.rows(np.zeros(len(masks), dtype=np.int64)).masked(masks)
    return model.describe(repeated).predictions


def number(value: float) -> float | None:
    """For JSON, which knows no NaN."""
    return round(float(value), 6) if math.isfinite(value) else None
