"""Songs for a text, by one of the six strategies: what ranks them, and where texts and songs lie.

A retriever is a bundle of a text encoder, a sound encoder and the heads of its strategy (``sentence_music``)::

    config.json            strategy, labels, widths; its kind is "tutti sentence retriever"
    model.safetensors      the heads
    encoders/<modality>/   each encoder, as ``encoder_kinds`` loads it

Those of metric learning and of regressed word vectors are space models too (:meth:`SentenceRetriever.space_model`), so
that ``tutti search`` can use them. How well songs are found is scored in ``tutti.evaluation``.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict
from torch import Tensor

from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError, ModelError, unknown_name
from tutti.models.encoder_kinds import load_encoder
from tutti.models.encoders import ModalityEncoder, ReadsTexts
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
from tutti.models.sentence_music import (
    AUDIO,
    STRATEGIES,
    TEXT,
    Classifiers,
    HeadConfig,
    Heads,
    SharedHeads,
    Strategy,
    build_heads,
)
from tutti.models.space_models import SpaceModel, SpaceModelConfig, unit_rows
from tutti.models.spaces import SpaceNetwork

FORMAT = 1
KIND = "tutti sentence retriever"
ENCODERS = "encoders"
NO_SPACE = ("classification", "multi-head", "valence-arousal")
Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class RetrieverConfig:
    """Everything about a retriever but encoders and weights.

    Attributes:
        name: Of the model.
        strategy: One of ``sentence_music.STRATEGIES``.
        dims: Of the vectors of ``text``, ``audio`` and, where they were learned from, labels (``tags``).
        emotions: Of texts, in the order of the network.
        moods: Of songs, in the order of the network.
        heads: Widths.
        training: How it was made.
        scores: What it reached.
    """

    name: str
    strategy: Strategy
    dims: dict[str, int]
    emotions: tuple[str, ...]
    moods: tuple[str, ...]
    heads: HeadConfig = field(default_factory=HeadConfig)
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise unknown_name("strategy", self.strategy, STRATEGIES)

    def build_heads(self) -> Heads:
        """The untrained heads."""
        return build_heads(self.strategy, self.dims, self.heads, n_emotions=len(self.emotions), n_moods=len(self.moods))


class SentenceRetriever:
    """Ranks songs for texts.

    Attributes:
        config: Everything but encoders and weights.
        encoders: Of ``text`` and ``audio``.
        heads: Of the strategy, in evaluation mode.
    """

    def __init__(self, config: RetrieverConfig, encoders: Mapping[str, ModalityEncoder], heads: Heads) -> None:
        self.config = config
        self.encoders = dict(encoders)
        self.heads = heads.eval()

    def told(self, **changes: Any) -> Self:
        """The same with other fields of the configuration, such as its name or its scores."""
        return type(self)(dataclasses.replace(self.config, **changes), self.encoders, self.heads)

    @property
    def name(self) -> str:
        """Of the model."""
        return self.config.name

    @property
    def strategy(self) -> Strategy:
        """By which songs are ranked."""
        return self.config.strategy

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever scores may do."""
        told = [self.strategy, *self.config.emotions, *self.config.moods]
        told += [self.encoders[one].fingerprint for one in sorted(self.encoders)]
        return fingerprint_of("\n".join(told), arrays_of(self.heads))

    def scores(self, texts: Sequence[str], tracks: Sequence[Track]) -> Matrix:
        """How well each song answers each text, higher is better; see :meth:`scores_of`. Shape (texts, songs)."""
        return self.scores_of(self.text_vectors(texts), self.song_vectors(tracks))

    def places(self, texts: Sequence[str], tracks: Sequence[Track]) -> dict[str, Matrix]:
        """Where texts and songs lie, for maps; see :meth:`places_of`."""
        return self.places_of({TEXT: self.text_vectors(texts), AUDIO: self.song_vectors(tracks)})

    def text_vectors(self, texts: Sequence[str]) -> Matrix:
        """What the text encoder gives, NaN where there is nothing to read. Shape (texts, dimensions)."""
        encoder = self.encoders[TEXT]
        assert isinstance(encoder, ReadsTexts), "the text encoder reads texts"
        return encoder.encode_texts(texts)[0]

    def song_vectors(self, tracks: Sequence[Track]) -> Matrix:
        """What the sound encoder gives, NaN where a track cannot be heard. Shape (songs, dimensions)."""
        items = [Item(item_id=one.track_id, title=one.name, tracks=(one,)) for one in tracks]
        return self.encoders[AUDIO].encode(items).vectors

    def scores_of(self, texts: Matrix, songs: Matrix) -> Matrix:
        """How well songs answer texts, from what the encoders gave.

        Classification takes the text's likeliest emotion, multi-head the text's likeliest mood by the songs' head, and
        ranks songs by that label's probability; the others rank by cosine, or by distance, negated, of valence and
        arousal.

        Args:
            texts: Shape (texts, dimensions), NaN where there is nothing to read.
            songs: Shape (songs, dimensions), NaN where there is nothing to hear.

        Returns:
            Higher is better. A row is NaN where the text retrieves nothing: it is none, or songs know no mood of the
            name of its emotion. A column is NaN where the song cannot be heard. Shape (texts, songs).
        """
        if isinstance(self.heads, SpaceNetwork):
            ours, theirs = self.heads.project(TEXT, texts), self.heads.project(AUDIO, songs)
            if self.strategy == "valence-arousal":
                return -_distances(ours, theirs)
            return np.asarray(unit_rows(ours) @ unit_rows(theirs).T, dtype=np.float32)
        moods = self._asked_moods(texts)
        likelihood = _present(songs, lambda some: self._labelling.answer(some).softmax(dim=1))  # (songs, moods)
        found = np.full((len(texts), len(songs)), np.nan, dtype=np.float32)
        found[moods >= 0] = likelihood.T[moods[moods >= 0]]
        return found

    def places_of(self, vectors: Mapping[str, Matrix]) -> dict[str, Matrix]:
        """Where things lie, from what the encoders gave.

        Valence and arousal, or points of the space; of multi-head the last shared layer; of classification the
        probabilities of all labels of texts and songs, those that a modality does not know being 0.

        Args:
            vectors: Of ``text``, ``audio``, and where the strategy has them labels as ``tags``; NaN where absent.

        Returns:
            By modality, all of one size, NaN where the vectors are. Shape (things, dimensions).
        """
        if isinstance(self.heads, SpaceNetwork):
            return {one: self.heads.project(one, some) for one, some in vectors.items()}
        if isinstance(self.heads, SharedHeads):
            placed = {one: functools.partial(self.heads.represent, one) for one in vectors}
            return {one: _present(some, placed[one]) for one, some in vectors.items()}
        return {one: self._labels_of(one, some) for one, some in vectors.items()}

    def space_model(self, *, name: str | None = None, source: str = "unknown") -> SpaceModel:
        """The same as a space that items of any catalogue can be placed in.

        Args:
            name: Of the space; None takes the retriever's.
            source: Where it comes from, in words.

        Raises:
            ConfigError: The strategy compares by no cosine.
        """
        if self.strategy in NO_SPACE:
            known = [one for one in STRATEGIES if one not in NO_SPACE]
            raise ConfigError(f"{self.strategy} makes no space of directions", hint=f"take {', '.join(known)}")
        assert isinstance(self.heads, SpaceNetwork)
        config = SpaceModelConfig(
            name=name or self.name,
            licence="as the training data and the encoders allow",
            source=source,
            training=self.config.training,
            scores=self.config.scores,
        )
        return SpaceModel(config, {"text": self.encoders[TEXT], "audio": self.encoders[AUDIO]}, self.heads)

    def save(self, folder: Path) -> None:
        """Write the retriever as a bundle, atomically.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        values = {"format": FORMAT, "kind": KIND, **dataclasses.asdict(self.config)}
        with settings_folder(Path(folder), values, what="sentence retriever") as partial:
            write_parameters(self.heads, partial)
            for modality, encoder in self.encoders.items():
                encoder.save(partial / ENCODERS / modality)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The retriever of a bundle.

        Raises:
            ModelError: The folder holds none, or a damaged or newer one.
        """
        settings = read_settings(folder, kind=KIND, newest=FORMAT)
        config = checked_settings(RetrieverConfig, settings, origin=str(folder / CONFIG), what="sentence retriever")
        try:
            heads = config.build_heads()
        except (ConfigError, KeyError) as cause:
            raise ModelError(f"{folder / CONFIG} describes no heads: {cause}", hint="train it anew") from None
        fill_network(heads, folder, what="sentence retriever")
        return cls(config, {one: load_encoder(folder / ENCODERS / one) for one in (TEXT, AUDIO)}, heads)

    def _asked_moods(self, texts: Matrix) -> NDArray[np.int64]:
        """By which mood songs are ranked for each text; -1: by none. Shape (texts,)."""
        asked = _present(texts, self._labelling.ask)
        labels = self.config.moods if isinstance(self.heads, SharedHeads) else self.config.emotions
        known = {mood: number for number, mood in enumerate(self.config.moods)}
        number_of = np.array([known.get(label, -1) for label in labels])
        likeliest = number_of[np.nan_to_num(asked).argmax(axis=1)]
        return np.where(np.isfinite(asked).all(axis=1), likeliest, -1)

    def _labels_of(self, modality: str, vectors: Matrix) -> Matrix:
        """Probabilities of all labels, 0 of those that a modality does not know. Shape (things, labels)."""
        heads = self._labelling
        network, labels = {TEXT: (heads.ask, self.config.emotions), AUDIO: (heads.answer, self.config.moods)}[modality]
        known = _present(vectors, lambda some: network(some).softmax(dim=1))
        every = list(dict.fromkeys((*self.config.moods, *self.config.emotions)))
        spread = np.zeros((len(vectors), len(every)), dtype=np.float32)
        spread[:, [every.index(label) for label in labels]] = known
        spread[np.isnan(known).any(axis=1)] = np.nan
        return spread

    @property
    def _labelling(self) -> Classifiers | SharedHeads:
        assert not isinstance(self.heads, SpaceNetwork)
        return self.heads


def _present(vectors: Matrix, network: Callable[[Tensor], Tensor]) -> Matrix:
    """What a network makes of the rows that are there, NaN in the others. Shape (rows, outputs)."""
    present = np.isfinite(vectors).all(axis=1)
    with torch.inference_mode():
        made = network(torch.from_numpy(np.ascontiguousarray(vectors[present], dtype=np.float32))).numpy()
    found = np.full((len(vectors), made.shape[1]), np.nan, dtype=np.float32)
    found[present] = made
    return found


def _distances(ours: Matrix, theirs: Matrix) -> Matrix:
    """Euclidean, between all rows of two sets; NaN where one is. Shape (rows of ours, rows of theirs)."""
    return np.asarray(np.linalg.norm(ours[:, None] - theirs[None], axis=2), dtype=np.float32)
