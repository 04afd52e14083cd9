"""The supervised scheme of taggers: random excerpts, the track's labels, a cross-entropy on logits.

Targets are those of the whole track, although an excerpt may not show all of them (weak labels). At the level of
*instances* each excerpt answers for itself. At the level of *songs* a track's excerpts, spread at random over it, have
one answer, the average of their logits, and one loss: what only some of them show is enough. (The thesis also calls
it song-level when a model's one excerpt is nearly the whole clip, as FCN's and CRNN's 29 s: that is a matter of the
architecture's ``n_samples``.)

Tags are independent of each other (binary cross-entropy), classes exclude each other (cross-entropy over all).
Validation hears excerpts spread evenly over each track and averages their probabilities, as evaluation does.

References:
    Won, Ferraro, Bogdanov and Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020.
    Won, thesis 2021, section 3.2.2, on instances and songs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.augmentation import Augmentation
from tutti.audio.excerpts import ExcerptPlan
from tutti.errors import ConfigError
from tutti.evaluation.multilabel import pr_auc, roc_auc, scorable
from tutti.models.bundles import Task
from tutti.training.loading import Batch, Draw
from tutti.training.rates import learning_mode
from tutti.training.sampling import n_batches, random_starts, shuffled_batches, spread_starts
from tutti.training.sounds import Sounds, listen


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig:
    """How excerpts become batches.

    Attributes:
        name: Of the scheme.
        level: ``instance``: each excerpt has a loss of its own; ``song``: one for a track's excerpts together.
        batch_size: Excerpts, at most; at the level of songs those of ``batch_size / excerpts_per_song`` tracks.
        excerpts_per_track: Drawn from each track an epoch; at the level of songs, how often a track is heard.
        excerpts_per_song: Heard together at the level of songs.
        mixup: Strength of mixing pairs of excerpts and their targets, the parameter of a symmetric Beta; 0 is none.
        valid_excerpts: Heard of each track in validation, at most.
    """

    name: Literal["supervised"] = "supervised"
    level: Literal["instance", "song"] = "instance"
    batch_size: int = 32
    excerpts_per_track: int = 1
    excerpts_per_song: int = 4
    mixup: float = 0.0
    valid_excerpts: int = 4

    def __post_init__(self) -> None:
        for field in ("batch_size", "excerpts_per_track", "valid_excerpts"):
            if getattr(self, field) < 1:
                raise ConfigError(f"{field}={getattr(self, field)} is not positive", hint="give 1 or more")
        if self.mixup < 0:
            raise ConfigError(f"mixup={self.mixup:g} is negative", hint="give 0 for none, or 0.2")
        if self.level == "song" and not 2 <= self.excerpts_per_song <= self.batch_size:
            raise ConfigError(
                f"a batch of {self.batch_size} excerpts holds no song of {self.excerpts_per_song}",
                hint="give excerpts_per_song from 2 to batch_size, or level = 'instance'",
            )

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: excerpts or songs."""
        return self.batch_size if self.level == "instance" else self.batch_size // self.excerpts_per_song


@dataclass(frozen=True, kw_only=True)
class LabelledSounds(Sounds):
    """Decoded sounds and what they are labelled with.

    Attributes:
        targets: Their labels, of classes exactly one each. Shape (rows, labels).
    """

    targets: NDArray[np.bool_]


