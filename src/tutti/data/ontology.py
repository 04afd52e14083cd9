"""Ontologies of sounds, such as AudioSet's: a graph of labels, and how far apart they lie.

An ontology is read from a file in the form of AudioSet's ``ontology.json``: a list of labels, each with ``id``,
``name`` and ``child_ids``. Distances are counted in steps between parent and child, in either direction. No root is
added above the labels that have no parent: AudioSet's graph holds together without one, since some labels have several
parents, and its diameter is 21, the constant of Wu's relevance; with a root above all it would be 11.

References:
    Gemmeke et al., "Audio Set: an ontology and human-labeled dataset for audio events", ICASSP 2017.
    Arandjelovic and Zisserman, "Objects that sound", ECCV 2018 (relevance from distances).
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 4.1.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tutti.errors import DatasetError, UnknownNameError
from tutti.text.spelling import plain

# Wu names these, and "e.g." before them: there may have been more.
TOP_LABELS = ("Music", "Musical instrument", "Tools", "Singing")


@dataclass(frozen=True, kw_only=True, eq=False)
class Ontology:
    """Labels and what they are kinds of.

    Attributes:
        names: Of the labels.
        ids: Of the labels, in the same order; the names where there are no others.
        children: Of each label, the places of its children in ``names``.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    children: tuple[tuple[int, ...], ...]

    @classmethod
    def from_children(cls, children: Mapping[str, Sequence[str]]) -> Self:
        """An ontology in which names are ids.

        >>> Ontology.from_children({"music": ["guitar", "violin"]}).distance("guitar", "violin")
        2
        """
        named = [name for parent, some in children.items() for name in (parent, *some)]
        names = tuple(dict.fromkeys(named))
        places = {name: place for place, name in enumerate(names)}
        below = tuple(tuple(places[child] for child in children.get(name, ())) for name in names)
        return cls(names=names, ids=names, children=below)

    @cached_property
    def distances(self) -> NDArray[np.float32]:
        """Steps between all labels; infinite where no way leads. Shape (labels, labels)."""
        n_labels = len(self.names)
        linked = np.zeros((n_labels, n_labels), dtype=np.float32)
        for parent, children in enumerate(self.children):
            linked[parent, list(children)] = linked[list(children), parent] = 1
        found = np.full((n_labels, n_labels), np.inf, dtype=np.float32)
        frontier = np.eye(n_labels, dtype=np.float32)
        steps = 0
        while frontier.any():
            found[frontier > 0] = steps
            frontier = ((frontier @ linked > 0) & np.isinf(found)).astype(np.float32)
            steps += 1
        return found

    @property
    def diameter(self) -> int:
        """Steps between the two labels that lie farthest apart, of those that any way joins."""
        return int(self.distances[np.isfinite(self.distances)].max(initial=0))

    @property
    def roots(self) -> tuple[str, ...]:
        """Labels without a parent."""
        below = {child for children in self.children for child in children}
        return tuple(name for place, name in enumerate(self.names) if place not in below)

    def place(self, label: str) -> int:
        """Where a label stands in ``names``.

        Args:
            label: Its id or its name; letter case, accents and punctuation of a name do not count.

        Raises:
            UnknownNameError: There is no such label.
        """
        for key in (label, plain(label)):
            if key in self._places:
                return self._places[key]
        nearest = difflib.get_close_matches(label, self.names, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(map(repr, nearest))}?" if nearest else "take names or ids from its file"
        raise UnknownNameError(f"there is no label {label!r} among the ontology's {len(self.names)}", hint=meant)

    @cached_property
    def _places(self) -> dict[str, int]:
        plainly = {plain(name): place for place, name in enumerate(self.names)}
        exactly = {name: place for names in (self.names, self.ids) for place, name in enumerate(names)}
        return plainly | exactly

    def distance(self, first: str, second: str) -> int | None:
        """Steps from one label to another; None where no way leads.

        Raises:
            UnknownNameError: There is no such label.
        """
        steps = float(self.distances[self.place(first), self.place(second)])
        return int(steps) if np.isfinite(steps) else None

    def descendants(self, label: str) -> tuple[str, ...]:
        """Everything that is a kind of a label, at any depth, without itself.

        Raises:
            UnknownNameError: There is no such label.
        """
        begin = self.place(label)
        found: set[int] = set()
        ahead = [begin]
        while ahead:
            new = set(self.children[ahead.pop()]) - found - {begin}
            found |= new
            ahead += new
        return tuple(name for place, name in enumerate(self.names) if place in found)

    def without(self, labels: Iterable[str], removed: Sequence[str] = TOP_LABELS) -> tuple[str, ...]:
        """Labels by their names here, each once, without some that say too little.

        Args:
            labels: Names or ids.
            removed: Names or ids; what the ontology does not know of them is passed over.

        Raises:
            UnknownNameError: One of the labels is not in the ontology.
        """
        known = {self._places[key] for one in removed for key in (one, plain(one)) if key in self._places}
        places = dict.fromkeys(self.place(label) for label in labels)
        return tuple(self.names[place] for place in places if place not in known)

    def relevance(
        self, queries: Sequence[Sequence[str]], items: Sequence[Sequence[str]], *, removed: Sequence[str] = TOP_LABELS
    ) -> NDArray[np.float32]:
        """How much items have to do with queries: the diameter less the distance of their nearest labels.

        Wu's paper says what two labels have to do with each other. That of two sets of labels is the largest among
        their pairs, which is our choice: one instrument in common is enough. Labels that no way joins have 0.

        Args:
            queries: Labels of each.
            items: Labels of each.
            removed: Labels that take no part.

        Returns:
            From 0 to the diameter; NaN where a query or an item has no label left. Shape (queries, items).

        Raises:
            UnknownNameError: A label is not in the ontology.
        """
        of_labels = np.maximum(self.diameter - self.distances, 0)
        asked, query_sets = self._label_sets(queries, removed)
        answered, item_sets = self._label_sets(items, removed)
        nearest = [of_labels[:, some].max(axis=1) if some else np.full(len(self.names), np.nan) for some in item_sets]
        to_sets = np.stack(nearest, axis=1) if nearest else np.empty((len(self.names), 0))
        rows = [to_sets[some].max(axis=0) if some else np.full(len(item_sets), np.nan) for some in query_sets]
        between = np.stack(rows) if rows else np.empty((0, len(item_sets)))
        found: NDArray[np.float32] = between.astype(np.float32)[asked][:, answered]
        return found

    def _label_sets(
        self, labels: Sequence[Sequence[str]], removed: Sequence[str]
    ) -> tuple[NDArray[np.int64], list[list[int]]]:
        """For each item the number of its set of labels, and the different sets, each as places."""
        kept = [frozenset(self.place(one) for one in self.without(some, removed)) for some in labels]
        numbers = {some: number for number, some in enumerate(dict.fromkeys(kept))}
        return np.array([numbers[some] for some in kept], dtype=np.int64), [sorted(some) for some in numbers]


def read_ontology(path: Path) -> Ontology:
    """The ontology in a file of AudioSet's form.

    Raises:
        DatasetError: The file is missing or broken, or names children that it does not describe.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        ids = [str(row["id"]) for row in rows]
        names = [str(row["name"]) for row in rows]
        children = [[str(child) for child in row.get("child_ids", ())] for row in rows]
    except FileNotFoundError:
        raise DatasetError(
            f"there is no ontology at {path}", hint="take ontology.json from github.com/audioset/ontology"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as cause:
        reason = f"{type(cause).__name__}: {cause}"
        raise DatasetError(
            f"{path} is no list of labels with id, name and child_ids ({reason})", hint="take ontology.json anew"
        ) from None
    places = {one: place for place, one in enumerate(ids)}
    strangers = [child for some in children for child in some if child not in places]
    if strangers or len(places) < len(ids) or not ids:
        what = f"a child {strangers[0]!r} that it does not describe" if strangers else "no label, or one id twice"
        raise DatasetError(f"{path} has {what}", hint="take ontology.json anew")
    below = tuple(tuple(places[child] for child in some) for some in children)
    return Ontology(names=tuple(names), ids=tuple(ids), children=below)
