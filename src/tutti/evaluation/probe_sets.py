"""Which tracks and labels a probe learns and is scored on, and what is left out of either, counted.

No artist is on both sides: tracks of ``train`` and ``valid`` whose artist is in the scored split are left out, unless
the published splits are asked for. A catalogue without splits is split by artist. The probing itself is in ``probing``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.artist_splits import artist_of, drawn_by_artist, with_splits
from tutti.data.catalogue import Catalogue
from tutti.data.labels import SPLITS, LabelConfig, choose_labels, label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import BoolMatrix, scorable
from tutti.evaluation.probes import PROBES
from tutti.models.bundles import Task

BySplit = dict[str, list[Track]]


@dataclass(frozen=True, kw_only=True)
class ProbeSettings(LabelConfig):
    """What is asked of the vectors.

    Attributes:
        task: ``tags``: a track may carry any number of labels; ``classes``: exactly one of them.
        probes: Names in ``probes.PROBES``.
        shots: Tracks of each label to learn from, one setting after the other; None is the whole split.
        n_draws: Of few tracks.
        split: That is scored, ``test`` or ``valid``.
        seed: Of the draws and of the MLP's first weights.
        published_splits: Keep the splits as they are, whosever tracks are on both sides.
        bootstrap: How intervals are drawn.
    """

    task: Task = "tags"
    probes: tuple[str, ...] = ("linear",)
    shots: tuple[int | None, ...] = (None,)
    n_draws: int = 5
    split: str = "test"
    seed: int = 0
    published_splits: bool = False
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.probes:
            if name not in PROBES:
                raise unknown_name("probe", name, PROBES)
        if self.split not in SPLITS or self.split == "train":
            raise unknown_name("split to be scored", self.split, [one for one in SPLITS if one != "train"])
        if not self.probes or not self.shots:
            raise ConfigError("no probe, or no number of tracks to learn from", hint="give linear, and all")
        if any(count is not None and count < 1 for count in self.shots) or self.n_draws < 1:
            raise ConfigError("tracks of a label and draws must be 1 or more", hint="give 1,5,10,all and 5 draws")


def parse_shots(text: str) -> tuple[int | None, ...]:
    """Numbers of tracks as the command line has them; ``all`` is the whole split.

    Raises:
        ConfigError: Something else stands there.

    >>> parse_shots("1, 5,all")
    (1, 5, None)
    """
    try:
        return tuple(None if word.strip() == "all" else int(word) for word in text.split(","))
    except ValueError:
        raise ConfigError(f"{text!r} tells no numbers of tracks", hint="write such as 1,5,10,all") from None


def parse_labels(text: str) -> str | tuple[str, ...]:
    """Labels as the command line has them: a rule of ``LabelConfig``, or names.

    >>> parse_labels("top:10"), parse_labels("rock, jazz")
    ('top:10', ('rock', 'jazz'))
    """
    if text == "all" or text.startswith(("top:", "dataset:")):
        return text
    return tuple(word.strip() for word in text.split(",") if word.strip())


def parse_task(text: str) -> Task:
    """The task of this name.

    Raises:
        UnknownNameError: There is none.
    """
    for task in get_args(Task):
        if text == task:
            return cast(Task, task)
    raise unknown_name("task of a probe", text, get_args(Task))


@dataclass(frozen=True, kw_only=True)
class ProbeSets:
    """What takes part.

    Attributes:
        tracks: By split: train, valid where there is one, and the scored one.
        n_left_out: Tracks that take no part, by reason.
        labels: That are probed.
        targets: By split. Shape (tracks, labels).
        left_out: Labels that are not probed, and why.
        origin: How the splits came about; empty where the catalogue gives them.
    """

    tracks: BySplit
    n_left_out: dict[str, int]
    labels: tuple[str, ...] = ()
    targets: dict[str, BoolMatrix] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    origin: str = ""


def choose_tracks(catalogue: Catalogue, settings: ProbeSettings) -> ProbeSets:
    """The tracks with sound and tags, apart by artist, each in its split; labels are not chosen yet.

    Raises:
        ConfigError: There is none to learn from, or none to score.
    """
    everything = catalogue.tracks()
    tracks = [one for one in everything if one.audio is not None and one.tags and one.duplicate_of is None]
    n_left_out = {"without sound or tags, or copies of others": len(everything) - len(tracks)}
    is_drawn = all(one.split is None for one in tracks)
    placed = with_splits(tracks, seed=settings.seed)
    taking_part = [split for split in SPLITS if split in ("train", "valid", settings.split)]
    wanted = {split: [one for one in placed if one.split == split] for split in taking_part}
    if not settings.published_splits:
        wanted, n_straddling = _apart(wanted, settings.split)
        n_left_out[f"of artists that are in {settings.split} too"] = n_straddling
    for split in ("train", settings.split):
        if not wanted[split]:
            told = "" if settings.published_splits else f", once artists of {settings.split} are taken from the others"
            raise ConfigError(
                f"of {len(tracks)} tracks with sound and tags in {catalogue.folder}, none is left for {split}{told}",
                hint="take another catalogue or --split; --published-splits keeps artists on both sides",
            )
    return ProbeSets(tracks=wanted, n_left_out=n_left_out, origin=drawn_by_artist(settings.seed) if is_drawn else "")


def _apart(by_split: BySplit, scored: str) -> tuple[BySplit, int]:
    """Without the tracks to learn from or to choose by whose artist is scored, and how many these were."""
    artists = {artist_of(track) for track in by_split[scored]}
    apart = {
        split: [one for one in some if split == scored or artist_of(one) not in artists]
        for split, some in by_split.items()
    }
    return apart, sum(map(len, by_split.values())) - sum(map(len, apart.values()))


def without(sets: ProbeSets, failures: dict[str, str]) -> ProbeSets:
    """Without the tracks that could not be heard.

    Raises:
        ConfigError: Nothing is left of a split.
    """
    heard = {split: [one for one in some if one.track_id not in failures] for split, some in sets.tracks.items()}
    for split, some in heard.items():
        if not some and sets.tracks[split]:
            raise ConfigError(
                f"none of {len(sets.tracks[split])} tracks of {split} can be heard: {next(iter(failures.values()))}",
                hint="check the files",
            )
    return dataclasses.replace(sets, tracks=heard)


def with_labels(sets: ProbeSets, settings: ProbeSettings) -> ProbeSets:
    """With the labels that have an example to learn from; of classes, with the tracks that are of exactly one of them.

    Raises:
        ConfigError: There are too few such labels, or none of them can be scored.
    """
    labels = settings.labels
    if isinstance(labels, str):
        labels = choose_labels([track for some in sets.tracks.values() for track in some], settings)
    targets = {split: label_targets(some, labels, spelling=settings.spelling) for split, some in sets.tracks.items()}
    sets = dataclasses.replace(sets, labels=labels, targets=targets)
    if settings.task == "classes":
        fit = {split: one.sum(axis=1) == 1 for split, one in targets.items()}
        sets = _only(sets, fit, "of none or several of the classes")
    sets = _with_examples(sets, settings.task)
    scored = sets.targets[settings.split]
    if not len(scored) or (settings.task == "tags" and not scorable(scored).any()):
        raise ConfigError(
            f"none of {len(sets.labels)} labels can be scored on the {len(scored)} tracks of {settings.split}",
            hint="name labels that some of these tracks carry and others do not",
        )
    return sets


def _with_examples(sets: ProbeSets, task: Task) -> ProbeSets:
    """Without the labels that no track of ``train`` carries, of classes without their tracks too."""
    has: NDArray[np.bool_] = np.logical_or.reduce(sets.targets["train"], axis=0)
    least = 2 if task == "classes" else 1
    if int(has.sum()) < least:
        raise ConfigError(
            f"{int(has.sum())} of {len(sets.labels)} labels have a track in train to learn from, {least} are needed",
            hint="name labels that occur: --labels, or another --spelling of tags",
        )
    if task == "classes":  # whatever the probe, their tracks would be taken for others
        known = {split: one[:, has].sum(axis=1) > 0 for split, one in sets.targets.items()}
        sets = _only(sets, known, "of classes without a track in train")
    return dataclasses.replace(
        sets,
        labels=tuple(label for label, is_kept in zip(sets.labels, has, strict=True) if is_kept),
        targets={split: one[:, has] for split, one in sets.targets.items()},
        left_out={label: "no track in train" for label, is_kept in zip(sets.labels, has, strict=True) if not is_kept},
    )


def _only(sets: ProbeSets, kept: dict[str, NDArray[np.bool_]], others: str) -> ProbeSets:
    """Without some tracks, counted as ``others``."""
    tracks = {
        split: [one for one, is_kept in zip(some, kept[split], strict=True) if is_kept]
        for split, some in sets.tracks.items()
    }
    return dataclasses.replace(
        sets,
        tracks=tracks,
        targets={split: one[kept[split]] for split, one in sets.targets.items()},
        n_left_out={**sets.n_left_out, others: sum(int((~one).sum()) for one in kept.values())},
    )
