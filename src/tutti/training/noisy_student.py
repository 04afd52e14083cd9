"""The noisy-student scheme: a student learns from labelled tracks, and from what teachers hear in unlabelled ones.

Every batch has a labelled and an unlabelled part. Teachers heard the unlabelled tracks as they are, once and before
(``pseudo_labels``); the student hears excerpts of them altered, and is to say the same. Where teachers have different
labels, the student has the union of all, and each teacher speaks for its own only; so do the labels of a catalogue.
Without labelled tracks this is distillation, from one teacher or from many.

``student_runs`` carries such recipes out: teachers, pseudo-labels, iterations.

References:
    Won, thesis 2021, section 4.3. Published code trains in halves of a batch with losses of equal weight, on soft
    labels without threshold or temperature. (It calls a loss for the labelled half that is defined nowhere; text and we
    take binary cross-entropy.) Xie, Luong, Hovy, Le, "Self-training with noisy student improves ImageNet
    classification", CVPR 2020. Ba and Caruana, "Do deep nets really need to be deep?", NeurIPS 2014, on logits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.audio.augmentation import Augmentation
from tutti.audio.excerpts import ExcerptPlan
from tutti.errors import ConfigError
from tutti.evaluation.agreement import rank_correlation
from tutti.training.loading import Batch, Draw
from tutti.training.pseudo_labels import PseudoLabels
from tutti.training.sampling import ExcerptBatch, n_batches, random_starts, shuffled_batches
from tutti.training.sounds import Sounds, listen
from tutti.training.supervised import LabelledSounds, SupervisedConfig, SupervisedTagging

CERTAIN = 1e-6  # probabilities nearer to 0 and 1 are taken for this: logits within 13.8
VALID_BATCH = 16  # excerpts
CATALOGUE = "catalogue"  # the label set of the labelled catalogue


@dataclass(frozen=True, kw_only=True)
class TeacherConfig:
    """The teacher that a run trains for itself where it is given none; unsaid settings are the student's.

    Attributes:
        architecture: A name in ``tutti.models.taggers.ARCHITECTURES``.
        options: Of the architecture.
        epochs: Of its training.
        batch_size: Of its training.
        excerpts_per_track: Drawn from each labelled track an epoch.
    """

    architecture: str | None = None
    options: dict[str, bool | int | float | str] | None = None
    epochs: int | None = None
    batch_size: int = 16
    excerpts_per_track: int = 1


@dataclass(frozen=True, kw_only=True)
class NoisyStudentConfig:
    """Who teaches, what is heard, and what is lost.

    Attributes:
        name: Of the scheme.
        teachers: Bundles or published models by label set; those of a set have the same labels. None trains one first,
            on the labelled tracks.
        teacher: The one to train.
        unlabelled: A catalogue of tracks to be heard by teachers; None takes those tracks of ``data.catalogue`` that
            are not labelled, but for its splits valid and test.
        pseudo_labels: Folder in which teachers' answers are stored; None keeps them in the run's.
        store: Where decoded unlabelled sounds are kept; None keeps them in the run's folder.
        hop: Seconds from one of a teacher's excerpts to the next; None: excerpts touch.
        merge: Which labels of teachers (``SET:LABEL``) a label of the student stands for; without a table those that
            are spelled alike are one.
        pseudo: ``soft``: the teachers' probabilities; ``hard``: whether they reach ``threshold``.
        threshold: Of hard pseudo-labels.
        target: What an unlabelled excerpt is to be: what the teachers heard there (``excerpt``) or in all of its
            ``track``.
        loss: Of unlabelled excerpts: ``bce``, binary cross-entropy; ``logits``, squared difference of logits in units
            of each label's standard deviation over the unlabelled tracks, so that rare labels count as much as others.
        weight: Of the unlabelled part's loss; the labelled part's weighs 1.
        batch_size: Excerpts, labelled and unlabelled.
        unlabelled_share: Of a batch.
        excerpts_per_track: Drawn from each unlabelled track an epoch; labelled ones are drawn as often as they are
            needed, each as often as the others.
        mixup: As in supervised training, within each part of a batch.
        iterations: How often the student becomes the teacher of the next.
        valid_excerpts: Heard of each track in validation, at most.
    """

    name: Literal["noisy-student"] = "noisy-student"
    teachers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    unlabelled: Path | None = None
    pseudo_labels: Path | None = None
    store: Path | None = None
    hop: float | None = None
    merge: dict[str, tuple[str, ...]] | None = None
    pseudo: Literal["soft", "hard"] = "soft"
    threshold: float = 0.5
    target: Literal["excerpt", "track"] = "excerpt"
    loss: Literal["bce", "logits"] = "bce"
    weight: float = 1.0
    batch_size: int = 32
    unlabelled_share: float = 0.5
    excerpts_per_track: int = 1
    mixup: float = 0.0
    iterations: int = 1
    valid_excerpts: int = 4

    def __post_init__(self) -> None:
        for name in ("batch_size", "excerpts_per_track", "iterations", "valid_excerpts", "weight"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}={getattr(self, name):g} is not positive", hint="give a positive number")
        if not 0 < self.threshold < 1:
            raise ConfigError(f"threshold={self.threshold:g} is no probability", hint="give one between 0 and 1")
        if not 0 < self.unlabelled_share <= 1:
            raise ConfigError(
                f"unlabelled_share={self.unlabelled_share:g} leaves nothing for teachers to teach",
                hint="give 0.5 for halves, 1 where nothing is labelled; or scheme.name = 'supervised'",
            )
        if self.pseudo == "hard" and self.loss == "logits":
            raise ConfigError("hard pseudo-labels have no logits", hint="set scheme.loss = 'bce', or pseudo = 'soft'")
        if self.mixup < 0:
            raise ConfigError(f"mixup={self.mixup:g} is negative", hint="give 0 for none, or 0.2")
        if self.mixup and self.loss == "logits":
            raise ConfigError(
                "logits cannot be mixed as probabilities can", hint="set scheme.mixup = 0, or loss = 'bce'"
            )

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most."""
        return self.batch_size

    def parts(self, *, has_labelled: bool) -> tuple[int, int]:
        """Labelled and unlabelled excerpts of a batch.

        Raises:
            ConfigError: The share leaves no room for one of them.
        """
        if not has_labelled:
            return 0, self.batch_size
        n_unlabelled = round(self.unlabelled_share * self.batch_size)
        if not 0 < n_unlabelled < self.batch_size:
            raise ConfigError(
                f"a batch of {self.batch_size} with a share of {self.unlabelled_share:g} unlabelled has "
                f"{self.batch_size - n_unlabelled} labelled and {n_unlabelled} unlabelled excerpts",
                hint="give a larger scheme.batch_size, or another scheme.unlabelled_share",
            )
        return self.batch_size - n_unlabelled, n_unlabelled


