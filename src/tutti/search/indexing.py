"""Filling a catalogue from folders of music: what is there, what has changed, what models say of it.

Each file is decoded once for all models that have not heard it yet. Results are stored in small batches in an order
that makes a killed run harmless: what is wrong with a file first, then what models said, the track itself last. A track
that is in the table is complete; everything else is found again, under the same id, by the next run.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tutti.audio.recording import Recording
from tutti.data.catalogue import PREDICTIONS, Catalogue
from tutti.data.changes import Change, compare
from tutti.data.file_tags import FileTags, read_file_tags
from tutti.data.folder import FoundFile, Scan, scan
from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import Problem, Track
from tutti.data.track_covers import CoverFinder
from tutti.errors import CatalogueError, ConfigError
from tutti.models.inference import Analysis, Result, StageSeconds, analyse
from tutti.models.model import Model
from tutti.search.index_report import IndexReport, Progress

BATCH_TRACKS = 64
BATCH_SECONDS = 5.0


def index(
    folders: Sequence[Path | str],
    catalogue: Catalogue,
    models: Sequence[Model],
    *,
    jobs: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> IndexReport:
    """Bring a catalogue up to date with folders of music, or with its own tracks where no folder is named.

    Args:
        folders: Scanned recursively. Files of the catalogue that lie elsewhere are left alone.
        catalogue: Where everything is stored.
        models: Each hears every track that it has not heard yet; none only reads tags and covers.
        jobs: Threads that decode; None takes as many as there are processors.
        on_progress: Called after every file.

    Raises:
        CatalogueBusyError: Another process is writing to the catalogue.
        ConfigError: A folder does not exist, or two models have the same name.
        CatalogueError: No folder is named and the catalogue is empty.
    """
    names = [model.name for model in models]
    if len(set(names)) != len(names):
        raise ConfigError(f"two models are called {max(names, key=names.count)!r}", hint="name each model once")
    began = time.perf_counter()
    with catalogue.writer():
        indexer = _Indexer(catalogue, models, jobs or os.cpu_count() or 1, on_progress)
        indexer.run(scan(*folders) if folders else _own_files(catalogue))
        catalogue.compact()
    return indexer.report(time.perf_counter() - began)


def _own_files(catalogue: Catalogue) -> Scan:
    """The catalogue's own sound files, as if they had been found in a folder."""
    paths = [track.audio for track in catalogue.tracks() if track.audio is not None]
    if not paths:
        raise CatalogueError(
            f"the catalogue {catalogue.folder} has no sound files yet", hint="name a folder of music to index"
        )
    there = scan(*[path for path in paths if path.exists()])
    lost = [path for path in paths if not path.exists()]
    problems = [Problem(path=path, kind="access", reason="the file is gone", skipped=False) for path in lost]
    return Scan(roots=(), files=there.files, problems=(*there.problems, *problems))


def _check_disks(found: Scan, tracks: Sequence[Track]) -> None:
    """Refuse to forget a whole collection because its disk is not there.

    Raises:
        ConfigError: A folder that held tracks holds no sound file any more.
    """
    for root in found.roots:
        n_known = sum(track.audio is not None and track.audio.is_relative_to(root) for track in tracks)
        if n_known and not any(file.root == root for file in found.files):
            raise ConfigError(
                f"{root} holds no sound files, the catalogue knows {n_known} tracks there",
                hint="is its disk connected? to forget the tracks, make the catalogue anew",
            )


@dataclass
class _Batch:
    """What waits to be written."""

    problems: list[Problem] = field(default_factory=list)
    cleared: list[Path] = field(default_factory=list)
    predictions: dict[str, list[tuple[Change, Result]]] = field(default_factory=dict)
    tracks: list[Track] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.problems) + len(self.tracks) + len(self.deleted) + sum(map(len, self.predictions.values()))

    def write(self, catalogue: Catalogue, models: dict[str, Model]) -> None:
        """Store everything; a track comes after all that belongs to it."""
        catalogue.clear_problems(self.cleared)
        catalogue.put_problems({(one.path, one.kind): one for one in self.problems}.values())
        for name, answers in self.predictions.items():
            catalogue.put_predictions(name, _predictions(models[name], answers))
        catalogue.put_tracks(self.tracks)
        catalogue.delete_tracks(self.deleted)


def _predictions(model: Model, answers: Sequence[tuple[Change, Result]]) -> Predictions:
    return Predictions(
        track_ids=[str(change.track_id) for change, _ in answers],
        content_hashes=[change.state.content_hash if change.state else "" for change, _ in answers],
        fingerprints=[model.fingerprint] * len(answers),
        n_excerpts=[result.n_excerpts for _, result in answers],
        probabilities=np.stack([result.probabilities[: len(_labels(model))] for _, result in answers]),
        vectors=np.stack([result.vectors for _, result in answers]),
    )


