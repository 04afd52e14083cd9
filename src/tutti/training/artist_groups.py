"""The scheme of artist groups: networks that learn whose group a second of music belongs to, and a classifier on them.

A task is the main genre or the factors of one source (``tutti.data.artist_groups``); all are distributions, learned by
categorical cross-entropy. A single-task network learns one, a multi-task network several: it shares everything up to
its vector, each task has a linear head of its own, and tasks count the same. That is our choice; neither sharing nor
weights were published. A perceptron on the joined vectors of trained networks, which stay as they are, tells genres.

References:
    Won, thesis 2021, section 4.2.
    Kim, Won, Serra and Liem, "Transfer learning of artist group factors to musical genre classification", WWW 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.augmentation import Augmentation
from tutti.audio.excerpts import ExcerptPlan
from tutti.data.artist_groups import ArtistGroupConfig, Source
from tutti.errors import ConfigError
from tutti.models.tagger import Tagger
from tutti.models.taggers.artist_groups import ArtistGroupEnsemble
from tutti.training.loading import Batch, Draw
from tutti.training.sampling import ExcerptBatch, n_batches
from tutti.training.sounds import Heard, Sounds, draw_excerpts, listen

Task = Literal["genre", Source]
TASKS: tuple[Task, ...] = ("genre", *get_args(Source))


@dataclass(frozen=True, kw_only=True)
class ArtistGroupsConfig:
    """What is learned by which networks, and how excerpts become batches.

    Attributes:
        name: Of the scheme.
        tasks: What the networks learn: ``genre``, ``mfcc``, ``dmfcc``, ``descriptors``, ``subgenre``.
        network: ``single``: a network for each task; ``multi``: one for all.
        groups: How factors are made.
        folder: Of factors and networks, which runs can share; None keeps them in the run's.
        l2: Weight of the squares of all kernels in the loss.
        n_hidden: Width of the classifier's hidden layer.
        input_dropout: Of the joined vectors; 0 is the thesis's classifier of one hidden layer.
        classifier_epochs: Of the classifier, at most; None as the networks.
        batch_size: Excerpts, at most.
        excerpts_per_track: Drawn from each track an epoch.
        valid_excerpts: Heard of each track in validation, at most.
    """

    name: Literal["artist-groups"] = "artist-groups"
    tasks: tuple[Task, ...] = TASKS
    network: Literal["single", "multi"] = "single"
    groups: ArtistGroupConfig = field(default_factory=ArtistGroupConfig)
    folder: Path | None = None
    l2: float = 1e-5
    n_hidden: int = 1024
    input_dropout: float = 0.5
    classifier_epochs: int | None = None
    batch_size: int = 32
    excerpts_per_track: int = 1
    valid_excerpts: int = 4

    def __post_init__(self) -> None:
        if not self.tasks or len({*self.tasks}) < len(self.tasks):
            raise ConfigError("scheme.tasks is empty or names one twice", hint=f"name some of {', '.join(TASKS)}")
        for name in ("n_hidden", "classifier_epochs", "batch_size", "excerpts_per_track", "valid_excerpts"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} is not positive", hint="give 1 or more")
        if self.l2 < 0:
            raise ConfigError(f"l2={self.l2:g} is negative", hint="give 0 for none, or 1e-5")

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: excerpts."""
        return self.batch_size

    @property
    def networks(self) -> tuple[tuple[Task, ...], ...]:
        """The tasks of each network."""
        return (self.tasks,) if self.network == "multi" else tuple((task,) for task in self.tasks)


