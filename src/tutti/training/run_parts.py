"""What runs of all schemes have in common: the folder, the decoded sounds, the labels, the network's settings, scores.

Each scheme's way to carry out a recipe is composed of these (``runs`` has the list); the folder of a run is described
there.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.augmentation import Augmentation
from tutti.audio.recording import Recording
from tutti.audio.store import WaveformStore, open_store
from tutti.data.catalogue import Catalogue
from tutti.data.labels import label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError, TuttiError
from tutti.evaluation.report import Estimate
from tutti.files import write_text
from tutti.models.bundles import ModelConfig, ModelTask
from tutti.models.model import Model
from tutti.models.multimodal import MultimodalModel
from tutti.models.sentence_retrieval import SentenceRetriever
from tutti.models.space_models import SpaceModel
from tutti.models.tagger import Tagger
from tutti.models.taggers import find_architecture
from tutti.training.checkpoints import History
from tutti.training.recipes import Recipe
from tutti.training.regularisation import RegularisationConfig, Regularised
from tutti.training.sounds import Sounds
from tutti.training.supervised import LabelledSounds
from tutti.training.trainer import Scheme

RECIPE, WAVEFORMS, BUNDLE = "recipe.json", "waveforms", "model"
UNLABELLED = "waveforms-unlabelled"  # of a catalogue that only regularisation hears

Tell = Callable[[str], None]


class RunReport(Protocol):
    """What every scheme's scores offer."""

    @property
    def metrics(self) -> dict[str, Estimate]:
        """By name."""

    @property
    def n_items(self) -> int:
        """That were scored."""

    def line(self) -> str:
        """The scores in one line, with dataset, split, seed and number of items."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""


@dataclass(frozen=True, kw_only=True)
class TrainedRun:
    """What a run has made.

    Attributes:
        folder: Of the run.
        bundle: Folder of the model's bundle.
        model: The model.
        history: How training went.
        report: How the model scores.
        failures: Tracks that could not be decoded for training, and why.
    """

    folder: Path
    bundle: Path
    model: Model | MultimodalModel | SpaceModel | SentenceRetriever
    history: History
    report: RunReport
    failures: dict[str, str]

    @property
    def tagger(self) -> Model:
        """The model of a scheme that makes taggers."""
        assert isinstance(self.model, Model), f"a {type(self.model).__name__} is no tagger"
        return self.model


def open_catalogue(recipe: Recipe) -> Catalogue:
    """The catalogue that a recipe names.

    Raises:
        ConfigError: It names none.
        CatalogueError: There is none.
    """
    if recipe.data.catalogue is None:
        raise ConfigError(
            f"the recipe {recipe.name} names no catalogue",
            hint="add data.catalogue=FOLDER; make one: tutti world demo -o FOLDER",
        )
    return Catalogue.open(recipe.data.catalogue)


@contextmanager
def claimed_folder(recipe: Recipe) -> Iterator[None]:
    """The run's folder, claimed; a new one goes again where the recipe proves not to fit the sounds."""
    if recipe.regularisation is not None:
        _unlabelled_recordings(recipe.regularisation)  # refuses before anything is decoded
    is_new = not (recipe.folder / RECIPE).exists()
    claim_folder(recipe)
    try:
        yield
    except TuttiError:
        if is_new:  # else the corrected recipe would be refused as another one
            shutil.rmtree(recipe.folder, ignore_errors=True)
        raise


def check_length(network: Tagger, config: ModelConfig) -> None:
    """See that the network can hear an excerpt: pooling may leave nothing of a short one."""
    try:
        with torch.inference_mode():
            network.eval()(torch.zeros(1, config.n_samples))
    except RuntimeError as cause:
        raise ConfigError(
            f"{config.architecture} cannot hear excerpts of {config.n_samples} samples with these options: "
            + str(cause).partition("\n")[0],
            hint="set a longer model.options.n_samples, or leave it out",
        ) from None
    network.train()


