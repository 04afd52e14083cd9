"""Label factors: a point for each label, such that labels that go together lie in one direction.

Positive pointwise mutual information of the labels, from how often two are on one item, is factorised by singular
values; an item lies at the sum of its labels' points. What a network makes of them is ``tutti.models.readouts``'s
matter. Which labels there are says ``labels``.

References:
    Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
    section 5.2. The base of the logarithm is not printed; ours is natural, which scales all factors alike.
    Levy and Goldberg, "Neural word embedding as implicit matrix factorization", NIPS 2014.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError

N_DIMS = 50  # published


@dataclass(frozen=True, kw_only=True)
class LabelFactors:
    """Points of labels.

    Attributes:
        labels: Of a label that never occurred, zeros. Shape (labels, dimensions), float32.
        occurs: False for labels that never occurred: they have no direction, and no cosine to anything. Shape
            (labels,).
    """

    labels: NDArray[np.float32]
    occurs: NDArray[np.bool_]

    @property
    def n_dims(self) -> int:
        """Dimensions: as many as were asked for, but no more than labels."""
        return int(self.labels.shape[1])

    @property
    def never(self) -> tuple[int, ...]:
        """Columns of the labels that never occurred, to be named in a report and left out of every score."""
        return tuple(np.flatnonzero(~self.occurs).tolist())

    def items(self, targets: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Points of items: the sum of their labels'; zeros for an item without any label that occurred.

        Args:
            targets: True where a label applies. Shape (items, labels).

        Returns:
            Shape (items, dimensions). Not of length 1: the cosine loss ignores lengths.

        Raises:
            ShapeError: There are other labels.
        """
        _check(targets)
        if targets.shape[1] != len(self.labels):
            raise ShapeError(f"targets have {targets.shape[1]} labels, the factors {len(self.labels)}")
        points: NDArray[np.float32] = targets.astype(np.float32) @ self.labels
        return points


def label_factors(targets: NDArray[np.bool_], n_dims: int = N_DIMS) -> LabelFactors:
    """Factors of labels: U √S of the singular value decomposition of :func:`positive_information`.

    Each dimension's sign, which the decomposition leaves open, is such that its largest entry is positive.

    Args:
        targets: True where a label applies, of the items that may be learned from; the paper takes those of train and
            valid. Shape (items, labels).
        n_dims: Dimensions; the published 50 where there are as many labels.

    Raises:
        ShapeError: The targets are no matrix of bools, or empty.
        ConfigError: No label occurs, or there would be no dimension.
    """
    information = positive_information(targets)
    occurs = np.asarray(targets.any(axis=0))
    if n_dims < 1:
        raise ConfigError(f"n_dims={n_dims} is not positive", hint="give 1 or more, such as 50")
    if not occurs.any():
        raise ConfigError("no label occurs on any item to learn from", hint="check the tags, or the list of labels")
    left, strengths, _ = np.linalg.svd(information)
    factors = left[:, :n_dims] * np.sqrt(strengths[:n_dims])
    largest = np.take_along_axis(factors, np.abs(factors).argmax(axis=0)[None], axis=0)
    factors = factors * np.where(largest < 0, -1.0, 1.0)
    factors[~occurs] = 0  # rounding would leave a direction there
    return LabelFactors(labels=factors.astype(np.float32), occurs=occurs)


def positive_information(targets: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Positive pointwise mutual information of pairs of labels, max(0, log P(i, j) / P(i) P(j)).

    P is the share of the items that carry a label, or both. Labels that are never on one item, or never occur, have 0;
    a label with itself has -log P(i).

    Returns:
        Symmetric. Shape (labels, labels).

    Raises:
        ShapeError: The targets are no matrix of bools, or empty.
    """
    _check(targets)
    if targets.size == 0:
        raise ShapeError(f"there is nothing to count: targets have shape {targets.shape}")
    counted = targets.astype(np.float64)
    together = counted.T @ counted
    alone = together.diagonal()
    # counts of whole numbers, so that exactly independent labels have exactly 0
    above, below = together * len(targets), np.outer(alone, alone)
    ratio = np.ones_like(above)
    np.divide(above, below, out=ratio, where=above > 0)
    return np.maximum(0.0, np.log(ratio))


def _check(targets: NDArray[np.bool_]) -> None:
    if targets.ndim != 2 or targets.dtype != np.bool_:
        raise ShapeError(
            f"targets are {targets.dtype} of shape {targets.shape}; wanted is a matrix of bools, (items, labels)",
            hint="compare them: targets > 0",
        )