@dataclass(frozen=True, kw_only=True)
class SoundsInGroups(Sounds):
    """Decoded sounds and the distributions that are to be heard in them.

    Attributes:
        targets: Of each task, shape (rows, outputs); rows that sum to 0 are not known.
    """

    targets: tuple[NDArray[np.float32], ...]


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of the categorical cross-entropy over the rows whose target is known, 0 where none is.

    Args:
        logits: Shape ``[batch, outputs]``.
        targets: Distributions, or zeros where nothing is known. Shape ``[batch, outputs]``.
    """
    n_known = targets.sum(dim=1).gt(0.5).sum().clamp_min(1)
    return -(targets * functional.log_softmax(logits, dim=1)).sum() / n_known


def squared_kernels(network: nn.Module) -> Tensor:
    """The sum of all squared weights of convolutions and dense layers, without biases and normalisation."""
    kernels = [one.square().sum() for one in network.parameters() if one.ndim > 1 and one.requires_grad]
    return torch.stack(kernels).sum()


class ArtistGroupLearning:
    """A :class:`tutti.training.trainer.Scheme` of networks for one task or several, whose logits lie side by side.

    Args:
        train: What is learned from.
        valid: What tells the best epoch.
        config: How excerpts become batches.
        n_samples: Length of an excerpt.
        seed: Of everything random.
        augment: Changes the excerpts that are learned from.
    """

    def __init__(
        self,
        train: SoundsInGroups,
        valid: SoundsInGroups,
        config: ArtistGroupsConfig,
        *,
        n_samples: int,
        seed: int,
        augment: Augmentation | None = None,
    ) -> None:
        self._train, self._valid, self._config = train, valid, config
        self._n_samples, self._seed, self._augment = n_samples, seed, augment
        self._widths = [one.shape[1] for one in train.targets]
        self._targets = torch.from_numpy(np.concatenate(train.targets, axis=1))
        self._wanted = torch.from_numpy(np.concatenate(valid.targets, axis=1))
        self.n_steps = n_batches(len(train.rows) * config.excerpts_per_track, config.batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        return draw_excerpts(
            self._train,
            n_samples=self._n_samples,
            batch_size=self._config.batch_size,
            excerpts_per_track=self._config.excerpts_per_track,
            seed=self._seed,
            epoch=epoch,
        )

    def load(self, draw: Draw) -> Batch:
        """Waveforms ``[batch, samples]`` and the tasks' targets side by side ``[batch, outputs]``."""
        return self._train.cut(draw.excerpts, n_samples=self._n_samples), self._targets[draw.excerpts.rows]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, augmented where the recipe says so."""
        waveforms, targets = batch
        if self._augment is not None:
            waveforms = self._augment(waveforms, generator=draw.generator())
        return waveforms, targets

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean over the tasks, and the kernels' squares."""
        waveforms, targets = batch
        losses = self._by_task(network(waveforms), targets)
        return torch.stack(losses).mean() + self._config.l2 * squared_kernels(network)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Cross-entropy of the tracks' averaged probabilities, mean over the tasks."""
        heard = listen(network, self._valid, self._plan, batch_size=self._config.batch_size)
        shares = [torch.softmax(one, dim=1) for one in torch.split(heard.outputs, self._widths, dim=1)]
        averaged = heard.averaged(torch.cat(shares, dim=1)).clamp_min(1e-12).log()
        return {"loss": torch.stack(self._by_task(averaged, self._wanted)).mean().item()}

    @property
    def _plan(self) -> ExcerptPlan:
        return ExcerptPlan(n_samples=self._n_samples, count=self._config.valid_excerpts)

    def _by_task(self, logits: Tensor, targets: Tensor) -> list[Tensor]:
        pairs = zip(*(torch.split(one, self._widths, dim=1) for one in (logits, targets)), strict=True)
        return [soft_cross_entropy(*pair) for pair in pairs]


class VectorClassifier(nn.Module):
    """The perceptron of an ensemble by itself, on joined vectors ``[batch, dimensions]``, to logits."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        assert isinstance(tagger.encoder, ArtistGroupEnsemble)
        self.input_dropout, self.dense = tagger.encoder.dropout, tagger.encoder.dense
        self.dropout, self.head = tagger.dropout, tagger.head

    def forward(self, vectors: Tensor) -> Tensor:
        """See the class."""
        hidden = functional.elu(self.dense(self.input_dropout(vectors)))
        logits: Tensor = self.head(self.dropout(hidden))
        return logits


class VectorLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`VectorClassifier`: vectors of excerpts to their classes.

    Args:
        train: Vectors to learn from.
        valid: Vectors that tell the best epoch.
        targets: Of the tracks of both. Shape (tracks, classes) each.
        batch_size: Vectors, at most.
        l2: As of the networks.
        seed: Of the order.
    """

    def __init__(
        self, train: Heard, valid: Heard, targets: tuple[Tensor, Tensor], *, batch_size: int, l2: float, seed: int
    ) -> None:
        self._train, self._valid = train, valid
        self._learned, self._wanted = targets[0][train.tracks], targets[1]
        self._batch_size, self._l2, self._seed = batch_size, l2, seed
        self.n_steps = n_batches(len(train.tracks), batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._train.tracks))
        return [
            Draw(excerpts=ExcerptBatch(rows=some, starts=np.zeros_like(some)), seed=(self._seed, epoch, step))
            for step, some in enumerate(np.array_split(order, self.n_steps))
        ]

    def load(self, draw: Draw) -> Batch:
        """Vectors ``[batch, dimensions]`` and classes ``[batch, classes]``."""
        rows = torch.from_numpy(draw.excerpts.rows)
        return self._train.outputs[rows], self._learned[rows]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same: dropout is all that changes vectors."""
        return batch

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Cross-entropy, and the kernels' squares."""
        vectors, targets = batch
        return soft_cross_entropy(network(vectors), targets) + self._l2 * squared_kernels(network)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Loss and accuracy of the tracks' averaged probabilities."""
        device = next(network.parameters()).device
        probabilities = torch.softmax(network(self._valid.outputs.to(device)).float().cpu(), dim=1)
        found = self._valid.averaged(probabilities).clamp_min(1e-12)
        right = (found.argmax(dim=1) == self._wanted.argmax(dim=1)).float().mean()
        return {"loss": soft_cross_entropy(found.log(), self._wanted).item(), "accuracy": right.item()}
