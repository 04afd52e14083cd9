"""The six strategies of sentence-to-music on a generated world: table 5.6 of Won's thesis in miniature.

    tutti world study -o WORLD --seed 0
    tutti index WORLD --model tutti-small
    python bench/sentence_retrieval.py WORLD OUTPUT [--seeds 0 1 2] [--sentences 1000] [--only STRATEGY …]

Invented tales and situations ask, the tracks of the split test answer, by three mappings of emotions to moods. MiniLM
reads and ``tutti-small`` hears; both stay as they are, so that heads alone learn and a run takes seconds. Runs that
``OUTPUT`` holds are not repeated. ``OUTPUT/study.md`` and ``study.json`` hold macro P@5 and MRR, of each text the mean
over seeds, with intervals over texts; and what two strategies differ by, the same texts drawn for both.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.emotion_mapping import MAPPINGS, published_mapping
from tutti.data.sentence_music import SentenceMusic, with_world
from tutti.data.world.sentences import KINDS, write_sentences
from tutti.evaluation.emotion_retrieval import EmotionQueries, score_emotions
from tutti.evaluation.intervals import Bootstrap, Difference, difference_of_samples
from tutti.evaluation.ranking import precision_at_k, reciprocal_rank
from tutti.evaluation.report import Estimate
from tutti.files import write_text
from tutti.models.sentence_music import METRIC, STRATEGIES
from tutti.models.zoo import load_model
from tutti.training.sentence_config import StrategyConfig, TextBranch
from tutti.training.sentence_runs import indexed_songs, scores_on
from tutti.training.sentence_strategies import Branches, learn_from
from tutti.training.sentence_views import open_texts
from tutti.training.trainer import TrainingConfig

DEPTH, SPLIT, ENCODER = 5, "test", "tutti-small"
METRICS = {"p": f"P@{DEPTH}", "rr": "MRR"}
# Heads on vectors that are there learn in a tenth of the published epochs, at ten times the rate.
EPOCHS = {strategy: 12 if strategy in METRIC else 30 for strategy in STRATEGIES}
PAIRS = (
    ("three-branch", "two-branch"),
    ("three-branch", "word-vectors"),
    ("three-branch", "valence-arousal"),
    ("word-vectors", "valence-arousal"),
    ("multi-head", "classification"),
)
Values = dict[str, dict[str, NDArray[np.float64]]]  # by mapping and metric, of each text


def main() -> None:
    """Run what is missing, and write the tables."""
    asked = _arguments()
    catalogue, bootstrap = Catalogue.open(asked.world), Bootstrap()
    found: dict[str, Any] = {}
    for kind in KINDS:
        data = with_world(write_sentences(kind, n_sentences=asked.sentences), catalogue)
        branches = None
        by_strategy: dict[str, list[Values]] = {}
        for strategy in asked.only:
            for seed in asked.seeds:
                path = asked.output / "runs" / f"{kind}-{asked.sentences}-{strategy}-seed{seed}.json"
                if not path.exists():
                    branches = branches or _branches(data, catalogue, asked.output)
                    _run(data, branches, strategy, seed, path)
                by_strategy.setdefault(strategy, []).append(_read(path))
        found[kind] = _scored(data, by_strategy, bootstrap)
        found[kind]["chance"] = json.loads(path.read_text(encoding="utf-8"))["chance"]
    write_text(asked.output / "study.json", json.dumps(found, indent=1) + "\n")
    write_text(asked.output / "study.md", _tables(found, asked))
    print((asked.output / "study.md").read_text(encoding="utf-8"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--only", nargs="+", default=list(STRATEGIES), choices=STRATEGIES)
    return parser.parse_args()


def _branches(data: SentenceMusic, catalogue: Catalogue, folder: Path) -> Branches:
    return Branches(
        text=open_texts(data.sentences.sentences, TextBranch(), folder / "vectors", tell=print),
        audio=indexed_songs(data.tracks, load_model(ENCODER), catalogue, folder, tell=print),
    )


def _run(data: SentenceMusic, branches: Branches, strategy: Any, seed: int, path: Path) -> None:
    """Learn a strategy, and keep how it answers each text of the test split."""
    training = TrainingConfig(
        epochs=EPOCHS[strategy], learning_rate=1e-3, weight_decay=1e-4, patience=0, loaders=0, accelerator="cpu"
    )
    config = StrategyConfig(training=training)
    folder = path.with_suffix("")
    learned = learn_from(branches, strategy, data, config, folder=folder, seed=seed)
    queries = scores_on(learned.retriever, data, branches, SPLIT)
    plain: dict[str, Any] = {"chance": {}, "values": {}}
    for name in MAPPINGS:
        report = score_emotions(queries, published_mapping(name), bootstrap=Bootstrap(n_resamples=200))
        plain["chance"][name] = {"p": report.chance[f"p_at_{DEPTH}_macro"], "rr": report.chance["mrr_macro"]}
        plain["values"][name] = {key: some.tolist() for key, some in _values(queries, name).items()}
    print(f"{path.stem}: " + report.line(), flush=True)
    write_text(path, json.dumps(plain) + "\n")


def _values(queries: EmotionQueries, mapping: str) -> dict[str, NDArray[np.float64]]:
    """Metrics of each text; 0 of those that retrieve nothing, NaN of those that no song answers."""
    relevant = published_mapping(mapping).relevant(queries.emotions, queries.moods)
    silent = np.isnan(queries.scores).all(axis=1)
    scores = np.where(silent[:, None], 0.0, queries.scores)
    found = {"p": precision_at_k(relevant, scores, k=DEPTH), "rr": reciprocal_rank(relevant, scores)}
    return {key: np.where(silent & ~np.isnan(some), 0.0, some) for key, some in found.items()}


def _read(path: Path) -> Values:
    values = json.loads(path.read_text(encoding="utf-8"))["values"]
    return {name: {key: np.array(some, dtype=float) for key, some in one.items()} for name, one in values.items()}


def _scored(data: SentenceMusic, by_strategy: dict[str, list[Values]], bootstrap: Bootstrap) -> dict[str, Any]:
    texts, songs = data.texts(SPLIT), data.songs(SPLIT)
    emotions = [one.emotion for one in texts]
    found: dict[str, Any] = {"texts": len(texts), "songs": len(songs), "scores": {}, "differences": {}}
    for mapping in MAPPINGS:
        for metric in METRICS:
            means = {
                strategy: np.mean([run[mapping][metric] for run in runs], axis=0)
                for strategy, runs in by_strategy.items()
            }
            drawn = {strategy: _samples(some, emotions, bootstrap) for strategy, some in means.items()}
            value = {strategy: float(_macro(some[None], emotions)[0]) for strategy, some in means.items()}
            for strategy, some in drawn.items():
                low, high = bootstrap.interval(some, value=value[strategy])
                spread = [float(_macro(run[mapping][metric][None], emotions)[0]) for run in by_strategy[strategy]]
                cell = {"value": value[strategy], "low": low, "high": high, "seeds": spread}
                found["scores"].setdefault(strategy, {})[f"{mapping} {metric}"] = cell
            for first, second in PAIRS:
                if first in drawn and second in drawn:
                    one = difference_of_samples(drawn[first] - drawn[second], value[first] - value[second], bootstrap)
                    found["differences"].setdefault(f"{first} - {second}", {})[f"{mapping} {metric}"] = vars(one)
    return found


def _macro(values: NDArray[np.float64], emotions: Sequence[str]) -> NDArray[np.float64]:
    """Means over texts of each emotion, averaged. Shape (rows, texts) to (rows,)."""
    names = np.array(emotions, dtype=object)
    means = np.stack([np.nanmean(values[:, names == one], axis=1) for one in sorted(set(emotions))])
    averaged: NDArray[np.float64] = np.nanmean(means, axis=0)
    return averaged


def _samples(values: NDArray[np.float64], emotions: Sequence[str], bootstrap: Bootstrap) -> NDArray[np.float64]:
    """The macro average of every resample of the texts."""
    members = np.stack([np.array(emotions, dtype=object) == one for one in sorted(set(emotions))]).astype(float)
    blocks = []
    for weights in bootstrap.weights(len(values), n_labels=1):
        drawn = weights @ members.T
        means = np.full(drawn.shape, np.nan)
        np.divide((weights * values) @ members.T, drawn, out=means, where=drawn > 0)
        blocks.append(np.nanmean(means, axis=1))
    return np.concatenate(blocks)


def _tables(found: dict[str, Any], asked: argparse.Namespace) -> str:
    lines = []
    for kind, one in found.items():
        lines += [f"## {kind}: {one['texts']} texts, {one['songs']} songs, seeds {asked.seeds}", ""]
        heads = [f"{mapping} {title}" for mapping in MAPPINGS for title in METRICS.values()]
        lines += [f"| strategy | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
        for strategy, cells in one["scores"].items():
            told = [
                f"{Estimate(value=c['value'], low=c['low'], high=c['high'])} ± {np.std(c['seeds'], ddof=1):.3f}"
                if len(c["seeds"]) > 1
                else str(Estimate(value=c["value"], low=c["low"], high=c["high"]))
                for c in cells.values()
            ]
            lines.append(f"| {strategy} | {' | '.join(told)} |")
        chance = [f"{one['chance'][mapping][metric]:.3f}" for mapping in MAPPINGS for metric in METRICS]
        lines += [f"| random order | {' | '.join(chance)} |", ""]
        lines += [f"| difference | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
        for pair, cells in one["differences"].items():
            told = [_told(Difference(**cell)) for cell in cells.values()]
            lines.append(f"| {pair} | {' | '.join(told)} |")
        lines.append("")
    return "\n".join(lines)


def _told(one: Difference) -> str:
    return f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"


if __name__ == "__main__":
    main()