@dataclass(frozen=True, kw_only=True)
class Taught(Sounds):
    """Unlabelled sounds, and what teachers heard in them, as the student's labels.

    Attributes:
        pseudo_labels: What the teachers heard; of all these sounds.
        union: The student's labels, in the order of its outputs, and what each stands for, such as ``mtat:guitar``.
    """

    pseudo_labels: PseudoLabels
    union: Mapping[str, tuple[str, ...]]

    @property
    def is_taught(self) -> NDArray[np.bool_]:
        """Which of the labels a teacher knows. Shape (labels,)."""
        return np.asarray([bool(places) for places in self._sources])

    def between(self, row: int, begin: int, end: int) -> NDArray[np.float32]:
        """What teachers hear of a sound between two samples: logits, shape (labels,); 0 where none knows the label."""
        rate = self.store.sample_rate
        return self._united(self.pseudo_labels.between(self.store.keys[row], begin / rate, end / rate))

    @cached_property
    def of_tracks(self) -> NDArray[np.float32]:
        """What teachers hear in whole tracks: logits, shape (rows, labels)."""
        return np.stack([self._united(self.pseudo_labels.of_track(self.store.keys[row])) for row in self.rows])

    @cached_property
    def _sources(self) -> list[list[tuple[str, NDArray[np.int64]]]]:
        """Of each label, the sets that know it, and its places in them."""
        sets = {name: {label: i for i, label in enumerate(labels)} for name, labels in self.pseudo_labels.sets.items()}
        found: list[list[tuple[str, NDArray[np.int64]]]] = []
        for sources in self.union.values():
            places: dict[str, list[int]] = {}
            for source in sources:
                name, _, label = source.partition(":")
                if name in sets:
                    places.setdefault(name, []).append(sets[name][label])
            found.append([(name, np.asarray(some)) for name, some in places.items()])
        return found

    def _united(self, heard: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each set has one voice: the mean of its logits; sets then count alike."""
        logits = {name: _logits(probabilities) for name, probabilities in heard.items()}
        means = [
            np.mean([logits[name][places].mean() for name, places in some]) if some else 0.0 for some in self._sources
        ]
        return np.asarray(means, dtype=np.float32)


class NoisyStudent:
    """A :class:`tutti.training.trainer.Scheme` for taggers.

    Args:
        taught: Unlabelled sounds to learn from.
        taught_valid: Unlabelled sounds on which agreement with the teachers tells the best epoch; used, and needed,
            only where nothing is labelled.
        labelled: Labelled sounds of the splits train and valid.
        known: Places of the labelled catalogue's labels among the student's.
        config: Everything else.
        n_samples: Length of an excerpt.
        seed: Of everything random.
        augment: Changes what the student hears.
    """

    def __init__(
        self,
        taught: Taught,
        *,
        config: NoisyStudentConfig,
        n_samples: int,
        seed: int,
        taught_valid: Taught | None = None,
        labelled: tuple[LabelledSounds, LabelledSounds] | None = None,
        known: Sequence[int] = (),
        augment: Augmentation | None = None,
    ) -> None:
        self._taught, self._taught_valid = taught, taught_valid
        self._labelled = labelled[0] if labelled else None
        self._known = list(known)
        self._config, self._n_samples, self._seed, self._augment = config, n_samples, seed, augment
        self._n_labelled, self._n_unlabelled = config.parts(has_labelled=labelled is not None)
        self.n_steps = n_batches(len(taught.rows) * config.excerpts_per_track, self._n_unlabelled)
        self._is_taught = torch.from_numpy(taught.is_taught)
        scales = taught.of_tracks.std(axis=0)
        self._scales = torch.from_numpy(np.where(scales > 1e-3, scales, 1.0).astype(np.float32))
        self._judge = None
        if labelled:
            plain = SupervisedConfig(batch_size=config.batch_size, valid_excerpts=config.valid_excerpts)
            self._judge = SupervisedTagging(*labelled, plain, n_samples=n_samples, seed=seed)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of: labelled rows are numbered behind the unlabelled ones."""
        config, seed = self._config, self._seed
        n_rows = len(self._taught.rows)
        passes = range(epoch * config.excerpts_per_track, (epoch + 1) * config.excerpts_per_track)
        starts = [random_starts(self._taught.n_samples, self._n_samples, seed=seed, epoch=one) for one in passes]
        unlabelled = shuffled_batches(np.stack(starts), self._n_unlabelled, seed=seed, epoch=epoch)
        mixing = np.random.default_rng((seed, epoch, n_rows))
        draws = []
        for step, excerpts in enumerate(unlabelled):
            more = self._labelled_draw(epoch * self.n_steps + step)
            rows = np.concatenate([more.rows + n_rows, excerpts.rows])
            both = ExcerptBatch(rows=rows, starts=np.concatenate([more.starts, excerpts.starts]))
            mix = float(mixing.beta(config.mixup, config.mixup)) if config.mixup else 1.0
            draws.append(Draw(excerpts=both, seed=(seed, epoch, step), mix=mix))
        return draws

    def _labelled_draw(self, step: int) -> ExcerptBatch:
        """The labelled part of a step: tracks in an order that is shuffled anew whenever all have been heard."""
        if self._labelled is None:
            none = np.zeros(0, dtype=np.int64)
            return ExcerptBatch(rows=none, starts=none)
        n_tracks, first = len(self._labelled.rows), step * self._n_labelled
        places = np.arange(first, first + self._n_labelled)
        orders = {turn: self._order(turn, n_tracks) for turn in np.unique(places // n_tracks).tolist()}
        rows = np.asarray([orders[int(place) // n_tracks][int(place) % n_tracks] for place in places])
        rooms = np.maximum(0, self._labelled.n_samples[rows] - self._n_samples)
        starts = np.random.default_rng((self._seed, step, n_tracks, 1)).integers(rooms + 1)
        return ExcerptBatch(rows=rows, starts=starts)

    def _order(self, turn: int, n_tracks: int) -> NDArray[np.int64]:
        return np.random.default_rng((self._seed, turn, n_tracks, 2)).permutation(n_tracks)

    def load(self, draw: Draw) -> Batch:
        """Waveforms ``[batch, samples]``, logits to reach ``[batch, n_labels]``, which are labelled ``[batch]``."""
        rows, starts = draw.excerpts
        n_rows, n_samples = len(self._taught.rows), self._n_samples
        is_labelled = rows >= n_rows
        waveforms = np.empty((len(rows), n_samples), dtype=np.float32)
        targets = np.zeros((len(rows), len(self._taught.union)), dtype=np.float32)
        if self._labelled is not None and is_labelled.any():
            ours = rows[is_labelled] - n_rows
            some = ExcerptBatch(rows=ours, starts=starts[is_labelled])
            waveforms[is_labelled] = self._labelled.cut(some, n_samples=n_samples)
            tags = np.zeros((len(ours), targets.shape[1]), dtype=np.float32)
            tags[:, self._known] = self._labelled.targets[ours]
            targets[is_labelled] = tags
        theirs = rows[~is_labelled]
        if len(theirs):
            some = ExcerptBatch(rows=theirs, starts=starts[~is_labelled])
            waveforms[~is_labelled] = self._taught.cut(some, n_samples=n_samples)
            targets[~is_labelled] = self._targets(theirs, starts[~is_labelled])
        return torch.from_numpy(waveforms), torch.from_numpy(targets), torch.from_numpy(is_labelled)

    def _targets(self, rows: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.float32]:
        """What teachers say: logits to reach, or the probabilities of binary cross-entropy. Shape (rows, labels)."""
        taught, config = self._taught, self._config
        if config.target == "track":
            logits = taught.of_tracks[rows]
        else:
            stretches = zip(taught.rows[rows], starts.tolist(), strict=True)
            logits = np.stack([taught.between(row, start, start + self._n_samples) for row, start in stretches])
        if config.loss == "logits":
            return logits
        probabilities = 1 / (1 + np.exp(-logits))
        wanted = (probabilities >= config.threshold) if config.pseudo == "hard" else probabilities
        return wanted.astype(np.float32)

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, augmented and mixed where the configuration says so; labelled with labelled only."""
        waveforms, targets, is_labelled = batch
        if self._augment is not None:
            waveforms = self._augment(waveforms, generator=draw.generator())
        if draw.mix < 1:
            n_labelled = int(is_labelled.sum())
            order = torch.cat([torch.arange(n_labelled).flip(0), torch.arange(n_labelled, len(targets)).flip(0)])
            waveforms = torch.lerp(waveforms, waveforms[order], 1 - draw.mix)
            targets = torch.lerp(targets, targets[order], 1 - draw.mix)
        return waveforms, targets, is_labelled

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean cross-entropy of the labelled part, plus the weighted loss of the unlabelled one."""
        waveforms, targets, is_labelled = batch
        logits = network(waveforms)
        unlabelled = self._taught_loss(logits[~is_labelled], targets[~is_labelled]) if not is_labelled.all() else 0.0
        loss = self._config.weight * unlabelled
        if is_labelled.any():
            ours = logits[is_labelled][:, self._known], targets[is_labelled][:, self._known]
            loss = loss + functional.binary_cross_entropy_with_logits(*ours)
        assert isinstance(loss, Tensor)
        return loss

    def _taught_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        is_taught = self._is_taught.to(logits.device)
        logits, targets = logits[:, is_taught], targets[:, is_taught]
        if self._config.loss == "bce":
            return functional.binary_cross_entropy_with_logits(logits, targets)
        scales = self._scales.to(logits.device)[is_taught]
        return ((logits.float() - targets) / scales).square().mean()

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Of labelled tracks what supervised training tells; without them agreement with the teachers."""
        if self._judge is not None:
            return self._judge.validate(_SomeLabels(network, self._known))
        assert self._taught_valid is not None
        return agreement(network, self._taught_valid, n_samples=self._n_samples, count=self._config.valid_excerpts)


def heard_in_tracks(network: nn.Module, taught: Taught, *, n_samples: int, count: int) -> NDArray[np.float32]:
    """A network's probabilities of whole tracks, the mean over excerpts spread evenly. Shape (rows, labels)."""
    heard = listen(network, taught, ExcerptPlan(n_samples=n_samples, count=count), batch_size=VALID_BATCH)
    found: NDArray[np.float32] = heard.averaged(torch.sigmoid(heard.outputs)).numpy()
    return found


def agreement(network: nn.Module, taught: Taught, *, n_samples: int, count: int) -> dict[str, float]:
    """How far a network says what teachers say of whole tracks.

    Returns:
        ``loss``, the mean cross-entropy; ``rank_correlation``, Spearman's over tracks, mean over labels.
    """
    is_taught = taught.is_taught
    ours = heard_in_tracks(network, taught, n_samples=n_samples, count=count)[:, is_taught]
    theirs = taught.of_tracks[:, is_taught]
    wanted = torch.from_numpy(1 / (1 + np.exp(-theirs)))
    loss = functional.binary_cross_entropy(torch.from_numpy(ours).clamp(0, 1), wanted).item()
    return {"loss": loss, "rank_correlation": float(np.nanmean(rank_correlation(ours, theirs)))}


class _SomeLabels(nn.Module):
    """A network's answers about some of its labels."""

    def __init__(self, network: nn.Module, places: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        self._places = list(places)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Logits ``[batch, labels]``."""
        logits: Tensor = self.network(waveforms)
        return logits[:, self._places]


def _logits(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    clipped = np.clip(probabilities.astype(np.float64), CERTAIN, 1 - CERTAIN)
    return np.log(clipped / (1 - clipped))
