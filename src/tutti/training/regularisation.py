"""Terms that a recipe can add to its scheme's loss, of sounds whose labels play no part: consistency and entropy.

*Consistency*: a network is to answer alike on two alterations of the same excerpt. *Entropy*: it is to be sure of its
answers. Both may hear sounds that nobody has labelled. (Mixing of excerpts, mixup, is a matter of the schemes.)

:class:`Regularised` puts the terms around any scheme whose network gives logits of labels; the schemes know nothing
of them.

References:
    Won, thesis 2021, section 2.3.2, on semi-supervised learning.
    Grandvalet and Bengio, "Semi-supervised learning by entropy minimization", NeurIPS 2004.
    Laine and Aila, "Temporal ensembling for semi-supervised learning" (Π-model, squares, ramp-up), ICLR 2017.
    Xie et al., "Unsupervised data augmentation for consistency training" (divergence, threshold), NeurIPS 2020.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.augmentation import Augmentation
from tutti.errors import ConfigError
from tutti.models.bundles import Task
from tutti.training.loading import Batch, Draw
from tutti.training.sounds import Sounds
from tutti.training.supervised import PROBABILITIES
from tutti.training.trainer import Scheme

Measure = Literal["mse", "kl"]
SCHEMES_WITH_ANSWERS = ("supervised", "noisy-student")  # whose networks give logits of labels
EXCERPTS, TARGETS, ANSWERS = 1_000_001, 1_000_002, 1_000_003  # set what is drawn here apart; no process has such a rank


@dataclass(frozen=True, kw_only=True)
class ConsistencyConfig:
    """The same answer on two alterations of an excerpt. No gradient flows into the one that is the target.

    Attributes:
        weight: Of the term.
        measure: ``mse``: mean square of the difference of probabilities; ``kl``: divergence, in nats, of the answer
            from the target, of tags as the mean over labels.
        target: ``altered``: heard after an alteration of its own (Laine and Aila); ``plain``: unaltered (Xie et al.).
        threshold: Only targets that are at least this sure count: of tags each label by itself, the larger one of its
            probability and the rest; of classes the likeliest one's probability.
    """

    weight: float = 1.0
    measure: Measure = "mse"
    target: Literal["altered", "plain"] = "altered"
    threshold: float = 0.0

    def __post_init__(self) -> None:
        _check_weight(self.weight, "consistency")
        if not 0 <= self.threshold < 1:
            raise ConfigError(
                f"the threshold {self.threshold:g} of consistency is no probability below 1",
                hint="give 0 to have all targets count, or 0.8",
            )


@dataclass(frozen=True, kw_only=True)
class EntropyConfig:
    """Sure answers: the entropy of the answers, in nats, is lowered; of tags the mean over labels.

    Attributes:
        weight: Of the term.
    """

    weight: float = 0.1

    def __post_init__(self) -> None:
        _check_weight(self.weight, "entropy")


@dataclass(frozen=True, kw_only=True)
class RegularisationConfig:
    """Which terms are added, and what they hear.

    Attributes:
        consistency: Without the section there is no such term.
        entropy: Without the section there is no such term.
        catalogue: Of tracks that need no labels; those of its splits ``valid`` and ``test`` are not heard. None hears
            the sounds that the scheme learns from.
        store: Where that catalogue's decoded sounds are kept; None keeps them in the run's folder.
        ratio: Excerpts that the terms hear for each one of a batch of the scheme.
        ramp_up: Epochs over which the terms' weights rise to what they are set to; 0 begins with all of it.
    """

    consistency: ConsistencyConfig | None = None
    entropy: EntropyConfig | None = None
    catalogue: Path | None = None
    store: Path | None = None
    ratio: float = 1.0
    ramp_up: int = 0

    def __post_init__(self) -> None:
        if self.consistency is None and self.entropy is None:
            raise ConfigError(
                "regularisation names no term",
                hint="add a section [regularisation.consistency] or [regularisation.entropy], or leave it out",
            )
        if not (math.isfinite(self.ratio) and self.ratio > 0):
            raise ConfigError(f"ratio={self.ratio:g} hears nothing", hint="give a positive number, such as 1.0")
        if self.ramp_up < 0:
            raise ConfigError(f"ramp_up={self.ramp_up} is negative", hint="give epochs, or 0 for none")

    def ramp(self, epoch: int) -> float:
        """Share of their weights that the terms have in an epoch, from 1: a Gaussian's rise (Laine and Aila).

        >>> [round(RegularisationConfig(entropy=EntropyConfig(), ramp_up=3).ramp(epoch), 3) for epoch in (1, 2, 3, 4)]
        [0.007, 0.108, 0.574, 1.0]
        """
        missing = 1 - min(1.0, (epoch - 1) / self.ramp_up) if self.ramp_up else 0.0
        return math.exp(-5 * missing**2)


class Regularised:
    """A :class:`tutti.training.trainer.Scheme`: another one's loss, and the terms' of further excerpts.

    Args:
        scheme: Its network gives logits of labels.
        sounds: What the terms hear.
        config: Which terms.
        n_samples: Length of an excerpt.
        task: Whether labels exclude each other.
        augment: Alters the excerpts; None leaves them alone, which suits no consistency.
    """

    def __init__(
        self,
        scheme: Scheme,
        sounds: Sounds,
        config: RegularisationConfig,
        *,
        n_samples: int,
        task: Task = "tags",
        augment: Augmentation | None = None,
    ) -> None:
        self.n_steps = scheme.n_steps
        self._scheme, self._sounds, self._config = scheme, sounds, config
        self._n_samples, self._task, self._augment = n_samples, task, augment
        self._n_added = 2 if config.consistency is None else 3  # tensors: a view or two, and the ramp
        if config.consistency is not None and augment is None:
            raise ConfigError(
                "consistency compares answers on two alterations of an excerpt, and this recipe alters none",
                hint="add a section [augmentation], see the guide on it",
            )

    def draws(self, epoch: int) -> Sequence[Draw]:
        """Those of the scheme; what the terms hear follows from their seeds."""
        return [dataclasses.replace(draw, ramp=self._config.ramp(epoch)) for draw in self._scheme.draws(epoch)]

    def load(self, draw: Draw) -> Batch:
        """The scheme's batch, then the terms' excerpts ``[excerpts, samples]``, then the share of their weights."""
        rng = np.random.default_rng((*draw.seed, EXCERPTS))
        n_excerpts = max(1, round(self._config.ratio * len(draw.excerpts.rows)))
        picked = rng.choice(len(self._sounds.rows), n_excerpts, replace=n_excerpts > len(self._sounds.rows))
        rooms = np.maximum(0, self._sounds.n_samples[picked] - self._n_samples)
        rows, starts = self._sounds.rows[picked].tolist(), rng.integers(rooms + 1).tolist()
        cut = torch.from_numpy(self._sounds.store.excerpts(rows, starts, n_samples=self._n_samples))
        return [*self._scheme.load(draw), cut, torch.tensor(draw.ramp)]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The scheme's batch as it alters it, then the views of the terms' excerpts, the target's last, the share."""
        *own, excerpts, ramp = batch
        views = [self._altered(excerpts, draw, ANSWERS)]
        if self._config.consistency is not None:
            plain = self._config.consistency.target == "plain"
            views.append(excerpts if plain else self._altered(excerpts, draw, TARGETS))
        return [*self._scheme.alter(own, draw), *views, ramp]

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The scheme's loss plus the weighted terms."""
        own, (view, *targets, ramp) = batch[: -self._n_added], batch[-self._n_added :]
        config = self._config
        logits = network(view).float()
        terms = torch.zeros_like(ramp)
        if config.entropy is not None:
            terms = terms + config.entropy.weight * entropy(logits, self._task)
        if config.consistency is not None:
            with torch.no_grad():
                target = network(targets[0]).float()
            terms = terms + config.consistency.weight * inconsistency(logits, target, config.consistency, self._task)
        return self._scheme.loss(network, own) + ramp * terms

    def validate(self, network: nn.Module) -> dict[str, float]:
        """As the scheme does: the terms take no part."""
        return self._scheme.validate(network)

    def _altered(self, excerpts: Tensor, draw: Draw, origin: int) -> Tensor:
        if self._augment is None:
            return excerpts
        return self._augment(excerpts, generator=dataclasses.replace(draw, seed=(*draw.seed, origin)).generator())


