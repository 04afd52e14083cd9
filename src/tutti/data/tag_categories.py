"""Of what sort a tag is: genre, mood, instrument, place, decade.

From a table, two columns of tag and category parted by a tab, or, without one, as the generated world has them. Tags
are compared in their plain form.

References:
    Won, Oramas, Nieto, Gouyon, Serra, ICASSP 2021, whose 500 tags fall into seven categories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tutti.errors import ConfigError
from tutti.text.spelling import plain
from tutti.text.tab_separated import read_lines

DECADE = re.compile(r"(19|20)?\d0 ?s")


def read_categories(path: Path) -> dict[str, str]:
    """Categories by plain tag, from a table of tags and categories, or from MSD500's ``track_tags.tsv``.

    Raises:
        ConfigError: The file cannot be read, or a line is no pair.
    """
    found = {}
    for number, cells in read_lines(Path(path), what="categories of tags"):
        cells = cells[2:4] if len(cells) == 5 else cells  # song, tag as typed, cleaned tag, category, score
        if len(cells) != 2 or not all(cells):
            raise ConfigError(
                f"line {number} of {path} is no pair of tag and category: {' '.join(cells)[:60]!r}",
                hint="write a tag, a tab, and its category",
            )
        found[plain(cells[0])] = cells[1]
    return found


def world_categories() -> dict[str, str]:
    """Of the generated world: genre, instrument and mood."""
    from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, MOODS, PARENTS

    groups = {"genre": (*PARENTS, *GENRES), "instrument": tuple(INSTRUMENTS), "mood": tuple(MOODS)}
    return {plain(tag): category for category, tags in groups.items() for tag in tags}


def categories_of(tags: Iterable[str], path: Path | None = None) -> dict[str, str]:
    """The category of each tag that has a known one; of decades, such as ``1980s``, always.

    Args:
        tags: As they are written.
        path: A table; None takes what the generated world has.

    Raises:
        ConfigError: The table cannot be read.

    >>> categories_of(["Hip-Hop", "80s", "zither"])
    {'Hip-Hop': 'genre', '80s': 'decade'}
    """
    known = world_categories() if path is None else read_categories(path)
    found = {}
    for tag in tags:
        category = known.get(plain(tag)) or ("decade" if DECADE.fullmatch(plain(tag)) else None)
        if category is not None:
            found[tag] = category
    return found
