"""Readouts: what a network's last numbers mean, how far they are from the truth, and what a person reads from them.

Five kinds: ``tags`` (a sigmoid each), ``classes`` (a softmax), ``label-factors`` (a point among the labels' factors,
``tutti.data.label_factors``; a label's score is its cosine to the point), ``values`` (numbers such as valence) and
``listening-factors`` (a direction among listeners' factors, ``tutti.listening.factors``). A head gives *outputs*
``[batch, n_outputs]``, predictions are ``[batch, n_labels]``.

References:
    Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
    sections 4 and 5.
    Oramas, Nieto, Sordo, Serra, "A deep multimodal approach for cold-start music recommendation", DLRS 2017.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ShapeError, unknown_name

Target = Literal["tags", "classes", "label-factors", "values", "listening-factors"]
Activation = Literal["linear", "sigmoid"]
TARGETS: tuple[str, ...] = get_args(Target)
ACTIVATIONS: tuple[str, ...] = get_args(Activation)
NUMBERS = ("values", "listening-factors")  # targets that are no labels
TINY = 1e-6


class Readout(nn.Module):
    """The meaning of outputs. Its buffers, such as labels' factors, are saved with the network's weights.

    Attributes:
        n_labels: Columns of predictions and of what is wanted.
        n_outputs: Columns of outputs.
    """

    def __init__(self, n_labels: int, n_outputs: int) -> None:
        super().__init__()
        self.n_labels = n_labels
        self.n_outputs = n_outputs

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Mean over the batch. ``outputs [batch, n_outputs]``, ``wanted [batch, n_labels]``; a scalar."""
        raise NotImplementedError

    def predictions(self, outputs: Tensor) -> Tensor:
        """What a person reads: shares from 0 to 1, or values. ``[batch, n_labels]``."""
        raise NotImplementedError

    def combine(self, outputs: Tensor, weights: Tensor) -> Tensor:
        """Predictions of several, weighted, as outputs again.

        Args:
            outputs: Of each modality. Shape ``[batch, modalities, n_outputs]``.
            weights: Summing to one over the modalities, 0 where one is absent. Shape ``[batch, modalities,
                n_outputs]``, or with 1 in place of ``n_outputs``.

        Returns:
            Shape ``[batch, n_outputs]``.
        """
        raise NotImplementedError


class TagReadout(Readout):
    """Each label by itself: outputs are logits."""

    def __init__(self, n_labels: int) -> None:
        super().__init__(n_labels, n_labels)

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Binary cross-entropy, averaged over labels."""
        return functional.binary_cross_entropy_with_logits(outputs, wanted)

    def predictions(self, outputs: Tensor) -> Tensor:
        """Probabilities."""
        return outputs.sigmoid()

    def combine(self, outputs: Tensor, weights: Tensor) -> Tensor:
        """The logit of the weighted mean of probabilities."""
        return torch.logit((outputs.sigmoid() * weights).sum(dim=1), eps=TINY)


class ClassReadout(Readout):
    """Exactly one of the labels: outputs are logits."""

    def __init__(self, n_labels: int) -> None:
        super().__init__(n_labels, n_labels)

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Cross-entropy against shares that sum to one."""
        return functional.cross_entropy(outputs, wanted)

    def predictions(self, outputs: Tensor) -> Tensor:
        """Probabilities that sum to one."""
        return outputs.softmax(dim=1)

    def combine(self, outputs: Tensor, weights: Tensor) -> Tensor:
        """The logarithm of the weighted mean of probabilities."""
        return (outputs.softmax(dim=2) * weights).sum(dim=1).clamp_min(TINY).log()


