"""One modality of items as tensors to learn from: random excerpts, altered pictures, counted words, or fixed vectors.

A view knows which of a run's items have its modality; its network, which the scheme ``fusion`` trains, makes vectors of
what it gives. Encoders that are ready to use are in ``tutti.models``; they read files, and give the same vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.audio.augmentation import Augmentation
from tutti.audio.excerpts import ExcerptPlan
from tutti.audio.store import WaveformStore
from tutti.data.items import Item
from tutti.data.pictures import Pictures
from tutti.data.track import Modality
from tutti.image.transforms import CoverTransforms
from tutti.models.tagger import Tagger
from tutti.training.sounds import Sounds, listen

EVALUATION_BATCH, MATRIX_BATCH = 32, 256
Matrix = Any  # a NumPy array, or a sparse one of scipy, which is no dependency of the core


class View(Protocol):
    """What a modality of items offers to training."""

    modality: Modality
    """Whose view it is; a modality may have several."""
    network: nn.Module
    """Inputs to vectors ``[rows, embed_dim]``."""
    embed_dim: int
    """Of the vectors."""
    presence: NDArray[np.bool_]
    """Which items have the modality. Shape (items,)."""

    def learn(self, items: NDArray[np.int64], *, seed: tuple[int, ...]) -> Tensor:
        """Inputs of some items that all have the modality; what is random follows from the seed."""

    def alter(self, inputs: Tensor, *, generator: torch.Generator) -> Tensor:
        """The inputs, changed at random on the device."""

    def represent(self, network: nn.Module, items: NDArray[np.int64]) -> Tensor:
        """Vectors ``[items, embed_dim]`` of items that all have the modality, always the same, on the CPU.

        Args:
            network: The view's, or a copy of it with other weights, in evaluation mode.
            items: Which.
        """


class MatrixView:
    """A row of numbers for each item: vectors that are there already, or words' weights that a network learns from.

    Args:
        modality: Whose.
        matrix: Dense or sparse (scipy's CSR); what stands in rows without the modality is never looked at. Shape
            (items, inputs).
        presence: Shape (items,).
        network: From rows to vectors; None takes the rows as they are.
        embed_dim: Of its vectors.
    """

    def __init__(
        self,
        modality: Modality,
        matrix: Matrix,
        presence: NDArray[np.bool_],
        *,
        network: nn.Module | None = None,
        embed_dim: int | None = None,
    ) -> None:
        self.modality = modality
        self.presence = presence
        self.network = network or nn.Identity()
        self.embed_dim = embed_dim or matrix.shape[1]
        self._matrix = matrix

    def learn(self, items: NDArray[np.int64], *, seed: tuple[int, ...]) -> Tensor:
        """The rows."""
        rows = self._matrix[items]
        dense = rows if isinstance(rows, np.ndarray) else rows.toarray()
        return torch.from_numpy(np.asarray(dense, dtype=np.float32))

    def alter(self, inputs: Tensor, *, generator: torch.Generator) -> Tensor:
        """As they are."""
        return inputs

    def represent(self, network: nn.Module, items: NDArray[np.int64]) -> Tensor:
        """See the class."""
        first = next(network.parameters(), None)
        device = "cpu" if first is None else first.device
        n_parts = -(-len(items) // MATRIX_BATCH)
        parts = [network(self.learn(some, seed=()).to(device)) for some in np.array_split(items, n_parts)]
        return torch.cat([one.float().cpu() for one in parts])


class Trunk(nn.Module):
    """A tagger without its head: ``[batch, samples]`` to ``[batch, embed_dim]``."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, waveforms: Tensor) -> Tensor:
        """See the class."""
        return self.tagger.represent(waveforms)


class SoundView:
    """Excerpts of the items' tracks: in training one of a random track, else some spread over each track, averaged."""

    modality: Modality = "audio"

    def __init__(
        self,
        tagger: Tagger,
        store: WaveformStore,
        items: Sequence[Item],
        *,
        n_samples: int,
        n_excerpts: int,
        augment: Augmentation | None = None,
    ) -> None:
        row_of = {key: row for row, key in enumerate(store.keys)}
        self._rows = [
            np.asarray([row_of[one.track_id] for one in item.sounds if one.track_id in row_of], dtype=np.int64)
            for item in items
        ]
        self.presence = np.array([len(rows) > 0 for rows in self._rows], dtype=np.bool_)
        self.network: nn.Module = Trunk(tagger)
        self.embed_dim: int = tagger.embed_dim
        self._store, self._n_samples, self._augment = store, n_samples, augment
        self._plan = ExcerptPlan(n_samples=n_samples, count=n_excerpts)

    def learn(self, items: NDArray[np.int64], *, seed: tuple[int, ...]) -> Tensor:
        """Waveforms ``[items, samples]``."""
        rng = np.random.default_rng(seed)
        rows = [int(rng.choice(self._rows[item])) for item in items.tolist()]
        rooms = np.maximum(0, self._store.n_samples[rows] - self._n_samples)
        starts = rng.integers(rooms + 1).tolist()
        return torch.from_numpy(self._store.excerpts(rows, starts, n_samples=self._n_samples))

    def alter(self, inputs: Tensor, *, generator: torch.Generator) -> Tensor:
        """Augmented, where the recipe says so."""
        return inputs if self._augment is None else self._augment(inputs, generator=generator)

    def represent(self, network: nn.Module, items: NDArray[np.int64]) -> Tensor:
        """See the class."""
        rows = [self._rows[item] for item in items.tolist()]
        sounds = Sounds(store=self._store, rows=np.concatenate(rows))
        heard = listen(network, sounds, self._plan, batch_size=EVALUATION_BATCH)
        tracks = heard.averaged(heard.outputs)
        ends = np.cumsum([len(some) for some in rows]).tolist()
        return torch.stack([tracks[end - len(some) : end].mean(dim=0) for end, some in zip(ends, rows, strict=True)])


class PictureView:
    """Covers: altered at random in training, their middle else."""

    modality: Modality = "image"

    def __init__(self, network: nn.Module, pictures: Pictures, transforms: CoverTransforms, *, embed_dim: int) -> None:
        self.network = network
        self.embed_dim = embed_dim
        self.presence = pictures.presence
        self._pictures, self._transforms = pictures, transforms

    def learn(self, items: NDArray[np.int64], *, seed: tuple[int, ...]) -> Tensor:
        """Pictures ``[items, 3, side, side]``, 8-bit."""
        return self._pictures.pictures(items)

    def alter(self, inputs: Tensor, *, generator: torch.Generator) -> Tensor:
        """Cropped, turned, coloured, as numbers."""
        return self._transforms.train(inputs, generator=generator)

    def represent(self, network: nn.Module, items: NDArray[np.int64]) -> Tensor:
        """See the class."""
        device = next(network.parameters()).device
        parts = [
            network(self._transforms.test(self._pictures.pictures(some)).to(device)).float().cpu()
            for some in np.array_split(items, -(-len(items) // EVALUATION_BATCH))
        ]
        return torch.cat(parts)
