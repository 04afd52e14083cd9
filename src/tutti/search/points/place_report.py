"""What a run that places tracks in a space did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

N_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class PlaceProgress:
    """How far a run has come.

    Attributes:
        modality: That is being placed.
        n_done: Items of it dealt with.
        n_items: Items of it that must be placed.
        n_problems: Problems so far, of all modalities.
    """

    modality: str
    n_done: int
    n_items: int
    n_problems: int


@dataclass(frozen=True, kw_only=True)
class PlaceReport:
    """What a run did.

    Attributes:
        catalogue: The folder.
        space: The space's name.
        counts: By modality, tracks by what became of them: ``placed``, ``told`` (placed by what a tagger said of them
            before), ``kept`` from an earlier run, ``absent``, ``failed``.
        problems: By track id, for each modality what was wrong with it.
        wall_seconds: From beginning to end.
    """

    catalogue: Path
    space: str
    counts: Mapping[str, Mapping[str, int]]
    problems: Mapping[str, Mapping[str, str]]
    wall_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As ``tutti place --json`` prints it."""
        return {
            "catalogue": str(self.catalogue),
            "space": self.space,
            "counts": {modality: dict(counts) for modality, counts in self.counts.items()},
            "problems": {track_id: dict(found) for track_id, found in self.problems.items()},
            "wall_seconds": round(self.wall_seconds, 3),
        }

    def lines(self) -> list[str]:
        """For people."""
        told = [f"{self.catalogue}: tracks in the space {self.space}, in {self.wall_seconds:.1f} s"]
        for modality, counts in self.counts.items():
            told.append(f"  {modality}: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count))
        for track_id, found in list(self.problems.items())[:N_LISTED]:
            told += [f"  problem: {track_id}, {modality}: {problem}" for modality, problem in found.items()]
        if len(self.problems) > N_LISTED:
            told.append(f"  … and {len(self.problems) - N_LISTED} tracks more: tutti stats {self.catalogue}")
        return told
