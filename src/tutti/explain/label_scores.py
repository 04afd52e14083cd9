"""How strongly a multimodal model speaks for one label of one item, as a function of one modality's vector.

With all else of the item as it is, this is the score that maps of covers (``cover_maps``), words (``words``) and
seconds (``seconds``) explain. Of tags and classes it is the logarithm of the odds, in which pieces of evidence add up
and which does not flatten where the model is sure; of likenesses and values it is the prediction itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutti.errors import unknown_name
from tutti.models.multimodal import MultimodalModel, StreamVectors
from tutti.models.spaces import SpaceNetwork

Score = Callable[[Tensor], Tensor]
UNITS = {"tags": "log-odds", "classes": "log-odds", "label-factors": "likeness", "values": "value"}


class LabelScore:
    """The score of one label of one item.

    Args:
        model: Any multimodal model.
        streams: Of the item, as ``model.encode`` gives them.
        label: One of the model's.

    Raises:
        UnknownNameError: The model has no such label.
    """

    def __init__(self, model: MultimodalModel, streams: StreamVectors, label: str) -> None:
        if label not in model.labels:
            raise unknown_name(f"label of {model.name}", label, model.labels)
        self.model = model
        self.label = label
        self._column = model.labels.index(label)
        self._vectors = [torch.from_numpy(one) for one in streams.vectors]
        self._presence = torch.from_numpy(streams.presence)

    @property
    def unit(self) -> str:
        """What the score is measured in."""
        return UNITS[self.model.config.target]

    @torch.no_grad()
    def whole(self) -> float:
        """With all that is there of the item; NaN where that is nothing."""
        return self._score_of(self._presence)

    @torch.no_grad()
    def without(self, modality: str) -> float:
        """With all but one modality; NaN where that is nothing."""
        return self._score_of(self._presence & ~self._is_of(modality))

    def of(self, modality: str) -> Score:
        """From a vector of one modality's encoder ``[1, embed_dim]`` to the score, a scalar."""
        return lambda vector: self._scalar(self._outputs(*self._with(modality, vector))[0])

    def slope_of(self, modality: str) -> Score:
        """The same, to be differentiated. Of late fusion this is what the modality's own head says: a mean of
        predictions rises with each of them, and training keeps gradients of the mean from the heads.
        """

        def score(vector: Tensor) -> Tensor:
            outputs, each = self._outputs(*self._with(modality, vector))
            return self._scalar(outputs if each is None else each[:, self._is_of(modality)].mean(dim=1))

        return score

    def _is_of(self, modality: str) -> Tensor:
        return torch.tensor([stream.modality == modality for stream in self.model.config.streams])

    def _with(self, modality: str, vector: Tensor) -> tuple[list[Tensor], Tensor]:
        """The item's streams, those of a modality made from another vector."""
        vector = vector.cpu()
        vectors = [
            (self._placed(modality, vector) if stream.in_space else vector) if stream.modality == modality else held
            for stream, held in zip(self.model.config.streams, self._vectors, strict=True)
        ]
        return vectors, self._presence | self._is_of(modality)

    def _placed(self, modality: str, vector: Tensor) -> Tensor:
        space = self.model.space
        assert space is not None
        if isinstance(space, SpaceNetwork):
            return space.place(modality, vector)
        return torch.from_numpy(space.project(modality, vector.detach().numpy()))  # of principal components: no slope

    def _outputs(self, vectors: list[Tensor], presence: Tensor) -> tuple[Tensor, Tensor | None]:
        fused = self.model.fusion(vectors, presence)
        return fused.outputs, fused.each

    def _score_of(self, presence: Tensor) -> float:
        if not bool(presence.any()):
            return math.nan
        return float(self._scalar(self._outputs(self._vectors, presence)[0]))

    def _scalar(self, outputs: Tensor) -> Tensor:
        target, column = self.model.config.target, self._column
        if target == "tags":
            return outputs[0, column]
        if target == "classes" and outputs.shape[1] > 1:
            others = torch.cat([outputs[0, :column], outputs[0, column + 1 :]])
            return outputs[0, column] - others.logsumexp(dim=0)
        found: Tensor = self.model.fusion.readout.predictions(outputs)[0, column]
        return found
