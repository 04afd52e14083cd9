"""Music found by texts of an emotion: precision of the first five and mean reciprocal rank, macro over emotions.

Every text of a split asks, every song of it answers; right are songs of a mood that a mapping of emotions to moods
names (``tutti.data.emotion_mapping``). Metrics are averaged per emotion of the texts, then over emotions, as the paper
has it; its code averages over texts, which is told as micro. A text that retrieves nothing, such as one whose predicted
emotion is no mood of any song, scores 0.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, section 5.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import lgamma
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.emotion_mapping import EmotionMapping
from tutti.data.sentence_music import SentenceMusic
from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix
from tutti.evaluation.ranking import precision_at_k, reciprocal_rank
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate, seeds_in_words, without_nan
from tutti.files import write_text

DEPTH = 5
TIE_SEED = 0  # songs of equal score stand in an order drawn with it, lest the catalogue's own order count
AVERAGES = ("macro", "micro")


@dataclass(frozen=True, kw_only=True, eq=False)
class EmotionQueries:
    """What is to be scored.

    Attributes:
        model: Whose scores they are.
        dataset: What texts and songs are called together.
        split: Of both.
        scores: Higher where a song answers a text better; a row of NaN is a text that retrieves nothing, a column of
            NaN a song that could not be heard. Shape (texts, songs).
        emotions: One a text.
        moods: One a song.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    scores: NDArray[Any]
    emotions: Sequence[str]
    moods: Sequence[str]
    training_seed: int | None = None

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.emotions), len(self.moods)):
            raise ShapeError(
                f"scores have shape {self.scores.shape}, for {len(self.emotions)} texts and {len(self.moods)} songs",
                hint="give a row a text and a column a song",
            )


@dataclass(frozen=True, kw_only=True)
class EmotionScores:
    """How well the texts of one emotion are answered.

    Attributes:
        emotion: Of the texts.
        moods: That answer it.
        n_texts: That ask.
        n_relevant: Songs that are right.
        precision: Of the first five.
        mrr: Mean reciprocal rank.
    """

    emotion: str
    moods: tuple[str, ...]
    n_texts: int
    n_relevant: int
    precision: Estimate
    mrr: Estimate


