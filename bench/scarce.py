"""What helps where labels are scarce: six ways to train a tagger on the generated ``study`` world.

    tutti world study -o WORLD --seed 0
    python bench/scarce.py WORLD OUTPUT [--shares 10 5 100] [--seeds 0 1 2] [--only NAME …] [--jobs 1]

A share is of the artists of the train split, drawn anew for each seed: their tracks keep their tags, all other tracks
of the split lose them. Every run is a recipe, and every final run takes about as many steps (``N_STEPS``) over labelled
excerpts. Runs that ``OUTPUT`` holds are not repeated, and stopped ones go on. A line of ``OUTPUT/results.jsonl`` is a
run; ``scarce.json``, ``scarce.md`` and ``scarce.png`` come from the predictions on the test split: means over seeds,
intervals over seeds and items together.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, open_store
from tutti.data.catalogue import Catalogue
from tutti.data.labels import LabelConfig, choose_labels, label_targets
from tutti.evaluation.intervals import Bootstrap, resampled_areas
from tutti.evaluation.multilabel import pr_auc, roc_auc
from tutti.evaluation.predictions import read_predictions, write_predictions
from tutti.evaluation.report import Predicted
from tutti.models.model import Model
from tutti.models.taggers import find_architecture
from tutti.papers.table import nested
from tutti.training.recipes import Recipe, parse_recipe
from tutti.training.runs import train

SAMPLE_RATE = 16_000  # of the network, Hz
COLOURS = (
    *("#000000", "#e69f00", "#0072b2", "#d55e00", "#999999", "#009e73"),
    *("#b08acb", "#6a3d9a", "#f0e442"),
)
N_STEPS = 300
BATCH = 16  # labelled excerpts a step
N_VALIDATIONS = 5
N_UNLABELLED = 600  # tracks without labels beside those with: teachers must hear them all
N_VALID = 100  # tracks that tell the best epoch: who has few labels has few to validate with
LEAST = 3  # tracks with a label that every draw of artists must leave
NETWORK = {"n_channels": 8, "n_hidden": 64}
SMALLER = {"n_channels": 4, "n_hidden": 32}
CHEAP = {"pitch_shift": 0.0, "reverb": 0.0}  # left out: they cost four fifths of the published chain's time
PUBLISHED = {"augmentation.preset": "code", "augmentation.probabilities": CHEAP}
GENTLE = {"polarity": 0.5, "noise": 0.1, "gain": 0.3, "filter": 0.2, "delay": 0.1, **CHEAP}
ALTERED = {"augmentation.preset": "code", "augmentation.probabilities": GENTLE}
GROUP_NETWORK = {"model.architecture": "artist_group_cnn", "model.excerpts.count": 6}  # seconds, not four
METRICS = {"roc_auc_macro": "ROC-AUC, macro", "pr_auc_macro": "PR-AUC, macro"}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to train.

    Attributes:
        title: In the table.
        settings: Of the recipe, dotted keys.
        options: Of the network.
        needs: The method whose run comes first; its bundle is the teacher, or the start.
        is_shared: Whether labels play no part, so that one run serves all shares.
        is_single: Whether one run serves all seeds too, since it costs minutes.
        is_encoder: Whether the run ends without labels, and is no row of the table.
    """

    title: str
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, int] = field(default_factory=lambda: dict(NETWORK))
    needs: str | None = None
    is_shared: bool = False
    is_single: bool = False
    is_encoder: bool = False


