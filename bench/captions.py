"""How well does `tutti search` find songs by what was written of them? Names, texts and typed tags are withheld.

    tutti index songs -c CATALOGUE
    python bench/captions.py CATALOGUE CAPTIONS.csv

CAPTIONS.csv has the columns file and caption. Each caption is to find its song, among the songs with captions and among
all: by words alone (tags and what stands for them), as `tutti search` does, and by the points of `tutti-words` alone,
which rank every song. A song that is no hit has no rank. Intervals are over captions.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from negation import MODES, estimate, opened

from tutti.evaluation.intervals import Bootstrap
from tutti.models.space_models import load_space_model
from tutti.search.corpus import Corpus
from tutti.search.library import Library, open_catalogue
from tutti.search.terms import Query, parse_terms

SPACE = "tutti-words"
WAYS = {"words alone": MODES["words"], "`tutti search`": MODES["both"]}


def captions_by_track(catalogue: Path, table: Path) -> dict[str, str]:
    """What was written of songs, by track id."""
    with table.open(encoding="utf-8", newline="") as file:
        written = {row["file"]: row["caption"].strip() for row in csv.DictReader(file)}
    tracks = {one.audio.name: one.track_id for one in open_catalogue(catalogue).tracks() if one.audio is not None}
    return {track_id: written[name] for name, track_id in tracks.items() if written.get(name)}


def searched(library: Library, captions: dict[str, str], weights: dict[str, float]) -> list[list[str]]:
    """For each caption the ids of the songs that a search returns, best first."""
    asked = [parse_terms(words=caption) for caption in captions.values()]
    return [
        [hit.track_id for hit in library.answer(Query(terms=terms, k=len(library), weights=weights))] for terms in asked
    ]


def nearest(library: Library, captions: dict[str, str]) -> list[list[str]]:
    """For each caption the ids of all songs, the nearest in the space first."""
    corpus = Corpus.load(library)
    cosines = load_space_model(SPACE).place_texts(list(captions.values())) @ corpus.points(SPACE).vectors["audio"].T
    return [[corpus.track_ids[row] for row in np.argsort(-of_one, kind="stable")] for of_one in cosines]


def row(name: str, found: list[list[str]], captions: dict[str, str]) -> str:
    """R@10 and MRR among the songs with captions and among all, and the share of songs that are no hits."""
    cells = []
    for pool in (captions, None):
        ranked = [[one for one in ids if pool is None or one in pool] for ids in found]
        ranks = np.array(
            [ids.index(own) + 1 if own in ids else np.inf for own, ids in zip(captions, ranked, strict=True)]
        )
        cells += [str(estimate(values, Bootstrap())) for values in ((ranks <= 10).astype(float), 1 / ranks)]
    return f"| {name} | {' | '.join(cells)} | {np.isinf(ranks).mean():.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("captions", type=Path)
    options = parser.parse_args()
    captions = captions_by_track(options.catalogue, options.captions)
    with opened(options.catalogue, by_sound=True) as library:
        n_all = len(library)
        print(f"{options.catalogue}: {n_all} songs, {len(captions)} captions")
        among = " | ".join(f"R@10 among {number} | MRR" for number in (len(captions), n_all))
        print(f"| | {among} | no hit |\n| --- | --- | --- | --- | --- | --- |")
        for name, weights in WAYS.items():
            print(row(name, searched(library, captions, weights), captions))
        print(row("points alone, every song ranked", nearest(library, captions), captions))


if __name__ == "__main__":
    main()