@dataclass(frozen=True, kw_only=True)
class EmotionRetrievalReport:
    """How well music is found by texts of an emotion.

    Attributes:
        model: Its name.
        dataset: What texts and songs are called together.
        split: Of both.
        mapping: Its name: ``valence-arousal``, ``word-vectors``, ``manual``.
        mapped_by: Where the mapping comes from.
        n_texts: That ask and have something to find.
        n_songs: That are ranked.
        n_silent: Of the texts, those that retrieve nothing.
        n_unheard: Songs that could not be heard, and are not ranked.
        bootstrap: How intervals were drawn, over the texts.
        depth: Of the precision.
        metrics: ``p_at_5_macro``, ``mrr_macro``, ``p_at_5_micro``, ``mrr_micro``.
        chance: The same of random orders, on average.
        emotions: One by one.
        left_out: Emotions that no song answers, and how many texts had them.
        training_seed: Of the model, where known.
    """

    model: str
    dataset: str
    split: str
    mapping: str
    mapped_by: str
    n_texts: int
    n_songs: int
    n_silent: int
    n_unheard: int
    bootstrap: Bootstrap
    depth: int
    metrics: dict[str, Estimate]
    chance: dict[str, float]
    emotions: tuple[EmotionScores, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    training_seed: int | None = None
    task: str = "emotion retrieval"

    @property
    def n_items(self) -> int:
        """Texts that ask."""
        return self.n_texts

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        return (
            f"{self.dataset}, split {self.split}, {self.n_texts:,} texts, {self.n_songs:,} songs, "
            f"{self.mapping} mapping, {seeds}"
        )

    def line(self) -> str:
        """The scores in one line."""
        told = [
            f"{title} {self.metrics[name]} (chance {self.chance[name]:.3f})"
            for name, title in self._titles().items()
            if name.endswith("macro")
        ]
        return f"{self.model} on {self.setting}: {', '.join(told)} ({self.bootstrap.level:.0%} intervals)"

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        seed, n_items = self.bootstrap.seed, self.n_items
        plain: dict[str, Any] = without_nan({"seed": seed, "n_items": n_items, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with the averages and a table of emotions."""
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            f"bootstrap resamples of the texts. Right are songs of a mapped mood ({self.mapped_by}).",
            "",
            "| metric | value | random order |",
            "| --- | --- | ---: |",
            *(
                f"| {title} | {self.metrics[name]} | {self.chance[name]:.3f} |"
                for name, title in self._titles().items()
            ),
            "",
            f"| emotion | moods | texts | right songs | P@{self.depth} | MRR |",
            "| --- | --- | ---: | ---: | --- | --- |",
            *(
                f"| {one.emotion} | {', '.join(one.moods)} | {one.n_texts:,} | {one.n_relevant:,} | {one.precision} "
                f"| {one.mrr} |"
                for one in self.emotions
            ),
            "",
            *self._remarks(),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def _titles(self) -> dict[str, str]:
        titles = {f"p_at_{self.depth}": f"P@{self.depth}", "mrr": "MRR"}
        return {f"{name}_{average}": f"{title}, {average}" for average in AVERAGES for name, title in titles.items()}

    def _remarks(self) -> list[str]:
        told = [f"- {self.n_silent:,} texts retrieve nothing, and score 0"] if self.n_silent else []
        told += [f"- {self.n_unheard:,} songs could not be heard, and are not ranked"] if self.n_unheard else []
        told += [f"- no song answers {name}: {count:,} texts left out" for name, count in self.left_out.items()]
        return told


def queries_with(
    scores: NDArray[Any], data: SentenceMusic, *, model: str, split: str = "test", training_seed: int | None = None
) -> EmotionQueries:
    """What is to be scored of a split: all its texts ask, all its songs answer.

    Args:
        scores: Of all texts and songs of the split, in their order. Shape (texts, songs).
        data: Sentences and songs.
        model: Its name.
        split: Of both.
        training_seed: Of the model, where known.
    """
    return EmotionQueries(
        model=model,
        dataset=data.name,
        split=split,
        scores=scores,
        emotions=[one.emotion for one in data.texts(split)],
        moods=data.moods_of(data.songs(split)),
        training_seed=training_seed,
    )


def score_emotions(
    queries: EmotionQueries, mapping: EmotionMapping, *, bootstrap: Bootstrap, depth: int = DEPTH
) -> EmotionRetrievalReport:
    """The report on one mapping.

    Args:
        queries: Scores, emotions and moods.
        mapping: Which songs are right.
        bootstrap: How intervals are drawn.
        depth: Of the precision; where fewer songs are there, all of them.

    Raises:
        ConfigError: No song can be ranked, or none answers any text.
        UnknownNameError: An emotion is not mapped.
    """
    asked = _asked(queries, mapping)
    depth = min(depth, asked.relevant.shape[1])
    values = _values(asked, depth)
    chance = _chance(asked, depth)
    estimates = {name: _estimates(one, asked.groups, bootstrap) for name, one in values.items()}
    return EmotionRetrievalReport(
        model=queries.model,
        dataset=queries.dataset,
        split=queries.split,
        mapping=mapping.name,
        mapped_by=mapping.source,
        n_texts=len(asked.scores),
        n_songs=asked.relevant.shape[1],
        n_silent=int(asked.is_silent.sum()),
        n_unheard=len(queries.moods) - asked.relevant.shape[1],
        bootstrap=bootstrap,
        depth=depth,
        metrics={f"{name}_{average}": estimates[name][average] for average in AVERAGES for name in values},
        chance={
            f"{name}_{average}": float(_averages(chance[name], asked.groups)[average])
            for average in AVERAGES
            for name in values
        },
        emotions=_by_emotion(asked, mapping, precision=estimates[f"p_at_{depth}"], mrr=estimates["mrr"]),
        left_out=asked.left_out,
        training_seed=queries.training_seed,
    )


def _by_emotion(
    asked: _Asked, mapping: EmotionMapping, *, precision: Mapping[str, Estimate], mrr: Mapping[str, Estimate]
) -> tuple[EmotionScores, ...]:
    return tuple(
        EmotionScores(
            emotion=name,
            moods=mapping.moods_of[name],
            n_texts=int(group.sum()),
            n_relevant=int(asked.relevant[group.argmax()].sum()),
            precision=precision[name],
            mrr=mrr[name],
        )
        for name, group in asked.groups.items()
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """Texts that some song answers, and songs that can be heard, in a drawn order.

    Attributes:
        scores: Finite. Shape (texts, songs).
        relevant: Shape (texts, songs).
        is_silent: Texts that retrieve nothing. Shape (texts,).
        groups: Which texts are of an emotion, by its name. Each of shape (texts,).
        left_out: Texts of emotions that no song answers.
    """

    scores: NDArray[Any]
    relevant: BoolMatrix
    is_silent: NDArray[np.bool_]
    groups: dict[str, NDArray[np.bool_]]
    left_out: dict[str, int]


def _asked(queries: EmotionQueries, mapping: EmotionMapping) -> _Asked:
    is_silent = np.isnan(queries.scores).all(axis=1)
    is_heard = ~np.isnan(queries.scores[~is_silent]).any(axis=0)  # all of them where every text is silent
    songs = np.random.default_rng(TIE_SEED).permutation(np.flatnonzero(is_heard))
    relevant = mapping.relevant(queries.emotions, [queries.moods[song] for song in songs.tolist()])
    rows = np.flatnonzero(relevant.any(axis=1))
    if not len(rows):
        raise ConfigError(
            f"none of {len(songs)} songs answers any of {len(queries.emotions)} texts by the {mapping.name} mapping",
            hint="take another split or mapping",
        )
    emotions = np.array(queries.emotions, dtype=object)
    counts = {name: int((emotions == name).sum()) for name in dict.fromkeys(queries.emotions)}
    groups = {name: emotions[rows] == name for name in sorted(counts)}
    return _Asked(
        scores=np.where(is_silent[:, None], 0.0, queries.scores)[np.ix_(rows, songs)],
        relevant=relevant[rows],
        is_silent=is_silent[rows],
        groups={name: group for name, group in groups.items() if group.any()},
        left_out={name: counts[name] for name, group in groups.items() if not group.any()},
    )


def _values(asked: _Asked, depth: int) -> dict[str, FloatMatrix]:
    """Each metric of each text; 0 of those that retrieve nothing."""
    found = {
        f"p_at_{depth}": precision_at_k(asked.relevant, asked.scores, k=depth),
        "mrr": reciprocal_rank(asked.relevant, asked.scores),
    }
    return {name: np.where(asked.is_silent, 0.0, values) for name, values in found.items()}


def _averages(values: NDArray[Any], groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, float]:
    """The mean of each emotion, that of these means (macro), and that of all texts (micro)."""
    means = {name: float(values[group].mean()) for name, group in groups.items()}
    return {**means, "macro": float(np.mean([*means.values()])), "micro": float(values.mean())}


def _estimates(
    values: NDArray[Any], groups: Mapping[str, NDArray[np.bool_]], bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """The averages with intervals over the texts; where a resample lacks an emotion, the others are averaged."""
    members = np.stack([*groups.values()]).astype(np.float64)  # (emotions, texts)
    blocks = []
    for weights in bootstrap.weights(len(values), n_labels=1):
        drawn = weights @ members.T  # (resamples, emotions)
        means = np.full(drawn.shape, np.nan)
        np.divide((weights * values) @ members.T, drawn, out=means, where=drawn > 0)
        blocks.append(np.column_stack([means, np.nanmean(means, axis=1), weights @ values / len(values)]))
    samples = np.concatenate(blocks)
    found = {}
    for column, (name, value) in enumerate(_averages(values, groups).items()):
        low, high = bootstrap.interval(samples[:, column], value=value)
        found[name] = Estimate(value=value, low=max(0.0, low), high=min(1.0, high))
    return found


def _chance(asked: _Asked, depth: int) -> dict[str, FloatMatrix]:
    """What a random order gives each text, on average over all orders."""
    n_songs = asked.relevant.shape[1]
    counts = asked.relevant.sum(axis=1)
    ranks = {int(count): expected_reciprocal_rank(int(count), n_songs) for count in np.unique(counts)}
    return {f"p_at_{depth}": counts / n_songs, "mrr": np.array([ranks[int(count)] for count in counts])}


def expected_reciprocal_rank(n_relevant: int, n_items: int) -> float:
    """Mean over all orders of one over the rank of the first relevant item.

    >>> round(expected_reciprocal_rank(1, 2), 3), round(expected_reciprocal_rank(2, 3), 3)
    (0.75, 0.833)
    """
    ranks = np.arange(1, n_items - n_relevant + 2)
    # The first relevant item is at a rank when the others are among those behind: counted by logarithms of factorials.
    ways = [_log_choose(n_items - int(rank), n_relevant - 1) for rank in ranks]
    shares = np.exp(np.array(ways) - _log_choose(n_items, n_relevant))
    return float((shares / ranks).sum())


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
