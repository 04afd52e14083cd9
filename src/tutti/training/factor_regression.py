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
from tutti.audio.store import WaveformStore
from tutti.errors import ConfigError
from tutti.listening.factors import FactorConfig
from tutti.training.loading import Batch, Draw
from tutti.training.sampling import n_batches, random_starts, shuffled_batches

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
class SoundsWithFactors:
    """Decoded sounds and the factors that are to be heard in them.

    Attributes:
        store: The sounds.
        rows: Which of them.
        factors: Shape (rows, dimensions), float32.
    """

    store: WaveformStore
    rows: NDArray[np.int64]
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
        n_passes, seed = self._config.excerpts_per_track, self._seed
        lengths = self._train.store.n_samples[self._train.rows]
        passes = range(epoch * n_passes, (epoch + 1) * n_passes)
        starts = np.stack([random_starts(lengths, self._n_samples, seed=seed, epoch=one) for one in passes])
        batches = shuffled_batches(starts, self._config.batch_size, seed=seed, epoch=epoch)
        return [Draw(excerpts=one, seed=(seed, epoch, step)) for step, one in enumerate(batches)]

    def load(self, draw: Draw) -> Batch:
        """Waveforms ``[batch, samples]`` and factors ``[batch, dimensions]``."""
        rows, starts = draw.excerpts
        sounds = self._train.rows[rows].tolist()
        cut = self._train.store.excerpts(sounds, starts.tolist(), n_samples=self._n_samples)
        return torch.from_numpy(cut), self._factors[rows]

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
        heard = self._listen(network)
        return {
            "loss": self._loss(heard, self._wanted).item(),
            "cosine": functional.cosine_similarity(heard, self._wanted, dim=1).mean().item(),
        }

    def _listen(self, network: nn.Module) -> Tensor:
        """Outputs averaged over the excerpts of each track held out. Shape (tracks, dimensions)."""
        store, rows = self._valid.store, self._valid.rows
        plan = ExcerptPlan(n_samples=self._n_samples, count=self._config.valid_excerpts)
        places = [(i, start) for i, row in enumerate(rows) for start in plan.starts(int(store.n_samples[row]))]
        device = next(network.parameters()).device
        outputs = []
        for first in range(0, len(places), self._config.batch_size):
            index, starts = zip(*places[first : first + self._config.batch_size], strict=True)
            cut = store.excerpts([int(rows[i]) for i in index], starts, n_samples=self._n_samples)
            outputs.append(network(torch.from_numpy(cut).to(device)).float().cpu())
        tracks = torch.tensor([index for index, _ in places])
        sums = torch.zeros(self._wanted.shape).index_add_(0, tracks, torch.cat(outputs))
        return sums / torch.bincount(tracks, minlength=len(rows))[:, None]
