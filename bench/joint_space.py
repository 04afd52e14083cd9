"""What each modality adds to a joint space: spaces of sounds and texts, with covers, with plays, with both.

    tutti world study -o WORLD --seed 0
    tutti index WORLD --model tutti-small
    python bench/joint_space.py WORLD OUTPUT [--seeds 0 1 2]

Every space is a recipe of the scheme ``joint-space`` over the same encoders: tutti-small with its labels, MiniLM over
captions, tags and reviews, a small ResNet that learns the tags from covers first, and factors of the plays. Each space
is asked by every choice of its modalities, always on the same test tracks: those that have all four. Runs that
``OUTPUT`` holds are not repeated, and stopped ones go on. ``OUTPUT/study.md`` and ``study.json`` hold means over seeds.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.evaluation.cross_modal import Direction, paired_difference, reciprocal_ranks, score_cross_modal
from tutti.evaluation.indexed_sounds import encode_items
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.space_report import items_of_space
from tutti.files import write_text
from tutti.models.encoders import Projection
from tutti.models.projections import CanonicalCorrelations
from tutti.models.space_models import SpaceModel, unit_rows
from tutti.papers.table import nested
from tutti.training.joint_space_runs import Work
from tutti.training.kept_vectors import encoded_once
from tutti.training.recipes import Recipe, parse_recipe
from tutti.training.runs import train
from tutti.training.spaces import SpaceTraining, train_space

SETS: dict[str, tuple[str, ...]] = {
    "sound + text": ("audio", "text"),
    "+ cover": ("audio", "text", "image"),
    "+ plays": ("audio", "text", "listening"),
    "all four": ("audio", "text", "image", "listening"),
}
ALL = SETS["all four"]
COVERS: dict[str, Any] = {
    "name": "covers",
    "data.spelling": "world",
    "data.labels": "top:50",
    "scheme.name": "fusion",
    "scheme.modalities": ["image"],
    "scheme.image.network": {
        "side": 64,
        "n_channels": 12,
        "augmentation": {"jitter": 0.1, "min_area": 0.5, "lighting": 0.0},
    },
    "training": {"epochs": 8, "learning_rate": 3e-3, "average_decay": 0.98},
    "evaluation.n_resamples": 50,
}
SPACE: dict[str, Any] = {
    "scheme.name": "joint-space",
    "scheme.text.read": ["caption", "tags", "review"],
    "scheme.listening.factors": {"n_factors": 32},
    "scheme.embed_dim": 128,
    "scheme.batch_size": 512,
    "scheme.network": {"dropout": 0.5},
    "training": {"epochs": 60, "patience": 12, "learning_rate": 1e-3, "weight_decay": 0.05, "loaders": 0},
    "evaluation.n_resamples": 50,
}
SEEN: tuple[Modality, ...] = ("audio", "text", "image")
OLDER = ("cca", "oramas2018", "wu2021-code")
METRICS = ("recall_at_1", "recall_at_10", "median_rank", "mrr")


def _way(asks: str, answers: str) -> Direction:
    return Direction(asks=tuple(asks.split(" + ")), answers=(answers,))


Vectors = dict[str, NDArray[np.float32]]
Reports = Mapping[str, Sequence[Mapping[str, Any]]]
Space = tuple[str, Direction]
COMPARED: list[tuple[str, Space, Space]] = [
    *(
        (f"{asks} + {more} → {answers}, less {asks} alone", ("all four", _way(f"{asks} + {more}", answers)), plain)
        for answers, asks, others in (
            ("audio", "text", ("image", "listening", "image + listening")),
            ("text", "audio", ("image", "listening", "image + listening")),
            ("listening", "audio", ("text", "image")),
            ("image", "audio", ("text", "listening")),
        )
        for plain in [("all four", _way(asks, answers))]
        for more in others
    ),
    *(
        (f"{asks} → {answers} in the space of {name}, less that of sound + text", (name, way), ("sound + text", way))
        for asks, answers in (("text", "audio"), ("audio", "text"))
        for way in [_way(asks, answers)]
        for name in ("+ cover", "+ plays", "all four")
    ),
]


@dataclass(frozen=True)
class Study:
    """A world, and the folder of what is made of it."""

    world: Path
    output: Path

    def recipe(self, settings: Mapping[str, Any], folder: str, seed: int) -> Recipe:
        """A recipe whose run lies in a folder of the study."""
        own = {"seed": seed, "output": str(self.output / folder), "data.catalogue": str(self.world)}
        return parse_recipe(nested({**settings, **own}))

    def covers(self) -> Path:
        """The folder of the encoder of covers, which learns where it has not."""
        if not (self.output / "covers" / "report.json").exists():
            train(self.recipe(COVERS, "covers", 0), quiet=True)
        return self.output / "covers" / "image" / "encoder"

    def folder(self, name: str, seed: int) -> Path:
        """Of a space's run."""
        return self.output / "runs" / f"{'-'.join(one[0] for one in SETS[name])}-seed{seed}"

    def model(self, name: str, seed: int) -> SpaceModel:
        """A space, which is trained where that has not been done."""
        folder = self.folder(name, seed)
        if (folder / "report.json").exists():
            return SpaceModel.load(folder / "model")
        settings = {
            **SPACE,
            "name": f"joint-{'-'.join(SETS[name])}",
            "scheme.modalities": list(SETS[name]),
            "scheme.vectors": str(self.output / "vectors"),
        }
        if "image" in SETS[name]:
            settings["scheme.image.encoder"] = str(self.covers())
        run = train(self.recipe(settings, str(folder.relative_to(self.output)), seed), quiet=True)
        assert isinstance(run.model, SpaceModel)
        print(f"{name}, seed {seed}, best epoch {run.history.best.epoch}", flush=True)
        return run.model

    def complete(self, model: SpaceModel) -> list[Item]:
        """The test tracks that have all four modalities."""
        catalogue = Catalogue.open(self.world)
        played = {listen.track_id for listen in catalogue.listens()}
        return [
            item
            for item in items_of_space(model, catalogue, "test")
            if item.item_id in played and all(item.offers(one) for one in SEEN)
        ]

    def points(self, name: str, seed: int) -> dict[str, NDArray[np.float32]]:
        """Where the test tracks that have all four modalities lie in a space."""
        path = self.folder(name, seed) / "points.npz"
        if not path.exists():
            model = self.model(name, seed)
            catalogue, complete, found = Catalogue.open(self.world), self.complete(model), {}
            for modality, encoder in model.encoders.items():
                if modality in ("text", "image"):  # read once for all spaces
                    encoded = encoded_once(encoder, complete, self.output / "vectors", print)
                else:
                    encoded = encode_items(encoder, complete, catalogue)
                found[str(modality)] = model.place_vectors(modality, encoded.vectors)
            np.savez(path, allow_pickle=False, **found)
        with np.load(path, allow_pickle=False) as kept:
            return {one: kept[one] for one in SETS[name]}

    def report(self, name: str, seed: int) -> dict[str, Any]:
        """The scores of a space."""
        path = self.folder(name, seed) / "study.json"
        points = self.points(name, seed)
        if not path.exists():
            found = score_cross_modal(
                points, model=name, dataset="world study", split="test", bootstrap=Bootstrap(), training_seed=seed
            )
            write_text(path, json.dumps(found.to_json()) + "\n")
            print(found.line(), flush=True)
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return plain

    def older(self, kind: str, seed: int) -> dict[str, Any]:
        """The scores of a space of sounds and texts that is learned otherwise from the same vectors."""
        folder = self.output / "runs" / f"{kind}-seed{seed}"
        path = folder / "study.json"
        if not path.exists():
            known = self.model("sound + text", seed)
            settings = {**SPACE, "name": kind, "scheme.vectors": str(self.output / "vectors")}
            recipe = self.recipe(settings, "older", seed)
            work = Work.open(recipe, True, lambda _: None)
            vectors = {one: work.encoded(encoder).vectors for one, encoder in known.encoders.items()}
            train, valid = ({str(o): v[work.rows[split]] for o, v in vectors.items()} for split in ("train", "valid"))
            projection = learned(kind, train, valid, folder, seed)
            ids = {item.item_id for item in self.complete(known)}
            rows = [row for row in work.rows["test"].tolist() if work.items[row].item_id in ids]
            points = {str(one): unit_rows(projection.project(one, some[rows])) for one, some in vectors.items()}
            found = score_cross_modal(
                points, model=kind, dataset="world study", split="test", bootstrap=Bootstrap(), training_seed=seed
            )
            write_text(path, json.dumps(found.to_json()) + "\n")
            print(found.line(), flush=True)
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return plain

    def gains(self, seeds: Sequence[int]) -> list[str]:
        """What is gained where a query has one modality more, and where the space learned from one more, in MRR."""
        rows = []
        for title, first, second in COMPARED:
            found = []
            for seed in seeds:
                ranks = [reciprocal_ranks(self.points(name, seed), way) for name, way in (first, second)]
                found.append(paired_difference(*ranks, bootstrap=Bootstrap()))
            values = [{"value": one.value, "low": one.low, "high": one.high} for one in found]
            rows.append(f"| {title} | {told(values)} |")
        return rows


