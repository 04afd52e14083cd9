"""From a dataset on disk to a catalogue: its tracks, and a problem for each sound that is not there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tutti.data.catalogue import Catalogue
from tutti.data.datasets.check import missing_sounds
from tutti.data.datasets.dataset import Dataset, Protocol
from tutti.data.track import Problem
from tutti.errors import CatalogueError, DatasetError
from tutti.files import atomic_folder


def write_catalogue(dataset: Dataset, root: Path, folder: Path, protocol: Protocol) -> Catalogue:
    """A catalogue of the protocol's tracks. See :meth:`Dataset.catalogue`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CatalogueError(f"{folder} holds something already", hint="name a new or an empty folder")
    tracks = protocol.load(root.absolute())
    unreadable = [track for track in tracks if track.track_id in protocol.unreadable]
    readable = [track for track in tracks if track.track_id not in protocol.unreadable]
    missing, empty = missing_sounds(readable)
    absent = {*missing, *empty}
    kept = [track for track in readable if track.audio not in absent]
    if not kept:
        raise DatasetError(
            f"none of the {len(tracks):,} sounds of {dataset.name} is below {root}",
            hint=f"see what is missing: tutti datasets check {dataset.name} --root {root}",
        )
    origin = {"dataset": dataset.name, "protocol": protocol.name}
    problems = [_absence(path, f"{dataset.title} lists it, but it is not there") for path in missing]
    problems += [_absence(path, "it is empty") for path in empty]
    problems += [_absence(track.audio, "it is published broken") for track in unreadable if track.audio]
    with atomic_folder(folder.absolute()) as partial:
        catalogue = Catalogue.create(partial)
        catalogue.put_tracks(dataclasses.replace(track, tags=_once(track.tags)) for track in kept)
        catalogue.put_facts({track.track_id: origin for track in kept})
        catalogue.put_problems(problems)
    return Catalogue.open(folder)


def _absence(path: Path, reason: str) -> Problem:
    return Problem(path=path, kind="missing", reason=reason, skipped=True)


def _once(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
