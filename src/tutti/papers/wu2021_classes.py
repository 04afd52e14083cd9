"""Figures 3 and 4 of Wu, Fuentes and Bello 2021: classification across modalities, and the classes one by one.

Data, vectors and spaces are ``wu2021_pairs``' matter, classifiers ``tutti.evaluation.agnostic``'s; what is published
stands in ``wu2021``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tutti.evaluation.agnostic import AgnosticConfig, agnostic_study
from tutti.evaluation.agnostic_figures import draw_classes, draw_confusion, draw_curves, draw_distances
from tutti.evaluation.agnostic_report import AgnosticReport
from tutti.models.encoders import Projection
from tutti.papers.experiment import Experiment, ExperimentOrder, Findings, Judged, Outcome, Statement
from tutti.papers.wu2021_pairs import (
    MODALITIES,
    Pairs,
    Vectors,
    WuSettings,
    components,
    encode_pairs,
    read_pairs,
    read_settings,
    translation,
)

TRANSLATED, COMPONENTS = "translated", "components"
ABOUT_SHARE = 0.7  # "almost 70 %"

ZERO_SHOT = Statement(
    text="without any sample of the target, translated vectors reach almost 70 % of the best, components few",
    where="4.2",
    criterion="translated reach 60 % or more of the best, components less than half of that, either way",
)
ALL_DATA = Statement(
    text="with all data, components are about equal to the single modality, translated vectors fall behind",
    where="4.2",
    criterion="the intervals of components and single modality overlap, translated are below both, either way",
)
CONFUSIONS = {
    "cymbals and drums": ("cymbals", "drums", MODALITIES),
    "trombone and trumpet": ("trombone", "trumpet", MODALITIES),
    "guitar and mandolin": ("guitar", "mandolin", ("image",)),
    "organ and piano": ("organ", "piano", ("image",)),
}
N_FREQUENT = 4
OFTEN_CONFUSED = {
    key: Statement(
        text=f"{key} are often confused{'' if len(modalities) > 1 else ' in pictures'}",
        where="4.3",
        criterion=f"they are among the {N_FREQUENT} pairs that the single modality's classifier confuses most",
    )
    for key, (_, _, modalities) in CONFUSIONS.items()
}


def classify(exhibit: Experiment, order: ExperimentOrder) -> Outcome:
    """Mixing curves, references, confusion and distances, of the first encoder of each modality."""
    settings = read_settings(order, unused={"depth": "nothing is ranked here"})
    for one in MODALITIES:
        order.refuse_unused(
            {f"{one}.{name}": "one encoder of each modality is taken" for name in list(getattr(settings, one))[1:]},
            hint=f"name one encoder of {one}; several are compared in wu2021/figure2",
        )
    pairs = read_pairs(order, settings)
    names = {one: next(iter(getattr(settings, one))) for one in MODALITIES}
    vectors = {
        one: encode_pairs(order, pairs, one, {name: getattr(settings, one)[name]})[name] for one, name in names.items()
    }
    report = _study(order, pairs, vectors, settings, name="+".join(names.values()))
    report.write(order.folder)
    is_curves = exhibit.key.endswith("figure3")
    draw = (draw_curves,) if is_curves else (draw_classes, draw_confusion, draw_distances)
    paths = [one(report, order.folder / f"{one.__name__.removeprefix('draw_')}.png") for one in draw]
    findings = Findings(
        exhibit=exhibit,
        setting=f"{pairs.told(order, {names[one]: vectors[one] for one in MODALITIES})}; {report.setting}",
        judged=_judge_curves(report) if is_curves else _judge_confusions(report),
        tables=report.to_markdown().replace("# ", "## ", 1),
        values=report.to_json(),
        smoke=order.smoke,
    )
    return findings.written(order, paths)


def _study(
    order: ExperimentOrder, pairs: Pairs, vectors: Mapping[str, Vectors], settings: WuSettings, *, name: str
) -> AgnosticReport:
    def placed(projection: Projection) -> dict[str, Vectors]:
        return {key: projection.project(key, some) for key, some in vectors.items()}

    space = placed(translation(order, pairs, vectors, settings, name=name))
    principal = placed(components(pairs, vectors, settings))
    config = AgnosticConfig(
        n_trees=settings.n_trees,
        max_depth=settings.max_depth,
        per_class=settings.per_class,
        seed=order.seed,
        bootstrap=order.bootstrap,
    )
    order.tell("growing forests")
    # The single modality's classifier is given its components, too.
    return agnostic_study(
        {TRANSLATED: space, COMPONENTS: principal}, principal, pairs.clips, config, on=f"{pairs.title}, {name}"
    )


def _judge_curves(report: AgnosticReport) -> tuple[Judged, ...]:
    shares = {
        name: {one: report.share_of_best(name, one) for one in report.modalities} for name in (TRANSLATED, COMPONENTS)
    }
    few = all(shares[COMPONENTS][one] < shares[TRANSLATED][one] / 2 for one in report.modalities)
    told = [
        f"asked about {one}: translated {shares[TRANSLATED][one]:.0%}, components {shares[COMPONENTS][one]:.0%}"
        for one in report.modalities
    ]
    is_known = not any(math.isnan(share) for some in shares.values() for share in some.values())
    reached = all(share >= ABOUT_SHARE - 0.1 for share in shares[TRANSLATED].values())
    last = {
        one: {name: report.curve(name, one)[-1].f1_macro for name in shares}
        | {"single": report.reference(one).f1_macro}
        for one in report.modalities
    }
    behind = all(
        some[TRANSLATED].value < min(some[COMPONENTS].value, some["single"].value)
        and some[COMPONENTS].high >= some["single"].low
        and some["single"].high >= some[COMPONENTS].low
        for some in last.values()
    )
    finals = [f"{one}: " + ", ".join(f"{name} {score}" for name, score in some.items()) for one, some in last.items()]
    return (
        Judged(statement=ZERO_SHOT, ours="; ".join(told), holds=reached and few if is_known else None),
        Judged(statement=ALL_DATA, ours="; ".join(finals), holds=behind),
    )


def _judge_confusions(report: AgnosticReport) -> tuple[Judged, ...]:
    judged = []
    for key, (first, second, modalities) in CONFUSIONS.items():
        if {first, second} <= {*report.classes}:
            ranks = {one: _rank(report, one, {first, second}) for one in modalities}
            told = ", ".join(f"{one}: {f'rank {rank}' if rank else 'never'}" for one, rank in ranks.items())
            holds = all(rank and rank <= N_FREQUENT for rank in ranks.values())
            judged.append(Judged(statement=OFTEN_CONFUSED[key], ours=told, holds=holds))
        else:
            judged.append(
                Judged(statement=OFTEN_CONFUSED[key], ours="these classes are not among the data", holds=None)
            )
    return tuple(judged)


def _rank(report: AgnosticReport, modality: str, pair: set[str]) -> int | None:
    """The place of a pair of classes among those confused most; None where it never was."""
    confusions = report.reference(modality).confusions(report.classes)
    return next((rank for rank, (one, other, _) in enumerate(confusions, start=1) if {one, other} == pair), None)
