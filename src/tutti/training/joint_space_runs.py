"""A recipe whose scheme is a joint space, carried out: items, encoders, their vectors, the space, what finds what.

Tracks of the split ``train`` are learned from, ``valid`` tells the best epoch; a catalogue without any splits is split
by artist. Besides what every run's folder holds::

    vectors/        what the encoders gave of all items, while their fingerprints are the same
    space/          the trainer's checkpoint and log
    model/          a space model, which ``tutti place`` and ``tutti search`` take
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of, told_apart
from tutti.data.track import Modality
from tutti.errors import ConfigError
from tutti.evaluation.cross_modal import CrossModalReport, score_cross_modal
from tutti.evaluation.indexed_sounds import encode_items
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.tagging import dataset_title
from tutti.evaluation.unmatched import unmatched_cosines
from tutti.listening.factors import factorise
from tutti.listening.play_files import read_plays
from tutti.listening.plays import PlayCounts
from tutti.models.concept_listener import ConceptListener
from tutti.models.encoder_kinds import load_encoder
from tutti.models.encoders import Encoded, ModalityEncoder
from tutti.models.model_folders import CONFIG
from tutti.models.multimodal import ENCODERS, is_multimodal
from tutti.models.song_encoders import ListeningEncoder
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.models.text_readers import open_reader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network
from tutti.models.zoo import load_model
from tutti.text.spelling import plain
from tutti.training.checkpoints import History
from tutti.training.joint_learning import STRANGER, JointLearning, SpaceItems, fresh_space
from tutti.training.joint_space import JointSpaceConfig
from tutti.training.kept_vectors import encoded_once
from tutti.training.recipes import Recipe
from tutti.training.run_parts import (
    BUNDLE,
    Tell,
    TrainedRun,
    claimed_folder,
    finished_space,
    open_catalogue,
)
from tutti.training.run_splits import (
    RunSplits,
    check_offered,
    rows_by_split,
    run_splits,
    tell_shared_artists,
    tracks_by_split,
)
from tutti.training.trainer import fit

SPACE, VECTORS = "space", "vectors"
MONITORS = ("loss", "top_1")


def train_joint_space(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is a joint space; see :func:`tutti.training.runs.train`."""
    work = Work.open(recipe, quiet, tell)
    with claimed_folder(recipe):
        encoders = {one: work.encoder(one) for one in work.settings.modalities}
        encoded = {one: work.encoded(encoder) for one, encoder in encoders.items()}
        train, valid = work.space_items(encoders, encoded)
        settings, seed = work.settings, recipe.seed
        size, weights = settings.batch_size, settings.weights()
        scheme = JointLearning(train, valid, batch_size=size, weights=weights, seed=seed)
        network = fresh_space(train, settings.space(), seed=seed)
    tell(f"training on {scheme.n_items} {settings.level}s, {scheme.n_steps} steps an epoch")
    history = fit(network, scheme, recipe.training, folder=recipe.folder / SPACE, seed=seed, quiet=quiet)
    model = SpaceModel(work.config(), encoders, network.cpu().eval())
    return work.finished(model, encoded, history)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What all stages of a run are given.

    Attributes:
        recipe: What to do.
        catalogue: Whose items are brought together.
        items: Those of train first, then of valid, then of the split that is scored.
        rows: Of each split.
        splits: Their tracks, and how the splits came about.
        quiet: Show no progress on stderr.
        tell: Receives a line at each stage.
    """

    recipe: Recipe
    catalogue: Catalogue
    items: tuple[Item, ...]
    rows: Mapping[str, NDArray[np.int64]]
    splits: RunSplits
    quiet: bool
    tell: Tell

    @classmethod
    def open(cls, recipe: Recipe, quiet: bool, tell: Tell) -> Work:
        """The items of the recipe's catalogue.

        Raises:
            ConfigError: A split has none with a modality that is wanted, or the recipe cannot be carried out.
            CatalogueError: There is no catalogue.
        """
        settings = recipe.scheme
        assert isinstance(settings, JointSpaceConfig)
        monitor = recipe.training.resolved().monitor
        if monitor not in MONITORS:
            raise ConfigError(
                f"training.monitor = {monitor!r} is of labels, and a joint space has none",
                hint=f"set training.monitor to one of {', '.join(MONITORS)}",
            )
        catalogue = open_catalogue(recipe)
        splits = run_splits((one for one in catalogue.tracks() if one.duplicate_of is None), recipe, tell)
        by_split = split_items(splits, catalogue.folder, settings)
        check_offered(
            by_split["train"],
            settings.modalities,
            level=settings.level,
            texts=settings.text.read,
            folder=catalogue.folder,
            tell=tell,
        )
        tell_shared_artists(tracks_by_split(by_split), tell)
        counts = ", ".join(f"{len(some)} of {split}" for split, some in by_split.items())
        tell(f"{' + '.join(settings.modalities)}; {settings.level}s: {counts}")
        items = tuple(told_apart(item for some in by_split.values() for item in some))
        rows = rows_by_split(by_split)
        return cls(recipe=recipe, catalogue=catalogue, items=items, rows=rows, splits=splits, quiet=quiet, tell=tell)

    @property
    def settings(self) -> JointSpaceConfig:
        """Of the scheme."""
        assert isinstance(self.recipe.scheme, JointSpaceConfig)
        return self.recipe.scheme

    def encoder(self, modality: Modality) -> ModalityEncoder:
        """The encoder of a modality, ready.

        Raises:
            ConfigError: It reads another modality, or there is nothing to learn words or factors from.
            ModelError: It cannot be loaded.
        """
        encoder = OPENERS[modality](self)
        if encoder.modality != modality:
            raise ConfigError(
                f"scheme.{modality}.encoder reads {encoder.modality}, not {modality}",
                hint=f"name an encoder of {modality}",
            )
        return encoder

    def encoded(self, encoder: ModalityEncoder, items: Sequence[Item] | None = None) -> Encoded:
        """What an encoder gives of all items, or of others in their place: from the index, kept, or read now."""
        items = self.items if items is None else items
        if isinstance(encoder, ListeningEncoder):
            return encoder.encode(items)
        folder = self.settings.vectors or self.recipe.folder / VECTORS
        read = partial(encoded_once, folder=folder, tell=self.tell, quiet=self.quiet)
        return encode_items(encoder, items, self.catalogue, read=read)

    def space_items(
        self, encoders: Mapping[Modality, ModalityEncoder], encoded: Mapping[Modality, Encoded]
    ) -> tuple[SpaceItems, SpaceItems]:
        """What is learned from, and what tells the best epoch."""
        variants: dict[str, NDArray[np.float32]] = {}
        if "text" in encoders and self.settings.text.mixtures and len(self.settings.text.read) > 1:
            kinds = [self.encoded(encoders["text"], texts_of(self.items, kind)) for kind in self.settings.text.read]
            variants["text"] = np.stack([one.vectors for one in kinds], axis=1)
        vectors = {str(modality): one.vectors for modality, one in encoded.items()}
        groups = groups_of(self.items, albums_apart=self.settings.albums_apart)
        whole = SpaceItems(vectors=vectors, variants=variants, groups=groups)
        return whole.rows(self.rows["train"]), whole.rows(self.rows["valid"])

    def config(self) -> SpaceModelConfig:
        """Of the model, without scores."""
        recipe, settings = self.recipe, self.settings
        return SpaceModelConfig(
            name=recipe.model.name or recipe.name,
            level=settings.level,
            texts=settings.text.read if "text" in settings.modalities else (),
            licence="as the training data and the encoders allow",
            source=f"trained with the recipe {recipe.name}",
            training=recipe.to_json(),
        )

    def finished(self, model: SpaceModel, encoded: Mapping[Modality, Encoded], history: History) -> TrainedRun:
        """The model scored and written; what the run has made."""
        recipe = self.recipe
        points = {one: model.place_vectors(one, some.vectors) for one, some in encoded.items()}
        by_split = {split: {str(one): some[rows] for one, some in points.items()} for split, rows in self.rows.items()}
        model.config = replace(model.config, calibration=unmatched_cosines(by_split["valid"], seed=recipe.seed))
        model.save(recipe.folder / BUNDLE)  # also where the split turns out to have nothing to score by
        report = self._report(model, by_split[recipe.evaluation.split], encoded)
        failures = {key: why for some in encoded.values() for key, why in some.problems.items()}
        return finished_space(model, report, history, failures, folder=recipe.folder, metrics=told(report))

    def _report(
        self, model: SpaceModel, points: Mapping[str, NDArray[np.float32]], encoded: Mapping[Modality, Encoded]
    ) -> CrossModalReport:
        settings, split = self.recipe.evaluation, self.recipe.evaluation.split
        scored = [self.items[row] for row in self.rows[split].tolist()]
        self.tell(f"evaluating on {len(scored)} {self.settings.level}s")
        report = score_cross_modal(
            points,
            model=model.name,
            dataset=dataset_title(self.catalogue, [track for item in scored for track in item.tracks]),
            split=self.splits.title(split),
            bootstrap=Bootstrap(n_resamples=settings.n_resamples, seed=settings.seed),
            training_seed=self.recipe.seed,
        )
        ids = {item.item_id for item in scored}
        problems = {key: why for some in encoded.values() for key, why in some.problems.items() if key in ids}
        return dataclasses.replace(report, problems=problems)


def told(report: CrossModalReport) -> dict[str, dict[str, float]]:
    """What a bundle keeps of a report: the scores of single modalities, by direction."""
    return {
        one.direction.title: {name: round(estimate.value, 4) for name, estimate in one.metrics.items()}
        for one in report.directions
        if len(one.direction.asks) == len(one.direction.answers) == 1
    }


def split_items(splits: RunSplits, folder: Path, settings: JointSpaceConfig) -> dict[str, list[Item]]:
    """Items of train, valid and the split that is scored with any of the modalities.

    Args:
        splits: Of the tracks.
        folder: Of the catalogue.
        settings: Of the scheme.

    Raises:
        ConfigError: A split has none.
    """
    found = {}
    for split, own in splits.by_split.items():
        read = settings.text.read if "text" in settings.modalities else ()
        items = items_of(own, level=settings.level, texts=read)
        is_heard = "listening" in settings.modalities  # whether anybody played it, the plays will tell
        found[split] = [one for one in items if is_heard or any(one.offers(name) for name in settings.modalities)]
        if not found[split]:
            raise ConfigError(
                f"the catalogue {folder} has no {settings.level} in the split {split} with any of "
                f"{', '.join(settings.modalities)}",
                hint="train, valid and the evaluated split each need some; without any splits they are made by artist",
            )
    return found


def texts_of(items: Sequence[Item], kind: str) -> list[Item]:
    """The same items with one kind of their texts alone."""
    found = []
    for item in items:
        read = items_of([replace(one, album=None) for one in item.tracks], texts=(kind,))
        texts = dict.fromkeys(one.text for one in read if one.text)
        found.append(replace(item, text="\n\n".join(texts)))
    return found


def groups_of(items: Sequence[Item], *, albums_apart: bool) -> NDArray[np.int64]:
    """What items have in common beyond what an encoder could tell: texts, covers, and the album unless told apart.

    Returns:
        Numbers, ``STRANGER`` where there is nothing. Shape (items, kinds).
    """
    marks: list[list[object]] = [
        [item.text.strip() or None for item in items],
        [None if albums_apart else item.covers or None for item in items],
        [None if albums_apart else _album(item) for item in items],
    ]
    columns = []
    for some in marks:
        numbers = {mark: number for number, mark in enumerate(dict.fromkeys(one for one in some if one is not None))}
        columns.append([STRANGER if mark is None else numbers[mark] for mark in some])
    return np.array(columns, dtype=np.int64).reshape(len(marks), len(items)).T


def _album(item: Item) -> tuple[str, str] | None:
    albums = {track.album for track in item.tracks}
    album = albums.pop() if len(albums) == 1 else None
    return (plain(item.artist or ""), plain(album)) if album else None


def _open_sounds(work: Work) -> ModalityEncoder:
    stage = work.settings.audio
    if (Path(stage.encoder) / CONFIG).exists() and not is_multimodal(stage.encoder):
        encoder = load_encoder(Path(stage.encoder))
        if type(encoder) is not SoundEncoder:
            return encoder
        tagger = encoder.model
    else:
        tagger = load_model(stage.encoder)
    is_tagger = bool(tagger.labels) and tagger.config.task != "values"
    return ConceptListener.of(tagger) if stage.with_labels and is_tagger else SoundEncoder(tagger)


def _open_texts(work: Work) -> ModalityEncoder:
    stage = work.settings.text
    if stage.encoder is not None:
        return load_encoder(Path(stage.encoder))
    learned = [work.items[row] for row in work.rows["train"].tolist()]
    reader = open_reader(stage.reader, learned)
    if reader.needs_fit:
        reader.fit([item.text for item in learned])
    config = TextConfig(**dataclasses.asdict(stage.reader), widths=(), dropout=0.0)
    return TextEncoder(config, reader, build_text_network(config, reader.n_inputs))


def _open_covers(work: Work) -> ModalityEncoder:
    folder = Path(str(work.settings.image.encoder))
    return load_encoder(folder / ENCODERS / "image" if is_multimodal(folder) else folder)


def _open_plays(work: Work) -> ModalityEncoder:
    stage = work.settings.listening
    plays = PlayCounts.of_listens(work.catalogue.listens()) if stage.plays is None else read_plays(stage.plays)
    learned_ids = [track.track_id for row in work.rows["train"].tolist() for track in work.items[row].tracks]
    learned = factorise(plays.of_tracks(learned_ids), stage.factors)
    others = {*plays.track_ids} - {*learned.track_ids}
    names, vectors = learned.fold_in(plays.of_tracks(others)) if others else ((), learned.track_factors[:0])
    work.tell(
        f"listening: {learned.n_dimensions} factors of {len(learned.users)} users and {len(plays.track_ids)} tracks"
    )
    return ListeningEncoder([*learned.track_ids, *names], np.concatenate([learned.track_factors, vectors]))


OPENERS: dict[str, Callable[[Work], ModalityEncoder]] = {
    "audio": _open_sounds,
    "text": _open_texts,
    "image": _open_covers,
    "listening": _open_plays,
}
