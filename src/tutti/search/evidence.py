"""How much more likely each concept is in each track than in music at large, according to the models.

A model's probability p of a label whose share among its training tracks is r speaks for the label as much as the odds
p / (1 - p) exceed the odds r / (1 - r). The logarithm of that ratio is the evidence: above 0 the sound made the label
more likely than it was before anyone listened, below 0 less. It is averaged over the labels of one model that tell of
the same concept, then over models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tutti.models.concept_listener import log_odds
from tutti.text.vocabulary import Concept, Vocabulary

# Where a model's training data is not known to us: the middle of the shares of the usual 50 labels.
UNKNOWN_RATE = 0.05
# One model's certainty does not outweigh everything else that was asked.
STRONGEST = 5.0
N_REMEMBERED = 1_000  # tracks whose evidence for everything was asked for


@dataclass(frozen=True, kw_only=True)
class ModelEvidence:
    """What one model said, row by row of the catalogue.

    Attributes:
        probabilities: NaN in rows that the model has not described. Shape (tracks, labels).
        base_rates: Share of its training tracks by label, for the labels where that is known.
    """

    probabilities: NDArray[np.float32]
    base_rates: Mapping[str, float]


class Evidence:
    """The evidence for every concept of a vocabulary. Columns are computed when first asked for."""

    def __init__(self, vocabulary: Vocabulary, models: Mapping[str, ModelEvidence], n_tracks: int) -> None:
        self.vocabulary = vocabulary
        self.n_tracks = n_tracks
        self._models = models
        self._columns: dict[str, NDArray[np.float32]] = {}
        self._of_rows: dict[bytes, NDArray[np.float32]] = {}

    def of(self, name: str) -> NDArray[np.float32]:
        """Evidence for a concept, NaN where no model has described the track. Shape (tracks,)."""
        if name not in self._columns:
            self._columns[name] = self._compute(self.vocabulary.concepts[name])
        return self._columns[name]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of all concepts, in the order of :meth:`of_rows`."""
        return tuple(sorted(self.vocabulary.concepts))

    def of_rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Mean evidence of every concept over some tracks; those that no model has described count 0.

        Args:
            rows: Of the tracks.

        Returns:
            Shape (concepts,).
        """
        key = rows.tobytes()
        if key not in self._of_rows:
            if len(self._of_rows) >= N_REMEMBERED:
                self._of_rows.clear()
            known = np.array([self.of(name)[rows] for name in self.names], dtype=np.float32).reshape(-1, len(rows))
            self._of_rows[key] = np.nan_to_num(known).mean(axis=1) if len(rows) else np.zeros(len(known), np.float32)
        return self._of_rows[key]

    def _compute(self, concept: Concept) -> NDArray[np.float32]:
        by_model: dict[str, list[NDArray[np.float32]]] = {}
        for source in concept.sources:
            model = self._models[source.model]
            rate = model.base_rates.get(source.label, UNKNOWN_RATE)
            ratio = log_odds(model.probabilities[:, source.column]) - log_odds(np.asarray(rate))
            clipped = np.clip(-ratio if source.is_absence else ratio, -STRONGEST, STRONGEST)
            by_model.setdefault(source.model, []).append(clipped)
        per_model = np.stack([np.mean(columns, axis=0) for columns in by_model.values()])
        return mean_of_known(per_model)


def mean_of_known(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean down the columns of (rows, columns), NaN left out; NaN where nothing else is in a column."""
    known = ~np.isnan(rows)
    counts = known.sum(axis=0)
    total = np.where(known, rows, 0).sum(axis=0)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan).astype(np.float32)


def percentiles(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share of all values that each exceeds, ties counting half; 0 for NaN.

    >>> percentiles(np.array([3.0, 1.0, 2.0, 2.0], dtype=np.float32)).tolist()
    [0.875, 0.125, 0.5, 0.5]
    """
    known = np.flatnonzero(~np.isnan(values))
    shares = np.zeros(len(values), dtype=np.float32)
    if len(known):
        order = known[np.argsort(values[known])]  # ties share one share, so their order is free
        ascending = values[order]
        is_new = np.concatenate([[True], ascending[1:] != ascending[:-1]])
        begins = np.flatnonzero(is_new)
        ends = np.append(begins[1:], len(order))
        shares[order] = np.repeat((begins + ends) / (2 * len(order)), ends - begins)
    return shares
