"""A recipe whose scheme is factor regression, carried out: plays, factors, sounds, network, ranking, bundle.

Tracks without a split are split by artist; splits that share an artist are refused, since a listener's liking for an
artist would tell what the sound should. The run's folder also holds ``factors/``: those of the users and of the tracks
that were learned from (``tutti.listening.factors``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.audio.store import WaveformStore
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.cold_start import ColdStart, ColdStartReport, cold_start_metrics
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.tagging import dataset_title
from tutti.listening.play_files import read_plays
from tutti.listening.plays import PlayCounts, coverage
from tutti.listening.splits import SplitPlays, ranking_users, split_plays
from tutti.models.inference import analyse
from tutti.models.model import Model
from tutti.models.tagger import Tagger
from tutti.training.factor_regression import FactorRegression, FactorRegressionConfig, SoundsWithFactors
from tutti.training.recipes import Recipe
from tutti.training.run_parts import (
    Tell,
    TrainedRun,
    augmentation,
    check_length,
    claimed_folder,
    failures_of,
    finished,
    model_config,
    open_catalogue,
    open_sounds,
)
from tutti.training.run_splits import RunSplits, check_artists_apart, run_splits
from tutti.training.trainer import fit
from tutti.training.transfer import build_network

FACTORS = "factors"  # folder in the run's


def train_factors(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is factor regression; see :func:`tutti.training.runs.train`."""
    settings = recipe.scheme
    assert isinstance(settings, FactorRegressionConfig)
    catalogue = open_catalogue(recipe)
    splits = cold_start_splits(catalogue, recipe, tell)
    tracks = splits.by_split
    plays = PlayCounts.of_listens(catalogue.listens()) if settings.plays is None else read_plays(settings.plays)
    tell(coverage(plays, [track.track_id for some in tracks.values() for track in some]).line())
    ids = {split: [track.track_id for track in some] for split, some in tracks.items()}
    listened = split_plays(plays, ids, settings.factors)
    labels = tuple(f"factor {number}" for number in range(listened.learned.n_dimensions))
    with claimed_folder(recipe):
        tell(f"decoding {len(tracks['train'])} tracks to learn from, {len(tracks['valid'])} to validate by")
        config = model_config(recipe, labels, task="values")
        store = open_sounds(tracks, recipe, config)
        train_set, valid_set = (_with_factors(store, listened, split) for split in ("train", "valid"))
        train_set, valid_set, length = _scaled(train_set, valid_set, settings)
        network = build_network(config, recipe.model.start, seed=recipe.seed, tell=tell)
        check_length(network, config)
        augment = augmentation(recipe, config.sample_rate)
        scheme = FactorRegression(
            train_set, valid_set, settings, n_samples=config.n_samples, seed=recipe.seed, augment=augment
        )
        _check_batches(len(train_set.rows) * settings.excerpts_per_track, scheme.n_steps, recipe)
    listened.learned.save(recipe.folder / FACTORS)
    tell(f"training on {len(train_set.rows)} tracks that were played, {scheme.n_steps} steps an epoch")
    history = fit(network, scheme, recipe.training, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    _lengthen(network.cpu(), length)
    report = cold_start_report(Model(config, network), catalogue, splits, listened, recipe)
    learned = [*tracks["train"], *tracks["valid"]]
    return finished(Model(config, network), report, history, failures_of(store, learned), folder=recipe.folder)


def cold_start_splits(catalogue: Catalogue, recipe: Recipe, tell: Tell) -> RunSplits:
    """The tracks with a sound in splits, none by an artist of train in another; copies of others are left out.

    Raises:
        ConfigError: Splits share an artist, or one of them has no tracks.
    """
    tracks = [one for one in catalogue.tracks() if one.audio is not None and one.duplicate_of is None]
    splits = run_splits(tracks, recipe, tell)
    for split, some in splits.by_split.items():
        if not some:
            raise ConfigError(
                f"the catalogue {catalogue.folder} has no track with a sound in the split {split}",
                hint="train, valid and the evaluated split each need some; without any splits they are made by artist",
            )
    check_artists_apart(splits.by_split, hint="split by artist: give the tracks no splits, and they are")
    return splits


def cold_start_report(
    model: Model, catalogue: Catalogue, splits: RunSplits, listened: SplitPlays, recipe: Recipe
) -> ColdStartReport:
    """How well a model hears factors of tracks that were held out, and ranks these for the users.

    Raises:
        ConfigError: None of the tracks could be heard, or there is nothing to rank for.
    """
    settings = recipe.scheme
    assert isinstance(settings, FactorRegressionConfig)
    tracks = splits.of(recipe.evaluation.split)
    heard, failures = _heard(model, tracks)
    learned, factors = listened.learned, listened.by_split[recipe.evaluation.split]
    ids = list(heard)
    nothing = np.zeros(learned.n_dimensions, dtype=np.float32)
    values, wanted = np.stack(list(heard.values())), np.stack([factors.get(one, nothing) for one in ids])
    if settings.loss == "cosine":
        values, wanted = _unit(values), _unit(wanted)
    users = ranking_users(learned, listened.plays, ids, seed=recipe.evaluation.seed)
    case = ColdStart(
        heard=values,
        wanted=wanted,
        is_played=np.array([one in factors for one in ids]),
        users=learned.of_users(users),
        relevant=listened.plays.played(users, ids),
    )
    bootstrap = Bootstrap(n_resamples=recipe.evaluation.n_resamples, seed=recipe.evaluation.seed)
    depth = min(settings.depth, len(ids))
    return ColdStartReport(
        model=model.name,
        dataset=dataset_title(catalogue, tracks),
        split=splits.title(recipe.evaluation.split),
        n_items=len(ids),
        n_unplayed=int((~case.is_played).sum()),
        n_users=len(users),
        n_users_without=len(set(learned.users) - set(listened.plays.of_tracks(ids).users)),
        bootstrap=bootstrap,
        depth=depth,
        metrics=cold_start_metrics(case, depth=depth, bootstrap=bootstrap, seed=recipe.evaluation.seed),
        failures=failures,
        training_seed=recipe.seed,
    )


def _with_factors(store: WaveformStore, listened: SplitPlays, split: str) -> SoundsWithFactors:
    """The decoded sounds of a split's tracks that were played, with their factors."""
    factors = listened.by_split[split]
    rows = [row for row, key in enumerate(store.keys) if key in factors]
    if not rows:
        raise ConfigError(
            f"none of the {len(factors)} played tracks of the split {split} could be decoded", hint="check the files"
        )
    vectors = np.stack([factors[store.keys[row]] for row in rows])
    return SoundsWithFactors(store=store, rows=np.asarray(rows, dtype=np.int64), factors=vectors)


def _scaled(
    train: SoundsWithFactors, valid: SoundsWithFactors, settings: FactorRegressionConfig
) -> tuple[SoundsWithFactors, SoundsWithFactors, float]:
    """Factors as a network learns them easily, and the number that undoes it: each entry about 1 with squared errors.

    Factors are some hundredths long; where only directions count, nothing is changed.
    """
    if settings.loss == "cosine":
        return train, valid, 1.0
    length = float(np.sqrt(np.mean(train.factors**2)))
    shorter = [dataclasses.replace(one, factors=one.factors / np.float32(length)) for one in (train, valid)]
    return shorter[0], shorter[1], length


def _lengthen(network: Tagger, length: float) -> None:
    """Multiply a network's outputs, for good."""
    assert isinstance(network.head, torch.nn.Linear)
    with torch.no_grad():
        network.head.weight.mul_(length)
        network.head.bias.mul_(length)


def _check_batches(n_excerpts: int, n_steps: int, recipe: Recipe) -> None:
    if n_excerpts // n_steps // recipe.training.devices < 2:
        raise ConfigError(
            f"{n_excerpts} excerpts an epoch in batches of at most {recipe.scheme.batch_size} leave an excerpt alone, "
            "and networks normalise over several",
            hint=f"set scheme.batch_size to {4 * recipe.training.devices} or more, or learn from more tracks",
        )


def _heard(model: Model, tracks: Sequence[Track]) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """A model's values of each track, and the tracks that could not be heard."""
    recordings = [Recording.from_file(track.audio, key=track.track_id) for track in tracks if track.audio]
    heard, failures = {}, {}
    for analysis in analyse(recordings, [model], jobs=1):
        key = str(analysis.recording.key)
        if analysis.failure is not None:
            failures[key] = analysis.failure.message
        else:
            heard[key] = analysis.results[model.name].probabilities
    if not heard:
        raise ConfigError(f"none of {len(tracks)} tracks could be heard", hint="check the files")
    return dict(sorted(heard.items())), failures


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    found: NDArray[np.float32] = np.divide(vectors, lengths, dtype=np.float32)
    return found