METHODS: dict[str, Method] = {
    "supervised": Method(title="supervised"),
    "augmented": Method(title="+ augmentation", settings=ALTERED),
    "expansion": Method(title="+ expansion (a student of the same size)", settings=ALTERED, needs="supervised"),
    "distillation": Method(
        title="+ distillation (a student of a quarter)", settings=ALTERED, options=SMALLER, needs="supervised"
    ),
    "supervised-smaller": Method(title="supervised, a quarter of the size", options=SMALLER),
    "contrastive": Method(
        title="contrastive",
        settings={
            **PUBLISHED,
            "scheme.name": "contrastive",
            "scheme.batch_size": 48,
            "training.epochs": 2,
            "training.monitor": "top_1",
            "training.average_decay": 0.0,
            "evaluation.n_resamples": 10,
        },
        is_shared=True,
        is_encoder=True,
    ),
    "self-supervised": Method(title="+ self-supervised start", needs="contrastive"),
    # factors of MFCC and their differences for all artists of the split; what a multi-task network learned of them,
    # with a new head for tags, against the same network from scratch
    "groups": Method(
        title="artist groups",
        settings={
            **GROUP_NETWORK,
            "scheme.name": "artist-groups",
            "scheme.batch_size": 48,
            "scheme.excerpts_per_track": 2,
            "scheme.tasks": ["mfcc", "dmfcc"],
            "scheme.network": "multi",
            "scheme.groups.n_terms": 512,
            "data.task": "classes",
            "data.labels": ["calm", "indie rock"],
            "training.epochs": 4,
            "training.average_decay": 0.0,
            "evaluation.split": "valid",
            "evaluation.n_resamples": 10,
        },
        options={"n_channels": 8},
        is_shared=True,
        is_single=True,
        is_encoder=True,
    ),
    "supervised-groups": Method(
        title="supervised, the network of artist groups", settings=GROUP_NETWORK, options={"n_channels": 8}
    ),
    "artist-groups": Method(
        title="+ artist group factors", settings=GROUP_NETWORK, options={"n_channels": 8}, needs="groups"
    ),
    "augmented-published": Method(title="+ augmentation as often as published", settings=PUBLISHED),
}
BASES = {"distillation": "supervised-smaller", "artist-groups": "supervised-groups"}  # what gains are over
ROWS = [name for name, method in METHODS.items() if not method.is_encoder]


@dataclass(frozen=True, order=True)
class Run:
    """A method, the share of artists whose labels are known (percent), and a seed."""

    method: str
    share: int
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.method}-{self.share}-seed{self.seed}"

    @property
    def before(self) -> Run | None:
        """The run that comes first."""
        needs = METHODS[self.method].needs
        if needs is None:
            return None
        seed = 0 if METHODS[needs].is_single else self.seed
        return Run(needs, 100 if METHODS[needs].is_shared else self.share, seed)

    @property
    def fellow(self) -> Run | None:
        """The run that stores the pseudo-labels of both."""
        return dataclasses.replace(self, method="expansion") if self.method == "distillation" else None


