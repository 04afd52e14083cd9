"""Which excerpts make up an epoch, and in which order: all follows from the seed and the epoch's number.

So a run that is resumed at an epoch draws what it would have drawn without the interruption.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class ExcerptBatch(NamedTuple):
    """Excerpts to cut: of which sound, and where each begins, samples.

    Shape (batch,) both; where a sound is heard in several excerpts at once, ``starts`` is (batch, excerpts).
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]


def n_batches(n_excerpts: int, batch_size: int) -> int:
    """How many batches an epoch has."""
    return -(-n_excerpts // batch_size)


def random_starts(n_samples: NDArray[np.int64], excerpt: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """A uniformly random start for each sound; 0 where the sound is no longer than the excerpt.

    Args:
        n_samples: Length of each sound. Shape (sounds,).
        excerpt: Length of an excerpt, samples.
        seed: Of the run.
        epoch: Another one gives other starts.
    """
    rooms = np.maximum(0, n_samples - excerpt)
    # Each sound has a generator of its own: what is drawn for it does not depend on its company.
    draws = [np.random.default_rng((seed, epoch, row)).integers(room + 1) for row, room in enumerate(rooms)]
    return np.asarray(draws, dtype=np.int64)


def spread_starts(
    n_samples: NDArray[np.int64], excerpt: int, *, count: int, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Random starts of several excerpts of each sound, one in each of as many equal parts of where they can begin.

    Args:
        n_samples: Length of each sound. Shape (sounds,).
        excerpt: Length of an excerpt, samples.
        count: Excerpts of each sound; they overlap where the sound is short.
        seed: Of the run.
        epoch: Another one gives other starts.

    Returns:
        Ascending for each sound. Shape (sounds, count).
    """
    rooms = np.maximum(0, n_samples - excerpt)
    shares = np.stack([np.random.default_rng((seed, epoch, row)).random(count) for row in range(len(rooms))])
    places = (np.arange(count) + shares) / count
    starts: NDArray[np.int64] = np.minimum((places * (rooms[:, None] + 1)).astype(np.int64), rooms[:, None])
    return starts


def shuffled_batches(starts: NDArray[np.int64], batch_size: int, *, seed: int, epoch: int) -> Iterator[ExcerptBatch]:
    """Every sound once a pass, in random order, in batches as equal as can be: none of them is a tiny rest.

    Args:
        starts: Of the excerpts, passes over the sounds one after the other. Shape (passes, sounds), or (passes, sounds,
            excerpts).
        batch_size: The largest batch.
        seed: Of the run.
        epoch: Another one gives another order.
    """
    n_passes, n_sounds = starts.shape[:2]
    order = np.random.default_rng((seed, epoch)).permutation(n_passes * n_sounds)
    for some in np.array_split(order, n_batches(len(order), batch_size)):
        yield ExcerptBatch(rows=some % n_sounds, starts=starts.reshape(len(order), *starts.shape[2:])[some])
