"""Taking the statistics by which some networks standardise their input from the sounds that they learn from.

Such are the networks on constant-Q spectrograms and on statistics of timbre (``tutti.models.standardisation``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from tutti.audio.excerpts import ExcerptPlan
from tutti.models.standardisation import Standardisation
from tutti.models.tagger import Tagger
from tutti.training.sounds import Sounds

MOST_SOUNDS = 10_000  # as in the published code


def standardise(network: Tagger, sounds: Sounds, *, n_samples: int) -> bool:
    """Fit a network's standardisation on the middles of some sounds, evenly chosen, at most 10,000.

    One that is fitted, such as that of a trained model to start from, stays: weights were learned with it.

    Args:
        network: Any tagger; of one whose encoder has no ``standardisation``, nothing changes.
        sounds: That are learned from; never those that are scored.
        n_samples: Length of an excerpt.

    Returns:
        Whether there was something to fit.

    References:
        Oramas, Barbieri, Nieto, Serra, TISMIR 1(1), 2018, and its published code.
    """
    found = getattr(network.encoder, "standardisation", None)
    if not isinstance(found, Standardisation) or found.is_fitted:
        return False
    with torch.no_grad():
        found.fit(_features(network, sounds, n_samples=n_samples))
    return True


def _features(network: Tagger, sounds: Sounds, *, n_samples: int) -> Iterator[Tensor]:
    plan = ExcerptPlan(n_samples=n_samples, count=1)
    chosen = np.unique(np.linspace(0, len(sounds.rows) - 1, min(MOST_SOUNDS, len(sounds.rows))).round().astype(int))
    device = network.device
    for row in sounds.rows[chosen].tolist():
        (start,) = plan.starts(int(sounds.store.n_samples[row]))
        excerpt = torch.from_numpy(sounds.store.excerpts([row], [start], n_samples=n_samples))
        yield network.frontend(excerpt.to(device))