@dataclass(frozen=True)
class Study:
    """A world, and the folder of what is made of it."""

    world: Path
    output: Path

    def folder(self, run: Run) -> Path:
        """Of a run."""
        return self.output / "runs" / run.name

    def catalogue(self, share: int, seed: int) -> Path:
        """Where a share of the artists has kept its labels; made where it is not there yet."""
        folder = self.output / "catalogues" / f"{share}-seed{seed if share < 100 else 0}"
        if not folder.exists():
            tracks = Catalogue.open(self.world).tracks()
            known = labelled_artists(tracks, share, seed)
            valid, heard = valid_ids(tracks), unlabelled_ids(tracks, known, seed)
            Catalogue.create(folder).put_tracks(
                dataclasses.replace(track, tags=()) if track.track_id in heard else track
                for track in tracks
                if track.split == "test"
                or (track.split == "valid" and track.track_id in valid)
                or (track.split == "train" and (track.artist in known or track.track_id in heard))
            )
        return folder

    def unlabelled(self) -> Path:
        """All tracks of the train split without their tags: what students hear where every label is known."""
        folder = self.output / "catalogues" / "unlabelled"
        if not folder.exists():
            tracks = Catalogue.open(self.world).tracks(where="split = 'train'")
            Catalogue.create(folder).put_tracks(dataclasses.replace(track, tags=()) for track in tracks)
        return folder

    def decode(self, sample_rate: int = SAMPLE_RATE) -> WaveformStore:
        """All sounds of the train split, the validating ones and the test split's, in the one store of all runs."""
        tracks = Catalogue.open(self.world).tracks()
        valid = valid_ids(tracks)
        splits = {split: [track for track in tracks if track.split == split] for split in ("train", "valid", "test")}
        splits["valid"] = [track for track in splits["valid"] if track.track_id in valid]
        splits["test"] = [track for track in splits["test"] if track.tags]
        stores = [
            open_store(
                {split: [Recording.from_file(one.audio, key=one.track_id) for one in splits[split] if one.audio]
                 for split in some},
                self.output / (folder if sample_rate == SAMPLE_RATE else f"{folder}-{sample_rate}"),
                sample_rate=sample_rate,
                resampling=Resampling(),
            )
            for folder, some in (("waveforms", ("train", "valid")), ("waveforms-test", ("test",)))
        ]  # fmt: skip
        return stores[1]

    def labels(self, shares: Iterable[int] = (5, 10), seeds: Iterable[int] = (0, 1, 2)) -> list[str]:
        """The world's most frequent tags that every draw of artists leaves some tracks of."""
        path = self.output / "labels.json"
        if not path.exists():
            tracks = [track for track in Catalogue.open(self.world).tracks() if track.audio and track.tags]
            names = choose_labels(tracks, LabelConfig(labels="top:50", min_positives=10, spelling="world"))
            train, valid = ([track for track in tracks if track.split == one] for one in ("train", "valid"))
            parts = [[track for track in valid if track.track_id in valid_ids(tracks)]]
            for share, seed in itertools.product(shares, seeds):
                known = labelled_artists(tracks, share, seed)
                parts.append([track for track in train if track.artist in known])
            least = np.min([label_targets(part, names, spelling="world").sum(axis=0) for part in parts], axis=0)
            path.write_text(json.dumps([name for name, n in zip(names, least, strict=True) if n >= LEAST]))
        return list(json.loads(path.read_text(encoding="utf-8")))

    def recipe(self, run: Run) -> Recipe:
        """What a run is."""
        method, catalogue = METHODS[run.method], self.catalogue(run.share, run.seed)
        settings: dict[str, Any] = {
            "name": run.name,
            "seed": run.seed,
            "output": str(self.folder(run)),
            "data.catalogue": str(catalogue),
            "data.store": str(self.output / "waveforms"),
            "data.spelling": "world",
            "data.labels": self.labels(),
            "model.architecture": "compact_cnn",
            "model.excerpts.count": 3,
            "scheme.batch_size": BATCH,
            "training.learning_rate": 3e-3,
            "training.average_decay": 0.98,
            "training.patience": 0,
            "training.accelerator": "cpu",
            "training.loaders": 0,
            **{f"model.options.{key}": value for key, value in method.options.items()},
        }
        if not method.is_encoder:
            settings |= {"training.monitor": "pr_auc_macro", "scheme.valid_excerpts": 2}
            settings |= {"evaluation.split": "valid", "evaluation.n_resamples": 10}  # the test split is scored here
            settings |= self._length(run, catalogue)
        settings |= self._lesson(run) | method.settings
        rate = find_architecture(settings["model.architecture"]).config.sample_rate
        if rate != SAMPLE_RATE:
            settings["data.store"] = str(self.output / f"waveforms-{rate}")
        return parse_recipe(nested(settings), origin=run.name)

    def _length(self, run: Run, catalogue: Path) -> dict[str, Any]:
        tracks = Catalogue.open(catalogue).tracks(where="split = 'train'")
        n_tracks = sum(bool(track.audio and track.tags) for track in tracks)
        if run.method in ("expansion", "distillation"):
            n_tracks = len(tracks) if run.share == 100 else len(tracks) - n_tracks
        each = max(1, round(N_STEPS * BATCH / N_VALIDATIONS / n_tracks))
        epochs = max(1, round(N_STEPS * BATCH / (n_tracks * each)))
        return {"scheme.excerpts_per_track": each, "training.epochs": epochs}

    def _lesson(self, run: Run) -> dict[str, Any]:
        """What a run takes from the one before it."""
        if run.before is None:
            return {}
        bundle = str(self.folder(run.before) / "model")
        if run.method == "self-supervised":
            return {"model.start.from": bundle}
        if run.method == "artist-groups":
            network = self.folder(run.before) / "artist-groups" / "networks" / "multi-mfcc-dmfcc" / "model"
            return {"model.start.from": str(network)}
        heard = self.output / "pseudo-labels" / f"{run.share}-seed{run.seed}"
        lesson = {
            "scheme.name": "noisy-student",
            "scheme.teachers": {"catalogue": [bundle]},
            "scheme.pseudo_labels": str(heard),
            "scheme.store": str(self.output / "waveforms"),
            "scheme.batch_size": 2 * BATCH,
        }
        return lesson | ({"scheme.unlabelled": str(self.unlabelled())} if run.share == 100 else {})

    def is_done(self, run: Run) -> bool:
        """Whether a run's result is there."""
        last = "report.json" if METHODS[run.method].is_encoder else "predictions.npz"
        return (self.folder(run) / last).exists()

    def carry_out(self, run: Run) -> None:
        """A run in this process, its predictions of the test split, and its line among the results."""
        torch.set_num_threads(1)
        began, wall = time.process_time(), time.perf_counter()
        recipe = self.recipe(run)
        trained = train(recipe, quiet=True)
        seconds = {"processor_seconds_training": round(time.process_time() - began, 1)}
        line: dict[str, Any] = {**dataclasses.asdict(run), "epochs": len(trained.history.epochs)}
        if not METHODS[run.method].is_encoder:
            write_predictions(self.predict(trained.model), self.folder(run) / "predictions.npz")
        metrics = {name: estimate.value for name, estimate in trained.report.metrics.items()}
        seconds |= {"processor_seconds": round(time.process_time() - began, 1)}
        seconds |= {"wall_seconds": round(time.perf_counter() - wall, 1)}
        kept = {name: metrics[name] for name in (*METRICS, "top_1") if name in metrics}
        with (self.output / "results.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, **seconds, "valid": kept}) + "\n")
        print(run.name, seconds, kept, flush=True)

    def predict(self, model: Model) -> Predicted:
        """What a model says of the test split, from the same excerpts of sounds that were decoded once."""
        store = self.decode(model.sample_rate)
        tracks = {track.track_id: track for track in Catalogue.open(self.world).tracks(where="split = 'test'")}
        plan = model.config.excerpt_spec.plan
        scores = []
        with torch.inference_mode():
            for row, n_samples in enumerate(store.n_samples.tolist()):
                starts = plan.starts(n_samples)
                heard = store.excerpts([row] * len(starts), starts, n_samples=model.n_samples)
                scores.append(torch.sigmoid(model.folded_network(torch.from_numpy(heard))).mean(dim=0).numpy())
        return Predicted(
            model=model.name,
            dataset="world study",
            split="test",
            labels=model.labels,
            targets=label_targets([tracks[key] for key in store.keys], model.labels, spelling="world"),
            scores=np.stack(scores),
            training_seed=model.config.training["seed"],
            ids=store.keys,
        )


def labelled_artists(tracks: Iterable[Any], share: int, seed: int) -> set[str | None]:
    """A share of the artists of the train split, drawn at random; a smaller one of the same seed is part of it."""
    artists = sorted({track.artist or "" for track in tracks if track.split == "train"})
    order = np.random.default_rng(seed).permutation(artists).tolist()
    return set(order[: round(share / 100 * len(artists))])


def unlabelled_ids(tracks: Iterable[Any], known: set[str | None], seed: int) -> set[str]:
    """Tracks by the other artists of the train split, drawn at random."""
    ids = sorted(one.track_id for one in tracks if one.split == "train" and one.audio and one.artist not in known)
    return set(np.random.default_rng(seed).permutation(ids)[:N_UNLABELLED].tolist())


def valid_ids(tracks: Iterable[Any]) -> set[str]:
    """The tracks of the validation split that are used, drawn at random, the same for all."""
    ids = sorted(track.track_id for track in tracks if track.split == "valid" and track.audio and track.tags)
    return set(np.random.default_rng(0).permutation(ids)[:N_VALID].tolist())


def in_order(shares: Iterable[int], seeds: Iterable[int], names: Iterable[str]) -> Iterator[Run]:
    """All runs, those that others need before them, the share named first before the others."""
    told: set[Run] = set()
    for share, seed, name in itertools.product(shares, seeds, names):
        run = Run(name, share, seed)
        for one in (run.before, run):
            if one is not None and one not in told:
                told.add(one)
                yield one


def run_all(study: Study, runs: Iterable[Run], *, jobs: int, until: float | None) -> None:
    """Every run that is not there yet; with several jobs, each in a process of its own with one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended: dict[Run, Future[None]] = {}

    def carry_out(run: Run) -> None:
        if study.is_done(run) or (until is not None and time.time() > until):
            return
        for before in (run.before, run.fellow):
            if before in ended:
                ended[before].result()
        if run.before is not None and not study.is_done(run.before):
            print(f"{run.name} waits for {run.before.name}")
            return
        if jobs == 1:
            study.carry_out(run)
            return
        command = [sys.executable, __file__, str(study.world), str(study.output), "--run"]
        command += [run.method, str(run.share), str(run.seed)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        print((done.stdout if done.returncode == 0 else f"{run.name} failed: {done.stderr[-800:]}").strip(), flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        for run in runs:  # runs that others wait for come before them, so that nobody waits for ever
            ended[run] = pool.submit(carry_out, run)


def resampled(predicted: Predicted, bootstrap: Bootstrap) -> dict[str, np.ndarray]:
    """The macro areas of the items as they are, first, and of every resample of them. Shape (1 + resamples,)."""
    every = resampled_areas(predicted.targets, predicted.scores, bootstrap=bootstrap)
    exact = {"roc_auc_macro": roc_auc, "pr_auc_macro": pr_auc}
    return {
        name: np.concatenate([[measure(predicted.targets, predicted.scores)], every[name]])
        for name, measure in exact.items()
    }


def summarise(study: Study, shares: Iterable[int], seeds: list[int], *, n_resamples: int) -> list[dict[str, Any]]:
    """A row for each method and share that has runs: means, and intervals over seeds and items, also of the gain.

    Every resample draws items, the same for all methods, and seeds, with replacement.
    """
    bootstrap = Bootstrap(n_resamples=n_resamples)
    rows = []
    for share in shares:
        areas: dict[str, dict[int, dict[str, np.ndarray]]] = {}
        for name, seed in itertools.product(ROWS, seeds):
            path = study.folder(Run(name, share, seed)) / "predictions.npz"
            if path.exists():
                areas.setdefault(name, {})[seed] = resampled(read_predictions(path), bootstrap)
        for name, by_seed in areas.items():
            row: dict[str, Any] = {"method": name, "share": share, "seeds": sorted(by_seed)}
            base = areas.get(BASES.get(name, "supervised"), {})
            for metric in METRICS:
                ours = np.stack([by_seed[seed][metric] for seed in sorted(by_seed)])
                row[metric] = interval(ours, bootstrap)
                both = [seed for seed in sorted(by_seed) if seed in base]
                if both and base is not by_seed:
                    gains = np.stack([by_seed[seed][metric] - base[seed][metric] for seed in both])
                    row[f"{metric}_gain"] = interval(gains, bootstrap)
            rows.append(row)
    return rows


def interval(values: np.ndarray, bootstrap: Bootstrap) -> dict[str, Any]:
    """The mean over seeds, each seed's value, and the interval over seeds and items. Shape (seeds, 1 + resamples)."""
    n_seeds, n_resamples = len(values), values.shape[1] - 1
    drawn = np.random.default_rng(1).integers(n_seeds, size=(n_resamples, n_seeds))
    samples = np.take_along_axis(values[:, 1:].T, drawn, axis=1).mean(axis=1)
    mean = float(values[:, 0].mean())
    low, high = bootstrap.interval(samples, value=mean)
    return {"value": mean, "low": low, "high": high, "by_seed": values[:, 0].tolist()}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = ["| labels | method | seeds | ROC-AUC, macro | 95% interval | gain | PR-AUC, macro | 95% interval | gain |"]
    lines.append("| --- | --- | ---: | ---: | --- | --- | ---: | --- | --- |")
    for row in rows:
        cells = [f"{row['share']} %", METHODS[row["method"]].title, str(len(row["seeds"]))]
        for metric in METRICS:
            one, gain = row[metric], row.get(f"{metric}_gain")
            cells += [f"{one['value']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}"]
            cells.append(f"{gain['value']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}]" if gain else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """PR-AUC and ROC-AUC of every method over the share of labels, with intervals and every seed's point."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.4), layout="constrained")
    shares = sorted({row["share"] for row in rows})
    colours = dict(zip(ROWS, COLOURS, strict=True))
    for panel, (metric, title) in zip(figure.subplots(1, 2), METRICS.items(), strict=True):
        names = [name for name in ROWS if any(row["method"] == name for row in rows)]
        for place, name in enumerate(names):
            some = sorted((row for row in rows if row["method"] == name), key=lambda row: row["share"])
            across = [shares.index(row["share"]) + (place - (len(names) - 1) / 2) * 0.1 for row in some]
            for x, row in zip(across, some, strict=True):
                one = row[metric]
                panel.plot([x, x], [one["low"], one["high"]], color=colours[name], linewidth=3, alpha=0.4)
                panel.plot([x] * len(one["by_seed"]), one["by_seed"], ".", color=colours[name], markersize=4)
            values = [row[metric]["value"] for row in some]
            panel.plot(across, values, "o", color=colours[name], markersize=6, label=METHODS[name].title)
        panel.set(ylabel=title, xlabel="artists whose labels are known", xticks=range(len(shares)))
        panel.set_xlim(-0.5, len(shares) - 0.5)
        panel.set_xticklabels([f"{share} %" for share in shares])
        panel.grid(axis="y", alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    figure.legend(*panel.get_legend_handles_labels(), fontsize=8, frameon=False, loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--shares", type=int, nargs="+", default=[10, 5, 100], help="percent, in this order")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="begin no run later than this; the same command goes on")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    study = Study(arguments.world, arguments.output)
    if arguments.run:
        method, share, seed = arguments.run
        study.carry_out(Run(method, int(share), int(seed)))
        return
    torch.set_num_threads(1)
    study.labels()
    study.decode()
    for share, seed in itertools.product(arguments.shares, arguments.seeds):
        study.catalogue(share, seed)
    if 100 in arguments.shares:
        study.unlabelled()
    until = None if arguments.minutes is None else time.time() + 60 * arguments.minutes
    runs = in_order(arguments.shares, arguments.seeds, arguments.only)
    run_all(study, runs, jobs=arguments.jobs, until=until)
    rows = summarise(study, sorted(arguments.shares), arguments.seeds, n_resamples=arguments.resamples)
    (study.output / "scarce.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    (study.output / "scarce.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))
    if rows:
        draw(rows, study.output / "scarce.png")


if __name__ == "__main__":
    main()
