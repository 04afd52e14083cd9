"""Recipes carried out: each scheme's way, and the supervised one from catalogue to labels, network, score and bundle.

The run's folder holds::

    recipe.json      the complete recipe; only the same one resumes the run
    waveforms/       decoded sounds, unless the recipe keeps them elsewhere
    checkpoint.pt, metrics.csv, tensorboard/     see ``trainer``
    model/           the bundle
    report.json, report.md     its scores
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from tutti.data.labels import choose_labels
from tutti.evaluation.tagging import scored_tracks
from tutti.models.model import Model
from tutti.models.taggers import build_tagger
from tutti.training.contrastive import ContrastiveConfig
from tutti.training.contrastive_runs import train_contrastive
from tutti.training.recipes import Recipe
from tutti.training.run_parts import (
    BUNDLE,
    Tell,
    TrainedRun,
    augmentation,
    check_length,
    claimed_folder,
    evaluate,
    labelled,
    model_config,
    open_catalogue,
    open_sounds,
    scores,
)
from tutti.training.supervised import SupervisedConfig, SupervisedTagging
from tutti.training.trainer import fit


def train(recipe: Recipe, *, quiet: bool = False, tell: Tell = lambda _: None) -> TrainedRun:
    """Carry out a recipe, going on where an earlier run of the same recipe stopped.

    Args:
        recipe: What to do; most schemes want a catalogue.
        quiet: Show no progress on stderr.
        tell: Receives a line at each stage.

    Raises:
        ConfigError: The recipe does not fit the catalogue, or the folder holds something else.
        CatalogueError: There is no catalogue.
    """
    return WAYS[type(recipe.scheme)](recipe, quiet, tell)


def train_supervised(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is supervised; see :func:`train`."""
    assert isinstance(recipe.scheme, SupervisedConfig)
    catalogue = open_catalogue(recipe)
    tracks = {split: scored_tracks(catalogue, split) for split in ("train", "valid", recipe.evaluation.split)}
    labels = choose_labels([track for some in tracks.values() for track in some], recipe.data)
    learned = [*tracks["train"], *tracks["valid"]]
    with claimed_folder(recipe):
        tell(f"{len(labels)} labels; decoding {len(learned)} tracks")
        config = model_config(recipe, labels)
        store = open_sounds(tracks, recipe, config)
        train_set, valid_set = (labelled(store, tracks[split], recipe, labels) for split in ("train", "valid"))
        torch.manual_seed(recipe.seed)
        network = build_tagger(config.architecture, len(labels), **config.options)
        check_length(network, config)
        scheme = SupervisedTagging(
            train_set,
            valid_set,
            recipe.scheme,
            n_samples=config.n_samples,
            seed=recipe.seed,
            task=recipe.data.task,
            augment=augmentation(recipe, config.sample_rate),
        )
        n_processes = 1 if recipe.training.sync_batchnorm else recipe.training.devices
        scheme.check_batches(network, n_processes=n_processes)
    tell(f"training on {len(train_set.rows)} tracks, {scheme.n_steps} steps an epoch")
    history = fit(network, scheme, recipe.training, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    shares = train_set.targets.mean(axis=0)
    base_rates = {label: float(share) for label, share in zip(labels, shares, strict=True)}
    model = Model(dataclasses.replace(config, base_rates=base_rates), network.cpu())
    tell(f"evaluating epoch {history.best.epoch} on {len(tracks[recipe.evaluation.split])} tracks")
    report = evaluate(model, catalogue, recipe)
    model = Model(dataclasses.replace(model.config, scores=scores(report)), network)
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


WAYS: dict[type, Callable[[Recipe, bool, Tell], TrainedRun]] = {
    SupervisedConfig: train_supervised,
    ContrastiveConfig: train_contrastive,
}
