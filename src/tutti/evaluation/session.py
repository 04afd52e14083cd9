"""A whole evaluation: listen, score, tune, compare, write, draw. What ``tutti evaluate`` does, in one call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tutti.audio.excerpts import Spread
from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError
from tutti.evaluation.comparison import Comparison, compare
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.predictions import PREDICTIONS_FILE, read_predictions, write_predictions
from tutti.evaluation.report import Predicted, Report, score
from tutti.evaluation.tagging import predict_tracks, tune_thresholds
from tutti.files import write_text
from tutti.models.model import Model
from tutti.models.zoo import load_model

COMPARISON_JSON, COMPARISON_MARKDOWN = "comparison.json", "comparison.md"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A report, the predictions that it scores, and a comparison where one was asked for."""

    report: Report
    predicted: Predicted
    comparison: Comparison | None = None

    def to_json(self) -> dict[str, Any]:
        """The report; the comparison is its key ``comparison``."""
        extra = {} if self.comparison is None else {"comparison": self.comparison.to_json()}
        return {**self.report.to_json(), **extra}

    def to_markdown(self) -> str:
        """Both pages, one after the other."""
        return self.report.to_markdown() + ("" if self.comparison is None else f"\n{self.comparison.to_markdown()}")

    def write(self, folder: Path) -> None:
        """Write the report, the predictions and the comparison."""
        self.report.write(folder)
        write_predictions(self.predicted, folder / PREDICTIONS_FILE)
        if self.comparison is not None:
            plain = json.dumps(self.comparison.to_json(), indent=2, ensure_ascii=False)
            write_text(folder / COMPARISON_JSON, plain + "\n")
            write_text(folder / COMPARISON_MARKDOWN, self.comparison.to_markdown())


def evaluate_model(
    model: str,
    on: Path,
    *,
    split: str = "test",
    bootstrap: Bootstrap | None = None,
    threshold: float = 0.5,
    tune_on: str | None = None,
    against: str | None = None,
    spread: str = "even",
    folder: Path | None = None,
    figures: bool = False,
) -> Evaluation:
    """Evaluate a model, named as on the command line, over a catalogue.

    Args:
        model: A bundle's folder, or a published model's name.
        on: The catalogue's folder.
        split: Of it.
        bootstrap: How intervals are drawn.
        threshold: A label is given where its probability is at least this.
        tune_on: Another split, on which thresholds are tuned.
        against: Another model, or a file or folder of its predictions.
        spread: Of the excerpts: ``even``, or ``published`` to repeat published scores.
        folder: Where everything is written; None writes nothing.
        figures: Draw figures into the folder.

    Raises:
        ConfigError: Figures without a folder, or whatever ``tutti.evaluation.tagging`` refuses.
    """
    if figures and folder is None:
        raise ConfigError("figures need a folder", hint="name one: -o FOLDER")
    bootstrap, catalogue, tagger = bootstrap or Bootstrap(), Catalogue.open(on), _model(model, spread)
    other = _read(against)
    rival = None if against is None or other is not None else _model(against, spread)  # a wrong name ends it here
    tuned = None if tune_on is None else tune_thresholds(tagger, catalogue, split=split, tune_on=tune_on)
    predicted = predict_tracks(tagger, catalogue, split=split)
    if rival is not None:
        other = predict_tracks(rival, catalogue, split=split)
    evaluation = Evaluation(
        report=score(predicted, bootstrap=bootstrap, threshold=threshold, tuned=tuned),
        predicted=predicted,
        comparison=None if other is None else compare(predicted, other, bootstrap=bootstrap, threshold=threshold),
    )
    if folder is not None:
        evaluation.write(folder)
    if figures and folder is not None:
        from tutti.evaluation.figures import draw_figures

        draw_figures(evaluation.report, predicted, folder, comparison=evaluation.comparison)
    return evaluation


def _read(against: str | None) -> Predicted | None:
    """Predictions, where a file or a folder of them is meant and not a model."""
    if against is None:
        return None
    path = Path(against)
    return read_predictions(path) if path.suffix == ".npz" or (path / PREDICTIONS_FILE).is_file() else None


def _model(name: str, spread: str) -> Model:
    model = load_model(name)
    return model if spread == "even" else model.with_excerpts(spread=cast(Spread, spread))
