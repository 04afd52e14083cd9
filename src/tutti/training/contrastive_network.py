"""An encoder that learns to tell tracks apart: projector, momentum encoder, queue, and the two losses.

Two excerpts of one track are *views* of it. Each view becomes a unit vector through the encoder and a projector, which
training throws away afterwards: the encoder's own representation transfers better. A view's *positive* is the other
view of its track, *negatives* are the views of other tracks. Where tracks come in twice, in a batch or in a queue,
their further views are neither.

Which views there are is ``contrastive``'s matter.

References:
    Chen, Kornblith, Norouzi and Hinton, "A simple framework for contrastive learning of visual representations"
    (SimCLR), ICML 2020.
    He et al., "Momentum contrast for unsupervised visual representation learning" (MoCo), CVPR 2020.
    Spijkervet and Burgoyne, "Contrastive learning of musical representations", ISMIR 2021.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from tutti.models.tagger import Tagger

NOBODY = -1  # the track of a place in the queue that is still empty


def nt_xent(first: Tensor, second: Tensor, *, tracks: Tensor, temperature: float) -> Tensor:
    """SimCLR's loss: of each view, the cross-entropy of finding its positive among all other views of the batch.

    Args:
        first: A view of each track, unit vectors. Shape (batch, dimensions).
        second: Another view of each.
        tracks: Whose they are, whole numbers. Shape (batch,).
        temperature: Of the similarities, which are cosines; a lower one minds the nearest negatives most.

    Returns:
        The mean over the 2 · batch views; 0 where there is no negative.

    References:
        Chen et al., ICML 2020, equation 1.
    """
    views, owners = torch.cat([first, second]), tracks.repeat(2)
    numbers = torch.arange(len(views), device=views.device)
    positives = numbers.roll(len(first))
    similarity = cosines(views, views)
    # a view is no candidate of its own: it is of the same track, like all that are left out
    return _cross_entropy(similarity, positives, owners=owners, candidates=owners, temperature=temperature)


def info_nce(
    queries: Tensor, keys: Tensor, *, tracks: Tensor, queue: Tensor, queued_tracks: Tensor, temperature: float
) -> Tensor:
    """MoCo's loss: of each query, the cross-entropy of finding its key among the batch's keys and the queue's.

    Unlike in MoCo the keys of the batch count as negatives too.

    Args:
        queries: A view of each track, unit vectors. Shape (batch, dimensions).
        keys: Another view of each, through the momentum encoder.
        tracks: Whose they are. Shape (batch,).
        queue: Keys of earlier batches. Shape (places, dimensions).
        queued_tracks: Whose these are; ``NOBODY`` where a place is empty. Shape (places,).
        temperature: Of the similarities.

    References:
        He et al., CVPR 2020, equation 1.
    """
    candidates, owners = torch.cat([keys, queue]), torch.cat([tracks, queued_tracks])
    positives = torch.arange(len(queries), device=queries.device)
    similarity = cosines(queries, candidates)
    return _cross_entropy(similarity, positives, owners=tracks, candidates=owners, temperature=temperature)


def cosines(one: Tensor, other: Tensor) -> Tensor:
    """Between unit vectors, in single precision whatever the rest is computed in. Shape (rows of one, of other)."""
    with torch.autocast(one.device.type, enabled=False):
        return one.float() @ other.float().T


def _cross_entropy(
    similarity: Tensor, positives: Tensor, *, owners: Tensor, candidates: Tensor, temperature: float
) -> Tensor:
    """Of each row's positive, among it and the columns that are other tracks'."""
    is_no_negative = (owners[:, None] == candidates[None, :]) | (candidates == NOBODY)[None, :]
    is_no_negative.scatter_(1, positives[:, None], value=False)
    logits = (similarity / temperature).masked_fill(is_no_negative, -torch.inf)
    return functional.cross_entropy(logits, positives)


class _Branch(nn.Module):
    """Waveforms ``[batch, samples]`` to unit vectors ``[batch, dimensions]``: an encoder and its projector."""

    def __init__(self, tagger: Tagger, dimensions: int) -> None:
        super().__init__()
        self.tagger = tagger
        self.projector = nn.Sequential(
            nn.Linear(tagger.embed_dim, tagger.embed_dim), nn.ReLU(), nn.Linear(tagger.embed_dim, dimensions)
        )

    def forward(self, waveforms: Tensor) -> Tensor:
        projected = self.projector(self.tagger.represent(waveforms))
        return functional.normalize(projected.float(), dim=1)


class ContrastiveNetwork(nn.Module):
    """What is trained: an encoder with its projector and, where there is a queue, their slow copy.

    The slow copy's weights follow the others' as a moving average; it normalises over its batch like them. A batch's
    statistics would tell its keys from those of the queue. MoCo shuffles batches between GPUs for that; here the keys
    of the batch itself are negatives too, among which its statistics tell nothing.

    Args:
        tagger: Front end and encoder; its head is left alone.
        dimensions: Of the projection.
        temperature: Of the loss.
        n_queued: Keys of earlier batches to tell from; 0 takes the batch's own views only, without a slow copy.
        momentum: Share of the slow copy that each step keeps; it rises to this over the first steps.
    """

    weights_decay_alone = True  # as in SimCLR: biases, scales and offsets do not; see ``rates``
    queue: Tensor
    queued_tracks: Tensor
    n_steps: Tensor

    def __init__(
        self,
        tagger: Tagger,
        *,
        dimensions: int = 128,
        temperature: float = 0.1,
        n_queued: int = 0,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        self.branch = _Branch(tagger, dimensions)
        self.temperature, self.momentum = temperature, momentum
        self.slow: _Branch | None = None
        if n_queued:
            self.slow = copy.deepcopy(self.branch).requires_grad_(requires_grad=False)
            self.register_buffer("queue", torch.zeros(n_queued, dimensions))
            self.register_buffer("queued_tracks", torch.full((n_queued,), NOBODY))
            self.register_buffer("n_steps", torch.zeros((), dtype=torch.int64))

    @property
    def tagger(self) -> Tagger:
        """The encoder that is trained."""
        return self.branch.tagger

    def forward(self, views: Tensor, tracks: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            views: Shape [batch, 2, samples].
            tracks: Whose they are, whole numbers from 0. Shape [batch].
        """
        if self.slow is None:
            first, second = self.branch(views.transpose(0, 1).flatten(0, 1)).chunk(2)
            return nt_xent(first, second, tracks=tracks, temperature=self.temperature)
        with torch.no_grad():
            if self.training:
                self._follow(self.slow)
            keys = self.slow(views[:, 1])
        loss = info_nce(
            self.branch(views[:, 0]),
            keys,
            tracks=tracks,
            queue=self.queue.clone(),  # which the next line changes, and the gradient needs
            queued_tracks=self.queued_tracks.clone(),
            temperature=self.temperature,
        )
        if self.training:
            self._enqueue(keys, tracks)
        return loss

    def project(self, waveforms: Tensor) -> Tensor:
        """``[batch, samples]`` to unit vectors ``[batch, dimensions]``."""
        projected: Tensor = self.branch(waveforms)
        return projected

    @torch.no_grad()
    def _follow(self, slow: _Branch) -> None:
        step = int(self.n_steps)
        kept = min(self.momentum, (1 + step) / (10 + step))
        for theirs, ours in zip(slow.parameters(), self.branch.parameters(), strict=True):
            theirs.lerp_(ours, 1 - kept)
        self.n_steps += 1

    @torch.no_grad()
    def _enqueue(self, keys: Tensor, tracks: Tensor) -> None:
        """The newest keys first; the oldest fall out."""
        n_places = len(self.queue)
        self.queue.copy_(torch.cat([keys.to(self.queue), self.queue])[:n_places])
        self.queued_tracks.copy_(torch.cat([tracks, self.queued_tracks])[:n_places])
