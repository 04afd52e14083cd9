"""Points of a query's terms, plus and minus, to one score a track.

The terms' points are summed, those behind a minus subtracted. Since a text lies farther from all sounds than a sound
does, each term's cosines are standardised first, over the catalogue's tracks and for each of the tracks' modalities: a
term then counts by how much nearer a track is than tracks are on average. A cosine being linear, that is a sum of the
points in which each is divided by its spread. The modalities of a track are summed by Stouffer's rule, so that a track
of which two are known is not worse off than one of which one is.

How terms get points is the matter of ``pointing``, what becomes of the score that of ``ranking``.

References:
    Stouffer et al., "The American Soldier: Adjustment during army life", 1949, volume 1, page 45.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tutti.search.calibration import Calibration
from tutti.search.pointing import NO_ROWS, Pointed
from tutti.search.points.nearest import similarities
from tutti.search.points.space_points import SpacePoints
from tutti.search.ranking import Flags, Part, Scores

# The mean and the spread of so many tracks are as good as those of all.
N_SAMPLED = 10_000
# Shares of unmatched pairs, and standard deviations; see is_near.
NEAR_TEXT, MIDDLING, OUTSTANDING = 0.9, 0.5, 2.0
LEAST_SPREAD = 1e-4  # of cosines; below, tracks differ by rounding alone


@dataclass(frozen=True, kw_only=True)
class Blend:
    """What each term says of each track by each of its modalities.

    Attributes:
        terms: In their order.
        modalities: Of the tracks.
        cosines: NaN where a track lacks the modality. Shape (modalities, tracks, terms).
        contributions: They add up to ``total``; 0 where a track lacks the modality. Shape (modalities, tracks, terms).
        total: How much nearer than tracks are on average, in standard deviations; NaN without any modality. Shape
            (tracks,).
        sample: Rows of tracks that stand for all in shares, where not all were compared; else None.
    """

    terms: tuple[Pointed, ...]
    modalities: tuple[str, ...]
    cosines: NDArray[np.float32]
    contributions: NDArray[np.float32]
    total: Scores
    sample: NDArray[np.int64] | None = None

    def of_term(self, position: int) -> Scores:
        """What one term adds to the total. Shape (tracks,)."""
        return np.asarray(self._of_terms[position])

    def standing(self, position: int, row: int) -> float:
        """The share of the placed tracks to which a term adds less than to the one in a row, ties counting half."""
        ascending, value = self._ascending[position], self._of_terms[position, row]
        ends = np.searchsorted(ascending, value, side="left"), np.searchsorted(ascending, value, side="right")
        return float(sum(ends) / 2 / len(ascending))

    @cached_property
    def _of_terms(self) -> NDArray[np.float32]:
        """Shape (terms, tracks)."""
        return np.ascontiguousarray(self.contributions.sum(axis=0).T)

    @cached_property
    def _ascending(self) -> NDArray[np.float32]:
        """What each term adds to placed tracks, sorted. Shape (terms, placed)."""
        counted = ~np.isnan(self.total) if self.sample is None else self.sample
        return np.sort(self._of_terms[:, counted], axis=1)

    def nearness(self, position: int) -> Scores:
        """How much nearer tracks lie to one term than on average, in standard deviations. Shape (tracks,)."""
        signed = np.array([term.signed_weight for term in self.terms])
        return np.asarray(self.of_term(position) * (np.linalg.norm(signed) / signed[position]), dtype=np.float32)

    def shares(self, row: int) -> NDArray[np.float64]:
        """What of a track's nearness is owed to which modality and term, adding up to 1. Shape (modalities, terms).

        Of contributions that draw away, none is owed anything.
        """
        helpful = np.maximum(self.contributions[:, row, :], 0).astype(np.float64)
        total = helpful.sum()
        return helpful / total if total > 0 else np.full(helpful.shape, 1 / helpful.size)


def blended(
    terms: Sequence[Pointed],
    points: SpacePoints,
    weights: Mapping[str, float],
    *,
    shortlist: NDArray[np.int64] | None = None,
) -> Blend:
    """Compare tracks with all terms.

    Args:
        terms: With their points, of length 1.
        points: Of the tracks in the same space.
        weights: Of the tracks' modalities, 1 where none is given; 0 leaves one out.
        shortlist: Rows of the tracks that are compared, with those of a sample that tells what tracks are on average;
            all when None.
    """
    modalities = tuple(one for one in points.modalities if weights.get(one, 1.0) > 0)
    matrix, signed = stacked(terms)
    n_tracks = len(points.of(points.modalities[0]))
    samples = [sampled(points.present(modality)) for modality in modalities]
    rows = None if shortlist is None else np.unique(np.concatenate([shortlist, *samples]))
    n_rows = n_tracks if rows is None else len(rows)
    cosines = np.empty((len(modalities), n_rows, len(terms)), dtype=np.float32)
    parts = np.zeros_like(cosines)
    squares = np.zeros(n_rows, dtype=np.float32)
    for position, (modality, sample) in enumerate(zip(modalities, samples, strict=True)):
        weight, vectors, is_known = weights.get(modality, 1.0), points.of(modality), points.present(modality)
        if rows is not None:
            vectors, is_known, sample = vectors[rows], is_known[rows], np.searchsorted(rows, sample)
        cosines[position] = similarities(vectors, matrix)
        parts[position] = standardised(cosines[position], sample)
        parts[position] *= weight * signed
        parts[position][~is_known] = 0
        squares += np.where(is_known, weight**2, 0).astype(np.float32)
    lengths = np.sqrt(squares) * np.linalg.norm(signed)
    is_placed = squares > 0
    parts /= np.where(is_placed, lengths, 1)[:, np.newaxis]
    total = np.where(is_placed, parts.sum(axis=(0, 2)), np.nan).astype(np.float32)
    if rows is not None:
        cosines, parts, total = (
            _among_all(values, rows, n_tracks, absent=absent)
            for values, absent in ((cosines, np.nan), (parts, 0.0), (total, np.nan))
        )
    return Blend(
        terms=tuple(terms),
        modalities=modalities,
        cosines=cosines,
        contributions=parts,
        total=total,
        sample=None if rows is None else np.unique(np.concatenate([NO_ROWS, *samples])),
    )


def stacked(terms: Sequence[Pointed]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The terms' points and their weights, below 0 of what is subtracted. Shapes (embed_dim, terms) and (terms,)."""
    points = np.stack([term.point for term in terms], axis=1)
    return points, np.array([term.signed_weight for term in terms], dtype=np.float32)


