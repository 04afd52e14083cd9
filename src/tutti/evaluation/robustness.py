"""Robustness: how much worse models become when what they hear is deformed.

Every track of a split is deformed as a whole, at the model's sample rate, before excerpts are cut, by each setting of
each deformation (``tutti.audio.deformations``). Tags stay as they are. A track that a stretch makes shorter than the
model's excerpt is repeated until it fills one, like every short sound (``tutti.audio.excerpts``): 29 s models can hear
clips of 20.6 s, which the published code could not.

What a model says under a deformation is kept in the study's folder; the same study goes on where it was stopped::

    predictions/<model>/<deformation>.npz    track ids, probabilities, failures, and of what they were made
    robustness.json, robustness.md, robustness.png     see ``robustness_report`` and ``robustness_figure``

References:
    Won, Ferraro, Bogdanov and Serra, "Evaluation of CNN-based automatic music tagging models", SMC 2020, section 5.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tutti.audio.deformations import DEFORMATIONS
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.robustness_figure import draw_robustness
from tutti.evaluation.robustness_listening import (
    NOISE_SEED,
    Condition,
    conditions_of,
    identity_of,
    keep,
    kept,
    listen_to,
)
from tutti.evaluation.robustness_report import RobustnessReport
from tutti.evaluation.robustness_scores import Heard, score_model
from tutti.evaluation.tagging import dataset_title, origin_of, scored_tracks
from tutti.models.model import Model

FIGURE_FILE = "robustness.png"
PUBLISHED_DATASET = "magnatagatune"  # whose test set figure 3.8 is about


def robustness_study(
    models: Sequence[Model],
    catalogue: Catalogue,
    *,
    folder: Path,
    split: str = "test",
    deformations: Sequence[str] = tuple(DEFORMATIONS),
    bootstrap: Bootstrap | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> RobustnessReport:
    """How models score on the deformed tracks of a catalogue, written to a folder and returned.

    Args:
        models: Taggers of different names.
        catalogue: Tracks with tags and splits.
        folder: Of the study; predictions that it holds are used.
        split: ``train``, ``valid`` or ``test``, or ``all`` tracks.
        deformations: Names in ``DEFORMATIONS``.
        bootstrap: How intervals are drawn.
        tell: Receives a line before each deformation.

    Raises:
        ConfigError: No model or two of one name, no folder, or a split without a track that has sound and a label.
        UnknownNameError: There is no such split or deformation.
        MissingExtraError: Signalsmith Stretch, scikit-learn or matplotlib is not installed.
    """
    _check(models, folder)
    conditions, tracks = conditions_of(deformations), scored_tracks(catalogue, split)
    for condition in conditions[1:]:
        condition.deform(np.zeros(1, dtype=np.float32), models[0].sample_rate)  # a missing extra shows here
    heard = {model.name: dict[str, tuple[str, Heard]]() for model in models}
    for condition in conditions:
        for name, one in _heard_under(condition, models, tracks, folder, tell).items():
            heard[name][condition.title] = condition.column, one
    bootstrap = bootstrap or Bootstrap()
    is_published = origin_of(catalogue, tracks)[0] == PUBLISHED_DATASET
    report = RobustnessReport(
        dataset=dataset_title(catalogue, tracks),
        split=split,
        bootstrap=bootstrap,
        noise_seed=NOISE_SEED,
        models=tuple(
            score_model(model, tracks, heard[model.name], bootstrap=bootstrap, is_published=is_published)
            for model in models
        ),
    )
    report.write(folder)
    draw_robustness(report, folder / FIGURE_FILE)
    return report


def _check(models: Sequence[Model], folder: Path) -> None:
    names = [model.name for model in models]
    if not names or len({*names}) < len(names):
        raise ConfigError(
            f"a study needs models of different names, it got {', '.join(names) or 'none'}",
            hint="name each model once; rename a bundle in its config.json",
        )
    for model in models:
        model.check_probabilities()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is no folder", hint="name a new folder, or that of the study to go on with")


def _heard_under(
    condition: Condition, models: Sequence[Model], tracks: Sequence[Track], folder: Path, tell: Callable[[str], None]
) -> dict[str, Heard]:
    """What the models say under a condition, from the folder where it holds that, by name."""
    places = {model.name: folder / "predictions" / model.name / f"{condition.key}.npz" for model in models}
    identities = {model.name: identity_of(model, condition, tracks) for model in models}
    known = {name: kept(path, identity=identities[name]) for name, path in places.items()}
    heard = {name: one for name, one in known.items() if one is not None}
    lacking = sorted((model for model in models if model.name not in heard), key=_rate)
    for _, group in itertools.groupby(lacking, key=_rate):  # decoded and deformed once for all of a rate
        together = list(group)
        tell(f"{condition.title}: {', '.join(model.name for model in together)} on {len(tracks)} tracks")
        for name, one in listen_to(tracks, condition, together).items():
            keep(one, places[name], identity=identities[name])
            heard[name] = one
    return heard


def _rate(model: Model) -> tuple[int, str]:
    return model.sample_rate, model.config.resampling.quality
