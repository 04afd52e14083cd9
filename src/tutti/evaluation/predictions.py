"""Predictions as a file, so that models are compared and figures redrawn without listening again.

``predictions.npz`` holds plain arrays only and is read without unpickling: ``ids``, ``labels``, ``targets``,
``scores``, and ``about``, a JSON text of the setting. ``docs/guides/evaluation.md`` describes it.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from tutti.errors import ConfigError
from tutti.evaluation.multilabel import validate
from tutti.evaluation.report import Predicted
from tutti.files import atomic_file

PREDICTIONS_FILE, FORMAT = "predictions.npz", 1
ABOUT = ("model", "dataset", "split", "task", "training_seed", "failures")


def write_predictions(predicted: Predicted, path: Path) -> None:
    """Write predictions, atomically."""
    about = {"format": FORMAT, **{name: getattr(predicted, name) for name in ABOUT}}
    about["unlearned"] = list(predicted.unlearned)
    with atomic_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file,
            ids=np.array(list(predicted.ids), dtype=np.str_),
            labels=np.array(list(predicted.labels), dtype=np.str_),
            targets=predicted.targets,
            scores=predicted.scores.astype(np.float32),
            about=np.array(json.dumps(about, ensure_ascii=False)),
        )


def read_predictions(path: Path) -> Predicted:
    """Predictions from a file, or from the folder of one.

    Raises:
        ConfigError: There is no such file, or it is damaged, foreign or newer than this program.
    """
    file = path / PREDICTIONS_FILE if path.is_dir() else path
    hint = "make one: tutti evaluate MODEL --on CATALOGUE -o FOLDER"
    if not file.is_file():
        raise ConfigError(f"there is no file of predictions {file}", hint=hint)
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            if about["format"] > FORMAT:
                raise ConfigError(f"{file} is of a newer format, {about['format']}", hint="update tutti")
            found = Predicted(
                **{name: about[name] for name in ABOUT},
                unlearned=tuple(about.get("unlearned", ())),  # older files have none
                ids=tuple(arrays["ids"].tolist()),
                labels=tuple(arrays["labels"].tolist()),
                targets=arrays["targets"],
                scores=arrays["scores"],
            )
        validate(found.targets, found.scores)
        if found.targets.shape != (len(found.ids), len(found.labels)):
            raise ValueError(f"{len(found.ids)} ids, {len(found.labels)} labels, scores {found.scores.shape}")
    except ConfigError:
        raise
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as cause:
        raise ConfigError(f"{file} is no file of predictions, or a damaged one: {cause}", hint=hint) from cause
    return found
