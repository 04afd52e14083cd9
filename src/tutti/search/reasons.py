"""Why a track is a hit, in tags and in words."""

from __future__ import annotations

import numpy as np

from tutti.search.corpus import Corpus
from tutti.search.evidence import mean_of_known
from tutti.search.hits import Reason
from tutti.search.meaning import Meaning
from tutti.search.ranking import Part

N_TAGS = 3


def reason_of(part: Part, row: int, corpus: Corpus, *, example: int | None = None) -> Reason:
    """Why (or why not) one part of a query fits the track in a row.

    Args:
        part: Of the query.
        row: Of the track.
        corpus: The catalogue.
        example: The row of the track that a likeness starts from, where it is one.
    """
    score = float(min(part.scores[row], 1.0))
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
    text = _with(_understood(meaning), listed)
    if named == "typed":
        return Reason(term=meaning.phrase, how="typed", score=score, tags=tags, text=f"tagged so; {text}")
    if named:
        text += f"; also in the {named}{' name' if named == 'file' else ''}"
    return Reason(term=meaning.phrase, how=meaning.how, score=score, tags=tags, text=text)


def telling_tags(meaning: Meaning, row: int, corpus: Corpus) -> dict[str, float]:
    """The concepts that speak most for a meaning in a track, with the models' mean probabilities."""
    spoken = {
        name: weight * float(corpus.evidence.of(name)[row]) for name, weight in meaning.weights.items() if weight > 0
    }
    best = sorted(spoken, key=lambda name: (-np.nan_to_num(spoken[name], nan=-np.inf), name))[:N_TAGS]
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
    if not by_model:
        return float("nan")
    return float(mean_of_known(np.array(list(by_model.values()), dtype=np.float32)[:, np.newaxis])[0])


def strongest_tags(row: int, corpus: Corpus, *, count: int) -> dict[str, float]:
    """The concepts for which there is most evidence in a track, strongest first, with the evidence; above 0 only."""
    evidence = {name: float(corpus.evidence.of(name)[row]) for name in corpus.vocabulary.concepts}
    heard = {name: value for name, value in evidence.items() if value > 0}
    return {name: heard[name] for name in sorted(heard, key=lambda name: (-heard[name], name))[:count]}


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