class _Indexer:
    """One run over one scan."""

    def __init__(
        self,
        catalogue: Catalogue,
        models: Sequence[Model],
        jobs: int,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._catalogue = catalogue
        self._models = {model.name: model for model in models}
        self._jobs = jobs
        self._on_progress = on_progress
        self._covers = CoverFinder(catalogue.folder / "covers")
        self._batch = _Batch()
        self._written = time.perf_counter()
        self._counts: Counter[str] = Counter()
        self._seconds = {"scan": 0.0, "store": 0.0}
        self._stages = StageSeconds()
        self._sound_seconds = 0.0
        self._problem_kinds: Counter[str] = Counter()
        self._under_way: dict[str, tuple[Change, Track, list[Problem]]] = {}
        self._partly_heard: dict[tuple[str, ...], list[Change]] = {}
        self._set_aside: deque[Change] = deque()
        self._duplicates: list[Change] = []
        self._failed: dict[str, Problem] = {}  # track id: why it could not be used

    def run(self, found: Scan) -> None:
        """Go through every file, then store what is left."""
        for model in self._models.values():
            self._catalogue.put_model(_record(model))
        self._heard = {name: self._known_predictions(name) for name in self._models}
        self._n_files, self._n_done = len(found.files), 0
        for problem in found.problems:
            self._add_problem(problem)
        tracks = self._catalogue.tracks()
        _check_disks(found, tracks)
        changes = compare(found, tracks, self._catalogue.problems())
        self._hear(self._sift(changes), list(self._models))
        self._store_set_aside()
        for names, waiting in self._partly_heard.items():
            self._hear(iter(waiting), list(names))
        for change in self._duplicates:
            self._store_duplicate(change)
        self._write()

    def report(self, wall_seconds: float) -> IndexReport:
        """What the run did."""
        return IndexReport(
            catalogue=self._catalogue.folder,
            models=tuple(self._models),
            counts=dict(sorted(self._counts.items())),
            problems=dict(sorted(self._problem_kinds.items())),
            sound_seconds=self._sound_seconds,
            wall_seconds=wall_seconds,
            stage_seconds={
                "scan": self._seconds["scan"],
                "decode": self._stages.decode,
                "front end": self._stages.frontend,
                "model": self._stages.model,
                "store": self._seconds["store"],
            },
        )

    # Which files to hear

    def _sift(self, changes: Iterator[Change]) -> Iterator[Change]:
        """Give the changes that all models must hear and set the others aside.

        Runs in the decoders' threads, one at a time, and so touches nothing that the main thread writes.
        """
        while True:
            began = time.perf_counter()
            change = next(changes, None)
            self._seconds["scan"] += time.perf_counter() - began
            if change is None:
                return
            is_sound = change.state is not None and change.duplicate_of is None and change.kind != "deleted"
            if is_sound and self._models and len(self._missing_models(change)) == len(self._models):
                self._counts[change.kind] += 1
                yield change
            else:
                self._set_aside.append(change)

    def _store_set_aside(self) -> None:
        """Deal with the changes that need no listening, or not that of all models."""
        while self._set_aside:
            change = self._set_aside.popleft()
            self._counts[change.kind] += 1
            missing = self._missing_models(change)
            if change.kind in ("unreadable", "deleted", "failed before"):
                self._take_away(change)
            elif change.duplicate_of is not None:
                self._duplicates.append(change)
            elif missing:
                self._partly_heard.setdefault(missing, []).append(change)
            else:
                self._keep(change)

    def _missing_models(self, change: Change) -> tuple[str, ...]:
        if change.track_id is None or change.state is None:
            return ()
        if change.kind in ("new", "changed"):  # a killed run may have stored predictions, and not the track's length
            return tuple(self._models)
        heard = (change.track_id, change.state.content_hash)
        return tuple(
            name
            for name, model in self._models.items()
            if self._heard[name].get(heard[0]) != (heard[1], model.fingerprint)
        )

    def _known_predictions(self, name: str) -> dict[str, tuple[str, str]]:
        table = PREDICTIONS + name
        if table not in self._catalogue.table_names():
            return {}
        rows = self._catalogue.read(table, columns=["track_id", "content_hash", "fingerprint"]).to_pydict()
        states = zip(rows["content_hash"], rows["fingerprint"], strict=True)
        return dict(zip(rows["track_id"], states, strict=True))

    # Hearing

    def _hear(self, changes: Iterator[Change], names: list[str]) -> None:
        models = [self._models[name] for name in names]
        for analysis in analyse(self._recordings(changes), models, jobs=self._jobs, seconds=self._stages):
            change, track, problems = self._under_way.pop(analysis.recording.key)
            self._store(change, track, problems, analysis)
            self._store_set_aside()
            self._tick(change.path)
            if len(self._batch) >= BATCH_TRACKS or time.perf_counter() - self._written > BATCH_SECONDS:
                self._write()

    def _recordings(self, changes: Iterator[Change]) -> Iterator[Recording]:
        for change in changes:
            key = str(change.path)
            self._under_way[key] = (change, *self._describe(change))
            yield Recording.from_file(change.path, key=key)

    def _store(self, change: Change, track: Track, problems: list[Problem], analysis: Analysis) -> None:
        assert change.track_id is not None
        if analysis.failure is not None or analysis.heard is None:
            reason = analysis.failure.message if analysis.failure else "it cannot be heard"
            self._leave_out(change, "unreadable", reason)
            return
        if analysis.heard.is_silent:
            self._leave_out(change, "silent", analysis.heard.silence)
            return
        if analysis.heard.damage is not None:
            problems.append(_problem(change, "truncated", analysis.heard.damage, skipped=False))
        for problem in problems:
            self._add_problem(problem)
        if change.kind not in ("unchanged", "touched"):
            self._batch.cleared.append(change.path)
        for name, result in analysis.results.items():
            self._batch.predictions.setdefault(name, []).append((change, result))
        self._batch.tracks.append(_with_duration(track, analysis.heard.duration))
        self._sound_seconds += analysis.heard.duration
        self._counts["heard"] += 1

    def _leave_out(self, change: Change, kind: str, reason: str) -> None:
        assert change.track_id is not None
        problem = _problem(change, kind, reason, skipped=True)
        self._failed[change.track_id] = problem
        self._add_problem(problem)
        self._counts["left out"] += 1
        if change.track is not None:
            self._batch.deleted.append(change.track_id)

    # Describing and storing without hearing

    def _describe(self, change: Change) -> tuple[Track, list[Problem]]:
        """The track of a file, as the catalogue knows it or as the file says of itself, and what is wrong with it.

        What a dataset says of its tracks (they have a split, or no file state yet) goes before what stands in the file.
        """
        assert change.track_id is not None
        known = change.track
        is_settled = change.kind in ("unchanged", "touched")
        if known is not None and (is_settled or known.split is not None or known.file is None):
            return _with_file(known, change), []
        try:
            tags = read_file_tags(change.path)
            cover, cover_problem = self._covers.find(change.path, tags.cover)
        except OSError as cause:
            tags, cover = FileTags(), None
            cover_problem = _problem(change, "tags", f"cannot be opened: {cause.strerror}", skipped=False)
        described = Track(
            track_id=change.track_id,
            title=tags.title,
            artist=tags.artist,
            album=tags.album,
            year=tags.year,
            tags=tags.genres,
            cover=cover,
            duration=known.duration if known else None,
        )
        problems = [problem for problem in (tags.problem, cover_problem) if problem is not None]
        return _with_file(described, change), problems

    def _keep(self, change: Change) -> None:
        """A track that every model has heard already."""
        if change.kind != "unchanged":
            track, problems = self._describe(change)
            self._batch.tracks.append(track)
            for problem in problems:
                self._add_problem(problem)
        self._tick(change.path)

    def _store_duplicate(self, change: Change) -> None:
        original = self._failed.get(change.duplicate_of or "")
        if original is not None:
            self._leave_out(change, original.kind, original.reason)
            self._tick(change.path)
        else:
            self._keep(change)

    def _take_away(self, change: Change) -> None:
        if change.problem is not None:
            self._add_problem(change.problem)
        if change.kind == "deleted":
            self._batch.cleared.append(change.path)
            if change.track_id is not None:
                self._batch.deleted.append(change.track_id)
            return
        self._tick(change.path)

    def _add_problem(self, problem: Problem) -> None:
        self._problem_kinds[problem.kind] += 1
        self._batch.problems.append(problem)

    def _tick(self, path: Path) -> None:
        self._n_done += 1
        if self._on_progress is not None:
            n_problems = sum(self._problem_kinds.values())
            self._on_progress(Progress(n_done=self._n_done, n_files=self._n_files, n_problems=n_problems, path=path))

    def _write(self) -> None:
        began = time.perf_counter()
        batch, self._batch = self._batch, _Batch()
        batch.write(self._catalogue, self._models)
        self._written = time.perf_counter()
        self._seconds["store"] += self._written - began


def _labels(model: Model) -> tuple[str, ...]:
    """What a model gives probabilities of; values are none, and only the vectors of such a model are stored."""
    return () if model.config.task == "values" else model.labels


def _record(model: Model) -> ModelRecord:
    return ModelRecord(
        model=model.name,
        fingerprint=model.fingerprint,
        labels=_labels(model),
        embed_dim=model.embed_dim,
        config={**model.config.to_json(), "bundle": str(model.folder) if model.folder else None},
    )


def _problem(change: Change, kind: str, reason: str, *, skipped: bool) -> Problem:
    found: FoundFile | None = change.found
    return Problem(
        path=change.path,
        kind=kind,
        reason=reason,
        skipped=skipped,
        size=found.size if found else None,
        modified_ns=found.modified_ns if found else None,
    )


def _with_file(track: Track, change: Change) -> Track:
    return replace(track, audio=change.path, file=change.state, duplicate_of=change.duplicate_of)


def _with_duration(track: Track, duration: float) -> Track:
    return replace(track, duration=duration)
