"""From a dataset on disk to a catalogue: its tracks, and what of them is not there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tutti.data.catalogue import Catalogue
from tutti.data.datasets.check import missing_sounds
from tutti.data.datasets.dataset import Dataset, Protocol
from tutti.data.track import Problem, Track
from tutti.errors import CatalogueError, DatasetError
from tutti.files import atomic_folder, is_occupied


def write_catalogue(dataset: Dataset, root: Path, folder: Path, protocol: Protocol) -> Catalogue:
    """A catalogue of the protocol's tracks. See :meth:`Dataset.catalogue`."""
    if is_occupied(folder):
        raise CatalogueError(f"{folder} holds something already", hint="name a new or an empty folder")
    tracks = protocol.load(root.absolute())
    unreadable = [track for track in tracks if track.track_id in protocol.unreadable]
    readable = [track for track in tracks if track.track_id not in protocol.unreadable]
    kept, problems = _with_sounds(readable) if protocol.needs_sounds else _with_anything(readable, root)
    if not kept:
        what = "sounds" if protocol.needs_sounds else "tracks' sounds, covers and texts"
        raise DatasetError(
            f"none of the {len(tracks):,} {what} of {dataset.name} is below {root}",
            hint=f"see what is missing: tutti datasets check {dataset.name} --root {root}",
        )
    origin = {"dataset": dataset.name, "protocol": protocol.name}
    problems += [_absence(track.audio, "it is published broken") for track in unreadable if track.audio]
    with atomic_folder(folder.absolute()) as partial:
        catalogue = Catalogue.create(partial)
        catalogue.put_tracks(dataclasses.replace(track, tags=_once(track.tags)) for track in kept)
        catalogue.put_facts({track.track_id: origin for track in kept})
        catalogue.put_problems(problems)
    return Catalogue.open(folder)


def _with_sounds(tracks: list[Track]) -> tuple[list[Track], list[Problem]]:
    """The tracks whose sound is there, and a problem for each of the others."""
    missing, empty = missing_sounds(tracks)
    absent = {*missing, *empty}
    problems = [_absence(path, "the dataset lists it, but it is not there") for path in missing]
    problems += [_absence(path, "it is empty") for path in empty]
    return [track for track in tracks if track.audio not in absent], problems


def _with_anything(tracks: list[Track], root: Path) -> tuple[list[Track], list[Problem]]:
    """The tracks with a sound, a cover or a text; one problem for all sounds where there are none at all."""
    heard, problems = _with_sounds(tracks)
    sounds = {track.audio for track in heard}
    kept = [track if track.audio in sounds else dataclasses.replace(track, audio=None) for track in tracks]
    kept = [track for track in kept if track.audio or track.cover or any(track.texts.values())]
    if not heard:
        reason = f"none of {len(tracks):,} sounds is there: covers and texts must do"
        return kept, [Problem(path=root, kind="missing", reason=reason, skipped=False)]
    seen = {track.track_id for track in kept}
    dropped = {track.audio for track in tracks if track.track_id not in seen}
    return kept, [dataclasses.replace(one, skipped=one.path in dropped) for one in problems]


def _absence(path: Path, reason: str) -> Problem:
    return Problem(path=path, kind="missing", reason=reason, skipped=True)


def _once(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
