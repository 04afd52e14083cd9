"""Triplets in a batch: an anchor is to lie nearer to what belongs to it than to something that does not.

Here are the loss and the ways to choose what does not, always among the batch's own candidates and never one that
carries the anchor's label. Losses over all pairs of a batch are in ``spaces``; what anchors and candidates are, the
schemes say (``tag_retrieval`` has tags and songs).

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021.
    Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015 (semi-hard).
    Wu, Manmatha, Smola, Krähenbühl, "Sampling matters in deep embedding learning", ICCV 2017 (distance-weighted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional

from tutti.errors import ConfigError, ShapeError, unknown_name

NegativeChoice = Literal["uniform", "weighted", "semi_hard", "distance_weighted"]
TINY = 1e-6  # of (1 + cosine) / 2: the density of distances ends at opposite points


@dataclass(frozen=True, kw_only=True)
class NegativeSampling:
    """How an anchor's negative is chosen among its candidates.

    Attributes:
        kind: ``uniform``: all alike. ``weighted``: by (1 + cosine) / 2, as in Won's code (the text says the inverse of
            the distance). ``semi_hard``: evenly among those that are less similar than the positive, by less than the
            margin. ``distance_weighted``: by the inverse of the density that distances have on the sphere.
        margin: Of the loss; semi-hard candidates lie within it.
        cutoff: Distances below are taken for this one. The inverse density falls with distance up to the square root of
            2, so that this clips the weights as the paper does, and spares the noise of the nearest.
        farthest: Distances from here on are not chosen: such triplets have nothing left to lose.
    """

    kind: NegativeChoice = "uniform"
    margin: float = 0.4
    cutoff: float = 0.5
    farthest: float = 1.4

    def __post_init__(self) -> None:
        if self.kind not in get_args(NegativeChoice):
            raise unknown_name("choice of negatives", self.kind, get_args(NegativeChoice))
        if not 0 < self.margin <= 2:
            raise ConfigError(f"margin={self.margin:g} lies outside (0, 2]", hint="cosines differ by 2 at most")
        if not 0 < self.cutoff < self.farthest <= 2:
            raise ConfigError(
                f"cutoff={self.cutoff:g} and farthest={self.farthest:g} are not in order",
                hint="give 0 < cutoff < farthest <= 2, the largest distance on the sphere",
            )


class Negatives(NamedTuple):
    """What was chosen.

    ``columns`` are candidates, 0 where there was none to choose; ``exists`` is False there. Shape (anchors,) both.
    """

    columns: Tensor
    exists: Tensor


class BatchLoss(NamedTuple):
    """The loss of a batch, and how many anchors took no part in it since every candidate carried their label."""

    loss: Tensor
    n_left_out: int


def triplet_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 0.4, *, exists: Tensor | None = None
) -> Tensor:
    """Mean of ``max(0, margin - cosine(anchor, positive) + cosine(anchor, negative))``.

    Args:
        anchor: Points of any length. Shape ``[batch, dimensions]``, as of all.
        positive: What belongs to each anchor.
        negative: What does not.
        margin: By which the first cosine is to be larger.
        exists: False for triplets that do not count; without one that does the loss is 0. Shape ``[batch]``.

    References:
        Won et al., ICASSP 2021; 0.4 is in the authors' code alone.
    """
    cosine = functional.cosine_similarity
    losses = functional.relu(margin - cosine(anchor, positive) + cosine(anchor, negative))
    if exists is None:
        return losses.mean()
    return (losses * exists).sum() / exists.sum().clamp(min=1)


def in_batch_triplet_loss(
    anchors: Tensor,
    songs: Tensor,
    candidates: Tensor,
    sampling: NegativeSampling,
    *,
    generator: torch.Generator | None = None,
) -> BatchLoss:
    """The triplet loss of a batch whose positives are one another's candidates.

    Args:
        anchors: Shape ``[batch, dimensions]``.
        songs: The positive of each anchor. Shape ``[batch, dimensions]``.
        candidates: Which song may be which anchor's negative, see :func:`without_label`. Shape ``[batch, batch]``.
        sampling: How it is chosen.
        generator: On the CPU; None takes torch's own.

    Raises:
        ShapeError: The tensors do not fit.
    """
    with torch.no_grad():
        similarity = cosines(anchors, songs)
        negatives = sample_negatives(
            similarity,
            candidates,
            sampling,
            positive=similarity.diagonal(),
            n_dimensions=songs.shape[1],
            generator=generator,
        )
    loss = triplet_loss(anchors, songs, songs[negatives.columns], sampling.margin, exists=negatives.exists)
    return BatchLoss(loss, int((~negatives.exists).sum()))


def sample_negatives(
    similarity: Tensor,
    candidates: Tensor,
    sampling: NegativeSampling,
    *,
    positive: Tensor,
    n_dimensions: int,
    generator: torch.Generator | None = None,
) -> Negatives:
    """A negative for each anchor; the same candidate may be chosen for several.

    An anchor none of whose candidates has a weight, such as none being semi-hard, takes any of them evenly.

    Args:
        similarity: Cosines. Shape ``[anchors, candidates]``.
        candidates: False where a candidate carries the anchor's label. Shape ``[anchors, candidates]``.
        sampling: The way.
        positive: Cosine of each anchor and its positive. Shape ``[anchors]``.
        n_dimensions: Of the points, on which the density of distances depends.
        generator: On the CPU; None takes torch's own.

    Raises:
        ShapeError: The tensors do not fit.
    """
    weights = negative_weights(similarity, candidates, sampling, positive=positive, n_dimensions=n_dimensions)
    weights = torch.where(weights.sum(dim=1, keepdim=True) > 0, weights, candidates.to(weights))
    sums = weights.double().cumsum(dim=1)
    draws = torch.rand(len(sums), 1, generator=generator, dtype=torch.float64).to(sums.device) * sums[:, -1:]
    columns = torch.searchsorted(sums, draws, right=True).squeeze(1).clamp(max=sums.shape[1] - 1)
    exists = candidates.any(dim=1)
    return Negatives(torch.where(exists, columns, 0), exists)


def negative_weights(
    similarity: Tensor, candidates: Tensor, sampling: NegativeSampling, *, positive: Tensor, n_dimensions: int
) -> Tensor:
    """How likely each candidate is to be chosen, not brought to a sum of 1; 0 where it must not be.

    Args:
        similarity: As :func:`sample_negatives` takes it, and so the rest.
        candidates: Which may be chosen.
        sampling: The way.
        positive: Cosine of each anchor and its positive.
        n_dimensions: Of the points.

    Returns:
        Shape ``[anchors, candidates]``.

    Raises:
        ShapeError: The tensors do not fit.
    """
    if similarity.ndim != 2 or similarity.shape != candidates.shape or positive.shape != similarity.shape[:1]:
        raise ShapeError(
            f"cosines {tuple(similarity.shape)}, candidates {tuple(candidates.shape)} and positives "
            f"{tuple(positive.shape)} do not fit",
            hint="give (anchors, candidates) twice, and one positive for each anchor",
        )
    similarity = similarity.float()
    if sampling.kind == "weighted":
        weights = ((1 + similarity) / 2).clamp(min=0)
    elif sampling.kind == "semi_hard":
        behind = positive.float()[:, None] - similarity
        weights = ((behind > 0) & (behind < sampling.margin)).float()
    elif sampling.kind == "distance_weighted":
        weights = _inverse_densities(similarity, candidates, sampling, n_dimensions)
    else:
        weights = torch.ones_like(similarity)
    return weights * candidates


def _inverse_densities(similarity: Tensor, candidates: Tensor, sampling: NegativeSampling, n_dimensions: int) -> Tensor:
    """Of distance d on the sphere in n dimensions: d ** (2 - n) * (1 - d ** 2 / 4) ** ((3 - n) / 2).

    Each row is divided by its largest, since the values differ by many powers of ten.
    """
    distance = (2 - 2 * similarity).clamp(min=0).sqrt()
    near = distance.clamp(min=sampling.cutoff)
    logs = (2 - n_dimensions) * near.log()
    logs = logs + (3 - n_dimensions) / 2 * (1 - near.square() / 4).clamp(min=TINY).log()
    logs = logs.masked_fill(~candidates | (distance >= sampling.farthest), -torch.inf)
    largest = logs.amax(dim=1, keepdim=True)
    return torch.where(largest.isfinite(), (logs - largest).exp(), torch.zeros_like(logs))


def without_label(anchor_labels: Tensor, candidate_labels: Tensor) -> Tensor:
    """Which candidates carry none of an anchor's labels, and so may be its negatives.

    Args:
        anchor_labels: True where an anchor stands for a label; a tag stands for itself. Shape ``[anchors, labels]``.
        candidate_labels: True where a candidate carries it. Shape ``[candidates, labels]``.

    Returns:
        Shape ``[anchors, candidates]``.
    """
    shared: Tensor = anchor_labels.float() @ candidate_labels.float().T
    return shared < 0.5


def cosines(one: Tensor, other: Tensor) -> Tensor:
    """Between all points of two sets, in single precision. Shape ``[rows of one, rows of other]``."""
    with torch.autocast(one.device.type, enabled=False):
        return functional.normalize(one.float(), dim=1) @ functional.normalize(other.float(), dim=1).T
