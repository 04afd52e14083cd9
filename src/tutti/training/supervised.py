"""The supervised scheme of taggers: random excerpts, the track's labels, binary cross-entropy on logits.

Targets are those of the whole track, although an excerpt may not show all of them (weak labels). Validation
hears excerpts spread evenly over each track and averages their probabilities, as evaluation does.

References:
    Won, Ferraro, Bogdanov and Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.excerpts import ExcerptPlan
from tutti.audio.store import WaveformStore
from tutti.errors import ConfigError
from tutti.evaluation.multilabel import pr_auc, roc_auc, scorable
from tutti.training.sampling import n_batches, random_starts, shuffled_batches
from tutti.training.trainer import Batch


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig:
    """How excerpts become batches.

    Attributes:
        name: Of the scheme.
        batch_size: Excerpts, at most.
        excerpts_per_track: Drawn from each track an epoch.
        mixup: Strength of mixing pairs of excerpts and their targets, the parameter of a symmetric Beta; 0 is
        none. valid_excerpts: Heard of each track in validation, at most.
    """

    name: Literal["supervised"] = "supervised"
    batch_size: int = 32
    excerpts_per_track: int = 1
    mixup: float = 0.0
    valid_excerpts: int = 4

    def __post_init__(self) -> None:
        for field in ("batch_size", "excerpts_per_track", "valid_excerpts"):
            if getattr(self, field) < 1:
                raise ConfigError(f"{field}={getattr(self, field)} is not positive", hint="give 1 or more")
        if self.mixup < 0:
            raise ConfigError(f"mixup={self.mixup:g} is negative", hint="give 0 for none, or 0.2")


@dataclass(frozen=True, kw_only=True)
class LabelledSounds:
    """Decoded sounds and what they are labelled with.

    Attributes:
        store: The sounds.
        rows: Which of them.
        targets: Their labels. Shape (rows, labels).
    """

    store: WaveformStore
    rows: NDArray[np.int64]
    targets: NDArray[np.bool_]


class SupervisedTagging:
    """A :class:`tutti.training.trainer.Scheme` for taggers."""

    def __init__(
        self,
        train: LabelledSounds,
        valid: LabelledSounds,
        config: SupervisedConfig,
        *,
        n_samples: int,
        seed: int,
    ) -> None:
        self._train, self._valid = train, valid
        self._config = config
        self._n_samples = n_samples
        self._seed = seed
        self._train_targets = torch.from_numpy(train.targets.astype(np.float32))
        self.n_steps = n_batches(len(train.rows) * config.excerpts_per_track, config.batch_size)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Waveforms ``[batch, samples]`` and targets ``[batch, n_labels]``."""
        config, sounds = self._config, self._train
        lengths = sounds.store.n_samples[sounds.rows]
        passes = range(epoch * config.excerpts_per_track, (epoch + 1) * config.excerpts_per_track)
        starts = np.stack([random_starts(lengths, self._n_samples, seed=self._seed, epoch=one) for one in passes])
        mixing = np.random.default_rng((self._seed, epoch, len(lengths)))
        for rows, begins in shuffled_batches(starts, config.batch_size, seed=self._seed, epoch=epoch):
            cut = sounds.store.excerpts(sounds.rows[rows].tolist(), begins.tolist(), n_samples=self._n_samples)
            waveforms, targets = torch.from_numpy(cut), self._train_targets[rows]
            if config.mixup:
                share = float(mixing.beta(config.mixup, config.mixup))
                waveforms = torch.lerp(waveforms, waveforms.flip(0), 1 - share)
                targets = torch.lerp(targets, targets.flip(0), 1 - share)
            yield waveforms, targets

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean binary cross-entropy over excerpts and labels."""
        waveforms, targets = batch
        return functional.binary_cross_entropy_with_logits(network(waveforms), targets)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Loss and areas of the averaged probabilities of each track of the validation split."""
        probabilities, targets = self._predict(network), self._valid.targets
        loss = functional.binary_cross_entropy(
            torch.from_numpy(probabilities), torch.from_numpy(targets.astype(np.float32))
        )
        exists = scorable(targets)
        if not exists.any():
            return {"loss": loss.item(), "roc_auc_macro": float("nan"), "pr_auc_macro": float("nan")}
        areas = targets[:, exists], probabilities[:, exists]
        return {"loss": loss.item(), "roc_auc_macro": roc_auc(*areas), "pr_auc_macro": pr_auc(*areas)}

    def _predict(self, network: nn.Module) -> NDArray[np.float32]:
        store, rows = self._valid.store, self._valid.rows
        plan = ExcerptPlan(n_samples=self._n_samples, count=self._config.valid_excerpts)
        places = [(i, start) for i, row in enumerate(rows) for start in plan.starts(int(store.n_samples[row]))]
        device = next(network.parameters()).device
        sums = np.zeros((len(rows), self._valid.targets.shape[1]), dtype=np.float32)
        counts = np.zeros((len(rows), 1), dtype=np.float32)
        for first in range(0, len(places), self._config.batch_size):
            index, starts = zip(*places[first : first + self._config.batch_size], strict=True)
            cut = store.excerpts([int(rows[i]) for i in index], starts, n_samples=self._n_samples)
            probabilities = torch.sigmoid(network(torch.from_numpy(cut).to(device))).float().cpu().numpy()
            np.add.at(sums, list(index), probabilities)
            np.add.at(counts, list(index), 1.0)
        return np.asarray(sums / counts)
