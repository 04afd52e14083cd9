"""Scoring a tagger on the tracks of a catalogue, each heard as a whole: excerpts spread over it, averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutti.audio.recording import Recording
from tutti.data.catalogue import Catalogue
from tutti.data.labels import SPLITS, label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Predicted, Report, Tuned, score, tune
from tutti.models.inference import analyse
from tutti.models.model import Model


def evaluate_tagger(
    model: Model,
    catalogue: Catalogue,
    *,
    split: str = "test",
    bootstrap: Bootstrap | None = None,
    threshold: float = 0.5,
    tune_on: str | None = None,
    jobs: int = 1,
) -> Report:
    """How well a model finds the tags, or the class, of a catalogue's tracks.

    Tracks without audio or without tags are not scored; tags are spelled as in the model's training.

    Args:
        model: A tagger.
        catalogue: Tracks with tags and splits.
        split: ``train``, ``valid`` or ``test``, or ``all`` tracks.
        bootstrap: How intervals are drawn.
        threshold: A label is given where its probability is at least this.
        tune_on: Another split, on which thresholds are tuned for F1.
        jobs: Threads that decode.

    Raises:
        ConfigError: The split holds no track with sound and tags, none of its tags is a label of the model, or
            thresholds would be tuned on the tracks that are scored.
    """
    tuned = None if tune_on is None else tune_thresholds(model, catalogue, split=split, tune_on=tune_on, jobs=jobs)
    predicted = predict_tracks(model, catalogue, split=split, jobs=jobs)
    return score(predicted, bootstrap=bootstrap or Bootstrap(), threshold=threshold, tuned=tuned)


def tune_thresholds(model: Model, catalogue: Catalogue, *, split: str, tune_on: str, jobs: int = 1) -> Tuned:
    """Thresholds for scoring ``split``, tuned on the split ``tune_on``.

    Raises:
        ConfigError: The two share tracks, or nothing can be scored.
    """
    check_tuning(split=split, tune_on=tune_on)
    return tune(predict_tracks(model, catalogue, split=tune_on, jobs=jobs))


def check_tuning(*, split: str, tune_on: str) -> None:
    """See that thresholds are tuned on other tracks than those that are scored.

    Raises:
        ConfigError: They are not.
    """
    if tune_on == split or "all" in (tune_on, split):
        raise ConfigError(
            f"thresholds tuned on {tune_on} would be scored on the same tracks ({split})",
            hint="tune on valid and score test",
        )


def predict_tracks(
    model: Model,
    catalogue: Catalogue,
    *,
    split: str = "test",
    jobs: int = 1,
    tracks: Sequence[Track] | None = None,
) -> Predicted:
    """What a model says of a catalogue's tracks, beside the truth; other arguments, errors as of `evaluate_tagger`.

    For a model of classes, tracks that carry none or several of them are among the failures.

    Args:
        model: A tagger.
        catalogue: Tracks with tags and splits.
        split: Which is scored.
        jobs: Threads that decode.
        tracks: With sound and tags, where the split is not one of the catalogue's.
    """
    model.check_probabilities()
    tracks = scored_tracks(catalogue, split) if tracks is None else tracks
    spelling = str(model.config.training.get("data", {}).get("spelling", "plain"))
    truth = dict(
        zip((one.track_id for one in tracks), label_targets(tracks, model.labels, spelling=spelling), strict=True)
    )
    unfit = {}
    if model.config.task == "classes":
        unfit = {key: f"carries {row.sum()} of the classes" for key, row in truth.items() if row.sum() != 1}
        tracks = [track for track in tracks if track.track_id not in unfit]
    probabilities, failures = _listen(model, tracks, jobs)
    ids = [track.track_id for track in tracks if track.track_id in probabilities]
    if not any(truth[key].any() for key in ids):
        raise ConfigError(
            f"no track of {catalogue.folder} (split {split}) carries a label of {model.name}",
            hint=f"its labels are {', '.join(model.labels[:8])}, …; take a catalogue with such tags",
        )
    return Predicted(
        model=model.name,
        dataset=dataset_title(catalogue, tracks),
        split=split,
        labels=model.labels,
        targets=np.stack([truth[key] for key in ids]),
        scores=np.stack([probabilities[key] for key in ids]),
        failures={**unfit, **failures},
        training_seed=model.config.training.get("seed"),
        ids=ids,
        task=model.config.task,
    )


def dataset_title(catalogue: Catalogue, tracks: Sequence[Track]) -> str:
    """What reports call the tracks' dataset: its name and protocol, or the catalogue's where it has no such origin."""
    dataset, protocol = origin_of(catalogue, tracks)
    if not dataset:
        return catalogue.folder.name
    return f"{dataset} ({protocol})" if protocol else dataset


def origin_of(catalogue: Catalogue, tracks: Sequence[Track]) -> tuple[str, str]:
    """Research dataset and protocol of the tracks; empty where they do not all come from one."""
    facts = catalogue.facts()
    origins = {
        tuple(str(facts.get(track.track_id, {}).get(what, "")) for what in ("dataset", "protocol")) for track in tracks
    }
    dataset, protocol = next(iter(origins)) if len(origins) == 1 else ("", "")
    return dataset, protocol


def split_tracks(catalogue: Catalogue, split: str) -> list[Track]:
    """Tracks of a split, or of ``all``; none where the catalogue has splits, and nothing in this one.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: No track of the catalogue is in any split.
    """
    if split not in (*SPLITS, "all"):
        raise unknown_name("split", split, (*SPLITS, "all"))
    tracks = catalogue.tracks(where=None if split == "all" else f"split = '{split}'")
    if not tracks and not catalogue.tracks(where="split IS NOT NULL"):
        raise ConfigError(
            f"no track of the catalogue {catalogue.folder} is in a split",
            hint="take --split all, which scores every track (what a run has held out is scored in its report.md), "
            "or give the tracks splits by Catalogue.put_tracks",
        )
    return tracks


def scored_tracks(catalogue: Catalogue, split: str) -> list[Track]:
    """Tracks of a split that have sound and tags.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: There are no such tracks.
    """
    tracks = split_tracks(catalogue, split)
    found = [track for track in tracks if track.audio is not None and track.tags]
    if not found:
        is_whole = split == "all"
        where = "" if is_whole else f" in the split {split}"
        raise ConfigError(
            f"the catalogue {catalogue.folder} has {len(tracks)} tracks{where}, none with both sound and tags",
            hint="take a catalogue whose tracks have tags: of files, their genres are"
            if is_whole
            else "take another split or catalogue; split 'all' takes every track",
        )
    return found


def _listen(model: Model, tracks: Sequence[Track], jobs: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Probabilities, shape (labels,), and failures, by track id."""
    recordings = [Recording.from_file(track.audio, key=track.track_id) for track in tracks if track.audio is not None]
    probabilities, failures = {}, {}
    for analysis in analyse(recordings, [model], jobs=jobs):
        key = analysis.recording.key
        if analysis.failure is not None:
            failures[key] = analysis.failure.message
        else:
            probabilities[key] = analysis.results[model.name].probabilities
    return probabilities, failures
