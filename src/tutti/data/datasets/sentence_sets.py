"""The form that research sets of labelled sentences take: what they are, where they come from, how they are read.

They are siblings of the datasets of tracks (``dataset``), one module each, with a line in ``SENTENCE_SETS``. A user's
own table is read by ``tutti.data.sentences.read_sentences``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tutti.data.datasets.dataset import FIXTURE, RemoteFile, new_folder
from tutti.data.sentences import LabelledSentences
from tutti.errors import DatasetError
from tutti.files import write_text


@dataclass(frozen=True, kw_only=True)
class SentenceSet:
    """A research set of labelled sentences.

    Attributes:
        name: What commands call it.
        title: What papers call it.
        description: What it holds, in a sentence or two.
        citation: Authors, title, venue, year.
        licence: As far as stated by its makers.
        homepage: Where it is described.
        files: What must be fetched.
        emotions: In the published order.
        n_sentences: Of each split, where published.
        load: From the root and a seed of what is drawn to the sentences. Raises DatasetError where a file is missing or
            broken.
        write_fixture: Writes a few invented sentences in its layout.
        warning: What one should know before using it.
    """

    name: str
    title: str
    description: str
    citation: str
    licence: str
    homepage: str
    files: tuple[RemoteFile, ...]
    emotions: tuple[str, ...]
    load: Callable[[Path, int], LabelledSentences]
    write_fixture: Callable[[Path], None]
    n_sentences: Mapping[str, int] = field(default_factory=dict)
    warning: str | None = None

    def read(self, root: Path | str, *, seed: int = 0) -> LabelledSentences:
        """Its sentences, with remarks on what is amiss with the copy at hand.

        Args:
            root: Where it lies.
            seed: Of the splits, where they are drawn.

        Raises:
            DatasetError: A file is missing or broken.
        """
        return self.load(Path(root), seed)

    def count_remarks(self, read: LabelledSentences) -> tuple[str, ...]:
        """Where the counts are not the published ones, in words."""
        return tuple(
            f"{split} has {read.counts.get(split, 0):,} sentences, published are {count:,}"
            for split, count in self.n_sentences.items()
            if read.counts.get(split, 0) != count
        )

    def make_fixture(self, folder: Path | str) -> None:
        """Write a root with a few invented sentences, and a note that says so.

        Raises:
            ConfigError: The folder holds something already.
        """
        with new_folder(Path(folder)) as partial:
            self.write_fixture(partial)
            note = {"dataset": self.name, "made_by": "tutti datasets fixture", "n_sentences": self.read(partial).counts}
            write_text(partial / FIXTURE, json.dumps(note, indent=1) + "\n")


def not_here(name: str, path: Path, *, what: str) -> DatasetError:
    """The error for a file or folder that is not there."""
    return DatasetError(f"there is no {path}: {what}", hint=f"tutti datasets sentences {name} says where to get it")


def told_of(sentences: SentenceSet) -> list[str]:
    """What a set is, and where to fetch it. Lines."""
    counts = ", ".join(f"{split} {count:,}" for split, count in sentences.n_sentences.items())
    return [
        f"{sentences.title}: {sentences.description}",
        f"citation: {sentences.citation}",
        f"licence: {sentences.licence}",
        f"homepage: {sentences.homepage}",
        f"sentences: {counts}" + (f"; mind: {sentences.warning}" if sentences.warning else ""),
        f"emotions, in order: {', '.join(sentences.emotions)}",
        *(f"  {file.path}: {file.what}; {file.url}" for file in sentences.files),
    ]


def counts_of(read: LabelledSentences, published: SentenceSet | None = None) -> list[str]:
    """How many sentences there are, and what is amiss with them. Lines.

    Args:
        read: The sentences.
        published: The set that they ought to be.
    """
    by_emotion = Counter(one.emotion for one in read.sentences if one.split not in read.same_as)
    remarks = (*read.remarks, *(published.count_remarks(read) if published else ()))
    return [
        f"{read.name}: " + ", ".join(f"{split} {count:,}" for split, count in read.counts.items()),
        "emotions: " + ", ".join(f"{emotion} {by_emotion[emotion]:,}" for emotion in read.emotions),
        *(f"mind: {remark}" for remark in remarks),
    ]
