"""Why a track is a hit: in tags, in words, and in shares of its score.

A part's share is its weight times its score, over the sum of these; that of points is shared out among terms and
modalities by how much nearer each brought the track. A part that rejects carries nothing where another one asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tutti.search.blending import Blend
from tutti.search.corpus import Corpus
from tutti.search.hits import Reason
from tutti.search.meaning import Meaning
from tutti.search.pointing import Pointed
from tutti.search.ranking import Part

N_TAGS = 3
WORDS = "words"
NEAR = {
    "sentence": "near “{}”",
    "text": "near the text {}",
    "sound": "near the sound {}",
    "image": "near the picture {}",
    "track": "near {}",
    "artist": "near the music of {}",
    "album": "near the album {}",
    "listener": "near what {} plays",
}
BY = {"audio": "sound", "image": "cover", "text": "texts", "listening": "listeners", "tags": "tags"}


def reasons_of(parts: Sequence[Part], row: int, corpus: Corpus, *, example: int | None = None) -> tuple[Reason, ...]:
    """Why the track in a row is a hit: a reason for each part of the query, and for each term among its points.

    Args:
        parts: Of the query.
        row: Of the track.
        corpus: The catalogue.
        example: The row of the track that a likeness starts from, where it is one.
    """
    reasons = []
    for part, share in zip(parts, part_shares(parts, row), strict=True):
        if part.blend is None:
            reasons.append(replace(reason_of(part, row, corpus, example=example), share=share))
        else:
            by_term = part.blend.shares(row).sum(axis=0)
            reasons += [
                replace(_nearness(part.blend, place, row, corpus), share=float(share * by_term[place]))
                for place in range(len(part.blend.terms))
            ]
    return tuple(reasons)


def part_shares(parts: Sequence[Part], row: int) -> list[float]:
    """What of a track's score is owed to each part."""
    is_asking = not all(part.is_negative for part in parts)
    here = np.array([row])
    carried = [
        0.0 if is_asking and part.is_negative else part.weight * float(np.nan_to_num(part.counted(here))[0])
        for part in parts
    ]
    total = sum(carried)
    return [one / total if total else 1 / len(parts) for one in carried]


def modality_shares(parts: Sequence[Part], row: int) -> dict[str, float]:
    """What of a track's score is owed to words and to each of its modalities, the greatest share first."""
    shares: dict[str, float] = {}
    for part, share in zip(parts, part_shares(parts, row), strict=True):
        if part.blend is None:
            name = "audio" if part.how == "sound" else WORDS
            shares[name] = shares.get(name, 0.0) + share
        else:
            for modality, of_modality in zip(part.blend.modalities, part.blend.shares(row).sum(axis=1), strict=True):
                shares[modality] = shares.get(modality, 0.0) + share * float(of_modality)
    return dict(sorted(((name, share) for name, share in shares.items() if share), key=lambda one: (-one[1], one[0])))


def reason_of(part: Part, row: int, corpus: Corpus, *, example: int | None = None) -> Reason:
    """Why (or why not) one part of a query fits the track in a row.

    Args:
        part: Of the query.
        row: Of the track.
        corpus: The catalogue.
        example: The row of the track that a likeness starts from, where it is one.
    """
    score = float(min(part.scores[row], 1.0))
    if part.how == "lyrics":
        return _lyrics(part, row, score=score)
    if part.meaning is None:
        return _likeness(part, row, corpus, score=score, example=example)
    meaning = part.meaning
    tags = telling_tags(meaning, row, corpus)
    listed = _listed(tags)
    if part.is_negative:
        text = f"no {meaning.phrase}" if not meaning.phrase.startswith("no ") else meaning.phrase
        return Reason(term=meaning.phrase, how="absence", score=score, tags=tags, text=_with(text, listed))
    named = next((how for how in ("typed", "title", "artist", "album", "file") if _is_found(part, how, row)), None)
    if not part.present[row]:
        return Reason(
            term=meaning.phrase, how="missing", score=score, tags=tags, text=_with(f"hardly {meaning.phrase}", listed)
        )
    if not meaning.weights or _is_whole(part, row):
        field = named or "title"
        said = f"tagged {meaning.phrase}" if field == "typed" else f"{meaning.via or meaning.phrase} in the {field}"
        said += " name" if field == "file" else ""
        return Reason(term=meaning.phrase, how=field, score=score, tags=tags, text=said)
    if named == "typed":
        text = _with(_understood(meaning), ", ".join(filter(None, ["tagged so", listed])))
        return Reason(term=meaning.phrase, how="typed", score=score, tags=tags, text=text)
    text = _with(_understood(meaning), listed)
    if named:
        text += f", also in the {named}{' name' if named == 'file' else ''}"
    return Reason(term=meaning.phrase, how=meaning.how, score=score, tags=tags, text=text)


def telling_tags(meaning: Meaning, row: int, corpus: Corpus) -> dict[str, float]:
    """The concepts that speak most for a meaning in a track, with the models' mean probabilities."""
    spoken = {
        name: weight * float(corpus.evidence.of(name)[row]) for name, weight in meaning.weights.items() if weight > 0
    }
    best = sorted(spoken, key=lambda name: (np.inf if np.isnan(spoken[name]) else -spoken[name], name))[:N_TAGS]
    means = {name: probability(name, row, corpus) for name in best}
    return {name: round(mean, 4) for name, mean in means.items() if not np.isnan(mean)}


