"""A recipe whose scheme is supervised, carried out: catalogue to labels, decoded sounds, network, scores, bundle."""

from __future__ import annotations

import dataclasses

from tutti.data.labels import choose_labels
from tutti.models.model import Model
from tutti.training.recipes import Recipe
from tutti.training.run_parts import (
    Tell,
    TrainedRun,
    augmentation,
    check_length,
    claimed_folder,
    failures_of,
    finished,
    labelled,
    model_config,
    open_catalogue,
    open_sounds,
    regularised,
)
from tutti.training.run_splits import evaluate, labelled_splits
from tutti.training.sounds import Sounds
from tutti.training.standardisation import standardise
from tutti.training.supervised import SupervisedConfig, SupervisedTagging
from tutti.training.trainer import fit
from tutti.training.transfer import build_network


def train_supervised(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is supervised; see :func:`tutti.training.runs.train`."""
    assert isinstance(recipe.scheme, SupervisedConfig)
    catalogue = open_catalogue(recipe)
    splits = labelled_splits(catalogue, recipe, tell)
    tracks = splits.by_split
    labels = choose_labels([track for some in tracks.values() for track in some], recipe.data)
    learned = [*tracks["train"], *tracks["valid"]]
    with claimed_folder(recipe):
        tell(f"{len(labels)} labels; decoding {len(learned)} tracks")
        config = model_config(recipe, labels)
        network = build_network(config, recipe.model.start, seed=recipe.seed, tell=tell)
        check_length(network, config)
        store = open_sounds(tracks, recipe, config)
        train_set, valid_set = (labelled(store, tracks[split], recipe, labels) for split in ("train", "valid"))
        standardise(network, train_set, n_samples=config.n_samples)
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
        heard = Sounds(store=store, rows=train_set.rows)
        regular = regularised(scheme, recipe, config, heard, tell=tell)
    tell(f"training on {len(train_set.rows)} tracks, {scheme.n_steps} steps an epoch")
    history = fit(network, regular, recipe.training, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    shares = train_set.targets.mean(axis=0)
    base_rates = {label: float(share) for label, share in zip(labels, shares, strict=True)}
    model = Model(dataclasses.replace(config, base_rates=base_rates), network.cpu())
    tell(f"evaluating epoch {history.best.epoch} on {len(tracks[recipe.evaluation.split])} tracks")
    report = evaluate(model, catalogue, splits, recipe)
    return finished(model, report, history, failures_of(store, learned), folder=recipe.folder)
