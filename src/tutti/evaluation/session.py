"""A whole evaluation: listen, score, tune, compare, write, draw. What ``tutti evaluate`` does, in one call."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

from tutti.audio.excerpts import Spread
from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError
from tutti.evaluation.comparison import Comparison, compare
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multimodal import items_to_score, predict_items, scored_report
from tutti.evaluation.new_items import evaluate_new_items
from tutti.evaluation.predictions import PREDICTIONS_FILE, read_predictions, write_predictions
from tutti.evaluation.recommendation import RecommendationReport
from tutti.evaluation.report import Predicted, Report, score, tune
from tutti.evaluation.space_report import SpaceReport, evaluate_space
from tutti.evaluation.tagging import check_tuning, predict_tracks
from tutti.evaluation.values_report import ValuesReport
from tutti.files import write_text
from tutti.models.model import Model
from tutti.models.model_folders import kind_in
from tutti.models.multimodal import MultimodalModel, find_multimodal
from tutti.models.readouts import NUMBERS
from tutti.models.sentence_retrieval import KIND as RETRIEVER
from tutti.models.space_models import SpaceModel, is_space_model, load_space_model
from tutti.models.zoo import Zoo, load_model

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
        without: Modalities that a multimodal model does without.
    """

    split: str = "test"
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    threshold: float = 0.5
    tune_on: str | None = None
    against: str | None = None
    spread: str = "even"
    figures: bool = False
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ConfigError(
                f"threshold={self.threshold:g} lies outside 0 to 1, where probabilities are",
                hint="give one between, such as 0.5",
            )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A report, the predictions that it scores, and a comparison where one was asked for; of values a report alone."""

    report: Report | ValuesReport | RecommendationReport | SpaceReport
    predicted: Predicted | None
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
        if self.predicted is not None:
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
    catalogue = Catalogue.open(on)
    space = _space(model)
    if space is not None:
        scored = _of_space(space, catalogue, settings)
        if folder is not None:
            scored.write(folder)
        return scored
    described = _Described.load(model, settings)
    other = _read(settings.against)
    if settings.against is not None and other is None:
        rival = _Described.load(settings.against, dataclasses.replace(settings, without=()))
        other = rival.predict(catalogue, settings.split)
    evaluation = described.values(catalogue, settings) or _of_labels(described, other, catalogue, settings)
    if folder is not None:
        evaluation.write(folder)
    if settings.figures and folder is not None and isinstance(evaluation.report, Report) and evaluation.predicted:
        from tutti.evaluation.figures import draw_figures

        draw_figures(evaluation.report, evaluation.predicted, folder, comparison=evaluation.comparison)
    return evaluation


def _space(name: str) -> SpaceModel | None:
    """The space model of this folder or name; None of others."""
    return load_space_model(name) if is_space_model(name) or name in Zoo().spaces() else None


def _of_space(space: SpaceModel, catalogue: Catalogue, settings: EvaluationSettings) -> Evaluation:
    options = {
        "--against": settings.against is not None,
        "--tune-on": settings.tune_on is not None,
        "--figures": settings.figures,
        "--without": bool(settings.without),
    }
    for option, is_given in options.items():
        if is_given:
            raise ConfigError(
                f"{space.name} is a space, which is scored by what finds what: {option} is of models of labels",
                hint=f"leave out {option}; all choices of modalities are scored in any case",
            )
    report = evaluate_space(space, catalogue, split=settings.split, bootstrap=settings.bootstrap)
    return Evaluation(report=report, predicted=None)


def _of_labels(
    described: _Described, other: Predicted | None, catalogue: Catalogue, settings: EvaluationSettings
) -> Evaluation:
    bootstrap, threshold, split = settings.bootstrap, settings.threshold, settings.split
    tuned = None
    if settings.tune_on is not None:
        check_tuning(split=split, tune_on=settings.tune_on)
        tuned = tune(described.predict(catalogue, settings.tune_on))
    predicted = described.predict(catalogue, split)
    return Evaluation(
        report=score(predicted, bootstrap=bootstrap, threshold=threshold, tuned=tuned),
        predicted=predicted,
        comparison=None if other is None else compare(predicted, other, bootstrap=bootstrap, threshold=threshold),
    )


@dataclass(frozen=True)
class _Described:
    """A model of either kind, and what it is to do without."""

    model: Model | MultimodalModel
    without: tuple[str, ...] = ()

    @classmethod
    def load(cls, name: str, settings: EvaluationSettings) -> Self:
        if kind_in(Path(name)) == RETRIEVER:
            raise ConfigError(
                f"{name} finds music for sentences, which is scored where it learns: see report.md of its run",
                hint="tutti evaluate scores RUN/model, the same as a space, where the run has one",
            )
        folder = find_multimodal(name)
        if folder is not None:
            multimodal = MultimodalModel.load(folder)
            multimodal.check_without(settings.without)
            return cls(multimodal, settings.without)
        if settings.without:
            raise ConfigError(
                f"{name} goes by sound alone: there is nothing to leave out",
                hint="leave out --without, or name a multimodal model",
            )
        model = load_model(name)
        return cls(model if settings.spread == "even" else model.with_excerpts(spread=cast(Spread, settings.spread)))

    def predict(self, catalogue: Catalogue, split: str) -> Predicted:
        """What it says of the labels."""
        if isinstance(self.model, MultimodalModel):
            return predict_items(self.model, catalogue, split=split, without=self.without)
        return predict_tracks(self.model, catalogue, split=split)

    def values(self, catalogue: Catalogue, settings: EvaluationSettings) -> Evaluation | None:
        """The evaluation of a multimodal model of values or of listening factors; None of others."""
        if not isinstance(self.model, MultimodalModel) or self.model.config.target not in NUMBERS:
            return None
        if settings.against is not None or settings.tune_on is not None or settings.figures:
            raise ConfigError(
                f"{self.model.name} predicts values: there are no thresholds, figures or comparisons of labels",
                hint="leave out --against, --tune-on and --figures",
            )
        if self.model.config.target == "listening-factors":
            ranked = evaluate_new_items(
                self.model, catalogue, settings.split, bootstrap=settings.bootstrap, without=self.without
            )
            return Evaluation(report=ranked, predicted=None)
        scored = items_to_score(self.model, catalogue, settings.split)
        described = self.model.predict(scored.items, without=self.without)
        report = scored_report(self.model, scored, described, bootstrap=settings.bootstrap, without=self.without)
        return Evaluation(report=report, predicted=None)


def _read(against: str | None) -> Predicted | None:
    """Predictions, where a file or a folder of them is meant and not a model."""
    if against is None:
        return None
    path = Path(against)
    return read_predictions(path) if path.suffix == ".npz" or (path / PREDICTIONS_FILE).is_file() else None
