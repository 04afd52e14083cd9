"""The six strategies of sentence-to-music, each learned from the same sentences and songs.

Classification and both regressions learn texts and songs apart from each other, one after the other; multi-head and
metric learning learn both at once. :func:`learn_strategy` opens the encoders and learns; :func:`learn_from` learns from
branches that are open already, such as vectors that a catalogue keeps.

The run's folder receives::

    text/, audio/ or both/    the trainer's checkpoint and log
    vectors/, waveforms/      kept vectors of encoders that do not learn, decoded sounds of those that do

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021.
    Won, "Representation learning for music classification and retrieval", PhD thesis, 2021, section 5.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.data.emotion_mapping import (
    MAPPINGS,
    TABLE_5_5,
    VALENCE_AROUSAL,
    WORD_VECTORS,
    EmotionMapping,
    map_by_affects,
    map_by_vectors,
    published_mapping,
)
from tutti.data.sentence_music import SentenceMusic
from tutti.data.world.moods import MOODS as WORLD_MOODS
from tutti.errors import ConfigError, unknown_name
from tutti.models.sentence_music import (
    AUDIO,
    STRATEGIES,
    TAGS,
    TEXT,
    Classifiers,
    Heads,
    SharedHeads,
    Strategy,
)
from tutti.models.sentence_retrieval import RetrieverConfig, SentenceRetriever
from tutti.models.spaces import SpaceNetwork
from tutti.training.branches import Branch, drawn_from
from tutti.training.checkpoints import History
from tutti.training.run_parts import Tell
from tutti.training.sentence_config import StrategyConfig
from tutti.training.sentence_metric import LabelPairs, MetricLearning, MetricNetwork
from tutti.training.sentence_schemes import (
    BranchLearning,
    BranchLoss,
    BranchNetwork,
    SharedLearning,
    SharedNetwork,
    Side,
)
from tutti.training.sentence_views import VECTORS, open_songs, open_texts
from tutti.training.trainer import Scheme, fit

BOTH = "both"  # texts and songs learned at once


@dataclass(frozen=True, kw_only=True)
class Branches:
    """What is learned from, open: texts in the order of the data's sentences, songs in that of its tracks."""

    text: Branch
    audio: Branch


@dataclass(frozen=True, kw_only=True)
class LearnedStrategy:
    """What was learned, and how each training went: of ``text`` and ``audio``, or of ``both``."""

    retriever: SentenceRetriever
    histories: dict[str, History]


def learn_strategy(
    strategy: Strategy,
    data: SentenceMusic,
    config: StrategyConfig | None = None,
    *,
    folder: Path,
    seed: int = 0,
    quiet: bool = True,
) -> SentenceRetriever:
    """A retriever, learned from the split train of sentences and songs, its best epoch chosen by the split valid.

    Args:
        strategy: One of ``tutti.models.sentence_music.STRATEGIES``.
        data: Sentences and songs.
        config: How; None takes MiniLM and ``tutti-small`` as they are, and the rest as published.
        folder: Of the run; a killed one goes on from there.
        seed: Of everything random.
        quiet: Show no progress on stderr.

    Raises:
        UnknownNameError: There is no such strategy.
        ConfigError: A split has nothing to learn from, or labels lack what the strategy learns.
    """
    config = config or StrategyConfig()
    check_data(strategy, data)
    branches = open_branches(data, config, folder, seed=seed, quiet=quiet)
    return learn_from(branches, strategy, data, config, folder=folder, seed=seed, quiet=quiet).retriever


def open_branches(
    data: SentenceMusic,
    config: StrategyConfig,
    folder: Path,
    *,
    seed: int = 0,
    tell: Tell = lambda _: None,
    quiet: bool = True,
) -> Branches:
    """The encoders of a configuration with all that they read and hear of the data.

    Args:
        data: Sentences and songs.
        config: Which encoders.
        folder: Of the run.
        seed: Of new networks.
        tell: Receives a line where files must be read.
        quiet: Show no progress on stderr.
    """
    kept = (config.vectors or folder) / VECTORS
    return Branches(
        text=open_texts(data.sentences.sentences, config.text, kept, tell=tell, quiet=quiet),
        audio=open_songs(data.tracks, config.audio, kept, seed=seed, tell=tell, quiet=quiet),
    )


