"""Sounds as what a tagger says of them: the audio encoder of spaces that are made from tags.

A vector holds the log odds of concepts (labels that mean the same are averaged, labels of an absence turned round) and,
behind them, the tagger's own vector. Both are what ``tutti index`` stores of a track, so that a catalogue's tracks are
placed without hearing them again (:meth:`ConceptListener.from_predictions`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from tutti.errors import ConfigError, ModelError, ShapeError, UnknownNameError
from tutti.models.model import Model
from tutti.models.model_folders import CONFIG, checked_settings, fingerprint_of, read_settings, settings_folder
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.zoo import Zoo, load_model
from tutti.text.vocabulary import Vocabulary

FORMAT = 1
KIND = "tutti concept listener"
SMALLEST_PROBABILITY = 1e-4

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ConceptListenerConfig:
    """Which tagger is listened with, and what its labels mean.

    Attributes:
        tagger: Its name.
        tagger_fingerprint: Of the weights whose probabilities are understood here.
        labels: Of the tagger, in the order of its probabilities.
        concepts: For each, the labels that tell of it and 1, or -1 where a label tells of its absence.
        n_vector: Dimensions of the tagger's vectors.
        tagger_folder: Of its bundle, an absolute path; None where the zoo finds it by its name.
    """

    tagger: str
    tagger_fingerprint: str
    labels: tuple[str, ...]
    concepts: dict[str, dict[str, int]]
    n_vector: int
    tagger_folder: str | None = None

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        strangers = {label for sources in self.concepts.values() for label in sources} - set(self.labels)
        if strangers or not self.concepts or not all(self.concepts.values()):
            told = f"{sorted(strangers)[0]!r} is none" if strangers else "a concept has none"
            raise ConfigError(
                f"concepts stand for labels of {self.tagger}, and {told}", hint="make the encoder of its vocabulary"
            )


class ConceptListener(SoundEncoder):
    """A :class:`tutti.models.encoders.ModalityEncoder` of sounds: log odds of concepts, and a tagger's vector.

    Args:
        config: The tagger and its labels.
        tagger: The tagger itself; None loads it when first something is to be heard.
    """

    def __init__(self, config: ConceptListenerConfig, tagger: Model | None = None) -> None:
        self.config = config
        self._tagger = tagger

    @classmethod
    def of(cls, tagger: Model) -> Self:
        """The encoder of a tagger, its labels understood by the thesaurus.

        Raises:
            ConfigError: The tagger gives no probabilities, or has no labels.
        """
        tagger.check_labels()
        tagger.check_probabilities()
        vocabulary = vocabulary_of(tagger)
        concepts = {
            name: {source.label: -1 if source.is_absence else 1 for source in concept.sources}
            for name, concept in vocabulary.concepts.items()
        }
        config = ConceptListenerConfig(
            tagger=tagger.name,
            tagger_fingerprint=tagger.fingerprint,
            labels=tagger.labels,
            concepts=concepts,
            n_vector=tagger.embed_dim,
            tagger_folder=_folder_of(tagger),
        )
        return cls(config, tagger)

    @cached_property
    def model(self) -> Model:  # type: ignore[override]
        """The tagger.

        Raises:
            ModelError: It is not to be found, or is another one than the encoder was made with.
        """
        tagger = self._tagger or self._find_tagger()
        if tagger.fingerprint != self.config.tagger_fingerprint:
            raise ModelError(
                f"{tagger.name} has the fingerprint {tagger.fingerprint}; the space was made with "
                f"{self.config.tagger_fingerprint}",
                hint="take the version of the model that the space was made with, or make the space anew",
            )
        return tagger

    def _find_tagger(self) -> Model:
        """The tagger in its folder; where it lies there no more, the zoo's of its name."""
        folder = self.config.tagger_folder
        if folder is not None and (Path(folder) / CONFIG).is_file():
            return Model.load(folder)
        try:
            return load_model(self.name)
        except UnknownNameError:
            where = "not " if folder is None else f"neither in {folder} nor "
            raise ModelError(
                f"the tagger {self.name}, by which the space hears, is {where}in the zoo",
                hint=f"put its bundle as {self.name} into a folder that TUTTI_MODELS names, or make the space anew",
            ) from None

    @property
    def name(self) -> str:
        """Of the tagger."""
        return self.config.tagger

    @property
    def concepts(self) -> tuple[str, ...]:
        """In the order of their log odds."""
        return tuple(self.config.concepts)

    @property
    def embed_dim(self) -> int:
        """Concepts and the tagger's dimensions."""
        return len(self.config.concepts) + self.config.n_vector

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the vectors do; not with the folder that the tagger lies in."""
        told = dataclasses.asdict(self.config)
        del told["tagger_folder"]
        return fingerprint_of(repr(sorted(told.items())))

    def from_predictions(self, vectors: NDArray[Any], probabilities: NDArray[Any]) -> Floats:
        """What :meth:`encode` gives, from what the tagger said of tracks before.

        Args:
            vectors: NaN in the rows of tracks that were not heard. Shape (tracks, dimensions of the tagger).
            probabilities: Of its labels, the same. Shape (tracks, labels).

        Returns:
            Shape (tracks, embed_dim).

        Raises:
            ShapeError: They are another tagger's.
        """
        wanted = (self.config.n_vector, len(self.config.labels))
        if (vectors.shape[-1], probabilities.shape[-1]) != wanted or vectors.shape[:-1] != probabilities.shape[:-1]:
            raise ShapeError(
                f"vectors {vectors.shape} and probabilities {probabilities.shape} are none of {self.name}, "
                f"which has {wanted[0]} dimensions and {wanted[1]} labels",
                hint=f"give what {self.name} said of the tracks",
            )
        heard = log_odds(probabilities) @ self._signs
        return np.concatenate([heard, vectors], axis=-1).astype(np.float32)

    @cached_property
    def _signs(self) -> Floats:
        """What each label says of each concept. Shape (labels, concepts)."""
        place = {label: row for row, label in enumerate(self.config.labels)}
        signs = np.zeros((len(place), len(self.config.concepts)), dtype=np.float32)
        for column, sources in enumerate(self.config.concepts.values()):
            for label, sign in sources.items():
                signs[place[label], column] = sign / len(sources)
        return signs

    def save(self, folder: Path) -> None:
        """Write what labels mean, atomically; the tagger's weights are not copied.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        with settings_folder(folder, values, what="encoder"):
            pass

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder in a folder.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        settings, origin = read_settings(folder, kind=KIND, newest=FORMAT), str(folder / CONFIG)
        return cls(checked_settings(ConceptListenerConfig, settings, origin=origin, what="encoder"))


def _folder_of(tagger: Model) -> str | None:
    """Where a tagger is found again; None where its name leads to it, or it lies nowhere."""
    if tagger.folder is None:
        return None
    found = Zoo().whereabouts(tagger.name).path
    return None if found is not None and found.resolve() == tagger.folder.resolve() else str(tagger.folder)


def vocabulary_of(tagger: Model) -> Vocabulary:
    """What a tagger's labels mean by the thesaurus."""
    sets = {source.partition(":")[0] for some in tagger.config.label_sources.values() for source in some}
    return Vocabulary({tagger.name: tagger.labels}, label_sets=sorted(sets))


def log_odds(probabilities: NDArray[Any]) -> Floats:
    """log(p / (1 - p)), with p kept 0.0001 away from 0 and 1; NaN stays NaN."""
    bounded = np.clip(np.asarray(probabilities, dtype=np.float32), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.asarray(np.log(bounded) - np.log1p(-bounded), dtype=np.float32)
