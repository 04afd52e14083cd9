"""What readers of texts know of labels: logistic regressions on reviews of the generated world, scored by ROC-AUC.

Run as ``python bench/text_readers.py``: the study world's texts (no sounds are rendered) with three seeds, its 50 most
frequent labels learned from train and scored on test, and the seconds that reading took on one core.
``--sentences`` adds MiniLM on the first seed's texts, which it reads for a minute and a half.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from tutti.data.items import Item, items_of
from tutti.data.labels import LabelConfig, choose_labels, label_targets
from tutti.data.track import Track
from tutti.data.world.config import world_config
from tutti.data.world.generate import plan_world
from tutti.evaluation.multilabel import roc_auc, scorable
from tutti.models.text_readers import ReaderConfig, open_reader

SEEDS = (0, 1, 2)
READERS = (ReaderConfig(), ReaderConfig(reader="tfidf+entities"))
SENTENCES = ReaderConfig(reader="sentences")


def items_with_reviews(seed: int) -> list[Item]:
    """Tracks of a world, never rendered, that have a review and tags."""
    tracks = [
        Track(
            track_id=plan.song.track_id,
            title=plan.song.title,
            artist=plan.song.artist.name,
            album=plan.song.album,
            year=plan.song.year,
            country=plan.song.artist.country,
            texts=plan.texts,
            tags=plan.tags,
            split=plan.split,
        )
        for plan in plan_world(world_config("study", seed=seed))
    ]
    return [item for item in items_of(tracks) if item.offers("text") and item.tags]


def score(items: Sequence[Item], config: ReaderConfig) -> tuple[float, float, int]:
    """Macro ROC-AUC on test, seconds of reading, and how many numbers a text is."""
    labels = choose_labels(items, LabelConfig(labels="top:50", spelling="world"))
    targets = label_targets(items, labels, spelling="world")
    train, test = (np.array([item.split == split for item in items]) for split in ("train", "test"))
    start = time.perf_counter()
    texts = [item.text for item in items]
    reader = open_reader(config, items).fit([text for text, is_train in zip(texts, train, strict=True) if is_train])
    inputs = reader.read(texts).inputs[np.arange(len(texts))]
    seconds = time.perf_counter() - start
    columns = np.flatnonzero(scorable(targets[test]))
    scores = [
        LogisticRegression(C=10, max_iter=500).fit(inputs[train], targets[train, label]).decision_function(inputs[test])
        for label in columns
    ]
    auc = float(np.mean(roc_auc(targets[test][:, columns], np.stack(scores, axis=1))))
    return auc, seconds, reader.n_inputs


def main() -> None:
    """Print a line for each reader."""
    worlds = [items_with_reviews(seed) for seed in SEEDS]
    print(f"{[len(items) for items in worlds]} items with a review and tags")
    for config in (*READERS, *([SENTENCES] if "--sentences" in sys.argv else [])):
        chosen = worlds[:1] if config is SENTENCES else worlds
        aucs, seconds, n_inputs = zip(*[score(items, config) for items in chosen], strict=True)
        spread = f" ± {np.std(aucs, ddof=1):.3f}" if len(aucs) > 1 else " (one seed)"
        found = f"ROC-AUC macro {np.mean(aucs):.3f}{spread}"
        print(f"{config.reader}: {found}, {np.mean(seconds):.1f} s, {n_inputs[0]} inputs", flush=True)


if __name__ == "__main__":
    main()
