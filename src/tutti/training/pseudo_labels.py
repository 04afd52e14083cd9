"""Pseudo-labels: what trained models (teachers) hear in sounds that nobody labelled, computed once and stored.

Teachers whose labels are the same form a label set, such as ``mtat``; a catalogue may be heard by several sets at once,
and each sound is decoded once for all of them. What is stored is every excerpt's probabilities with its place, so that
a student may be asked about any stretch of a track. ``noisy_student`` learns from them.

Layout of the folder::

    pseudo_labels.json     teachers, their labels, and hop
    part-000000.parquet    the excerpts of some tracks, complete; a track that is heard again is in a later part
    failures.json          why other tracks could not be heard

References:
    Won, thesis 2021, section 4.3; Xie, Luong, Hovy, Le, "Self-training with noisy student", CVPR 2020.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.audio.store_index import origin_of
from tutti.data.track import Track
from tutti.errors import ConfigError, ModelError
from tutti.files import atomic_file, is_occupied, write_text
from tutti.models.inference import Analysis, analyse
from tutti.models.model import Model

FORMAT = 1
INDEX, FAILURES, PARTS = "pseudo_labels.json", "failures.json", "part-*.parquet"
TRACKS_A_PART = 64

Teachers = Mapping[str, Sequence[Model]]
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a teacher said of a track.

    Attributes:
        begins: Where its excerpts begin, seconds, ascending. Shape (excerpts,).
        ends: Where they end. Shape (excerpts,).
        probabilities: Shape (excerpts, labels).
    """

    begins: NDArray[np.float32]
    ends: NDArray[np.float32]
    probabilities: NDArray[np.float32]

    def between(self, begin: float, end: float) -> NDArray[np.float32]:
        """Mean over the excerpts, each as much as it overlaps the stretch; the nearest where none does."""
        overlaps = np.minimum(self.ends, end) - np.maximum(self.begins, begin)
        weights = np.maximum(overlaps, 0.0)
        if not weights.sum():
            weights = (overlaps == overlaps.max()).astype(np.float32)
        mean: NDArray[np.float32] = (weights / weights.sum()) @ self.probabilities
        return mean.astype(np.float32)


class PseudoLabels:
    """Stored pseudo-labels, opened for reading.

    Attributes:
        folder: Where they lie.
        sets: The labels of each label set.
        teachers: The names of each label set's teachers.
        failures: Why other tracks could not be heard, by id.
    """

    def __init__(self, folder: Path) -> None:
        facts = _read_json(folder / INDEX)
        if facts is None:
            raise ConfigError(f"{folder} holds no pseudo-labels", hint="make them: tutti pseudolabel")
        self.folder = folder
        self.sets: dict[str, tuple[str, ...]] = {name: tuple(one["labels"]) for name, one in facts["sets"].items()}
        self.teachers: dict[str, tuple[str, ...]] = {
            name: tuple(teacher["name"] for teacher in one["teachers"]) for name, one in facts["sets"].items()
        }
        self.failures: dict[str, str] = _read_json(folder / FAILURES) or {}

    @classmethod
    def open(cls, folder: Path | str) -> PseudoLabels:
        """See the class.

        Raises:
            ConfigError: The folder holds none.
        """
        return cls(Path(folder))

    @property
    def track_ids(self) -> tuple[str, ...]:
        """Of all tracks that were heard."""
        return tuple(self._answers)

    def __contains__(self, track_id: object) -> bool:
        return track_id in self._answers

    def answers(self, track_id: str, label_set: str) -> list[Answer]:
        """What each teacher of a set said of a track."""
        return [self._answers[track_id][teacher] for teacher in self.teachers[label_set]]

    def between(self, track_id: str, begin: float, end: float) -> dict[str, NDArray[np.float32]]:
        """What the teachers of each set hear in a stretch of a track.

        Args:
            track_id: One of :attr:`track_ids`.
            begin: Seconds.
            end: Seconds.

        Returns:
            By set, probabilities of shape (labels of the set,): the mean over its teachers.
        """
        return {
            name: np.mean([one.between(begin, end) for one in self.answers(track_id, name)], axis=0)
            for name in self.sets
        }

    def of_track(self, track_id: str) -> dict[str, NDArray[np.float32]]:
        """The same for a whole track: the mean of each teacher's excerpts, then over teachers."""
        return {
            name: np.mean([one.probabilities.mean(axis=0) for one in self.answers(track_id, name)], axis=0)
            for name in self.sets
        }

    @cached_property
    def _answers(self) -> dict[str, dict[str, Answer]]:
        found: dict[str, dict[str, Answer]] = {}
        for part in sorted(self.folder.glob(PARTS)):
            for row in pa.parquet.read_table(part).to_pylist():
                shape = len(row["begins"]), -1
                found.setdefault(row["track_id"], {})[row["teacher"]] = Answer(
                    begins=np.asarray(row["begins"], dtype=np.float32),
                    ends=np.asarray(row["ends"], dtype=np.float32),
                    probabilities=np.frombuffer(row["probabilities"], dtype="<f4").reshape(shape),
                )
        return found


