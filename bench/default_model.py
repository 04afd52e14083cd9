"""How well the default model agrees with its teachers on songs that it never heard, and how much faster it is.

    TUTTI_MODELS=CHECKPOINTS python bench/default_model.py MUSIC… [--held-out NAMES.txt] [--model tutti-small]
        [--speed] [--pairs 7] [--json FILE]

Agreement: every model hears every song as `tutti tag` would. For each label of a label set, over songs, Spearman's rank
correlation of the model's label that stands for it (``label_sources`` of its bundle) with the average of the set's
teachers; then the mean over labels, with a bootstrap interval over songs. Beside it the best single teacher against the
average of the others: what one published tagger tells about the rest.

Speed, with one thread: the network alone, from waveform to probabilities, on the same seconds of sound; and tagging
whole files, decoding included, each model hearing the excerpts of its own plan. Runs alternate; the interval is that of
the median ratio over pairs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pairs import Pairs, describe_machine, time_in_turn

from tutti.data.folder import scan
from tutti.evaluation.agreement import estimate_rank_correlation
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate
from tutti.models.inference import batch_size
from tutti.models.model import Model
from tutti.models.tagging import tag_files
from tutti.models.zoo import load_model, published_checkpoints

BASELINE = "musicnn-mtat"
LABEL_SETS = ("mtat", "jamendo", "msd")
# What one second of speed is measured on: a whole number of excerpts of both models.
SECONDS = 48.0

Heard = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of one label set: the model with the average of its teachers, and the best teacher with that of the others."""

    label_set: str
    n_songs: int
    n_labels: int
    model: Estimate
    best_teacher: str
    teacher: Estimate

    def __str__(self) -> str:
        return (
            f"{self.label_set}: {self.model} with the average of its teachers on {self.n_labels} labels, "
            f"{self.n_songs} songs; {self.best_teacher} with the average of the others {self.teacher}"
        )


def choose(folders: Sequence[Path], held_out: Path | None) -> list[Path]:
    """Sound files of the folders, or those of them that the list names, by the end of their paths."""
    files = [file.path for file in scan(*folders).files]
    if held_out is None:
        return files
    lines = held_out.read_text(encoding="utf-8").splitlines()
    names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    chosen = [file for file in files if any(f"/{file.as_posix()}".endswith(f"/{name}") for name in names)]
    if not chosen:
        raise SystemExit(f"none of the {len(names)} names in {held_out} is among {len(files)} files")
    return chosen


def hear(files: Sequence[Path], models: Sequence[Model]) -> tuple[Heard, int]:
    """What each model says, in rows of songs that all could hear; and how many songs those are."""
    tagged, failures = tag_files(files, models)
    for file, why in failures.items():
        print(f"left out: {file}: {why.message}")
    labels = {model.name: model.labels for model in models}
    rows: dict[str, list[list[float]]] = {model.name: [] for model in models}
    for one in tagged:
        rows[one.model].append([one.tags[label] for label in labels[one.model]])
    return {name: np.asarray(some) for name, some in rows.items()}, len(files) - len(failures)


def teachers_of(label_set: str) -> list[str]:
    return [name for name, entry in published_checkpoints().items() if entry.data.name == label_set]


def sources_of(model: Model) -> Mapping[str, Sequence[str]]:
    """Which labels the model's stand for; of a published model its own."""
    if model.config.label_sources:
        return model.config.label_sources
    label_set = published_checkpoints()[model.name].data.name
    return {label: (f"{label_set}:{label}",) for label in model.labels}


def agreement(model: Model, heard: Heard, label_set: str, bootstrap: Bootstrap) -> Agreement:
    """See the module."""
    names = teachers_of(label_set)
    labels = published_checkpoints()[names[0]].labels
    place = {source: i for i, some in enumerate(sources_of(model).values()) for source in some}
    pairs = [(place[f"{label_set}:{label}"], j) for j, label in enumerate(labels) if f"{label_set}:{label}" in place]
    ours, theirs = (
        heard[model.name][:, [i for i, _ in pairs]],
        [heard[name][:, [j for _, j in pairs]] for name in names],
    )
    singles = {
        name: estimate_rank_correlation(heard[name], _mean(heard[other] for other in names if other != name), bootstrap)
        for name in names
    }
    best = max(singles, key=lambda name: singles[name].value)
    return Agreement(
        label_set=label_set,
        n_songs=len(ours),
        n_labels=len(pairs),
        model=estimate_rank_correlation(ours, _mean(theirs), bootstrap),
        best_teacher=best,
        teacher=singles[best],
    )