def _among_all(
    values: NDArray[np.float32], rows: NDArray[np.int64], n_tracks: int, *, absent: float
) -> NDArray[np.float32]:
    """Values of some tracks in the rows of all. Shape (tracks,), or (modalities, tracks, terms)."""
    axis = min(1, values.ndim - 1)
    spread = np.full((*values.shape[:axis], n_tracks, *values.shape[axis + 1 :]), absent, dtype=np.float32)
    spread[(slice(None),) * axis + (rows,)] = values
    return spread


def sampled(is_known: Flags) -> NDArray[np.int64]:
    """Rows of known tracks, evenly spread, that stand for all of them."""
    known = np.flatnonzero(is_known)
    return known[:: max(1, len(known) // N_SAMPLED)]


def standardised(cosines: NDArray[np.float32], sample: NDArray[np.int64]) -> NDArray[np.float32]:
    """Each column less its mean and divided by its spread over some rows. Shape (tracks, terms)."""
    if not len(sample):
        return np.zeros_like(cosines)
    mean, spread = mean_and_spread(cosines[sample])
    return np.asarray((cosines - mean) / spread)


def mean_and_spread(cosines: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each column. Shape (terms,) each."""
    exact = cosines.astype(np.float64)
    spread = np.maximum(exact.std(axis=0), LEAST_SPREAD)
    return exact.mean(axis=0).astype(np.float32), spread.astype(np.float32)


def score_blend(blend: Blend, *, present: Flags, counts: bool, suffices: bool, factor: float) -> Part:
    """The part of a query that points make, scored as :func:`graded` says.

    Tracks without any point have no score, and are judged by the rest of the query.

    Args:
        blend: Of the terms.
        present: Whether a track has what they ask for. Shape (tracks,).
        counts: Whether that helps to decide on what is a hit, or the blend merely orders.
        suffices: Whether that decides by itself.
        factor: By which the modalities' weights raise or lower it.
    """
    scores = graded(blend.total)
    weight = sum(term.weight for term in blend.terms)
    wanted = [term.name for term in blend.terms if not term.is_negative] or [term.name for term in blend.terms]
    return Part(
        term=" + ".join(wanted),
        meaning=None,
        how="points",
        scores=scores,
        present=present,
        importance=weight * factor,
        counts=counts,
        suffices=suffices,
        blend=blend,
    )


def graded(total: Scores) -> Scores:
    """Scores from 0 to 1: 1 for the nearest track, 0.5 for one as near as tracks are on average; NaN stays NaN.

    Above the average they grow in proportion to nearness, since shares of tracks hardly differ among the nearest; below
    it they halve with each standard deviation.

    >>> graded(np.array([2.0, 1.0, 0.0, -1.0, -2.0, np.nan], dtype=np.float32)).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.125, nan]
    """
    nearest = float(np.nanmax(total, initial=0.0))
    near = 0.5 + 0.5 * total / (nearest or 1.0)
    return np.asarray(np.where(total > 0, near, 0.5 * np.exp2(np.minimum(total, 0))), dtype=np.float32)


def is_near(blend: Blend, calibration: Calibration, deciding: Sequence[int]) -> Flags:
    """Whether a track has what one of the deciding terms asks for, or rejects. Shape (tracks,).

    To a sound, a picture or tracks it must lie nearer than tracks do on average. To a text it must lie nearer than nine
    in ten tracks lie to texts that have nothing to do with them; or than half of these, where it stands out among the
    tracks of this catalogue, which may be of another kind than the space was made with. A space that does not say how
    near that is treats texts like sounds; what is rejected must then stand out.

    Args:
        blend: Of the terms.
        calibration: Of the space.
        deciding: Places of these terms.
    """
    found = np.zeros(len(blend.total), dtype=bool)
    for place in deciding:
        term, nearness = blend.terms[place], blend.nearness(place)
        near, middling = (
            calibration.reached(share, term.asked, blend.modalities, blend.cosines[:, :, place])
            for share in (NEAR_TEXT, MIDDLING)
        )
        if near is None or middling is None:
            found |= nearness > (OUTSTANDING if term.is_negative else 0)
        else:
            found |= near | (middling & (nearness >= OUTSTANDING))
    return found
