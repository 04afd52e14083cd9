"""The items that a recipe of the scheme ``fusion`` means: which split each is of, and what is wanted of it.

Also the readout that follows from these. Which modalities of an item can be read, the views and encoders find out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, told_apart
from tutti.data.label_factors import label_factors
from tutti.data.labels import choose_labels
from tutti.errors import ConfigError
from tutti.evaluation.multimodal import ItemSelection, ScoredItems, offered_items, scored_items, targets_of, values_of
from tutti.evaluation.recommendation import item_factors
from tutti.evaluation.tagging import dataset_title
from tutti.listening.play_files import read_plays
from tutti.listening.plays import PlayCounts, coverage
from tutti.listening.splits import SplitPlays, split_plays
from tutti.models.readouts import (
    NUMBERS,
    Activation,
    ClassReadout,
    DirectionReadout,
    FactorReadout,
    Readout,
    TagReadout,
    ValueReadout,
)
from tutti.training.fusion import FusionSchemeConfig
from tutti.training.recipes import Recipe
from tutti.training.run_parts import Tell
from tutti.training.run_splits import (
    RunSplits,
    check_artists_apart,
    check_offered,
    rows_by_split,
    run_splits,
    tell_shared_artists,
    tracks_by_split,
)


@dataclass(frozen=True, kw_only=True)
class ItemSplits:
    """The items of a run, those to learn from first, then those to validate by, then those that are scored.

    Attributes:
        items: All of them.
        labels: Or the names of the values.
        wanted: See ``readouts``. Shape (items, labels), float32.
        rows: Of each split.
        splits: Their tracks, and how the splits came about.
        title: Of the dataset.
        listened: With listening factors to tell: the plays and factors that ``wanted`` comes from.
    """

    items: tuple[Item, ...]
    labels: tuple[str, ...]
    wanted: NDArray[np.float32]
    rows: Mapping[str, NDArray[np.int64]]
    splits: RunSplits
    title: str
    listened: SplitPlays | None = None

    @property
    def learned(self) -> tuple[Item, ...]:
        """Of train and valid, which come first."""
        return self.items[: len(self.rows["train"]) + len(self.rows["valid"])]

    def scored(self, split: str) -> ScoredItems:
        """Items of a split with the truth."""
        rows = self.rows[split]
        items = tuple(self.items[row] for row in rows.tolist())
        return ScoredItems(items=items, targets=self.wanted[rows], title=self.title, split=self.splits.title(split))


def item_splits(catalogue: Catalogue, recipe: Recipe, tell: Tell) -> ItemSplits:
    """The items that a recipe means, and what is wanted of them.

    Raises:
        ConfigError: A split has nothing to learn from or to score, or no item to learn from has one of the
            modalities; or there are too few artists to draw splits.
    """
    settings = recipe.scheme
    assert isinstance(settings, FusionSchemeConfig)
    _check_targets(recipe)
    selection = ItemSelection(level=settings.level, texts=settings.read, modalities=settings.modalities)
    offered = scored_items if settings.target not in NUMBERS else offered_items
    splits = _splits(offered_items(catalogue, "all", selection), recipe, tell)
    by_split = {split: offered(catalogue, split, selection, some) for split, some in splits.by_split.items()}
    truth = _truth(catalogue, by_split, recipe, tell)
    for split in by_split:
        if not truth.fit[split].any():
            raise ConfigError(
                f"no item of the split {split} in {catalogue.folder} can be learned from or scored",
                hint="see the catalogue's splits, tags and values",
            )
    tell_shared_artists(tracks_by_split(by_split), tell)
    kept = {s: [one for one, fits in zip(some, truth.fit[s], strict=True) if fits] for s, some in by_split.items()}
    check_offered(
        kept["train"],
        settings.modalities,
        level=settings.level,
        texts=settings.read,
        folder=catalogue.folder,
        tell=tell,
    )
    items = tuple(told_apart(item for some in kept.values() for item in some))
    return ItemSplits(
        items=items,
        labels=truth.labels,
        wanted=np.concatenate([truth.wanted[split][truth.fit[split]] for split in kept]),
        rows=rows_by_split(kept),
        splits=splits,
        title=dataset_title(catalogue, [track for item in items for track in item.tracks]),
        listened=truth.listened,
    )


def _splits(offered: Sequence[Item], recipe: Recipe, tell: Tell) -> RunSplits:
    """The tracks of the items of all splits; where labels are learned, those with tags alone are dealt out."""
    settings = recipe.scheme
    assert isinstance(settings, FusionSchemeConfig)
    tagged = [item for item in offered if item.tags]
    fitting = tagged if tagged and settings.target not in NUMBERS else offered
    return run_splits((track for item in fitting for track in item.tracks), recipe, tell)


class _Truth(NamedTuple):
    """What is wanted of the items of each split, and which of them can be learned from or scored; see `ItemSplits`."""

    labels: tuple[str, ...]
    wanted: Mapping[str, NDArray[np.float32]]
    fit: Mapping[str, NDArray[np.bool_]]
    listened: SplitPlays | None = None


def _truth(catalogue: Catalogue, by_split: Mapping[str, Sequence[Item]], recipe: Recipe, tell: Tell) -> _Truth:
    settings = recipe.scheme
    assert isinstance(settings, FusionSchemeConfig)
    if settings.target == "listening-factors":
        listened = _listened(catalogue, by_split, settings, tell)
        labels = tuple(f"factor {number}" for number in range(listened.learned.n_dimensions))
        wanted = {s: item_factors(some, listened.by_split[s], len(labels)) for s, some in by_split.items()}
        is_scored = recipe.evaluation.split  # of these, items that nobody has played are ranked too
        fit = {s: _some_known(one) | (s == is_scored) for s, one in wanted.items()}
        return _Truth(labels, wanted, fit, listened)
    if settings.target == "values":
        wanted = {s: values_of(catalogue, some, settings.values, settings.values_table) for s, some in by_split.items()}
        return _Truth(settings.values, wanted, {split: _some_known(one) for split, one in wanted.items()})
    labels = choose_labels([item for some in by_split.values() for item in some], recipe.data)
    wanted = {s: targets_of(some, labels, spelling=recipe.data.spelling) for s, some in by_split.items()}
    fit = {split: _fitting(wanted[split], split, task_of(recipe), tell) for split in by_split}
    return _Truth(tuple(labels), wanted, fit)


def _some_known(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which items have any of the values."""
    return np.asarray((~np.isnan(values)).any(axis=1))


