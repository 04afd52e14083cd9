"""Sentences that somebody has labelled with an emotion: what they are, and how a user's own table of them is read.

They are no tracks: they ask, and tracks answer. The research datasets Alm and ISEAR are read beside the other ones, in
``tutti.data.datasets``; invented sentences come from ``tutti.data.world.sentences``; which mood of music answers which
emotion is the matter of ``tutti.data.emotion_mapping``.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tutti.data.labels import SPLITS
from tutti.errors import DatasetError, unknown_name
from tutti.files import write_text
from tutti.text.documents import REPLACEMENT, cleaned, cut_at_sentence, decoded
from tutti.text.languages import foreign_script

MOST_CHARACTERS = 20_000  # of one text: some twelve pages, many times what any of the datasets holds
MOST_BYTES = 256 << 20  # of a table
TOLD_BY = 1_000  # characters of a text that tell its script
SHARES = {"train": 0.7, "valid": 0.15, "test": 0.15}
HEADER = ("text", "emotion", "split")
SPACE = re.compile(r"\s+")
N_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text that expresses one emotion.

    Attributes:
        sentence_id: Unique within its set.
        text: A sentence, or a few.
        emotion: What it expresses.
        split: train, valid or test; empty where it is still to be drawn.
        author: Whose it is, where that decides the split.
    """

    sentence_id: str
    text: str
    emotion: str
    split: str = ""
    author: str | None = None


@dataclass(frozen=True, kw_only=True)
class LabelledSentences:
    """A set of labelled sentences.

    Attributes:
        name: Of the dataset, or of the file.
        sentences: In the order of the source; those of a split that is another one over again stand there twice.
        emotions: All that occur, in order; networks number them so.
        remarks: What was left out or altered, counted, and what one should know, in words.
        same_as: Splits that are another one over again, such as ``{"valid": "test"}``.
    """

    name: str
    sentences: tuple[Sentence, ...]
    emotions: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    same_as: Mapping[str, str] = field(default_factory=dict)

    def of_split(self, split: str) -> tuple[Sentence, ...]:
        """The sentences of a split, in order.

        Raises:
            UnknownNameError: There is no such split.
        """
        if split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        return tuple(one for one in self.sentences if one.split == split)

    @property
    def counts(self) -> dict[str, int]:
        """How many sentences each split has."""
        found = {split: len(self.of_split(split)) for split in SPLITS}
        return {split: count for split, count in found.items() if count}

    def write(self, path: Path) -> None:
        """Write them as a table that :func:`read_sentences` reads."""
        rows = ["\t".join(HEADER), *(f"{SPACE.sub(' ', s.text)}\t{s.emotion}\t{s.split}" for s in self.sentences)]
        write_text(path, "\n".join(rows) + "\n")


def read_sentences(path: Path, *, emotions: Sequence[str] | None = None, seed: int = 0) -> LabelledSentences:
    """The sentences of a user's table: text, emotion and, if wanted, the split, tab-separated, in UTF-8.

    A first line ``text<TAB>emotion`` is a header. Without splits, 70, 15 and 15 of a hundred are drawn, of each emotion
    alike.

    Args:
        path: The table.
        emotions: All that are known; sentences of others are left out and counted. None: whatever occurs, sorted.
        seed: Of the splits where the table has none.

    Raises:
        DatasetError: It cannot be read, a line has another form, or nothing is left.
    """
    rows = _table(path)
    n_columns = max(len(cells) for _, cells in rows)
    found = []
    for number, cells in rows:
        if len(cells) != n_columns or not 2 <= n_columns <= 3 or (n_columns == 3 and cells[2] not in SPLITS):
            raise DatasetError(
                f"{path}, line {number}, is {' | '.join(cells)[:80]!r}; wanted are a text, an emotion and perhaps one "
                f"of {', '.join(SPLITS)}, tab-separated, on every line alike",
                hint="correct the line",
            )
        split = cells[2] if n_columns == 3 else ""
        found.append(Sentence(sentence_id=f"line-{number}", text=cells[0], emotion=cells[1].casefold(), split=split))
    return gather(path.stem, found, emotions=emotions, seed=seed)


def gather(
    name: str,
    sentences: Iterable[Sentence],
    *,
    emotions: Sequence[str] | None = None,
    seed: int = 0,
    same_as: Mapping[str, str] | None = None,
    remarks: Iterable[str] = (),
) -> LabelledSentences:
    """A set of sentences as a source has them: cleaned, with splits, and with what was amiss counted.

    Args:
        name: Of the set.
        sentences: As they come; those without a split get one, all of them or none.
        emotions: All that are known, in order; None: whatever occurs, sorted.
        seed: Of the splits that are drawn.
        same_as: Splits that are to be another one over again.
        remarks: To begin with.

    Raises:
        DatasetError: No sentence is left.
    """
    count: Counter[str] = Counter()
    strangers: Counter[str] = Counter()
    kept = []
    for one in sentences:
        text = SPACE.sub(" ", cleaned(one.text[: 2 * MOST_CHARACTERS])).strip()
        if not text:
            count["empty"] += 1
            continue
        if emotions is not None and one.emotion not in emotions:
            strangers[one.emotion] += 1
            continue
        count["invalid"] += REPLACEMENT in text
        count["long"] += len(one.text) > MOST_CHARACTERS
        count["foreign"] += foreign_script(text[:TOLD_BY]) is not None
        text = cut_at_sentence(text, n_characters=MOST_CHARACTERS)
        kept.append(replace(one, text=text))
    if not kept:
        known = "" if emotions is None else f" with one of the emotions {', '.join(emotions)}"
        raise DatasetError(f"{name} has no sentence{known}", hint="give texts with their emotions")
    kept = _with_splits(kept, seed=seed)
    occurring = {one.emotion for one in kept}
    again = [
        replace(one, sentence_id=f"{one.sentence_id} ({split})", split=split)
        for split, other in (same_as or {}).items()
        for one in kept
        if one.split == other
    ]
    return LabelledSentences(
        name=name,
        sentences=(*kept, *again),
        emotions=tuple(one for one in emotions or sorted(occurring) if one in occurring),
        remarks=(*remarks, *_remarks(count, strangers, kept)),
        same_as=dict(same_as or {}),
    )