def learned(kind: str, train: Vectors, valid: Vectors, folder: Path, seed: int) -> Projection:
    """Sounds and texts brought together by correlations, or as Oramas and Wu did."""
    if kind == "cca":
        return CanonicalCorrelations.fit(train, embed_dim=64)
    quick = SpaceTraining(preset=kind, learning_rate=1e-3, epochs=60, patience=8, accelerator="cpu")
    return train_space(train, valid, quick, folder=folder, seed=seed, quiet=True)


def told(values: Sequence[Mapping[str, float]], digits: int = 3) -> str:
    """The mean over seeds, its deviation, and the mean ends of the intervals."""
    mean, low, high = (statistics.fmean(one[end] for one in values) for end in ("value", "low", "high"))
    spread = f" ± {statistics.stdev(one['value'] for one in values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean:.{digits}f}{spread} [{low:.{digits}f}, {high:.{digits}f}]"


def by_direction(report: Mapping[str, Any]) -> dict[tuple[tuple[str, ...], tuple[str, ...]], Mapping[str, Any]]:
    """Scores by who asks and who answers."""
    return {(tuple(one["direction"]["asks"]), tuple(one["direction"]["answers"])): one for one in report["directions"]}


def tables(found: Reports, seeds: Sequence[int], older: Reports | None = None) -> str:
    """The study as Markdown."""
    first = next(iter(found.values()))[0]
    lines = [
        f"{first['dataset']}, split {first['split']}, {first['n_items']} tracks, training seeds "
        f"{', '.join(map(str, seeds))}, bootstrap seed {first['seed']}: mean ± deviation over seeds, and the mean ends "
        "of 95% intervals.",
        "",
        "| asks → answers | space of | R@1 | R@10 | median rank | MRR | hubs: skewness | never found |",
        "| --- | --- | --- | --- | --- | --- | ---: | ---: |",
    ]
    directions = list(by_direction(found["all four"][0])) if "all four" in found else []
    for asks, answers in directions or list(by_direction(first)):
        for name, reports in found.items():
            here = [scores for one in reports if (scores := by_direction(one).get((asks, answers)))]
            if here:
                lines.append(_row(f"{' + '.join(asks)} → {' + '.join(answers)}", name, here))
    for kind, reports in (older or {}).items():
        for asks, answers in by_direction(reports[0]):
            title = f"{' + '.join(asks)} → {' + '.join(answers)}"
            lines.append(_row(title, f"sound + text, {kind}", [by_direction(one)[asks, answers] for one in reports]))
    chance = next(iter(by_direction(first).values()))["chance"]
    random = " | ".join(f"{chance[metric]:.{_digits(metric)}f}" for metric in METRICS)
    return "\n".join([*lines, f"| a random order | | {random} | 0.00 | |"]) + "\n"


