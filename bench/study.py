"""Taggers on the generated ``study`` world with equal budgets, and what holds of the thesis's findings.

    tutti world study -o WORLD --seed 0
    python bench/study.py WORLD OUTPUT [--budget 150] [--seeds 0 1 2] [--jobs 2] [--only NAME …]

Every condition trains for the same processor seconds on one thread: its epochs follow from the measured cost of an
excerpt, kept in ``OUTPUT/costs.json``, so that a second run repeats the first. Networks have their published front
ends, and an eighth of the published channels or less; FCN and CRNN hear 20.5 s and 15 s instead of 29 s, since sounds
last 15 s. Each condition has two tries, with small and with large batches; the one that is better on the validation
split counts. Runs that ``OUTPUT`` holds are not repeated. Afterwards ``OUTPUT/study.json``, ``study.md`` and
``study.png`` hold the table. Deformed sounds: ``tutti robustness`` over the bundles.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tutti.data.catalogue import Catalogue
from tutti.models.taggers import build_tagger, find_architecture
from tutti.papers.table import nested
from tutti.training.recipes import Recipe, parse_recipe
from tutti.training.runs import train

SMALL_SHARE = 0.1
BATCHES = (4, 16)  # few steps of much, or many of little: which is better, a budget so small makes a question
MEASURED_BATCH = 4


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that is trained.

    Attributes:
        title: In the table.
        architecture: Of the network.
        options: Of the architecture.
        settings: Of the recipe, dotted keys.
        small: Learn from a tenth of the artists.
    """

    title: str
    architecture: str
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    small: bool = False


NARROW = {"n_channels": 16}
TAGGERS = {
    "fcn": Condition(title="FCN", architecture="fcn", options={"n_channels": 8, "n_samples": 328_000}),
    "musicnn": Condition(
        title="MusiCNN",
        architecture="musicnn",
        options={"n_timbre": 26, "n_tempo": 7, "n_channels": 16, "dense_dim": 50},
    ),
    "crnn": Condition(title="CRNN", architecture="crnn", options={"n_channels": 4, "n_samples": 240_000}),
    "sample-cnn": Condition(title="Sample-level", architecture="sample_cnn", options=NARROW),
    "sample-cnn-se": Condition(title="Sample-level + Res + SE", architecture="sample_cnn_se", options=NARROW),
    "cnnsa": Condition(
        title="CNNSA",
        architecture="cnnsa",
        options={"n_channels": 16},
        settings={"training.learning_rate": 1e-3},
    ),
    "harmonic-cnn": Condition(title="Harmonic CNN", architecture="harmonic_cnn", options=NARROW),
    "short-chunk": Condition(title="Short-chunk CNN", architecture="short_chunk_cnn", options=NARROW),
    "short-chunk-res": Condition(title="Short-chunk ResNet", architecture="short_chunk_resnet", options=NARROW),
    "transformer": Condition(
        title="Music Tagging Transformer",
        architecture="music_tagging_transformer",
        options={"conv_dim": 8, "attention_dim": 64, "n_layers": 2},
        settings={"training.learning_rate": 1e-3},
    ),
}
LONG = 14 * 16_000
QUESTIONS = {
    "short-chunk-res-long": dataclasses.replace(
        TAGGERS["short-chunk-res"],
        title="Short-chunk ResNet, excerpts of 14 s",
        options={**NARROW, "n_samples": LONG},
    ),
    "short-chunk-long": dataclasses.replace(
        TAGGERS["short-chunk"],
        title="Short-chunk CNN, excerpts of 14 s",
        options={**NARROW, "n_samples": LONG},
    ),
    "short-chunk-res-augmented": dataclasses.replace(
        TAGGERS["short-chunk-res"],
        title="Short-chunk ResNet, augmented",
        settings={"augmentation.preset": "code"},
    ),
    **{
        f"{name}-small": dataclasses.replace(
            TAGGERS[name], title=f"{TAGGERS[name].title}, a tenth of the artists", small=True
        )
        for name in ("sample-cnn", "musicnn", "harmonic-cnn", "short-chunk-res")
    },
}
CONDITIONS = {**TAGGERS, **QUESTIONS}


def run_folder(output: Path, name: str, *, batch: int, seed: int) -> Path:
    """Where a run lies."""
    return output / "runs" / f"{name}-batch{batch}-seed{seed}"


def recipe(name: str, world: Path, output: Path, *, epochs: int, batch: int, seed: int) -> Recipe:
    """What a run of a condition is."""
    condition = CONDITIONS[name]
    settings = {
        "name": name,
        "seed": seed,
        "output": run_folder(output, name, batch=batch, seed=seed),
        "data.catalogue": output / "small" if condition.small else world,
        "data.store": output / "waveforms" / f"{'small' if condition.small else 'all'}-{sample_rate(condition)}",
        "data.spelling": "world",
        "data.labels": labels(world, output),
        "model.architecture": condition.architecture,
        "model.excerpts.count": 3,
        "scheme.batch_size": batch,
        "scheme.valid_excerpts": 1,
        "training.epochs": epochs,
        "training.learning_rate": 3e-3,
        "training.average_decay": 0.98,
        "training.monitor": "pr_auc_macro",
        "training.patience": None,
        "training.accelerator": "cpu",
        **{f"model.options.{key}": value for key, value in condition.options.items()},
        **condition.settings,
    }
    return parse_recipe(nested({key: value for key, value in settings.items() if value is not None}), origin=name)


