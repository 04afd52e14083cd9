"""A thesaurus of music: terms, what else they are called, and what they sound like.

``thesaurus.tsv`` beside this module holds one term a line in three columns. *also*: what else leads to the term, either
the same thing by another name (``=rap`` for hip hop), its absence (``!instrumental`` for vocals), somebody who made it
(``@chopin``), or a kind of it or something close (``horn section`` for trumpet). *means*: what a listener hears in it,
as other terms with weights in tenths, negative for what is absent: a search for "drum and bass" asks for techno and
drums where no model knows drum and bass itself. Which terms the models of a catalogue know is for
``tutti.text.vocabulary`` to say.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from tutti.text.spelling import forms, plain

Relation = Literal["same", "near", "maker", "absent"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A term of music.

    Attributes:
        term: Its usual name.
        same: Other names of the same thing, plain.
        near: Names of its kinds, and of things close to it, plain.
        makers: Names of people known for it, plain.
        absent: Names of its absence, plain.
        means: Terms that describe it, with weights from -1 to 1.
    """

    term: str
    same: tuple[str, ...]
    near: tuple[str, ...]
    makers: tuple[str, ...]
    absent: tuple[str, ...]
    means: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Sense:
    """What a name stands for.

    Attributes:
        entry: The term.
        relation: Whether the name means just that, something near it, who makes it, or its absence.
    """

    entry: Entry
    relation: Relation


class Thesaurus:
    """Entries, found by any of their names.

    Attributes:
        entries: All of them.
        names: Every plain name that leads to one.
    """

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._senses: dict[str, Sense] = {}
        for entry in entries:
            self._add(entry, "same", (plain(entry.term), *entry.same))
            self._add(entry, "near", entry.near)
            self._add(entry, "maker", entry.makers)
            self._add(entry, "absent", entry.absent)
        self.names = tuple(self._senses)
        for name, sense in list(self._senses.items()):  # "acousticguitar", "newage"
            self._senses.setdefault(name.replace(" ", ""), sense)

    def _add(self, entry: Entry, relation: Relation, names: tuple[str, ...]) -> None:
        for name in names:
            self._senses[name] = Sense(entry=entry, relation=relation)

    def find(self, name: str) -> Sense | None:
        """What a name stands for, in the singular or the plural; None where it is no term of music.

        >>> load_thesaurus().find("DnB").entry.term
        'drum and bass'
        >>> load_thesaurus().find("instrumental").relation
        'absent'
        """
        return next((self._senses[form] for form in forms(plain(name)) if form in self._senses), None)


@functools.cache
def load_thesaurus() -> Thesaurus:
    """The thesaurus that comes with this package."""
    text = resources.files("tutti.text").joinpath("thesaurus.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines()[1:] if line and not line.startswith("#")]
    return Thesaurus(tuple(_entry(*line.split("\t")) for line in lines))


def _entry(term: str, also: str, means: str) -> Entry:
    names = [name.strip() for name in also.split(",") if name.strip()]
    weighted = [meaning.rpartition(":") for meaning in means.split(",") if meaning.strip()]
    return Entry(
        term=term,
        same=tuple(plain(name) for name in names if name.startswith("=")),
        near=tuple(plain(name) for name in names if name[0] not in "=!@"),
        makers=tuple(plain(name) for name in names if name.startswith("@")),
        absent=tuple(plain(name) for name in names if name.startswith("!")),
        means={name.strip(): int(tenths) / 10 for name, _, tenths in weighted},
    )
