"""Tagging files without a catalogue: each is heard once by all models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.audio.recording import Recording
from tutti.errors import TuttiError
from tutti.models.inference import Analysis, analyse
from tutti.models.model import Model


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """What one model said of one file.

    Attributes:
        path: The file.
        model: The model's name.
        n_excerpts: How many excerpts were averaged.
        tags: Probability of each label, the most probable first.
        damage: How the sound ended before its announced end, where it did; what there is of it was heard.
    """

    path: Path
    model: str
    n_excerpts: int
    tags: dict[str, float]
    damage: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As ``tutti tag --json`` prints it."""
        return {"path": str(self.path), "model": self.model, "n_excerpts": self.n_excerpts, "tags": self.tags}


def tag_files(
    paths: Sequence[Path], models: Sequence[Model], *, jobs: int = 1
) -> tuple[list[Tagged], dict[Path, TuttiError]]:
    """Tag sound files with one or more models.

    Args:
        paths: Sound files.
        models: Each hears every file.
        jobs: Threads that decode.

    Returns:
        What the models said, in the order of the files and the models, and the files that failed, with the reason:
        those that cannot be decoded, and those in which there is nothing but silence.

    Raises:
        ModelError: A model has no labels, or gives values.
    """
    for model in models:
        model.check_probabilities()
    recordings = [Recording.from_file(path) for path in dict.fromkeys(paths)]
    by_path = {analysis.recording.path: analysis for analysis in analyse(recordings, models, jobs=jobs)}
    tagged: list[Tagged] = []
    failures: dict[Path, TuttiError] = {}
    for path in dict.fromkeys(paths):
        analysis = by_path[path]
        if analysis.refusal is not None:
            failures[path] = analysis.refusal
        else:
            tagged += [_tagged(path, analysis, model) for model in models]
    return tagged, failures


def _tagged(path: Path, analysis: Analysis, model: Model) -> Tagged:
    result = analysis.results[model.name]
    ranked = sorted(zip(model.labels, result.probabilities.tolist(), strict=True), key=lambda pair: -pair[1])
    damage = None if analysis.heard is None else analysis.heard.damage
    return Tagged(path=path, model=model.name, n_excerpts=result.n_excerpts, tags=dict(ranked), damage=damage)
