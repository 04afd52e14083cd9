"""The space of what a catalogue's own models heard: where no space has placed the tracks, sounds still have points.

It knows sounds alone. How its vectors are made comparable is said in ``likeness``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutti.data.items import Item
from tutti.data.records import SpaceRecord
from tutti.errors import ConfigError
from tutti.models.space_models import Placed, Points, SpaceModelConfig
from tutti.search.corpus import Corpus
from tutti.search.examples import Listener, check_described
from tutti.search.points.space_points import SpacePoints

HEARD = "what its models heard"


class HeardSounds:
    """A :class:`tutti.search.pointing.Placer` of sounds, by the catalogue's own models.

    Args:
        corpus: The catalogue.
        listener: Hears a file with its models.
    """

    modalities = ("audio",)
    fingerprint = "0"

    def __init__(self, corpus: Corpus, listener: Listener) -> None:
        self.config = SpaceModelConfig(name="heard")
        self._corpus = corpus
        self._listener = listener

    def place(self, items: Sequence[Item], *, modalities: Sequence[str] | None = None) -> Placed:
        """The points of items with one sound each."""
        points = []
        for item in items:
            path = item.sounds[0].audio
            assert path is not None
            points.append(self._corpus.soundspace.point(self._listener(path, self._corpus.models)))
        return Placed(points={"audio": np.stack(points)})

    def place_texts(self, _texts: Sequence[str]) -> Points:
        """Refuses: nobody has learned where words lie among these sounds."""
        raise ConfigError(
            "the catalogue has no space that reads texts",
            hint=f"run: tutti place {self._corpus.folder} --space tutti-words",
        )


def hint_to_place(space: str, corpus: Corpus) -> str:
    """How tracks without a point get one."""
    if space == HEARD:
        return "index the catalogue again: no model has heard them"
    return f"run: tutti place {corpus.folder} --space {space}"


def heard_points(corpus: Corpus) -> SpacePoints:
    """Where the tracks of a catalogue lie by what its models heard.

    Raises:
        QueryError: No model has described anything in it.
    """
    check_described(corpus)
    vectors = corpus.soundspace.points(np.arange(len(corpus)))
    record = SpaceRecord(
        space=HEARD, fingerprint="0", embed_dim=vectors.shape[1], modalities=HeardSounds.modalities, source=HEARD
    )
    return SpacePoints(record, {"audio": vectors})
