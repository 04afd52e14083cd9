"""Metric learning across texts, songs and the labels of both: triplets in one space.

A scheme for the one trainer; the others of sentence-to-music are in ``sentence_schemes``. Losses and negatives are
those of ``triplets``.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, and its
    published code, which alone has the margin, the weights of the three losses and the mask of negatives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.ranking import precision_at_k
from tutti.models.sentence_music import AUDIO, TAGS, TEXT
from tutti.models.spaces import SpaceNetwork
from tutti.training.loading import Batch, Draw, shuffled_draws
from tutti.training.sampling import n_batches
from tutti.training.sentence_schemes import Rows, Side, altered
from tutti.training.triplets import NegativeSampling, cosines, in_batch_triplet_loss

Masked = Literal["texts", "songs"]
DEPTH = 5  # of the precision that tells the best epoch


@dataclass(frozen=True, kw_only=True)
class MetricConfig:
    """What a place in the learned space is to be near to.

    Attributes:
        weights: Of the losses of labels with texts, labels with songs, and texts with songs. Two branches have the last
            alone.
        negatives: Whom an anchor is told from, of the same stream of the batch, and the margin.
        masked: Which songs a text is not told from: those drawn for ``texts`` of the same emotion, as in the code, so
            that a song of the right mood can be a negative where two emotions share one; or all ``songs`` whose mood
            answers the text.
    """

    weights: tuple[float, float, float] = (0.3, 0.3, 0.4)
    negatives: NegativeSampling = field(default_factory=lambda: NegativeSampling(kind="weighted", margin=0.2))
    masked: Masked = "texts"

    def __post_init__(self) -> None:
        if self.masked not in get_args(Masked):
            raise unknown_name("mask of negatives", self.masked, get_args(Masked))
        if min(self.weights) < 0 or not self.weights[2]:
            raise ConfigError(
                f"weights={list(self.weights)} leave texts and songs apart", hint="give three numbers, the last above 0"
            )


class LabelPairs(NamedTuple):
    """What joins texts with songs.

    ``answers`` says which mood answers which emotion, shape (emotions, moods); ``judged`` the same to tell the best
    epoch by, None as ``answers``. ``emotions`` and ``moods`` are word vectors of the labels, shape (labels,
    dimensions), None with two branches.
    """

    answers: NDArray[np.bool_]
    judged: NDArray[np.bool_] | None = None
    emotions: Tensor | None = None
    moods: Tensor | None = None


class MetricNetwork(nn.Module):
    """The networks of both views under a space: inputs to points."""

    def __init__(self, text: nn.Module, audio: nn.Module, space: SpaceNetwork) -> None:
        super().__init__()
        self.text, self.audio, self.space = text, audio, space

    def forward(self, texts: Tensor, songs: Tensor, *labels: Tensor) -> tuple[Tensor, ...]:
        """Inputs of both views, and vectors of labels if any, to points ``[things, embed_dim]`` of each."""
        points = self.space.place(TEXT, self.text(texts)), self.space.place(AUDIO, self.audio(songs))
        return *points, *(self.space.place(TAGS, some) for some in labels)


class MetricLearning:
    """A :class:`tutti.training.trainer.Scheme` for :class:`MetricNetwork`: triplets in three streams.

    Each of a batch's items is three draws that have nothing to do with each other: an emotion and a text of it; a mood
    and a song of it; an emotion, a text of it, and a song of a mood that answers it. Labels are drawn evenly. Each kind
    of draw is a stream of its own, within which negatives are chosen. With two branches the last stream alone is
    learned from; the others take part in normalisation, as in the code.

    Args:
        texts: With their emotions.
        songs: With their moods.
        pairs: What joins them.
        config: What is lost.
        batch_size: Items, at most.
        seed: Of everything random.

    Raises:
        ConfigError: No emotion that texts have is answered by a mood that songs have.
    """

    def __init__(
        self, texts: Side, songs: Side, pairs: LabelPairs, config: MetricConfig, *, batch_size: int, seed: int
    ) -> None:
        self._texts, self._songs, self._pairs, self._config, self._seed = texts, songs, pairs, config, seed
        self._by_emotion, self._by_mood = _by_label(texts), _by_label(songs)
        self._moods_of = {
            emotion: [mood for mood in np.flatnonzero(pairs.answers[emotion]).tolist() if mood in self._by_mood]
            for emotion in self._by_emotion
        }
        self._answered = [emotion for emotion, moods in self._moods_of.items() if moods]
        if not self._answered:
            raise ConfigError(
                "no emotion of the texts is answered by a mood of the songs", hint="take another mapping, or more songs"
            )
        self._batch_size, self._n_items = batch_size, max(len(texts.train), len(songs.train))
        self.n_steps = n_batches(self._n_items, batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of: as many items as the larger side has."""
        return shuffled_draws(self._n_items, self._batch_size, seed=self._seed, epoch=epoch)

    def load(self, draw: Draw) -> Batch:
        """Inputs of texts and songs ``[2 * items, …]``, of the single streams first, and the labels of both."""
        rng, n_items = np.random.default_rng((*draw.seed, 0)), len(draw.excerpts.rows)
        emotions, moods = (rng.choice(list(some), n_items) for some in (self._by_emotion, self._by_mood))
        asked = rng.choice(self._answered, n_items)
        answering = [int(rng.choice(self._moods_of[emotion])) for emotion in asked.tolist()]
        emotions, moods = np.concatenate([emotions, asked]), np.concatenate([moods, answering])
        texts = np.array([rng.choice(self._by_emotion[one]) for one in emotions.tolist()])
        songs = np.array([rng.choice(self._by_mood[one]) for one in moods.tolist()])
        sides = enumerate(((self._texts, texts), (self._songs, songs)), start=1)
        inputs = [side.view.learn(things, seed=(*draw.seed, number)) for number, (side, things) in sides]
        return [*inputs, torch.from_numpy(emotions), torch.from_numpy(moods)]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The inputs as the views alter them."""
        return altered(batch, (self._texts, self._songs), draw)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The weighted sum over the streams; with two branches the last of them."""
        texts, songs, emotions, moods = batch
        (emotion, asked), (mood, answering) = emotions.chunk(2), moods.chunk(2)
        labels = self._labels(emotion, mood)
        text_points, song_points, *label_points = network(texts, songs, *labels)
        own_text, text = text_points.chunk(2)
        own_song, song = song_points.chunk(2)
        across = self._lost(text, song, self._apart(asked, answering))
        if not label_points:
            return across
        of_emotion, of_mood = label_points[0].chunk(2)
        to_text = self._lost(of_emotion, own_text, _differ(emotion))
        to_song = self._lost(of_mood, own_song, _differ(mood))
        first, second, third = self._config.weights
        return first * to_text + second * to_song + third * across

    def validate(self, network: nn.Module) -> dict[str, float]:
        """``precision_at_5``, the mean over texts, and the mean cosine of texts with the songs that answer them."""
        assert isinstance(network, MetricNetwork)
        sides = ((TEXT, self._texts, network.text), (AUDIO, self._songs, network.audio))
        device = next(network.space.parameters()).device
        points = [
            network.space.place(name, side.view.represent(branch, side.valid).to(device)).float().cpu()
            for name, side, branch in sides
        ]
        similarity = cosines(*points).numpy()
        emotions, moods = (side.labels[side.valid] for _, side, _ in sides)
        judged = self._pairs.answers if self._pairs.judged is None else self._pairs.judged
        relevant = judged[emotions][:, moods]
        precision = precision_at_k(relevant, similarity, k=min(DEPTH, similarity.shape[1]))
        answered = similarity[relevant].mean() if relevant.any() else np.nan
        return {"precision_at_5": float(np.nan_to_num(precision).mean()), "cosine": float(answered)}

    def _labels(self, emotion: Tensor, mood: Tensor) -> list[Tensor]:
        """Vectors of the labels that the single streams drew; none with two branches."""
        if self._pairs.emotions is None or self._pairs.moods is None:
            return []
        drawn = self._pairs.emotions[emotion.cpu()], self._pairs.moods[mood.cpu()]
        return [torch.cat(drawn).to(emotion.device)]

    def _apart(self, asked: Tensor, answering: Tensor) -> Tensor:
        """Which songs of the stream across may be a text's negatives. Shape ``[texts, songs]``."""
        if self._config.masked == "texts":
            return _differ(asked)
        answers = torch.from_numpy(self._pairs.answers).to(asked.device)
        return ~answers[asked][:, answering]

    def _lost(self, anchors: Tensor, positives: Tensor, candidates: Tensor) -> Tensor:
        return in_batch_triplet_loss(anchors, positives, candidates, self._config.negatives).loss


def _differ(labels: Tensor) -> Tensor:
    """Which candidates were drawn for another label than an anchor. Shape ``[batch, batch]``."""
    return labels[:, None] != labels[None]


def _by_label(side: Side) -> dict[int, Rows]:
    """Which things that are learned from carry each label, of those labels that some do."""
    labels = side.labels[side.train]
    return {int(label): side.train[labels == label] for label in np.unique(labels)}
