"""The contrastive scheme: an encoder learns from tracks without labels, by finding which excerpts are of one track.

From each track two excerpts are cut at random places, or at the same one, and changed at random, each by itself; the
encoder must find one from the other among the excerpts of other tracks. What is learned is told by what the changes
leave: what all of a track has in common, and other tracks have not. The result is a bundle of an encoder without a
head; other recipes start from it (``[model.start]``), and ``tutti probe`` says what its vectors know.

The losses, the projector and the queue are in ``contrastive_network``.

References:
    Chen et al., "A simple framework for contrastive learning of visual representations" (SimCLR), ICML 2020.
    Spijkervet and Burgoyne, "Contrastive learning of musical representations", ISMIR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.audio.augmentation import Augmentation
from tutti.errors import ConfigError
from tutti.training.contrastive_network import ContrastiveNetwork, cosines, nt_xent
from tutti.training.loading import Batch, Draw
from tutti.training.sampling import ExcerptBatch, n_batches, random_starts, shuffled_batches
from tutti.training.sounds import Sounds

BLOCK_VIEWS = 512  # compared with all others at once


@dataclass(frozen=True, kw_only=True)
class ContrastiveConfig:
    """How tracks become views, and what is asked of them.

    Attributes:
        name: Of the scheme.
        batch_size: Tracks, at most; of each two excerpts are heard.
        excerpts_per_track: How often each track's two excerpts are drawn an epoch.
        places: ``random``: the two excerpts are cut from places of their own; ``same``: from one, so that only the
            augmentation sets them apart.
        temperature: Of the loss.
        dimensions: Of the projection that the loss sees, and training throws away.
        queue: Vectors of earlier batches to tell a track from besides those of its own batch, through a momentum
            encoder (MoCo); 0 has neither (SimCLR).
        momentum: Share of its weights that the momentum encoder keeps in a step.
    """

    name: Literal["contrastive"] = "contrastive"
    batch_size: int = 32
    excerpts_per_track: int = 1
    places: Literal["random", "same"] = "random"
    temperature: float = 0.1
    dimensions: int = 128
    queue: int = 0
    momentum: float = 0.99

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise ConfigError(
                f"batch_size={self.batch_size} leaves no other track to tell one from",
                hint="give 2 or more, such as 64",
            )
        for field in ("excerpts_per_track", "dimensions", "temperature"):
            if getattr(self, field) <= 0:
                raise ConfigError(f"{field}={getattr(self, field):g} is not positive", hint="give a positive number")
        if self.queue < 0 or not 0 <= self.momentum < 1:
            raise ConfigError(
                f"queue={self.queue} and momentum={self.momentum:g} make no queue",
                hint="give queue 0 for none, or thousands; momentum lies in [0, 1)",
            )

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most."""
        return self.batch_size


class ContrastiveLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`ContrastiveNetwork`.

    Args:
        train: What is learned from.
        valid: What tells the best epoch: its views are drawn once and stay the same.
        config: How tracks become views.
        n_samples: Length of an excerpt.
        seed: Of everything random.
        augment: Changes the excerpts, each for itself.

    Raises:
        ConfigError: There are too few tracks, or nothing would set two views apart.
    """

    def __init__(
        self,
        train: Sounds,
        valid: Sounds,
        config: ContrastiveConfig,
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
        self._check()
        self.n_tracks = len(train.rows)
        self.n_steps = n_batches(len(train.rows) * config.excerpts_per_track, config.batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        config, seed = self._config, self._seed
        passes = range(epoch * config.excerpts_per_track, (epoch + 1) * config.excerpts_per_track)
        starts = np.stack([self._starts(self._train, one) for one in passes])
        batches = enumerate(shuffled_batches(starts, config.batch_size, seed=seed, epoch=epoch))
        return [Draw(excerpts=excerpts, seed=(seed, epoch, step)) for step, excerpts in batches]

    def load(self, draw: Draw) -> Batch:
        """Views ``[batch, 2, samples]``, and whose they are ``[batch]``."""
        return self._cut(self._train, draw.excerpts)

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, each view augmented for itself."""
        views, tracks = batch
        if self._augment is not None:
            excerpts = views.view(-1, self._n_samples)
            views = self._augment(excerpts, generator=draw.generator()).view_as(views)
        return views, tracks

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """That of the network, :mod:`tutti.training.contrastive_network`."""
        loss: Tensor = network(*batch)
        return loss

    def validate(self, network: nn.Module) -> dict[str, float]:
        """NT-Xent over batches of as many tracks as in training, and the share of views whose nearest is the other."""
        first, second = self.valid_projections(network)
        temperature = self._config.temperature
        losses = [
            len(rows) * nt_xent(first[rows], second[rows], tracks=torch.from_numpy(rows), temperature=temperature)
            for rows in self._blocks(len(first))
        ]
        return {"loss": float(sum(losses)) / len(first), "top_1": float(found_at_once(first, second).mean())}

    def valid_projections(self, network: nn.Module) -> tuple[Tensor, Tensor]:
        """Unit vectors of both views of each track of the validation split, on the CPU. Shape (tracks, dimensions)."""
        learner = cast(ContrastiveNetwork, network)
        device = next(network.parameters()).device
        starts = self._starts(self._valid, 0)
        projected = []
        for block, rows in enumerate(self._blocks(len(starts))):
            # of epoch 0, which is none that is learned from
            draw = Draw(excerpts=ExcerptBatch(rows=rows, starts=starts[rows]), seed=(self._seed, 0, block))
            views, tracks = self._cut(self._valid, draw.excerpts)
            views, _ = self.alter((views.to(device), tracks), draw)
            projected.append(learner.project(views.flatten(0, 1)).float().cpu().view(len(rows), 2, -1))
        first, second = torch.cat(projected).unbind(dim=1)
        return first, second

    def _blocks(self, n_tracks: int) -> list[NDArray[np.int64]]:
        """The tracks of the validation split in batches as equal as can be."""
        blocks: list[NDArray[np.int64]] = np.array_split(
            np.arange(n_tracks), n_batches(n_tracks, self._config.batch_size)
        )
        return blocks

    def _cut(self, sounds: Sounds, excerpts: ExcerptBatch) -> Batch:
        """The two excerpts of some tracks."""
        rows, starts = excerpts
        which = np.repeat(sounds.rows[rows], 2)
        cut = sounds.store.excerpts(which.tolist(), starts.ravel().tolist(), n_samples=self._n_samples)
        return torch.from_numpy(cut).view(len(rows), 2, -1), torch.from_numpy(rows)

    def _starts(self, sounds: Sounds, one_pass: int) -> NDArray[np.int64]:
        """Where the two excerpts of each track begin. Shape (rows, 2)."""
        both = [
            random_starts(sounds.n_samples, self._n_samples, seed=self._seed, epoch=2 * one_pass + view)
            for view in (0, 0 if self._config.places == "same" else 1)
        ]
        return np.stack(both, axis=1)

    def _check(self) -> None:
        for name, sounds in {"learn from": self._train, "validate by": self._valid}.items():
            if len(sounds.rows) < 2:
                raise ConfigError(
                    f"there are {len(sounds.rows)} tracks to {name}; a track is told from others",
                    hint="take a catalogue of more tracks",
                )
        if self._augment is not None:
            return
        n_short = int((self._train.n_samples <= self._n_samples).sum())
        if self._config.places == "same" or 2 * n_short > len(self._train.rows):
            reason = "scheme.places = 'same'"
            if self._config.places != "same":
                reason = f"{n_short} of {len(self._train.rows)} tracks are no longer than one excerpt"
            raise ConfigError(
                f"{reason}, and without augmentation the two views of a track are the same sound",
                hint="add a section [augmentation], or a smaller model.options.n_samples with scheme.places = 'random'",
            )


def found_at_once(first: Tensor, second: Tensor) -> NDArray[np.float64]:
    """Of each track, the share of its two views whose nearest among all other views is the other one.

    Ties go to the first of equals.

    Args:
        first: A view of each track, unit vectors. Shape (tracks, dimensions).
        second: Another view of each.

    Returns:
        0, 0.5 or 1. Shape (tracks,).

    >>> found_at_once(torch.eye(3), torch.eye(3))
    array([1., 1., 1.])
    """
    views, n_tracks = torch.cat([first, second]), len(first)
    found = []
    for begin in range(0, 2 * n_tracks, BLOCK_VIEWS):
        rows = torch.arange(begin, min(begin + BLOCK_VIEWS, 2 * n_tracks))
        similarity = cosines(views[rows], views)
        similarity[torch.arange(len(rows)), rows] = -torch.inf
        found.append(similarity.argmax(dim=1) == (rows + n_tracks) % (2 * n_tracks))
    shares: NDArray[np.float64] = torch.cat(found).view(2, n_tracks).double().mean(dim=0).numpy()
    return shares