class SupervisedTagging:
    """A :class:`tutti.training.trainer.Scheme` for taggers, of tags or of classes.

    Args:
        train: What is learned from.
        valid: What tells the best epoch.
        config: How excerpts become batches.
        n_samples: Length of an excerpt.
        seed: Of everything random.
        task: Whether labels exclude each other.
        augment: Changes the excerpts that are learned from.

    Raises:
        ConfigError: Songs are to be learned from, and most tracks are no longer than an excerpt.
    """

    def __init__(
        self,
        train: LabelledSounds,
        valid: LabelledSounds,
        config: SupervisedConfig,
        *,
        n_samples: int,
        seed: int,
        task: Task = "tags",
        augment: Augmentation | None = None,
    ) -> None:
        self._train, self._valid = train, valid
        self._config = config
        self._n_samples = n_samples
        self._seed = seed
        self._task = task
        self._augment = augment
        self._train_targets = torch.from_numpy(train.targets.astype(np.float32))
        self.n_steps = n_batches(len(train.rows) * config.excerpts_per_track, config.n_answers)
        if config.level == "song":
            self._check_lengths()

    def check_batches(self, network: nn.Module, *, n_processes: int = 1) -> None:
        """See that a network can learn from the smallest batch that there will be.

        Some normalise each channel over nothing but the batch's excerpts: of one excerpt no variance is left.

        Raises:
            ConfigError: A process will have a batch of one excerpt, and the network cannot learn from one.
        """
        n_excerpts, largest = len(self._train.rows) * self._config.excerpts_per_track, self._config.batch_size
        if self._config.level == "song" or n_excerpts // self.n_steps // n_processes > 1:
            return
        try:
            with torch.random.fork_rng(devices=[]), torch.no_grad():  # as if nothing had been tried
                learning_mode(copy.deepcopy(network))(torch.zeros(1, self._n_samples))
        except ValueError as cause:
            if "more than 1 value per channel" not in str(cause):
                raise
            shared = f", shared by {n_processes} processes," if n_processes > 1 else ""
            more = f"set scheme.batch_size to {4 * n_processes} or more"
            raise ConfigError(
                f"{n_excerpts} excerpts an epoch in batches of at most {largest}{shared} leave an excerpt alone in its "
                "batch, and this model normalises over several",
                hint=more if n_excerpts >= 2 * n_processes else f"train on more tracks; {more}",
            ) from None

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        config, seed = self._config, self._seed
        passes = range(epoch * config.excerpts_per_track, (epoch + 1) * config.excerpts_per_track)
        starts = np.stack([self._starts(one) for one in passes])
        mixing = np.random.default_rng((seed, epoch, len(self._train.rows)))
        batches = enumerate(shuffled_batches(starts, config.n_answers, seed=seed, epoch=epoch))
        return [
            Draw(
                excerpts=excerpts,
                seed=(seed, epoch, step),
                mix=float(mixing.beta(config.mixup, config.mixup)) if config.mixup else 1.0,
            )
            for step, excerpts in batches
        ]

    def load(self, draw: Draw) -> Batch:
        """Waveforms ``[batch, samples]``, of songs ``[batch, excerpts, samples]``; targets ``[batch, n_labels]``."""
        rows, starts = draw.excerpts
        n_heard = starts[0].size  # of each track
        sounds = np.repeat(self._train.rows[rows], n_heard)
        cut = self._train.store.excerpts(sounds.tolist(), starts.ravel().tolist(), n_samples=self._n_samples)
        return torch.from_numpy(cut).view(*starts.shape, -1), self._train_targets[rows]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, augmented and mixed where the configuration says so."""
        waveforms, targets = batch
        if self._augment is not None:
            excerpts = waveforms.view(-1, self._n_samples)
            waveforms = self._augment(excerpts, generator=draw.generator()).view_as(waveforms)
        if draw.mix < 1:
            waveforms = torch.lerp(waveforms, waveforms.flip(0), 1 - draw.mix)
            targets = torch.lerp(targets, targets.flip(0), 1 - draw.mix)
        return waveforms, targets

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean cross-entropy over excerpts, or over songs, of each label or of the classes."""
        waveforms, targets = batch
        logits = network(waveforms.reshape(-1, waveforms.shape[-1]))
        if waveforms.ndim == 3:
            logits = logits.view(*waveforms.shape[:2], -1).mean(dim=1)
        return LOSSES[self._task](logits, targets)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Losses of tracks and of excerpts, areas of the tracks' averaged probabilities; of classes their accuracy."""
        plan = ExcerptPlan(n_samples=self._n_samples, count=self._config.valid_excerpts)
        heard = listen(network, self._valid, plan, batch_size=self._config.batch_size)
        targets = self._valid.targets
        wanted = torch.from_numpy(targets.astype(np.float32))
        found = heard.averaged(PROBABILITIES[self._task](heard.outputs))
        scores = {
            "loss": _loss_of_probabilities(found, wanted, self._task),
            "excerpt_loss": LOSSES[self._task](heard.outputs, wanted[heard.tracks]).item(),
            "roc_auc_macro": float("nan"),
            "pr_auc_macro": float("nan"),
        }
        if self._task == "classes":
            scores["accuracy"] = (found.argmax(dim=1) == wanted.argmax(dim=1)).float().mean().item()
        exists = scorable(targets)
        if exists.any():
            areas = targets[:, exists], found.numpy()[:, exists]
            scores |= {"roc_auc_macro": roc_auc(*areas), "pr_auc_macro": pr_auc(*areas)}
        return scores

    def _starts(self, epoch: int) -> NDArray[np.int64]:
        lengths, config = self._train.n_samples, self._config
        if config.level == "instance":
            return random_starts(lengths, self._n_samples, seed=self._seed, epoch=epoch)
        return spread_starts(lengths, self._n_samples, count=config.excerpts_per_song, seed=self._seed, epoch=epoch)

    def _check_lengths(self) -> None:
        n_short = int((self._train.n_samples <= self._n_samples).sum())
        if 2 * n_short > len(self._train.rows):
            raise ConfigError(
                f"scheme.level = 'song' has nothing to average: {n_short} of {len(self._train.rows)} tracks are "
                f"no longer than one excerpt of {self._n_samples} samples",
                hint="set scheme.level = 'instance', or a smaller model.options.n_samples",
            )


LOSSES: dict[Task, Callable[[Tensor, Tensor], Tensor]] = {
    "tags": functional.binary_cross_entropy_with_logits,
    "classes": functional.cross_entropy,  # targets are shares, so that they can be mixed
}
PROBABILITIES: dict[Task, Callable[[Tensor], Tensor]] = {
    "tags": torch.sigmoid,
    "classes": lambda logits: torch.softmax(logits, dim=1),
}


def _loss_of_probabilities(probabilities: Tensor, targets: Tensor, task: Task) -> float:
    if task == "tags":
        return functional.binary_cross_entropy(probabilities.clamp(0, 1), targets).item()
    return functional.nll_loss(probabilities.clamp_min(1e-12).log(), targets.argmax(dim=1)).item()
