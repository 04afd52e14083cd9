"""Tables 2 and 6 of Oramas et al. 2018 in miniature, joint training, and emotion, on a generated world.

    tutti world study -o WORLD --seed 0
    python bench/multimodal.py WORLD OUTPUT [--seeds 0 1 2] [--only NAME …]

Table 2: genres of tracks by sound and cover; table 6: tags of albums by sound, review and cover, learned as tags
(LOGISTIC) or as label factors (COSINE); then both trained end to end, and valence and arousal. Networks are small, so
that two processors need an hour. Every run is a recipe; runs that ``OUTPUT`` holds are not repeated, and stopped ones
go on. ``OUTPUT/study.md`` and ``study.json`` hold means over seeds of scores and of the ends of their intervals. All
fusions over all subsets are ``tutti missing``'s work on the bundle of a row.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutti.files import write_text
from tutti.papers.table import nested
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

GENRES = ("rock", "pop", "electronic", "hip hop", "jazz", "folk", "classical", "latin")
LOGISTIC, COSINE = {"scheme.target": "tags"}, {"scheme.target": "label-factors", "scheme.fusion.dropout": 0.3}
ADAM = {"optimizer": "adam", "weight_decay": 0.0, "schedule": "constant"}
SOUNDS = {"n_channels": 12, "n_mels": 48, "n_fft": 1024, "hop_length": 512}
SETTINGS: dict[str, Any] = {
    "data.spelling": "world",
    "model.options": SOUNDS,
    "model.excerpts.count": 4,
    "scheme.name": "fusion",
    "scheme.batch_size": 32,
    "scheme.audio.n_excerpts": 2,
    "scheme.audio.training": {"epochs": 12, "learning_rate": 4e-3, "average_decay": 0.98, "precision": "bf16-mixed"},
    "scheme.image.network": {
        "side": 64,
        "n_channels": 12,
        "augmentation": {"jitter": 0.1, "min_area": 0.5, "lighting": 0.0},
    },
    "scheme.image.training": {"epochs": 12, "learning_rate": 3e-3, "average_decay": 0.98, "precision": "bf16-mixed"},
    "scheme.text.network": {"widths": [256, 256], "n_terms": 10_000},
    "scheme.text.training": {**ADAM, "learning_rate": 1e-3, "epochs": 30, "patience": 4},
    "training": {**ADAM, "learning_rate": 1e-3, "epochs": 40, "patience": 4},
}
TRACKS = {"data.task": "classes", "data.labels": list(GENRES), "scheme.level": "track", "scheme.fusion.dropout": 0.3}
ALBUMS = {
    "data.labels": "top:50",
    "data.min_positives": 3,
    "scheme.level": "album",
    "scheme.audio.target": "label-factors",
    "scheme.text.target": "label-factors",
    "scheme.image.target": "tags",
    "scheme.n_factors": 30,
}
OF_CLASSES = ("f1_macro", "precision_macro", "recall_macro")
OF_TAGS = ("roc_auc_macro", "pr_auc_macro", "adiv_at_1", "adiv_at_3", "adiv_at_5")
OF_VALUES = ("r2_macro", "rmse_macro", "concordance_macro")
HEADS = {
    **{"f1_macro": "F1", "precision_macro": "P", "recall_macro": "R"},
    **{"roc_auc_macro": "ROC-AUC", "pr_auc_macro": "PR-AUC"},
    **{f"adiv_at_{n}": f"ADiv@{n}" for n in (1, 3, 5)},
    **{"r2_macro": "R²", "rmse_macro": "RMSE", "concordance_macro": "concordance"},
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run for each seed.

    Attributes:
        title: In its table.
        settings: Of the recipe, dotted keys.
    """

    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def _of(*modalities: str, **settings: Any) -> dict[str, Any]:
    return {"scheme.modalities": list(modalities), **settings}


