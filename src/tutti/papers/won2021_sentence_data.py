"""What the experiments of sentence-to-music retrieval are run on: two sets of sentences and music of seven moods.

A user gives AudioSet's clips, Alm, ISEAR, the NRC VAD lexicon and word vectors as far as they are at hand; what a
strategy lacks is told. Instead of all that a generated world serves, with sentences invented to go with it. What is
done with the data is ``won2021_sentences``' matter.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from tutti.data.datasets import SENTENCE_SETS, find_sentence_set
from tutti.data.datasets.audioset_mood import LABELS
from tutti.data.emotion_mapping import Affects, LabelVectors, label_vectors, read_affects
from tutti.data.sentence_music import SentenceMusic, with_catalogue, with_world
from tutti.data.sentences import LabelledSentences
from tutti.data.world.sentences import write_sentences
from tutti.errors import ConfigError, unknown_name
from tutti.models.sentence_music import STRATEGIES
from tutti.papers.experiment import ExperimentOrder, checked_settings
from tutti.text.sentences import PUBLISHED_FIRST
from tutti.text.word_vectors import WordVectors
from tutti.training.sentence_config import StrategyConfig

DATASET = "audioset-mood"
WORLD_KIND = {"alm": "tales", "isear": "situations"}  # what is written of a generated world instead
DISTILBERT = "distilbert-base-uncased"  # the paper's, read by its first token
MINILM = "minilm"  # the one at hand, as --set names it


@dataclass(frozen=True, kw_only=True)
class SentenceSettings:
    """Settings of the experiments, as ``--set`` gives them.

    Attributes:
        strategies: Which are learned.
        sentences: Which sets ask: ``alm``, ``isear``.
        vad: File of the NRC VAD lexicon, which regression of valence and arousal learns from.
        word_vectors: File of word vectors, which their regression and three branches learn from; the paper's were
            trained on music.
        catalogue: Of a generated world, instead of AudioSet; sentences are then invented.
        n_sentences: That are invented of each set.
        learning: How strategies are learned.
    """

    strategies: tuple[str, ...] = STRATEGIES
    sentences: tuple[str, ...] = tuple(WORLD_KIND)
    vad: str | None = None
    word_vectors: str | None = None
    catalogue: str | None = None
    n_sentences: int = 1_000
    learning: StrategyConfig

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for kind, given, known in (
            ("strategy", self.strategies, STRATEGIES),
            ("set of sentences", self.sentences, tuple(WORLD_KIND)),
        ):
            for name in given:
                if name not in known:
                    raise unknown_name(kind, name, known)


PUBLISHED: dict[str, Any] = {
    "learning": {"text": {"model": DISTILBERT, "learn": True}, "audio": {"encoder": None, "learn": True}}
}
SMOKE: dict[str, Any] = {
    "n_sentences": 60,
    "learning": {
        "batch_size": 8,
        "heads": {"text_classifier": 16, "audio_classifier": 16, "shared": [16, 16, 8], "metric": 16, "embed_dim": 8},
        "training": {"epochs": 2, "learning_rate": 1e-3, "accelerator": "cpu", "loaders": 0, "patience": 0},
    },
}


def read_settings(order: ExperimentOrder) -> SentenceSettings:
    """The settings of an order.

    Raises:
        ConfigError: One is unknown, makes no sense, or would not be read.
        UnknownNameError: There is no such strategy or set of sentences.
    """
    plain = order.plain_settings(published=PUBLISHED, smoke=SMOKE)
    learning = plain["learning"]
    text = learning.get("text") if isinstance(learning, dict) else None
    if isinstance(text, dict) and text.get("model") == MINILM:
        text["model"] = None
    elif isinstance(text, dict) and text.get("model") == DISTILBERT:  # others are read as they were trained
        own = text.setdefault("reading", {})
        if isinstance(own, dict):
            text["reading"] = {**dataclasses.asdict(PUBLISHED_FIRST), **own}
    names = list(SentenceSettings.__annotations__)
    settings = checked_settings(SentenceSettings, plain, hint=f"settings: learning.…, {', '.join(names[:-1])}")
    if _is_of_world(order, settings):
        order.refuse_unused(
            dict.fromkeys(("vad", "word_vectors"), "a generated world says itself where emotions and moods lie"),
            hint="leave it out, or run it on data of your own, without --smoke and without --set catalogue",
        )
    else:
        order.refuse_unused(
            {"n_sentences": "of your own sentences all are read"},
            hint="leave it out, or have sentences invented for a generated world: --set catalogue=FOLDER",
        )
    return settings


def read_data(order: ExperimentOrder, settings: SentenceSettings) -> dict[str, SentenceMusic]:
    """Each set of sentences with the music, by the name of the set.

    Raises:
        ConfigError: The data are not here, or a word is in no lexicon.
        DatasetError: A list is missing or broken.
        CatalogueError: There is no catalogue.
    """
    if _is_of_world(order, settings):
        world = order.world(settings.catalogue)
        written = {
            name: write_sentences(WORLD_KIND[name], n_sentences=settings.n_sentences, seed=order.seed)
            for name in settings.sentences
        }
        return {name: with_world(one, world) for name, one in written.items()}
    sentences = {name: _read_sentences(order, name) for name in settings.sentences}
    catalogue = order.catalogue(DATASET)
    found = {}
    for name, one in sentences.items():
        labels = tuple(dict.fromkeys((*one.emotions, *LABELS)))
        found[name] = with_catalogue(
            one, catalogue, affects=_affects(settings, labels), label_vectors=_vectors(settings, labels)
        )
    return found


def _is_of_world(order: ExperimentOrder, settings: SentenceSettings) -> bool:
    return order.smoke or settings.catalogue is not None


def _read_sentences(order: ExperimentOrder, name: str) -> LabelledSentences:
    if name not in order.others:
        title = SENTENCE_SETS[name].title
        raise ConfigError(
            f"{title} is not here: {name} is wanted",
            hint=f"give --data {name}=FOLDER, or --set 'sentences=[\"…\"]'; tutti datasets sentences {name} tells more",
        )
    chosen = find_sentence_set(name)
    read = chosen.read(order.others[name], seed=order.seed)
    for remark in (*read.remarks, *chosen.count_remarks(read)):
        order.tell(f"{name}: {remark}")
    return read


def _affects(settings: SentenceSettings, labels: tuple[str, ...]) -> Affects:
    return {} if settings.vad is None else read_affects(Path(settings.vad), labels)


def _vectors(settings: SentenceSettings, labels: tuple[str, ...]) -> LabelVectors:
    if settings.word_vectors is None:
        return {}
    return label_vectors(WordVectors.load(settings.word_vectors, limit=None), labels)
