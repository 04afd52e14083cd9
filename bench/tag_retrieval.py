"""The study of music found by tags: samplings, and sound, listeners and both by category of tags, over training seeds.

    python bench/tag_retrieval.py WORLD OUTPUT [--seeds 0 1 2]

WORLD is `tutti world study --seed 0`, indexed with `tutti-small`, whose vectors of sounds are learned from: heads and
samplings are compared, not networks. Tags are brought to the world's vocabulary; each track's country and decade become
tags too. OUTPUT keeps every run, so that the command goes on where it was stopped; the tables are printed as Markdown.
Words are sentence vectors of MiniLM.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutti.data.catalogue import Catalogue
from tutti.data.labels import world_spelling
from tutti.evaluation.intervals import Bootstrap, difference_of_samples, resampled_areas
from tutti.evaluation.multilabel import pr_auc_by_label
from tutti.evaluation.space_report import items_of_space, place_items
from tutti.evaluation.space_tags import tag_queries
from tutti.evaluation.tag_retrieval import TagQueries, expected_average_precision
from tutti.files import atomic_file, write_text
from tutti.models.space_models import SpaceModel
from tutti.text.sentences import SentenceEncoder
from tutti.text.word_vectors import WordVectors
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

MODEL, WORDS, CATEGORIES = "tutti-small", "words.bin", "categories.tsv"
LEAST = 20  # tracks of a tag in each split
WAYS = {
    "random": {"sampling": "random"},
    "balanced": {"sampling": "balanced"},
    "balanced-weighted": {"sampling": "balanced-weighted"},
    "semi-hard": {"sampling": "semi-hard"},
    "distance-weighted": {"sampling": "distance-weighted"},
    "cultural": {"song": "listening"},
    "concat": {"song": "both"},
    "gated": {"song": "both", "join": "fusion", "modality_dropout": 0.2},
}
PAIRS = (
    *(("balanced", "balanced-weighted"), ("balanced", "semi-hard"), ("balanced-weighted", "distance-weighted")),
    *(("balanced-weighted", "cultural"), ("balanced-weighted", "concat"), ("concat", "gated")),
)
BOOTSTRAP = Bootstrap(n_resamples=300)


def prepare(world: Path, output: Path) -> None:
    """The world with places and decades as tags, vectors of all tags, and their categories."""
    if (output / CATEGORIES).exists():
        return
    given, made = Catalogue.open(world), Catalogue.create(output / "catalogue")
    countries: set[str] = set()
    tracks = []
    for track in given.tracks():
        place = (track.country.lower(),) if track.country else ()
        decade = (f"{track.year // 10 * 10}s",) if track.year else ()
        countries |= {*place}
        tags = (*world_spelling(track.tags), *place, *decade) if track.tags else ()
        tracks.append(dataclasses.replace(track, tags=tags))
    with made.writer():
        made.put_tracks(tracks)
        made.put_listens(given.listens())
        made.put_model(given.models()[MODEL])
        made.put_predictions(MODEL, given.predictions(MODEL))
    tags = sorted({tag for track in tracks for tag in track.tags})
    vectors = SentenceEncoder.load().encode(tags)
    WordVectors([tag.replace(" ", "_") for tag in tags], vectors).save(output / WORDS)
    from tutti.data.tag_categories import categories_of

    known = categories_of(tags) | dict.fromkeys(countries, "place")
    write_text(output / CATEGORIES, "".join(f"{tag}\t{known[tag]}\n" for tag in tags if tag in known))


def recipe(output: Path, way: str, seed: int) -> dict[str, object]:
    scheme = {"song": "audio", "sampling": "balanced-weighted", **WAYS[way]}
    scheme |= {} if scheme["song"] == "listening" else {"encoder": MODEL}
    return {
        "name": f"tags-{way}",
        "output": str(output / "runs" / f"{way}-{seed}"),
        "seed": seed,
        "data": {
            "catalogue": str(output / "catalogue"),
            "labels": "all",
            "min_positives": LEAST,
            "spelling": "exact",
        },
        "scheme": {
            "name": "tag-retrieval",
            "words": str(output / WORDS),
            "categories": str(output / CATEGORIES),
            "factors": {"n_factors": 50},
            "n_triplets": 5000,
            "embed_dim": 128,
            "n_hidden": 256,
            **scheme,
        },
        "training": {"epochs": 12, "monitor": "pr_auc_macro", "patience": 0, "loaders": 0, "accelerator": "cpu"},
        "evaluation": {"n_resamples": 300},
    }


def scored(output: Path, way: str, seed: int) -> tuple[dict, np.ndarray, np.ndarray]:
    """The report of a run, the cosines of its test songs with the tags, and the truth."""
    plain = recipe(output, way, seed)
    folder = Path(str(plain["output"]))
    kept = folder / "cosines.npz"
    if not kept.exists():
        run = train(parse_recipe(plain), quiet=True)
        print(run.report.line(), flush=True)
        queries = asked(run.bundle, Catalogue.open(output / "catalogue"))
        with atomic_file(kept) as partial, partial.open("wb") as file:
            np.savez(file, scores=queries.scores, targets=queries.targets)
    with np.load(kept) as stored:
        return json.loads((folder / "report.json").read_text()), stored["scores"], stored["targets"]


def asked(bundle: Path, catalogue: Catalogue) -> TagQueries:
    """All test songs with tags, ranked by every tag; those that a space cannot place come last."""
    model = SpaceModel.load(bundle)
    items = items_of_space(model, catalogue, "test")
    placed = place_items(model, items, catalogue)
    points = {name: np.nan_to_num(some) for name, some in placed.points.items() if name != "text"}
    (song,) = points
    lost = ~points[song].any(axis=1)
    points[song][lost] = np.float32(1e-3)
    queries = tag_queries(model, items, points, on=("study", "test"))
    tagged = np.array([bool(item.tags) for item in items])
    scores = queries.scores.copy()
    scores[lost[tagged]] = -2
    return dataclasses.replace(queries, scores=scores)


def table(output: Path, ways: Sequence[str], seeds: Sequence[int]) -> None:
    """Means over seeds with their deviation and the mean ends of intervals; differences from the first way."""
    results = {way: [scored(output, way, seed) for seed in seeds] for way in ways}
    first = results[ways[0]][0][0]
    print(
        f"\nstudy, split test, {len(first['tags'])} tags, training seeds {', '.join(map(str, seeds))}, bootstrap seed 0"
    )
    categories = [one["category"] for one in first["categories"]]
    heads = ["MAP", f"against {ways[0]}", "P@10", *(f"MAP, {one}" for one in categories), "two tags"]
    print(f"\n| | items | {' | '.join(heads)} |\n| --- | ---: |{' --- |' * len(heads)}")
    for way, runs in results.items():
        reports = [report for report, *_ in runs]
        cells = [told([one["metrics"]["map"] for one in reports]), difference(results[ways[0]], runs, way == ways[0])]
        cells += [told([one["metrics"]["p_at_10"] for one in reports])]
        cells += [told([one["metrics"][f"map_{category}"] for one in reports]) for category in categories]
        cells += [told([one["metrics"]["map_two_tags"] for one in reports])]
        print(f"| {way} | {reports[0]['n_items']} | {' | '.join(cells)} |")
    chance = {one["category"]: [] for one in first["categories"]}
    for tag in first["tags"]:
        if tag["category"] in chance:
            chance[tag["category"]].append(expected_average_precision(tag["n_relevant"], first["n_items"]))
    shares = " | ".join(f"{np.mean(some):.3f}" for some in chance.values())
    print(f"| at random | {first['n_items']} | {first['metrics']['map_chance']['value']:.3f} | | | {shares} | |")


def compare(output: Path, pairs: Sequence[tuple[str, str]], seeds: Sequence[int]) -> None:
    """How much more MAP the second way of each pair has."""
    print("\n| | MAP |\n| --- | --- |")
    for first, second in pairs:
        theirs, ours = ([scored(output, way, seed) for seed in seeds] for way in (first, second))
        print(f"| {second} - {first} | {difference(theirs, ours, is_same=False)} |")


def told(estimates: Sequence[dict[str, float]]) -> str:
    values = [one["value"] for one in estimates]
    ends = [np.mean([one[end] for one in estimates]) for end in ("low", "high")]
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread} [{ends[0]:.3f}, {ends[1]:.3f}]"


def difference(theirs: Sequence[tuple], ours: Sequence[tuple], is_same: bool) -> str:
    """Of MAP over all tagged songs, averaged over seeds; its interval is over songs, the same resamples for both."""
    if is_same:
        return ""
    samples, values = [], []
    for (_, their_scores, targets), (_, our_scores, _) in zip(theirs, ours, strict=True):
        pair = [
            resampled_areas(targets, scores, bootstrap=BOOTSTRAP)["pr_auc"] for scores in (our_scores, their_scores)
        ]
        samples.append(np.nanmean(pair[0], axis=1) - np.nanmean(pair[1], axis=1))
        both = [np.nanmean(pr_auc_by_label(targets, scores)) for scores in (our_scores, their_scores)]
        values.append(float(both[0] - both[1]))
    found = difference_of_samples(np.mean(samples, axis=0), float(np.mean(values)), BOOTSTRAP)
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given = parser.parse_args()
    prepare(given.world, given.output)
    table(given.output, ["random", "balanced", "balanced-weighted", "semi-hard", "distance-weighted"], given.seeds)
    table(given.output, ["balanced-weighted", "cultural", "concat", "gated"], given.seeds)
    compare(given.output, PAIRS, given.seeds)