def claim_folder(recipe: Recipe) -> None:
    """Make the run's folder, or see that it belongs to the same recipe.

    Raises:
        ConfigError: It belongs to another recipe, or holds something else.
    """
    folder, plain = recipe.folder, recipe.to_json()
    try:
        found = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if folder.is_file() or (folder.exists() and any(folder.iterdir())):
            hint = "name a new or an empty folder: output=FOLDER"
            raise ConfigError(f"{folder} holds something that is no training run", hint=hint) from None
        write_text(folder / RECIPE, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
        return
    except ValueError as cause:
        raise ConfigError(f"{folder / RECIPE} is damaged: {cause}", hint="name another folder: output=FOLDER") from None
    ours, theirs = _flat(plain), _flat(found)
    # Where the run lies may be told in several ways, and is no part of what it is; a section may be in one alone.
    changes = [key for key in {**ours, **theirs} if key != "output" and ours.get(key) != theirs.get(key)]
    if changes:
        key = changes[0]
        raise ConfigError(
            f"{folder} holds a run of another recipe: its {key} is {theirs.get(key)!r}, not {ours.get(key)!r}",
            hint="name another folder with output=FOLDER, or remove this one",
        )


def _flat(plain: dict[str, Any], place: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in plain.items():
        flat |= _flat(value, f"{place}{key}.") if isinstance(value, dict) else {place + key: value}
    return flat


def model_config(recipe: Recipe, labels: tuple[str, ...], *, task: ModelTask | None = None) -> ModelConfig:
    """The configuration of the model that a recipe makes; its task is the recipe's where none is given."""
    network = recipe.model
    return ModelConfig(
        name=network.name or recipe.name,
        architecture=network.architecture,
        labels=labels,
        task=task or recipe.data.task,
        options=dict(network.options),
        excerpts=network.excerpts,
        licence="as the training data allow" + (f", and {network.start.from_}" if network.start else ""),
        source=f"trained with the recipe {recipe.name}" + (f", from {network.start.from_}" if network.start else ""),
        paper=find_architecture(network.architecture).paper,
        training=recipe.to_json(),
    )


def open_sounds(tracks: Mapping[str, Sequence[Track]], recipe: Recipe, config: ModelConfig) -> WaveformStore:
    """The decoded sounds of the splits train and valid, decoding what is not decoded yet."""
    folder = recipe.data.store or recipe.folder / WAVEFORMS
    recordings = {
        split: [Recording.from_file(track.audio, key=track.track_id) for track in tracks[split] if track.audio]
        for split in ("train", "valid")
    }
    return open_store(recordings, folder, sample_rate=config.sample_rate, resampling=config.resampling)


def labelled(store: WaveformStore, tracks: Sequence[Track], recipe: Recipe, labels: tuple[str, ...]) -> LabelledSounds:
    """The sounds of some tracks that could be decoded, with their labels.

    Raises:
        ConfigError: None could be decoded; or with classes, a track is of several, or none is of any.
    """
    row_of = {key: row for row, key in enumerate(store.keys)}
    decoded = [track for track in tracks if track.track_id in row_of]
    if not decoded:
        first = next(iter(store.failures.values()), "")
        raise ConfigError(f"none of the {len(tracks)} tracks could be decoded: {first}", hint="check the files")
    targets = label_targets(decoded, labels, spelling=recipe.data.spelling)
    rows = np.asarray([row_of[track.track_id] for track in decoded], dtype=np.int64)
    if recipe.data.task == "classes":
        _check_classes(decoded, targets, labels)
        rows, targets = rows[targets.any(axis=1)], targets[targets.any(axis=1)]
    return LabelledSounds(store=store, rows=rows, targets=targets)


def _check_classes(tracks: Sequence[Track], targets: NDArray[np.bool_], labels: Sequence[str]) -> None:
    """See that no track is of several classes, and that some are of one."""
    counts = targets.sum(axis=1)
    if counts.max(initial=0) > 1:
        first = int(counts.argmax())
        names = ", ".join(label for label, applies in zip(labels, targets[first], strict=True) if applies)
        raise ConfigError(
            f"{int((counts > 1).sum())} of {len(tracks)} tracks are of several classes: "
            f"{tracks[first].track_id} is {names}",
            hint="set data.task = 'tags', or name data.labels that exclude each other",
        )
    if not counts.any():
        raise ConfigError(f"none of {len(tracks)} tracks carries one of the classes", hint="see data.labels")


def augmentation(recipe: Recipe, sample_rate: int) -> Augmentation | None:
    """What alters the recipe's excerpts, if it says so."""
    return None if recipe.augmentation is None else Augmentation(recipe.augmentation, sample_rate=sample_rate)


def regularised(
    scheme: Scheme, recipe: Recipe, config: ModelConfig, learned: Sounds, *, tell: Tell = lambda _: None
) -> Scheme:
    """The scheme with the terms that the recipe adds to its loss, or as it is.

    Args:
        scheme: Its network gives logits of labels.
        recipe: Says which terms, and what they hear.
        config: Of the model.
        learned: What the scheme learns from, which the terms hear where the recipe names no other catalogue.
        tell: Receives a line about another catalogue's tracks.

    Raises:
        ConfigError: That catalogue has nothing to hear.
        CatalogueError: There is none.
    """
    settings = recipe.regularisation
    if settings is None:
        return scheme
    sounds = learned if settings.catalogue is None else _unlabelled(settings, recipe, config, tell)
    augment = augmentation(recipe, config.sample_rate)
    return Regularised(scheme, sounds, settings, n_samples=config.n_samples, task=recipe.data.task, augment=augment)


def _unlabelled(settings: RegularisationConfig, recipe: Recipe, config: ModelConfig, tell: Tell) -> Sounds:
    """The sounds of regularisation's own catalogue."""
    recordings = _unlabelled_recordings(settings)
    folder = settings.store or recipe.folder / UNLABELLED
    store = open_store({"train": recordings}, folder, sample_rate=config.sample_rate, resampling=config.resampling)
    wanted = {recording.key for recording in recordings}
    rows = [row for row, key in enumerate(store.keys) if key in wanted]
    why = next((f": {store.failures[key]}" for key in store.failures if key in wanted), "")
    if not rows:
        raise ConfigError(f"none of {len(wanted)} unlabelled tracks could be decoded{why}", hint="check the files")
    failed = f"; {len(wanted) - len(rows)} more could not be decoded{why}" if why else ""
    tell(f"{len(rows)} unlabelled tracks to be {_aims(settings)} on{failed}")
    return Sounds(store=store, rows=np.asarray(rows, dtype=np.int64))


def _unlabelled_recordings(settings: RegularisationConfig) -> list[Recording]:
    """What regularisation's own catalogue, if it has one, holds that is not held out."""
    if settings.catalogue is None:
        return []
    tracks = [one for one in Catalogue.open(settings.catalogue).tracks() if one.split in ("train", None)]
    heard = [one for one in tracks if one.duplicate_of is None]
    recordings = [Recording.from_file(one.audio, key=one.track_id) for one in heard if one.audio is not None]
    if not recordings:
        raise ConfigError(
            f"the catalogue {settings.catalogue} has no unlabelled track with a sound to hear",
            hint="tracks of the split train, or without a split, are heard; or leave out regularisation.catalogue",
        )
    return recordings


def _aims(settings: RegularisationConfig) -> str:
    aims = {"consistent": settings.consistency, "sure": settings.entropy}
    return " and ".join(aim for aim, term in aims.items() if term is not None)


def finished(
    model: Model, report: RunReport, history: History, failures: Mapping[str, str], *, folder: Path
) -> TrainedRun:
    """Write a trained model as a bundle with its scores, and its report; what the run has made.

    Args:
        model: As it was scored.
        report: Its scores.
        history: How training went.
        failures: Tracks that could not be decoded, and why.
        folder: Of the run.
    """
    scored = Model(dataclasses.replace(model.config, scores=scores(report)), model.network)
    scored.save(folder / BUNDLE)
    report.write(folder)
    return TrainedRun(
        folder=folder, bundle=folder / BUNDLE, model=scored, history=history, report=report, failures=dict(failures)
    )


def finished_space(
    model: SpaceModel,
    report: RunReport,
    history: History,
    failures: Mapping[str, str],
    *,
    folder: Path,
    metrics: Mapping[str, Any] | None = None,
) -> TrainedRun:
    """The same of a space, whose bundle keeps its scores.

    Args:
        model: As it was scored.
        report: Its scores.
        history: How training went.
        failures: Items that could not be read, and why.
        folder: Of the run.
        metrics: What the bundle keeps of the report's metrics; None keeps all.
    """
    kept = {} if metrics is None else {"metrics": dict(metrics)}
    model.config = dataclasses.replace(model.config, scores=scores(report) | kept)
    model.save(folder / BUNDLE)
    report.write(folder)
    return TrainedRun(
        folder=folder, bundle=folder / BUNDLE, model=model, history=history, report=report, failures=dict(failures)
    )


def failures_of(store: WaveformStore, tracks: Sequence[Track]) -> dict[str, str]:
    """Why some of these tracks could not be decoded."""
    return {track.track_id: why for track in tracks if (why := store.failures.get(track.track_id))}


def scores(report: RunReport) -> dict[str, Any]:
    """A report's part that goes into the bundle."""
    plain = report.to_json()
    facts = ("dataset", "split", "mapping", "seed", "training_seed", "bootstrap", "threshold")
    counts = ("n_items", "n_texts", "n_songs", "n_users")
    return {key: plain[key] for key in (*facts, *counts, "metrics", "chance", "left_out") if key in plain}
