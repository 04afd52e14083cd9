"""Word vectors as an encoder of an item's tags or texts, for spaces that words lead into.

The vectors of the vocabulary travel in the encoder's folder, the most frequent words of it and the terms of music; a
sentence encoder's weights do not, its fingerprint does. How a word is understood is for ``tutti.text.tag_vectors``.

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ConfigError, ModelError, unknown_name
from tutti.models.encoders import Encoded, Progress, gathered
from tutti.models.model_folders import (
    CONFIG,
    WEIGHTS,
    checked_settings,
    fingerprint_of,
    read_settings,
    settings_folder,
)
from tutti.text.sentences import SentenceEncoder
from tutti.text.spelling import plain
from tutti.text.tag_vectors import Reading, SentenceReader, VocabularyReader, WordReader, vectors_of
from tutti.text.thesaurus import load_thesaurus
from tutti.text.word_vectors import WordVectors

FORMAT = 1
KIND = "tutti word encoder"
WORDS = "words.txt"
WordSource = Literal["words", "sentences"]
SOURCES: tuple[str, ...] = get_args(WordSource)
Reads = Literal["tags", "text"]


@dataclass(frozen=True, kw_only=True)
class WordConfig:
    """What is read of an item, and by which vectors.

    Attributes:
        source: ``words`` by word vectors, ``sentences`` by a sentence encoder.
        reads: An item's ``text`` (which may be its tags, see ``tutti.data.items``), or its ``tags`` in any case.
        n_words: Of the vocabulary that travel with the encoder, the most frequent; names that the thesaurus of music
            knows come on top.
        tags: That a space learned from; they travel too, and what is another form of one is read as it.
        is_unit: Whether vectors are brought to length 1; otherwise they stay as they were learned.
        name: Of the encoder.
    """

    source: WordSource = "words"
    reads: Reads = "text"
    n_words: int = 50_000
    tags: tuple[str, ...] = ()
    is_unit: bool = True
    name: str = "words"

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise unknown_name("source of word vectors", self.source, SOURCES)
        if self.reads not in get_args(Reads):
            raise unknown_name("reading of items", self.reads, get_args(Reads))
        if self.n_words < 1:
            raise ConfigError(f"n_words={self.n_words} is no vocabulary", hint="give 1 or more")


class WordEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` of tags and texts by word vectors.

    Make one with :meth:`of_vectors` or :meth:`of_sentences`.

    Attributes:
        config: What is read.
        reader: Texts to vectors, telling how they were understood.
    """

    modality: Modality = "text"

    def __init__(self, config: WordConfig, reader: WordReader) -> None:
        self.config = config
        self.reader = reader

    @classmethod
    def of_vectors(cls, vectors: WordVectors, config: WordConfig | None = None, *, keep: Sequence[str] = ()) -> Self:
        """An encoder by word vectors.

        Args:
            vectors: The whole vocabulary; what is kept of it follows from the configuration. They are rounded to 16
                bits, as they will be saved, so that a saved encoder gives the same.
            config: What is read.
            keep: The tags that are learned from, instead of the configuration's.
        """
        config = config or WordConfig()
        config = dataclasses.replace(config, tags=tuple(keep) or config.tags)
        named = (*load_thesaurus().names, *map(plain, config.tags))
        names = [word for name in named for word in (name, *name.split())]
        kept = vectors.limited(config.n_words, keep=names)
        with np.errstate(over="ignore"):
            rounded = kept.vectors.astype(np.float16).astype(np.float32)
        if not np.isfinite(rounded).all():
            raise ConfigError(
                f"{vectors.name} holds numbers above 65,504, too large to be kept", hint="bring the vectors to length 1"
            )
        limited = WordVectors(kept.words, rounded, name=vectors.name)
        return cls(config, VocabularyReader(limited, is_unit=config.is_unit, tags=config.tags))

    @classmethod
    def of_sentences(
        cls, sentences: SentenceEncoder | None = None, config: WordConfig | None = None, *, keep: Sequence[str] = ()
    ) -> Self:
        """An encoder by sentence vectors.

        Args:
            sentences: What reads; None takes MiniLM where it is at hand.
            config: What is read.
            keep: The tags that are learned from, instead of the configuration's.

        Raises:
            MissingExtraError: transformers is not installed.
            ConfigError: There are no weights at hand.
        """
        config = config or WordConfig(name="sentences")
        config = dataclasses.replace(config, source="sentences", tags=tuple(keep) or config.tags)
        return cls(config, SentenceReader(sentences or SentenceEncoder.load(), tags=config.tags))

    @property
    def name(self) -> str:
        """Of the configuration."""
        return self.config.name

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.reader.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the vectors, or what is read of an item, do."""
        return fingerprint_of(f"{self.reader.fingerprint} {self.config.reads} {self.config.is_unit}")

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """Vectors of items' tags or texts; see the protocol. What is not understood at all counts as absent."""
        found: dict[str, NDArray[np.float32]] = {}
        problems: dict[str, str] = {}
        for done, item in enumerate(items, start=1):
            text = self._text(item)
            if text.strip():
                reading = self.reader.read([text])[0]
                if reading.is_known:
                    found[item.item_id] = reading.vector
                else:
                    problems[item.item_id] = f"none of its words is known to {self.reader.name}"
            if progress is not None:
                progress(done, len(items))
        return gathered(items, found, problems, embed_dim=self.embed_dim)

    def _text(self, item: Item) -> str:
        return ", ".join(item.tags) if self.config.reads == "tags" else item.text

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """How each text is understood, with its vector."""
        return self.reader.read(texts)

    def encode_texts(
        self, texts: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], tuple[str, ...]]:
        """Vectors of texts, NaN where nothing is understood, whether something is, and what of each is not."""
        readings = self.reader.read(texts)
        if progress is not None:
            progress(len(texts), len(texts))
        presence = np.array([one.is_known for one in readings], dtype=np.bool_)
        return vectors_of(readings, embed_dim=self.embed_dim), presence, tuple(one.problem for one in readings)

    def save(self, folder: Path) -> None:
        """Write configuration, words and vectors, atomically; a sentence encoder's weights are not copied.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values: dict[str, Any] = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        values |= {"vectors": self.reader.name, "read_by": self.reader.fingerprint}
        with settings_folder(Path(folder), values, what="encoder") as partial:
            if isinstance(self.reader, VocabularyReader):
                kept = self.reader.vectors
                (partial / WORDS).write_bytes(("\n".join(kept.words) + "\n").encode())
                save_file({"vectors": kept.vectors.astype(np.float16)}, partial / WEIGHTS)

    @classmethod
    def load(cls, folder: Path, *, sentences: SentenceEncoder | None = None) -> Self:
        """The encoder in a folder.

        Args:
            folder: Where it was saved.
            sentences: The sentence encoder, instead of that at hand.

        Raises:
            ModelError: There is none, it is damaged or newer, or was made with another sentence encoder.
        """
        folder = Path(folder)
        settings, origin = read_settings(folder, kind=KIND, newest=FORMAT), str(folder / CONFIG)
        read_by, vectors = str(settings.pop("read_by", "")), str(settings.pop("vectors", ""))
        config = checked_settings(WordConfig, settings, origin=origin, what="encoder")
        if config.source == "sentences":
            encoder = cls.of_sentences(sentences, config)
        else:
            kept = _read_vectors(folder, vectors)
            encoder = cls(config, VocabularyReader(kept, is_unit=config.is_unit, tags=config.tags))
        if encoder.reader.fingerprint != read_by:
            raise ModelError(
                f"the words of {folder} would be read otherwise than when it was made",
                hint="give the sentence encoder that it was made with"
                if config.source == "sentences"
                else "take the encoder anew",
            )
        return encoder


def _read_vectors(folder: Path, name: str) -> WordVectors:
    try:
        words = (folder / WORDS).read_bytes().decode("utf-8").removesuffix("\n").split("\n")
        vectors = load_file(folder / WEIGHTS)["vectors"].astype(np.float32)
    except (OSError, UnicodeDecodeError, SafetensorError, KeyError) as cause:
        reason = str(cause).partition("\n")[0]
        raise ModelError(f"the words of {folder} cannot be read: {reason}", hint="take the encoder anew") from None
    if vectors.ndim != 2 or len(words) != len(vectors):
        raise ModelError(
            f"{folder} has {len(words)} words and vectors of shape {vectors.shape}", hint="take the encoder anew"
        )
    return WordVectors(words, vectors, name=name)
