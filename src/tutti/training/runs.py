"""A recipe carried out: catalogue to labels, decoded sounds, network, trainer, score, bundle.

The run's folder holds::

    recipe.json      the complete recipe; only the same one resumes the run
    waveforms/       decoded sounds, unless the recipe keeps them elsewhere
    checkpoint.pt, metrics.csv, tensorboard/     see ``trainer``
    model/           the bundle
    report.json, report.md     its scores
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.augmentation import Augmentation
from tutti.audio.recording import Recording
from tutti.audio.store import WaveformStore, open_store
from tutti.data.catalogue import Catalogue
from tutti.data.labels import choose_labels, label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Report
from tutti.evaluation.tagging import evaluate_tagger, scored_tracks
from tutti.files import write_text
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger, find_architecture
from tutti.training.checkpoints import History
from tutti.training.recipes import Recipe
from tutti.training.supervised import LabelledSounds, SupervisedTagging
from tutti.training.trainer import fit

RECIPE, WAVEFORMS, BUNDLE = "recipe.json", "waveforms", "model"


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
    model: Model
    history: History
    report: Report
    failures: dict[str, str]


def train(recipe: Recipe, *, quiet: bool = False, tell: Callable[[str], None] = lambda _: None) -> TrainedRun:
    """Carry out a recipe, going on where an earlier run of the same recipe stopped.

    Args:
        recipe: Must name a catalogue.
        quiet: Show no progress on stderr.
        tell: Receives a line at each stage.

    Raises:
        ConfigError: The recipe does not fit the catalogue, or the folder holds something else.
        CatalogueError: There is no catalogue.
    """
    catalogue = _open_catalogue(recipe)
    tracks = {split: scored_tracks(catalogue, split) for split in ("train", "valid", recipe.evaluation.split)}
    labels = choose_labels([track for some in tracks.values() for track in some], recipe.data)
    learned = [*tracks["train"], *tracks["valid"]]
    with _claimed_folder(recipe):
        tell(f"{len(labels)} labels; decoding {len(learned)} tracks")
        config = _model_config(recipe, labels)
        store = _open_store(tracks, recipe, config)
        train_set, valid_set = (_labelled(store, tracks[split], recipe, labels) for split in ("train", "valid"))
        torch.manual_seed(recipe.seed)
        network = build_tagger(config.architecture, len(labels), **config.options)
        _check_length(network, config)
        scheme = _scheme(train_set, valid_set, recipe, config)
        n_processes = 1 if recipe.training.sync_batchnorm else recipe.training.devices
        scheme.check_batches(network, n_processes=n_processes)
    tell(f"training on {len(train_set.rows)} tracks, {scheme.n_steps} steps an epoch")
    history = fit(network, scheme, recipe.training, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    shares = train_set.targets.mean(axis=0)
    base_rates = {label: float(share) for label, share in zip(labels, shares, strict=True)}
    model = Model(dataclasses.replace(config, base_rates=base_rates), network.cpu())
    tell(f"evaluating epoch {history.best.epoch} on {len(tracks[recipe.evaluation.split])} tracks")
    report = _evaluate(model, catalogue, recipe)
    model = Model(dataclasses.replace(model.config, scores=_scores(report)), network)
    model.save(recipe.folder / BUNDLE)
    report.write(recipe.folder)
    return TrainedRun(
        folder=recipe.folder,
        bundle=recipe.folder / BUNDLE,
        model=model,
        history=history,
        report=report,
        failures={track.track_id: why for track in learned if (why := store.failures.get(track.track_id))},
    )


def _open_catalogue(recipe: Recipe) -> Catalogue:
    if recipe.data.catalogue is None:
        raise ConfigError(
            f"the recipe {recipe.name} names no catalogue",
            hint="add data.catalogue=FOLDER; make one: tutti world demo -o FOLDER",
        )
    return Catalogue.open(recipe.data.catalogue)


@contextmanager
def _claimed_folder(recipe: Recipe) -> Iterator[None]:
    """The run's folder, claimed; a new one goes again where the recipe proves not to fit the sounds."""
    is_new = not (recipe.folder / RECIPE).exists()
    claim_folder(recipe)
    try:
        yield
    except ConfigError:
        if is_new:  # else the corrected recipe would be refused as another one
            shutil.rmtree(recipe.folder, ignore_errors=True)
        raise


def _check_length(network: Tagger, config: ModelConfig) -> None:
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
    changes = [key for key in _flat(plain) if _flat(plain)[key] != _flat(found).get(key)]
    # Where the run lies may be told in several ways, and is no part of what it is.
    changes = [key for key in changes if key != "output"]
    if changes:
        key = changes[0]
        theirs, ours = _flat(found).get(key), _flat(plain)[key]
        raise ConfigError(
            f"{folder} holds a run of another recipe: its {key} is {theirs!r}, not {ours!r}",
            hint="name another folder with output=FOLDER, or remove this one",
        )


def _flat(plain: dict[str, Any], place: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in plain.items():
        flat |= _flat(value, f"{place}{key}.") if isinstance(value, dict) else {place + key: value}
    return flat


def _model_config(recipe: Recipe, labels: tuple[str, ...]) -> ModelConfig:
    network = recipe.model
    return ModelConfig(
        name=network.name or recipe.name,
        architecture=network.architecture,
        labels=labels,
        task=recipe.data.task,
        options=dict(network.options),
        excerpts=network.excerpts,
        licence="as the training data allow",
        source=f"trained with the recipe {recipe.name}",
        paper=find_architecture(network.architecture).paper,
        training=recipe.to_json(),
    )


def _open_store(tracks: Mapping[str, Sequence[Track]], recipe: Recipe, config: ModelConfig) -> WaveformStore:
    folder = recipe.data.store or recipe.folder / WAVEFORMS
    recordings = {
        split: [Recording.from_file(track.audio, key=track.track_id) for track in tracks[split] if track.audio]
        for split in ("train", "valid")
    }
    return open_store(recordings, folder, sample_rate=config.sample_rate, resampling=config.resampling)


def _labelled(store: WaveformStore, tracks: Sequence[Track], recipe: Recipe, labels: tuple[str, ...]) -> LabelledSounds:
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


def _scheme(train: LabelledSounds, valid: LabelledSounds, recipe: Recipe, config: ModelConfig) -> SupervisedTagging:
    augment = None
    if recipe.augmentation is not None:
        augment = Augmentation(recipe.augmentation, sample_rate=config.sample_rate)
    return SupervisedTagging(
        train,
        valid,
        recipe.scheme,
        n_samples=config.n_samples,
        seed=recipe.seed,
        task=recipe.data.task,
        augment=augment,
    )


def _evaluate(model: Model, catalogue: Catalogue, recipe: Recipe) -> Report:
    settings = recipe.evaluation
    bootstrap = Bootstrap(n_resamples=settings.n_resamples, seed=settings.seed)
    return evaluate_tagger(
        model,
        catalogue,
        split=settings.split,
        bootstrap=bootstrap,
        threshold=settings.threshold,
        tune_on=settings.tune_on,
    )


def _scores(report: Report) -> dict[str, Any]:
    """A report's part that goes into the bundle."""
    plain = report.to_json()
    kept = ("dataset", "split", "seed", "training_seed", "n_items", "bootstrap", "threshold", "metrics", "left_out")
    return {key: plain[key] for key in kept}
