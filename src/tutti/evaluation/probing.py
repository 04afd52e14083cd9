"""Probing: what a model's vectors know, asked by small classifiers that learn from them on a catalogue.

The form in which encoders are compared: the model stays as it is, its vectors are averaged over a track's excerpts as
everywhere, and a probe learns labels from the vectors of the split ``train``, or from a few tracks of each label, drawn
several times. Several models learn from the same draws and are scored on the same items.

Which tracks and labels take part is in ``probe_sets``, the classifiers are in ``probes``, the vectors come from
``probe_vectors``, tables are ``probe_report``'s matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError
from tutti.evaluation import singlelabel
from tutti.evaluation.intervals import Bootstrap, metrics_of, resampled_areas, resampled_decisions
from tutti.evaluation.multilabel import BoolMatrix, FloatMatrix, scorable, unscorable_labels
from tutti.evaluation.probe_report import METRICS, ProbeReport, ProbeScores
from tutti.evaluation.probe_sets import ProbeSets, ProbeSettings, choose_tracks, with_labels, without
from tutti.evaluation.probe_vectors import embed_tracks
from tutti.evaluation.probes import PROBES, Vectors
from tutti.evaluation.report import Estimate
from tutti.evaluation.tagging import dataset_title
from tutti.models.bundles import Task
from tutti.models.model import Model

Tell = Callable[[str], None]


def probe_models(
    models: Sequence[Model],
    catalogue: Catalogue,
    settings: ProbeSettings | None = None,
    *,
    folder: Path | None = None,
    jobs: int = 1,
    tell: Tell = lambda _: None,
) -> ProbeReport:
    """Scores of probes on models' vectors, written to a folder where one is named.

    Args:
        models: Of different names; with or without labels of their own.
        catalogue: Tracks with sounds and tags.
        settings: What is asked.
        folder: Of the study; vectors that it holds are used.
        jobs: Threads that decode.
        tell: Receives a line at each stage.

    Raises:
        ConfigError: No model or two of one name, too few tracks, or no label with examples.
        UnknownNameError: There is no such probe, split or spelling.
        MissingExtraError: scikit-learn is not installed.
    """
    settings = settings or ProbeSettings()
    names = [model.name for model in models]
    if not names or len({*names}) < len(names):
        raise ConfigError(
            f"probing needs models of different names, it got {', '.join(names) or 'none'}",
            hint="name each model once; rename a bundle in its config.json",
        )
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is no folder", hint="name a new folder, or that of the study to go on with")
    sets = choose_tracks(catalogue, settings)
    tracks = [track for some in sets.tracks.values() for track in some]
    embedded = embed_tracks(models, tracks, catalogue, folder=folder, jobs=jobs, tell=tell)
    sets = with_labels(without(sets, embedded.failures), settings)
    scores = [
        one
        for model in models
        for one in _Prober(model, sets, embedded.vectors[model.name], settings, tell).all_scores()
    ]
    report = _report(catalogue, sets, settings, tuple(scores), embedded.failures)
    if folder is not None:
        report.write(folder)
    return report


def draw_few(targets: BoolMatrix, shots: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of a few examples: of each label that many tracks that carry it at random, or all where there are fewer.

    A track drawn for one tag keeps its other tags, so that a common tag may come to more examples than were asked for.

    >>> draw_few(np.array([[True, False], [False, True], [False, True]]), 1, rng=np.random.default_rng(0)).shape
    (2,)
    """
    drawn = [rng.permutation(np.flatnonzero(column))[:shots] for column in targets.T]
    rows: NDArray[np.int64] = np.unique(np.concatenate(drawn))
    return rows


class _Prober:
    """All probes on one model's vectors."""

    def __init__(
        self,
        model: Model,
        sets: ProbeSets,
        vectors: dict[str, NDArray[np.float32]],
        settings: ProbeSettings,
        tell: Tell,
    ) -> None:
        self._model, self._settings, self._tell = model, settings, tell
        self._targets = sets.targets
        raw = {
            split: np.stack([vectors[one.track_id] for one in tracks])
            for split, tracks in sets.tracks.items()
            if tracks
        }
        # statistics of the whole training split, whose labels they do not need, also where few tracks are learned from
        mean, deviation = raw["train"].mean(axis=0), raw["train"].std(axis=0)
        scale = np.where(deviation > 1e-6 * np.abs(mean).max(initial=1e-6), deviation, 1.0)
        self._vectors = {split: ((one - mean) / scale).astype(np.float32) for split, one in raw.items()}

    def all_scores(self) -> list[ProbeScores]:
        """Of each probe, from each number of tracks."""
        return [self._scores(probe, shots) for probe in self._settings.probes for shots in self._settings.shots]

    def _scores(self, probe: str, shots: int | None) -> ProbeScores:
        settings, targets = self._settings, self._targets["train"]
        everything = np.arange(len(targets))
        draws = [everything]
        strength, chosen_on = PROBES[probe].strength, None
        if shots is None:
            strength, chosen_on = self._chosen(probe)
        else:
            draws = [
                draw_few(targets, shots, rng=np.random.default_rng((settings.seed, shots, number)))
                for number in range(settings.n_draws)
            ]
        tested = [
            self._fit(probe, rows, strength, number)(self._vectors[settings.split]) for number, rows in enumerate(draws)
        ]
        metrics, spread = estimates(
            self._targets[settings.split], tested, task=settings.task, bootstrap=settings.bootstrap
        )
        self._tell(f"{self._model.name}: {probe} probe, {'all tracks' if shots is None else f'{shots} a label'}")
        return ProbeScores(
            model=self._model.name,
            fingerprint=self._model.fingerprint,
            embed_dim=self._model.embed_dim,
            probe=probe,
            shots=shots,
            n_draws=len(draws),
            n_train=float(np.mean([len(rows) for rows in draws])),
            strength=strength,
            chosen_on=chosen_on,
            metrics=metrics,
            spread=spread if len(draws) > 1 else None,
        )

    def _fit(
        self, probe: str, rows: NDArray[np.int64], strength: float, number: int
    ) -> Callable[[Vectors], FloatMatrix]:
        vectors, targets = self._vectors["train"][rows], self._targets["train"][rows]
        return PROBES[probe].fit(vectors, targets, self._settings.task, strength, self._settings.seed + number)

    def _chosen(self, probe: str) -> tuple[float, str | None]:
        """The strength that does best on the validation split, and that split; the usual one where there is none."""
        targets, task = self._targets.get("valid"), self._settings.task
        if targets is None or self._settings.split == "valid" or not _can_be_scored(targets, task):
            return PROBES[probe].strength, None
        everything, metric = np.arange(len(self._targets["train"])), METRICS[task][-1]
        found = {
            strength: _metrics(targets, self._fit(probe, everything, strength, 0)(self._vectors["valid"]), task)[metric]
            for strength in PROBES[probe].strengths
        }
        return max(found, key=lambda strength: found[strength]), "valid"


