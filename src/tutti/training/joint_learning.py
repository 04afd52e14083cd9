"""Contrastive learning of a space from items with any of their modalities: what is given, a batch, the loss.

Of every item, each modality's point is to lie nearer to the item's other points than those of all other items of the
batch do. An item takes part in those pairs of modalities that it has. What is known to belong together, such as covers
of one album or the same text twice, is not told apart. A modality may have several vectors an item, such as those of
its tags, caption and review: of these a mixture is drawn anew in every epoch.

The networks are ``tutti.models.spaces``', settings and the way to train them ``spaces``'.

References:
    Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021.
    van den Oord et al., "Representation learning with contrastive predictive coding", 2018 (InfoNCE).
    Girdhar et al., "ImageBind: one embedding space to bind them all", CVPR 2023 (any pair of modalities).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, ShapeError
from tutti.models.spaces import SpaceConfig, SpaceNetwork
from tutti.training.devices import gathered, unwrapped
from tutti.training.loading import Batch, Draw, shuffled_draws
from tutti.training.sampling import n_batches

Vectors = NDArray[np.float32]
STRANGER = -1  # of an item that belongs to no group


@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceItems:
    """Items with any of their modalities, as encoders describe them.

    Attributes:
        vectors: Of each modality, NaN in the rows of items without it. Shape (items, dimensions).
        variants: Of some modalities several vectors an item, from which training draws; NaN where there are fewer.
            Validation takes ``vectors``. Shape (items, variants, dimensions).
        groups: Numbers of what an item belongs to, such as its album and its text; two items that share one in the same
            column are not told from each other. ``STRANGER`` belongs to none. Shape (items, kinds of groups).

    Raises:
        ShapeError: The arrays do not fit.
    """

    vectors: Mapping[str, Vectors]
    variants: Mapping[str, Vectors] = field(default_factory=dict)
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        shapes = {name: some.shape for name, some in self.vectors.items()}
        if len(shapes) < 2 or len({shape[0] for shape in shapes.values()}) > 1 or {*map(len, shapes.values())} != {2}:
            raise ShapeError(
                f"two modalities or more with a row for each item are wanted, not {shapes}",
                hint="give NaN in the rows of items without a modality",
            )
        for name, some in self.variants.items():
            if name not in shapes or some.ndim != 3 or (len(some), some.shape[2]) != shapes[name]:
                raise ShapeError(
                    f"variants of {name} have shape {some.shape}, its vectors {shapes.get(name)}",
                    hint="give (items, variants, dimensions), as many items and dimensions as vectors have",
                )
        if self.groups is not None and (self.groups.ndim != 2 or len(self.groups) != self.n_items):
            raise ShapeError(
                f"groups have shape {self.groups.shape}, there are {self.n_items} items", hint="(items, kinds)"
            )

    @property
    def n_items(self) -> int:
        """Of all modalities."""
        return len(next(iter(self.vectors.values())))

    @property
    def presence(self) -> NDArray[np.bool_]:
        """Which modality an item has. Shape (items, modalities)."""
        return np.stack([np.isfinite(some).all(axis=1) for some in self.vectors.values()], axis=1)

    def rows(self, which: NDArray[Any]) -> SpaceItems:
        """Some of the items."""
        return SpaceItems(
            vectors={name: some[which] for name, some in self.vectors.items()},
            variants={name: some[which] for name, some in self.variants.items()},
            groups=None if self.groups is None else self.groups[which],
        )


class JointLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`SpaceNetwork` with a temperature.

    Args:
        train: What is learned from; items with one modality only take part as what others are told from.
        valid: What tells the best epoch.
        batch_size: Items, at most, over all processes.
        weights: Of modalities: a pair counts by the product of both; 1 where none is given.
        seed: Of everything random.

    Raises:
        ConfigError: Fewer than two items have two modalities, to learn from or to validate by.
        ShapeError: Both have other modalities or dimensions.
    """

    def __init__(
        self,
        train: SpaceItems,
        valid: SpaceItems,
        *,
        batch_size: int,
        weights: Mapping[str, float] | None = None,
        seed: int,
    ) -> None:
        told = [{name: some.shape[1] for name, some in one.vectors.items()} for one in (train, valid)]
        if list(told[0].items()) != list(told[1].items()):
            raise ShapeError(
                f"what is learned from has {told[0]}, what is validated by {told[1]}",
                hint="give the same modalities in the same order, from the same encoders",
            )
        self.modalities = tuple(train.vectors)
        self._train, self._valid = _usable(train, "learn from"), _usable(valid, "validate by")
        self._weights = [(weights or {}).get(name, 1.0) for name in self.modalities]
        self._batch_size, self._seed = batch_size, seed
        self.n_items = self._train.n_items
        self.n_steps = n_batches(self.n_items, batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        return shuffled_draws(self.n_items, self._batch_size, seed=self._seed, epoch=epoch)

    def load(self, draw: Draw) -> Batch:
        """Groups ``[batch, kinds]``, the items' own numbers first, then of each modality ``[batch, dimensions]``."""
        return _batch(self._train, draw.excerpts.rows, np.random.default_rng(draw.seed))

    def alter(self, batch: Batch, _draw: Draw) -> Batch:
        """The same."""
        return batch

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Of the whole batch, of which this process may have a share."""
        own = _placed(network, batch)
        tensors = [gathered(one) for one in (own.points, own.presence, own.groups)]
        everyone = PlacedBatch(points=tensors[0][0], presence=tensors[1][0], groups=tensors[2][0])
        with torch.autocast(own.points.device.type, enabled=False):
            return contrastive_loss(
                own,
                everyone,
                first=tensors[0][1],
                temperature=unwrapped(network, SpaceNetwork).temperature,
                weights=self._weights,
            )

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The loss in batches as large as in training, and how often a point's nearest is its partner."""
        device, losses, found = next(network.parameters()).device, [], []
        rows = np.arange(self._valid.n_items)
        for some in np.array_split(rows, n_batches(len(rows), self._batch_size)):
            own = _placed(network, [one.to(device) for one in _batch(self._valid, some, None)])
            loss = contrastive_loss(
                own, temperature=unwrapped(network, SpaceNetwork).temperature, weights=self._weights
            )
            losses.append(loss.item() * len(some))
            found.append(_found_first(own) * len(some))
        return {"loss": sum(losses) / len(rows), "top_1": sum(found) / len(rows)}


@dataclass(frozen=True, kw_only=True)
class PlacedBatch:
    """The points of some items.

    Attributes:
        points: 0 where a modality is absent. Shape ``[items, modalities, embed_dim]``.
        presence: Shape ``[items, modalities]``.
        groups: See :class:`SpaceItems`. Shape ``[items, kinds]``.
    """

    points: Tensor
    presence: Tensor
    groups: Tensor

    @classmethod
    def of(cls, points: Sequence[Tensor], groups: Tensor | None = None) -> PlacedBatch:
        """From points of each modality, ``[items, embed_dim]``, NaN where it is absent."""
        stacked = torch.stack(list(points), dim=1).float()
        presence = torch.isfinite(stacked).all(dim=2)
        if groups is None:
            groups = torch.arange(len(stacked), device=stacked.device)[:, None]
        return cls(points=torch.where(presence[..., None], stacked, 0.0), presence=presence, groups=groups)


def contrastive_loss(
    own: PlacedBatch,
    everyone: PlacedBatch | None = None,
    *,
    first: int = 0,
    temperature: Tensor | float,
    weights: Sequence[float] | None = None,
) -> Tensor:
    """Symmetric InfoNCE, the mean over all pairs of modalities that some items have.

    Each point of a modality that asks is compared with those of the other modality of all items of the batch, items
    without the asking modality included, and items that share a group with it left out. Both modalities of a pair ask.

    Args:
        own: Of the items that this process places: those that ask.
        everyone: Of the items of all processes; None where there is one process. The mean over processes, each
            weighted by its share of the items, is the loss of the whole batch, and its gradient too.
        first: Row of ``everyone`` at which ``own`` begins.
        temperature: Divides the cosines.
        weights: Of modalities: a pair counts by the product of both.

    References:
        Radford et al., 2021, section 2.3; van den Oord et al., 2018.
    """
    everyone = everyone or own
    columns = torch.arange(len(own.points), device=own.points.device) + first
    allowed = ~related_items(own.groups, everyone.groups)
    allowed[torch.arange(len(columns), device=columns.device), columns] = True
    total, counted = 0 * own.points.sum() * temperature, 0.0
    for one, other in combinations(range(own.points.shape[1]), 2):
        n_pairs = int((everyone.presence[:, one] & everyone.presence[:, other]).sum())
        if not n_pairs:
            continue
        weight = 1.0 if weights is None else weights[one] * weights[other]
        lost = [_info_nce(own, everyone, allowed, columns, temperature, pair) for pair in ((one, other), (other, one))]
        total, counted = total + weight * torch.stack(lost).mean() / n_pairs, counted + weight
    share = len(own.points) / len(everyone.points)
    return total / (counted or 1.0) / share


def _info_nce(
    own: PlacedBatch,
    everyone: PlacedBatch,
    allowed: Tensor,
    columns: Tensor,
    temperature: Tensor | float,
    pair: tuple[int, int],
) -> Tensor:
    """The sum over the own items that have both modalities of a pair, whose first asks."""
    asking, answering = pair
    both = (own.presence[:, asking] & own.presence[:, answering]).nonzero()[:, 0]
    similarity = own.points[both, asking] @ everyone.points[:, answering].T
    compared = allowed[both] & everyone.presence[:, answering]
    logits = (similarity / temperature).masked_fill(~compared, -torch.inf)
    return functional.cross_entropy(logits, columns[both], reduction="sum")


def related_items(first: Tensor, second: Tensor) -> Tensor:
    """Which items share a group, ``[items, kinds]`` each. Shape ``[first items, second items]``, bool."""
    found = torch.zeros(len(first), len(second), dtype=torch.bool, device=first.device)
    for one, other in zip(first.T, second.T, strict=True):
        found |= (one[:, None] == other) & (one != STRANGER)[:, None]
    return found


def mixtures(variants: NDArray[Any], rng: np.random.Generator) -> Vectors:
    """One vector an item: the mean, weighted at random, of so many of its variants, drawn at random, from one to all.

    A mixture is as long as its parts are on average, so that unit vectors stay so.

    Args:
        variants: NaN where there are fewer. Shape (items, variants, dimensions).
        rng: Draws.

    Returns:
        NaN for items without a variant. Shape (items, dimensions).
    """
    present = np.isfinite(variants).all(axis=2)
    n_present = present.sum(axis=1)
    n_taken = rng.integers(1, np.maximum(n_present, 1) + 1)
    ranks = np.where(present, rng.random(present.shape), np.inf).argsort(axis=1).argsort(axis=1)
    taken = present & (ranks < n_taken[:, None])
    weights = rng.exponential(size=present.shape) * taken
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    parts = np.where(present[..., None], variants, 0.0)
    mixed = np.einsum("iv,ivd->id", weights, parts)
    wanted = (weights * np.linalg.norm(parts, axis=2)).sum(axis=1, keepdims=True)
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    mixed *= np.divide(wanted, lengths, out=np.ones_like(lengths), where=lengths > 0)
    mixed[n_present == 0] = np.nan
    return np.asarray(mixed, dtype=np.float32)


def fresh_space(train: SpaceItems, config: SpaceConfig, *, seed: int) -> SpaceNetwork:
    """An untrained space for what is learned from, whose weights follow from the seed; vectors that are to be
    standardised are so from the beginning.
    """
    dims = {modality: vectors.shape[1] for modality, vectors in train.vectors.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SpaceNetwork(dims, config)
    network.fit_inputs(train.vectors)
    return network


def _usable(items: SpaceItems, purpose: str) -> SpaceItems:
    """Items with any modality, their own numbers in front of their groups."""
    presence: NDArray[np.bool_] = items.presence
    n_paired = int((presence.sum(axis=1) > 1).sum())
    if n_paired < 2:
        raise ConfigError(
            f"{n_paired} items have two of {', '.join(items.vectors)} to {purpose}; an item is told from others",
            hint="take a catalogue in which more items have these modalities",
        )
    numbers = np.arange(items.n_items, dtype=np.int64)[:, None]
    groups = numbers if items.groups is None else np.hstack([numbers, items.groups])
    numbered = SpaceItems(vectors=items.vectors, variants=items.variants, groups=groups)
    return numbered.rows(np.flatnonzero(presence.any(axis=1)))


def _batch(items: SpaceItems, rows: NDArray[np.int64], rng: np.random.Generator | None) -> list[Tensor]:
    """Groups, and of each modality what the rows have; mixtures of variants where there is something that draws."""
    vectors = []
    for name, some in items.vectors.items():
        given = some[rows].astype(np.float32)
        if rng is not None and name in items.variants:
            drawn = mixtures(items.variants[name][rows], rng)
            given = np.where(np.isfinite(drawn), drawn, given)
        vectors.append(torch.from_numpy(given))
    assert items.groups is not None
    return [torch.from_numpy(items.groups[rows]), *vectors]


def _placed(network: nn.Module, batch: Batch) -> PlacedBatch:
    groups, *vectors = batch
    return PlacedBatch.of(network(*vectors), groups)


def _found_first(own: PlacedBatch) -> float:
    """Mean over all ordered pairs of modalities of how often the nearest of all items is the item itself."""
    shares = []
    for asking, answering in permutations(range(own.points.shape[1]), 2):
        both = (own.presence[:, asking] & own.presence[:, answering]).nonzero()[:, 0]
        if len(both):
            similarity = own.points[both, asking] @ own.points[:, answering].T
            nearest = similarity.masked_fill(~own.presence[:, answering], -torch.inf).argmax(dim=1)
            shares.append((nearest == both).float().mean().item())
    return sum(shares) / max(1, len(shares))