def learn_from(
    branches: Branches,
    strategy: Strategy,
    data: SentenceMusic,
    config: StrategyConfig,
    *,
    folder: Path,
    seed: int = 0,
    quiet: bool = True,
) -> LearnedStrategy:
    """What is learned from branches that are open; see :func:`learn_strategy`."""
    check_data(strategy, data)
    dims = {TEXT: branches.text.view.embed_dim, AUDIO: branches.audio.view.embed_dim}
    if strategy in ("word-vectors", "three-branch"):
        dims[TAGS] = len(next(iter(data.label_vectors.values())))
    settings = RetrieverConfig(
        name=strategy,
        strategy=strategy,
        dims=dims,
        emotions=data.emotions,
        moods=data.mood_names,
        heads=config.heads,
        training={"data": data.name, "mapping": data.mapping.name, "seed": seed},
    )
    with drawn_from(seed):
        heads = settings.build_heads()
    work = _Work(strategy=strategy, data=data, config=config, branches=branches, folder=folder, seed=seed, quiet=quiet)
    learn = _LEARN.get(strategy, _learn_apart)
    histories = learn(work, heads)
    encoders = {
        TEXT: branches.text.finish(branches.text.view.network),
        AUDIO: branches.audio.finish(branches.audio.view.network),
    }
    return LearnedStrategy(retriever=SentenceRetriever(settings, encoders, heads.cpu()), histories=histories)


def check_data(strategy: Strategy, data: SentenceMusic) -> None:
    """See that there is something to learn from, and that every label has what a strategy learns of it.

    Raises:
        UnknownNameError: There is no such strategy.
        ConfigError: There is not, or a label lacks it.
    """
    if strategy not in STRATEGIES:
        raise unknown_name("strategy", strategy, STRATEGIES)
    for split in ("train", "valid"):
        for what, some in (("sentences", data.texts(split)), ("songs", data.songs(split))):
            _check_number(len(some), what, split)
    if strategy not in _TARGETS:
        return
    what, known_of = _TARGETS[strategy]
    missing = [one for one in (*data.emotions, *data.mood_names) if one not in known_of(data)]
    if missing:
        raise ConfigError(
            f"{strategy} learns the {what} of every label, and {missing[0]!r} has none",
            hint=f"give a source of them that knows {missing[0]!r}, or take another strategy",
        )


_TARGETS: dict[Strategy, tuple[str, Callable[[SentenceMusic], Mapping[str, Any]]]] = {
    "valence-arousal": ("valence and arousal", lambda data: data.affects),
    "word-vectors": ("word vector", lambda data: data.label_vectors),
    "three-branch": ("word vector", lambda data: data.label_vectors),
}