def _row(title: str, name: str, here: Sequence[Mapping[str, Any]]) -> str:
    cells = [told([one["metrics"][metric] for one in here], _digits(metric)) for metric in METRICS]
    skewness = statistics.fmean(one["hubness"]["skewness"] for one in here)
    never = statistics.fmean(one["hubness"]["never_found"] for one in here)
    return f"| {title} | {name} | {' | '.join(cells)} | {skewness:.2f} | {never:.3f} |"


def _digits(metric: str) -> int:
    return 1 if metric == "median_rank" else 3


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=list(SETS), help="spaces")
    arguments = parser.parse_args()
    study = Study(arguments.world.absolute(), arguments.output.absolute())
    found: dict[str, list[dict[str, Any]]] = {}
    for done, seed in enumerate(arguments.seeds, start=1):
        for name in arguments.only:
            found.setdefault(name, []).append(study.report(name, seed))
        page = tables(found, arguments.seeds[:done])
        if set(arguments.only) == set(SETS):
            older = {kind: [study.older(kind, one) for one in arguments.seeds[:done]] for kind in OLDER}
            gains = "\n".join(study.gains(arguments.seeds[:done]))
            page = tables(found, arguments.seeds[:done], older)
            page += f"\n| difference in MRR | |\n| --- | --- |\n{gains}\n"
        write_text(study.output / "study.md", page)
        write_text(study.output / "study.json", json.dumps({"seeds": arguments.seeds[:done], "found": found}) + "\n")


if __name__ == "__main__":
    main()