def estimates(
    targets: BoolMatrix, scores: Sequence[FloatMatrix], *, task: Task, bootstrap: Bootstrap
) -> tuple[dict[str, Estimate], dict[str, float]]:
    """Metrics of the same items scored after several draws: means with intervals, and standard deviations.

    A resample takes items with replacement, the same for all draws, and draws with replacement.

    Args:
        targets: True where a label applies. Shape (items, labels).
        scores: Of each draw. Shape (items, labels).
        task: ``tags`` or ``classes``.
        bootstrap: How intervals are drawn.
    """
    values = [_metrics(targets, one, task) for one in scores]
    samples = [_resampled(targets, one, task, bootstrap) for one in scores]
    chosen = np.random.default_rng((bootstrap.seed, 1)).integers(len(scores), size=(bootstrap.n_resamples, len(scores)))
    found, spread = {}, {}
    for metric in METRICS[task]:
        column = np.array([one[metric] for one in values])
        by_draw = np.stack([one[metric] for one in samples], axis=1)  # (resamples, draws)
        means = np.take_along_axis(by_draw, chosen, axis=1).mean(axis=1) if len(scores) > 1 else by_draw[:, 0]
        low, high = np.clip(bootstrap.interval(means, value=float(column.mean())), 0.0, 1.0)
        found[metric] = Estimate(value=float(column.mean()), low=float(low), high=float(high))
        spread[metric] = float(column.std(ddof=1)) if len(scores) > 1 else 0.0
    return found, spread


def _metrics(targets: BoolMatrix, scores: FloatMatrix, task: Task) -> dict[str, float]:
    decisions = _decisions(scores, task)
    found = metrics_of(targets, scores, decisions)
    found["accuracy"] = found["f1_micro"]  # of one decision an item
    return {metric: found[metric] for metric in METRICS[task]}


def _resampled(targets: BoolMatrix, scores: FloatMatrix, task: Task, bootstrap: Bootstrap) -> dict[str, FloatMatrix]:
    if task == "tags":
        return resampled_areas(targets, scores, bootstrap=bootstrap)
    found = resampled_decisions(targets, _decisions(scores, task), bootstrap=bootstrap)
    return {"accuracy": found["f1_micro"], "f1_macro": found["f1_macro"]}


def _decisions(scores: FloatMatrix, task: Task) -> BoolMatrix:
    if task == "classes":
        return singlelabel.one_hot(singlelabel.decide(scores), n_classes=scores.shape[1])
    decisions: BoolMatrix = scores >= 0.5
    return decisions


def _can_be_scored(targets: BoolMatrix, task: Task) -> bool:
    return len(targets) > 0 and (task == "classes" or bool(scorable(targets).any()))


def _report(
    catalogue: Catalogue,
    sets: ProbeSets,
    settings: ProbeSettings,
    scores: tuple[ProbeScores, ...],
    failures: dict[str, str],
) -> ProbeReport:
    scored = sets.targets[settings.split]
    n_examples = dict(zip(sets.labels, sets.targets["train"].sum(axis=0).tolist(), strict=True))
    few = {
        shots: {label: count for label, count in n_examples.items() if count < shots}
        for shots in settings.shots
        if shots is not None
    }
    unscorable = unscorable_labels(scored, sets.labels) if settings.task == "tags" else {}
    return ProbeReport(
        dataset=dataset_title(catalogue, sets.tracks[settings.split]),
        split=f"{settings.split} ({sets.origin})" if sets.origin else settings.split,
        task=settings.task,
        labels=sets.labels,
        n_items=len(scored),
        seed=settings.seed,
        bootstrap=settings.bootstrap,
        scores=scores,
        n_examples=n_examples,
        few={shots: labels for shots, labels in few.items() if labels},
        left_out=sets.left_out | {label: f"{why} in {settings.split}" for label, why in unscorable.items()},
        n_left_out=sets.n_left_out,
        failures=failures,
    )