class FactorReadout(Readout):
    """A point in the space of the labels' factors.

    Args:
        factors: Of the labels; a label that never occurred has a row of zeros, and scores 0.5 for every item. Shape
            (labels, dimensions).
        activation: ``linear``, as the paper; ``sigmoid``, as the authors' code for sounds and texts, whose points have
            no negative coordinate.
    """

    factors: Tensor

    def __init__(self, factors: NDArray[np.float32] | Tensor, *, activation: str = "linear") -> None:
        given = torch.as_tensor(factors, dtype=torch.float32)
        if given.ndim != 2:
            raise ShapeError(f"factors of labels have shape {tuple(given.shape)}, wanted (labels, dimensions)")
        if activation not in ACTIVATIONS:
            raise unknown_name("activation of outputs", activation, ACTIVATIONS)
        super().__init__(*given.shape)
        self.activation = activation
        self.register_buffer("factors", given)

    def _points(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid() if self.activation == "sigmoid" else functional.normalize(outputs, dim=-1)

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Half of one minus the cosine to the sum of the factors of an item's labels; items without a label are left
        out.
        """
        points = wanted @ self.factors
        exists = points.norm(dim=1) > TINY
        cosines = functional.cosine_similarity(self._points(outputs)[exists], points[exists], dim=1)
        return (1 - cosines).sum() / 2 / max(1, int(exists.sum()))

    def predictions(self, outputs: Tensor) -> Tensor:
        """(1 + cosine) / 2 of each label: a likeness from 0 to 1, no probability."""
        labels = functional.normalize(self.factors, dim=1)
        return (1 + functional.normalize(self._points(outputs), dim=1) @ labels.T) / 2

    def combine(self, outputs: Tensor, weights: Tensor) -> Tensor:
        """The weighted mean of points."""
        mean = (self._points(outputs) * weights).sum(dim=1)
        return torch.logit(mean, eps=TINY) if self.activation == "sigmoid" else mean


class ValueReadout(Readout):
    """Numbers of any size; the network learns them with mean 0 and deviation 1.

    Args:
        means: Of the values in training. Shape (values,).
        deviations: The same.
    """

    means: Tensor
    deviations: Tensor

    def __init__(self, means: NDArray[np.float32] | Tensor, deviations: NDArray[np.float32] | Tensor) -> None:
        super().__init__(len(means), len(means))
        self.register_buffer("means", torch.as_tensor(means, dtype=torch.float32))
        self.register_buffer("deviations", torch.as_tensor(deviations, dtype=torch.float32))

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Mean squared error of the standardised values that are known, not NaN."""
        known = ~wanted.isnan()
        errors = outputs - (wanted.nan_to_num() - self.means) / self.deviations
        return (errors[known] ** 2).sum() / max(1, int(known.sum()))

    def predictions(self, outputs: Tensor) -> Tensor:
        """The values."""
        return outputs * self.deviations + self.means

    def combine(self, outputs: Tensor, weights: Tensor) -> Tensor:
        """The weighted mean."""
        return (outputs * weights).sum(dim=1)


class DirectionReadout(Readout):
    """A direction, such as that of the factors that an item's plays would give; its length plays no part."""

    def __init__(self, n_dimensions: int) -> None:
        super().__init__(n_dimensions, n_dimensions)

    def loss(self, outputs: Tensor, wanted: Tensor) -> Tensor:
        """Half of one minus the cosine; items whose direction is unknown, NaN, or zero are left out."""
        known = wanted.nan_to_num().norm(dim=1) > TINY
        cosines = functional.cosine_similarity(outputs[known], wanted[known], dim=1)
        return (1 - cosines).sum() / 2 / max(1, int(known.sum()))

    def predictions(self, outputs: Tensor) -> Tensor:
        """The direction, of length 1."""
        return functional.normalize(outputs, dim=1)

    def combine(self, outputs: Tensor, weights: Tensor) -> Tensor:
        """The weighted mean of directions."""
        return (functional.normalize(outputs, dim=2) * weights).sum(dim=1)


def blank_readout(target: str, n_labels: int, n_outputs: int, *, activation: str = "linear") -> Readout:
    """A readout whose buffers are still to be loaded.

    Raises:
        UnknownNameError: There is no such target.
    """
    if target == "tags":
        return TagReadout(n_labels)
    if target == "classes":
        return ClassReadout(n_labels)
    if target == "label-factors":
        return FactorReadout(torch.zeros(n_labels, n_outputs), activation=activation)
    if target == "values":
        return ValueReadout(torch.zeros(n_labels), torch.ones(n_labels))
    if target == "listening-factors":
        return DirectionReadout(n_labels)
    raise unknown_name("target", target, TARGETS)
