"""The scheme ``joint-space``: sounds, texts, covers and listening factors in one space, from encoders that are done.

Here are the recipe's settings: which encoder describes each modality, how light the network behind it is, what counts
as one thing. How a recipe is carried out is in ``joint_space_runs``, the loss in ``joint_learning``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tutti.data.items import LEVELS, Level
from tutti.data.track import Modality
from tutti.errors import ConfigError, unknown_name
from tutti.listening.factors import FactorConfig
from tutti.models.spaces import MapConfig, SpaceConfig, find_space
from tutti.models.text_readers import ReaderConfig

READ = ("caption", "tags", "review", "biography", "lyrics")
JOINED: tuple[Modality, ...] = ("audio", "text", "image", "listening")


def _sentences() -> ReaderConfig:
    return ReaderConfig(reader="sentences")


@dataclass(frozen=True, kw_only=True)
class SoundBranch:
    """How sounds are heard.

    Attributes:
        encoder: A tagger by name or folder, or the folder of an encoder of sounds. What the catalogue's index holds of
            it is not heard again.
        with_labels: Take what a tagger says of its labels beside its vectors.
        weight: Of the modality in the loss: a pair counts by the product of both.
        network: How the network behind it differs from the others.
    """

    encoder: str = "tutti-small"
    with_labels: bool = True
    weight: float = 1.0
    network: MapConfig = field(default_factory=MapConfig)


@dataclass(frozen=True, kw_only=True)
class TextBranch:
    """How texts are read.

    Attributes:
        encoder: The folder of a text encoder; None reads as ``reader`` says.
        reader: What makes numbers of a text; words are learned from the texts of train.
        read: Kinds of text.
        mixtures: Learn from mixtures of an item's texts, drawn anew every epoch, instead of always from all.
        weight: See :class:`SoundBranch`.
        network: See :class:`SoundBranch`.
    """

    encoder: str | None = None
    reader: ReaderConfig = field(default_factory=_sentences)
    read: tuple[str, ...] = READ
    mixtures: bool = True
    weight: float = 1.0
    network: MapConfig = field(default_factory=MapConfig)


@dataclass(frozen=True, kw_only=True)
class CoverBranch:
    """How covers are seen.

    Attributes:
        encoder: The folder of an encoder of covers, or of a multimodal model that has one.
        weight: See :class:`SoundBranch`.
        network: See :class:`SoundBranch`.
    """

    encoder: str | None = None
    weight: float = 1.0
    network: MapConfig = field(default_factory=MapConfig)


@dataclass(frozen=True, kw_only=True)
class ListeningBranch:
    """How plays become vectors. Factors are made of the tracks of train; those of others are folded in.

    Attributes:
        plays: A table of plays (``tutti.listening.play_files``); None takes the catalogue's listens.
        factors: How plays become factors.
        weight: See :class:`SoundBranch`.
        network: See :class:`SoundBranch`.
    """

    plays: Path | None = None
    factors: FactorConfig = field(default_factory=lambda: FactorConfig(n_factors=32))
    weight: float = 1.0
    network: MapConfig = field(default_factory=MapConfig)


@dataclass(frozen=True, kw_only=True)
class JointSpaceConfig:
    """What is brought together, and in what space.

    Attributes:
        name: Of the scheme.
        level: What an item is, ``track`` or ``album``.
        modalities: Any two or more of ``audio``, ``text``, ``image`` and ``listening``.
        embed_dim: Dimensions of the space.
        temperature: With which the learned temperature begins.
        network: How all networks differ from those of the space ``contrastive`` (``tutti.models.spaces``).
        batch_size: Items, at most, over all devices; each is told from all others.
        albums_apart: Tell tracks of one album from each other, though they share a cover.
        audio: How sounds are heard.
        text: How texts are read.
        image: How covers are seen.
        listening: How plays become vectors.
        vectors: Folder of encoders' vectors that recipes share; None keeps them in the run's.
    """

    name: Literal["joint-space"] = "joint-space"
    level: Level = "track"
    modalities: tuple[Modality, ...] = ("audio", "text")
    embed_dim: int = 128
    temperature: float = 0.07
    network: MapConfig = field(default_factory=MapConfig)
    batch_size: int = 512
    albums_apart: bool = False
    audio: SoundBranch = field(default_factory=SoundBranch)
    text: TextBranch = field(default_factory=TextBranch)
    image: CoverBranch = field(default_factory=CoverBranch)
    listening: ListeningBranch = field(default_factory=ListeningBranch)
    vectors: Path | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise unknown_name("level", self.level, LEVELS)
        for modality in self.modalities:
            if modality not in JOINED:
                raise unknown_name("modality of a joint space", modality, JOINED)
        if len({*self.modalities}) < max(2, len(self.modalities)):
            raise ConfigError(
                f"modalities={list(self.modalities)} are fewer than two, or name one twice",
                hint="name two or more of scheme.modalities, such as ['audio', 'text']",
            )
        if self.batch_size < 3:
            raise ConfigError(
                f"batch_size={self.batch_size} leaves an item with next to nothing to be told from",
                hint="give 3 or more; the larger the better, such as 512",
            )
        if "image" in self.modalities and self.image.encoder is None:
            raise ConfigError(
                "the recipe does not say what sees the covers",
                hint="set scheme.image.encoder to the folder of a trained one; a recipe of the scheme fusion leaves "
                "one in RUN/image/encoder",
            )
        if "text" in self.modalities and not self.text.read:
            raise ConfigError("scheme.text.read is empty", hint=f"name kinds of text, such as {READ[0]}")
        for name, weight in self.weights().items():
            if weight < 0:
                raise ConfigError(f"the weight of {name} is {weight:g}", hint="give 0 or more")
        self.space()

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: items."""
        return self.batch_size

    def weights(self) -> dict[str, float]:
        """Of the modalities, in the loss."""
        return {name: self._branches()[name].weight for name in self.modalities}

    def space(self) -> SpaceConfig:
        """The networks.

        >>> JointSpaceConfig(text=TextBranch(network=MapConfig(layers="linear"))).space().of("text").layers
        'linear'
        """
        changes = {"embed_dim": self.embed_dim, "temperature": self.temperature, **self.network.changes()}
        found: dict[str, MapConfig] = {name: self._branches()[name].network for name in self.modalities}
        maps = {name: one for name, one in found.items() if one.changes()}
        return dataclasses.replace(find_space("contrastive"), **changes, maps=maps)

    def _branches(self) -> dict[str, SoundBranch | TextBranch | CoverBranch | ListeningBranch]:
        return {"audio": self.audio, "text": self.text, "image": self.image, "listening": self.listening}
