"""The scheme that regresses a track's listening factors from its sound.

The factors of the tracks that are learned from are made of these tracks' plays alone; those of tracks held out are
folded in, the users' staying as they are, and serve only to validate and to score. With the half cosine loss the
direction of the factors is learned, with the mean squared error their length too.

References:
    Van den Oord, Dieleman and Schrauwen, "Deep content-based music recommendation", NIPS 2013.
    Oramas, Nieto, Sordo and Serra, "A deep multimodal approach for cold-start music recommendation", DLRS 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.augmentation import Augmentation
from tutti.audio.excerpts import ExcerptPlan
from tutti.errors import ConfigError
from tutti.listening.factors import FactorConfig
from tutti.training.loading import Batch, Draw
from tutti.training.sampling import n_batches
from tutti.training.sounds import Sounds, draw_excerpts, listen

FactorLoss = Literal["cosine", "mse"]


@dataclass(frozen=True, kw_only=True)
class FactorRegressionConfig:
    """How factors are made, and excerpts become batches.

    Attributes:
        name: Of the scheme.
        plays: A table of plays (``tutti.listening.play_files``); None takes the catalogue's listens.
        factors: How plays become factors; the method must be ``als``.
        loss: ``cosine``: half of one minus the cosine, of directions; ``mse``: of the factors themselves.
        depth: Of the rankings that the model is scored by.
        batch_size: Excerpts, at most.
        excerpts_per_track: Drawn from each track an epoch.
        valid_excerpts: Heard of each track in validation, at most.
    """

    name: Literal["factor-regression"] = "factor-regression"
    plays: Path | None = None
    factors: FactorConfig = field(default_factory=FactorConfig)
    loss: FactorLoss = "cosine"
    depth: int = 10
    batch_size: int = 32
    excerpts_per_track: int = 1
    valid_excerpts: int = 4

    def __post_init__(self) -> None:
        for name in ("depth", "batch_size", "excerpts_per_track", "valid_excerpts"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if self.factors.method != "als":
            raise ConfigError(
                f"factors by {self.factors.method} have none for tracks that are held out",
                hint="set scheme.factors.method = 'als', or leave it out",
            )

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: excerpts."""
        return self.batch_size


@dataclass(frozen=True, kw_only=True)
class SoundsWithFactors(Sounds):
    """Decoded sounds and the factors that are to be heard in them.

    Attributes:
        factors: Shape (rows, dimensions), float32.
    """

    factors: NDArray[np.float32]


def cosine_loss(outputs: Tensor, wanted: Tensor) -> Tensor:
    """Mean of (1 - cosine) / 2 over ``[batch, dimensions]``: 0 the same direction, 1 the opposite one."""
    return (1 - functional.cosine_similarity(outputs, wanted, dim=1)).mean() / 2


LOSSES: dict[FactorLoss, Callable[[Tensor, Tensor], Tensor]] = {"cosine": cosine_loss, "mse": functional.mse_loss}


class FactorRegression:
    """A :class:`tutti.training.trainer.Scheme` that hears factors.

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
        train: SoundsWithFactors,
        valid: SoundsWithFactors,
        config: FactorRegressionConfig,
        *,
        n_samples: int,
        seed: int,
        augment: Augmentation | None = None,
    ) -> None:
        self._train, self._valid = train, valid
        self._config = config
        self._n_samples = n_samples
        self._seed = seed
        self._augment = augment
        self._loss = LOSSES[config.loss]
        self._factors = torch.from_numpy(train.factors)
        self._wanted = torch.from_numpy(valid.factors)
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
        """Waveforms ``[batch, samples]`` and factors ``[batch, dimensions]``."""
        return self._train.cut(draw.excerpts, n_samples=self._n_samples), self._factors[draw.excerpts.rows]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, augmented where the recipe says so."""
        waveforms, factors = batch
        if self._augment is not None:
            waveforms = self._augment(waveforms, generator=draw.generator())
        return waveforms, factors

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean over the excerpts."""
        waveforms, factors = batch
        return self._loss(network(waveforms), factors)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The loss of the tracks' averaged outputs, and their mean cosine."""
        plan = ExcerptPlan(n_samples=self._n_samples, count=self._config.valid_excerpts)
        answers = listen(network, self._valid, plan, batch_size=self._config.batch_size)
        heard = answers.averaged(answers.outputs)
        return {
            "loss": self._loss(heard, self._wanted).item(),
            "cosine": functional.cosine_similarity(heard, self._wanted, dim=1).mean().item(),
        }