SPACE = {"scheme.space": {"learned": {"preset": "oramas2018"}}}
AV = ("audio", "image")
TABLE_2 = {
    "cnn-audio": Row(title="sound", settings=_of("audio")),
    "mm-audio": Row(
        title="sound in the space",
        settings=_of(*AV) | SPACE | {"scheme.streams": "space", "scheme.fused": ["audio"]},
    ),
    "both-audio": Row(
        title="sound, and sound in the space",
        settings=_of(*AV) | SPACE | {"scheme.streams": "both", "scheme.fused": ["audio"]},
    ),
    "cnn-image": Row(title="cover", settings=_of("image")),
    "mm-image": Row(
        title="cover in the space",
        settings=_of(*AV) | SPACE | {"scheme.streams": "space", "scheme.fused": ["image"]},
    ),
    "both-image": Row(
        title="cover, and cover in the space",
        settings=_of(*AV) | SPACE | {"scheme.streams": "both", "scheme.fused": ["image"]},
    ),
    "cnn-av": Row(title="sound + cover", settings=_of(*AV)),
    "mm-av": Row(title="sound + cover in the space", settings=_of(*AV) | SPACE | {"scheme.streams": "space"}),
    "all-av": Row(title="all four vectors", settings=_of(*AV) | SPACE | {"scheme.streams": "both"}),
    "cca-av": Row(
        title="sound + cover by canonical correlations",
        settings=_of(*AV) | {"scheme.space": {"kind": "cca", "embed_dim": 32}, "scheme.streams": "space"},
    ),
}
SHORT = {"audio": "A", "text": "T", "image": "I"}
SETS = (("audio",), ("text",), ("image",), ("audio", "text"), ("audio", "image"), ("text", "image"))
TABLE_6 = {
    f"{''.join(SHORT[one] for one in some)}-{name.lower()}": Row(
        title=f"{' + '.join(SHORT[one] for one in some)}, {name}", settings=_of(*some) | target
    )
    for some in (*SETS, ("audio", "text", "image"))
    for name, target in (("LOGISTIC", LOGISTIC), ("COSINE", COSINE))
}
WHOLE = _of("audio", "text", "image") | LOGISTIC
END_TO_END = {"epochs": 12, "learning_rate": 3e-3, "average_decay": 0.98, "precision": "bf16-mixed", "patience": 6}
WAYS = {
    "early-joint": Row(
        title="A + T + I, early, end to end", settings=WHOLE | {"scheme.way": "joint", "training": END_TO_END}
    ),
    "gated-separate": Row(title="A + T + I, gated, separate", settings=WHOLE | {"scheme.fusion.kind": "gated"}),
    "gated-joint": Row(
        title="A + T + I, gated, end to end",
        settings=WHOLE | {"scheme.way": "joint", "scheme.fusion.kind": "gated", "training": END_TO_END},
    ),
}
EMOTION = {"scheme.level": "track", "scheme.target": "values", "scheme.values": ["valence", "arousal"]}
VALUES = {
    f"emotion-{''.join(SHORT[one] for one in some)}": Row(
        title=" + ".join(SHORT[one] for one in some), settings=_of(*some)
    )
    for some in (*SETS[:3], ("audio", "text", "image"))
}
TABLES: dict[str, tuple[str, dict[str, Row], Mapping[str, Any], Sequence[str]]] = {
    "table2": ("Genres of tracks by sound and cover (table 2)", TABLE_2, TRACKS, OF_CLASSES),
    "table6": ("Tags of albums by sound, review and cover (table 6)", TABLE_6 | WAYS, ALBUMS, OF_TAGS),
    "emotion": ("Valence and arousal of tracks", VALUES, EMOTION, OF_VALUES),
}


@dataclass(frozen=True)
class Study:
    """A world, and the folder of what is made of it."""

    world: Path
    output: Path

    def metrics(self, table: str, name: str, seed: int) -> dict[str, Any]:
        """The report of a run, which is carried out where its folder does not hold it yet."""
        folder = self.output / "runs" / f"{table}-{name}-seed{seed}"
        if not (folder / "report.json").exists():
            _, rows, common, _ = TABLES[table]
            settings = {
                **SETTINGS,
                **common,
                **rows[name].settings,
                "name": f"{table}-{name}",
                "seed": seed,
                "output": str(folder),
                "data.catalogue": str(self.world),
                "data.store": str(self.output / "waveforms"),
                "scheme.encoders": str(self.output / "encoders"),
            }
            print(f"{table} {name} seed {seed}", flush=True)
            run = train(parse_recipe(nested(settings)), quiet=True)
            print(f"  {run.report.line()}", flush=True)
        report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return report


def told(values: Sequence[Mapping[str, float | None]]) -> str:
    """The mean over seeds, its deviation, and the mean ends of the intervals."""
    means = [float(one["value"]) for one in values if one["value"] is not None]
    low, high = (statistics.fmean(float(one[end] or 0.0) for one in values) for end in ("low", "high"))
    spread = f" ± {statistics.stdev(means):.3f}" if len(means) > 1 else ""
    return f"{statistics.fmean(means):.3f}{spread} [{low:.3f}, {high:.3f}]"


def write(study: Study, found: Mapping[tuple[str, str], list[dict[str, Any]]], seeds: Sequence[int]) -> None:
    """Write ``study.json`` and ``study.md``."""
    lines = []
    for table, (title, rows, _, names) in TABLES.items():
        here = {name: found[table, name] for name in rows if (table, name) in found}
        if not here:
            continue
        first = next(iter(here.values()))[0]
        lines += [
            f"## {title}",
            "",
            f"{first['dataset']}, split {first['split']}, {first['n_items']} items, training seeds "
            f"{', '.join(map(str, seeds))}, bootstrap seed {first['seed']}: mean ± deviation over seeds, and the mean "
            "ends of 95% intervals.",
            "",
            "| | " + " | ".join(HEADS[name] for name in names) + " |",
            "| --- |" + " --- |" * len(names),
            *[
                f"| {rows[name].title} | "
                + " | ".join(told([one["metrics"][metric] for one in reports]) for metric in names)
                + " |"
                for name, reports in here.items()
            ],
            "",
        ]
    write_text(study.output / "study.md", "\n".join(lines))
    plain = {f"{table}/{name}": [one["metrics"] for one in reports] for (table, name), reports in found.items()}
    write_text(study.output / "study.json", json.dumps({"seeds": list(seeds), "metrics": plain}, indent=1) + "\n")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=[], help="tables, or rows of them")
    arguments = parser.parse_args()
    study = Study(arguments.world.absolute(), arguments.output.absolute())
    wanted = [
        (table, name)
        for table, (_, rows, _, _) in TABLES.items()
        for name in rows
        if not arguments.only or {table, name} & set(arguments.only)
    ]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in arguments.seeds:
        for table, name in wanted:
            found.setdefault((table, name), []).append(study.metrics(table, name, seed))
            complete = {key: reports for key, reports in found.items() if len(reports) == len(found[wanted[0]])}
            write(study, complete, arguments.seeds[: arguments.seeds.index(seed) + 1])


if __name__ == "__main__":
    main()
