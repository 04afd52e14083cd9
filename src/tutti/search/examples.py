"""Finding the track that somebody means, and the example that a search for likeness starts from.

An example is a track of the catalogue, by its id, path or title, or any sound file, which the catalogue's own models
then listen to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from tutti.audio.decoding import open_sound
from tutti.data.records import ModelRecord
from tutti.data.tables import stored_path
from tutti.errors import AudioError, QueryError, UnknownNameError
from tutti.search.corpus import Corpus
from tutti.search.names import did_you_mean
from tutti.text.spelling import plain

SHORTEST_SOUND = 0.5  # seconds
Vectors = Mapping[str, NDArray[np.float32]]
Listener = Callable[[Path, Mapping[str, ModelRecord]], Vectors]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sound to search by.

    Attributes:
        name: What to call it.
        vectors: By model. Shape (embed_dim,) each.
        row: Of the track in the corpus, also where a file with the same bytes was given; None for any other file.
    """

    name: str
    vectors: Vectors
    row: int | None = None


def find_row(text: str, corpus: Corpus) -> int:
    """The row of the track with this id, file, or title.

    Raises:
        UnknownNameError: No track is called that; the hint has the nearest names.
        QueryError: Several are.
    """
    found = rows_by_path(text, corpus) if text not in corpus.row_of else [corpus.row_of[text]]
    if not found:
        named = corpus.names.named(plain(text))
        found = [int(row) for row in np.flatnonzero(named["title"] | named["file"])]
    if not found:
        known = [*corpus.track_ids, *(title for title in corpus.column("title") if title)]
        raise UnknownNameError(
            f"no track has the id, file or title {text!r}",
            hint=f"{did_you_mean(text, known)}tutti search finds tracks by words",
        )
    if len(found) > 1:
        ids = ", ".join(corpus.track_ids[row] for row in found[:5])
        raise QueryError(f"{len(found)} tracks are called {text!r}", hint=f"give the id of one: {ids}")
    return found[0]


def rows_by_path(text: str, corpus: Corpus) -> list[int]:
    """The rows of the tracks with this file; where there is none, of those whose path ends so, as hits are shown."""
    stored, path = corpus.tracks["audio"], Path(text)
    ending = path.as_posix()
    ends_so = pc.or_(pc.equal(stored, ending), pc.ends_with(stored, f"/{ending}"))
    for is_meant in (pc.equal(stored, stored_path(path, corpus.folder)), ends_so):
        rows: list[int] = np.flatnonzero(pc.fill_null(is_meant, False)).tolist()
        if rows:
            return rows
    return []


def find_example(text: str, corpus: Corpus, listener: Listener) -> Example:
    """The example that an id, a title or a file names.

    A file whose bytes are in the catalogue is not listened to again.

    Raises:
        QueryError: No model has described anything in the catalogue, or this track.
        UnknownNameError: It is neither a track nor a file.
    """
    check_described(corpus)
    path = Path(text)
    if text not in corpus.row_of and path.is_file():
        return _from_file(path, corpus, listener)
    try:
        row = find_row(text, corpus)
    except UnknownNameError as error:
        raise UnknownNameError(f"{error.message}, and there is no such file", hint=error.hint) from None
    vectors = corpus.vectors_of(row)
    if not vectors:
        raise QueryError(
            f"no model has described the track {corpus.track_ids[row]!r}", hint="index the catalogue again"
        )
    return Example(name=corpus.name(row), vectors=vectors, row=row)


def listen(path: Path, models: Mapping[str, ModelRecord]) -> Vectors:
    """What the catalogue's models make of a sound file, each heard as it was for the index.

    Raises:
        QueryError: None of the models is at hand as it was then.
        AudioError: The file cannot be heard.
    """
    from tutti.audio.recording import Recording
    from tutti.models.inference import analyse
    from tutti.search.recorded_models import recorded_models

    at_hand = list(recorded_models(models).values())
    if not at_hand:
        raise QueryError(
            f"{path.name} must be heard by {' or '.join(models)}, as the catalogue was; none is at hand unchanged",
            hint="name the models' folder in TUTTI_MODELS, or index the catalogue with a model that is at hand",
        )
    (analysis,) = analyse([Recording.from_file(path)], at_hand)
    if analysis.failure is not None:
        raise analysis.failure
    return {name: result.vectors for name, result in analysis.results.items()}


def check_described(corpus: Corpus) -> None:
    """See that there is something to compare sounds by.

    Raises:
        QueryError: No model has described anything in the catalogue.
    """
    if not corpus.models:
        raise QueryError(
            "no model has described the tracks of this catalogue, so that there is nothing to compare sounds by",
            hint=f"run: tutti index --catalogue {corpus.folder} --model NAME",
        )


def check_length(path: Path) -> None:
    """See that a sound is long enough to be compared by; whether it can be heard at all, who hears it tells.

    Raises:
        AudioError: It is shorter than ``SHORTEST_SOUND``.
    """
    seconds = 0.0
    with contextlib.suppress(AudioError), open_sound(path) as sound:
        seconds = sound.n_frames / sound.sample_rate
    if 0 < seconds < SHORTEST_SOUND:
        raise AudioError(
            f"{path.name} holds {seconds:.2f} s of sound, too little to compare anything by",
            hint=f"take a sound of {SHORTEST_SOUND:g} s or more",
        )


def _from_file(path: Path, corpus: Corpus, listener: Listener) -> Example:
    check_length(path)
    row = corpus.row_of_file(path)
    known = {} if row is None else corpus.vectors_of(row)
    return Example(name=path.name, vectors=known or listener(path, corpus.models), row=row)