def label_union(
    sets: Mapping[str, Sequence[str]], merge: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """The labels that stand for those of several sets, each with its sources, such as ``mtat:guitar``.

    Without a table only labels spelled alike are one. With a table its rows come first; every label that no row
    mentions stands for itself, with its set's name behind it where its own is taken.

    Args:
        sets: The labels of each set.
        merge: Which sources a label stands for.

    Raises:
        ConfigError: The table names a source that there is not, or one twice.

    >>> label_union({"a": ["rock", "jazz"], "b": ["rock", "Hip-Hop"]}, {"hip hop": ["b:Hip-Hop"], "rock": ["a:rock"]})
    {'hip hop': ('b:Hip-Hop',), 'rock': ('a:rock',), 'jazz': ('a:jazz',), 'rock (b)': ('b:rock',)}
    """
    sources = [f"{name}:{label}" for name, labels in sets.items() for label in labels]
    if merge is None:
        alike: dict[str, tuple[str, ...]] = {}
        for source in sources:
            label = source.partition(":")[2]
            alike[label] = (*alike.get(label, ()), source)
        return alike
    union: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for label, merged in merge.items():
        for source in merged:
            if source not in sources:
                raise ConfigError(
                    f"the label {label!r} is to stand for {source!r}, which no teacher has",
                    hint=f"write SET:LABEL, where SET is one of {', '.join(sets)}",
                )
            if source in taken:
                raise ConfigError(f"{source!r} is in the table of labels twice", hint="name each source once")
            taken.add(source)
        union[label] = tuple(merged)
    for source in sources:
        if source not in taken:
            name, _, label = source.partition(":")
            label = re.sub(r"^.*---", "", label)
            union[f"{label} ({name})" if label in union else label] = (source,)
    return union


def write_pseudo_labels(
    tracks: Sequence[Track],
    teachers: Teachers,
    folder: Path,
    *,
    hop: float | None = None,
    jobs: int = 2,
    on_progress: Progress | None = None,
) -> PseudoLabels:
    """Let teachers hear tracks; only those that they have not heard yet, or whose files changed, are heard.

    A killed run goes on where it stopped, at the last complete part. A track that cannot be heard is written down and
    tried again by the next run.

    Args:
        tracks: Those without a sound are passed over.
        teachers: By label set; models of one set have the same labels, of any sample rate and excerpt length.
        folder: Where pseudo-labels are stored.
        hop: Seconds from one excerpt to the next; None is each teacher's excerpt length, so that excerpts touch.
        jobs: Threads that decode.
        on_progress: Called with tracks done, in all, and failed.

    Raises:
        ConfigError: Teachers of one set have different labels, or two the same name; the folder holds pseudo-labels of
            other teachers; there is no sound to hear.
    """
    check_teachers(teachers)
    models = [
        one.with_excerpts(hop=hop or one.n_samples / one.sample_rate) for some in teachers.values() for one in some
    ]
    _claim(folder, teachers, {model.name: model.config.excerpts.hop for model in models})
    recordings = [Recording.from_file(one.audio, key=one.track_id) for one in tracks if one.audio is not None]
    if not recordings:
        raise ConfigError(f"none of {len(tracks)} tracks has a sound to be heard", hint="name a catalogue with sounds")
    origins = {one.key: origin_of(one) for one in recordings}
    heard = _heard(folder)
    waiting = [one for one in recordings if heard.get(one.key) != origins[one.key]]
    writer = _Writer(folder, models, origins, failures=_read_json(folder / FAILURES) or {})
    n_done = len(recordings) - len(waiting)
    for done, analysis in enumerate(analyse(waiting, models, jobs=jobs, keep_excerpts=True), start=n_done + 1):
        writer.add(analysis)
        if on_progress is not None:
            on_progress(done, len(recordings), len(writer.failures))
    writer.write()
    return PseudoLabels(folder)


def check_teachers(teachers: Teachers) -> None:
    """See that teachers go together.

    Raises:
        ConfigError: There is none; those of one set have different labels, or two the same name.
        ModelError: One has no labels.
    """
    if not any(teachers.values()):
        raise ConfigError("there is no teacher", hint="name a bundle or a published model: tutti models list")
    names = [model.name for some in teachers.values() for model in some]
    if len(set(names)) < len(names):
        raise ConfigError(f"two teachers are called {max(names, key=names.count)!r}", hint="name each once")
    for name, some in teachers.items():
        if ":" in name:
            raise ConfigError(f"the label set {name!r} has a colon in its name", hint="leave it out")
        for model in some:
            if not model.labels:
                raise ModelError(f"the teacher {model.name} has no labels", hint="take a tagger")
            if model.labels != some[0].labels:
                mine, theirs = set(model.labels), set(some[0].labels)
                other = sorted(mine ^ theirs)
                words = f"{other[0]!r} is a label of one only" if other else "they come in another order"
                raise ConfigError(
                    f"the teachers {some[0].name} and {model.name} of the set {name!r} have different labels: {words}",
                    hint="give each a set of its own; the student's labels are the union",
                )


def _claim(folder: Path, teachers: Teachers, hops: Mapping[str, float | None]) -> None:
    """Make the folder, or see that it holds what the same teachers said."""
    sets = {
        name: {
            "labels": list(some[0].labels),
            "teachers": [
                {"name": one.name, "fingerprint": one.fingerprint, "hop": hops[one.name], "licence": one.config.licence}
                for one in some
            ],
        }
        for name, some in teachers.items()
        if some
    }
    wanted = {"format": FORMAT, "sets": sets}
    found = _read_json(folder / INDEX)
    if found is None:
        if is_occupied(folder):
            raise ConfigError(f"{folder} holds no pseudo-labels", hint="name a new or an empty folder")
        write_text(folder / INDEX, json.dumps(wanted, indent=1, ensure_ascii=False) + "\n")
    elif found != wanted:
        raise ConfigError(
            f"{folder} holds pseudo-labels of other teachers, or with another hop",
            hint="name another folder, or remove this one",
        )


def _heard(folder: Path) -> dict[str, str]:
    """What each track's file was like when it was heard."""
    heard: dict[str, str] = {}
    for part in sorted(folder.glob(PARTS)):
        columns = pa.parquet.read_table(part, columns=["track_id", "origin"]).to_pydict()
        heard |= dict(zip(columns["track_id"], columns["origin"], strict=True))
    return heard


class _Writer:
    """Collects what was heard, and writes it part by part."""

    def __init__(
        self, folder: Path, models: Sequence[Model], origins: Mapping[str, str], *, failures: dict[str, str]
    ) -> None:
        self._folder, self._models, self._origins = folder, models, origins
        self.failures = failures
        self._rows: list[dict[str, Any]] = []
        self._n_parts = 1 + max((int(part.stem.partition("-")[2]) for part in folder.glob(PARTS)), default=-1)

    def add(self, analysis: Analysis) -> None:
        """Take what was heard of one track."""
        key = analysis.recording.key
        if analysis.failure is not None:
            self.failures[key] = analysis.failure.message
        else:
            self.failures.pop(key, None)
            self._rows += self._rows_of(analysis)
        if len(self._rows) >= TRACKS_A_PART * len(self._models):
            self.write()

    def _rows_of(self, analysis: Analysis) -> Iterator[dict[str, Any]]:
        assert analysis.heard is not None
        key, duration = analysis.recording.key, analysis.heard.duration
        for model in self._models:
            result, hop = analysis.results[model.name], model.config.excerpts.hop
            assert hop is not None
            length = model.n_samples / model.sample_rate
            begins = np.minimum(np.arange(result.n_excerpts) * hop, max(0.0, duration - length))
            yield {
                "track_id": key,
                "origin": self._origins[key],
                "teacher": model.name,
                "begins": begins.astype(np.float32).tolist(),
                "ends": np.minimum(begins + length, max(duration, 1e-3)).astype(np.float32).tolist(),
                "probabilities": np.ascontiguousarray(result.probabilities, dtype="<f4").tobytes(),
            }

    def write(self) -> None:
        """What was collected, as one more part."""
        write_text(self._folder / FAILURES, json.dumps(self.failures, indent=1, ensure_ascii=False) + "\n")
        if not self._rows:
            return
        with atomic_file(self._folder / f"part-{self._n_parts:06d}.parquet") as partial:
            pa.parquet.write_table(pa.Table.from_pylist(self._rows), partial)
        self._rows, self._n_parts = [], self._n_parts + 1


def _read_json(path: Path) -> dict[str, Any] | None:
    """A file's object; None where there is no file."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as cause:
        raise ConfigError(f"{path} is damaged: {cause}", hint="remove its folder, and make it anew") from None
    return found
