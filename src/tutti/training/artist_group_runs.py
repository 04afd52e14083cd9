"""A recipe whose scheme is artist groups, carried out: factors, networks, vectors, classifier, scores, bundle.

Beside what every run's folder holds, ``artist-groups/`` (or the folder that the recipe names, which runs can share) has
the factors (``tutti.data.artist_groups``) and ``networks/<tasks>/``, a run for each network with a bundle of its own to
start others from, and the vectors of the tracks that were learned from. A network that is there is not trained again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tutti.audio.excerpts import ExcerptPlan
from tutti.audio.store import WaveformStore
from tutti.data.artist_groups import SOURCES, ArtistFactors, artist_factors
from tutti.data.labels import SPELLINGS, choose_labels, exact_spelling, label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.files import atomic_file
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger
from tutti.models.taggers.artist_groups import ArtistGroupEncoder, ArtistGroupEnsemble
from tutti.training.artist_groups import (
    ArtistGroupLearning,
    ArtistGroupsConfig,
    SoundsInGroups,
    Task,
    VectorClassifier,
    VectorLearning,
)
from tutti.training.checkpoints import CHECKPOINT
from tutti.training.recipes import Recipe
from tutti.training.run_parts import (
    BUNDLE,
    Tell,
    TrainedRun,
    augmentation,
    check_length,
    claim_folder,
    claimed_folder,
    failures_of,
    finished,
    labelled,
    model_config,
    open_catalogue,
    open_sounds,
)
from tutti.training.run_splits import evaluate, labelled_splits
from tutti.training.sounds import Heard, Sounds, listen
from tutti.training.trainer import fit
from tutti.training.transfer import build_network

CNN, ENSEMBLE = "artist_group_cnn", "artist_group_ensemble"
GROUPS, NETWORKS, VECTORS = "artist-groups", "networks", "vectors.safetensors"
LEARNED = ("train", "valid")


@dataclass(frozen=True, kw_only=True)
class _Material:
    """All that the networks of a recipe learn from."""

    recipe: Recipe
    store: WaveformStore
    labels: tuple[str, ...]
    rows: dict[str, NDArray[np.int64]]
    genres: dict[str, NDArray[np.float32]]
    factors: ArtistFactors
    folder: Path
    quiet: bool
    tell: Tell

    @property
    def settings(self) -> ArtistGroupsConfig:
        """Of the scheme."""
        assert isinstance(self.recipe.scheme, ArtistGroupsConfig)
        return self.recipe.scheme

    def outputs(self, task: Task) -> tuple[str, ...]:
        """What a task's outputs are called."""
        if task == "genre":
            return tuple(f"genre: {label}" for label in self.labels)
        return tuple(f"{task} factor {number}" for number in range(self.settings.groups.n_topics))

    def sounds(self, split: str, tasks: Sequence[Task]) -> SoundsInGroups:
        """The sounds of a split of which some task's target is known."""
        targets = [self._targets(split, task) for task in tasks]
        known = np.concatenate(targets, axis=1).any(axis=1)
        if not known.any():
            raise ConfigError(
                f"no decoded track of the split {split} has a target for {', '.join(tasks)}",
                hint="check the files, and leave tasks out that the catalogue knows nothing of: scheme.tasks",
            )
        return SoundsInGroups(
            store=self.store, rows=self.rows[split][known], targets=tuple(one[known] for one in targets)
        )

    def _targets(self, split: str, task: Task) -> NDArray[np.float32]:
        if task == "genre":
            return self.genres[split]
        factors = self.factors.by_source[task]
        nothing = np.zeros(self.settings.groups.n_topics, dtype=np.float32)
        return np.stack([factors.get(self.store.keys[row], nothing) for row in self.rows[split]])


