"""Sounds that schemes learn from: rows of a store, random excerpts of them, and what a network says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.audio.excerpts import ExcerptPlan
from tutti.audio.store import WaveformStore
from tutti.training.loading import Draw
from tutti.training.sampling import ExcerptBatch, random_starts, shuffled_batches


@dataclass(frozen=True, kw_only=True)
class Sounds:
    """Decoded sounds. What is to be heard in them, schemes add.

    Attributes:
        store: Where they lie.
        rows: Which of the store's.
    """

    store: WaveformStore
    rows: NDArray[np.int64]

    @property
    def n_samples(self) -> NDArray[np.int64]:
        """Length of each sound. Shape (rows,)."""
        lengths: NDArray[np.int64] = self.store.n_samples[self.rows]
        return lengths

    def cut(self, excerpts: ExcerptBatch, *, n_samples: int) -> Tensor:
        """Excerpts, whose rows count among these sounds. Shape ``[batch, samples]``."""
        sounds = self.rows[excerpts.rows].tolist()
        return torch.from_numpy(self.store.excerpts(sounds, excerpts.starts.tolist(), n_samples=n_samples))


def draw_excerpts(
    sounds: Sounds, *, n_samples: int, batch_size: int, excerpts_per_track: int, seed: int, epoch: int
) -> list[Draw]:
    """An epoch's batches: some random excerpts of each sound, in random order, the same whenever it is asked again."""
    passes = range(epoch * excerpts_per_track, (epoch + 1) * excerpts_per_track)
    starts = np.stack([random_starts(sounds.n_samples, n_samples, seed=seed, epoch=one) for one in passes])
    batches = shuffled_batches(starts, batch_size, seed=seed, epoch=epoch)
    return [Draw(excerpts=one, seed=(seed, epoch, step)) for step, one in enumerate(batches)]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a network says of excerpts.

    Attributes:
        outputs: Shape (excerpts, outputs).
        tracks: Which track each is of, by number from 0. Shape (excerpts,).
        n_tracks: In all.
    """

    outputs: Tensor
    tracks: Tensor
    n_tracks: int

    def averaged(self, values: Tensor) -> Tensor:
        """Values of excerpts averaged over each track. Shape (tracks, outputs)."""
        sums = torch.zeros(self.n_tracks, values.shape[1]).index_add_(0, self.tracks, values)
        return sums / torch.bincount(self.tracks, minlength=self.n_tracks)[:, None]


def listen(network: nn.Module, sounds: Sounds, plan: ExcerptPlan, *, batch_size: int) -> Heard:
    """What a network says of the planned excerpts of sounds; the network is called as it is."""
    lengths = sounds.n_samples.tolist()
    places = [(i, start) for i, length in enumerate(lengths) for start in plan.starts(length)]
    device = next(network.parameters()).device
    outputs = []
    for first in range(0, len(places), batch_size):
        rows, starts = np.asarray(places[first : first + batch_size]).T
        cut = sounds.cut(ExcerptBatch(rows=rows, starts=starts), n_samples=plan.n_samples)
        outputs.append(network(cut.to(device)).float().cpu())
    tracks = torch.tensor([index for index, _ in places])
    return Heard(outputs=torch.cat(outputs), tracks=tracks, n_tracks=len(lengths))
