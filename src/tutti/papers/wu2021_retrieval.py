"""Figure 2 of Wu, Fuentes and Bello 2021: retrieval across modalities, for every pair of encoders.

Data, vectors and spaces are ``wu2021_pairs``' matter; what is published stands in ``wu2021``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tutti.errors import import_extra
from tutti.evaluation.report import Estimate
from tutti.evaluation.retrieval import RetrievalSettings, retrieval_metrics
from tutti.files import atomic_file
from tutti.papers.experiment import Experiment, ExperimentOrder, Findings, Judged, Outcome, Statement
from tutti.papers.wu2021_pairs import (
    MODALITIES,
    WuSettings,
    encode_pairs,
    read_pairs,
    read_settings,
    translation,
)

DIRECTIONS = ("audio_to_image", "image_to_audio")
UNUSED = dict.fromkeys(("n_components", "per_class", "n_trees", "max_depth"), "nothing is classified here")

BEST = Statement(
    text="YAMNet with ResNet is the best pair, both ways",
    where="4.1",
    criterion="encoders named yamnet and resnet… reach the highest NDCG@30 of at least two pairs, both ways",
)
OPENL3 = Statement(
    text="every pair with OpenL3's image embedding falls clearly behind",
    where="4.1",
    criterion="each pair with pictures by an encoder named openl3… is below every other, both ways",
)
UNTRANSLATED = Statement(
    text="OpenL3 untranslated is below chance from sounds to pictures",
    where="4.1",
    criterion="its vectors, compared as they are, are below the mean over all orders",
)


def retrieve(exhibit: Experiment, order: ExperimentOrder) -> Outcome:
    """NDCG of every pair of encoders, translated and, where they are of one size, as they are."""
    settings = read_settings(order, unused=UNUSED)
    pairs = read_pairs(order, settings)
    vectors = {one: encode_pairs(order, pairs, one, getattr(settings, one)) for one in MODALITIES}
    rows = np.flatnonzero(pairs.found)
    relevance = pairs.ontology.relevance(*[[pairs.labels[int(row)] for row in rows]] * 2)
    scoring = RetrievalSettings(depth=settings.depth, bootstrap=order.bootstrap)
    found: dict[str, dict[str, Estimate]] = {}
    for heard, sounds in vectors["audio"].items():
        for seen, pictures in vectors["image"].items():
            own = {"audio": sounds, "image": pictures}
            name = f"{heard}+{seen}"
            space = translation(order, pairs, own, settings, name=name)
            found[name] = retrieval_metrics(
                {key: space.project(key, some[rows]) for key, some in own.items()}, relevance, scoring
            )
            if sounds.shape[1] == pictures.shape[1]:
                as_they_are = {key: some[rows] for key, some in own.items()}
                found[f"{name}, untranslated"] = retrieval_metrics(as_they_are, relevance, scoring)
    told = pairs.told(order, vectors["audio"] | vectors["image"])
    findings = Findings(
        exhibit=exhibit,
        setting=f"{told}, {pairs.train.sum():,} pairs translated, {len(rows):,} retrieved",
        judged=judge_retrieval(found),
        tables=_retrieval_table(found, settings),
        values={name: {key: dataclasses.asdict(one) for key, one in some.items()} for name, some in found.items()},
        smoke=order.smoke,
    )
    path = order.folder / "retrieval.png"
    _draw_retrieval(found, findings.setting, path, depth=settings.depth)
    return findings.written(order, [path])


def judge_retrieval(found: Mapping[str, Mapping[str, Estimate]]) -> tuple[Judged, ...]:
    """The statements beside NDCG by pairs of encoders, whose names say which they are: ``<sounds>+<pictures>``."""
    translated = {name: some for name, some in found.items() if not name.endswith("untranslated")}
    best = [max(translated, key=lambda name: translated[name][f"ndcg_{way}"].value) for way in DIRECTIONS]
    is_wu = [name for name in translated if name.startswith("yamnet") and "+resnet" in name]
    judged = [
        Judged(
            statement=BEST,
            ours="; ".join(f"{_way(way)}: {name}" for way, name in zip(DIRECTIONS, best, strict=True)),
            holds={*best} <= {*is_wu} if is_wu and len(translated) > 1 else None,
        )
    ]
    behind = {name for name in translated if "+openl3" in name}
    others = {*translated} - behind
    is_behind = [
        max(translated[name][f"ndcg_{way}"].value for name in behind)
        < min(translated[name][f"ndcg_{way}"].value for name in others)
        for way in DIRECTIONS
        if behind and others
    ]
    told = "no such encoder was given" if not behind else f"{sum(is_behind)} of {len(is_behind)} ways"
    judged.append(Judged(statement=OPENL3, ours=told, holds=all(is_behind) if is_behind else None))
    plain = [some for name, some in found.items() if name.startswith("openl3") and name.endswith("untranslated")]
    ours = [(some["ndcg_audio_to_image"].value, some["ndcg_audio_to_image_random"].value) for some in plain]
    judged.append(
        Judged(
            statement=UNTRANSLATED,
            ours="; ".join(f"{value:.3f}, chance {chance:.3f}" for value, chance in ours)
            or "no such encoders were given",
            holds=all(value < chance for value, chance in ours) if ours else None,
        )
    )
    return tuple(judged)


def _retrieval_table(found: Mapping[str, Mapping[str, Estimate]], settings: WuSettings) -> str:
    heads = [f"{_way(way)}, NDCG@{settings.depth}" for way in DIRECTIONS]
    lines = [f"| encoders | {heads[0]} | chance | {heads[1]} | chance |", "| --- | --- | ---: | --- | ---: |"]
    for name, some in found.items():
        cells = [f"{some[f'ndcg_{way}']} | {some[f'ndcg_{way}_random'].value:.3f}" for way in DIRECTIONS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _draw_retrieval(found: Mapping[str, Mapping[str, Estimate]], setting: str, path: Path, *, depth: int) -> None:
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing the figure")
    figure = figures.Figure(figsize=(max(6.0, 1.6 * len(found) + 2), 3.8), layout="constrained")
    panel = figure.subplots()
    for number, (way, colour) in enumerate(zip(DIRECTIONS, ("#0072b2", "#d55e00"), strict=True)):
        places = np.arange(len(found)) + 0.4 * number - 0.2
        ours = [some[f"ndcg_{way}"] for some in found.values()]
        ends = [[one.value - one.low for one in ours], [one.high - one.value for one in ours]]
        panel.bar(places, [one.value for one in ours], 0.36, color=colour, label=_way(way))
        panel.errorbar(places, [one.value for one in ours], yerr=np.clip(ends, 0, None), fmt="none", ecolor="0.3")
        chance = [some[f"ndcg_{way}_random"].value for some in found.values()]
        panel.hlines(chance, places - 0.2, places + 0.2, color="black", label=None if number else "chance")
    panel.set_xticks(range(len(found)), [name.replace("+", "\n+ ") for name in found], fontsize="small")
    panel.set(ylabel=f"NDCG@{depth}", ylim=(0, 1))
    panel.grid(axis="y", alpha=0.3)
    panel.set_axisbelow(True)
    panel.legend(fontsize="small")
    figure.suptitle(setting, fontsize="x-small")
    with atomic_file(path) as partial:
        figure.savefig(partial, format="png", dpi=150)


def _way(direction: str) -> str:
    asks, answers = direction.split("_to_")
    return f"{answers} by {asks}"
