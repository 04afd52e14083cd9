"""A recipe whose scheme is noisy-student, carried out: teachers, pseudo-labels, students, and who teaches next.

The run's folder holds, besides what every run has::

    teacher/                the run of the teacher, where the recipe names none
    pseudo-labels-1/ …      what the teachers of each iteration heard, unless the recipe keeps it elsewhere
    unlabelled/             decoded sounds
    iteration-1/ …          training of each iteration but the last, whose files lie in the run's folder itself
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tutti.audio.recording import Recording
from tutti.audio.store import WaveformStore, open_store
from tutti.data.artist_splits import artist_of
from tutti.data.catalogue import Catalogue
from tutti.data.labels import choose_labels
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation.agreement import AgreementReport, estimate_rank_correlation
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate
from tutti.evaluation.tagging import dataset_title
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.tagger import Tagger
from tutti.models.zoo import load_model
from tutti.training.checkpoints import History
from tutti.training.noisy_student import CATALOGUE, NoisyStudent, NoisyStudentConfig, Taught, heard_in_tracks
from tutti.training.progress import steps_shown
from tutti.training.pseudo_labels import PseudoLabels, check_teachers, label_union, write_pseudo_labels
from tutti.training.recipes import NetworkConfig, Recipe
from tutti.training.run_parts import (
    Tell,
    TrainedRun,
    augmentation,
    check_length,
    claimed_folder,
    failures_of,
    finished,
    labelled,
    model_config,
    open_catalogue,
    open_sounds,
    regularised,
)
from tutti.training.run_splits import RunSplits, evaluate, labelled_splits
from tutti.training.sounds import Sounds
from tutti.training.supervised import LabelledSounds, SupervisedConfig
from tutti.training.supervised_runs import train_supervised
from tutti.training.trainer import fit
from tutti.training.transfer import build_network, keeps_head

JOBS = 2
OWN = "student"  # the label set of a student that has become a teacher


@dataclass(frozen=True, kw_only=True)
class _Labelled:
    """The labelled catalogue of a run."""

    catalogue: Catalogue
    splits: RunSplits
    labels: tuple[str, ...]

    @classmethod
    def of(cls, recipe: Recipe, tell: Tell) -> _Labelled:
        catalogue = open_catalogue(recipe)
        splits = labelled_splits(catalogue, recipe, tell)
        labels = choose_labels([track for some in splits.by_split.values() for track in some], recipe.data)
        return cls(catalogue=catalogue, splits=splits, labels=labels)

    @property
    def tracks(self) -> dict[str, list[Track]]:
        """Of each split that takes part."""
        return self.splits.by_split


def train_student(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is noisy-student; see :func:`tutti.training.runs.train`."""
    config = recipe.scheme
    assert isinstance(config, NoisyStudentConfig)
    if recipe.data.task != "tags":
        raise ConfigError("a noisy student learns tags, and data.task is 'classes'", hint="set data.task = 'tags'")
    known = _Labelled.of(recipe, tell) if recipe.data.catalogue is not None else None
    if known is None and not config.teachers:
        raise ConfigError(
            f"the recipe {recipe.name} has neither labelled tracks nor teachers",
            hint="add data.catalogue=FOLDER, or [scheme.teachers] with bundles or published models",
        )
    config.parts(has_labelled=known is not None)
    unlabelled = choose_unlabelled(config, known.catalogue if known else None, known.tracks if known else {})
    with claimed_folder(recipe):
        teachers = {name: [load_model(one) for one in some] for name, some in config.teachers.items()}
        if teachers:
            check_teachers(teachers)
        union = _union(teachers, known, config)  # refuses what does not fit before a teacher is trained
        build_network(model_config(recipe, tuple(union)), recipe.model.start, seed=recipe.seed)  # so does this
        if not teachers:
            assert known is not None
            teachers = {CATALOGUE: [_train_teacher(recipe, quiet, tell)]}
    sources = union
    for iteration in range(1, config.iterations + 1):
        is_last = iteration == config.iterations
        work = _Iteration(
            recipe=recipe,
            folder=recipe.folder if is_last else recipe.folder / f"iteration-{iteration}",
            pseudo_labels=_pseudo_folder(recipe, config, iteration),
            teachers=teachers,
            union=union,
            sources=sources,
            known=known,
            unlabelled=unlabelled,
        )
        run = work.carry_out(quiet, tell)
        teachers, union = {OWN: [run.tagger]}, _own_union(union)
    return run


