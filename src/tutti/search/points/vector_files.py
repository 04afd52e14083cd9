"""A space's points as files beside the tables, mapped into memory, and the index over them where they are very many.

Reading a million points from the tables takes seconds and all the memory that they need; mapped, they are read as they
are used, and the system takes their memory back when others need it. The files say of which versions of the tables they
were made, and are left aside when these have changed. Everything can be made anew from the tables.

Layout, in ``vectors/SPACE`` of a catalogue (``docs/formats.md``)::

    vectors.json      of what they were made
    MODALITY.npy      float32, a row for each track in the order of the ids, NaN where it has no point
    clusters.json …   the index (``clusters``)
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tutti.data.catalogue import POINTS, PREDICTIONS, Catalogue
from tutti.data.records import SpaceRecord
from tutti.errors import CatalogueError
from tutti.files import atomic_folder
from tutti.search.points.clusters import LEAST_ROWS, ClusterFacts, Clusters
from tutti.search.points.reading_points import known_name, read_points, space_record, unplaced
from tutti.search.points.space_points import SpacePoints

if TYPE_CHECKING:
    from tutti.search.corpus import Corpus

FORMAT = 1
FOLDER, FACTS = "vectors", "vectors.json"


@dataclass(frozen=True, kw_only=True)
class VectorReport:
    """What was written.

    Attributes:
        catalogue: The folder.
        space: The space's name.
        n_points: By modality, tracks that have a point.
        index: Of the merged points; None where an exact search is as quick.
        megabytes: Of all files.
        wall_seconds: From beginning to end.
    """

    catalogue: Path
    space: str
    n_points: Mapping[str, int]
    index: ClusterFacts | None
    megabytes: float
    wall_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As ``tutti index-vectors --json`` prints it."""
        return {**asdict(self), "catalogue": str(self.catalogue)}

    def lines(self) -> list[str]:
        """For people."""
        counts = ", ".join(f"{count} {modality}" for modality, count in self.n_points.items())
        told = [f"{self.space}: {counts}; {self.megabytes:.0f} MB in {self.wall_seconds:.1f} s"]
        searched = str(self.index) if self.index else f"none below {LEAST_ROWS} vectors, where exact search is as quick"
        return [*told, f"index: {searched}"]


def write_vectors(catalogue: Catalogue, space: str, *, least_rows: int = LEAST_ROWS) -> VectorReport:
    """Write a space's points as files, and an index where they are many.

    Args:
        catalogue: Holds the points.
        space: The space's name, or the folder of its model.
        least_rows: From how many points on there is an index.

    Raises:
        CatalogueBusyError: Another process is writing to the catalogue.
        CatalogueError: No track has a point in the space.
    """
    from tutti.search.corpus import Corpus

    began = time.perf_counter()
    space = known_name(space, catalogue)
    if Path(space).name != space:  # the files of a space lie in a folder of its name
        raise unplaced(space, catalogue)
    target = catalogue.folder / FOLDER / space
    with catalogue.writer(), atomic_folder(target) as partial:
        corpus = Corpus.load(catalogue)
        versions = _versions(catalogue, space)
        points = read_points(
            space,
            catalogue,
            corpus,
            allocate=lambda modality, shape: np.lib.format.open_memmap(
                partial / f"{modality}.npy", mode="w+", dtype=np.float32, shape=shape
            ),
        )
        index = Clusters.build(points.merged, partial) if points.present().sum() >= least_rows else None
        facts = {
            "format": FORMAT,
            "record": asdict(points.record),
            "n_tracks": len(corpus),
            "modalities": list(points.modalities),
            "versions": versions,
        }
        (partial / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        n_points = {modality: int(points.present(modality).sum()) for modality in points.modalities}
    return VectorReport(
        catalogue=catalogue.folder,
        space=space,
        n_points=n_points,
        index=index.facts if index else None,
        megabytes=round(sum(file.stat().st_size for file in target.iterdir()) / 1e6, 1),
        wall_seconds=round(time.perf_counter() - began, 2),
    )


def mapped_points(space: str, catalogue: Catalogue, corpus: Corpus) -> SpacePoints | None:
    """A space's points from their files; None where there are none, or where the tables have changed since.

    Raises:
        CatalogueError: The files are damaged, or nothing has a point in the space.
    """
    folder = catalogue.folder / FOLDER / space
    if Path(space).name != space or not (folder / FACTS).is_file():
        return None
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT or facts["versions"] != _versions(catalogue, space):
            return None
        record = SpaceRecord(**{**facts["record"], "modalities": tuple(facts["record"]["modalities"])})
        shape = (facts["n_tracks"], record.embed_dim)
        vectors = {
            modality: np.load(folder / f"{modality}.npy", mmap_mode="r", allow_pickle=False)
            for modality in facts["modalities"]
        }
        if len(corpus) != shape[0] or any(array.shape != shape for array in vectors.values()):
            raise ValueError("its parts do not fit")
    except (OSError, ValueError, TypeError, KeyError) as cause:
        raise CatalogueError(
            f"the vectors in {folder} are damaged: {cause}",
            hint=f"make them anew: tutti index-vectors {catalogue.folder} --space {space}",
        ) from None
    known, _ = space_record(space, catalogue, corpus)
    if known.fingerprint != record.fingerprint:
        return None
    return SpacePoints(record, vectors, index=Clusters.load(folder))


def is_outdated(space: str, catalogue: Catalogue) -> bool:
    """Whether a space has files that were made of tables as they no longer are."""
    file = catalogue.folder / FOLDER / space / FACTS
    try:
        return file.is_file() and json.loads(file.read_text(encoding="utf-8"))["versions"] != _versions(
            catalogue, space
        )
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _versions(catalogue: Catalogue, space: str) -> dict[str, int]:
    told = [name for name in catalogue.table_names() if name.startswith(PREDICTIONS)]
    return catalogue.versions(["tracks", POINTS + space, *told])
