"""Tables 5.6 and 5.7 and figure 5.5 of Won's thesis: music for sentences, by six strategies.

Published values stand here; the data are ``won2021_sentence_data``'s matter, learning is
``tutti.training.sentence_strategies``', scoring ``tutti.evaluation.emotion_retrieval``'s.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021.
    Won, "Representation learning for music classification and retrieval", PhD thesis, 2021, section 5.3.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.data.emotion_mapping import MAPPINGS, VALENCE_AROUSAL, WORD_VECTORS, published_mapping
from tutti.data.items import Item
from tutti.data.sentence_music import SentenceMusic
from tutti.errors import TuttiError, import_extra
from tutti.evaluation.emotion_retrieval import EmotionQueries, EmotionRetrievalReport, queries_with, score_emotions
from tutti.evaluation.map_figure import draw_map
from tutti.evaluation.maps import ItemMap, MapSettings
from tutti.evaluation.space_maps import Things, map_things
from tutti.models.sentence_music import STRATEGIES
from tutti.models.sentence_retrieval import SentenceRetriever
from tutti.papers.experiment import Experiment, ExperimentOrder, Findings, Judged, Outcome, Statement
from tutti.papers.won2021_sentence_data import DATASET, SentenceSettings, read_data, read_settings
from tutti.training.kept_vectors import encoded_once
from tutti.training.sentence_strategies import learn_strategy

WORK = "Won, PhD thesis, 2021, section 5.3; Won, Salamon, Bryan, Mysore, Serra, ISMIR 2021"
NOTE = (
    "Learned as the code has it: DistilBERT and the residual network go on learning. The paper's network had learned "
    "MagnaTagATune's tags before: --set learning.audio.start.from=FOLDER begins with such a model. Regression of "
    "valence and arousal wants --set vad=FILE, word vectors --set word_vectors=FILE; the paper's were trained on "
    "music. --set learning.text.model=minilm, learning.text.learn=false, learning.audio.encoder=tutti-small and "
    "learning.audio.learn=false train heads alone. Widths of multi-head are ours: none are published."
)
TITLES = {
    "classification": "Classification",
    "multi-head": "Multi-head classification",
    "valence-arousal": "V-A regression",
    "word-vectors": "W2V regression",
    "two-branch": "Metric learning, 2 branches",
    "three-branch": "Metric learning, 3 branches",
}
# Table 5.6: macro P@5 and macro MRR by each mapping, of Alm, then of ISEAR.
TABLE_5_6: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {
    "classification": {
        "alm": ((0.2161, 0.2436), (0.1861, 0.2157), (0.2161, 0.2436)),
        "isear": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
    },
    "multi-head": {
        "alm": ((0.2819, 0.4181), (0.1271, 0.1381), (0.3446, 0.5304)),
        "isear": ((0.3440, 0.5084), (0.3325, 0.3625), (0.3551, 0.4803)),
    },
    "valence-arousal": {
        "alm": ((0.4325, 0.6282), (0.4125, 0.5749), (0.6100, 0.7398)),
        "isear": ((0.3018, 0.5247), (0.1866, 0.3709), (0.6218, 0.7075)),
    },
    "word-vectors": {
        "alm": ((0.3960, 0.5010), (0.4613, 0.5591), (0.5413, 0.6363)),
        "isear": ((0.3008, 0.3829), (0.4164, 0.4908), (0.5527, 0.7668)),
    },
    "two-branch": {
        "alm": ((0.3399, 0.3778), (0.4897, 0.5239), (0.5374, 0.5579)),
        "isear": ((0.2695, 0.3287), (0.3951, 0.4336), (0.4438, 0.6175)),
    },
    "three-branch": {
        "alm": ((0.3574, 0.4348), (0.5095, 0.5863), (0.5156, 0.5880)),
        "isear": ((0.2591, 0.3445), (0.4317, 0.4953), (0.6019, 0.6675)),
    },
}
# Table 5.7, in words: whether songs form clusters of moods or go over into each other, and whose doing that is.
TABLE_5_7 = {
    "classification": "fails",
    "multi-head": "fails",
    "valence-arousal": "continuous, by hand",
    "word-vectors": "discriminative",
    "two-branch": "discriminative",
    "three-branch": "continuous, from data",
}
CONTINUOUS, DISCRIMINATIVE = ("valence-arousal", "three-branch"), ("word-vectors", "two-branch")

NOTHING_SHARED = Statement(
    text="classification finds nothing for ISEAR, none of whose emotions is a mood of the music",
    where="table 5.6",
    criterion="its P@5 and MRR on ISEAR are 0 by every mapping",
)
REGRESSION_BEST = Statement(
    text="regression of valence and arousal is best on Alm by valence and arousal, and by hand",
    where="table 5.6",
    criterion="its macro P@5 and macro MRR are the highest of all six there",
)
BRANCHES_BEST = Statement(
    text="three branches are best by word vectors, on both sets",
    where="table 5.6",
    criterion="their macro P@5 and macro MRR are the highest of all six there",
)
LABELS_FAIL = Statement(
    text="both kinds of classification fail where emotions and moods have different names",
    where="table 5.7",
    criterion="on Alm by word vectors, macro P@5 of both is below that of every other strategy",
)
TWO_MANNERS = Statement(
    text="word vectors and two branches keep moods apart, valence and arousal and three branches let them go over",
    where="table 5.7",
    criterion="test songs' silhouette by mood is higher for each of the first than for each of the second, on Alm",
)
Reports = dict[str, dict[str, dict[str, EmotionRetrievalReport]]]  # by set, strategy and mapping
Learn = Callable[..., SentenceRetriever]
Vectors = NDArray[np.float32]


def compare_strategies(exhibit: Experiment, order: ExperimentOrder, *, learn: Learn = learn_strategy) -> Outcome:
    """Table 5.6: every strategy on every set, scored by the three published mappings."""
    settings = read_settings(order)
    data = read_data(order, settings)
    failures: dict[str, str] = {}
    reports: Reports = {name: {} for name in data}
    for name, strategy, retriever in _learned(order, settings, data, failures, learn):
        queries = _queries(retriever, _vectors(retriever, data[name], order), data[name], order)
        reports[name][strategy] = {
            one: score_emotions(queries, published_mapping(one), bootstrap=order.bootstrap) for one in MAPPINGS
        }
        for one, report in reports[name][strategy].items():
            report.write(order.folder / "reports" / f"{name}-{strategy}-{one}")
        order.tell(reports[name][strategy][WORD_VECTORS].line())
    findings = Findings(
        exhibit=exhibit,
        setting=_told(order, data),
        judged=judge_scores(reports),
        tables="\n\n".join(_table(name, some) for name, some in reports.items()),
        values={
            name: {key: {m: one.to_json() for m, one in some.items()} for key, some in by_strategy.items()}
            for name, by_strategy in reports.items()
        },
        smoke=order.smoke,
        failures=failures,
    )
    return findings.written(order, [])


def draw_maps(exhibit: Experiment, order: ExperimentOrder, *, learn: Learn = learn_strategy) -> Outcome:
    """Figure 5.5 and table 5.7: where test songs, test texts and labels lie, by each strategy."""
    settings = read_settings(order)
    data = read_data(order, settings)
    failures: dict[str, str] = {}
    paths: list[Path] = []
    silhouettes: dict[str, dict[str, float]] = {name: {} for name in data}
    precision: dict[str, dict[str, float]] = {name: {} for name in data}
    for name, strategy, retriever in _learned(order, settings, data, failures, learn):
        vectors = _vectors(retriever, data[name], order)
        drawn, silhouettes[name][strategy] = _map(retriever, vectors, data[name], order)
        paths.append(order.folder / f"{name}-{strategy}.png")
        draw_map(drawn, paths[-1])
        queries = _queries(retriever, vectors, data[name], order)
        report = score_emotions(queries, published_mapping(WORD_VECTORS), bootstrap=order.bootstrap)
        precision[name][strategy] = report.metrics[f"p_at_{report.depth}_macro"].value
    findings = Findings(
        exhibit=exhibit,
        setting=_told(order, data),
        judged=judge_manners(silhouettes.get("alm", {}), precision.get("alm", {})),
        tables="\n\n".join(_manners_table(name, some) for name, some in silhouettes.items()),
        values={"silhouettes": silhouettes, "p_at_5_macro_by_word_vectors": precision},
        smoke=order.smoke,
        failures=failures,
    )
    return findings.written(order, paths)


def judge_scores(reports: Reports) -> tuple[Judged, ...]:
    """The statements of table 5.6 beside our scores."""
    silent = reports.get("isear", {}).get("classification", {})
    zero = [value for report in silent.values() for value in _pair(report)]
    judged = [
        Judged(
            statement=NOTHING_SHARED,
            ours=f"highest of all {max(zero):.4f}" if zero else "not run",
            holds=max(zero) == 0 if zero else None,
        )
    ]
    wanted = (
        (REGRESSION_BEST, "valence-arousal", (("alm", VALENCE_AROUSAL), ("alm", "manual"))),
        (BRANCHES_BEST, "three-branch", (("alm", WORD_VECTORS), ("isear", WORD_VECTORS))),
    )
    for statement, strategy, cells in wanted:
        best = [_best(reports.get(name, {}), mapping) for name, mapping in cells]
        told = "; ".join(
            f"{name}, {mapping}: P@5 {some[0]}, MRR {some[1]}"
            for (name, mapping), some in zip(cells, best, strict=True)
            if some
        )
        is_whole = all(set(reports.get(name, {})) == {*STRATEGIES} for name, _ in cells)
        holds = all(some == (strategy, strategy) for some in best) if is_whole else None
        judged.append(Judged(statement=statement, ours=f"best are {told}" if told else "not run", holds=holds))
    return tuple(judged)


def judge_manners(silhouettes: Mapping[str, float], precision: Mapping[str, float]) -> tuple[Judged, ...]:
    """The statements of table 5.7 beside our maps, of Alm."""
    failing = [precision[one] for one in ("classification", "multi-head") if one in precision]
    others = [value for one, value in precision.items() if one in (*CONTINUOUS, *DISCRIMINATIVE)]
    fails = max(failing) < min(others) if len(failing) == 2 and len(others) == 4 else None
    told = ", ".join(f"{one} {value:.3f}" for one, value in precision.items())
    apart = [silhouettes.get(one, math.nan) for one in DISCRIMINATIVE]
    together = [silhouettes.get(one, math.nan) for one in CONTINUOUS]
    is_known = not any(math.isnan(value) for value in (*apart, *together))
    manners = ", ".join(f"{one} {value:+.3f}" for one, value in silhouettes.items())
    return (
        Judged(statement=LABELS_FAIL, ours=f"P@5: {told}" if told else "not run", holds=fails),
        Judged(
            statement=TWO_MANNERS,
            ours=f"silhouettes: {manners}" if manners else "not run",
            holds=min(apart) > max(together) if is_known else None,
        ),
    )


def _learned(
    order: ExperimentOrder,
    settings: SentenceSettings,
    data: Mapping[str, SentenceMusic],
    failures: dict[str, str],
    learn: Learn,
) -> Iterator[tuple[str, str, SentenceRetriever]]:
    """Set, strategy and what was learned, one after the other; what cannot be learned goes to the failures."""
    config = dataclasses.replace(settings.learning, vectors=settings.learning.vectors or order.folder)
    for name, some in data.items():
        for strategy in settings.strategies:
            folder = order.folder / "runs" / f"{name}-{strategy}-seed{order.seed}"
            order.tell(f"{TITLES[strategy]} on {some.name}, seed {order.seed}")
            try:
                yield (
                    name,
                    strategy,
                    learn(strategy, some, config, folder=folder, seed=order.seed, quiet=order.quiet),
                )
            except TuttiError as error:
                order.tell(f"failed: {error.message}")
                failures[f"{name}, {strategy}"] = str(error)


def _told(order: ExperimentOrder, data: Mapping[str, SentenceMusic]) -> str:
    told = []
    for some in data.values():
        texts, songs = len(some.texts("test")), len(some.songs("test"))
        told.append(f"{some.name}, split test, {texts:,} texts and {songs:,} songs")
    return f"{'; '.join(told)}; training seed {order.seed}, {order.bootstrap.level:.0%} intervals over texts"


def _pair(report: EmotionRetrievalReport) -> tuple[float, float]:
    return report.metrics[f"p_at_{report.depth}_macro"].value, report.metrics["mrr_macro"].value


def _best(by_strategy: Mapping[str, Mapping[str, EmotionRetrievalReport]], mapping: str) -> tuple[str, str] | None:
    """The strategies with the highest P@5 and the highest MRR; None where nothing was run."""
    if not by_strategy:
        return None
    pairs = {strategy: _pair(some[mapping]) for strategy, some in by_strategy.items()}
    return max(pairs, key=lambda one: pairs[one][0]), max(pairs, key=lambda one: pairs[one][1])


def _table(name: str, by_strategy: Mapping[str, Mapping[str, EmotionRetrievalReport]]) -> str:
    lines = [f"## {name}", "", "| strategy | mapping | P@5, macro | published | MRR, macro | published | chance |"]
    lines.append("| --- | --- | --- | ---: | --- | ---: | --- |")
    for strategy, some in by_strategy.items():
        for (mapping, report), published in zip(some.items(), TABLE_5_6[strategy][name], strict=True):
            depth = f"p_at_{report.depth}_macro"
            lines.append(
                f"| {TITLES[strategy]} | {mapping} | {report.metrics[depth]} | {published[0]:.4f} "
                f"| {report.metrics['mrr_macro']} | {published[1]:.4f} "
                f"| {report.chance[depth]:.3f}, {report.chance['mrr_macro']:.3f} |"
            )
    return "\n".join(lines)


def _manners_table(name: str, silhouettes: Mapping[str, float]) -> str:
    lines = [f"## {name}", "", "| strategy | published | silhouette of test songs by mood |", "| --- | --- | ---: |"]
    lines += [f"| {TITLES[one]} | {TABLE_5_7[one]} | {value:+.3f} |" for one, value in silhouettes.items()]
    return "\n".join(lines)


def _vectors(retriever: SentenceRetriever, data: SentenceMusic, order: ExperimentOrder) -> dict[str, Vectors]:
    """What the encoders give of the test split; those that did not learn read and hear it once for all strategies."""
    songs = [Item(item_id=one.track_id, title=one.name, tracks=(one,)) for one in data.songs("test")]
    texts = [Item(item_id=one.sentence_id, title="", text=one.text) for one in data.texts("test")]
    folder = order.folder / "vectors"
    return {
        one: encoded_once(retriever.encoders[one], items, folder, order.tell, quiet=order.quiet).vectors
        for one, items in (("text", texts), ("audio", songs))
    }


def _label_places(retriever: SentenceRetriever, data: SentenceMusic) -> Vectors | None:
    """Where emotions and moods lie: as given to regression, as learned by three branches; None of other strategies."""
    known = {"valence-arousal": data.affects, "word-vectors": data.label_vectors, "three-branch": data.label_vectors}
    if retriever.strategy not in known:
        return None
    given = np.array([known[retriever.strategy][label] for label in data.labels], dtype=np.float32)
    return retriever.places_of({"tags": given})["tags"] if retriever.strategy == "three-branch" else given


def _queries(
    retriever: SentenceRetriever, vectors: Mapping[str, Vectors], data: SentenceMusic, order: ExperimentOrder
) -> EmotionQueries:
    scores = retriever.scores_of(vectors["text"], vectors["audio"])
    return queries_with(scores, data, model=retriever.name, training_seed=order.seed)


def _map(
    retriever: SentenceRetriever, vectors: Mapping[str, Vectors], data: SentenceMusic, order: ExperimentOrder
) -> tuple[ItemMap, float]:
    """The map of the test split, fitted on songs, and the silhouette of the songs by mood where they lie."""
    texts, songs = data.texts("test"), data.songs("test")
    places = retriever.places_of(vectors)
    moods = data.moods_of(songs)
    items = [
        Item(item_id=one.track_id, title=one.name, tracks=(one,), tags=(mood,))
        for one, mood in zip(songs, moods, strict=True)
    ]
    things = [Things(kind="songs", items=items, vectors=places["audio"], words=[(mood,) for mood in moods])]
    answers = [data.mapping.moods_of[one.emotion] for one in texts]
    items = [Item(item_id=one.sentence_id, title=one.text[:120], tags=(one.emotion,)) for one in texts]
    things.append(Things(kind="texts", items=items, vectors=places["text"], words=answers))
    labels = _label_places(retriever, data)
    if labels is not None:
        items = [Item(item_id=f"tag {one}", title=one, tags=(one,)) for one in data.labels]
        words = [data.mapping.moods_of.get(one, (one,)) for one in data.labels]
        things.append(Things(kind="tags", items=items, vectors=labels, words=words))
    drawn = map_things(
        TITLES[retriever.strategy],
        things,
        MapSettings(seed=order.seed, methods=("pca",) if order.smoke else None),
        dataset=data.name,
        coloured_by="mood, of texts the answering one",
    )
    metric = "euclidean" if retriever.strategy == "valence-arousal" else "cosine"
    return drawn, silhouette(places["audio"], moods, metric=metric)


def silhouette(vectors: Vectors, labels: Sequence[str], *, metric: str = "cosine") -> float:
    """Mean silhouette of vectors by their labels, -1 to 1, high where each is nearer to its own than to others.

    NaN where fewer than two labels, or as many as vectors, are there.

    Args:
        vectors: Rows with NaN are left out. Shape (items, dimensions).
        labels: One an item.
        metric: Of distances, a name in scikit-learn: ``cosine``, as songs are ranked, or ``euclidean``.

    References:
        Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", 1987.
    """
    present = np.isfinite(vectors).all(axis=1)
    kept = np.array(labels, dtype=object)[present]
    if not 2 <= len(set(kept)) < len(kept):
        return math.nan
    metrics = import_extra("sklearn.metrics", extra="train", purpose="telling how far moods lie apart")
    return float(metrics.silhouette_score(vectors[present], kept, metric=metric))


EXPERIMENTS = (
    Experiment(
        key="won2021/table5.6",
        title="Music for sentences: six strategies by three mappings of emotions to moods",
        source=f"{WORK}, table 5.6",
        note=NOTE,
        dataset=DATASET,
        others=("alm", "isear"),
        statements=(NOTHING_SHARED, REGRESSION_BEST, BRANCHES_BEST),
        carry_out=compare_strategies,
    ),
    Experiment(
        key="won2021/table5.7",
        title="Music for sentences: the manners of the six strategies",
        source=f"{WORK}, table 5.7",
        note=f"{NOTE} The table is one of words; how far moods lie apart is measured here by silhouettes.",
        dataset=DATASET,
        others=("alm", "isear"),
        statements=(LABELS_FAIL, TWO_MANNERS),
        carry_out=draw_maps,
    ),
    Experiment(
        key="won2021/figure5.5",
        title="Music for sentences: maps of songs, texts and labels",
        source=f"{WORK}, figure 5.5",
        note=f"{NOTE} As there, UMAP is fitted on songs, and texts and labels are placed on it; valence and arousal "
        "are drawn as they are. The figure bears no numbers; statements of table 5.7 are compared.",
        dataset=DATASET,
        others=("alm", "isear"),
        statements=(LABELS_FAIL, TWO_MANNERS),
        carry_out=draw_maps,
    ),
)