def choose_unlabelled(
    config: NoisyStudentConfig, catalogue: Catalogue | None, known: Mapping[str, Sequence[Track]]
) -> dict[str, list[Track]]:
    """The tracks that teachers hear, to learn from (``train``) and, where nothing is labelled, to validate by.

    No track by an artist of the labelled splits valid and test is among them.

    Raises:
        ConfigError: There are none, or none to validate by.
    """
    judged = {artist_of(track) for split, some in known.items() if split != "train" for track in some}
    if config.unlabelled is not None:
        place, tracks = config.unlabelled, Catalogue.open(config.unlabelled).tracks()
    else:
        assert catalogue is not None
        labelled_ids = {track.track_id for some in known.values() for track in some}
        place, tracks = catalogue.folder, [one for one in catalogue.tracks() if one.track_id not in labelled_ids]
    heard = [one for one in tracks if one.audio is not None and one.duplicate_of is None]
    learned = [one for one in heard if one.split not in ("valid", "test")]
    found = {"train": [one for one in learned if artist_of(one) not in judged]}
    if not found["train"]:
        raise ConfigError(
            f"{place} has {len(tracks)} tracks, none of them unlabelled music to learn from: with a sound, in "
            "neither of the splits valid and test, and not by an artist on whom the student is judged",
            hint="name a catalogue of other music: scheme.unlabelled = FOLDER",
        )
    if catalogue is None:
        found["valid"] = [one for one in heard if one.split == "valid"]
        if not found["valid"]:
            raise ConfigError(
                f"{place} has no tracks in the split valid to tell the best epoch by",
                hint="hold some sounds out: tutti datasets mixtures … --held-out FILE",
            )
    return found


def _train_teacher(recipe: Recipe, quiet: bool, tell: Tell) -> Model:
    """The teacher that the recipe does not name, trained on the labelled tracks."""
    scheme = recipe.scheme
    assert isinstance(scheme, NoisyStudentConfig)
    wanted = scheme.teacher
    student = recipe.model
    network = NetworkConfig(
        name=f"{student.name or recipe.name}-teacher",
        architecture=wanted.architecture or student.architecture,
        options=dict(student.options) if wanted.options is None else wanted.options,
        excerpts=student.excerpts,
    )
    teacher = dataclasses.replace(
        recipe,
        name=f"{recipe.name}-teacher",
        output=recipe.folder / "teacher",
        model=network,
        scheme=SupervisedConfig(
            batch_size=wanted.batch_size,
            excerpts_per_track=wanted.excerpts_per_track,
            mixup=scheme.mixup,
            valid_excerpts=scheme.valid_excerpts,
        ),
        training=dataclasses.replace(recipe.training, epochs=wanted.epochs or recipe.training.epochs),
        regularisation=None,
    )
    tell("a teacher first, from the labelled tracks")
    run = train_supervised(teacher, quiet, tell)
    tell(f"teacher: {run.report.line()}")
    return run.tagger


def _union(
    teachers: Mapping[str, Sequence[Model]], known: _Labelled | None, config: NoisyStudentConfig
) -> dict[str, tuple[str, ...]]:
    """The student's labels, those of the catalogue first."""
    sets = {CATALOGUE: known.labels} if known is not None else {}
    for name, some in teachers.items():
        if name == CATALOGUE and known is not None and some and set(some[0].labels) != set(known.labels):
            raise ConfigError(
                f"a teacher of the set {CATALOGUE!r} has other labels than the catalogue",
                hint="give its set another name",
            )
        sets.setdefault(name, some[0].labels if some else ())
    return label_union(sets, config.merge)


