"""The heads of sentence-to-music retrieval: six ways to compare what a text and a song are about.

Encoders give vectors of texts and of songs; heads make of them what can be compared. Regression and metric learning
have a :class:`~tutti.models.spaces.SpaceNetwork`; the two ways that predict labels are here. What ranks songs with them
is in ``sentence_retrieval``, training in ``tutti.training.sentence_strategies``.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021.
    Won, "Representation learning for music classification and retrieval", PhD thesis, 2021, section 5.3.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import ConfigDict
from torch import Tensor, nn

from tutti.errors import ConfigError, unknown_name
from tutti.models.blocks import DenseBlock
from tutti.models.spaces import SpaceConfig, SpaceNetwork

Strategy = Literal["classification", "multi-head", "valence-arousal", "word-vectors", "two-branch", "three-branch"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
METRIC: tuple[Strategy, ...] = ("two-branch", "three-branch")
TEXT, AUDIO, TAGS = "text", "audio", "tags"
N_AFFECTS = 2  # valence and arousal


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """Widths of all heads, as the published code has them but for those of the shared layers, which are our choice.

    Attributes:
        text_classifier: Hidden layer of the classifier of texts.
        audio_classifier: Hidden layer of the classifier of songs.
        shared: Layers that texts and songs share in the multi-head network; the paper's figure has three, without
            widths. Each modality comes to the first by a layer of its own, since their vectors differ in size.
        regression: Hidden layer of both regressions.
        sigmoid: Behind regressed word vectors, as in the code, though these have negative dimensions; valence and
            arousal have one in any case.
        metric: Hidden layer of each branch of metric learning.
        embed_dim: Dimensions of the learned space.
        dropout: Behind the hidden layers of regression and metric learning.
    """

    text_classifier: int = 512
    audio_classifier: int = 64
    shared: tuple[int, ...] = (256, 128, 64)
    regression: int = 64
    sigmoid: bool = True
    metric: int = 128
    embed_dim: int = 64
    dropout: float = 0.5

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        sizes = (self.text_classifier, self.audio_classifier, *self.shared, self.regression, self.metric)
        if min((*sizes, self.embed_dim)) < 1 or not self.shared:
            raise ConfigError(f"{self} has a layer without a width", hint="give numbers from 1")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout:g} is no share", hint="give 0 or more, below 1")


class Classifiers(nn.Module):
    """A classifier of texts and another of songs, which know nothing of each other.

    Args:
        dims: Of the vectors of ``text`` and ``audio``.
        n_emotions: That texts are told apart by.
        n_moods: That songs are.
        config: Widths.
    """

    def __init__(self, dims: Mapping[str, int], n_emotions: int, n_moods: int, config: HeadConfig) -> None:
        super().__init__()
        text, audio = config.text_classifier, config.audio_classifier
        self.text = nn.Sequential(DenseBlock(dims[TEXT], text), nn.Linear(text, n_emotions))
        self.audio = nn.Sequential(DenseBlock(dims[AUDIO], audio), nn.Linear(audio, n_moods))

    def ask(self, texts: Tensor) -> Tensor:
        """Logits of emotions, by whose names songs are asked: ``[texts, dimensions]`` to ``[texts, n_emotions]``."""
        logits: Tensor = self.text(texts)
        return logits

    def answer(self, songs: Tensor) -> Tensor:
        """Logits of moods: ``[songs, dimensions]`` to ``[songs, n_moods]``."""
        logits: Tensor = self.audio(songs)
        return logits


class SharedHeads(nn.Module):
    """Layers that texts and songs share, and a head for the labels of each; a text passes the songs' head too.

    Args:
        dims: Of the vectors of ``text`` and ``audio``.
        n_emotions: That texts are told apart by.
        n_moods: That songs are.
        config: Widths.
    """

    def __init__(self, dims: Mapping[str, int], n_emotions: int, n_moods: int, config: HeadConfig) -> None:
        super().__init__()
        first, last = config.shared[0], config.shared[-1]
        self.entries = nn.ModuleDict({one: nn.Linear(dims[one], first) for one in (TEXT, AUDIO)})
        widths = itertools.pairwise((first, *config.shared))
        self.shared = nn.Sequential(*[DenseBlock(before, after) for before, after in widths])
        self.emotion_head = nn.Linear(last, n_emotions)
        self.mood_head = nn.Linear(last, n_moods)

    def represent(self, modality: str, vectors: Tensor) -> Tensor:
        """``[batch, dimensions]`` of ``text`` or ``audio`` to the last shared layer's ``[batch, width]``."""
        shared: Tensor = self.shared(self.entries[modality](vectors))
        return shared

    def ask(self, texts: Tensor) -> Tensor:
        """Logits of moods, by which songs are asked for: ``[texts, dimensions]`` to ``[texts, n_moods]``."""
        logits: Tensor = self.mood_head(self.represent(TEXT, texts))
        return logits

    def answer(self, songs: Tensor) -> Tensor:
        """Logits of moods: ``[songs, dimensions]`` to ``[songs, n_moods]``."""
        logits: Tensor = self.mood_head(self.represent(AUDIO, songs))
        return logits


Heads = Classifiers | SharedHeads | SpaceNetwork


def build_heads(
    strategy: Strategy, dims: Mapping[str, int], config: HeadConfig, *, n_emotions: int, n_moods: int
) -> Heads:
    """The untrained heads of a strategy.

    Args:
        strategy: One of :data:`STRATEGIES`.
        dims: Of the vectors of ``text`` and ``audio``, and of labels as ``tags`` where the strategy learns from them.
        config: Widths.
        n_emotions: Of the texts.
        n_moods: Of the songs.

    Raises:
        UnknownNameError: There is no such strategy.
        ConfigError: The strategy needs word vectors, and ``dims`` has none.
    """
    if strategy not in STRATEGIES:
        raise unknown_name("strategy", strategy, STRATEGIES)
    if strategy in ("word-vectors", "three-branch") and TAGS not in dims:
        raise ConfigError(f"{strategy} learns from word vectors, and there are none", hint="give vectors of all labels")
    if strategy == "classification":
        return Classifiers(dims, n_emotions, n_moods, config)
    if strategy == "multi-head":
        return SharedHeads(dims, n_emotions, n_moods, config)
    placed = {one: dims[one] for one in (TEXT, AUDIO, *((TAGS,) if strategy == "three-branch" else ()))}
    return SpaceNetwork(placed, space_config(strategy, config, n_words=dims.get(TAGS, 0)))


def space_config(strategy: Strategy, config: HeadConfig, *, n_words: int = 0) -> SpaceConfig:
    """The networks of a strategy that compares places: linear, batch normalisation, ReLU, dropout, linear.

    Args:
        strategy: Of regression or metric learning.
        config: Widths.
        n_words: Dimensions of word vectors, where they are regressed.
    """
    metric = strategy in METRIC
    sizes = {"valence-arousal": N_AFFECTS, "word-vectors": n_words}
    return SpaceConfig(
        embed_dim=config.embed_dim if metric else sizes[strategy],
        n_hidden=config.metric if metric else config.regression,
        activation="relu",
        batch_norm=True,
        bias=True,
        dropout=config.dropout,
        sigmoid=strategy == "valence-arousal" or (strategy == "word-vectors" and config.sigmoid),
    )
