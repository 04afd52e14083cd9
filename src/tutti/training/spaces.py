"""Learning a space from pairs: vectors of two modalities or more of the same items, without labels.

What is learned is that an item's vectors lie nearer to each other than to those of other items. The networks are in
``tutti.models.spaces``; this module has the published losses and settings, and their scheme for the one trainer. The
loss ``contrastive``, which takes items with any of their modalities, is in ``joint_learning``.

References:
    Oramas et al., TISMIR 1(1), 2018.
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, ShapeError, unknown_name
from tutti.models.projection_files import complete_rows
from tutti.models.spaces import MapConfig, SpaceConfig, SpaceNetwork, find_space
from tutti.training.devices import Accelerator
from tutti.training.joint_learning import JointLearning, SpaceItems, fresh_space
from tutti.training.loading import Batch, Draw, shuffled_draws
from tutti.training.phases import Phase
from tutti.training.sampling import n_batches
from tutti.training.trainer import Scheme, TrainingConfig, fit

SpaceLoss = Literal["two_negatives", "in_batch", "contrastive"]
Pairs = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class SpaceProtocol:
    """A space and how it is learned, every setting known.

    Attributes:
        space: The networks.
        loss: ``two_negatives``: a pair against one other vector of each modality; ``in_batch``: against all of its
            batch; ``contrastive``: see :func:`tutti.training.joint_learning.contrastive_loss`.
        margin: Of the loss; the contrastive one has none.
        symmetric: Whether both modalities of a pair ask, in batches; else the first alone does.
        weights: Of modalities, in the contrastive loss.
        batch_size: Pairs, at most.
        learning_rate: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        schedule: Of the rate.
        epochs: At most.
        patience: Epochs without a better validation loss; 0 never stops early.
    """

    space: SpaceConfig = field(default_factory=SpaceConfig)
    loss: SpaceLoss = "two_negatives"
    margin: float = 0.5
    symmetric: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "constant"
    epochs: int = 100
    patience: int = 4

    def __post_init__(self) -> None:
        if self.batch_size < 3:
            raise ConfigError(
                f"batch_size={self.batch_size} can leave a pair alone in its batch", hint="give 3 or more, such as 32"
            )
        if not 0 <= self.margin <= 2:
            raise ConfigError(f"margin={self.margin:g} lies outside [0, 2]", hint="cosines differ by 2 at most")


# Oramas prints no optimiser, batch or epochs for the space: these are those of the authors' other networks.
PROTOCOLS: dict[str, SpaceProtocol] = {
    "oramas2018": SpaceProtocol(space=find_space("oramas2018")),
    "wu2021-paper": SpaceProtocol(
        space=find_space("wu2021-paper"), loss="in_batch", margin=1.0, batch_size=4096, epochs=1000, patience=5
    ),
    "wu2021-code": SpaceProtocol(
        space=find_space("wu2021-code"),
        loss="in_batch",
        margin=1.0,
        batch_size=2048,
        learning_rate=1e-4,
        schedule="plateau",
        epochs=1000,
        patience=5,
    ),
    "contrastive": SpaceProtocol(
        space=find_space("contrastive"),
        loss="contrastive",
        batch_size=512,
        weight_decay=1e-2,
        schedule="cosine",
        epochs=60,
        patience=15,
    ),
}


@dataclass(frozen=True, kw_only=True)
class SpaceTraining:
    """A published space, and what is to be different; None leaves a setting as it was published.

    Attributes:
        preset: A name in ``PROTOCOLS``.
        embed_dim: Dimensions of the space.
        n_hidden: Width of the networks' hidden layers.
        margin: Of the loss.
        symmetric: Of the loss in batches: let both modalities ask.
        dropout: Of the networks.
        temperature: With which that of the contrastive loss begins.
        weights: Of modalities, in the contrastive loss: a pair counts by the product of both; 1 where none is given.
        maps: By modality, how its network differs from the others.
        batch_size: Pairs, at most.
        learning_rate: Of Adam.
        epochs: At most.
        patience: Epochs without a better validation loss; 0 never stops early.
        accelerator: As Fabric names it.
        devices: Processes that share each batch; of the contrastive loss, which tells items from those of all of them.
    """

    preset: str = "oramas2018"
    embed_dim: int | None = None
    n_hidden: int | None = None
    margin: float | None = None
    symmetric: bool | None = None
    dropout: float | None = None
    temperature: float | None = None
    weights: Mapping[str, float] | None = None
    maps: Mapping[str, MapConfig] | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    patience: int | None = None
    accelerator: Accelerator = "auto"
    devices: int | None = None

    def __post_init__(self) -> None:
        if self.preset not in PROTOCOLS:
            raise unknown_name("space", self.preset, PROTOCOLS)
        if self.symmetric is not None and PROTOCOLS[self.preset].loss != "in_batch":
            raise ConfigError(
                f"the loss of {self.preset} is the same from both sides", hint="leave out symmetric for this preset"
            )
        others = {"temperature": self.temperature, "weights": self.weights, "devices": self.devices}
        named = [name for name, value in others.items() if value is not None]
        if named and PROTOCOLS[self.preset].loss != "contrastive":
            raise ConfigError(
                f"{named[0]} is of the contrastive loss, which {self.preset} has not",
                hint=f"leave out {named[0]}, or set preset = 'contrastive'",
            )
        self.trainer_config()

    def resolved(self) -> SpaceProtocol:
        """Every setting.

        >>> SpaceTraining(preset="wu2021-code", embed_dim=16).resolved().space.embed_dim
        16
        """
        found = PROTOCOLS[self.preset]
        changed = {key: value for key, value in vars(self).items() if value is not None}
        space = dataclasses.replace(found.space, **_known(changed, found.space))
        return dataclasses.replace(found, space=space, **_known(changed, found))

    def trainer_config(self) -> TrainingConfig:
        """The trainer's settings."""
        found = self.resolved()
        phase = Phase(
            epochs=found.epochs,
            optimizer="adamw" if found.weight_decay else "adam",
            learning_rate=found.learning_rate,
            weight_decay=found.weight_decay,
            schedule=found.schedule,
        )
        return TrainingConfig(
            phases=(phase,),
            monitor="loss",
            patience=found.patience,
            accelerator=self.accelerator,
            devices=self.devices or 1,
            loaders=0,
        )


