"""A whole evaluation: listen, score, tune, compare, write, draw. What ``tutti evaluate`` does, in one call."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
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
class EvaluationSettings:
    """How a model is evaluated.

    Attributes:
        split: Of the catalogue.
        bootstrap: How intervals are drawn.
        threshold: A label is given where its probability is at least this.
        tune_on: Another split, on which thresholds are tuned.
        against: Another model, or a file or folder of its predictions.
        spread: Of the excerpts: ``even``, or ``published`` to repeat published scores.
        figures: Draw figures into the folder.
    """

    split: str = "test"
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    threshold: float = 0.5
    tune_on: str | None = None
    against: str | None = None
    spread: str = "even"
    figures: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ConfigError(
                f"threshold={self.threshold:g} lies outside 0 to 1, where probabilities are",
                hint="give one between, such as 0.5",
            )


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
    model: str, on: Path, settings: EvaluationSettings | None = None, *, folder: Path | None = None
) -> Evaluation:
    """Evaluate a model, named as on the command line, over a catalogue.

    Args:
        model: A bundle's folder, or a published model's name.
        on: The catalogue's folder.
        settings: How it is evaluated.
        folder: Where everything is written; None writes nothing.

    Raises:
        ConfigError: Figures without a folder, or whatever ``tutti.evaluation.tagging`` and ``comparison`` refuse.
    """
    settings = settings or EvaluationSettings()
    if settings.figures and folder is None:
        raise ConfigError("figures need a folder", hint="name one: -o FOLDER")
    bootstrap, threshold, split = settings.bootstrap, settings.threshold, settings.split
    catalogue, tagger = Catalogue.open(on), _model(model, settings.spread)
    against, tune_on = settings.against, settings.tune_on
    other = _read(against)
    rival = None if against is None or other is not None else _model(against, settings.spread)  # a wrong name ends here
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
    if settings.figures and folder is not None:
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
