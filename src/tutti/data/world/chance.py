"""Where chance comes from: a generator for each track and purpose, whatever was drawn before for others."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What chance decides; each has its own stream, so that a change to one leaves the others as they were."""

    WORLD = 0
    ARTIST = 1
    FACTS = 2
    SCORE = 3
    SOUND = 4
    COVER = 5
    TEXT = 6
    TAGS = 7
    ABSENCE = 8
    LISTENER = 9
    SENTENCE = 10


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """The generator of one purpose of one track, artist or listener."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream), index)))