def train_space(
    pairs: Pairs | SpaceItems,
    valid: Pairs | SpaceItems,
    config: SpaceTraining,
    *,
    folder: Path,
    seed: int,
    quiet: bool = False,
) -> SpaceNetwork:
    """A space learned from pairs, with the weights of its best epoch.

    Args:
        pairs: Of each modality the vectors of the same items. The first modality is the one that asks. Items that lack
            a modality, their row is NaN, take no part; in the contrastive loss they do with what they have. Shape
            (items, dimensions). For that loss also :class:`tutti.training.joint_learning.SpaceItems`, which know
            several texts of an item and what belongs together.
        valid: The same of other items, which tell the best epoch.
        config: What is learned, and how.
        folder: Of the run; a killed one goes on from there.
        seed: Of everything random.
        quiet: Show no progress on stderr.

    Raises:
        ConfigError: There are fewer than two complete pairs to learn from, or to validate by.
        ShapeError: The arrays do not fit.
    """
    protocol = config.resolved()
    train, check = (one if isinstance(one, SpaceItems) else SpaceItems(vectors=one) for one in (pairs, valid))
    scheme: Scheme
    if protocol.loss == "contrastive":
        size = protocol.batch_size
        scheme = JointLearning(train, check, batch_size=size, weights=protocol.weights, seed=seed)
    else:
        scheme = SpaceLearning(train.vectors, check.vectors, protocol, seed=seed)
    network = fresh_space(train, protocol.space, seed=seed)
    fit(network, scheme, config.trainer_config(), folder=folder, seed=seed, quiet=quiet)
    return network.cpu().eval()


class SpaceLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`SpaceNetwork`.

    Args:
        train: What is learned from.
        valid: What tells the best epoch; its negatives are drawn once and stay the same.
        protocol: The settings.
        seed: Of everything random.

    Raises:
        ConfigError: There are too few complete pairs.
        ShapeError: The arrays do not fit.
    """

    def __init__(self, train: Pairs, valid: Pairs, protocol: SpaceProtocol, *, seed: int) -> None:
        self._train, self._valid = _complete(train, "learn from"), _complete(valid, "validate by")
        if [(name, some.shape[1]) for name, some in train.items()] != [(n, s.shape[1]) for n, s in valid.items()]:
            raise ShapeError(
                f"what is learned from has {_told(train)}, what is validated by {_told(valid)}",
                hint="give the same modalities in the same order, from the same encoders",
            )
        self._protocol, self._seed = protocol, seed
        self.n_pairs = len(self._train[0])
        self.n_steps = n_batches(self.n_pairs, protocol.batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        return shuffled_draws(self.n_pairs, self._protocol.batch_size, seed=self._seed, epoch=epoch)

    def load(self, draw: Draw) -> Batch:
        """Of each modality ``[batch, dimensions]``; where the loss asks for them, as many negatives behind them."""
        return self._batch(self._train, torch.from_numpy(draw.excerpts.rows), draw.generator())

    def alter(self, batch: Batch, _draw: Draw) -> Batch:
        """The same."""
        return batch

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean over all pairs of modalities."""
        protocol, points = self._protocol, network(*batch)
        if protocol.loss == "in_batch":
            losses = [
                in_batch_loss(first, second, margin=protocol.margin, symmetric=protocol.symmetric)
                for first, second in combinations(points, 2)
            ]
        else:
            losses = [
                two_negatives_loss(*first.chunk(2), *second.chunk(2), margin=protocol.margin)
                for first, second in combinations(points, 2)
            ]
        return torch.stack(losses).mean()

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The loss in batches as large as in training, and the mean cosine of pairs."""
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(self._seed)
        rows = torch.arange(len(self._valid[0]))
        losses, cosines = [], []
        for some in rows.tensor_split(n_batches(len(rows), self._protocol.batch_size)):
            batch = [one.to(device) for one in self._batch(self._valid, some, generator)]
            losses.append(self.loss(network, batch).item() * len(some))
            points = [one[: len(some)] for one in network(*batch)]
            pairs = combinations(points, 2)
            cosines += [functional.cosine_similarity(*pair, dim=1).sum().item() for pair in pairs]
        n_couples = len(self._valid) * (len(self._valid) - 1) // 2
        return {"loss": sum(losses) / len(rows), "cosine": sum(cosines) / len(rows) / n_couples}

    def _batch(self, vectors: list[Tensor], rows: Tensor, generator: torch.Generator) -> Batch:
        if self._protocol.loss == "in_batch":
            return [one[rows] for one in vectors]
        n_all = len(vectors[0])
        steps = [torch.randint(1, n_all, rows.shape, generator=generator) for _ in vectors]
        others = [(rows + step) % n_all for step in steps]  # never the item itself
        return [torch.cat([one[rows], one[other]]) for one, other in zip(vectors, others, strict=True)]


def two_negatives_loss(
    first: Tensor, first_other: Tensor, second: Tensor, second_other: Tensor, *, margin: float = 0.5
) -> Tensor:
    """One minus the cosine of a pair, and what the cosines with another item's points have above a margin, both ways.

    Args:
        first: Points of one modality. Shape ``[batch, dimensions]``, as of all.
        first_other: Of the same modality, of other items.
        second: Of the other modality, of the items of ``first``.
        second_other: Of the other modality, of other items.
        margin: A cosine with another item that goes unpunished.

    References:
        Oramas et al., TISMIR 1(1), 2018.
    """
    cosine = functional.cosine_similarity
    together = 1 - cosine(first, second)
    apart = [functional.relu(cosine(*pair) - margin) for pair in ((first_other, second), (first, second_other))]
    return (together + apart[0] + apart[1]).mean()


def in_batch_loss(first: Tensor, second: Tensor, *, margin: float = 1.0, symmetric: bool = False) -> Tensor:
    """How far each point's cosine with its partner fails to exceed that with every other of the batch by a margin.

    The mean over all pairs of different items; none is masked. The authors' code also bounds each at 1000, which
    cosines cannot reach.

    Args:
        first: Points that ask. Shape ``[batch, dimensions]``.
        second: Points that answer, of the same items.
        margin: By which the partner's cosine is to be larger.
        symmetric: Let the second ask too, and take the mean of both; the authors' loss has the first alone.

    Raises:
        ShapeError: There are fewer than two items: nothing to be told from.

    References:
        Wu, Fuentes and Bello, 2021, and their code.
    """
    if len(first) < 2 or first.shape != second.shape:
        raise ShapeError(
            f"points of shapes {tuple(first.shape)} and {tuple(second.shape)} were compared in a batch",
            hint="give two items or more, with a point of each modality",
        )
    similarity = functional.normalize(first, dim=1) @ functional.normalize(second, dim=1).T
    others = ~torch.eye(len(first), dtype=torch.bool, device=first.device)
    asked = [similarity, similarity.T] if symmetric else [similarity]
    losses = [functional.relu(margin - one.diagonal()[:, None] + one)[others].mean() for one in asked]
    return torch.stack(losses).mean()


def _complete(pairs: Pairs, purpose: str) -> list[Tensor]:
    complete = complete_rows(pairs)
    if complete.sum() < 2:
        raise ConfigError(
            f"{complete.sum()} items have {' and '.join(pairs)} to {purpose}; an item is told from others",
            hint="take a catalogue in which more items have these modalities",
        )
    return [torch.from_numpy(np.ascontiguousarray(one[complete], dtype=np.float32)) for one in pairs.values()]


def _known(settings: Mapping[str, Any], config: Any) -> dict[str, Any]:
    names = {one.name for one in dataclasses.fields(config)}
    return {key: value for key, value in settings.items() if key in names}


def _told(pairs: Pairs) -> str:
    return ", ".join(f"{modality} ({vectors.shape[1]})" for modality, vectors in pairs.items())
