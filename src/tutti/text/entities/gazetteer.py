"""A gazetteer: names that are known beforehand, of a catalogue or of a user's table, found in texts word by word.

Names are compared without accents, punctuation and case, so that ``AC/DC`` and ``Ac-Dc`` are one; but a name
with a capital is found only where the text has one too, or every "can" and "yes" would be a band. At the beginning of a
sentence it may be mistaken. Names of scripts without spaces are found character by character.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from tutti.errors import ConfigError, ModelError
from tutti.files import write_text
from tutti.text.entities import CONFIG, Entity
from tutti.text.spelling import plain
from tutti.text.tab_separated import read_lines
from tutti.text.terms import UNSPACED

FORMAT = 1
KIND = "tutti gazetteer"
UNIT = re.compile(rf"[{UNSPACED}]|&|[^\W_{UNSPACED}]+")
SEPARATOR = ";"
Units = tuple[str, ...]


class Gazetteer:
    """An :class:`tutti.text.entities.EntityLinker` of known names; where some overlap, the first and longest is found.

    Attributes:
        categories: Of each name, as it was given.
    """

    def __init__(self, categories: Mapping[str, Iterable[str]]) -> None:
        self.categories = {name: tuple(dict.fromkeys(some)) for name, some in categories.items()}
        self._names: dict[Units, list[str]] = {}
        self._lengths: dict[str, list[int]] = {}  # of the names that begin with a unit, the longest first
        for name in sorted(self.categories):
            units = tuple(word for word, _, _ in _units(name))
            if sum(map(len, units)) > 1:  # one letter is no name
                self._names.setdefault(units, []).append(name)
                self._lengths.setdefault(units[0], []).append(len(units))
        self._lengths = {unit: sorted(set(lengths), reverse=True) for unit, lengths in self._lengths.items()}

    @classmethod
    def merged(cls, entries: Iterable[tuple[str, Iterable[str]]]) -> Self:
        """One of names that may occur several times, each time with other categories."""
        categories: dict[str, list[str]] = {}
        for name, some in entries:
            categories.setdefault(name, []).extend(some)
        return cls(categories)

    @classmethod
    def read(cls, path: Path) -> Self:
        """A user's table: a line for each name, ``name<TAB>category;category``, in UTF-8, without a heading.

        A name may have several lines.

        Raises:
            ConfigError: The file cannot be read, holds nothing, or a line without name or category.
        """
        entries = []
        for number, cells in read_lines(path, what="gazetteer"):
            categories = [one.strip() for cell in cells[1:] for one in cell.split(SEPARATOR) if one.strip()]
            if not cells[0] or not categories:
                raise ConfigError(
                    f"line {number} of {path} has {'no categories' if cells[0] else 'no name'}",
                    hint="write name<TAB>category;category",
                )
            entries.append((cells[0], categories))
        if not entries:
            raise ConfigError(f"the gazetteer {path} is empty", hint="write a line name<TAB>categories for each name")
        return cls.merged(entries)

    @property
    def fingerprint(self) -> str:
        """Changes whenever a name or a category does."""
        return hashlib.sha256(json.dumps(self.categories, sort_keys=True).encode()).hexdigest()[:16]

    def link(self, text: str) -> list[Entity]:
        """The names in a text, in order."""
        units = list(_units(text))
        found: list[Entity] = []
        at = 0
        while at < len(units):
            entity, length = self._entity_at(text, units, at)
            at += length
            if entity is not None:
                found.append(entity)
        return found

    def _entity_at(self, text: str, units: list[tuple[str, int, int]], at: int) -> tuple[Entity | None, int]:
        """The longest name that begins with a unit, and how many units it takes."""
        for length in self._lengths.get(units[at][0], ()):
            here = units[at : at + length]
            start, end = here[0][1], here[-1][2]
            for name in self._names.get(tuple(word for word, _, _ in here), ()):
                if _has_capital(text[start:end]) or not _has_capital(name):
                    return Entity(name=name, start=start, end=end, categories=self.categories[name]), length
        return None, 1

    def save(self, folder: Path) -> None:
        """Write names and categories as JSON, atomically."""
        values = {"format": FORMAT, "kind": KIND, "categories": self.categories}
        write_text(folder / CONFIG, json.dumps(values, ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """A gazetteer that was saved.

        Raises:
            ModelError: The file is missing or damaged.
        """
        path = folder / CONFIG
        try:
            values = json.loads(path.read_text(encoding="utf-8"))["categories"]
            return cls({str(name): [str(one) for one in some] for name, some in values.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
            raise ModelError(f"{path} cannot be read: {cause}", hint="take the encoder anew") from None


def _units(text: str) -> Iterator[tuple[str, int, int]]:
    """Words in their plain form, with where they begin and end."""
    for found in UNIT.finditer(text):
        word = plain(found.group())
        if word:
            yield word, found.start(), found.end()


def _has_capital(text: str) -> bool:
    return any(letter.isupper() for letter in text)