def sample_rate(condition: Condition) -> int:
    """Of the condition's network, Hz."""
    return find_architecture(condition.architecture).configure(**condition.options).sample_rate


def labels(world: Path, output: Path) -> list[str]:
    """The world's fifty most frequent tags, the same for all conditions."""
    from tutti.data.labels import LabelConfig, choose_labels

    path = output / "labels.json"
    if not path.exists():
        tracks = [track for track in Catalogue.open(world).tracks() if track.audio and track.tags]
        found = choose_labels(tracks, LabelConfig(labels="top:50", min_positives=10, spelling="world"))
        path.write_text(json.dumps(found), encoding="utf-8")
    return list(json.loads(path.read_text(encoding="utf-8")))


def make_small(world: Path, folder: Path) -> None:
    """The world with a tenth of the artists in train, drawn at random; valid and test as they were."""
    if folder.exists():
        return
    tracks = Catalogue.open(world).tracks()
    artists = sorted({track.artist or "" for track in tracks if track.split == "train"})
    kept = set(np.random.default_rng(0).permutation(artists)[: round(SMALL_SHARE * len(artists))].tolist())
    Catalogue.create(folder).put_tracks(
        track for track in tracks if track.split != "train" or (track.artist or "") in kept
    )


def excerpt_seconds(name: str, n_steps: int = 16) -> float:
    """Processor seconds of training on one excerpt of a condition, augmentation included; one thread."""
    from tutti.audio.augmentation import Augmentation, AugmentationConfig

    condition = CONDITIONS[name]
    config = find_architecture(condition.architecture).configure(**condition.options)
    network = build_tagger(condition.architecture, 50, **condition.options).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    waveforms = torch.randn(MEASURED_BATCH, config.n_samples).mul_(0.1).clamp_(-1, 1)
    targets = torch.zeros(MEASURED_BATCH, 50)
    augment = None
    if "augmentation.preset" in condition.settings:
        augment = Augmentation(AugmentationConfig(preset="code"), sample_rate=config.sample_rate)
    seconds = []
    for _ in range(n_steps):
        began = time.process_time()
        heard = augment(waveforms, generator=torch.Generator().manual_seed(0)) if augment else waveforms
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(network(heard), targets).backward()
        optimizer.step()
        seconds.append(time.process_time() - began)
    return min(seconds) / MEASURED_BATCH  # what else the machine does only adds


def costs(output: Path, names: Iterable[str]) -> dict[str, float]:
    """Processor seconds an excerpt of conditions, measured once."""
    path = output / "costs.json"
    known: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in names:
        if name not in known:
            known[name] = excerpt_seconds(name)
            path.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return known


def n_train(world: Path, output: Path, name: str) -> int:
    """Tracks that a condition learns from."""
    folder = output / "small" if CONDITIONS[name].small else world
    return sum(bool(track.audio and track.tags) for track in Catalogue.open(folder).tracks(where="split = 'train'"))


def epochs_within(budget: float, *, seconds_each: float, n_tracks: int) -> int:
    """Passes over the training tracks that fit a budget, at least one."""
    return max(1, round(budget / (seconds_each * n_tracks)))


def run_all(arguments: argparse.Namespace) -> None:
    """Every run that is not there yet, some at a time, each in a process with one thread."""
    names = arguments.only or list(CONDITIONS)
    orders = list(itertools.product(arguments.seeds, arguments.batches, names))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def carry_out(order: tuple[int, int, str]) -> None:
        seed, batch, name = order
        if (run_folder(arguments.output, name, batch=batch, seed=seed) / "report.json").exists():
            return
        command = [sys.executable, __file__, str(arguments.world), str(arguments.output), "--run", name]
        command += ["--seeds", str(seed), "--batches", str(batch), "--budget", str(arguments.budget)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        print((done.stdout if done.returncode == 0 else f"{name}, seed {seed} failed: {done.stderr[-500:]}").strip())

    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(carry_out, orders))


def run_one(arguments: argparse.Namespace) -> None:
    """One run, in this process."""
    torch.set_num_threads(1)
    name, (seed,), (batch,) = arguments.run, arguments.seeds, arguments.batches
    cost = costs(arguments.output, [name])[name]
    n_tracks = n_train(arguments.world, arguments.output, name)
    epochs = epochs_within(arguments.budget, seconds_each=cost, n_tracks=n_tracks)
    began = time.process_time()
    what = recipe(name, arguments.world, arguments.output, epochs=epochs, batch=batch, seed=seed)
    trained = train(what, quiet=True)
    seconds = time.process_time() - began
    print(f"{epochs} epochs in batches of {batch}, {seconds:.0f} processor seconds in all: {trained.report.line()}")


