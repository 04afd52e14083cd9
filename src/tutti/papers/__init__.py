"""Published tables and figures as commands: what was printed, the recipes that repeat it, ours beside theirs.

A table (``tutti.papers.table``) is data: columns (datasets with their protocols), rows (settings of a recipe) and the
published values. ``reproduction`` carries rows out by ``tutti.training``, ``comparison`` prints the result. One file
holds what one work printed; ``EXHIBITS`` lists everything. Training itself, datasets and metrics live in other rooms.
"""

from __future__ import annotations

from tutti.errors import unknown_name
from tutti.papers import (
    oramas2018,
    won2021,
    won2021_artist_groups,
    won2021_figures,
    won2021_sentences,
    won2021_tags,
    wu2021,
)
from tutti.papers.table import Exhibit

EXHIBITS: dict[str, Exhibit] = {
    exhibit.key: exhibit
    for exhibit in (
        *won2021.TABLES,
        *won2021_artist_groups.TABLES,
        *won2021_figures.FIGURES,
        *won2021_tags.TABLES,
        *won2021_tags.FIGURES,
        *won2021_sentences.EXPERIMENTS,
        *oramas2018.TABLES,
        *wu2021.EXPERIMENTS,
    )
}


def find_exhibit(key: str) -> Exhibit:
    """The table or figure of this name, such as ``won2021/table3.1``.

    Raises:
        UnknownNameError: There is none.
    """
    if key not in EXHIBITS:
        raise unknown_name("published table or figure", key, EXHIBITS)
    return EXHIBITS[key]
