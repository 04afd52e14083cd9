"""What every tagger is: a front end, an encoder and a head.

The architectures, a file for each, are in ``tutti.models.taggers``; labels, files and predictions for sounds of any
length in ``tutti.models.model``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from tutti.audio.frontends import MelConfig, MelScale
from tutti.errors import ConfigError, ModelError, unknown_name


@dataclass(frozen=True, kw_only=True)
class TaggerConfig:
    """What all taggers' configurations have in common.

    Attributes:
        sample_rate: Of the waveform, Hz.
        n_samples: Length of the excerpt that the tagger hears.
        dropout: Before the last layer, while training.
    """

    sample_rate: int = 16_000
    n_samples: int = 59_049
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout:g} is no probability below 1", hint="give 0 to 0.9")
        if self.sample_rate < 1 or self.n_samples < 1:
            raise ConfigError(
                f"sample_rate={self.sample_rate} and n_samples={self.n_samples} must be positive",
                hint="give Hz, and samples of an excerpt",
            )


@dataclass(frozen=True, kw_only=True)
class MelTaggerConfig(TaggerConfig):
    """A tagger on a log-mel spectrogram. Lengths in samples.

    Attributes:
        n_fft: Of the spectrogram.
        hop_length: Of the spectrogram.
        n_mels: Of the spectrogram.
        mel_scale: Of the spectrogram: ``htk``, as published, or ``slaney``.
    """

    n_fft: int = 512
    hop_length: int = 256
    n_mels: int = 96
    mel_scale: MelScale = "htk"

    @property
    def mel(self) -> MelConfig:
        """The front end's configuration."""
        return MelConfig(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
            scale=self.mel_scale,
        )


class Encoder(Protocol):
    """What an encoder offers beside being a module."""

    embed_dim: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a sequence model makes of excerpts, and where it looks.

    Attributes:
        representation: What the head gets. Shape [batch, embed_dim].
        sequence: The tokens after the last layer, special ones first. Shape [batch, tokens, dim].
        attention: Weights of each layer, summing to 1 over keys. Shape [batch, heads, queries, keys].
    """

    representation: Tensor
    sequence: Tensor
    attention: tuple[Tensor, ...]


class NoHead(nn.Module):
    """The head of a model without labels: ``[batch, embed_dim]`` to ``[batch, 0]``, without a parameter."""

    def forward(self, representation: Tensor) -> Tensor:
        """See the class."""
        return representation[:, :0]


class Tagger(nn.Module):
    """Waveform to logits through a front end, an encoder and a linear head, or :class:`NoHead` without labels.

    Shape:
        waveform ``[batch, samples]``; features as the front end gives them; representation ``[batch, embed_dim]``;
        logits ``[batch, n_labels]``.
    """

    def __init__(self, frontend: nn.Module, encoder: nn.Module, n_labels: int, *, dropout: float = 0.5) -> None:
        super().__init__()
        embed_dim = encoder.embed_dim
        assert isinstance(embed_dim, int)
        self.embed_dim = embed_dim
        self.frontend = frontend
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(embed_dim, n_labels) if n_labels else NoHead()

    @property
    def device(self) -> torch.device:
        """Where its weights lie, or its buffers: a network of statistics has no weights without a head."""
        return next(chain(self.parameters(), self.buffers())).device

    def represent(self, waveform: Tensor) -> Tensor:
        """``[batch, samples]`` to ``[batch, embed_dim]``."""
        representation: Tensor = self.encoder(self._features(waveform))
        return representation

    def read(self, waveform: Tensor, *, focus: int | None = None) -> Reading:
        """Sequence and attention of a sequence model.

        Args:
            waveform: Shape ``[batch, samples]``.
            focus: Put all attention of the last layer on this token, in all heads and for all queries (Won, Chun,
                Serra, 2019: tag-wise contribution).

        Raises:
            ModelError: The model has no sequence.
            ConfigError: There is no such token.
        """
        read = getattr(self.encoder, "read", None)
        if read is None:
            raise ModelError(
                "this tagger does not read a sequence: it has no tokens and no attention",
                hint="take one with attention, such as music_tagging_transformer, cnnsa or spec_transformer",
            )
        reading: Reading = read(self._features(waveform), focus=focus)
        return reading

    def _features(self, waveform: Tensor) -> Tensor:
        # In single precision even where the rest is computed in less: powers exceed half floats, decibels bfloat16.
        with torch.autocast(waveform.device.type, enabled=False):
            features: Tensor = self.frontend(waveform)
        return features

    def classify(self, representation: Tensor) -> Tensor:
        """``[batch, embed_dim]`` to logits ``[batch, n_labels]``."""
        logits: Tensor = self.head(self.dropout(representation))
        return logits

    def forward(self, waveform: Tensor) -> Tensor:
        """``[batch, samples]`` to logits ``[batch, n_labels]``."""
        return self.classify(self.represent(waveform))


Config = TypeVar("Config", bound=TaggerConfig)


@dataclass(frozen=True, kw_only=True)
class Architecture(Generic[Config]):
    """A named way to build a tagger.

    Attributes:
        config: The defaults; options replace some of them.
        build: From a configuration and the number of labels to an untrained tagger.
        published_names: How the published state dict names our parameters: pairs of a regular expression and what it
            becomes, of which the first that matches counts.
        paper: Who described it.
    """

    config: Config
    build: Callable[[Config, int], Tagger]
    published_names: tuple[tuple[str, str], ...]
    paper: str

    def configure(self, **options: Any) -> Config:
        """The configuration with some options replaced.

        Raises:
            UnknownNameError: There is no such option.
            ConfigError: The value is of another type, or makes no sense.
        """
        known = [field.name for field in fields(self.config)]
        for name, value in options.items():
            if name not in known:
                raise unknown_name("option of this architecture", name, known)
            _check_type(name, value, getattr(self.config, name))
        return replace(self.config, **options)


# What a value may be where the default is of a type.
KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
}


def _check_type(name: str, value: object, default: object) -> None:
    if type(default) not in KINDS:
        return
    kinds, words = KINDS[type(default)]
    # Python counts true and false among the integers.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ConfigError(
            f"the option {name}={value!r} of this architecture is not {words}",
            hint=f"give {words}, such as {default!r}",
        )
