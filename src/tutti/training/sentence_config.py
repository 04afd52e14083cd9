"""How sentence-to-music is learned: encoders, heads, losses, batches, and what a recipe says of sentences and songs.

The strategies themselves are in ``sentence_strategies``; ``sentence_runs`` carries a recipe out.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, and its
    published code.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tutti.data.emotion_mapping import MANUAL, MAPPINGS, WORD_VECTORS
from tutti.errors import ConfigError, unknown_name
from tutti.models.sentence_music import METRIC, STRATEGIES, HeadConfig, Strategy
from tutti.models.taggers import find_architecture
from tutti.text.sentences import TokenReading
from tutti.training.phases import Monitor
from tutti.training.sentence_metric import MetricConfig
from tutti.training.trainer import TrainingConfig
from tutti.training.transfer import StartConfig

PUBLISHED = TrainingConfig(protocol="won2021-emotion")
PUBLISHED_METRIC = TrainingConfig(protocol="won2021-emotion-metric")
MONITORS: dict[Strategy, Monitor] = {
    "classification": "accuracy",
    "multi-head": "accuracy",  # ours
    "valence-arousal": "r2",
    "word-vectors": "loss",
    "two-branch": "precision_at_5",
    "three-branch": "precision_at_5",
}
# Of texts and of songs; of metric learning items, each of which is three draws.
BATCHES: dict[Strategy, tuple[int, int]] = {
    "classification": (32, 32),
    "multi-head": (32, 32),  # ours
    "valence-arousal": (32, 64),
    "word-vectors": (32, 64),
    "two-branch": (16, 16),
    "three-branch": (16, 16),
}


@dataclass(frozen=True, kw_only=True)
class TextBranch:
    """Which language model reads texts.

    Attributes:
        model: Its folder, or its name in the hub's cache; None is MiniLM.
        reading: How tokens become a vector; ``sentences.PUBLISHED_FIRST`` with DistilBERT is published.
        learn: Whether it goes on learning, as in the paper; otherwise its vectors are kept.
    """

    model: str | None = None
    reading: TokenReading = field(default_factory=TokenReading)
    learn: bool = False


@dataclass(frozen=True, kw_only=True)
class AudioBranch:
    """Which tagger hears songs.

    Attributes:
        encoder: A model's name or folder; None, in a recipe an empty text, builds one of ``architecture``.
        learn: Whether it goes on learning, as in the paper; otherwise its vectors are kept.
        architecture: Of a new network, which learns in any case; the paper's is ``emotion_resnet``.
        options: Of a new network, that differ from the published size.
        start: A trained model that a new network begins with, such as one that has learned tags.
        n_excerpts: Heard of each song in validation, where the network learns.
    """

    encoder: str | None = "tutti-small"
    learn: bool = False
    architecture: str = "emotion_resnet"
    options: dict[str, bool | int | float | str] = field(default_factory=dict)
    start: StartConfig | None = None
    n_excerpts: int = 16

    def __post_init__(self) -> None:
        find_architecture(self.architecture).configure(**self.options)
        if self.encoder and (self.options or self.start is not None):
            raise ConfigError(
                f"options and start are of a new network, and {self.encoder} was to be taken",
                hint='leave them out, or set encoder = ""',
            )
        if self.n_excerpts < 1:
            raise ConfigError(f"n_excerpts={self.n_excerpts} is not positive", hint="give 1 or more")

    @property
    def learns(self) -> bool:
        """Whether the network learns: what is new has to."""
        return self.learn or not self.encoder


@dataclass(frozen=True, kw_only=True)
class StrategyConfig:
    """How a strategy is learned; as published but for the encoders, which are at hand and stay as they are.

    Attributes:
        text: What reads texts.
        audio: What hears songs.
        heads: Widths.
        metric: Of two and three branches.
        gamma: Of the focal loss of songs' moods; 0 is cross-entropy.
        batch_size: Of texts, songs or items, at most; None as published.
        training: The trainer's settings; None as published. What tells the best epoch is published too, unless a
            monitor is named.
        vectors: Folder of kept vectors and decoded sounds, which runs can share; None keeps them in the run's.
    """

    text: TextBranch = field(default_factory=TextBranch)
    audio: AudioBranch = field(default_factory=AudioBranch)
    heads: HeadConfig = field(default_factory=HeadConfig)
    metric: MetricConfig = field(default_factory=MetricConfig)
    gamma: float = 2.0
    batch_size: int | None = None
    training: TrainingConfig | None = None
    vectors: Path | None = None

    def __post_init__(self) -> None:
        if self.gamma < 0:
            raise ConfigError(f"gamma={self.gamma:g} is negative", hint="give 0 for cross-entropy, or 2")
        if self.batch_size is not None and self.batch_size < 2:
            raise ConfigError(
                f"batch_size={self.batch_size} cannot be normalised", hint="give 2 or more, or leave it out"
            )

    def training_of(self, strategy: Strategy) -> TrainingConfig:
        """The trainer's settings, with what tells the best epoch."""
        found = self.training or (PUBLISHED_METRIC if strategy in METRIC else PUBLISHED)
        return found if found.monitor is not None else dataclasses.replace(found, monitor=MONITORS[strategy])

    def batch_sizes(self, strategy: Strategy) -> tuple[int, int]:
        """Of texts, and of songs."""
        return BATCHES[strategy] if self.batch_size is None else (self.batch_size, self.batch_size)


@dataclass(frozen=True, kw_only=True)
class SentenceMusicConfig(StrategyConfig):
    """A strategy as a recipe says it, and the sentences that it learns from.

    Songs are the tracks of the recipe's catalogue: of a generated world each with the mood that is nearest to its
    facts, of any other those that have a mood for their only tag.

    Attributes:
        name: Of the scheme.
        strategy: One of ``tutti.models.sentence_music.STRATEGIES``.
        sentences: A table of sentences, emotions and splits (``tutti.data.sentences``); ``world-tales`` or
            ``world-situations`` invents some for a generated world.
        n_sentences: To be invented.
        mapping: Which moods answer which emotions, in training: ``valence-arousal``, ``word-vectors`` or ``manual``.
        mapping_table: A mapping by hand, instead of the published one.
        lexicon: Valence and arousal of words, such as the NRC VAD lexicon; a world has its own.
        word_vectors: A file of word vectors; a world has its own.
    """

    name: Literal["sentence-to-music"] = "sentence-to-music"
    strategy: Strategy = "three-branch"
    sentences: str = "world-tales"
    n_sentences: int = 600
    mapping: str = WORD_VECTORS
    mapping_table: Path | None = None
    lexicon: Path | None = None
    word_vectors: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strategy not in STRATEGIES:
            raise unknown_name("strategy", self.strategy, STRATEGIES)
        if self.mapping not in MAPPINGS:
            raise unknown_name("mapping of emotions", self.mapping, MAPPINGS)
        if self.mapping_table is not None and self.mapping != MANUAL:
            raise ConfigError(
                f"a mapping by hand was given, and scheme.mapping is {self.mapping!r}",
                hint=f"set scheme.mapping = {MANUAL!r}, or leave out scheme.mapping_table",
            )

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: texts, songs or items."""
        return min(self.batch_sizes(self.strategy))
