"""A recipe whose scheme is contrastive, carried out: tracks without labels, sounds, network, views found again, bundle.

Tracks of the split ``train``, and those without a split, are learned from; ``valid`` tells the best epoch. Where the
catalogue has no such split, a tenth of the learned tracks is held out, whole artists at a time. ``test`` is not heard.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.store import WaveformStore
from tutti.data.artist_splits import drawn_by_artist, split_by_artist
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate
from tutti.evaluation.tagging import dataset_title
from tutti.files import write_text
from tutti.models.model import Model
from tutti.training.contrastive import ContrastiveConfig, ContrastiveLearning, found_at_once
from tutti.training.contrastive_network import ContrastiveNetwork
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
from tutti.training.sounds import Sounds
from tutti.training.trainer import fit
from tutti.training.transfer import build_network

MONITORS = ("loss", "top_1")
HELD_OUT = {"train": 0.9, "valid": 0.1}  # of tracks without splits


@dataclass(frozen=True, kw_only=True)
class ContrastiveReport:
    """How often an encoder finds the other excerpt of a track.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: ``valid``, by which the best epoch was chosen, and how it came about where the catalogue has none.
        n_items: Tracks; each has two views.
        bootstrap: How the interval was drawn.
        metrics: ``top_1``, the share of views whose nearest among all others is the other one of their track.
        loss: NT-Xent in batches of as many tracks as in training.
        training_seed: Of the run.
    """

    model: str
    dataset: str
    n_items: int
    bootstrap: Bootstrap
    metrics: dict[str, Estimate]
    loss: float
    training_seed: int
    split: str

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = f"training seed {self.training_seed}, bootstrap seed {self.bootstrap.seed}"
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {seeds}"

    def line(self) -> str:
        """All in one line."""
        return (
            f"{self.model} on {self.setting}: the other view found first {self.metrics['top_1']} (by chance "
            f"{self.chance:.3f}), NT-Xent {self.loss:.3f} ({self.bootstrap.level:.0%} interval)"
        )

    @property
    def chance(self) -> float:
        """How often the first of all other views at random is the right one."""
        return 1 / (2 * self.n_items - 1)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"seed": self.bootstrap.seed, "chance": self.chance, **dataclasses.asdict(self)}

    def to_markdown(self) -> str:
        """A short page."""
        return f"# {self.model} on {self.dataset}\n\n{self.line()}.\n\nThese tracks chose the best epoch.\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def unlabelled_tracks(catalogue: Catalogue, *, seed: int) -> dict[str, list[Track]]:
    """Tracks with a sound to learn from, ``train``, and to validate by, ``valid``; copies of others are left out.

    Args:
        catalogue: Whatever tags its tracks have do not count.
        seed: Which artists are held out where no track is in the split ``valid``.

    Raises:
        ConfigError: There are none to learn from.
    """
    tracks = [one for one in catalogue.tracks() if one.audio is not None and one.duplicate_of is None]
    learned = [one for one in tracks if one.split in ("train", None)]
    valid = [one for one in tracks if one.split == "valid"]
    if not learned:
        raise ConfigError(
            f"the catalogue {catalogue.folder} has no track with a sound to learn from",
            hint="tracks of the split train, or without a split, are learned from; scan a folder with: tutti index",
        )
    return {"train": learned, "valid": valid} if valid else split_by_artist(learned, seed=seed, shares=HELD_OUT)


def train_contrastive(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is contrastive; see :func:`tutti.training.runs.train`."""
    assert isinstance(recipe.scheme, ContrastiveConfig)
    catalogue = open_catalogue(recipe)
    tracks = unlabelled_tracks(catalogue, seed=recipe.seed)
    _check_settings(recipe)
    with claimed_folder(recipe):
        is_given = any(one.split == "valid" for one in tracks["valid"])
        split = "valid" if is_given else f"valid ({drawn_by_artist(recipe.seed)})"
        tell(f"decoding {len(tracks['train'])} tracks to learn from, {len(tracks['valid'])} of {split}")
        config = model_config(recipe, (), task="vectors")
        store = open_sounds(tracks, recipe, config)
        scheme = ContrastiveLearning(
            _sounds(store, tracks["train"]),
            _sounds(store, tracks["valid"]),
            recipe.scheme,
            n_samples=config.n_samples,
            seed=recipe.seed,
            augment=augmentation(recipe, config.sample_rate),
        )
        tagger = build_network(config, recipe.model.start, seed=recipe.seed, tell=tell)
        check_length(tagger, config)
        network = ContrastiveNetwork(
            tagger,
            dimensions=recipe.scheme.dimensions,
            temperature=recipe.scheme.temperature,
            n_queued=recipe.scheme.queue,
            momentum=recipe.scheme.momentum,
        )
    tell(f"training on {scheme.n_tracks} tracks, {scheme.n_steps} steps an epoch")
    history = fit(network, scheme, recipe.training, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    report = _report(network.cpu(), scheme, recipe, split, title=dataset_title(catalogue, tracks["train"]))
    learned = [*tracks["train"], *tracks["valid"]]
    return finished(Model(config, network.tagger), report, history, failures_of(store, learned), folder=recipe.folder)


def _check_settings(recipe: Recipe) -> None:
    monitor = recipe.training.resolved().monitor
    if monitor not in MONITORS:
        raise ConfigError(
            f"training.monitor = {monitor!r} is of labels, and a contrastive run has none",
            hint=f"set training.monitor to one of {', '.join(MONITORS)}",
        )
    if recipe.training.devices > 1:
        raise ConfigError(
            f"training.devices = {recipe.training.devices}: tracks are told from the others of a whole batch, which "
            "several processes would not see",
            hint="set training.devices = 1; a larger set of other tracks comes from scheme.queue",
        )


def _sounds(store: WaveformStore, tracks: Sequence[Track]) -> Sounds:
    row_of = {key: row for row, key in enumerate(store.keys)}
    rows = [row_of[track.track_id] for track in tracks if track.track_id in row_of]
    if tracks and not rows:
        first = next(iter(store.failures.values()), "")
        raise ConfigError(f"none of {len(tracks)} tracks could be decoded: {first}", hint="check the files")
    return Sounds(store=store, rows=np.asarray(rows, dtype=np.int64))


def _report(
    network: ContrastiveNetwork, scheme: ContrastiveLearning, recipe: Recipe, split: str, *, title: str
) -> ContrastiveReport:
    settings = recipe.evaluation
    bootstrap = Bootstrap(n_resamples=settings.n_resamples, seed=settings.seed)
    with torch.inference_mode():
        first, second = scheme.valid_projections(network.eval())
        loss = scheme.validate(network)["loss"]
    return ContrastiveReport(
        model=recipe.model.name or recipe.name,
        dataset=title,
        split=split,
        n_items=len(first),
        bootstrap=bootstrap,
        metrics={"top_1": _estimate(found_at_once(first, second), bootstrap)},
        loss=loss,
        training_seed=recipe.seed,
    )


def _estimate(shares: NDArray[np.float64], bootstrap: Bootstrap) -> Estimate:
    """The mean of one number a track, with its interval over tracks."""
    value = float(shares.mean())
    samples = np.concatenate([weights @ shares for weights in bootstrap.weights(len(shares), n_labels=1)])
    low, high = np.clip(bootstrap.interval(samples / len(shares), value=value), 0.0, 1.0)
    return Estimate(value=value, low=float(low), high=float(high))
