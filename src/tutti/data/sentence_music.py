"""What sentence-to-music retrieval is learned from: labelled sentences, tracks with one mood each, and what joins them.

Sentences are read in ``sentences`` and its neighbours, mappings made in ``emotion_mapping``; networks that learn from
both are in ``tutti.training``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tutti.data.emotion_mapping import EmotionMapping
from tutti.data.labels import SPLITS
from tutti.data.sentences import LabelledSentences, Sentence
from tutti.data.track import Track
from tutti.errors import unknown_name


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

    @property
    def emotions(self) -> tuple[str, ...]:
        """All emotions of the sentences, in order."""
        return self.sentences.emotions

    def texts(self, split: str) -> tuple[Sentence, ...]:
        """The sentences of a split."""
        return self.sentences.of_split(split)

    def songs(self, split: str) -> tuple[Track, ...]:
        """The tracks of a split.

        Raises:
            UnknownNameError: There is no such split.
        """
        if split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        return tuple(track for track in self.tracks if track.split == split)