def _listened(
    catalogue: Catalogue, by_split: Mapping[str, Sequence[Item]], settings: FusionSchemeConfig, tell: Tell
) -> SplitPlays:
    """The plays of the items of every split, none by an artist of train in another.

    Raises:
        ConfigError: Splits share an artist: what is known of an artist is no cold start.
    """
    check_artists_apart(tracks_by_split(by_split), hint="split by artist: give the tracks no splits, and they are")
    table = settings.listening.plays
    plays = PlayCounts.of_listens(catalogue.listens()) if table is None else read_plays(table)
    ids = {split: [track.track_id for item in some for track in item.tracks] for split, some in by_split.items()}
    tell(coverage(plays, [track_id for some in ids.values() for track_id in some]).line())
    return split_plays(plays, ids, settings.listening.factors)


def task_of(recipe: Recipe) -> str:
    """What the fusion learns of the labels."""
    settings = recipe.scheme
    assert isinstance(settings, FusionSchemeConfig)
    return settings.target or recipe.data.task


def _fitting(wanted: NDArray[np.float32], split: str, target: str, tell: Tell) -> NDArray[np.bool_]:
    """Which items can be learned from: of classes, those of exactly one."""
    counts = wanted.sum(axis=1)
    if target != "classes":
        return np.ones(len(wanted), dtype=np.bool_)
    if (counts > 1).any():
        tell(f"{int((counts > 1).sum())} items of the split {split} are of several classes and are left out")
    fits: NDArray[np.bool_] = counts == 1
    return fits


def _check_targets(recipe: Recipe) -> None:
    """Encoders learn of the same truth as the fusion: of numbers, of one class, or of any labels."""
    settings, target = recipe.scheme, task_of(recipe)
    assert isinstance(settings, FusionSchemeConfig)
    for modality, stage in (("audio", settings.audio), ("image", settings.image), ("text", settings.text)):
        own = stage.target or target
        if own != target and (own in NUMBERS or target in NUMBERS or own == "classes"):
            raise ConfigError(
                f"scheme.{modality}.target={own!r} cannot be learned from what the fusion learns, {target!r}",
                hint=f"leave out scheme.{modality}.target, or set scheme.target to the same",
            )


def readout_for(target: str, splits: ItemSplits, *, n_factors: int, activation: Activation) -> Readout:
    """The readout of a target, fitted to the items of train, and label factors also to those of valid as published."""
    learned = np.concatenate([splits.rows["train"], splits.rows["valid"]])
    if target == "tags":
        return TagReadout(len(splits.labels))
    if target == "classes":
        return ClassReadout(len(splits.labels))
    if target == "label-factors":
        factors = label_factors(splits.wanted[learned] > 0, n_dims=min(n_factors, len(splits.labels)))
        return FactorReadout(factors.labels, activation=activation)
    if target == "listening-factors":
        return DirectionReadout(len(splits.labels))
    values = splits.wanted[splits.rows["train"]]
    deviations = np.nanstd(values, axis=0)
    return ValueReadout(np.nanmean(values, axis=0), np.where(deviations > 0, deviations, 1.0))