def entropy(logits: Tensor, task: Task) -> Tensor:
    """Mean entropy of answers, in nats, over excerpts; of tags over labels too.

    Args:
        logits: Shape ``[batch, n_labels]``.
        task: Of classes all answers are one distribution; of tags each is one of two outcomes.

    References:
        Grandvalet and Bengio, 2004.

    >>> round(entropy(torch.zeros(1, 4), "tags").item(), 4), round(entropy(torch.zeros(1, 4), "classes").item(), 4)
    (0.6931, 1.3863)
    """
    if task == "tags":  # -p log p - (1 - p) log (1 - p) with p the sigmoid of the logit, without a logarithm of 0
        return (functional.softplus(logits) - torch.sigmoid(logits) * logits).mean()
    return -(torch.softmax(logits, dim=1) * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


def inconsistency(logits: Tensor, target: Tensor, config: ConsistencyConfig, task: Task) -> Tensor:
    """How far answers are from those on another alteration, mean over excerpts, and of tags over labels.

    Answers whose targets are less sure than the threshold count as 0, so that the term grows as sureness does.

    Args:
        logits: Shape ``[batch, n_labels]``.
        target: Logits that do not move, same shape.
        config: Measure and threshold.
        task: Of classes all answers are one distribution; of tags each is one of two outcomes.
    """
    target = target.detach()
    wanted, answers = PROBABILITIES[task](target), PROBABILITIES[task](logits)
    if task == "tags":
        sureness = torch.maximum(wanted, 1 - wanted)
        if config.measure == "mse":
            distance = (answers - wanted).square()
        else:
            distance = _cross_entropy(logits, wanted) - _cross_entropy(target, wanted)
    else:
        sureness = wanted.amax(dim=1)
        if config.measure == "mse":
            distance = (answers - wanted).square().mean(dim=1)
        else:
            logs = torch.log_softmax(logits, dim=1), torch.log_softmax(target, dim=1)
            distance = functional.kl_div(*logs, log_target=True, reduction="none").sum(dim=1)
    return (distance * (sureness >= config.threshold)).mean()


def _cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")


def _check_weight(weight: float, term: str) -> None:
    if not (math.isfinite(weight) and weight > 0):
        raise ConfigError(
            f"the weight {weight:g} of {term} is not positive", hint=f"leave out [regularisation.{term}] for none"
        )