def stratified_splits(
    labels: Sequence[str], *, shares: Mapping[str, float] | None = None, seed: int = 0
) -> tuple[str, ...]:
    """A split for each item, in given shares of all and, to within one item, of every label.

    Args:
        labels: One an item.
        shares: Of each split, adding up to 1; the first takes what rounding leaves. None takes ``SHARES``.
        seed: One seed gives one result.

    >>> sorted(Counter(stratified_splits(["joy"] * 20 + ["fear"] * 20)).items())
    [('test', 6), ('train', 28), ('valid', 6)]
    """
    rng = np.random.default_rng(seed)
    rest, *others = (shares or SHARES).items()
    splits = np.full(len(labels), rest[0], dtype=object)
    rows = {label: np.flatnonzero(np.array(labels) == label) for label in sorted(set(labels))}
    waiting = {label: rng.permutation(some).tolist() for label, some in rows.items()}
    for split, share in others:
        wanted = _apportioned({label: share * len(some) for label, some in rows.items()}, round(share * len(labels)))
        for label, count in wanted.items():
            splits[waiting[label][:count]] = split
            del waiting[label][:count]
    return tuple(splits.tolist())


def _apportioned(exact: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers near the exact ones that add up to the total: the largest remainders are rounded up."""
    whole = {label: int(value) for label, value in exact.items()}
    by_remainder = sorted(exact, key=lambda label: whole[label] - exact[label])
    for label in by_remainder[: total - sum(whole.values())]:
        whole[label] += 1
    return whole


def _with_splits(sentences: list[Sentence], *, seed: int) -> list[Sentence]:
    if all(one.split for one in sentences):
        return sentences
    drawn = stratified_splits([one.emotion for one in sentences], seed=seed)
    return [replace(one, split=split) for one, split in zip(sentences, drawn, strict=True)]


def _remarks(count: Counter[str], strangers: Counter[str], kept: Sequence[Sentence]) -> tuple[str, ...]:
    splits_of: dict[str, set[str]] = {}
    for one in kept:
        splits_of.setdefault(one.text.casefold(), set()).add(one.split)
    n_leaked = sum(len(splits) > 1 for splits in splits_of.values())
    names = ", ".join(f"{name!r:.40}" for name, _ in strangers.most_common(N_EXAMPLES))
    told = (
        (count["empty"], "texts are empty, and left out"),
        (strangers.total(), f"texts have an emotion that is not known here, such as {names}, and are left out"),
        (count["invalid"], "texts have bytes that are no UTF-8, each replaced by a mark"),
        (count["long"], f"texts are cut after {MOST_CHARACTERS:,} characters"),
        (count["foreign"], "texts are not in Latin letters: an English encoder knows little of them"),
        (n_leaked, "texts stand in more than one split"),
    )
    return tuple(f"{number:,} {what}" for number, what in told if number)


def _table(path: Path) -> list[tuple[int, list[str]]]:
    """Numbers and cells of the lines that hold something; a header is passed over."""
    rows = read_rows(path, delimiter="\t")
    numbered = [(number, cells) for number, cells in enumerate(rows, start=1) if any(cells)]
    if numbered and tuple(cell.casefold() for cell in numbered[0][1]) in (HEADER, HEADER[:2]):
        del numbered[0]
    if not numbered:
        raise DatasetError(f"{path} holds no sentence", hint="give lines of text, tab, emotion")
    return numbered


def read_rows(path: Path, *, delimiter: str, is_quoted: bool = False) -> list[list[str]]:
    """The cells of a table, without the spaces around them; bytes that are no UTF-8 are replaced.

    Args:
        path: The table.
        delimiter: Between cells.
        is_quoted: Whether quotation marks enclose cells; otherwise they are letters like any other.

    Raises:
        DatasetError: It cannot be read, or is far too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DatasetError(
                f"{path} has {path.stat().st_size >> 20:,} MB, a table of sentences has {MOST_BYTES >> 20} at most",
                hint="give a table of texts with their emotions",
            )
        text = decoded(path.read_bytes())
    except OSError as cause:
        reason = (cause.strerror or str(cause)).lower()
        raise DatasetError(f"the sentences {path} cannot be read: {reason}", hint="check the path") from None
    if "\0" in text[:4096]:
        raise DatasetError(f"{path} is no text", hint="give a table of tab-separated columns, in UTF-8")
    limit = csv.field_size_limit(len(text) + 1)
    try:
        lines = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
        )
        return [[cell.strip() for cell in row] for row in lines]
    except csv.Error as cause:
        raise DatasetError(f"the sentences {path} cannot be read: {cause}", hint="give a table in UTF-8") from None
    finally:
        csv.field_size_limit(limit)