def _own_union(union: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The same labels, taught by a student that has them all."""
    kept = {label: [one for one in some if one.startswith(f"{CATALOGUE}:")] for label, some in union.items()}
    return {label: (f"{OWN}:{label}", *some) for label, some in kept.items()}


def _pseudo_folder(recipe: Recipe, config: NoisyStudentConfig, iteration: int) -> Path:
    if iteration == 1 and config.pseudo_labels is not None:
        return config.pseudo_labels
    return recipe.folder / f"pseudo-labels-{iteration}"


@dataclass(frozen=True, kw_only=True)
class _Iteration:
    """One student of some teachers.

    Attributes:
        recipe: Of the run.
        folder: Of this iteration.
        pseudo_labels: Where teachers' answers are stored.
        teachers: By label set.
        union: The student's labels, and what each stands for among these teachers and the catalogue.
        sources: The same among the first teachers.
        known: The labelled catalogue.
        unlabelled: Tracks by split.
    """

    recipe: Recipe
    folder: Path
    pseudo_labels: Path
    teachers: Mapping[str, Sequence[Model]]
    union: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, tuple[str, ...]]
    known: _Labelled | None
    unlabelled: Mapping[str, Sequence[Track]]

    def carry_out(self, quiet: bool, tell: Tell) -> TrainedRun:
        """Pseudo-labels, training, scores, bundle."""
        recipe, known = self.recipe, self.known
        n_tracks = sum(map(len, self.unlabelled.values()))
        names = ", ".join(model.name for some in self.teachers.values() for model in some)
        tell(f"{len(self.union)} labels; {names} hear {n_tracks} unlabelled tracks")
        pseudo = self._hear(quiet)
        config = dataclasses.replace(model_config(recipe, tuple(self.union)), label_sources=dict(self.sources))
        store = self._open_unlabelled(config)
        taught = {split: self._taught(store, pseudo, tracks) for split, tracks in self.unlabelled.items()}
        ours, failures = self._labelled_sounds(config)
        network = build_network(config, recipe.model.start, seed=recipe.seed, tell=tell)
        check_length(network, config)
        scheme = self._scheme(taught, ours, config)
        if not keeps_head(config, recipe.model.start):
            _begin_at_base_rates(network, taught["train"])
        n_labelled = f"{len(ours[0].rows)} labelled and " if ours else ""
        tell(f"training on {n_labelled}{len(taught['train'].rows)} unlabelled tracks, {scheme.n_steps} steps an epoch")
        heard = Sounds(store=taught["train"].store, rows=taught["train"].rows)
        regular = regularised(scheme, recipe, config, heard, tell=tell)
        history = fit(network, regular, recipe.training, folder=self.folder, seed=recipe.seed, quiet=quiet)
        model = Model(dataclasses.replace(config, base_rates=self._base_rates(taught["train"])), network.cpu())
        report = (
            self._report(model, history, taught, tell)
            if known is None
            else evaluate(model, known.catalogue, known.splits, recipe)
        )
        return finished(model, report, history, {**failures, **pseudo.failures, **store.failures}, folder=self.folder)

    def _hear(self, quiet: bool) -> PseudoLabels:
        tracks = [track for some in self.unlabelled.values() for track in some]
        with steps_shown(len(tracks), done=0, quiet=quiet) as shown:
            shown.describe("teachers listen")
            return write_pseudo_labels(
                tracks,
                self.teachers,
                self.pseudo_labels,
                hop=self._config.hop,
                jobs=JOBS,
                on_progress=lambda done, *_: shown.advance_to(done),
            )

    @property
    def _config(self) -> NoisyStudentConfig:
        assert isinstance(self.recipe.scheme, NoisyStudentConfig)
        return self.recipe.scheme

    def _open_unlabelled(self, config: ModelConfig) -> WaveformStore:
        recordings = {
            split: [Recording.from_file(track.audio, key=track.track_id) for track in tracks if track.audio]
            for split, tracks in self.unlabelled.items()
        }
        folder = self._config.store or self.recipe.folder / "unlabelled"
        return open_store(recordings, folder, sample_rate=config.sample_rate, resampling=config.resampling)

    def _taught(self, store: WaveformStore, pseudo: PseudoLabels, tracks: Sequence[Track]) -> Taught:
        wanted = {track.track_id for track in tracks}
        rows = [row for row, key in enumerate(store.keys) if key in wanted and key in pseudo]
        if not rows:
            reason = next(iter({**store.failures, **pseudo.failures}.values()), "")
            raise ConfigError(
                f"none of {len(tracks)} unlabelled tracks could be heard: {reason}", hint="check the files"
            )
        return Taught(store=store, rows=np.asarray(rows, dtype=np.int64), pseudo_labels=pseudo, union=self.union)

    def _labelled_sounds(
        self, config: ModelConfig
    ) -> tuple[tuple[LabelledSounds, LabelledSounds] | None, dict[str, str]]:
        known = self.known
        if known is None:
            return None, {}
        store = open_sounds(known.tracks, self.recipe, config)
        train, valid = (labelled(store, known.tracks[split], self.recipe, known.labels) for split in ("train", "valid"))
        return (train, valid), failures_of(store, [*known.tracks["train"], *known.tracks["valid"]])

    def _scheme(
        self, taught: Mapping[str, Taught], ours: tuple[LabelledSounds, LabelledSounds] | None, config: ModelConfig
    ) -> NoisyStudent:
        labels = list(self.union)
        known: list[int] = []
        if self.known is not None:
            place = {source: labels.index(label) for label, some in self.union.items() for source in some}
            known = [place[f"{CATALOGUE}:{label}"] for label in self.known.labels]
        return NoisyStudent(
            taught["train"],
            taught_valid=taught.get("valid"),
            labelled=ours,
            known=known,
            config=self._config,
            n_samples=config.n_samples,
            seed=self.recipe.seed,
            augment=augmentation(self.recipe, config.sample_rate),
        )

    def _base_rates(self, taught: Taught) -> dict[str, float]:
        """Share of tracks that carry a label: what teachers know of it, else how probable they find it here."""
        known = {
            f"{name}:{label}": rate
            for name, some in self.teachers.items()
            for label, rate in (some[0].config.base_rates.items() if some else ())
        }
        heard = dict(zip(self.union, _mean_probabilities(taught), strict=True))
        rates = {}
        for label, sources in self.union.items():
            said = [known[source] for source in sources if source in known]
            rates[label] = float(np.mean(said)) if said else float(heard[label])
        return rates

    def _report(self, model: Model, history: History, taught: Mapping[str, Taught], tell: Tell) -> AgreementReport:
        """How far a student of teachers alone agrees with them on tracks that it did not learn from."""
        recipe, valid = self.recipe, taught["valid"]
        tell(f"evaluating epoch {history.best.epoch} on {len(valid.rows)} tracks")
        bootstrap = Bootstrap(n_resamples=recipe.evaluation.n_resamples, seed=recipe.evaluation.seed)
        count = model.config.excerpts.count
        with torch.inference_mode():
            ours = heard_in_tracks(model.network, valid, n_samples=model.n_samples, count=count)
        theirs = valid.of_tracks
        metrics: dict[str, Estimate] = {"rank_correlation": estimate_rank_correlation(ours, theirs, bootstrap)}
        for name in self.teachers:
            places = [i for i, some in enumerate(self.union.values()) if any(s.startswith(f"{name}:") for s in some)]
            metrics[f"rank_correlation_{name}"] = estimate_rank_correlation(
                ours[:, places], theirs[:, places], bootstrap
            )
        assert self._config.unlabelled is not None
        catalogue = Catalogue.open(self._config.unlabelled)
        return AgreementReport(
            model=model.name,
            dataset=dataset_title(catalogue, self.unlabelled["valid"]),
            n_items=len(valid.rows),
            bootstrap=bootstrap,
            metrics=metrics,
            training_seed=recipe.seed,
        )


def _mean_probabilities(taught: Taught) -> NDArray[np.float64]:
    means: NDArray[np.float64] = (1 / (1 + np.exp(-taught.of_tracks.astype(np.float64)))).mean(axis=0)
    return means


def _begin_at_base_rates(network: Tagger, taught: Taught) -> None:
    """Let the untrained head say what teachers say on average: most labels are rare, and this needs no learning."""
    assert isinstance(network.head, nn.Linear)
    with torch.no_grad():
        network.head.bias.copy_(torch.from_numpy(taught.of_tracks.mean(axis=0)))
