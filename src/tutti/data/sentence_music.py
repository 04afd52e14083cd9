"""What sentence-to-music retrieval is learned from: labelled sentences, tracks with one mood each, and what joins them.

Sentences are read in ``sentences`` and beside the research datasets, mappings made in ``emotion_mapping``; networks
that learn from both are in ``tutti.training``; ``tutti.evaluation.emotion_retrieval`` tells how well they answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.emotion_mapping import WORD_VECTORS, EmotionMapping, published_mapping
from tutti.data.labels import SPLITS
from tutti.data.sentences import LabelledSentences, Sentence
from tutti.data.track import Track
from tutti.data.world.moods import MOODS, single_moods, world_affects, world_label_vectors
from tutti.errors import ConfigError, unknown_name


@dataclass(frozen=True, kw_only=True)
class SentenceMusic:
    """Sentences and songs to learn from and to be scored on.

    Attributes:
        name: What both are called together, such as ``isear+audioset-mood``.
        sentences: With emotions and splits.
        tracks: With sounds and splits.
        moods: The one mood of each track, by its id.
        mood_names: All moods, in order; networks number them so.
        mapping: Which moods answer which emotions, as training pairs texts with songs.
        affects: Valence and arousal, 0 to 1, of every emotion and mood; empty where none are at hand.
        label_vectors: The word vector of every emotion and mood, all of one size; empty where none are at hand.
    """

    name: str
    sentences: LabelledSentences
    tracks: tuple[Track, ...]
    moods: Mapping[str, str]
    mood_names: tuple[str, ...]
    mapping: EmotionMapping
    affects: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    label_vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for track in self.tracks:
            if self.moods.get(track.track_id) not in self.mood_names:
                raise ConfigError(
                    f"{track.track_id} has none of the moods {', '.join(self.mood_names)}",
                    hint="give every track exactly one mood, or leave it out",
                )
        missing = [one for one in self.emotions if one not in self.mapping.moods_of]
        if missing:
            raise ConfigError(
                f"the {self.mapping.name} mapping says nothing of {', '.join(missing)}",
                hint="map every emotion of the sentences",
            )
        for what, known in (("valence and arousal", self.affects), ("word vector", self.label_vectors)):
            absent = [one for one in self.labels if one not in known] if known else []
            if absent:
                raise ConfigError(f"{', '.join(absent)} have no {what}", hint="give those of all, or of none")

    @property
    def emotions(self) -> tuple[str, ...]:
        """All emotions of the sentences, in order."""
        return self.sentences.emotions

    @property
    def labels(self) -> tuple[str, ...]:
        """Emotions and moods, each once."""
        return tuple(dict.fromkeys((*self.emotions, *self.mood_names)))

    def texts(self, split: str) -> tuple[Sentence, ...]:
        """The sentences of a split.

        Raises:
            UnknownNameError: There is no such split.
        """
        return self.sentences.of_split(split)

    def songs(self, split: str) -> tuple[Track, ...]:
        """The tracks of a split.

        Raises:
            UnknownNameError: There is no such split.
        """
        if split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        return tuple(track for track in self.tracks if track.split == split)

    def moods_of(self, tracks: Sequence[Track]) -> tuple[str, ...]:
        """The mood of each of some tracks."""
        return tuple(self.moods[track.track_id] for track in tracks)


def with_catalogue(
    sentences: LabelledSentences,
    catalogue: Catalogue,
    *,
    mapping: EmotionMapping | None = None,
    affects: Mapping[str, tuple[float, float]] | None = None,
    label_vectors: Mapping[str, NDArray[np.float32]] | None = None,
    tracks: Sequence[Track] | None = None,
) -> SentenceMusic:
    """Sentences and the tracks of a catalogue whose one tag is their mood, such as one of AudioSet's.

    Args:
        sentences: With splits.
        catalogue: Tracks without a sound, without a split or with several tags, and copies, are left out.
        mapping: For training; None takes the published one by word vectors, as the paper's code does.
        affects: Of all emotions and moods.
        label_vectors: Of all emotions and moods.
        tracks: Of the catalogue, in splits that are not its own.

    Raises:
        ConfigError: No track is left, or something has no mood, no mapping or no value.
    """
    songs = tuple(one for one in _heard(catalogue.tracks() if tracks is None else tracks) if len(one.tags) == 1)
    if not songs:
        raise ConfigError(
            f"{catalogue.folder} has no track with a sound, a split and one mood for its only tag",
            hint="make one: tutti datasets catalogue audioset-mood --root DIR -o FOLDER",
        )
    moods = {track.track_id: track.tags[0] for track in songs}
    return SentenceMusic(
        name=f"{sentences.name}+{catalogue.folder.name}",
        sentences=sentences,
        tracks=songs,
        moods=moods,
        mood_names=tuple(sorted(set(moods.values()))),
        mapping=mapping or published_mapping(WORD_VECTORS),
        affects=affects or {},
        label_vectors=label_vectors or {},
    )


def with_world(
    sentences: LabelledSentences, catalogue: Catalogue, *, mapping: EmotionMapping | None = None
) -> SentenceMusic:
    """Sentences and the tracks of a generated world, each with the mood that is nearest to its facts.

    Args:
        sentences: With the emotions of Alm or ISEAR, such as ``tutti.data.world.sentences`` writes.
        catalogue: Of a generated world; tracks without a sound or without a split, and copies, are left out.
        mapping: For training; None takes the published one by word vectors.

    Raises:
        ConfigError: The catalogue is of no generated world, or an emotion is none of these.
    """
    tracks = tuple(_heard(catalogue.tracks()))
    if not tracks:
        raise ConfigError(
            f"{catalogue.folder} has no track with a sound and a split", hint="make one: tutti world demo -o FOLDER"
        )
    facts = catalogue.facts()
    moods = single_moods({one.track_id: facts.get(one.track_id, {}) for one in tracks})
    labels = tuple(dict.fromkeys((*sentences.emotions, *MOODS)))
    return SentenceMusic(
        name=f"{sentences.name}+{catalogue.folder.name}",
        sentences=sentences,
        tracks=tracks,
        moods=moods,
        mood_names=tuple(MOODS),
        mapping=mapping or published_mapping(WORD_VECTORS),
        affects=world_affects(labels),
        label_vectors=world_label_vectors(labels),
    )


def _heard(tracks: Sequence[Track]) -> Iterator[Track]:
    for one in tracks:
        if one.audio is not None and one.split in SPLITS and one.duplicate_of is None:
            yield one
