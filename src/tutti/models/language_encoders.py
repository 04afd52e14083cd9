"""A language model as the encoder of an item's texts: what it makes of a text is the vector, paragraphs whole.

One that was trained further lies with its weights in the encoder's folder; one that was taken as it is, is named there
and known by its fingerprint. Readers with a network upon them are in ``texts``; training is the matter of
``tutti.training.sentence_views``.

References:
    Sanh et al., "DistilBERT, a distilled version of BERT", 2019.
    Reimers, Gurevych, "Sentence-BERT: Sentence embeddings using Siamese BERT-networks", EMNLP 2019.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ModelError
from tutti.models.encoders import Encoded, Progress, encoded_texts
from tutti.models.model_folders import CONFIG, checked_settings, read_settings, settings_folder
from tutti.text.sentences import SentenceEncoder, TokenReading

FORMAT = 1
KIND = "tutti language encoder"
LANGUAGE = "language"  # folder of a model's own weights
BATCH = 32  # texts between two signs of life


@dataclass(frozen=True, kw_only=True)
class LanguageConfig:
    """Which language model, and how it is read.

    Attributes:
        model: Its folder, or its name on the hub; None is MiniLM.
        reading: How tokens become a vector.
        own_weights: Whether it was trained further, so that the weights belong to the encoder.
        name: Of the encoder.
    """

    model: str | None = None
    reading: TokenReading = field(default_factory=TokenReading)
    own_weights: bool = False
    name: str = "language"

    __pydantic_config__ = ConfigDict(extra="forbid")


class LanguageEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` of texts.

    Attributes:
        config: Everything but the weights.
        sentences: The language model.
    """

    modality: Modality = "text"

    def __init__(self, config: LanguageConfig, sentences: SentenceEncoder) -> None:
        self.config = config
        self.sentences = sentences

    @classmethod
    def open(cls, config: LanguageConfig) -> Self:
        """The encoder of a language model as it is.

        Raises:
            MissingExtraError: transformers is not installed.
            ConfigError: There are no weights at hand, or the model does not read pieces that long.
        """
        return cls(config, SentenceEncoder.load(config.model, reading=config.reading))

    @property
    def name(self) -> str:
        """Of the configuration."""
        return self.config.name

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.sentences.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever weights or reading do."""
        return self.sentences.fingerprint

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """Vectors of items' texts; see the protocol."""
        return encoded_texts(self, items, progress=progress)

    def encode_texts(
        self, texts: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], tuple[str, ...]]:
        """Vectors of texts, NaN where there is nothing to read, whether there is, and what was wrong: nothing."""
        presence = np.array([bool(text.strip()) for text in texts], dtype=np.bool_)
        vectors = np.full((len(texts), self.embed_dim), np.nan, dtype=np.float32)
        rows = np.flatnonzero(presence)
        for first in range(0, len(rows), BATCH):
            some = rows[first : first + BATCH]
            vectors[some] = self.sentences.encode([texts[row] for row in some.tolist()])
            if progress is not None:
                progress(first + len(some), len(rows))
        return vectors, presence, ("",) * len(texts)

    def save(self, folder: Path) -> None:
        """Write the configuration, and the weights where they are the encoder's own, atomically.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values: dict[str, Any] = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        values["read_by"] = self.fingerprint
        with settings_folder(folder, values, what="encoder") as partial:
            if self.config.own_weights:
                self.sentences.save(partial / LANGUAGE)

    @classmethod
    def load(cls, folder: Path, *, sentences: SentenceEncoder | None = None) -> Self:
        """The encoder in a folder.

        Args:
            folder: Where it was saved.
            sentences: The language model, instead of that in the folder or at hand.

        Raises:
            ModelError: There is none, it is damaged or newer, or the language model at hand is another one than that
                with which it was made.
            ConfigError: There are no weights of the language model at hand.
        """
        settings, origin = read_settings(folder, kind=KIND, newest=FORMAT), str(folder / CONFIG)
        read_by = settings.pop("read_by", None)
        config = checked_settings(LanguageConfig, settings, origin=origin, what="encoder")
        if sentences is None:
            source: str | Path | None = folder / LANGUAGE if config.own_weights else config.model
            sentences = SentenceEncoder.load(source, reading=config.reading)
        encoder = cls(config, sentences)
        if encoder.fingerprint != read_by:
            raise ModelError(
                f"the texts of {folder} would be read otherwise than when it was made",
                hint="take it anew" if config.own_weights else "give the language model that it was made with",
            )
        return encoder
