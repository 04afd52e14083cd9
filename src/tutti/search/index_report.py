"""What an indexing run did: counts, problems and the time of each stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run has come.

    Attributes:
        n_done: Files dealt with.
        n_files: Files in all.
        n_problems: Problems so far.
        path: The last file.
    """

    n_done: int
    n_files: int
    n_problems: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What a run did.

    Attributes:
        catalogue: The folder.
        models: That heard something or would have.
        counts: Files by what became of them: new, unchanged, moved, heard, left out, …
        problems: This run's problems by kind.
        sound_seconds: Length of the sounds that were heard.
        wall_seconds: From beginning to end.
        stage_seconds: Work in each stage; stages overlap, and decoding is summed over its threads.
    """

    catalogue: Path
    models: tuple[str, ...]
    counts: dict[str, int]
    problems: dict[str, int]
    sound_seconds: float
    wall_seconds: float
    stage_seconds: dict[str, float]

    @property
    def n_heard(self) -> int:
        """Tracks that models listened to."""
        return self.counts.get("heard", 0)

    def to_json(self) -> dict[str, Any]:
        """As ``tutti index --json`` prints it."""
        return {
            "catalogue": str(self.catalogue),
            "models": list(self.models),
            "counts": self.counts,
            "problems": self.problems,
            "sound_seconds": round(self.sound_seconds, 3),
            "wall_seconds": round(self.wall_seconds, 3),
            "stage_seconds": {stage: round(seconds, 3) for stage, seconds in self.stage_seconds.items()},
        }

    def lines(self) -> list[str]:
        """For people."""
        counts = ", ".join(f"{count} {kind}" for kind, count in self.counts.items()) or "no files"
        told = [f"{self.catalogue}: {counts}"]
        if self.n_heard:
            speed = self.sound_seconds / self.wall_seconds
            told.append(
                f"heard {self.sound_seconds / 60:.1f} min of sound in {self.wall_seconds:.1f} s: "
                f"{self.n_heard / self.wall_seconds:.2f} tracks a second, {speed:.0f} times real time"
            )
        told.append("seconds: " + ", ".join(f"{stage} {secs:.1f}" for stage, secs in self.stage_seconds.items()))
        if self.problems:
            listed = ", ".join(f"{count} {kind}" for kind, count in self.problems.items())
            told.append(f"problems: {listed}; see them with: tutti stats {self.catalogue}")
        return told
