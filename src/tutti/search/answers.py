"""From an understood query to hits: the best tracks, made to differ where that is wanted, with reasons and remarks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.search.corpus import Corpus
from tutti.search.diversity import diversified, pool_size
from tutti.search.hits import Hit, Reason
from tutti.search.lyrics import shared_words, telling_words, texts_of
from tutti.search.points.space_points import SpacePoints
from tutti.search.ranking import Flags, fitting, rank
from tutti.search.reasons import modality_shares, reasons_of
from tutti.search.terms import Query
from tutti.search.understanding import Understood

# Reasons that the words of a track's texts may add to, the first of these that a hit has.
READ = ("lyrics", "near", "tag", "synonym", "description", "typed", "spelling", "sentence vectors", "missing")
N_UNKNOWN_NOTED = 3
N_PHRASES_OF_SENTENCES = 4  # from so many on, an unknown word is rather one of a sentence than misspelt


def hits_of(
    understood: Understood,
    candidates: Flags,
    query: Query,
    *,
    catalogue: Catalogue,
    corpus: Corpus,
    example: int | None,
) -> list[Hit]:
    """The hits of a query, best first or, where diversity is asked for, in the order of their marginal relevance.

    Args:
        understood: The query.
        candidates: Tracks that may be hits. Shape (tracks,).
        query: As it was asked.
        catalogue: To read texts from.
        corpus: The same, in memory.
        example: The row of the track that a likeness starts from.
    """
    if not understood.parts or not len(corpus):
        return []
    may_be = candidates & ~understood.barred
    ranking = rank(understood.parts, may_be, corpus.originals, k=pool_size(query.k) if query.diversity else query.k)
    order = np.arange(len(ranking.rows))
    if query.diversity:
        vectors = vectors_of(ranking.rows, understood.points, corpus)
        order = diversified(ranking.scores, vectors, k=query.k, diversity=query.diversity)
    rows = [int(ranking.rows[place]) for place in order]
    words = telling_words(" ".join(understood.words)) if corpus.has_texts else ()
    texts = texts_of([corpus.track_ids[row] for row in rows], catalogue) if words else {}
    hits = []
    for row, place in zip(rows, order, strict=True):
        why = reasons_of(understood.parts, row, corpus, example=example)
        shared = shared_words(words, texts.get(corpus.track_ids[row], {}))
        hits.append(
            Hit(
                track_id=corpus.track_ids[row],
                path=corpus.path(row),
                title=corpus.value("title", row),
                artist=corpus.value("artist", row),
                score=float(ranking.scores[place]),
                why=_with_words(why, shared),
                shares=modality_shares(understood.parts, row),
                rank_by_score=int(place) + 1 if query.diversity else None,
            )
        )
    return hits


def vectors_of(rows: NDArray[np.int64], points: SpacePoints | None, corpus: Corpus) -> NDArray[np.float32]:
    """By what some tracks are alike: the query's space, else what models heard; NaN where that is not known."""
    if points is not None:
        return np.asarray(points.of()[rows])
    if corpus.models:
        return corpus.soundspace.points(rows)
    return np.full((len(rows), 1), np.nan, dtype=np.float32)


def notes_of(understood: Understood, candidates: Flags, corpus: Corpus) -> list[str]:
    """What to know of a search as a whole."""
    if not len(corpus):
        return ["the catalogue holds no tracks"]
    notes = list(dict.fromkeys(understood.notes))
    if understood.meanings and not corpus.models:
        notes.append("no model has described the tracks: only their names and people's tags are searched")
    if not candidates.any():
        notes.append("no track meets the condition")
    notes += _notes_of_words(understood)
    absent = [part for part in understood.parts if not part.is_negative and not (part.present & candidates).any()]
    if candidates.any():
        notes += [f"no track has {part.term!r}{' in its lyrics' * (part.how == 'lyrics')}" for part in absent]
    notes += _notes_of_rejection(understood, candidates)
    if candidates.any() and not understood.parts and not notes:
        notes.append("nothing in the text says anything about music that is known here")
    return notes


def _notes_of_rejection(understood: Understood, candidates: Flags) -> list[str]:
    """That what a query rejects leaves nothing of what it asks for, and which of its terms rejects how many."""
    rejecting = [part for part in understood.parts if part.is_negative]
    fits = fitting(understood.parts, candidates & ~understood.barred)
    if not rejecting or not fits.any() or np.logical_and.reduce([fits, *(part.present for part in rejecting)]).any():
        return []
    told = ", ".join(f"{int((fits & ~part.present).sum())} by {part.term!r}" for part in rejecting)
    return [f"all that have what is asked for are rejected, {int(fits.sum())} in number: {told}"]


def _notes_of_words(understood: Understood) -> list[str]:
    notes, unknown = [], []
    for meaning in understood.meanings:
        if meaning.how == "unknown":
            near = f"; did you mean {', '.join(map(repr, meaning.suggestions))}?" if meaning.suggestions else ""
            unknown.append(f"{meaning.phrase!r} matches no tag, title or artist{near}")
        elif meaning.how == "unheard":
            notes.append(f"no model of this catalogue can hear {meaning.phrase!r}")
        elif meaning.how in ("spelling", "sentence vectors"):
            notes.append(f"{meaning.phrase!r} is taken for {meaning.via} (by {meaning.how})")
    if understood.is_read_whole and unknown and len(understood.meanings) >= N_PHRASES_OF_SENTENCES:
        words = ", ".join(repr(one.phrase) for one in understood.meanings if one.how == "unknown")
        return [f"read as part of the whole, for no tag, title or artist has it: {words}", *notes]
    more = [f"{len(unknown) - N_UNKNOWN_NOTED} more phrases match none"] if len(unknown) > N_UNKNOWN_NOTED + 1 else []
    return (unknown[:N_UNKNOWN_NOTED] + more if more else unknown) + notes


def _with_words(why: tuple[Reason, ...], shared: tuple[str, ...]) -> tuple[Reason, ...]:
    """The reasons, one of them with the words that the query shares with the track's texts."""
    hows = [reason.how for reason in why]
    place = next((hows.index(how) for how in READ if how in hows), None)
    if not shared or place is None:
        return why
    reason = why[place]
    said = replace(reason, words=shared, text=f"{reason.text}; its texts say {', '.join(shared)}")
    return (*why[:place], said, *why[place + 1 :])
