"""Scores for tracks, from what a query means.

Each part of a query gives a track a score from 0 to 1:

* words that can be heard: the share of the catalogue's tracks in which there is less evidence of it
  (``tutti.search.evidence``; of a description such as "drum and bass", the weighted mean of its concepts' evidence);
* words with a minus: one less that share;
* points: 1 for the nearest track, 0.5 for one as near as tracks are on average (``tutti.search.blending``);
* names: 1 where a whole title, artist, album or tag is meant, 0.9 where words of one are;
* a likeness: the share of random pairs of tracks that are less alike than the track and the example.

A word that can be heard is *present* only where it is likelier than in music at large (evidence above 0): a share alone
would always find something, since something is always on top. A minus rejects every track in which its word is present,
and of the others those that stand apart from the catalogue's tracks by how much evidence of it they have.

A track's score is the weighted geometric mean over the parts. A part that is not present counts half; one that is
guessed by sentence vectors weighs half; none counts less than 0.02, so that one word cannot undo all others. Hits are
the tracks in which at least a third of what is asked for is present, and nothing that a minus rejects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutti.search.corpus import Corpus
from tutti.search.evidence import percentiles
from tutti.search.meaning import Meaning
from tutti.search.points.nearest import BLOCK_ROWS, best

if TYPE_CHECKING:
    from tutti.search.blending import Blend

WHOLE_NAME, PART_OF_NAME, LEAST_SCORE = 1.0, 0.9, 0.02
# Natural logarithms of how many times likelier it becomes that a term fits: typed as a tag, a kind of it typed as a
# tag, a word of the title or another name.
TYPED, TYPED_NEAR, IN_A_NAME = 3.0, 1.5, 1.0

# Evidence above this makes a word present.
PRESENT = 0.0
# Fewer tracks do not tell two groups apart.
FEWEST_PARTED = 20
# Two groups have this share of the spread between them (halves of evenly spread tracks: 0.75), and the upper one this
# mean evidence.
PARTED, NEARLY_PRESENT = 0.76, -0.5
LESSER_WEIGHT = 0.5
ABSENT = 0.5
LEAST_PRESENT = 1 / 3

REMEMBERED_SCORES = 5_000_000  # of tracks by phrases, some 15 bytes each

Scores = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a query, scored for all tracks.

    Attributes:
        term: The words, or the example's name.
        meaning: Of words; None for all else.
        scores: NaN where the part has nothing to say of a track. Shape (tracks,).
        present: Whether the track has what is asked for, or lacks what is rejected. Shape (tracks,).
        found: Tracks found by other than the models' tags, by how: ``typed``, ``title``, ``artist``, …
        how: ``words``, ``sound`` (a likeness), ``lyrics`` or ``points``.
        importance: Beside the other parts, before what is guessed is taken for less.
        rejects: Whether it rejects tracks though it has no meaning.
        counts: Whether its presence helps to make a track a hit; otherwise it merely orders.
        suffices: Whether its presence makes a track a hit by itself.
        blend: Of points, what each term and modality gave.
    """

    term: str
    meaning: Meaning | None
    scores: Scores
    present: Flags
    found: Mapping[str, Flags] = field(default_factory=dict)
    how: Literal["words", "sound", "lyrics", "points"] = "words"
    importance: float = 1.0
    rejects: bool = False
    counts: bool = True
    suffices: bool = False
    blend: Blend | None = None

    @property
    def is_negative(self) -> bool:
        """Whether it rejects tracks."""
        return self.rejects or (self.meaning is not None and self.meaning.is_negative)

    @property
    def weight(self) -> float:
        """In the mean over the parts."""
        is_guess = self.meaning is not None and self.meaning.how == "sentence vectors"
        return self.importance * (LESSER_WEIGHT if is_guess else 1.0)

    def counted(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The scores of some tracks as they enter the mean, NaN where the part says nothing of a track."""
        scores = np.where(self.present[rows], 1.0, ABSENT) * self.scores[rows]
        return np.asarray(np.where(np.isnan(scores), np.nan, np.maximum(scores, LEAST_SCORE)))


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Rows of the corpus, best first, and their scores."""

    rows: NDArray[np.int64]
    scores: Scores


def score_meaning(meaning: Meaning, corpus: Corpus) -> Part:
    """Score all tracks by one phrase of a query; phrases that were asked for lately are remembered."""
    key = repr(meaning)
    if key not in corpus.scored:
        if len(corpus.scored) * len(corpus) >= REMEMBERED_SCORES:
            corpus.scored.clear()
        corpus.scored[key] = _scored(meaning, corpus)
    part: Part = corpus.scored[key]
    return part


def _scored(meaning: Meaning, corpus: Corpus) -> Part:
    found = _found(meaning, corpus)
    named = _any([flags for how, flags in found.items() if how.startswith("whole")], len(corpus))
    in_a_name = _any([found[how] for how in ("title", "artist", "album", "file") if how in found], len(corpus))
    if meaning.weights:
        evidence = combined_evidence(meaning, corpus)
        evidence = np.where(found["typed"], np.fmax(evidence, 0) + TYPED, evidence)
        evidence = np.where(found["typed near"], np.fmax(evidence, 0) + TYPED_NEAR, evidence)
        evidence = np.where(in_a_name, np.nan_to_num(evidence) + IN_A_NAME, evidence)
        scores = np.where(named, WHOLE_NAME, percentiles(evidence.astype(np.float32)))
        present = named | (evidence > PRESENT)
    else:
        whole = named | found["typed"]
        scores = np.where(whole, WHOLE_NAME, np.where(in_a_name, PART_OF_NAME, 0.0))
        present = whole | in_a_name
    if meaning.is_negative:
        heard = evidence > rejected_above(evidence) if meaning.weights else present
        scores, present = 1 - scores, ~(present | heard)
    return Part(term=meaning.phrase, meaning=meaning, scores=scores.astype(np.float32), present=present, found=found)


def rejected_above(evidence: Scores) -> float:
    """The evidence above which a minus rejects: 0, or less where the catalogue's tracks part in two below it.

    Models are cautious about music of another kind than they learned from: they may give all of it less evidence than
    0, and the sung tracks still more of it than the others. The two groups are those of the least spread within them.
    They are two where more of the spread lies between them than between halves of tracks that are spread evenly, and
    where the upper one is not far from being heard: among tracks of one kind nothing is rejected below 0.

    References:
        Otsu, "A threshold selection method from gray-level histograms", IEEE SMC 9(1), 1979.

    >>> sung, played = np.linspace(-0.4, -0.2, 20), np.linspace(-2.4, -2.2, 20)
    >>> round(rejected_above(np.concatenate([sung, played]).astype(np.float32)), 1)
    -1.3
    >>> rejected_above(played.astype(np.float32))
    0.0
    """
    values = np.sort(evidence[~np.isnan(evidence)]).astype(np.float64)
    if len(values) < FEWEST_PARTED:
        return PRESENT
    counts = np.arange(1, len(values))
    sums = np.cumsum(values)[:-1]
    below, above = sums / counts, (values.sum() - sums) / (len(values) - counts)
    between = counts * (len(values) - counts) * (above - below) ** 2 / len(values)
    cut = int(np.argmax(between))
    if between[cut] < PARTED * len(values) * values.var() or above[cut] < NEARLY_PRESENT:
        return PRESENT
    return min(PRESENT, float((values[cut] + values[cut + 1]) / 2))


def combined_evidence(meaning: Meaning, corpus: Corpus) -> Scores:
    """Weighted mean evidence of a meaning's concepts; at most 0 where what it asks to hear is not heard itself."""
    total = np.zeros(len(corpus), dtype=np.float32)
    wanted = np.zeros(len(corpus), dtype=np.float32)
    for name, weight in meaning.weights.items():
        evidence = weight * corpus.evidence.of(name)
        total += evidence
        wanted += evidence if weight > 0 else 0
    mean = total / sum(abs(weight) for weight in meaning.weights.values())
    return np.where(wanted > 0, mean, np.minimum(mean, 0)).astype(np.float32)


def score_likeness(term: str, query: Mapping[str, Scores], corpus: Corpus) -> Part:
    """Score all tracks by how alike they sound to an example, given by its vectors by model."""
    similarity = corpus.soundspace.similarity(query)
    # The similarity itself, scaled to less than a percentile's step, keeps the order of the most alike.
    scores = corpus.soundspace.percentile(similarity)
    fine = np.nan_to_num(similarity) * 1e-6
    return Part(term=term, meaning=None, how="sound", scores=scores + fine, present=similarity > 0)


def rank(parts: Sequence[Part], candidates: Flags, originals: NDArray[np.int64], *, k: int) -> Ranking:
    """The k best of the candidates; ties go by the order of the rows. Of equal files only one is given.

    Args:
        parts: Of the query.
        candidates: Tracks that may be hits. Shape (tracks,).
        originals: The row of the first track with the same bytes. Shape (tracks,).
        k: How many at most.
    """
    is_hit = fitting(parts, candidates)
    for part in parts:
        if part.is_negative:
            is_hit &= part.present
    rows = np.flatnonzero(is_hit)
    scores = _mean(parts, rows)
    chosen = best_unlike(scores, originals[rows], k=k)
    return Ranking(rows=rows[chosen], scores=np.clip(scores[chosen], 0, 1).astype(np.float32))


def fitting(parts: Sequence[Part], candidates: Flags) -> Flags:
    """Tracks that have enough of what a query asks for, whatever it rejects. Shape (tracks,)."""
    wanted = [part for part in parts if part.counts and not part.is_negative]
    fits = candidates.copy()
    if wanted:
        fits &= np.mean([part.present for part in wanted], axis=0) >= LEAST_PRESENT
    for part in parts:
        if part.suffices:
            fits |= candidates & part.present
    return fits


def best_unlike(scores: NDArray[Any], originals: NDArray[np.int64], *, k: int) -> NDArray[np.int64]:
    """Places of the k best scores, best first, ties by their order; of those with the same original only the first."""
    n_wanted = 2 * k
    while True:
        places = best(scores, k=n_wanted).rows
        _, first = np.unique(originals[places], return_index=True)
        if len(first) >= k or len(places) < n_wanted:
            return places[np.sort(first)[:k]]
        n_wanted *= 2


def _mean(parts: Sequence[Part], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weighted geometric means of the parts' scores in some rows, of those that say something. Shape (rows,)."""
    # In blocks that stay in the processor's cache; threads would wait for each other.
    blocks = [rows[begin : begin + BLOCK_ROWS] for begin in range(0, len(rows), BLOCK_ROWS)]
    return np.concatenate([np.zeros(0), *(_mean_of_block(parts, block) for block in blocks)])


def _mean_of_block(parts: Sequence[Part], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    total, weights = np.zeros(len(rows)), np.zeros(len(rows))
    for part in parts:
        counted = part.counted(rows)
        is_known = ~np.isnan(counted)
        total += np.where(is_known, part.weight * np.log(np.where(is_known, counted, 1)), 0)
        weights += np.where(is_known, part.weight, 0)
    means = np.exp(total / np.where(weights > 0, weights, 1))
    return np.asarray(np.where(weights > 0, means, LEAST_SCORE))


def _found(meaning: Meaning, corpus: Corpus) -> dict[str, Flags]:
    """Tracks by how they are found beside the models' tags."""
    names = corpus.names
    found: dict[str, Flags] = {
        "typed": names.tagged(meaning.same_tags) | _of_decade(meaning.same_tags, corpus),
        "typed near": names.tagged(meaning.near_tags),
    }
    for phrase in meaning.names:
        for how, flags in names.named(phrase).items():
            if how != "file":
                found[f"whole {how}"] = found.get(f"whole {how}", False) | flags
        for how, flags in names.containing(phrase).items():
            found[how] = found.get(how, False) | flags
    return found


def _of_decade(tags: Sequence[str], corpus: Corpus) -> Flags:
    """Tracks whose year lies in a decade that is among the tags, such as "80s"."""
    decades = [int(tag[:-1]) for tag in tags if tag.endswith("s") and tag[:-1].isdigit() and len(tag) == 3]
    if not decades:
        return np.zeros(len(corpus), dtype=bool)
    return np.asarray(
        np.isin(corpus.years // 10 * 10, [decade + (1900 if decade >= 20 else 2000) for decade in decades])
    )


def _any(flags: Sequence[Flags], n_tracks: int) -> Flags:
    return np.asarray(np.logical_or.reduce([np.zeros(n_tracks, dtype=bool), *flags]))
