"""Placing a catalogue's tracks in a space: what there is of each is encoded, and its points are stored.

Each modality is placed by itself, in batches, and written every few seconds: a killed run loses those seconds, and the
same command goes on. A point is made anew only where the space or what was placed has changed. What cannot be read is
told of, noted among the catalogue's problems, and tried again when it has changed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import POINTS, Catalogue
from tutti.data.items import Item, items_of
from tutti.data.records import Points
from tutti.data.track import Modality, Problem
from tutti.errors import CatalogueError
from tutti.models.space_models import SpaceModel
from tutti.search.points.item_states import file_of, is_offered, state_of
from tutti.search.points.place_report import PlaceProgress, PlaceReport
from tutti.search.points.predicted_points import AUDIO, described_by, predicted_points, record_of

BATCH_ITEMS = 64
WRITTEN_ROWS = 8_192  # at most so many wait to be written
WRITTEN_SECONDS = 10.0

OnProgress = Callable[[PlaceProgress], None]


def place(
    catalogue: Catalogue, model: SpaceModel, *, source: str | None = None, on_progress: OnProgress | None = None
) -> PlaceReport:
    """Bring a catalogue's points in a space up to date.

    Points that an earlier version of the space made are replaced.

    Args:
        catalogue: Its tracks are placed.
        model: The space.
        source: The folder or name by which the model is found again; its name when None.
        on_progress: Called after every batch.

    Raises:
        CatalogueBusyError: Another process is writing to the catalogue.
        CatalogueError: It holds no tracks.
    """
    began = time.perf_counter()
    with catalogue.writer():
        tracks = catalogue.tracks()
        if not tracks:
            raise CatalogueError(
                f"the catalogue {catalogue.folder} holds no tracks to place", hint="fill it: tutti index FOLDER"
            )
        catalogue.put_space(record_of(model, source or model.name))
        placer = _Placer(catalogue, model, on_progress)
        items = items_of(tracks, level=model.config.level, texts=model.config.texts)
        for modality in model.modalities:
            placer.run(items, modality)
        catalogue.compact()
    return PlaceReport(
        catalogue=catalogue.folder,
        space=model.name,
        counts={modality: dict(counts) for modality, counts in placer.counts.items()},
        problems=placer.problems,
        wall_seconds=time.perf_counter() - began,
    )


@dataclass
class _Waiting:
    """Rows of one modality that wait to be written."""

    track_ids: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    points: list[NDArray[np.float32]] = field(default_factory=list)
    problems: dict[tuple[Path, str], Problem] = field(default_factory=dict)
    settled: set[tuple[Path | None, str]] = field(default_factory=set)
    since: float = field(default_factory=time.perf_counter)

    @property
    def is_due(self) -> bool:
        return len(self.track_ids) >= WRITTEN_ROWS or time.perf_counter() - self.since > WRITTEN_SECONDS


class _Placer:
    """One run."""

    def __init__(self, catalogue: Catalogue, model: SpaceModel, on_progress: OnProgress | None) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.problems: dict[str, dict[str, str]] = {}
        self._catalogue, self._model, self._on_progress = catalogue, model, on_progress
        self._known = self._read_states()
        self._noted = {(one.path, one.kind) for one in catalogue.problems()}
        self._waiting = _Waiting()

    def run(self, items: Sequence[Item], modality: Modality) -> None:
        """Place one modality of all items."""
        counts = self.counts.setdefault(modality, Counter())
        states = {item.item_id: state_of(item, modality) for item in items}
        due = [item for item in items if self._is_due(item, modality, states[item.item_id])]
        fresh = {item.item_id for item in due}
        for item in items:
            if item.item_id not in fresh:
                counts["kept" if is_offered(item, modality) else "absent"] += len(item.tracks)
        # What was there and is gone leaves no point behind.
        gone = [item for item in due if not states[item.item_id]]
        for item in gone:
            self._add(item, modality, "", None)
            counts["absent"] += len(item.tracks)
        left = [item for item in due if states[item.item_id]]
        if modality == AUDIO:
            left = self._tell(left, states)
        self._encode(left, modality, states)
        self._write(modality)

    def _tell(self, items: Sequence[Item], states: Mapping[str, str]) -> list[Item]:
        """Place the sounds that a tagger has described already; those that are left must be heard."""
        record = described_by(self._model, self._catalogue.models())
        if record is None or self._model.config.level != "track":
            return list(items)
        wanted = _alike(items, states)
        for batch, points in predicted_points(self._model, self._catalogue, record):
            for content_hash, point in zip(batch["content_hash"].to_pylist(), points, strict=True):
                if content_hash in wanted and not np.isnan(point).any():
                    for item in wanted.pop(content_hash):
                        self._add(item, AUDIO, content_hash, point)
                        self._note(item, AUDIO, None)
                        self.counts[AUDIO]["told"] += 1
            n_left = sum(map(len, wanted.values()))
            self._tell_progress(AUDIO, len(items) - n_left, len(items))
        return [item for group in wanted.values() for item in group]

    def _encode(self, items: Sequence[Item], modality: Modality, states: Mapping[str, str]) -> None:
        """Read what must be read, of equal files and texts only one."""
        n_done = 0
        for batch in _batches(list(_alike(items, states).values())):
            placed = self._model.place([group[0] for group in batch], modalities=[modality])
            for group, point in zip(batch, placed.points[modality], strict=True):
                problem = placed.problems.get(group[0].item_id, {}).get(modality)
                is_placed = not np.isnan(point).any()
                for item in group:
                    self._add(item, modality, states[item.item_id], point if is_placed else None)
                    self._note(item, modality, problem)
                    what = "placed" if is_placed else "failed" if problem else "absent"
                    self.counts[modality][what] += len(item.tracks)
            n_done += sum(map(len, batch))
            self._tell_progress(modality, n_done, len(items))

    def _is_due(self, item: Item, modality: Modality, state: str) -> bool:
        known = [self._known.get((track.track_id, modality)) for track in item.tracks]
        if not state:
            return any(known)  # an empty state was noted, or there is no row: both are as they should be
        return any(one != state for one in known)

    def _read_states(self) -> dict[tuple[str, str], str]:
        found = {}
        columns = ["track_id", "modality", "fingerprint", "state"]
        for batch in self._catalogue.read_in_batches(POINTS + self._model.name, columns=columns):
            rows = batch.to_pydict()
            for track_id, modality, fingerprint, state in zip(*(rows[name] for name in columns), strict=True):
                if fingerprint == self._model.fingerprint:
                    found[track_id, modality] = state
        return found

    def _add(self, item: Item, modality: Modality, state: str, point: NDArray[np.float32] | None) -> None:
        absent = np.full(self._model.embed_dim, np.nan, dtype=np.float32)
        for track in item.tracks:
            self._waiting.track_ids.append(track.track_id)
            self._waiting.states.append(state)
            self._waiting.points.append(absent if point is None else point)
        if self._waiting.is_due:
            self._write(modality)

    def _note(self, item: Item, modality: Modality, problem: str | None) -> None:
        """Keep what was wrong with an item; what was wrong with it before is settled."""
        kind = f"placing {modality}"
        for track in item.tracks:
            path = file_of(track, modality)
            if (path, kind) in self._noted:
                self._waiting.settled.add((path, kind))
            if problem is not None:
                self.problems.setdefault(track.track_id, {})[modality] = problem
                if path is not None:
                    self._waiting.problems[path, kind] = Problem(path=path, kind=kind, reason=problem, skipped=False)

    def _write(self, modality: Modality) -> None:
        waiting, self._waiting = self._waiting, _Waiting()
        if not waiting.track_ids:
            return
        points = Points(
            modality=modality,
            track_ids=waiting.track_ids,
            fingerprints=[self._model.fingerprint] * len(waiting.track_ids),
            states=waiting.states,
            points=np.stack(waiting.points),
        )
        for kind in {kind for _, kind in waiting.settled}:
            self._catalogue.clear_problems([path for path, its in waiting.settled if path and its == kind], kind=kind)
        self._catalogue.put_problems(waiting.problems.values())
        self._catalogue.put_points(self._model.name, points)

    def _tell_progress(self, modality: str, n_done: int, n_items: int) -> None:
        if self._on_progress is not None:
            progress = PlaceProgress(modality=modality, n_done=n_done, n_items=n_items, n_problems=len(self.problems))
            self._on_progress(progress)


def _alike(items: Sequence[Item], states: Mapping[str, str]) -> dict[str, list[Item]]:
    """Items by their state: what is the same need be read only once."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(states[item.item_id], []).append(item)
    return groups


def _batches(groups: Sequence[Sequence[Item]]) -> Iterator[Sequence[Sequence[Item]]]:
    for begin in range(0, len(groups), BATCH_ITEMS):
        yield groups[begin : begin + BATCH_ITEMS]