def best_validation(folder: Path) -> float:
    """The best macro PR-AUC that a run saw on the validation split."""
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return max(float(row["valid_pr_auc_macro"]) for row in csv.DictReader(file))


def chosen(output: Path, name: str, seed: int) -> tuple[int, Path] | None:
    """The batch that did better on the validation split, and its run; None where there is no run."""
    folders = {batch: run_folder(output, name, batch=batch, seed=seed) for batch in BATCHES}
    scores = {n: best_validation(one) for n, one in folders.items() if (one / "report.json").exists()}
    if not scores:
        return None
    batch = max(scores, key=lambda one: scores[one])
    return batch, folders[batch]


def summary(output: Path, seeds: Iterable[int]) -> dict[str, dict[str, Any]]:
    """By condition: batch, epochs, areas of each seed, and the interval of the first."""
    found: dict[str, dict[str, Any]] = {}
    for name, condition in CONDITIONS.items():
        runs = [run for seed in seeds if (run := chosen(output, name, seed)) is not None]
        if not runs:
            continue
        reports = [json.loads((folder / "report.json").read_text(encoding="utf-8")) for _, folder in runs]
        settings = json.loads((runs[0][1] / "recipe.json").read_text(encoding="utf-8"))
        found[name] = {
            "title": condition.title,
            "n_items": reports[0]["n_items"],
            "batches": [batch for batch, _ in runs],
            "epochs": settings["training"]["epochs"],
            "seeds": [report["training_seed"] for report in reports],
        }
        for metric in ("roc_auc_macro", "pr_auc_macro"):
            first = reports[0]["metrics"][metric]
            found[name][metric] = {
                "values": [report["metrics"][metric]["value"] for report in reports],
                "interval": [first["low"], first["high"]],
            }
    return found


def write_summary(output: Path, seeds: Iterable[int]) -> None:
    """``study.json`` and ``study.md``."""
    found = summary(output, seeds)
    (output / "study.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    lines = ["| condition | batch | epochs | ROC-AUC, macro | 95% interval | PR-AUC, macro | 95% interval |"]
    lines.append("| --- | ---: | ---: | ---: | --- | ---: | --- |")
    for one in found.values():
        cells = [one["title"], ", ".join(str(batch) for batch in one["batches"]), str(one["epochs"])]
        for metric in ("roc_auc_macro", "pr_auc_macro"):
            values, (low, high) = one[metric]["values"], one[metric]["interval"]
            spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
            cells += [f"{statistics.fmean(values):.3f}{spread}", f"{low:.3f} to {high:.3f}"]
        lines.append(f"| {' | '.join(cells)} |")
    (output / "study.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def draw(output: Path, path: Path) -> None:
    """Both areas of every condition, with the interval of the first seed and every seed's own point."""
    from matplotlib.figure import Figure

    found = json.loads((output / "study.json").read_text(encoding="utf-8"))
    names = sorted(found, key=lambda name: found[name]["roc_auc_macro"]["values"][0])
    figure = Figure(figsize=(9, 0.9 + 0.3 * len(names)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for panel, metric, title in zip(panels, ("roc_auc_macro", "pr_auc_macro"), ("ROC-AUC", "PR-AUC"), strict=True):
        for place, name in enumerate(names):
            one = found[name][metric]
            colour = "#0072b2" if name in TAGGERS else "#d55e00"
            panel.plot(one["interval"], [place, place], color=colour, linewidth=2, alpha=0.5)
            panel.plot(one["values"], [place] * len(one["values"]), "o", color=colour, markersize=5)
        panel.set(xlabel=f"{title}, macro", yticks=range(len(names)), yticklabels=[found[n]["title"] for n in names])
        panel.grid(axis="x", alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    seeds = ", ".join(map(str, found[names[0]]["seeds"]))
    n_items = found[names[0]]["n_items"]
    figure.suptitle(
        f"world study, split test, {n_items} items, training seed {seeds}, bootstrap seed 0, 95% intervals", fontsize=9
    )
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--budget", type=float, default=150.0, help="processor seconds of training steps")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES), help="excerpts in a batch")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=list(CONDITIONS))
    parser.add_argument("--run", choices=list(CONDITIONS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    make_small(arguments.world, arguments.output / "small")
    if arguments.run:
        run_one(arguments)
        return
    torch.set_num_threads(1)
    costs(arguments.output, arguments.only or CONDITIONS)
    run_all(arguments)
    write_summary(arguments.output, arguments.seeds)
    draw(arguments.output, arguments.output / "study.png")


if __name__ == "__main__":
    main()
