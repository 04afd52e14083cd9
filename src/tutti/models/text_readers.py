"""Readers of texts: what a network learns of them, as numbers, with what was wrong with each.

Kinds: ``tfidf`` (weighted words), ``tfidf+entities`` (with the categories of what a text speaks of as further words)
and ``sentences`` (vectors of a language model). The network upon them is in ``texts``.

References:
    Oramas et al., TISMIR 1(1), 2018, section 6.1 (VSM and VSM+SEM).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self, get_args

import numpy as np
from numpy.typing import NDArray

from tutti.data.item_names import item_names
from tutti.data.items import Item
from tutti.errors import ConfigError, LinkingError, unknown_name
from tutti.text.documents import N_CHARACTERS, Document, read_document
from tutti.text.entities import Entity, EntityLinker, enriched
from tutti.text.entities.gazetteer import Gazetteer
from tutti.text.entities.linkers import load_linker, open_linker
from tutti.text.sentences import SentenceEncoder
from tutti.text.terms import Terms

ReaderKind = Literal["tfidf", "tfidf+entities", "sentences"]
READERS: tuple[str, ...] = get_args(ReaderKind)
Span = tuple[int, int]
TERMS = "terms.json"
CATALOGUE = "catalogue"
FAILURES = 3  # of a linking service in a row, after which the rest of the texts is not sent


@dataclass(frozen=True, kw_only=True)
class ReaderConfig:
    """What of a text is read, and how.

    Attributes:
        reader: One of :data:`READERS`.
        n_characters: Of a text, up to the end of a sentence.
        n_terms: Words at most, the most frequent of the training texts.
        max_share: Words of a larger share of the training texts are left out.
        entities: Of ``tfidf+entities``, what finds them: ``catalogue`` (its own artists, albums, tags and countries), a
            table of names and categories, or the address of a linking service, see ``tutti.text.entities.linkers``.
        sentences: Of ``sentences``, the folder or the name on the hub of a language model; None takes MiniLM.
    """

    reader: ReaderKind = "tfidf"
    n_characters: int = N_CHARACTERS
    n_terms: int = 10_000
    max_share: float = 0.5
    entities: str = CATALOGUE
    sentences: str | None = None

    def __post_init__(self) -> None:
        if self.reader not in READERS:
            raise unknown_name("kind of text reader", self.reader, READERS)
        if self.n_characters < 1 or self.n_terms < 1 or not 0 < self.max_share <= 1:
            raise ConfigError(
                f"{self.n_terms} terms of at most {self.max_share:g} of the texts, of each {self.n_characters} "
                "characters, make no reader",
                hint="give 1 term and 1 character or more, and a share above 0, up to 1",
            )


class Inputs(Protocol):
    """Numbers of texts, dense only in those rows that are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Texts and numbers of each."""

    def __getitem__(self, rows: NDArray[Any], /) -> NDArray[np.float32]:
        """Some rows. Shape (rows, n_inputs)."""


@dataclass(frozen=True, kw_only=True)
class ReadTexts:
    """Texts as a network takes them.

    Attributes:
        inputs: Of all texts; rows of absent ones mean nothing.
        presence: False where there is no text, or none of its words is known. Shape (texts,).
        problems: What could not be read of each text, in words; empty without any.
    """

    inputs: Inputs
    presence: NDArray[np.bool_]
    problems: tuple[str, ...]


class TextReader:
    """Texts to numbers. A reader of words must learn them first (:meth:`fit`).

    Attributes:
        config: What is read, and how.
        terms: The words, once they are learned.
        linker: Finds entities, of the kind ``tfidf+entities``.
    """

    def __init__(
        self,
        config: ReaderConfig,
        *,
        terms: Terms | None = None,
        linker: EntityLinker | None = None,
        sentences: SentenceEncoder | None = None,
    ) -> None:
        if (config.reader == "tfidf+entities") != (linker is not None):
            raise ConfigError(
                f"a reader of the kind {config.reader!r} was made {'with' if linker else 'without'} an entity linker",
                hint="give a linker with the kind tfidf+entities, and with no other",
            )
        self.config = config
        self.terms = terms
        self.linker = linker
        self._sentences = sentences

    @property
    def needs_fit(self) -> bool:
        """Whether it has yet to learn its words."""
        return self.config.reader != "sentences" and self.terms is None

    @property
    def n_inputs(self) -> int:
        """Numbers of each text.

        Raises:
            ConfigError: It has not learned its words.
        """
        return self.sentences.embed_dim if self.config.reader == "sentences" else len(self._learned.names)

    @property
    def sentences(self) -> SentenceEncoder:
        """The language model, loaded when it is first asked for.

        Raises:
            MissingExtraError: transformers is not installed.
            ConfigError: There are no weights at hand.
        """
        if self._sentences is None:
            self._sentences = SentenceEncoder.load(self.config.sentences)
        return self._sentences

    @property
    def _learned(self) -> Terms:
        if self.terms is None:
            raise ConfigError("the reader of texts has learned no words yet", hint="call fit with training texts first")
        return self.terms

    @property
    def fingerprint(self) -> str:
        """Changes whenever what it makes of a text may do so."""
        parts: list[Any] = [self.config.reader, self.config.n_characters]
        if self.config.reader == "sentences":
            parts.append(self.sentences.fingerprint)
        else:
            parts += [self._learned.names, self._learned.idf.tolist()]
            parts.append(self.linker.fingerprint if self.linker else None)
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn the words of training texts, empty ones aside; a language model knows its own.

        Raises:
            ConfigError: There are no words to learn.
        """
        if self.config.reader != "sentences":
            documents = [one for one, _ in self.documents([text for text in texts if text.strip()])]
            self.terms = Terms.fit(documents, n_terms=self.config.n_terms, max_share=self.config.max_share)
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Numbers of texts, NaN where there is nothing to read. Shape (texts, n_inputs)."""
        read = self.read(texts)
        matrix = np.full((len(texts), self.n_inputs), np.nan, dtype=np.float32)
        rows = np.flatnonzero(read.presence)
        matrix[rows] = read.inputs[rows]
        return matrix

    def read(self, texts: Sequence[str]) -> ReadTexts:
        """Numbers of texts, with what was wrong; a text's numbers do not depend on its company.

        Raises:
            ConfigError: It has not learned its words.
        """
        documents = self.documents(texts)
        return self._read([document for document, _ in documents], [problem for _, problem in documents])

    def read_without(self, text: str, cuts: Sequence[Sequence[Span]]) -> ReadTexts:
        """One text many times, each time without some stretches of it; entities are looked for once.

        Args:
            text: As :func:`tutti.text.documents.read_document` gives it.
            cuts: Of each reading, the stretches that are left out, in order; characters from the beginning.
        """
        entities: list[Entity] = []
        if self.linker is not None:
            with contextlib.suppress(LinkingError):
                entities = self.linker.link(text)
        documents = []
        for cut in cuts:
            left = [one for one in entities if all(one.end <= start or end <= one.start for start, end in cut)]
            documents.append(enriched(_without(text, cut), left))
        return self._read(documents, [""] * len(cuts))

    def _read(self, documents: Sequence[str], problems: list[str]) -> ReadTexts:
        presence = np.array([bool(document.strip()) for document in documents], dtype=np.bool_)
        if self.config.reader == "sentences":
            return ReadTexts(inputs=self.sentences.encode(documents), presence=presence, problems=tuple(problems))
        weights = self._learned.weigh(documents)
        for row in np.flatnonzero(presence & (weights.n_known == 0)).tolist():
            problems[row] = "; ".join(filter(None, [problems[row], "none of its words is known to the model"]))
        return ReadTexts(inputs=weights, presence=weights.n_known > 0, problems=tuple(problems))

    def documents(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        """What is read of each text, categories of its entities at its end, and what was wrong with it."""
        documents = [read_document(text, n_characters=self.config.n_characters) for text in texts]
        if self.linker is None:
            return [(one.text, _replaced(one)) for one in documents]
        found: list[tuple[str, str]] = []
        failures, last = 0, ""
        for one in documents:
            text, problem = one.text, _replaced(one)
            if text and failures < FAILURES:
                try:
                    text, failures = enriched(text, self.linker.link(text)), 0
                except LinkingError as cause:
                    failures, last = failures + 1, cause.message
            if one.text and text == one.text and failures:
                problem = "; ".join(filter(None, [problem, f"read without entities: {last}"]))
            found.append((text, problem))
        return found

    def save(self, folder: Path) -> None:
        """Write what was learned into an existing folder, which the caller makes appear whole.

        Raises:
            ConfigError: It has not learned its words.
        """
        if self.config.reader != "sentences":
            self._learned.save(folder / TERMS)
        if self.linker is not None:
            self.linker.save(folder)

    @classmethod
    def load(cls, config: ReaderConfig, folder: Path, *, sentences: SentenceEncoder | None = None) -> Self:
        """A reader that was saved.

        Args:
            config: What it was made with.
            folder: Where it was saved.
            sentences: The language model, instead of that at hand.

        Raises:
            ModelError: A file is missing or damaged.
        """
        if config.reader == "sentences":
            return cls(config, sentences=sentences)
        linker = None
        if config.reader == "tfidf+entities":
            linker = load_linker(folder)
        return cls(config, terms=Terms.load(folder / TERMS), linker=linker)


def open_reader(config: ReaderConfig, items: Sequence[Item] = ()) -> TextReader:
    """The reader of a configuration, its words yet to be learned.

    Args:
        config: What is read, and how.
        items: Of the catalogue, whose names a reader with ``entities = "catalogue"`` will know.

    Raises:
        ConfigError: There are no names, or the table of names cannot be read.
    """
    if config.reader != "tfidf+entities":
        return TextReader(config)
    if config.entities != CATALOGUE:
        return TextReader(config, linker=open_linker(config.entities))
    gazetteer = Gazetteer.merged(item_names(items))
    if not gazetteer.categories:
        raise ConfigError(
            "the catalogue names no artists, albums or tags that texts could speak of",
            hint="set entities to a table of names and categories, or reader to tfidf",
        )
    return TextReader(config, linker=gazetteer)


def _without(text: str, cut: Sequence[Span]) -> str:
    starts, ends = [end for _, end in cut], [start for start, _ in cut]
    return " ".join(text[start:end] for start, end in zip([0, *starts], [*ends, len(text)], strict=True))


def _replaced(document: Document) -> str:
    if not document.n_replaced:
        return ""
    return f"{document.n_replaced} characters of its text are no valid UTF-8 and were replaced"
