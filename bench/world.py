"""What each modality of a generated world tells of its tags, and how fast a world is rendered.

    OMP_NUM_THREADS=1 python bench/world.py CATALOGUE [--min-positives 3] [--truth] [--render]

The catalogue comes from ``tutti world``. Each modality is described by simple statistics, on which one logistic
regression a label is trained on the train split; how strongly it is regularised is chosen on the valid split. ``all``
adds the modalities' log odds with weights chosen there too. Targets are the tags that listeners typed, in the
vocabulary's spelling; ``--truth`` scores the same predictions against the truth. ``--render`` measures sound and FLAC
file together, on one core.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tutti.audio.decoding import read_waveform
from tutti.audio.frontends import MelConfig, MelSpectrogram
from tutti.data.catalogue import Catalogue
from tutti.data.labels import LabelConfig, choose_labels, label_targets
from tutti.data.track import Track
from tutti.data.world.config import WorldConfig
from tutti.data.world.generate import plan_world
from tutti.data.world.production import write_sound
from tutti.data.world.rendering import render
from tutti.evaluation.intervals import Bootstrap, paired_differences, resampled_metrics
from tutti.evaluation.multilabel import roc_auc
from tutti.image.covers import read_cover

STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SAMPLE_RATE = 16_000
Matrix = NDArray[np.float64]


def describe_audio(tracks: list[Track]) -> Matrix:
    """Mean, spread and movement of each mel band, and their cepstra. Zeros where there is no sound."""
    frontend = MelSpectrogram(MelConfig(sample_rate=SAMPLE_RATE, n_mels=96))
    places = np.arange(96)
    cosines = np.cos(np.pi / 96 * (places[None, :] + 0.5) * np.arange(1, 25)[:, None])
    rows = []
    for track in tracks:
        if track.audio is None:
            rows.append(np.zeros(3 * 96 + 48))
            continue
        waveform, _ = read_waveform(track.audio, sample_rate=SAMPLE_RATE)
        with torch.inference_mode():
            mel = frontend(torch.from_numpy(waveform)[None])[0].numpy().astype(np.float64)
        cepstra = cosines @ mel
        moved = np.abs(np.diff(mel, axis=1)).mean(axis=1)
        rows.append(np.concatenate([mel.mean(1), mel.std(1), moved, cepstra.mean(1), cepstra.std(1)]))
    return StandardScaler().fit_transform(np.stack(rows))


def describe_covers(tracks: list[Track]) -> Matrix:
    """Colours as a coarse histogram, a small copy, and edges by direction in nine fields."""
    rows = []
    for track in tracks:
        if track.cover is None:
            rows.append(np.zeros(64 + 3 * 64 + 9 * 8 + 6))
            continue
        picture = read_cover(track.cover)
        pixels = np.asarray(picture.resize((96, 96)), dtype=np.float64) / 255.0
        bins = (pixels * 3.999).astype(int) @ np.array([16, 4, 1])
        histogram = np.sqrt(np.bincount(bins.ravel(), minlength=64) / bins.size)
        small = np.asarray(picture.resize((8, 8)), dtype=np.float64).ravel() / 255.0
        down, across = np.gradient(pixels.mean(axis=2))
        strength, angle = np.hypot(down, across), np.floor((np.arctan2(down, across) + np.pi) / (2 * np.pi) * 7.999)
        field = (np.arange(96) // 32)[:, None] * 3 + (np.arange(96) // 32)[None, :]
        edges = np.bincount((field * 8 + angle.astype(int)).ravel(), weights=strength.ravel(), minlength=72)
        colours = [*pixels.mean(axis=(0, 1)), *pixels.std(axis=(0, 1))]
        rows.append(np.concatenate([histogram, small, np.sqrt(edges), colours]))
    return StandardScaler().fit_transform(np.stack(rows))


def describe_texts(tracks: list[Track]) -> Matrix:
    """Words and pairs of words, weighted by how rare they are in the train split, each kind of text by itself."""
    parts = []
    for kind in ("review", "biography", "caption", "lyrics"):
        texts = [track.texts.get(kind, "") for track in tracks]
        in_train = [text for text, track in zip(texts, tracks, strict=True) if track.split == "train"]
        vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True).fit(in_train)
        parts.append(vectoriser.transform(texts).toarray())
    return 10.0 * np.concatenate(parts, axis=1)


DESCRIPTIONS = {"audio": describe_audio, "text": describe_texts, "cover": describe_covers}


def log_odds(features: Matrix, targets: NDArray[np.bool_], splits: NDArray[np.str_]) -> Matrix:
    """Of every label for every track. Shape (tracks, labels)."""
    train, valid = splits == "train", splits == "valid"
    best, best_auc = np.zeros(targets.shape), -1.0
    for strength in STRENGTHS:
        odds = np.zeros(targets.shape)
        for label in range(targets.shape[1]):
            model = LogisticRegression(C=strength, class_weight="balanced", max_iter=300)
            odds[:, label] = model.fit(features[train], targets[train, label]).decision_function(features)
        auc = roc_auc(targets[valid], odds[valid])
        if auc > best_auc:
            best, best_auc = odds, auc
    return best


def table(catalogue: Catalogue, *, min_positives: int, truth: bool) -> str:
    """Macro ROC-AUC of each modality on the test split, by kind of tag, with 95% intervals."""
    tracks, facts = catalogue.tracks(), catalogue.facts()
    labels = choose_labels(tracks, LabelConfig(labels="all", min_positives=min_positives, spelling="world"))
    targets = label_targets(tracks, labels, spelling="world")
    splits = np.array([track.split for track in tracks])
    odds = {name: log_odds(describe(tracks), targets, splits) for name, describe in DESCRIPTIONS.items()}
    spread = {name: one / one[splits == "train"].std(axis=0) for name, one in odds.items()}
    odds["audio + text"] = _blend(spread, ("audio", "text"), targets, splits)
    odds["all"] = _blend(spread, ("audio", "text", "cover"), targets, splits)
    if truth:
        targets = np.array([[label in facts[track.track_id]["tags"] for label in labels] for track in tracks])
    test = splits == "test"
    kinds = _kinds(labels)
    n_train, n_test = int((splits == "train").sum()), int(test.sum())
    lines = [
        f"{len(labels)} labels, {n_train} train and {n_test} test tracks, against "
        f"{'the truth' if truth else 'typed tags'}",
        f"| modality | ROC-AUC macro | {' | '.join(kinds)} |",
        f"|---|---|{'---|' * len(kinds)}",
    ]
    for name, one in odds.items():
        auc, low, high = _scores(targets[test], one[test])
        by_kind = [f"{roc_auc(targets[test][:, rows], one[test][:, rows]):.3f}" for rows in kinds.values()]
        lines.append(f"| {name} | {auc:.3f} ({low:.3f} to {high:.3f}) | {' | '.join(by_kind)} |")
    for other in ("audio", "audio + text"):
        change = paired_differences(targets[test], odds["all"][test], odds[other][test], bootstrap=Bootstrap())
        gain = change["roc_auc_macro"]
        lines.append(f"all above {other}: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})")
    return "\n".join(lines)


def _blend(
    odds: dict[str, Matrix], names: tuple[str, ...], targets: NDArray[np.bool_], splits: NDArray[np.str_]
) -> Matrix:
    """A weighted sum of the first and others; the weights are those that serve the valid split best."""
    valid = splits == "valid"
    grid = itertools.product((0.0, 0.15, 0.3, 0.5, 0.75, 1.0), repeat=len(names) - 1)
    blends = [odds[names[0]] + sum(w * odds[name] for w, name in zip(ws, names[1:], strict=True)) for ws in grid]
    return max(blends, key=lambda blend: roc_auc(targets[valid], blend[valid]))


def _scores(targets: NDArray[np.bool_], odds: Matrix) -> tuple[float, float, float]:
    bootstrap = Bootstrap(n_resamples=1000)
    value = roc_auc(targets, odds)
    samples = resampled_metrics(targets, odds, threshold=0.0, bootstrap=bootstrap)["roc_auc_macro"]
    return value, *bootstrap.interval(samples, value=value)


def _kinds(labels: tuple[str, ...]) -> dict[str, list[int]]:
    from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, MOODS, PARENTS

    kinds = {"parents": PARENTS, "children": GENRES, "instruments": INSTRUMENTS, "moods": MOODS}
    return {kind: [labels.index(name) for name in names if name in labels] for kind, names in kinds.items()}


def rendering_speed(config: WorldConfig, *, n_tracks: int = 100) -> float:
    """Seconds of sound for each second of one processor, FLAC files included."""
    plans = plan_world(config)[:n_tracks]
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        for plan in plans:
            write_sound(Path(folder) / "sound.flac", render(plan.song, config), plan.song, genre=None)
        return config.duration * len(plans) / (time.process_time() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--min-positives", type=int, default=3)
    parser.add_argument("--truth", action="store_true")
    parser.add_argument("--render", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    settings = json.loads((arguments.catalogue / "world.json").read_text(encoding="utf-8"))
    config = WorldConfig(**{key: value for key, value in settings.items() if key != "generator"})
    print(config)
    if arguments.render:
        print(f"rendering is {rendering_speed(config):.0f} times faster than real time")
        return
    print(table(Catalogue.open(arguments.catalogue), min_positives=arguments.min_positives, truth=arguments.truth))


if __name__ == "__main__":
    main()
