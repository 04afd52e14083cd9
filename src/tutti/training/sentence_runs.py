"""A recipe whose scheme is sentence-to-music, carried out: sentences, songs, a strategy, and how well it finds songs.

Besides what every run's folder holds::

    text/, audio/ or both/    the trainings
    vectors/                  kept vectors of sentences; of sounds those that the catalogue's index lacks
    retriever/                the strategy with its encoders (``tutti.models.sentence_retrieval``)
    model/                    the same as a space that search can use, where the strategy makes one
    mappings/<name>/          the report under every other mapping of emotions to moods
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.emotion_mapping import (
    MANUAL,
    TABLE_5_5,
    VALENCE_AROUSAL,
    WORD_VECTORS,
    Affects,
    EmotionMapping,
    LabelVectors,
    label_vectors,
    map_by_affects,
    map_by_vectors,
    published_mapping,
    read_affects,
    read_manual_mapping,
)
from tutti.data.items import Item
from tutti.data.labels import SPLITS
from tutti.data.sentence_music import SentenceMusic, with_catalogue, with_world
from tutti.data.sentences import read_sentences
from tutti.data.track import Track
from tutti.data.world.moods import MOODS
from tutti.data.world.sentences import write_sentences
from tutti.errors import ConfigError
from tutti.evaluation.emotion_retrieval import EmotionQueries, EmotionRetrievalReport, queries_with, score_emotions
from tutti.evaluation.indexed_sounds import encode_items
from tutti.evaluation.intervals import Bootstrap
from tutti.models.model import Model
from tutti.models.sentence_retrieval import NO_SPACE, SentenceRetriever
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.space_models import SpaceModel
from tutti.models.zoo import load_model
from tutti.text.word_vectors import WordVectors
from tutti.training.branches import Branch
from tutti.training.kept_vectors import encoded_once
from tutti.training.recipes import NetworkConfig, Recipe
from tutti.training.run_parts import (
    BUNDLE,
    Tell,
    TrainedRun,
    claimed_folder,
    open_catalogue,
    scores,
)
from tutti.training.run_splits import run_splits, tell_shared_artists
from tutti.training.sentence_config import SentenceMusicConfig
from tutti.training.sentence_strategies import Branches, check_data, learn_from, mappings_at_hand
from tutti.training.sentence_views import VECTORS, kept_branch, open_songs, open_texts
from tutti.training.views import MatrixView

REPORTS = "mappings"
RETRIEVER = "retriever"
WORLD = "world-"  # begins the names of invented sentences


def train_sentences(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is sentence-to-music; see :func:`tutti.training.runs.train`."""
    settings = _scheme(recipe)
    _check_model(recipe)
    catalogue = open_catalogue(recipe)
    moody = (one for one in catalogue.tracks() if one.audio is not None and len(one.tags) == 1)
    splits = run_splits(moody, recipe, tell)
    data = sentence_music(settings, catalogue, splits.tracks)
    for remark in data.sentences.remarks:
        tell(remark)
    check_data(settings.strategy, data)
    split = recipe.evaluation.split
    if not data.texts(split) or not data.songs(split):
        raise ConfigError(
            f"{len(data.texts(split))} sentences and {len(data.songs(split))} songs of {split} are nothing to score by",
            hint="set evaluation.split to one that both have",
        )
    counts = [f"{len(data.texts(split))} sentences and {len(data.songs(split))} songs of {split}" for split in SPLITS]
    tell(f"{data.name}: {', '.join(counts)}")
    tell_shared_artists({one: data.songs(one) for one in SPLITS}, tell)
    with claimed_folder(recipe):
        branches = _branches(recipe, data, catalogue, quiet=quiet, tell=tell)
    tell(f"learning by the strategy {settings.strategy}")
    config = dataclasses.replace(settings, training=settings.training or recipe.training)
    learned = learn_from(branches, settings.strategy, data, config, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    retriever = learned.retriever.told(name=recipe.model.name or recipe.name)
    reports = _reports(retriever, recipe, data, branches)
    reports = {name: dataclasses.replace(one, split=splits.title(split)) for name, one in reports.items()}
    report = reports[data.mapping.name]
    model = _kept(retriever, recipe, report)
    for name, one in reports.items():
        one.write(recipe.folder if one is report else recipe.folder / REPORTS / name)
    return TrainedRun(
        folder=recipe.folder,
        bundle=recipe.folder / (RETRIEVER if isinstance(model, SentenceRetriever) else BUNDLE),
        model=model,
        history=list(learned.histories.values())[-1],
        report=report,
        failures={**branches.text.failures, **branches.audio.failures},
    )


def sentence_music(
    settings: SentenceMusicConfig, catalogue: Catalogue, tracks: Sequence[Track] | None = None
) -> SentenceMusic:
    """The sentences and songs of a recipe.

    Args:
        settings: Of the scheme.
        catalogue: Of the songs.
        tracks: Its tracks in splits, where these are not its own; a generated world has some.

    Raises:
        ConfigError: A table cannot be read or does not fit the catalogue, or it takes more to map emotions to moods.
        DatasetError: The table of sentences cannot be read.
        UnknownNameError: There is no such kind of invented sentences.
    """
    if settings.sentences.startswith(WORLD):
        for name in ("lexicon", "word_vectors"):
            if getattr(settings, name) is not None:
                raise ConfigError(
                    f"scheme.{name} would not be read: {settings.sentences} has labels of its own, with vectors",
                    hint=f"leave out scheme.{name}, or give a table of sentences",
                )
        sentences = write_sentences(settings.sentences.removeprefix(WORLD), n_sentences=settings.n_sentences)
        return with_world(sentences, catalogue, mapping=_mapping(settings, sentences.emotions, tuple(MOODS), {}, {}))
    sentences = read_sentences(Path(settings.sentences))
    moods = tuple(sorted({one.tags[0] for one in catalogue.tracks() if len(one.tags) == 1}))
    if not moods:
        raise ConfigError(
            f"no track of {catalogue.folder} has a mood: none has exactly one tag",
            hint="give each track its mood for its only tag",
        )
    labels = tuple(dict.fromkeys((*sentences.emotions, *moods)))
    affects = {} if settings.lexicon is None else read_affects(settings.lexicon, labels)
    vectors = {}
    if settings.word_vectors is not None:
        vectors = label_vectors(WordVectors.load(settings.word_vectors), labels)
    mapping = _mapping(settings, sentences.emotions, moods, affects, vectors)
    return with_catalogue(sentences, catalogue, mapping=mapping, affects=affects, label_vectors=vectors, tracks=tracks)


def _mapping(
    settings: SentenceMusicConfig,
    emotions: tuple[str, ...],
    moods: tuple[str, ...],
    affects: Affects,
    vectors: LabelVectors,
) -> EmotionMapping:
    """By hand, as published where all labels are, or from a lexicon or word vectors."""
    name = settings.mapping
    if settings.mapping_table is not None:
        return read_manual_mapping(settings.mapping_table, emotions=emotions, moods=moods)
    if set(emotions) <= set(TABLE_5_5) and set(moods) <= set(MOODS):
        return published_mapping(name)
    if name == VALENCE_AROUSAL and settings.lexicon is not None:
        return map_by_affects(emotions, moods, affects, source=settings.lexicon.name)
    if name == WORD_VECTORS and settings.word_vectors is not None:
        return map_by_vectors(emotions, moods, vectors, source=settings.word_vectors.name)
    wanted = {VALENCE_AROUSAL: "lexicon", WORD_VECTORS: "word_vectors", MANUAL: "mapping_table"}[name]
    raise ConfigError(
        f"nothing says which of the moods {', '.join(moods)} answer {', '.join(emotions)}",
        hint=f"give scheme.{wanted} = FILE, or another scheme.mapping than {name!r}",
    )


def indexed_songs(
    tracks: Sequence[Track], model: Model, catalogue: Catalogue, folder: Path, *, tell: Tell, quiet: bool = True
) -> Branch:
    """The branch of a tagger that stays as it is: its vectors from the catalogue's index, others are heard and kept.

    Args:
        tracks: In the order of the view.
        model: The tagger.
        catalogue: Of the tracks.
        folder: Of kept vectors.
        tell: Receives a line where sounds must be heard.
        quiet: Show no progress on stderr.
    """
    encoder = SoundEncoder(model)
    items = [Item(item_id=one.track_id, title=one.name, tracks=(one,)) for one in tracks]
    read = partial(encoded_once, folder=folder / VECTORS, tell=tell, quiet=quiet)
    encoded = encode_items(encoder, items, catalogue, read=read)
    return kept_branch(encoder, encoded.vectors, failures=dict(encoded.problems))


def scores_on(retriever: SentenceRetriever, data: SentenceMusic, branches: Branches, split: str) -> EmotionQueries:
    """How the songs of a split answer its sentences, from what is kept of both as far as it is.

    Args:
        retriever: What was learned.
        data: Sentences and songs.
        branches: What it was learned from.
        split: Which of them.
    """
    texts, songs = data.texts(split), data.songs(split)
    rows = {
        "text": [n for n, one in enumerate(data.sentences.sentences) if one.split == split],
        "audio": [n for n, one in enumerate(data.tracks) if one.split == split],
    }
    text_vectors = _kept_rows(branches.text, rows["text"])
    song_vectors = _kept_rows(branches.audio, rows["audio"])
    if text_vectors is None:
        text_vectors = retriever.text_vectors([one.text for one in texts])
    if song_vectors is None:
        song_vectors = retriever.song_vectors(songs)
    scores = retriever.scores_of(text_vectors, song_vectors)
    seed = int(retriever.config.training["seed"])
    return queries_with(scores, data, model=retriever.name, split=split, training_seed=seed)


def _kept_rows(branch: Branch, rows: Sequence[int]) -> NDArray[np.float32] | None:
    """Vectors of some things where the branch has them; None where its network was learned."""
    if not isinstance(branch.view, MatrixView):
        return None
    vectors: NDArray[np.float32] = branch.view.learn(np.array(rows, dtype=np.int64), seed=()).numpy()
    return vectors


def _branches(recipe: Recipe, data: SentenceMusic, catalogue: Catalogue, *, quiet: bool, tell: Tell) -> Branches:
    settings = _scheme(recipe)
    folder = settings.vectors or recipe.folder
    text = open_texts(data.sentences.sentences, settings.text, folder / VECTORS, tell=tell, quiet=quiet)
    if settings.audio.encoder and not settings.audio.learns:
        audio = indexed_songs(
            data.tracks, load_model(settings.audio.encoder), catalogue, folder, tell=tell, quiet=quiet
        )
    else:
        kept = recipe.data.store or folder
        audio = open_songs(data.tracks, settings.audio, kept, seed=recipe.seed, tell=tell, quiet=quiet)
    return Branches(text=text, audio=audio)


def _reports(
    retriever: SentenceRetriever, recipe: Recipe, data: SentenceMusic, branches: Branches
) -> dict[str, EmotionRetrievalReport]:
    """Under every mapping that the data allow, that of training first."""
    bootstrap = Bootstrap(n_resamples=recipe.evaluation.n_resamples, seed=recipe.evaluation.seed)
    queries = scores_on(retriever, data, branches, recipe.evaluation.split)
    return {name: score_emotions(queries, one, bootstrap=bootstrap) for name, one in mappings_at_hand(data).items()}


def _kept(
    retriever: SentenceRetriever, recipe: Recipe, report: EmotionRetrievalReport
) -> SpaceModel | SentenceRetriever:
    """The retriever written, and the space that it makes where it makes one."""
    complete = retriever.told(training=recipe.to_json(), scores=scores(report))
    complete.save(recipe.folder / RETRIEVER)
    if complete.strategy in NO_SPACE:
        return complete
    space = complete.space_model(source=f"trained with the recipe {recipe.name}")
    space.save(recipe.folder / BUNDLE)
    return space


def _check_model(recipe: Recipe) -> None:
    if recipe.model != NetworkConfig(name=recipe.model.name):
        raise ConfigError(
            "sentence-to-music takes its networks from scheme.text and scheme.audio, and the recipe has a model",
            hint="write scheme.audio.architecture, .options and .start instead; model.name alone counts",
        )


def _scheme(recipe: Recipe) -> SentenceMusicConfig:
    assert isinstance(recipe.scheme, SentenceMusicConfig)
    return recipe.scheme
