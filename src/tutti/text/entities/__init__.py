"""Entities: whom and what a text speaks of, and the categories of these, which become further words of it.

Here: what a linker is, and the words it adds. Linkers: ``gazetteer`` (names that are known), ``service`` (a service on
the network); ``cache`` remembers on disk what they found.

References:
    Oramas et al., TISMIR 1(1), 2018, section 6.1: names of the entities' categories are appended to the text before its
    words are weighted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CONFIG = "linker.json"
NO_WORD = re.compile(r"\W+")


@dataclass(frozen=True, kw_only=True)
class Entity:
    """Something that a text names.

    Attributes:
        name: As the linker calls it, which may not be as the text does.
        start: Of its mention, characters from the beginning of the text.
        end: Of its mention, the character after it.
        categories: What it is, such as ``English rock groups``.
    """

    name: str
    start: int
    end: int
    categories: tuple[str, ...] = ()


class EntityLinker(Protocol):
    """Finds entities in texts; the same text has the same entities."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever what it finds may do so."""

    def link(self, text: str) -> list[Entity]:
        """The entities that a text names, in order, mentions not overlapping.

        Raises:
            LinkingError: It is a service that does not answer, or not as it should.
        """

    def save(self, folder: Path) -> None:
        """Write ``linker.json`` into a folder, from which ``linkers.load_linker`` makes it again."""


def category_words(entities: Iterable[Entity]) -> list[str]:
    """Each mention's categories, every one as one word.

    >>> category_words([Entity(name="Blur", start=0, end=4, categories=("English rock groups", "Britpop"))])
    ['english_rock_groups', 'britpop']
    """
    found = (category for entity in entities for category in entity.categories)
    return [word for word in (NO_WORD.sub("_", one.casefold()).strip("_") for one in found) if word]


def enriched(text: str, entities: Iterable[Entity]) -> str:
    """A text with its entities' categories as further words at its end."""
    return " ".join([text, *category_words(entities)])
