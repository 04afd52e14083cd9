"""From what listeners typed to targets: which labels a model learns, and which of them a track carries.

Tags come as people wrote them. A *spelling* brings them to one form: ``plain`` ignores case, accents and hyphens;
``exact`` leaves them as they are; ``world`` knows the synonyms and misspellings of the generated world. What a model
has learned is told by its labels, whose order is a research dataset's own where the configuration names one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.track import Split
from tutti.errors import ConfigError, unknown_name
from tutti.text.spelling import plain


class Tagged(Protocol):
    """A track, or an item of several."""

    @property
    def tags(self) -> tuple[str, ...]:
        """As typed."""

    @property
    def split(self) -> str | None:
        """train, valid or test."""


Spelling = Callable[[Iterable[str]], tuple[str, ...]]

SPLITS: tuple[str, ...] = get_args(Split)
TOP = re.compile(r"top:([1-9]\d*)")
OF_DATASET = re.compile(r"dataset:([^/]+)(?:/(.+))?")


def plain_spelling(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in their plain form, each once, in order.

    >>> plain_spelling(["Hip-Hop", "hip  hop", "Jazz"])
    ('hip hop', 'jazz')
    """
    return tuple(dict.fromkeys(form for form in map(plain, tags) if form))


def world_spelling(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in the canonical vocabulary of the generated world; those that it does not know are left out."""
    from tutti.data.world.tags import normalise_tags

    return tuple(dict.fromkeys(normalise_tags(tags)))


def exact_spelling(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are, each once, in order."""
    return tuple(dict.fromkeys(tags))


SPELLINGS: dict[str, Spelling] = {
    "plain": plain_spelling,
    "exact": exact_spelling,
    "world": world_spelling,
}


@dataclass(frozen=True, kw_only=True)
class LabelConfig:
    """Which labels to learn.

    Attributes:
        labels: ``all``, ``top:50`` for the fifty most frequent in the train split, their names, or
            ``dataset:magnatagatune`` or ``dataset:mtg-jamendo/genre-split0`` for exactly a research dataset's labels,
            in the published order.
        min_positives: A label must apply to at least this many tracks of each split, unless it was named.
        spelling: How tags are brought to one form, a name in ``SPELLINGS``.
    """

    labels: str | tuple[str, ...] = "top:50"
    min_positives: int = 5
    spelling: str = "plain"

    def __post_init__(self) -> None:
        if isinstance(self.labels, str) and not (
            self.labels == "all" or TOP.fullmatch(self.labels) or OF_DATASET.fullmatch(self.labels)
        ):
            raise ConfigError(
                f"labels={self.labels!r} is not understood",
                hint="write 'all', 'top:50' for the fifty most frequent, 'dataset:NAME', or a list of names",
            )
        if not isinstance(self.labels, str) and (not self.labels or len({*self.labels}) < len(self.labels)):
            raise ConfigError("the list of labels is empty or names one twice", hint="name each label once")
        if self.min_positives < 1:
            raise ConfigError(f"min_positives={self.min_positives} is not positive", hint="give 1 or more")
        if self.spelling not in SPELLINGS:
            raise unknown_name("spelling of tags", self.spelling, SPELLINGS)


def choose_labels(tracks: Sequence[Tagged], config: LabelConfig) -> tuple[str, ...]:
    """The labels that a configuration means: those of a list or a dataset in its order, else the most frequent first.

    Args:
        tracks: Of all splits; those without a split do not count.
        config: What is wanted.

    Raises:
        ConfigError: No tag is frequent enough, or a named label never occurs in the train split.
        UnknownNameError: There is no such dataset or protocol.
    """
    if isinstance(config.labels, str) and (dataset := OF_DATASET.fullmatch(config.labels)):
        return _of_dataset(dataset[1], dataset[2], tracks)
    spell = SPELLINGS[config.spelling]
    counts = {split: Counter[str]() for split in SPLITS}
    n_tracks = Counter(track.split for track in tracks)
    for track in tracks:
        if track.split in counts:
            counts[track.split].update(spell(track.tags))
    if not isinstance(config.labels, str):
        return _named(config.labels, counts["train"], spell)
    present = [split for split in SPLITS if n_tracks[split]]
    frequent = [
        tag
        for tag, _ in sorted(counts["train"].items(), key=lambda item: (-item[1], item[0]))
        if all(config.min_positives <= counts[split][tag] < n_tracks[split] for split in present)
    ]
    if not frequent:
        most = counts["train"].most_common(1)
        found = f"the most frequent in train, {most[0][0]!r}, has {most[0][1]}" if most else "no track has tags"
        raise ConfigError(
            f"no tag has {config.min_positives} positives, and a negative, in each split: {found}",
            hint="lower data.min_positives, name labels in data.labels, or use a larger catalogue",
        )
    top = TOP.fullmatch(config.labels)
    return tuple(frequent[: int(top.group(1))] if top else frequent)


def _of_dataset(name: str, protocol: str | None, tracks: Sequence[Tagged]) -> tuple[str, ...]:
    """A dataset's labels, whether or not each occurs; the tracks' own tags, sorted, where no list is published."""
    from tutti.data.datasets import find_dataset

    labels = find_dataset(name).protocol(protocol).labels or tuple(sorted({tag for one in tracks for tag in one.tags}))
    if not any(tag in labels for track in tracks for tag in track.tags):
        raise ConfigError(
            f"no track carries a label of {name}",
            hint=f"make the catalogue with: tutti datasets catalogue {name} --root DIR -o CATALOGUE",
        )
    return labels


def _named(labels: tuple[str, ...], in_train: Counter[str], spell: Spelling) -> tuple[str, ...]:
    for label in labels:
        if not any(in_train[form] for form in spell([label])):
            known = [tag for tag, _ in in_train.most_common(30)]
            error = unknown_name("tag in the train split", label, known)
            raise ConfigError(error.message, hint=error.hint)
    return labels


def label_targets(tracks: Sequence[Tagged], labels: Sequence[str], *, spelling: str = "plain") -> NDArray[np.bool_]:
    """Which track carries which label, however either is written. Shape (tracks, labels).

    >>> from tutti.data.track import Track
    >>> label_targets([Track(track_id="1", tags=("Slow", "Jazz"))], ["jazz", "rock"])
    array([[ True, False]])
    """
    if spelling not in SPELLINGS:
        raise unknown_name("spelling of tags", spelling, SPELLINGS)
    spell = SPELLINGS[spelling]
    column = {form: index for index, label in enumerate(labels) for form in spell([label])}
    targets = np.zeros((len(tracks), len(labels)), dtype=np.bool_)
    for row, track in enumerate(tracks):
        targets[row, [column[tag] for tag in spell(track.tags) if tag in column]] = True
    return targets
