"""The splits of a run: as the catalogue gives them, else drawn by artist; what the splits share, and what they offer.

A catalogue that ``tutti index`` made of a folder gives its tracks no splits. Which tracks a scheme learns from is told
by that scheme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.artist_splits import artist_of, drawn_by_artist, with_splits
from tutti.data.catalogue import Catalogue
from tutti.data.items import TAGS, Item
from tutti.data.track import Modality, Track
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Predicted, Report, score, tune
from tutti.evaluation.tagging import predict_tracks, scored_tracks
from tutti.models.model import Model
from tutti.training.recipes import Recipe
from tutti.training.run_parts import Tell


@dataclass(frozen=True, kw_only=True)
class RunSplits:
    """The tracks that a run may learn from, choose by and score, in splits.

    Attributes:
        tracks: Of any split, or of none, where only some have one.
        wanted: Splits that take part: train, valid, and the one that is scored.
        origin: How the splits came about; empty where the catalogue gives them.
    """

    tracks: tuple[Track, ...]
    wanted: tuple[str, ...]
    origin: str = ""

    def of(self, split: str) -> list[Track]:
        """The tracks of a split."""
        return [one for one in self.tracks if one.split == split]

    @property
    def by_split(self) -> dict[str, list[Track]]:
        """The tracks of each split that takes part."""
        return {split: self.of(split) for split in self.wanted}

    def title(self, split: str) -> str:
        """What reports call a split."""
        return f"{split} ({self.origin})" if self.origin else split


def run_splits(tracks: Iterable[Track], recipe: Recipe, tell: Tell) -> RunSplits:
    """Tracks as they are where some are in a split; where none is, splits by artist, which follow from the seed.

    Copies of others get no split: they might be heard on both sides.

    Args:
        tracks: That the scheme can learn from.
        recipe: Says which splits take part, and the seed.
        tell: Receives a line where splits are drawn, or where some tracks have none.

    Raises:
        ConfigError: There are too few artists for the splits.
    """
    given = tuple(tracks)
    wanted = tuple(dict.fromkeys(("train", "valid", recipe.evaluation.split)))
    n_without = sum(one.split is None for one in given)
    if not given or n_without < len(given):
        if n_without:
            tell(f"{n_without} of {len(given)} tracks are in no split: neither train, valid nor test has them")
        return RunSplits(tracks=given, wanted=wanted)
    drawn = with_splits([one for one in given if one.duplicate_of is None], seed=recipe.seed)
    splits = RunSplits(tracks=tuple(drawn), wanted=wanted, origin=drawn_by_artist(recipe.seed))
    counts = {split: len(some) for split, some in splits.by_split.items()}
    empty = [split for split, n_tracks in counts.items() if not n_tracks]
    if empty:
        n_artists = len({artist_of(one) for one in drawn})
        raise ConfigError(
            f"no track has a split, and {len(drawn)} tracks by {n_artists} artists are too few to draw splits by "
            f"artist: none is left for {' and '.join(empty)}",
            hint="add music by other artists, or try another seed=N; a track without an artist is one of its own",
        )
    told = ", ".join(f"{n_tracks} of {split}" for split, n_tracks in counts.items())
    tell(f"no track has a split: splits are {splits.origin}, {told}")
    return splits


def labelled_splits(catalogue: Catalogue, recipe: Recipe, tell: Tell) -> RunSplits:
    """The tracks with sound and tags, in splits.

    Raises:
        ConfigError: There are none, or none in a split that takes part, or too few artists to draw splits.
    """
    splits = run_splits(scored_tracks(catalogue, "all"), recipe, tell)
    if not splits.origin:
        for split in dict.fromkeys((*splits.wanted, recipe.evaluation.tune_on or recipe.evaluation.split)):
            scored_tracks(catalogue, split)
    return splits


def evaluate(model: Model, catalogue: Catalogue, splits: RunSplits, recipe: Recipe) -> Report:
    """The model's scores on the recipe's split of labelled tracks."""
    settings = recipe.evaluation

    def predicted(split: str) -> Predicted:
        return predict_tracks(model, catalogue, split=splits.title(split), tracks=splits.of(split))

    return score(
        predicted(settings.split),
        bootstrap=Bootstrap(n_resamples=settings.n_resamples, seed=settings.seed),
        threshold=settings.threshold,
        tuned=None if settings.tune_on is None else tune(predicted(settings.tune_on)),
    )


def rows_by_split(by_split: Mapping[str, Sequence[Any]]) -> dict[str, NDArray[np.int64]]:
    """The rows of each split's things, where those of all splits stand one after the other.

    >>> {split: rows.tolist() for split, rows in rows_by_split({"train": "abc", "valid": "d"}).items()}
    {'train': [0, 1, 2], 'valid': [3]}
    """
    ends = np.cumsum([len(some) for some in by_split.values()]).tolist()
    return {split: np.arange(end - len(some), end) for (split, some), end in zip(by_split.items(), ends, strict=True)}


def tracks_by_split(by_split: Mapping[str, Sequence[Item]]) -> dict[str, list[Track]]:
    """The tracks of each split's items."""
    return {split: [track for item in some for track in item.tracks] for split, some in by_split.items()}


def check_artists_apart(by_split: Mapping[str, Sequence[Track]], *, hint: str) -> None:
    """See that no artist of train is in another split.

    Raises:
        ConfigError: Splits share an artist.
    """
    for split, shared in _by_learned_artists(by_split).items():
        if shared:
            raise ConfigError(
                f"{len(shared)} tracks of the split {split} are by artists of the split train, such as "
                f"{shared[0].artist!r}: what is known of an artist is no cold start",
                hint=hint,
            )


def tell_shared_artists(by_split: Mapping[str, Sequence[Track]], tell: Tell) -> None:
    """Tell of artists of train that are in another split: scores are then higher than those of new artists."""
    for split, shared in _by_learned_artists(by_split).items():
        if shared:
            artists = {artist_of(one): str(one.artist) for one in shared}
            tell(f"{len(artists)} artists of the split {split} are in train too, such as {min(artists.values())!r}")


def _by_learned_artists(by_split: Mapping[str, Sequence[Track]]) -> dict[str, list[Track]]:
    """The tracks of each other split whose artist, however written, is in train."""
    learned = {artist_of(one) for one in by_split["train"]}
    others = {split: some for split, some in by_split.items() if split != "train"}
    return {split: [one for one in some if artist_of(one) in learned] for split, some in others.items()}


def check_offered(
    items: Sequence[Item], modalities: Sequence[Modality], *, level: str, texts: Sequence[str], folder: Path, tell: Tell
) -> None:
    """See that some of the items to learn from have each modality, and tell of kinds of text that none has.

    Args:
        items: Of the split train.
        modalities: That are learned from; who has listened, the plays will tell.
        level: Of the items.
        texts: Kinds of text that are read.
        folder: Of the catalogue.
        tell: Receives a line about kinds of text.

    Raises:
        ConfigError: None has a modality.
    """
    for modality in modalities:
        if modality != "listening" and not any(item.offers(modality) for item in items):
            raise ConfigError(
                f"no {level} of the split train in {folder} has {modality}",
                hint=f"leave {modality!r} out of scheme.modalities, or take another catalogue",
            )
    if "text" in modalities:
        known = {kind for item in items for track in item.tracks for kind in (*track.texts, *(track.tags and [TAGS]))}
        absent = [kind for kind in texts if kind not in known]
        if absent:
            tell(f"text: no {level} of the split train has a {' or a '.join(absent)}")
