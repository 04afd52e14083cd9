"""Does "no vocals" keep singing away? The share of sung tracks among the first ten, with and without the words.

    tutti world demo -o WORLD --seed 0 && tutti index --catalogue WORLD
    python bench/negation.py WORLD [--by-sound] [--k 10]

    python bench/negation.py CATALOGUE --by-sound --truth sung.csv   # file name without ending, 1 or 0

The generated world says of every track whether somebody sings. Each query is asked as it is and with ", no vocals"
behind it: by words alone (tags and names), by points alone (the space's), and by both, as `tutti search` does.
Intervals are over queries: what other queries of this kind would give.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate
from tutti.search.library import Library, open_catalogue
from tutti.search.terms import Query, parse_terms

QUERIES = (
    "jazz", "rock", "pop", "techno", "ambient", "folk", "metal", "hip hop", "country", "classical", "calm piano",
    "electric guitar", "acoustic guitar", "slow and sad", "fast and happy", "dark synthesizer", "energetic drums",
    "relaxing evening music", "something to dance to", "a quiet song for a rainy day",
)  # fmt: skip
NEGATION = ", no vocals"
MODES = {"words": {"audio": 0.0, "text": 0.0}, "points": {"words": 0.0}, "both": {}}
TRACK_COLUMNS = {"title": None, "artist": None, "album": None, "texts": {}, "tags": ()}


@contextmanager
def opened(world: Path, *, by_sound: bool) -> Iterator[Library]:
    """The world's library; by sound, one whose tracks have neither names nor texts nor typed tags."""
    if not by_sound:
        yield open_catalogue(world)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "world"
        shutil.copytree(world, copy, ignore=shutil.ignore_patterns("audio", "covers"))
        library = open_catalogue(copy)
        library.put_tracks([dataclasses.replace(one, **TRACK_COLUMNS, audio=None) for one in library.tracks()])
        yield library


def sung_shares(library: Library, is_sung: dict[str, bool], *, k: int) -> dict[tuple[str, bool], np.ndarray]:
    """By mode and whether the query says no, the share of sung tracks among each query's hits; NaN without hits."""
    shares = {}
    for mode, weights in MODES.items():
        for says_no in (False, True):
            asked = [parse_terms(words=query + NEGATION * says_no) for query in QUERIES]
            found = [library.answer(Query(terms=terms, k=k, weights=weights)) for terms in asked]
            known = [[is_sung[hit.track_id] for hit in hits if hit.track_id in is_sung] for hits in found]
            shares[mode, says_no] = np.array([mean(flags) for flags in known])
    return shares


def truth(world: Path, file: Path | None) -> dict[str, bool]:
    """Whether somebody sings, by track id: as the world says, or a table of file names for the tracks that it has."""
    library = open_catalogue(world)
    if file is None:
        return {track_id: bool(facts["voice"]) for track_id, facts in library.facts().items()}
    rows = dict(line.split(",") for line in file.read_text().split())
    tracks = {one.audio.stem: one.track_id for one in library.tracks() if one.audio is not None}
    return {track_id: rows[stem] == "1" for stem, track_id in tracks.items() if stem in rows}


def mean(flags: list[bool]) -> float:
    return float(np.mean(flags)) if flags else float("nan")


def estimate(values: np.ndarray, bootstrap: Bootstrap) -> Estimate:
    known = values[~np.isnan(values)]
    (weights,) = bootstrap.weights(len(known), n_labels=1)
    value = float(known.mean())
    low, high = bootstrap.interval(weights @ known / len(known), value=value)
    return Estimate(value=value, low=low, high=high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("--by-sound", action="store_true", help="without names, texts and typed tags")
    parser.add_argument("--truth", type=Path, help="a table of its own: name,1 where somebody sings")
    parser.add_argument("--k", type=int, default=10)
    options = parser.parse_args()
    is_sung = truth(options.world, options.truth)
    if not is_sung:
        parser.error(f"nothing tells who sings in {options.world}; give a table, --truth FILE")
    with opened(options.world, by_sound=options.by_sound) as library:
        shares = sung_shares(library, is_sung, k=options.k)
    print(f"{options.world}: {len(is_sung)} tracks, {np.mean(list(is_sung.values())):.2f} sung; {len(QUERIES)} queries")
    print("| by | sung among the first ten | with no vocals | queries with hits |\n| --- | --- | --- | --- |")
    for mode in MODES:
        plain, negated = (estimate(shares[mode, says_no], Bootstrap()) for says_no in (False, True))
        n_found = int((~np.isnan(shares[mode, True])).sum())
        print(f"| {mode} | {plain} | {negated} | {n_found} of {len(QUERIES)} |")


if __name__ == "__main__":
    main()
