"""Which moods of music answer which emotion of a text: by valence and arousal, by word vectors, or by hand.

Texts and music are labelled in different words (*guilt* here, *tender* there). A mapping says which pairs are right,
both to learn from and to be scored by. The three mappings of the paper are here as published; others are made from a
user's own lexicon, word vectors or table.

References:
    Won, Salamon, Bryan, Mysore and Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021.
    Won, "Representation learning for music classification and retrieval", PhD thesis, 2022, table 5.5.
    Mohammad, "Obtaining reliable human ratings of valence, arousal, and dominance for 20,000 English words", ACL 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BoolMatrix = NDArray[np.bool_]
VALENCE_AROUSAL, WORD_VECTORS, MANUAL = "valence-arousal", "word-vectors", "manual"
MAPPINGS = (VALENCE_AROUSAL, WORD_VECTORS, MANUAL)


@dataclass(frozen=True, kw_only=True)
class EmotionMapping:
    """Which moods of music answer each emotion of a text.

    Attributes:
        name: ``valence-arousal``, ``word-vectors`` or ``manual``.
        moods_of: By emotion, one mood or several.
        source: Where it comes from, in words.
    """

    name: str
    moods_of: Mapping[str, tuple[str, ...]]
    source: str = ""

    def relevant(self, emotions: Sequence[str], moods: Sequence[str]) -> BoolMatrix:
        """Whether each song answers each text. Shape (texts, songs).

        Args:
            emotions: One a text.
            moods: One a song.
        """
        kinds = list(dict.fromkeys(moods))
        of_song = np.array([kinds.index(mood) for mood in moods], dtype=int)
        answers = {one: np.array([kind in self.moods_of[one] for kind in kinds]) for one in dict.fromkeys(emotions)}
        return np.stack([answers[one][of_song] for one in emotions])
