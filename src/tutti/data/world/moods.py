"""One mood for each track of a generated world, in the words of AudioSet, and where moods and emotions lie.

A world's tracks have any number of mood words (``taxonomy.MOODS``); what sentences ask for has exactly one. It is the
one whose place in valence and arousal, below, is nearest to the track's own. The places are ours, set by hand: they are
no ratings, and of no use outside generated worlds; ``emotion_mapping.read_affects`` reads a lexicon of ratings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, unknown_name

# Valence and arousal, -1 to 1 as in a world's facts.
MOODS: dict[str, tuple[float, float]] = {
    "angry": (-0.45, 0.75),
    "exciting": (0.25, 0.85),
    "funny": (0.75, 0.75),
    "happy": (0.65, 0.15),
    "sad": (-0.45, -0.55),
    "scary": (-0.6, 0.1),
    "tender": (0.3, -0.55),
}
# Emotions of Alm and ISEAR. Each has the published mood by valence and arousal as its nearest.
EMOTIONS: dict[str, tuple[float, float]] = {
    "anger": (-0.5, 0.85),
    "fearful": (-0.5, -0.3),
    "happy": (0.7, 0.3),
    "sad": (-0.55, -0.6),
    "surprised": (0.3, 0.75),
    "disgust": (-0.65, 0.55),
    "fear": (-0.55, 0.6),
    "guilt": (-0.6, -0.35),
    "joy": (0.4, 0.7),
    "sadness": (-0.6, -0.5),
    "shame": (-0.5, 0.5),
}
GRID = np.linspace(-1, 1, 5)  # of the bumps that label vectors are made of
BUMP = 0.45  # their width


def single_moods(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The one mood of each track, by its id.

    Args:
        facts: Of the tracks of a generated world.

    Raises:
        ConfigError: The tracks have no valence and arousal: they are of no generated world.
    """
    names, places = list(MOODS), np.array(list(MOODS.values()))
    try:
        own = np.array([[one["valence"], one["arousal"]] for one in facts.values()], dtype=np.float64).reshape(-1, 2)
    except KeyError:
        raise ConfigError(
            "the tracks are of no generated world: their valence and arousal are not known",
            hint="make one: tutti world demo -o FOLDER",
        ) from None
    nearest = np.linalg.norm(own[:, None] - places[None], axis=2).argmin(axis=1)
    return {track_id: names[place] for track_id, place in zip(facts, nearest.tolist(), strict=True)}


def world_affects(labels: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Valence and arousal, 0 to 1, of emotions and moods.

    Raises:
        UnknownNameError: A label is neither.

    >>> world_affects(["happy"])
    {'happy': (0.825, 0.575)}
    """
    places = ((label, _place(label)) for label in labels)
    return {label: (round((valence + 1) / 2, 4), round((arousal + 1) / 2, 4)) for label, (valence, arousal) in places}


def world_label_vectors(labels: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Vectors of emotions and moods in place of word vectors: how near each is to the points of a grid.

    Like word vectors, they are many numbers of which none means anything, and near words have a small angle.

    Raises:
        UnknownNameError: A label is neither.
    """
    grid = np.stack(np.meshgrid(GRID, GRID), axis=-1).reshape(-1, 2)  # (points, 2)
    found = {}
    for label in labels:
        distances = np.linalg.norm(grid - np.array(_place(label)), axis=1)
        found[label] = np.exp(-((distances / BUMP) ** 2)).astype(np.float32)
    return found


def _place(label: str) -> tuple[float, float]:
    known = EMOTIONS | MOODS  # happy and sad are both, and music's place counts
    if label not in known:
        raise unknown_name("emotion or mood", label, known)
    return known[label]
