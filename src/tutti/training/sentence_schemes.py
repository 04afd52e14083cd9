"""What sentence-to-music strategies learn of labels: texts and songs each towards targets, or both by shared layers.

Two schemes for the one trainer; that of metric learning is in ``sentence_metric``. Texts and songs come from views
(``sentence_views``), heads from ``tutti.models.sentence_music``; which strategy takes what is in
``sentence_strategies``.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, and its
    published code, which alone has the focal loss.
    Lin, Goyal, Girshick, He, Dollár, "Focal loss for dense object detection", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import unknown_name
from tutti.evaluation.regression import r2_by_value
from tutti.models.sentence_music import AUDIO, TEXT, SharedHeads
from tutti.training.loading import Batch, Draw, shuffled_draws
from tutti.training.sampling import n_batches
from tutti.training.views import View

Rows = NDArray[np.int64]
BranchLoss = Literal["cross-entropy", "focal", "squared"]


def focal_loss(logits: Tensor, classes: Tensor, *, gamma: float = 2.0) -> Tensor:
    """Mean of ``-(1 - p) ** gamma * log p``, where p is the probability of the right class; gamma 0 is cross-entropy.

    Args:
        logits: Shape ``[batch, classes]``.
        classes: Whole numbers. Shape ``[batch]``.
        gamma: How little counts what is right already; 2 is in Won's code alone, for songs.

    References:
        Lin et al., ICCV 2017, equation 4.
    """
    logs = functional.log_softmax(logits, dim=1).gather(1, classes[:, None]).squeeze(1)
    return -((1 - logs.exp()) ** gamma * logs).mean()


@dataclass(frozen=True, kw_only=True)
class Side:
    """Texts, or songs, with what each is labelled.

    Attributes:
        view: Of all of them.
        labels: Number of each one's label. Shape (things,).
        train: Which are learned from; those without the modality are left out already.
        valid: Which tell the best epoch; the same.
    """

    view: View
    labels: NDArray[np.int64]
    train: Rows
    valid: Rows


class BranchNetwork(nn.Module):
    """A view's network with a head upon it."""

    def __init__(self, branch: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.branch, self.head = branch, head

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs of the view to ``[batch, outputs]``."""
        outputs: Tensor = self.head(self.branch(inputs))
        return outputs


class BranchLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`BranchNetwork`: texts alone, or songs alone.

    Args:
        side: What is learned from.
        targets: Of each label: its number, or the values that it stands for. Shape (labels,) or (labels, values).
        loss: ``cross-entropy``, ``focal`` or ``squared``.
        batch_size: Things, at most.
        seed: Of the order.
        gamma: Of the focal loss.
    """

    def __init__(
        self, side: Side, targets: Tensor, loss: BranchLoss, *, batch_size: int, seed: int, gamma: float = 2.0
    ) -> None:
        self._side, self._targets, self._batch_size, self._seed = side, targets, batch_size, seed
        losses: dict[BranchLoss, Callable[[Tensor, Tensor], Tensor]] = {
            "cross-entropy": functional.cross_entropy,
            "focal": lambda logits, classes: focal_loss(logits, classes, gamma=gamma),
            "squared": functional.mse_loss,
        }
        if loss not in losses:
            raise unknown_name("loss of a branch", loss, losses)
        self._loss, self._is_regression = losses[loss], loss == "squared"
        self.n_steps = n_batches(len(side.train), batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        return shuffled_draws(len(self._side.train), self._batch_size, seed=self._seed, epoch=epoch)

    def load(self, draw: Draw) -> Batch:
        """The view's inputs, and the targets."""
        things = self._side.train[draw.excerpts.rows]
        return self._side.view.learn(things, seed=draw.seed), self._targets[self._side.labels[things]]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The inputs as the view alters them."""
        inputs, targets = batch
        return self._side.view.alter(inputs, generator=draw.generator()), targets

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Of the outputs to the targets."""
        inputs, targets = batch
        return self._loss(network(inputs), targets)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The loss, and the ``accuracy`` or the mean ``r2`` of the values."""
        assert isinstance(network, BranchNetwork)
        side = self._side
        outputs = _through(network.head, side.view.represent(network.branch, side.valid))
        wanted = self._targets[side.labels[side.valid]]
        scores = {"loss": self._loss(outputs, wanted).item()}
        if self._is_regression:
            return scores | {"r2": float(np.nanmean(r2_by_value(wanted.numpy(), outputs.numpy())))}
        return scores | {"accuracy": (outputs.argmax(dim=1) == wanted).float().mean().item()}


class SharedNetwork(nn.Module):
    """The networks of both views under shared heads: inputs to logits of emotions and of moods."""

    def __init__(self, text: nn.Module, audio: nn.Module, heads: SharedHeads) -> None:
        super().__init__()
        self.text, self.audio, self.heads = text, audio, heads

    def forward(self, texts: Tensor, songs: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs of both views to ``[texts, emotions]`` and ``[songs, moods]``."""
        return self.classify(self.text(texts), self.audio(songs))

    def classify(self, texts: Tensor, songs: Tensor) -> tuple[Tensor, Tensor]:
        """The same, from vectors."""
        emotions = self.heads.emotion_head(self.heads.represent(TEXT, texts))
        return emotions, self.heads.mood_head(self.heads.represent(AUDIO, songs))


class SharedLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`SharedNetwork`: as many texts as songs a batch.

    An epoch passes the larger side once, and the other as often as it fits. Both losses count alike.

    Args:
        texts: With their emotions.
        songs: With their moods.
        batch_size: Texts, at most, and as many songs.
        seed: Of the order.
        gamma: Of the focal loss of songs.
    """

    def __init__(self, texts: Side, songs: Side, *, batch_size: int, seed: int, gamma: float = 2.0) -> None:
        self._texts, self._songs, self._batch_size, self._seed, self._gamma = texts, songs, batch_size, seed, gamma
        self._n_pairs = max(len(texts.train), len(songs.train))
        self.n_steps = n_batches(self._n_pairs, batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        return shuffled_draws(self._n_pairs, self._batch_size, seed=self._seed, epoch=epoch)

    def load(self, draw: Draw) -> Batch:
        """Inputs of texts and of songs, and the labels of both."""
        inputs, labels = [], []
        for number, side in enumerate((self._texts, self._songs)):
            # Each side is in an order of its own, so that pairs differ from epoch to epoch.
            order = np.random.default_rng((*draw.seed[:2], number)).permutation(len(side.train))
            things = side.train[order[draw.excerpts.rows % len(side.train)]]
            inputs.append(side.view.learn(things, seed=(*draw.seed, number)))
            labels.append(torch.from_numpy(side.labels[things]))
        return [*inputs, *labels]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The inputs as the views alter them."""
        return altered(batch, (self._texts, self._songs), draw)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Cross-entropy of texts and focal loss of songs."""
        texts, songs, emotions, moods = batch
        return self._sum(network(texts, songs), emotions, moods)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The loss, and the mean of both accuracies."""
        assert isinstance(network, SharedNetwork)
        sides = ((self._texts, network.text), (self._songs, network.audio))
        vectors = [side.view.represent(branch, side.valid) for side, branch in sides]
        device = next(network.heads.parameters()).device
        found = [one.float().cpu() for one in network.classify(*(some.to(device) for some in vectors))]
        wanted = [torch.from_numpy(side.labels[side.valid]) for side, _ in sides]
        pairs = zip(found, wanted, strict=True)
        accuracies = [(logits.argmax(dim=1) == labels).float().mean().item() for logits, labels in pairs]
        return {
            "loss": self._sum((found[0], found[1]), *wanted).item(),
            "accuracy": sum(accuracies) / 2,
        }

    def _sum(self, logits: tuple[Tensor, Tensor], emotions: Tensor, moods: Tensor) -> Tensor:
        return functional.cross_entropy(logits[0], emotions) + focal_loss(logits[1], moods, gamma=self._gamma)


def altered(batch: Batch, sides: tuple[Side, Side], draw: Draw) -> Batch:
    """A batch that begins with the inputs of both sides, these as their views alter them."""
    inputs = [side.view.alter(some, generator=draw.generator()) for side, some in zip(sides, batch[:2], strict=True)]
    return [*inputs, *batch[2:]]


def _through(head: nn.Module, vectors: Tensor) -> Tensor:
    device = next(head.parameters()).device
    outputs: Tensor = head(vectors.to(device)).float().cpu()
    return outputs