def mappings_at_hand(data: SentenceMusic) -> dict[str, EmotionMapping]:
    """Every mapping that the data allow, by name, the one that training pairs by first.

    The others are the published ones where all labels are those of Alm, ISEAR and AudioSet; else what follows from
    valence and arousal, and from word vectors, where all labels have them.
    """
    emotions, moods = data.emotions, data.mood_names
    found = {data.mapping.name: data.mapping}
    if set(emotions) <= set(TABLE_5_5) and set(moods) <= set(WORLD_MOODS):
        return found | {name: published_mapping(name) for name in MAPPINGS if name not in found}
    every, told = {*emotions, *moods}, f"the labels of {data.name}"
    if every <= set(data.affects):
        found.setdefault(VALENCE_AROUSAL, map_by_affects(emotions, moods, data.affects, source=told))
    if every <= set(data.label_vectors):
        found.setdefault(WORD_VECTORS, map_by_vectors(emotions, moods, data.label_vectors, source=told))
    return found


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What every way to learn is given."""

    strategy: Strategy
    data: SentenceMusic
    config: StrategyConfig
    branches: Branches
    folder: Path
    seed: int
    quiet: bool

    def texts(self) -> Side:
        """Sentences with their emotions."""
        sentences = self.data.sentences.sentences
        labels = [self.data.emotions.index(one.emotion) for one in sentences]
        return _side(self.branches.text, labels, [one.split for one in sentences], "sentences")

    def songs(self) -> Side:
        """Tracks with their moods."""
        moods, tracks = self.data.moods, self.data.tracks
        labels = [self.data.mood_names.index(moods[one.track_id]) for one in tracks]
        return _side(self.branches.audio, labels, [one.split for one in tracks], "songs")

    def fit(self, name: str, network: nn.Module, scheme: Scheme) -> History:
        """Train a network, or go on with that."""
        training = self.config.training_of(self.strategy)
        return fit(network, scheme, training, folder=self.folder / name, seed=self.seed, quiet=self.quiet)


def _learn_apart(work: _Work, heads: Heads) -> dict[str, History]:
    """Texts, then songs."""
    text_batch, audio_batch = work.config.batch_sizes(work.strategy)
    sides = (
        (TEXT, work.texts(), work.data.emotions, text_batch),
        (AUDIO, work.songs(), work.data.mood_names, audio_batch),
    )
    histories = {}
    for name, side, labels, batch_size in sides:
        targets, loss = _targets(work, labels, of_songs=name == AUDIO)
        scheme = BranchLearning(side, targets, loss, batch_size=batch_size, seed=work.seed, gamma=work.config.gamma)
        network = BranchNetwork(side.view.network, _head(heads, name))
        histories[name] = work.fit(name, network, scheme)
    return histories


def _head(heads: Heads, modality: str) -> nn.Module:
    if isinstance(heads, SpaceNetwork):
        return heads.maps[heads.modalities.index(modality)]
    assert isinstance(heads, Classifiers)
    return {TEXT: heads.text, AUDIO: heads.audio}[modality]


def _targets(work: _Work, labels: tuple[str, ...], *, of_songs: bool) -> tuple[Tensor, BranchLoss]:
    """What each label is to be told by, and the loss."""
    if work.strategy == "classification":
        return torch.arange(len(labels)), "focal" if of_songs else "cross-entropy"
    return _stacked(_TARGETS[work.strategy][1](work.data), labels), "squared"


def _learn_shared(work: _Work, heads: Heads) -> dict[str, History]:
    """Both under shared layers."""
    assert isinstance(heads, SharedHeads)
    texts, songs = work.texts(), work.songs()
    batch_size, _ = work.config.batch_sizes(work.strategy)
    scheme = SharedLearning(texts, songs, batch_size=batch_size, seed=work.seed, gamma=work.config.gamma)
    network = SharedNetwork(texts.view.network, songs.view.network, heads)
    return {BOTH: work.fit(BOTH, network, scheme)}


def _learn_space(work: _Work, heads: Heads) -> dict[str, History]:
    """Both in one space, with or without the labels."""
    assert isinstance(heads, SpaceNetwork)
    texts, songs, data = work.texts(), work.songs(), work.data
    answers = data.mapping.relevant(data.emotions, data.mood_names)
    # Won's code pairs texts with songs by word vectors, and chooses its epoch by valence and arousal.
    judging = mappings_at_hand(data).get(VALENCE_AROUSAL, data.mapping)
    pairs = LabelPairs(answers, judged=judging.relevant(data.emotions, data.mood_names))
    if work.strategy == "three-branch":
        vectors = (_stacked(data.label_vectors, labels) for labels in (data.emotions, data.mood_names))
        pairs = LabelPairs(pairs.answers, pairs.judged, *vectors)
    batch_size, _ = work.config.batch_sizes(work.strategy)
    scheme = MetricLearning(texts, songs, pairs, work.config.metric, batch_size=batch_size, seed=work.seed)
    network = MetricNetwork(texts.view.network, songs.view.network, heads)
    return {BOTH: work.fit(BOTH, network, scheme)}


_LEARN: dict[Strategy, Callable[[_Work, Heads], dict[str, History]]] = {
    "multi-head": _learn_shared,
    "two-branch": _learn_space,
    "three-branch": _learn_space,
}


def _side(branch: Branch, labels: list[int], splits: list[Any], what: str) -> Side:
    rows = {}
    for split in ("train", "valid"):
        wanted = np.array([one == split for one in splits], dtype=bool)
        rows[split] = np.flatnonzero(wanted & branch.view.presence)
        _check_number(len(rows[split]), what, split)
    return Side(view=branch.view, labels=np.array(labels), train=rows["train"], valid=rows["valid"])


def _check_number(n_things: int, what: str, split: str) -> None:
    if n_things < 2:
        raise ConfigError(
            f"{n_things} {what} of the split {split} can be used: too few to learn from",
            hint="give sentences and songs of both splits, train and valid",
        )


def _stacked(known: Any, labels: tuple[str, ...]) -> Tensor:
    rows: NDArray[np.float32] = np.stack([np.asarray(known[one], dtype=np.float32) for one in labels])
    return torch.from_numpy(rows)