def train_artist_groups(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is artist groups; see :func:`tutti.training.runs.train`."""
    settings = recipe.scheme
    assert isinstance(settings, ArtistGroupsConfig)
    _check(recipe)
    catalogue = open_catalogue(recipe)
    splits = labelled_splits(catalogue, recipe, tell)
    tracks = splits.by_split
    labels = choose_labels([track for some in tracks.values() for track in some], recipe.data)
    with claimed_folder(recipe):
        material = _material(recipe, tracks, labels, quiet=quiet, tell=tell)
        trained = [_network(material, tasks) for tasks in settings.networks]
        ensemble, config = _ensemble(recipe, labels, trained)
        scheme = _vector_learning(material, trained, settings)
    tell(f"training the classifier on {len(trained)} networks' vectors")
    protocol = recipe.training
    if settings.classifier_epochs is not None:
        protocol = dataclasses.replace(protocol, epochs=settings.classifier_epochs)
    history = fit(VectorClassifier(ensemble), scheme, protocol, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    model = Model(config, ensemble.cpu())
    tell(f"evaluating on {len(tracks[recipe.evaluation.split])} tracks")
    report = evaluate(model, catalogue, splits, recipe)
    learned = [track for split in LEARNED for track in tracks[split]]
    return finished(model, report, history, failures_of(material.store, learned), folder=recipe.folder)


def _check(recipe: Recipe) -> None:
    if recipe.model.architecture != CNN:
        raise ConfigError(
            f"artist groups are learned by {CNN}, and the recipe's architecture is {recipe.model.architecture}",
            hint=f"set model.architecture = {CNN!r}",
        )
    if recipe.data.task != "classes":
        raise ConfigError(
            "artist groups tell genres from each other, and data.task is 'tags'", hint="set data.task = 'classes'"
        )


def _material(
    recipe: Recipe, tracks: Mapping[str, Sequence[Track]], labels: tuple[str, ...], *, quiet: bool, tell: Tell
) -> _Material:
    settings = recipe.scheme
    assert isinstance(settings, ArtistGroupsConfig)
    config = model_config(recipe, labels)
    folder = settings.folder or recipe.folder / GROUPS
    store = open_sounds(tracks, recipe, config)
    row_of = {key: row for row, key in enumerate(store.keys)}
    decoded = {split: [one for one in tracks[split] if one.track_id in row_of] for split in LEARNED}
    for split in LEARNED:
        labelled(store, tracks[split], recipe, labels)  # says in words what is wrong with the classes
    sources = [source for source in SOURCES if source in settings.tasks]
    spell = exact_spelling if settings.groups.genre_prefix else SPELLINGS[recipe.data.spelling]
    learned = {split: [dataclasses.replace(one, tags=spell(one.tags)) for one in tracks[split]] for split in LEARNED}
    factors = ArtistFactors(by_source={}, failures={})
    if sources:
        factors = artist_factors(learned, sources, folder, settings.groups, genres=labels, tell=tell)
    return _Material(
        recipe=recipe,
        store=store,
        labels=labels,
        rows={split: np.array([row_of[one.track_id] for one in decoded[split]], dtype=np.int64) for split in LEARNED},
        genres={
            split: label_targets(decoded[split], labels, spelling=recipe.data.spelling).astype(np.float32)
            for split in LEARNED
        },
        factors=factors,
        folder=folder,
        quiet=quiet,
        tell=tell,
    )


def _network(material: _Material, tasks: tuple[Task, ...]) -> Model:
    """A network for some tasks, trained or taken from the folder."""
    recipe, settings = material.recipe, material.settings
    kind: Literal["single", "multi"] = "multi" if len(tasks) > 1 else "single"
    name = "-".join((kind, *tasks))
    scheme_config = dataclasses.replace(  # what makes a network, whatever else the recipe makes of it
        settings, tasks=tasks, network=kind, classifier_epochs=None, n_hidden=1024, input_dropout=0.5
    )
    model_part = dataclasses.replace(recipe.model, name=f"artist-groups-{name}")
    own = dataclasses.replace(
        recipe, name=name, output=material.folder / NETWORKS / name, scheme=scheme_config, model=model_part
    )
    labels = tuple(label for task in tasks for label in material.outputs(task))
    config = model_config(own, labels, task="values")
    claim_folder(own)
    train, valid = (material.sounds(split, tasks) for split in LEARNED)
    network = build_network(config, recipe.model.start, seed=recipe.seed, tell=material.tell)
    check_length(network, config)
    if not (own.folder / CHECKPOINT).exists():
        _standardise(network, train, config)
        material.tell(f"training a network for {', '.join(tasks)} on {len(train.rows)} tracks")
    augment = augmentation(recipe, config.sample_rate)
    scheme = ArtistGroupLearning(
        train, valid, scheme_config, n_samples=config.n_samples, seed=recipe.seed, augment=augment
    )
    if len(train.rows) * settings.excerpts_per_track < 2:
        raise ConfigError("one excerpt an epoch cannot be normalised", hint="learn from more tracks")
    fit(network, scheme, recipe.training, folder=own.folder, seed=recipe.seed, quiet=material.quiet)
    model = Model(config, network.cpu())
    if not (own.folder / BUNDLE).exists():
        model.save(own.folder / BUNDLE)
    return Model(config, network, folder=own.folder)


def _standardise(network: Tagger, train: SoundsInGroups, config: ModelConfig) -> None:
    """Take the bands' means and deviations from the tracks that are learned from, the middle of each."""
    assert isinstance(network.encoder, ArtistGroupEncoder)
    plan = ExcerptPlan(n_samples=config.n_samples, count=1)
    starts = [plan.starts(int(train.store.n_samples[row]))[0] for row in train.rows]
    with torch.no_grad():
        network.encoder.bands.fit(
            network.frontend(torch.from_numpy(train.store.excerpts([int(row)], [start], n_samples=config.n_samples)))
            for row, start in zip(train.rows, starts, strict=True)
        )


def _ensemble(recipe: Recipe, labels: tuple[str, ...], trained: Sequence[Model]) -> tuple[Tagger, ModelConfig]:
    """The trained networks with a new classifier."""
    settings = recipe.scheme
    assert isinstance(settings, ArtistGroupsConfig)
    options = {
        **recipe.model.options,
        "n_networks": len(trained),
        "n_hidden": settings.n_hidden,
        "input_dropout": settings.input_dropout,
    }
    config = dataclasses.replace(model_config(recipe, labels), architecture=ENSEMBLE, options=options)
    torch.manual_seed(recipe.seed)
    ensemble = build_tagger(ENSEMBLE, len(labels), **options)
    assert isinstance(ensemble.encoder, ArtistGroupEnsemble)
    for place, model in zip(ensemble.encoder.networks, trained, strict=True):
        place.load_state_dict(model.network.encoder.state_dict())
    return ensemble, config


def _vector_learning(material: _Material, trained: Sequence[Model], settings: ArtistGroupsConfig) -> VectorLearning:
    """The joined vectors of the tracks that have a genre, and their genres."""
    heard, targets = [], []
    for split in LEARNED:
        known = material.genres[split].any(axis=1)
        rows = material.rows[split][known]
        each = [_vectors(material, model, split, rows) for model in trained]
        heard.append(dataclasses.replace(each[0], outputs=torch.cat([one.outputs for one in each], dim=1)))
        targets.append(torch.from_numpy(material.genres[split][known]))
    return VectorLearning(
        heard[0],
        heard[1],
        (targets[0], targets[1]),
        batch_size=settings.batch_size,
        l2=settings.l2,
        seed=material.recipe.seed,
    )


def _vectors(material: _Material, model: Model, split: str, rows: NDArray[np.int64]) -> Heard:
    """A network's vectors of the excerpts that the finished model would hear, kept beside the network."""
    assert model.folder is not None
    plan = model.config.excerpt_spec.plan
    ids = [material.store.keys[row] for row in rows]
    key = hashlib.sha256(json.dumps([model.fingerprint, ids]).encode()).hexdigest()
    path = model.folder / f"{split}-{VECTORS}"
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("key") == key:
                return Heard(outputs=file.get_tensor("vectors"), tracks=file.get_tensor("tracks"), n_tracks=len(rows))
    except (OSError, SafetensorError):
        pass  # not there, or damaged: made anew
    with torch.inference_mode():
        encoder = _Representing(model.network).eval()
        heard = listen(encoder, Sounds(store=material.store, rows=rows), plan, batch_size=64)
    with atomic_file(path) as partial_file:
        save_file({"vectors": heard.outputs, "tracks": heard.tracks}, partial_file, metadata={"key": key})
    return Heard(outputs=heard.outputs.clone(), tracks=heard.tracks.clone(), n_tracks=heard.n_tracks)


class _Representing(torch.nn.Module):
    """A tagger that gives its vectors."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return self.tagger.represent(waveform)
