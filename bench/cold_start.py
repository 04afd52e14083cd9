"""New tracks for listeners by sound, cover and review, each by itself and together, on a generated world.

    tutti world study -o WORLD --seed 0
    python bench/cold_start.py WORLD OUTPUT [--seeds 0 1 2] [--only NAME …]

The approach of Oramas et al. 2017: factors of the plays are told from the vectors of each modality's encoder, early
fusion with a hidden layer, half the cosine distance as the loss; no artist is in two splits. The sounds' encoder is
``tutti-small`` as it is; covers and reviews learn the factors. Then, warm: tracks that others play, ranked by their
factors, a fifth of the plays held out. Runs that ``OUTPUT`` holds are not repeated, and stopped
ones go on. ``OUTPUT/study.md`` and ``study.json`` hold means over seeds of scores and of the ends of their intervals.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutti.data.catalogue import Catalogue
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.recommendation import TITLES
from tutti.evaluation.warm_start import held_out_plays, score_warm
from tutti.files import write_text
from tutti.listening.factors import factorise
from tutti.listening.plays import PlayCounts
from tutti.papers.table import nested
from tutti.search.recommending import ON_THE_SPOT
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

ADAM = {"optimizer": "adam", "weight_decay": 0.0, "schedule": "constant", "learning_rate": 1e-3}
SETTINGS: dict[str, Any] = {
    "scheme.name": "fusion",
    "scheme.target": "listening-factors",
    "scheme.batch_size": 32,
    "scheme.listening.factors": {"n_factors": 32, "alpha": 10.0, "regularisation": 0.1},
    "scheme.fusion": {"n_hidden": 512, "dropout": 0.3},
    "scheme.audio.encoder": "tutti-small",
    "scheme.image.network": {"side": 64, "n_channels": 12, "augmentation": {"jitter": 0.1, "min_area": 0.5}},
    "scheme.image.training": {"epochs": 8, "learning_rate": 3e-3, "precision": "bf16-mixed"},
    "scheme.text.network": {"widths": [256]},
    "training": {**ADAM, "epochs": 40, "patience": 5},
}
ALL = ("audio", "image", "text")
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "audio": ("sound", {"scheme.modalities": ["audio"]}),
    "image": ("cover", {"scheme.modalities": ["image"]}),
    "text": ("review", {"scheme.modalities": ["text"]}),
    "all": ("sound + cover + review, early", {"scheme.modalities": list(ALL)}),
    "late": (
        "sound + cover + review, late",
        {"scheme.modalities": list(ALL), "scheme.fusion": {"kind": "late-mean", "dropout": 0.3}},
    ),
    "plain": (
        "sound + cover + review, words as they are",
        {"scheme.modalities": list(ALL), "scheme.text.network": {"widths": []}},
    ),
    "dropout": (
        "sound + cover + review, early, with modality dropout",
        {"scheme.modalities": list(ALL), "scheme.modality_dropout": 0.3},
    ),
}
METRICS = {"ndcg": "NDCG", "map": "MAP", "coverage": "coverage"}
Report = Mapping[str, Any]


def report_of(world: Path, output: Path, name: str, seed: int) -> Report:
    """The report of a run, which is carried out where its folder does not hold it yet."""
    folder = output / "runs" / f"{name}-seed{seed}"
    if not (folder / "report.json").exists():
        places = {"output": str(folder), "data.catalogue": str(world), "scheme.encoders": str(output / "encoders")}
        settings = {**SETTINGS, **ROWS[name][1], "name": f"cold-start-{name}", "seed": seed, **places}
        print(train(parse_recipe(nested(settings)), quiet=True).report.line(), flush=True)
    report: Report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def warm_lines(world: Path, seeds: Sequence[int]) -> list[str]:
    """The table of tracks that others play."""
    plays = PlayCounts.of_listens(Catalogue.open(world).listens())
    scores = []
    for seed in seeds:
        learned, held_out = held_out_plays(plays, seed=seed)
        factors = factorise(learned, replace(ON_THE_SPOT, seed=seed))
        scores.append(score_warm(factors, learned, held_out, bootstrap=Bootstrap()))
    first = scores[0]
    lines = [
        "",
        f"{world.name}, all splits, {first.n_tracks} tracks that others play, {first.n_users} listeners, "
        f"{first.n_held_out} held-out plays, seeds {', '.join(map(str, seeds))}, bootstrap seed 0.",
        "",
        f"| known tracks ranked by | NDCG@{first.depth} | MAP@{first.depth} | coverage@{first.depth} |",
        "| --- | --- | --- | --- |",
    ]
    for name in ("factors", "popularity", "random"):
        cells = [told([vars(one.metrics[f"{metric} {name}"]) for one in scores]) for metric in METRICS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def told(values: Sequence[Mapping[str, float | None]]) -> str:
    """The mean over seeds, its deviation, and the mean ends of the intervals; nothing where there is no value."""
    if not values:
        return ""
    means, low, high = ([float(one[key] or 0.0) for one in values] for key in ("value", "low", "high"))
    spread = f" ± {statistics.stdev(means):.3f}" if len(means) > 1 else ""
    return f"{statistics.fmean(means):.3f}{spread} [{statistics.fmean(low):.3f}, {statistics.fmean(high):.3f}]"


def line(title: str, key: str, reports: Sequence[Report]) -> str:
    """A line of the table: one row of some reports."""
    names = [*(f"{metric} {key}" for metric in METRICS), f"cosine {key}"]
    cells = [told([one["metrics"][name] for one in reports if name in one["metrics"]]) for name in names]
    return f"| {title} | " + " | ".join(cells) + " |"


def write(output: Path, found: Mapping[str, list[Report]], seeds: Sequence[int]) -> None:
    """Write ``study.json`` and ``study.md``."""
    some = next(iter(found.values()))
    first, k = some[0], some[0]["depth"]
    lines = [
        f"{first['dataset']}, split {first['split']}, {first['n_items']} new tracks ({first['n_unplayed']} unplayed), "
        f"{first['n_users']} listeners, training seeds {', '.join(map(str, seeds))}, bootstrap seed {first['seed']}: "
        "mean ± deviation over seeds, and the mean ends of 95% intervals over listeners (of coverage: Colwell's).",
        "",
        f"| new tracks ranked by | NDCG@{k} | MAP@{k} | coverage@{k} | cosine to the plays' factors |",
        "| --- | --- | --- | --- | --- |",
        *(line(ROWS[name][0], reports[0]["rows"][0], reports) for name, reports in found.items()),
    ]
    if "dropout" in found:
        subsets = [row for row in found["dropout"][0]["rows"][1:] if row not in TITLES]
        lines += [line(f"the last, given {row} only", row, found["dropout"]) for row in subsets]
    lines += [line(title, row, some) for row, title in TITLES.items()]
    if "all" in found:
        gains = {row: [one["metrics"][f"gain {row}"] for one in found["all"]] for row in TITLES}
        lines += ["", f"NDCG@{k} of sound + cover + review above", ""]
        lines += [f"- {TITLES[row]}: {told(values)}" for row, values in gains.items()]
    write_text(output / "study.md", "\n".join(lines) + "\n")
    plain = {name: [one["metrics"] for one in reports] for name, reports in found.items()}
    write_text(output / "study.json", json.dumps({"seeds": list(seeds), "metrics": plain}, indent=1) + "\n")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=list(ROWS), choices=list(ROWS))
    arguments = parser.parse_args()
    found: dict[str, list[Report]] = {name: [] for name in arguments.only}
    for n_done, seed in enumerate(arguments.seeds, start=1):
        for name in arguments.only:
            found[name].append(report_of(arguments.world.absolute(), arguments.output.absolute(), name, seed))
        write(arguments.output, found, arguments.seeds[:n_done])
    study = arguments.output / "study.md"
    write_text(
        study, study.read_text(encoding="utf-8") + "\n".join(warm_lines(arguments.world, arguments.seeds)) + "\n"
    )


if __name__ == "__main__":
    main()