def probability(concept: str, row: int, corpus: Corpus) -> float:
    """The models' mean probability of a concept in a track; NaN where none has described it.

    Of a model's labels that tell of the same concept the most probable counts; labels of its absence do not.
    """
    by_model: dict[str, float] = {}
    for source in corpus.vocabulary.concepts[concept].sources:
        if not source.is_absence:
            value = float(corpus.described[source.model].probabilities[row, source.column])
            by_model[source.model] = max(value, by_model.get(source.model, value))
    known = [value for value in by_model.values() if not np.isnan(value)]
    return sum(known) / len(known) if known else float("nan")


def strongest_tags(row: int, corpus: Corpus, *, count: int) -> dict[str, float]:
    """The concepts for which there is most evidence in a track, strongest first, with the evidence; above 0 only."""
    evidence, names = corpus.evidence.of_rows(np.array([row])), corpus.evidence.names
    order = np.argsort(-evidence, kind="stable")[: min(count, int((evidence > 0).sum()))]
    return {names[place]: float(evidence[place]) for place in order}


def _likeness(part: Part, row: int, corpus: Corpus, *, score: float, example: int | None) -> Reason:
    text = f"sounds like {part.term}, more than {100 * score:.1f} % of random pairs do"
    shared: dict[str, float] = {}
    if example is not None:
        here, there = (strongest_tags(one, corpus, count=len(corpus.vocabulary)) for one in (row, example))
        both = {name: min(here[name], there[name]) for name in here if name in there}
        best = sorted(both, key=lambda name: (-both[name], name))[:N_TAGS]
        shared = {name: round(probability(name, row, corpus), 4) for name in best}
        text = f"sounds like {part.term}" + (f": both {', '.join(shared)}" if shared else "")
    return Reason(term=part.term, how="sound", score=score, tags=shared, text=text)


def _lyrics(part: Part, row: int, *, score: float) -> Reason:
    if part.is_negative:
        return Reason(term=part.term, how="absence", score=score, text=f"no “{part.term}” in the lyrics")
    if not part.present[row]:
        said = f"hardly “{part.term}” in the lyrics" if score else f"no lyrics, or none with “{part.term}”"
        return Reason(term=part.term, how="missing", score=score, text=said)
    said = f"“{part.term}” in the lyrics" if score >= 1 else f"words of “{part.term}” in the lyrics"
    return Reason(term=part.term, how="lyrics", score=score, text=said)


def _nearness(blend: Blend, place: int, row: int, corpus: Corpus) -> Reason:
    """Why one term's point speaks for a track, or does not."""
    term = blend.terms[place]
    if np.isnan(blend.total[row]):
        return Reason(term=term.name, how="missing", score=0.0, text=f"it is not known how near {term.name} this lies")
    score = blend.standing(place, row)
    said = NEAR[term.how].format(term.name)
    if term.is_negative:
        text = said.replace("near", "away from" if score >= 0.5 else "not far from", 1)
        return Reason(term=term.name, how="away" if score >= 0.5 else "missing", score=score, text=text)
    if blend.of_term(place)[row] <= 0:
        return Reason(term=term.name, how="missing", score=score, text=f"not {said}")
    tags = _tags_in_common(term, row, corpus)
    by = blend.contributions[:, row, place]
    best = blend.modalities[int(np.argmax(by))]
    text = _with(f"{said} by its {BY.get(best, best)}", _listed(tags))
    return Reason(term=term.name, how="near", score=score, text=text, tags=tags)


def _tags_in_common(term: Pointed, row: int, corpus: Corpus) -> dict[str, float]:
    """The strongest tags of a track; where a term stands for tracks, those that speak most for both."""
    strongest = strongest_tags(row, corpus, count=len(corpus.vocabulary))
    if len(term.rows):
        theirs = dict(zip(corpus.evidence.names, corpus.evidence.of_rows(term.rows).tolist(), strict=True))
        strongest = {name: min(value, theirs[name]) for name, value in strongest.items() if theirs[name] > 0}
    best = sorted(strongest, key=lambda name: (-strongest[name], name))[:N_TAGS]
    return {name: round(probability(name, row, corpus), 4) for name in best}


def _understood(meaning: Meaning) -> str:
    if meaning.how == "spelling":
        return f"{meaning.phrase} (read as {meaning.via})"
    if meaning.how == "sentence vectors":
        return f"{meaning.phrase} (near {meaning.via})"
    return meaning.phrase if meaning.via is None else f"{meaning.phrase} ({meaning.via})"


def _listed(tags: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in tags.items())


def _with(text: str, listed: str) -> str:
    return f"{text}: {listed}" if listed else text


def _is_found(part: Part, how: str, row: int) -> bool:
    return how in part.found and bool(part.found[how][row])


def _is_whole(part: Part, row: int) -> bool:
    return any(bool(flags[row]) for how, flags in part.found.items() if how.startswith("whole"))
