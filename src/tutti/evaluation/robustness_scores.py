"""From what a model said under each deformation to scores, intervals and paired differences.

All deformations are scored on the same tracks and in the same bootstrap resamples. Where a column of the report
combines two settings, its score, and every resample of it, is the mean of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.data.labels import label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap, difference_of_samples, resampled_metrics
from tutti.evaluation.multilabel import BoolMatrix, pr_auc, roc_auc, unscorable_labels
from tutti.evaluation.report import Estimate
from tutti.evaluation.robustness_report import METRICS, ORIGINAL, DeformedScores, ModelRobustness, published_scores
from tutti.models.model import Model


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a model said of tracks.

    Attributes:
        probabilities: By track id, each of shape (labels,).
        failures: Why the other tracks could not be heard.
    """

    probabilities: dict[str, NDArray[np.float32]]
    failures: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class _Samples:
    """A metric of the items as they are, and of every resample. Shape (resamples,)."""

    value: float
    resampled: NDArray[np.float64]


_Scored = dict[str, _Samples]
"""By metric."""


def score_model(
    model: Model,
    tracks: Sequence[Track],
    heard: Mapping[str, tuple[str, Heard]],
    *,
    bootstrap: Bootstrap,
    is_published: bool = False,
) -> ModelRobustness:
    """The scores of one model.

    Args:
        model: A tagger.
        tracks: That it was to hear.
        heard: By condition: the title of its column, and what the model said. The original is among them.
        bootstrap: How intervals are drawn.
        is_published: The tracks are those of figure 3.8.

    Raises:
        ConfigError: No track could be heard, or none that could carries a label of the model.
    """
    failures = {key: reason for _, one in heard.values() for key, reason in one.failures.items()}
    common = [track for track in tracks if all(track.track_id in one.probabilities for _, one in heard.values())]
    if not common:
        raise ConfigError(
            f"{model.name} could hear none of {len(tracks)} tracks under all deformations: "
            f"{next(iter(failures.values()), 'they are not the tracks that it heard')}",
            hint="check the sounds: tutti tag FILE",
        )
    targets = _targets(model, common)
    scored = {title: _scored(one, common, targets, bootstrap) for title, (_, one) in heard.items()}
    by_column: dict[str, list[str]] = {}
    for title, (column, _) in heard.items():
        by_column.setdefault(column, []).append(title)
    columns = {column: _mean([scored[title] for title in titles]) for column, titles in by_column.items()}
    original = columns[ORIGINAL]
    # Somebody else's labels are somebody else's model.
    published = published_scores(model.config.architecture) if is_published and targets.any(axis=0).all() else {}
    combined = [title for titles in by_column.values() if len(titles) > 1 for title in titles]
    return ModelRobustness(
        model=model.name,
        n_items=len(common),
        columns=tuple(
            _told(column, one, original, bootstrap, published.get(column, {})) for column, one in columns.items()
        ),
        settings=tuple(_told(title, scored[title], original, bootstrap, {}) for title in combined),
        left_out=unscorable_labels(targets, model.labels),
        failures=failures,
        training_seed=model.config.training.get("seed"),
    )


def _targets(model: Model, tracks: Sequence[Track]) -> BoolMatrix:
    """Shape (tracks, labels)."""
    spelling = str(model.config.training.get("data", {}).get("spelling", "plain"))
    targets = label_targets(tracks, model.labels, spelling=spelling)
    if not targets.any():
        raise ConfigError(
            f"none of {len(tracks)} tracks that could be heard carries a label of {model.name}",
            hint=f"its labels are {', '.join(model.labels[:8])}, …; take a catalogue or a split with such tags",
        )
    return targets


def _scored(heard: Heard, tracks: Sequence[Track], targets: BoolMatrix, bootstrap: Bootstrap) -> _Scored:
    scores = np.stack([heard.probabilities[track.track_id] for track in tracks])
    samples = resampled_metrics(targets, scores, threshold=0.5, bootstrap=bootstrap)
    values = {"roc_auc_macro": roc_auc(targets, scores), "pr_auc_macro": pr_auc(targets, scores)}
    return {metric: _Samples(value=values[metric], resampled=samples[metric]) for metric in METRICS}


def _mean(settings: Sequence[_Scored]) -> _Scored:
    return {
        metric: _Samples(
            value=float(np.mean([one[metric].value for one in settings])),
            resampled=np.mean([one[metric].resampled for one in settings], axis=0),
        )
        for metric in METRICS
    }


def _told(
    title: str, scored: _Scored, original: _Scored, bootstrap: Bootstrap, published: dict[str, float]
) -> DeformedScores:
    differences = {
        metric: difference_of_samples(
            scored[metric].resampled - original[metric].resampled,
            scored[metric].value - original[metric].value,
            bootstrap,
        )
        for metric in METRICS
    }
    return DeformedScores(
        title=title,
        metrics={metric: _estimate(scored[metric], bootstrap) for metric in METRICS},
        differences={} if title == ORIGINAL else differences,
        published=published,
    )


def _estimate(samples: _Samples, bootstrap: Bootstrap) -> Estimate:
    low, high = np.clip(bootstrap.interval(samples.resampled, value=samples.value), 0.0, 1.0)
    return Estimate(value=samples.value, low=float(low), high=float(high))
