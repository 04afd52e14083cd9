"""How long searches take in a large catalogue, and how good the index over very many vectors is.

    python bench/search.py queries [--tracks 100000] [--folder FOLDER]
    python bench/search.py vectors [--count 1000000] [--dimensions 256]

The catalogue is made up (``large_catalogue.py``) and described as ``tutti-small`` would; points come from
``tutti-words``. No query comes twice, though some have a word in common, as people's have. ``--folder`` keeps what is
made for the next time. Processor time is that of all threads together; beside other work, it tells more than the clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from large_catalogue import Made, make_catalogue
from pairs import describe_machine, seconds_of

from tutti.data.records import SpaceRecord
from tutti.search.blending import blended
from tutti.search.library import open_catalogue
from tutti.search.pointing import Pointed
from tutti.search.points.clusters import Clusters
from tutti.search.points.nearest import best, nearest
from tutti.search.points.space_points import SpacePoints
from tutti.search.shortlists import shortlist

WORDS = (
    "calm piano",
    "jazz guitar",
    "dark electronic",
    "happy pop",
    "slow ambient",
    "female vocals soul",
    "loud drums",
)
REJECTED = ("vocals", "drums", "guitar", "beat", "metal")
SENTENCES = (
    "melancholic piano, late at night",
    "a song to dance to in summer",
    "quiet strings for a rainy morning",
    "energetic guitars and fast drums",
    "something dreamy with synthesizers",
    "an old man and his acoustic guitar",
    "music for driving through the city",
)
CONDITIONS = (
    "year > 2000",
    "year < 1985",
    "year > 1970 and year < 1990",
    "year >= 1995 or artist = 'X'",
    "duration > 200",
)


def queries(n_tracks: int, count: int) -> dict[str, list[dict[str, Any]]]:
    """Queries by kind, all of them different."""
    random = np.random.default_rng(0)
    ids = [f"{row:012x}" for row in random.choice(n_tracks, 4 * count, replace=False)]
    mixed = [f"{words} -{other}" for words, other in product(WORDS, REJECTED)]
    sentences = [f"{one}, {words}" for one, words in product(SENTENCES, WORDS)]
    random.shuffle(mixed)
    random.shuffle(sentences)
    return {
        "words": [{"text": text} for text in mixed[:count]],
        "words, a condition": [{"text": text, "where": f"year > {1960 + i}"} for i, text in enumerate(mixed[-count:])],
        "a sentence": [{"text": text} for text in sentences[:count]],
        "like a track": [{"like": one} for one in ids[:count]],
        "a track less another": [
            {"plus": [f"track:{ids[count + i]}"], "minus": [f"track:{ids[2 * count + i]}"]} for i in range(count)
        ],
        "all together": [
            {
                "text": text,
                "plus": [f"track:{ids[3 * count + i]}"],
                "minus": [REJECTED[i % len(REJECTED)]],
                "where": CONDITIONS[i % len(CONDITIONS)],
            }
            for i, text in enumerate(sentences[-count:])
        ],
    }


def measure_queries(folder: Path, n_tracks: int, count: int) -> None:
    if not (folder / "catalogue.json").exists():
        print(f"{n_tracks} tracks made in {seconds_of(lambda: make_catalogue(folder, n_tracks)):.0f} s")
    library = open_catalogue(folder)
    print(f"tracks read in {seconds_of(library._loaded):.2f} s")
    corpus = library._loaded()
    stages: dict[str, Callable[[], object]] = {
        "names": lambda: corpus.names.words,
        "tags": lambda: corpus.evidence,
        "likeness": lambda: corpus.soundspace,
        "points": lambda: corpus.points("tutti-words").merged,
    }
    print("when first asked for: " + ", ".join(f"{name} {seconds_of(work):.2f} s" for name, work in stages.items()))
    # What it takes to read sentences, and to understand words that are in no list.
    print(f"first sentence: {seconds_of(lambda: library.search('sad violins, scrubbish')):.2f} s")
    print("| query | median, ms | 95th percentile, ms | processor, ms | hits |\n| --- | ---: | ---: | ---: | ---: |")
    for kind, asked in queries(len(corpus), count).items():
        times, work, n_hits = [], [], []
        for query in asked:
            began, worked = time.perf_counter(), time.process_time()
            n_hits.append(len(library.search(**query)))
            times.append(1000 * (time.perf_counter() - began))
            work.append(1000 * (time.process_time() - worked))
        told = (
            f"{np.median(times):.1f} | {np.percentile(times, 95):.1f} | {np.median(work):.1f} | {np.mean(n_hits):.1f}"
        )
        print(f"| {kind} | {told} |", flush=True)
    print(f"{peak_megabytes():.0f} MB at most; load {os.getloadavg()[0]:.1f}")


def measure_vectors(count: int, embed_dim: int, n_queries: int, folder: Path) -> None:
    vectors = np.lib.format.open_memmap(folder / "all.npy", mode="w+", dtype=np.float32, shape=(count, embed_dim))
    Made(count).fill(vectors, noise=1.0, stream=5)
    index = Clusters.build(vectors, folder)
    print(f"built in {index.facts.seconds:.0f} s: {index.facts}")
    loaded = Clusters.load(folder)
    assert loaded is not None
    random = np.random.default_rng(1)
    asked = vectors[random.choice(count, n_queries)] + vectors[random.choice(count, n_queries)]
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    print("| candidates | exact, ms | index, ms | recall@10 |\n| --- | ---: | ---: | ---: |")
    for share in (1.0, 0.1, 0.01):
        candidates = None if share == 1 else random.random(count) < share
        times, shared = [], []
        for query in asked:
            began = time.perf_counter()
            exact = nearest(vectors, query, k=10, candidates=candidates).rows
            between = time.perf_counter()
            found = loaded.nearest(query, k=10, candidates=candidates).rows
            times.append((between - began, time.perf_counter() - between))
            shared.append(np.isin(exact, found).mean())
        slow, quick = 1000 * np.median(times, axis=0)
        print(f"| {share:.0%} | {slow:.1f} | {quick:.1f} | {np.mean(shared):.3f} |", flush=True)
    measure_shortlists(SpacePoints(made_record(embed_dim), {"audio": vectors}, index=loaded), n_queries)
    print(f"{peak_megabytes():.0f} MB at most, mapped files among them; load {os.getloadavg()[0]:.1f}")


def measure_shortlists(points: SpacePoints, n_queries: int) -> None:
    """Queries of two tracks plus and one minus, scored as a search does."""
    every = np.ones(len(points.merged), dtype=np.bool_)
    times, shared = [], []
    for some in np.random.default_rng(2).choice(len(every), (n_queries, 3)):
        terms = [
            Pointed(name=str(row), how="track", point=np.asarray(points.merged[row]), is_negative=place == 2)
            for place, row in enumerate(some)
        ]
        began = time.perf_counter()
        exact = best(blended(terms, points, {}).total, k=10).rows
        between = time.perf_counter()
        rows = shortlist(terms, points, every, count=200)
        found = best(blended(terms, points, {}, shortlist=rows).total, k=10).rows
        times.append((between - began, time.perf_counter() - between))
        shared.append(np.isin(exact, found).mean())
    slow, quick = 1000 * np.median(times, axis=0)
    print(
        f"scores of two tracks less a third: all {slow:.0f} ms, index {quick:.0f} ms, recall@10 {np.mean(shared):.3f}"
    )


def made_record(embed_dim: int) -> SpaceRecord:
    return SpaceRecord(space="made", fingerprint="", embed_dim=embed_dim, modalities=("audio",), source="made")


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["queries", "vectors"])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print(describe_machine("lancedb", "numpy"))
    with tempfile.TemporaryDirectory() as spare:
        folder = options.folder or Path(spare)
        if options.what == "queries":
            measure_queries(folder, options.tracks, options.queries)
        else:
            measure_vectors(options.count, options.dimensions, options.queries, folder)


if __name__ == "__main__":
    main()
