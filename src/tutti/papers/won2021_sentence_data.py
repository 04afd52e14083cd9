"""What the experiments of sentence-to-music retrieval are run on: two sets of sentences and music of seven moods.

A user gives AudioSet's clips, Alm, ISEAR, the NRC VAD lexicon and word vectors as far as they are at hand; what a
strategy lacks is told. Instead of all that a generated world serves, with sentences invented to go with it. What is
done with the data is ``won2021_sentences``' matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from tutti.data.catalogue import Catalogue
from tutti.data.datasets import SENTENCE_SETS, find_dataset, find_sentence_set
from tutti.data.datasets.audioset_mood import LABELS
from tutti.data.emotion_mapping import Affects, LabelVectors, label_vectors, read_affects
from tutti.data.sentence_music import SentenceMusic, with_catalogue, with_world
from tutti.data.sentences import LabelledSentences
from tutti.data.world.generate import generate_world
from tutti.data.world.sentences import write_sentences
from tutti.errors import CatalogueError, ConfigError, unknown_name
from tutti.evaluation.intervals import Bootstrap
from tutti.models.sentence_music import STRATEGIES
from tutti.papers.experiment import ExperimentOrder
from tutti.text.sentences import PUBLISHED_FIRST
from tutti.text.word_vectors import WordVectors
from tutti.training.recipes import override
from tutti.training.sentence_config import AudioBranch, StrategyConfig, TextBranch

DATASET = "audioset-mood"
WORLD_KIND = {"alm": "tales", "isear": "situations"}  # what is written of a generated world instead
MINILM = "minilm"  # the one at hand, as --set names it
SMOKE_RESAMPLES = 50
PUBLISHED_STRATEGY = StrategyConfig(
    text=TextBranch(model="distilbert-base-uncased", reading=PUBLISHED_FIRST, learn=True),
    audio=AudioBranch(encoder=None, learn=True),
)


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
        learning: How strategies are learned; as published unless told otherwise.
    """

    strategies: tuple[str, ...] = STRATEGIES
    sentences: tuple[str, ...] = tuple(WORLD_KIND)
    vad: str | None = None
    word_vectors: str | None = None
    catalogue: str | None = None
    n_sentences: int = 1_000
    learning: StrategyConfig = field(default_factory=lambda: PUBLISHED_STRATEGY)

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
    "learning": {
        "text": {
            "model": PUBLISHED_STRATEGY.text.model,
            "reading": {"pooling": "first", "unit_length": False, "n_tokens": PUBLISHED_FIRST.n_tokens},
            "learn": True,
        },
        "audio": {"encoder": None, "learn": True},
    }
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
        ConfigError: One is unknown or makes no sense.
        UnknownNameError: There is no such strategy or set of sentences.
    """
    plain = _copied(SMOKE if order.smoke else PUBLISHED)
    for setting in order.settings:
        override(plain, setting)
    learning = plain["learning"]
    text = learning.get("text") if isinstance(learning, dict) else None
    if isinstance(text, dict) and text.get("model") != PUBLISHED_STRATEGY.text.model:
        text.pop("reading", None)  # another language model is read as it was trained
        text["model"] = None if text.get("model") == MINILM else text.get("model")
    try:
        return TypeAdapter(SentenceSettings).validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"the setting {place}={first['input']!r} makes no sense: {first['msg'].lower()}",
            hint=f"settings: learning.…, {', '.join(list(SentenceSettings.__annotations__)[:-1])}",
        ) from None


def bootstrap_of(order: ExperimentOrder) -> Bootstrap:
    """How intervals are drawn."""
    return Bootstrap(n_resamples=SMOKE_RESAMPLES) if order.smoke else Bootstrap()


def read_data(order: ExperimentOrder, settings: SentenceSettings) -> dict[str, SentenceMusic]:
    """Each set of sentences with the music, by the name of the set.

    Raises:
        ConfigError: The data are not here, or a word is in no lexicon.
        DatasetError: A list is missing or broken.
        CatalogueError: There is no catalogue.
    """
    if order.smoke or settings.catalogue is not None:
        world = _world(order, settings)
        written = {
            name: write_sentences(WORLD_KIND[name], n_sentences=settings.n_sentences, seed=order.seed)
            for name in settings.sentences
        }
        return {name: with_world(one, world) for name, one in written.items()}
    sentences = {name: _read_sentences(order, name) for name in settings.sentences}
    catalogue = _audioset(order)
    found = {}
    for name, one in sentences.items():
        labels = tuple(dict.fromkeys((*one.emotions, *LABELS)))
        found[name] = with_catalogue(
            one, catalogue, affects=_affects(settings, labels), label_vectors=_vectors(settings, labels)
        )
    return found


def _world(order: ExperimentOrder, settings: SentenceSettings) -> Catalogue:
    if settings.catalogue is not None:
        return Catalogue.open(settings.catalogue)
    return generate_world("tiny", order.folder / "catalogue", seed=0, jobs=1)


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


def _audioset(order: ExperimentOrder) -> Catalogue:
    if order.data is None:
        raise ConfigError(
            f"the music is not here: {DATASET} is wanted",
            hint=f"give --data {DATASET}=FOLDER; what belongs there: tutti datasets show {DATASET}",
        )
    folder = order.folder / "catalogue"
    try:
        return Catalogue.open(folder)
    except CatalogueError:
        order.tell(f"reading AudioSet's music from {order.data}")
        return find_dataset(DATASET).catalogue(order.data, folder)


def _affects(settings: SentenceSettings, labels: tuple[str, ...]) -> Affects:
    return {} if settings.vad is None else read_affects(Path(settings.vad), labels)


def _vectors(settings: SentenceSettings, labels: tuple[str, ...]) -> LabelVectors:
    if settings.word_vectors is None:
        return {}
    return label_vectors(WordVectors.load(settings.word_vectors, limit=None), labels)


def _copied(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(one) if isinstance(one, Mapping) else one for key, one in plain.items()}
