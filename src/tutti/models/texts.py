"""Texts to vectors: a reader of words or sentences, a network upon it, and both as the encoder of an item's texts.

The network of the genre paper has two layers of 2048 over 10,000 words. What a reader makes of a text is in
``text_readers``; training is the scheme ``fusion``'s matter.

References:
    Oramas et al., TISMIR 1(1), 2018, sections 5.2 and 6.1, and its published code (dropout before every layer).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.errors import ConfigError, ModelError
from tutti.models.encoders import Encoded, Progress, encoded_texts
from tutti.models.model_folders import (
    CONFIG,
    arrays_of,
    checked_settings,
    fill_network,
    fingerprint_of,
    read_settings,
    settings_folder,
    write_parameters,
)
from tutti.models.text_readers import ReaderConfig, ReadTexts, TextReader
from tutti.text.sentences import SentenceEncoder

FORMAT = 1
KIND = "tutti text encoder"
ROWS = 16  # texts that pass the network at once, always as many: results do not depend on company


@dataclass(frozen=True, kw_only=True)
class TextConfig(ReaderConfig):
    """A reader of texts and the network upon it; the published size.

    Attributes:
        widths: Of the network's layers; without any, what was read is the vector.
        dropout: Share of the inputs, and of each layer's outputs, that is left out in training.
        name: Of the encoder.
    """

    widths: tuple[int, ...] = (2048, 2048)
    dropout: float = 0.5
    name: str = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(width < 1 for width in self.widths):
            raise ConfigError(f"widths={list(self.widths)} holds what is no width", hint="give numbers from 1")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout:g} is no share", hint="give 0 or more, below 1")


class TextNetwork(nn.Module):
    """What was read of texts to vectors: dropout, linear, ReLU, over and over, and dropout.

    Attributes:
        embed_dim: Of the vectors: the last layer's width, or the inputs' without layers.
    """

    def __init__(self, config: TextConfig, n_inputs: int) -> None:
        super().__init__()
        sizes = (n_inputs, *config.widths)
        layers = [
            nn.Sequential(nn.Dropout(config.dropout), nn.Linear(before, after), nn.ReLU())
            for before, after in itertools.pairwise(sizes)
        ]
        self.layers = nn.Sequential(*layers, nn.Dropout(config.dropout if layers else 0.0))
        self.embed_dim = sizes[-1]

    def forward(self, inputs: Tensor) -> Tensor:
        """``[batch, n_inputs]`` to ``[batch, embed_dim]``."""
        vectors: Tensor = self.layers(inputs)
        return vectors


def build_text_network(config: TextConfig, n_inputs: int) -> TextNetwork:
    """The network of a configuration, untrained.

    Args:
        config: Widths and dropout.
        n_inputs: Of the reader, once it has learned its words.
    """
    return TextNetwork(config, n_inputs)


class TextEncoder:
    """A :class:`tutti.models.encoders.ModalityEncoder` of texts.

    Attributes:
        config: Everything but words and weights.
        reader: Texts to numbers.
        network: Numbers to vectors.
    """

    modality: Modality = "text"

    def __init__(self, config: TextConfig, reader: TextReader, network: TextNetwork) -> None:
        self.config = config
        self.reader = reader
        self.network = network.eval()

    @property
    def name(self) -> str:
        """Of the configuration."""
        return self.config.name

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.network.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever words, weights or what is read of a text do."""
        return fingerprint_of(self.reader.fingerprint, arrays_of(self.network))

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """Vectors of items' texts; see the protocol. A text of which no word is known counts as absent."""
        return encoded_texts(self, items, progress=progress)

    def encode_texts(
        self, texts: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], tuple[str, ...]]:
        """Vectors of texts, NaN where there is nothing to read, whether there is, and what was wrong with each."""
        read = self.reader.read(texts)
        return self.vectors_of(read, progress=progress), read.presence, read.problems

    def vectors_of(self, read: ReadTexts, *, progress: Progress | None = None) -> NDArray[np.float32]:
        """Vectors of texts that its reader has read, NaN where there was nothing. Shape (texts, embed_dim)."""
        vectors = np.full((len(read.presence), self.embed_dim), np.nan, dtype=np.float32)
        rows = np.flatnonzero(read.presence)
        device = next((one.device for one in self.network.parameters()), torch.device("cpu"))
        for first in range(0, len(rows), ROWS):
            some = rows[first : first + ROWS]
            with torch.inference_mode():
                made = self.network(torch.from_numpy(read.inputs[np.resize(some, ROWS)]).to(device))
            vectors[some] = made[: len(some)].float().cpu().numpy()
            if progress is not None:
                progress(first + len(some), len(rows))
        return vectors

    def save(self, folder: Path) -> None:
        """Write configuration, words, linker and weights, atomically; a language model's own weights are not copied.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values: dict[str, Any] = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        values |= {"n_inputs": self.reader.n_inputs, "read_by": self.reader.fingerprint}
        with settings_folder(folder, values, what="encoder") as partial:
            self.reader.save(partial)
            write_parameters(self.network, partial)

    @classmethod
    def load(cls, folder: Path, *, sentences: SentenceEncoder | None = None) -> Self:
        """The encoder in a folder.

        Args:
            folder: Where it was saved.
            sentences: The language model, instead of that at hand.

        Raises:
            ModelError: There is none, it is damaged or newer, or the language model at hand is another one than that
                with which it was made.
        """
        config, n_inputs, read_by = _read_config(folder)
        reader = TextReader.load(config, folder, sentences=sentences)
        if reader.fingerprint != read_by:
            raise ModelError(
                f"the texts of {folder} would be read otherwise than when it was made",
                hint="give the language model that it was made with"
                if config.reader == "sentences"
                else "take it anew",
            )
        network = build_text_network(config, n_inputs)
        fill_network(network, folder, what="encoder")
        return cls(config, reader, network)


def _read_config(folder: Path) -> tuple[TextConfig, int, str]:
    settings, origin = read_settings(folder, kind=KIND, newest=FORMAT), str(folder / CONFIG)
    try:
        n_inputs, read_by = int(settings.pop("n_inputs")), str(settings.pop("read_by"))
    except (ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{origin} does not say how texts were read: {cause}", hint="take the encoder anew") from None
    return checked_settings(TextConfig, settings, origin=origin, what="encoder"), n_inputs, read_by
