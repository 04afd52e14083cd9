"""Texts to weights of concepts that can be heard: the text encoder of spaces that are made from tags.

A passage is read in three ways, whose weights are added: phrase by phrase, where a phrase that the lexicon has means
just what stands there and any other what its nearest names mean; clause by clause; and as a whole, both by nearest
names. So "drum & bass" means exactly that, "no drums" its opposite, and "played in a smoky cellar" something too. All
of a text comes to length 1. Where no clause by itself says enough about music, the text means nothing, however long it
is: every sentence is a little like some name, and many such sentences would add up to a meaning.

The lexicon and the sentence vectors of its names travel in the encoder's folder; the sentence encoder's own weights do
not, its fingerprint does, and it is loaded when first something is read.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ConfigError, ModelError, QueryError, ShapeError
from tutti.models.encoders import Encoded, Progress, encoded_texts
from tutti.models.model_folders import (
    CONFIG,
    WEIGHTS,
    checked_settings,
    fingerprint_of,
    read_settings,
    settings_folder,
)
from tutti.text.lexicon import Floats, Lexicon
from tutti.text.passages import passages_of, spread_over
from tutti.text.phrases import Phrase, parse
from tutti.text.sentences import SentenceEncoder, shared_encoder

FORMAT = 1
KIND = "tutti concept reader"
NAMES = "names.txt"
STEPS = 127  # sentence vectors are kept in steps of 1/127: cosines err by less than 0.005
CLAUSE_ENDS = re.compile(r"[.:!?]+(?=\s|$)|[,;|()\[\]\n\r]+|\s[–—]+\s")
TEXTS_AT_ONCE = 64
MOST_PASSAGES = 16  # of 1000 characters: what a book asks for is told by as many
Asked = tuple[str, float]  # a text that is no name, and its weight
Said = tuple[np.float32, Floats]  # how much it means, and what
NO_WORDS = "no word of the text says anything about music"


@dataclass(frozen=True, kw_only=True)
class ConceptReaderConfig:
    """How a text becomes weights of concepts.

    Attributes:
        concepts: In the order of the weights.
        temperature: Of the softmax over names, see :meth:`tutti.text.lexicon.Lexicon.nearest`.
        floor: A text whose nearest name has this cosine or less means nothing; above, its weight grows to 1.
        phrases: Weight of phrases that are names.
        unknown: Weight of other phrases.
        clauses: Weight of each clause.
        whole: Weight of the passage as a whole.
        least: A text means nothing where its weights together are shorter than this, or those of each of its clauses:
            a known word has 1 or more, "photosynthesis" or "tax return" less than a tenth.
        name: Of the encoder.
    """

    concepts: tuple[str, ...]
    temperature: float = 0.05
    floor: float = 0.3
    phrases: float = 1.0
    unknown: float = 0.5
    clauses: float = 0.5
    whole: float = 0.5
    least: float = 0.25
    name: str = "concepts"

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if not self.concepts:
            raise ConfigError("there are no concepts to read", hint="name those that a tagger's labels stand for")
        if self.temperature <= 0 or not 0 <= self.floor < 1:
            raise ConfigError(
                f"temperature={self.temperature:g} and floor={self.floor:g} make no reader",
                hint="give a temperature above 0, such as 0.05, and a floor from 0, below 1",
            )


class ConceptReader:
    """A :class:`tutti.models.encoders.ModalityEncoder` of texts; one number a concept.

    Args:
        config: How texts are read.
        lexicon: Of the same concepts.
        read_by: The fingerprint of the sentence encoder whose vectors the lexicon has.
        sentences: The sentence encoder; None takes the one at hand, which all share, when it is first needed.

    Raises:
        ShapeError: The lexicon is of other concepts.
    """

    modality: Modality = "text"

    def __init__(
        self,
        config: ConceptReaderConfig,
        lexicon: Lexicon,
        *,
        read_by: str,
        sentences: SentenceEncoder | None = None,
    ) -> None:
        if lexicon.concepts != config.concepts:
            raise ShapeError(
                f"the lexicon tells of {len(lexicon.concepts)} concepts, others than the reader's "
                f"{len(config.concepts)}",
                hint="make both of one vocabulary",
            )
        self.config, self.lexicon, self.read_by = config, lexicon, read_by
        self._given = sentences

    @property
    def name(self) -> str:
        """Of the configuration."""
        return self.config.name

    @property
    def embed_dim(self) -> int:
        """Concepts."""
        return len(self.config.concepts)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever what is read of a text does."""
        settings = {key: float(one) if isinstance(one, int) else one for key, one in vars(self.config).items()}
        told = repr((sorted(settings.items()), self.lexicon.names, self.read_by))
        return fingerprint_of(told, _kept(self.lexicon))

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """Weights of the concepts in items' texts; see the protocol. A text that means nothing counts as absent."""
        return encoded_texts(self, items, progress=progress)

    def encode_texts(
        self, texts: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[Floats, NDArray[np.bool_], tuple[str, ...]]:
        """Weights of concepts, NaN where a text means nothing, whether it means something, and what was wrong.

        Raises:
            MissingExtraError: transformers is not installed.
            ConfigError: There is no sentence encoder at hand.
            ModelError: It is another one than the reader was made with.
        """
        weights = np.full((len(texts), self.embed_dim), np.nan, dtype=np.float32)
        problems = []
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            some = [passages_of(text, most=None) for text in texts[first : first + TEXTS_AT_ONCE]]
            read = self._read([spread_over(passages, MOST_PASSAGES) for passages in some])
            for row, (passages, (sums, clearest)) in enumerate(zip(some, read, strict=True), start=first):
                length = float(np.linalg.norm(sums))
                if min(length, clearest) >= self.config.least:
                    weights[row] = sums / length
                    problems.append(_left_out(len(passages)))
                else:
                    problems.append(NO_WORDS if texts[row].strip() else "")
            if progress is not None:
                progress(first + len(some), len(texts))
        presence = np.asarray(np.isfinite(weights).all(axis=1), dtype=np.bool_)
        return weights, presence, tuple(problems)

    def _read(self, texts: Sequence[Sequence[str]]) -> list[tuple[Floats, float]]:
        """Of texts given in passages the weights, shape (concepts,), and how long those of the clearest clause are."""
        apart = [[self._taken_apart(passage) for passage in passages] for passages in texts]
        said = self._said([text for passages in apart for passage in passages for text, _ in passage.asked])
        read = []
        for passages in apart:
            known = [meaning for passage in passages for meaning in passage.known]
            weights = self._together(known, [one for passage in passages for one in passage.asked], said)
            clauses = [
                self._together(clause.known, [*clause.asked, *passage.whole], said)
                for passage in passages
                for clause in passage.clauses
            ]
            read.append((weights, max((float(np.linalg.norm(clause)) for clause in clauses), default=0.0)))
        return read

    def _together(self, known: Sequence[Floats], asked: Sequence[Asked], said: Mapping[str, Said]) -> Floats:
        """The sum of meanings. Shape (concepts,)."""
        weights = np.zeros(self.embed_dim, dtype=np.float32)
        for meaning in known:
            weights += meaning
        for text, weight in asked:
            strength, meaning = said[text]
            weights += weight * strength * meaning
        return weights

    def _said(self, texts: Sequence[str]) -> dict[str, Said]:
        """How near each text is to its nearest names, and what these mean."""
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return {}
        meanings, cosines = self.lexicon.nearest(self.sentences.encode(distinct), temperature=self.config.temperature)
        strengths = np.maximum(cosines - self.config.floor, 0) / (1 - self.config.floor)
        return dict(zip(distinct, zip(strengths, meanings, strict=True), strict=True))

    def _taken_apart(self, passage: str) -> _Passage:
        clauses, whole, is_asked = [], self.config.whole, False
        for text in CLAUSE_ENDS.split(passage):
            phrases = _phrases(text, self.lexicon)
            known: list[Floats] = []
            asked: list[Asked] = []
            for phrase in phrases:
                meaning, sign = self.lexicon.find(phrase.text), -1.0 if phrase.is_negative else 1.0
                if meaning is None:
                    asked.append((phrase.text, sign * self.config.unknown))
                else:
                    known.append(sign * self.config.phrases * meaning)
            if any(phrase.is_negative for phrase in phrases):
                whole = 0.0  # sentence encoders overlook a "no"
            elif phrases:
                asked.append((text.strip(), self.config.clauses))
            clauses.append(_Clause(known=known, asked=[one for one in asked if one[1]]))
            is_asked |= bool(asked)
        return _Passage(clauses=clauses, whole=[(passage, whole)] if is_asked and whole else [])

    @cached_property
    def sentences(self) -> SentenceEncoder:
        """Reads what is no name.

        Raises:
            MissingExtraError: transformers is not installed.
            ConfigError: There is none at hand.
            ModelError: It is another one than the reader was made with.
        """
        encoder = self._given or shared_encoder()
        if encoder.fingerprint != self.read_by:
            raise ModelError(
                f"the words of {self.name} were read by the sentence encoder {self.read_by}; at hand is "
                f"{encoder.fingerprint}",
                hint="run: pip install -U 'tutti[text]', or make the space anew",
            )
        return encoder

    def save(self, folder: Path) -> None:
        """Write configuration and lexicon, atomically.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values: dict[str, Any] = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        with settings_folder(folder, values | {"read_by": self.read_by}, what="encoder") as partial:
            (partial / NAMES).write_text("\n".join(self.lexicon.names) + "\n", encoding="utf-8")
            save_file(_kept(self.lexicon), partial / WEIGHTS)

    @classmethod
    def load(cls, folder: Path, *, sentences: SentenceEncoder | None = None) -> Self:
        """The encoder in a folder.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        settings, origin = read_settings(folder, kind=KIND, newest=FORMAT), str(folder / CONFIG)
        read_by = str(settings.pop("read_by", ""))
        config = checked_settings(ConceptReaderConfig, settings, origin=origin, what="encoder")
        try:
            arrays = load_file(folder / WEIGHTS)
            lexicon = Lexicon(
                names=tuple((folder / NAMES).read_text(encoding="utf-8").splitlines()),
                concepts=config.concepts,
                meanings=arrays["meanings"].astype(np.float32),
                vectors=_unpacked(arrays["vectors"]),
            )
        except (OSError, SafetensorError, KeyError, UnicodeDecodeError, ShapeError) as cause:
            raise ModelError(f"the lexicon in {folder} cannot be used: {cause}", hint="take the space anew") from None
        return cls(config, lexicon, read_by=read_by, sentences=sentences)


@dataclass(frozen=True, kw_only=True)
class _Clause:
    """What its known phrases mean, signed and weighted, and what else of it is to be read."""

    known: list[Floats]
    asked: list[Asked]


@dataclass(frozen=True, kw_only=True)
class _Passage:
    """Its clauses, and itself where it is to be read as a whole, too."""

    clauses: list[_Clause]
    whole: list[Asked]

    @property
    def known(self) -> list[Floats]:
        """Of all clauses."""
        return [meaning for clause in self.clauses for meaning in clause.known]

    @property
    def asked(self) -> list[Asked]:
        """Of all clauses, and the whole."""
        return [one for clause in self.clauses for one in clause.asked] + self.whole


def _phrases(clause: str, lexicon: Lexicon) -> tuple[Phrase, ...]:
    try:
        return parse(clause, lambda phrase: lexicon.find(phrase) is not None)
    except QueryError:  # there is no word in it
        return ()


def _left_out(n_passages: int) -> str:
    """What to tell of a text of so many passages."""
    left_out = n_passages > MOST_PASSAGES
    return f"of its {n_passages:,} passages {MOST_PASSAGES} were read, spread over the text" if left_out else ""


def packed(vectors: Floats) -> Floats:
    """Sentence vectors as they will come back from a folder."""
    return _unpacked(_steps(vectors))


def _steps(vectors: Floats) -> NDArray[np.int8]:
    # The largest element of each vector takes the whole range: a constant factor would waste most of it.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.asarray(np.round(vectors / largest * STEPS), dtype=np.int8)


def _unpacked(steps: NDArray[np.int8]) -> Floats:
    vectors = steps.astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _kept(lexicon: Lexicon) -> dict[str, NDArray[Any]]:
    return {"meanings": lexicon.meanings.astype(np.float16), "vectors": _steps(lexicon.vectors)}