def _mean(arrays: Any) -> NDArray[np.float64]:
    return np.mean(list(arrays), axis=0)


def time_networks(ours: Model, theirs: Model, *, n_pairs: int) -> Pairs:
    """Both networks as they predict, on the same seconds of noise, in batches as `tutti tag` makes them."""

    def work(model: Model) -> Any:
        seconds = model.n_samples / model.sample_rate
        n_excerpts = round(SECONDS / seconds)
        size = min(n_excerpts, batch_size(seconds, device="cpu"))
        sound = 0.1 * torch.randn(n_excerpts, model.n_samples, generator=torch.Generator().manual_seed(0))

        def run() -> None:
            with torch.inference_mode():
                for batch in sound.split(size):
                    torch.sigmoid(model.folded_network(batch))

        run()
        return run

    return time_in_turn(work(ours), work(theirs), n_pairs=n_pairs)


def time_tagging(ours: Model, theirs: Model, files: Sequence[Path], *, n_pairs: int) -> Pairs:
    """Whole files, decoding included."""
    for model in (ours, theirs):
        tag_files(files[:1], [model])
    return time_in_turn(lambda: tag_files(files, [ours]), lambda: tag_files(files, [theirs]), n_pairs=n_pairs)


def ratio(pairs: Pairs, *, n_resamples: int = 1000) -> Estimate:
    """The median ratio over pairs, with its 95% bootstrap interval."""
    ratios = np.asarray(pairs.ratios)
    drawn = np.random.default_rng(0).choice(ratios, size=(n_resamples, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return Estimate(value=float(np.median(ratios)), low=float(low), high=float(high))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="+", type=Path)
    parser.add_argument("--held-out", type=Path, help="only these songs: names, one a line")
    parser.add_argument("--model", default="tutti-small", help="a name or a bundle's folder")
    parser.add_argument("--sets", nargs="+", default=LABEL_SETS, choices=LABEL_SETS)
    parser.add_argument("--songs", type=int, help="at most so many")
    parser.add_argument("--speed", action="store_true", help="only measure speed")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--files", type=int, default=3, help="to tag when speed is measured")
    parser.add_argument("--json", type=Path, help="where to keep the figures, for `tutti models describe --scores`")
    options = parser.parse_args()

    torch.set_num_threads(1)
    files = choose(options.music, options.held_out)[: options.songs]
    model = load_model(options.model)
    result: dict[str, Any] = {"fingerprint": model.fingerprint, "machine": describe_machine()}
    print(describe_machine())
    if not options.speed:
        models = [model, *(load_model(name) for one in options.sets for name in teachers_of(one) if name != model.name)]
        heard, n_songs = hear(files, models)
        bootstrap = Bootstrap()
        names = " and ".join(folder.resolve().name for folder in options.music)
        result |= {
            "dataset": names,
            "split": options.held_out.stem if options.held_out else "all",
            "seed": bootstrap.seed,
            "n_items": n_songs,
            "bootstrap": asdict(bootstrap),
            "agreement": [],
        }
        for one in options.sets:
            found = agreement(model, heard, one, bootstrap)
            print(found, flush=True)
            result["agreement"].append(asdict(found))
    baseline = load_model(BASELINE)
    network = time_networks(model, baseline, n_pairs=options.pairs)
    tagging = time_tagging(model, baseline, files[: options.files], n_pairs=options.pairs)
    for what, pairs in (("network alone", network), ("tagging whole files", tagging)):
        print(f"{what}: {ratio(pairs)} times the speed of {BASELINE}, {len(pairs.ours)} pairs", flush=True)
    result["speed"] = {"network": asdict(ratio(network)), "tagging": asdict(ratio(tagging)), "n_pairs": options.pairs}
    if options.json:
        options.json.write_text(json.dumps({"agreement with teachers": result}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
