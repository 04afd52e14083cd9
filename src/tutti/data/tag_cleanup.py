"""From what listeners typed to a vocabulary of tags: the clean-up by which MSD500 came from raw tags of last.fm.

Weak annotations are dropped, spellings and forms of one word become one tag, a taxonomy says which tags count and of
what sort they are, songs with too many tags and tags of too few songs go. How the published clean-up found the forms of
a word is not told, only that 1,352 tags became 500 (``datasets.msd500``). Here rules bring words to the singular, and
spellings that differ in spaces, hyphens and accents are one. What a given taxonomy does not list is left out.

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021; Won,
    PhD thesis, section 5.2; the authors' code, which asks for another score than the thesis.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.tag_categories import read_categories
from tutti.errors import ConfigError, DatasetError, unknown_name
from tutti.files import atomic_file
from tutti.text.spelling import plain

CATEGORIES = ("genre", "mood", "location", "language", "instrument", "activity", "decade")
NO_CATEGORY = "other"
ScoreFilter = Literal["code", "thesis"]
# What a score, 0 to 100, or each of an array must be: the published code keeps 50 and more, the thesis all but 0.
SCORE_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "code": lambda scores: scores >= 50,
    "thesis": lambda scores: scores > 0,
}
# Words that are no plural, or whose plural is another word.
# fmt: off
NO_PLURALS = frozenset((
    "always", "blues", "christmas", "classics", "dallas", "hits", "las", "los", "news", "paris", "series", "texas",
    "wales",
))
# fmt: on
# What the columns of a table of raw tags are called where a header stands first; the last names are the database's.
COLUMNS = (("song", "song_id", "track", "track_id", "tid"), ("tag",), ("score", "weight", "count", "val"))
Annotation = tuple[str, str, float]


@dataclass(frozen=True, kw_only=True)
class CleanupConfig:
    """How raw tags are cleaned.

    Attributes:
        score_filter: ``code`` keeps scores of 50 and more, ``thesis`` all but 0.
        most_tags: Songs with more different tags, counted when forms of one word are one, are removed.
        least_songs: Tags of fewer songs are removed.
        drops_music: Whether ``rock music`` is ``rock``.
    """

    score_filter: ScoreFilter = "code"
    most_tags: int = 20
    least_songs: int = 100
    drops_music: bool = True

    def __post_init__(self) -> None:
        if self.score_filter not in get_args(ScoreFilter):
            raise unknown_name("score filter", self.score_filter, SCORE_FILTERS)
        for name in ("most_tags", "least_songs"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} leaves no tags", hint="give 1 or more")


@dataclass(frozen=True)
class Step:
    """What was left after a step of the clean-up."""

    name: str
    n_annotations: int
    n_songs: int
    n_tags: int


@dataclass(frozen=True, kw_only=True)
class CleanTag:
    """One annotation that was kept.

    Attributes:
        song: Its id.
        original: The tag as typed.
        tag: The tag of the vocabulary that it stands for.
        category: Of the taxonomy; ``other`` without one.
        score: 0 to 100.
    """

    song: str
    original: str
    tag: str
    category: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Cleanup:
    """The outcome.

    Attributes:
        rows: Annotations that were kept, by song and then by tag.
        tags: The vocabulary with the number of songs of each tag, the most frequent first.
        steps: What was left after each step.
    """

    rows: tuple[CleanTag, ...]
    tags: Mapping[str, int]
    steps: tuple[Step, ...]

    def save(self, path: Path) -> None:
        """Write the rows in the published layout: song, original tag, cleaned tag, category and score, with tabs."""
        with atomic_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            for row in self.rows:
                cells = (row.song, row.original, row.tag, row.category, f"{row.score:g}")
                file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")


def group_of(tag: str, *, drops_music: bool = True) -> str:
    """What all forms of a tag have in common: lemmas of its plain words without the spaces between them.

    >>> group_of("Hip-Hop Music"), group_of("hiphop"), group_of("Female Vocalists"), group_of("80's"), group_of("blues")
    ('hiphop', 'hiphop', 'femalevocalist', '80s', 'blues')
    """
    words = plain(tag).split()
    if drops_music and len(words) > 1 and words[-1] == "music":
        words = words[:-1]
    return "".join(map(lemma, words))


def lemma(word: str) -> str:
    """A plain word in the singular, by rules; what is short, has a digit, or is no plural stays.

    >>> [lemma(word) for word in ("guitars", "melodies", "churches", "bass", "blues", "80s", "indies")]
    ['guitar', 'melody', 'church', 'bass', 'blues', '80s', 'indie']
    """
    if len(word) < 4 or word[0].isdigit() or word in NO_PLURALS or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-1] if len(word) < 7 else word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word.removesuffix("s")


def clean_tags(
    annotations: Iterable[Annotation],
    config: CleanupConfig | None = None,
    *,
    taxonomy: Mapping[str, str] | None = None,
    songs: frozenset[str] | None = None,
) -> Cleanup:
    """Raw annotations to a vocabulary.

    Args:
        annotations: Song, tag and score; passed once, and kept as numbers, so that millions fit in memory.
        config: What is dropped.
        taxonomy: Categories by tag, of :func:`read_taxonomy`: other tags are dropped. Without one, all are kept, and a
            tag is named as most songs have it.
        songs: Only these, such as songs with play counts.

    Raises:
        ConfigError: A score is no number from 0 to 100.
        DatasetError: Nothing is left.
    """
    config = config or CleanupConfig()
    table = _Table(annotations, songs)
    steps = [table.step("as typed")]
    table.keep(SCORE_FILTERS[config.score_filter](table.scores))
    steps.append(table.step(f"scores as in the {config.score_filter}"))
    names = _names(table, taxonomy, drops_music=config.drops_music)
    ids = {name: number for number, name in enumerate(sorted(set(filter(None, names))))}
    table.clean = np.array([ids.get(name, -1) for name in names], dtype=np.int64)[table.tags]
    table.keep(table.clean >= 0)
    steps.append(table.step("forms of a word as one" + ("" if taxonomy is None else ", of the taxonomy")))
    n_tags = table.count("song")
    table.keep(n_tags[table.songs] <= config.most_tags)
    steps.append(table.step(f"songs of at most {config.most_tags} tags"))
    n_songs = table.count("tag")
    table.keep(n_songs[table.clean] >= config.least_songs)
    steps.append(table.step(f"tags of at least {config.least_songs} songs"))
    if not len(table.songs):
        if not steps[0].n_annotations:
            raise DatasetError("no tags are left: there were none", hint="give lines of song, tag and score, with tabs")
        lost = next(step.name for step in steps if not step.n_annotations)
        raise DatasetError(f"no tags are left after: {lost}", hint="give more annotations, or lower what is asked for")
    return _outcome(table, sorted(ids), taxonomy or {}, steps)


class _Table:
    """Annotations as columns of numbers. ``clean`` is a column of its own once tags are cleaned."""

    def __init__(self, annotations: Iterable[Annotation], only: frozenset[str] | None) -> None:
        song_ids: dict[str, int] = {}
        tag_ids: dict[str, int] = {}
        columns = array("l"), array("l"), array("f")
        for song, tag, score in annotations:
            if only is None or song in only:
                columns[0].append(song_ids.setdefault(song, len(song_ids)))
                columns[1].append(tag_ids.setdefault(tag, len(tag_ids)))
                columns[2].append(score)
        self.song_names, self.tag_names = list(song_ids), list(tag_ids)
        self.songs, self.tags = (np.array(column, dtype=np.int64) for column in columns[:2])
        self.scores = np.array(columns[2], dtype=np.float32)
        self.clean = self.tags
        if not ((self.scores >= 0) & (self.scores <= 100)).all():  # NaN is neither
            raise ConfigError("a score is no number from 0 to 100", hint="give scores as last.fm counts them")

    def keep(self, wanted: NDArray[Any]) -> None:
        """Drop all other rows."""
        self.songs, self.tags, self.scores, self.clean = (
            column[wanted] for column in (self.songs, self.tags, self.scores, self.clean)
        )

    def count(self, per: Literal["song", "tag"]) -> NDArray[Any]:
        """How many different tags each song has, or how many songs each cleaned tag."""
        if not len(self.songs):
            return np.zeros(1, dtype=np.int64)
        pairs = np.unique(np.stack([self.songs, self.clean]), axis=1)
        return np.bincount(pairs[0 if per == "song" else 1])

    def step(self, name: str) -> Step:
        """What is there now."""
        return Step(name, len(self.songs), len(np.unique(self.songs)), len(np.unique(self.clean)))


def _names(table: _Table, taxonomy: Mapping[str, str] | None, *, drops_music: bool) -> list[str]:
    """The cleaned name of each tag as typed; empty where the taxonomy has none."""
    groups = [group_of(tag, drops_music=drops_music) for tag in table.tag_names]
    if taxonomy is not None:
        listed = {group_of(tag, drops_music=drops_music): tag for tag in taxonomy}
        return [listed.get(group, "") for group in groups]
    uses = np.bincount(table.tags, minlength=len(groups))
    spellings: dict[str, Counter[str]] = {}
    for group, tag, n_uses in zip(groups, table.tag_names, uses.tolist(), strict=True):
        spellings.setdefault(group, Counter())[plain(tag)] += n_uses
    # Of equals the first by alphabet, so that the order of the file says nothing.
    named = {group: min(counts, key=lambda one: (-counts[one], one)) for group, counts in spellings.items()}
    return [named[group] if group else "" for group in groups]


def _outcome(table: _Table, names: list[str], taxonomy: Mapping[str, str], steps: list[Step]) -> Cleanup:
    order = sorted(
        range(len(table.songs)),
        key=lambda row: (
            table.song_names[table.songs[row]],
            names[table.clean[row]],
            table.tag_names[table.tags[row]],
        ),
    )
    rows = tuple(
        CleanTag(
            song=table.song_names[table.songs[row]],
            original=table.tag_names[table.tags[row]],
            tag=(tag := names[table.clean[row]]),
            category=taxonomy.get(tag, NO_CATEGORY),
            score=float(table.scores[row]),
        )
        for row in order
    )
    n_songs = table.count("tag")
    counts = {names[number]: int(n_songs[number]) for number in np.flatnonzero(n_songs).tolist()}
    tags = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return Cleanup(rows=rows, tags=tags, steps=tuple(steps))


def read_taxonomy(path: Path) -> dict[str, str]:
    """Categories by tag: lines of tag, tab and one of :data:`CATEGORIES`.

    Raises:
        ConfigError: The file cannot be read, a line is no pair, or a category is none.
    """
    found = read_categories(path)
    for tag, category in found.items():
        if category not in CATEGORIES:
            raise ConfigError(
                f"{path} has {tag!r} as {category!r}, which is no category", hint=f"give one of {', '.join(CATEGORIES)}"
            )
    return found


def read_annotations(path: Path) -> Iterator[Annotation]:
    """Raw annotations: a table of song, tag and score with tabs between, or last.fm's ``lastfm_tags.db``.

    A first line of the columns' names, see ``COLUMNS``, is a header.

    Raises:
        DatasetError: It is missing or damaged, or a line is no annotation.
    """
    try:
        with path.open("rb") as file:
            is_database = file.read(16) == b"SQLite format 3\x00"
        yield from _of_database(path) if is_database else _of_table(path)
    except (OSError, UnicodeDecodeError, sqlite3.Error) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise DatasetError(
            f"the tags {path} cannot be read: {reason.lower()}", hint="give a table of song, tag and score, with tabs"
        ) from None


def _of_database(path: Path) -> Iterator[Annotation]:
    """Of the file that is published with the Million Song Dataset."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        query = (
            "SELECT tids.tid, tags.tag, tid_tag.val FROM tid_tag "
            "JOIN tids ON tid_tag.tid = tids.ROWID JOIN tags ON tid_tag.tag = tags.ROWID"
        )
        for song, tag, score in connection.execute(query):
            if not isinstance(score, int | float):
                raise DatasetError(
                    f"{path} has the score {score!r} for {tag!r} of {song}", hint="fetch it again, or give a table"
                )
            yield str(song), str(tag), float(score)
    finally:
        connection.close()


def _of_table(path: Path) -> Iterator[Annotation]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            cells = [cell.strip() for cell in line.split("\t")]
            if not any(cells) or (number == 1 and _is_header(cells)):
                continue
            try:
                song, tag, score = cells
                value = float(score)
                if not 0 <= value <= 100:  # nor NaN
                    raise ValueError(score)
            except ValueError:
                raise DatasetError(
                    f"{path}, line {number}, is no song, tag and score from 0 to 100: {line.strip()[:40]!r}",
                    hint="give a table of song, tag and score, with tabs; a header is such as song, tag, score",
                ) from None
            yield song, tag, value


def _is_header(cells: list[str]) -> bool:
    """Whether these are names of the columns, each in its place."""
    return len(cells) == len(COLUMNS) and all(
        cell.casefold() in names for cell, names in zip(cells, COLUMNS, strict=True)
    )
