"""The report on predicted numbers, such as valence and arousal: the sibling of ``report``, whose subject is labels.

The scores come from ``regression``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import FloatMatrix
from tutti.evaluation.regression import METRICS, regression_of, resampled_regression
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate, seeds_in_words, without_nan
from tutti.files import write_text

VALUE_TITLES = {"r2": "R²", "rmse": "RMSE", "concordance": "concordance"}
VALUE_TITLES |= {f"{name}_macro": f"{title}, macro" for name, title in VALUE_TITLES.items()}
BOUNDS = {"r2": (-math.inf, 1.0), "rmse": (0.0, math.inf), "concordance": (-1.0, 1.0)}


@dataclass(frozen=True, kw_only=True)
class PredictedValues:
    """What is to be scored.

    Attributes:
        model: Who predicted.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        names: Of the columns, such as valence.
        targets: NaN where unknown. Shape (items, values).
        predictions: Shape (items, values).
        failures: Items that could not be predicted, and why.
        training_seed: Of the model, where known.
        ids: Of the items.
    """

    model: str
    dataset: str
    split: str
    names: Sequence[str]
    targets: NDArray[np.float32]
    predictions: NDArray[np.float32]
    failures: Mapping[str, str] = field(default_factory=dict)
    training_seed: int | None = None
    ids: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ValueScores:
    """The scores of one value.

    Attributes:
        name: Such as valence.
        n_known: Items that it is known of.
        r2: Share of its variance that is explained.
        rmse: Root mean squared error, in its unit.
        concordance: Lin's concordance correlation.
    """

    name: str
    n_known: int
    r2: Estimate
    rmse: Estimate
    concordance: Estimate


@dataclass(frozen=True, kw_only=True)
class ValuesReport:
    """How close predicted numbers come.

    Attributes:
        model: Its name.
        dataset: The research dataset and its protocol, or the catalogue's name.
        split: Of it.
        n_items: That were scored: at least one value of each is known.
        bootstrap: How intervals were drawn.
        metrics: ``r2_macro``, ``rmse_macro`` and ``concordance_macro``: means over the values that have one; and each
            value's own, such as ``r2_valence``.
        values: The table of values.
        left_out: Values of which there is no R², and why; macro R² and concordance are means over the others.
        failures: Items that could not be scored, and why.
        training_seed: Of the model, where known.
        task: Always ``values``.
    """

    model: str
    dataset: str
    split: str
    n_items: int
    bootstrap: Bootstrap
    metrics: dict[str, Estimate]
    values: tuple[ValueScores, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    training_seed: int | None = None
    task: str = "values"

    @property
    def setting(self) -> str:
        """On what, in words."""
        seeds = seeds_in_words(self.bootstrap, self.training_seed)
        return f"{self.dataset}, split {self.split}, {self.n_items} items, {seeds}"

    def line(self) -> str:
        """The means in one line."""
        means = ", ".join(f"{VALUE_TITLES[name]} {self.metrics[f'{name}_macro']}" for name in METRICS)
        return f"{self.model} on {self.setting}: {means} ({self.bootstrap.level:.0%} intervals)"

    def to_json(self) -> dict[str, Any]:
        """Plain values; null for what does not exist."""
        plain: dict[str, Any] = without_nan({"seed": self.bootstrap.seed, **dataclasses.asdict(self)})
        return plain

    def to_markdown(self) -> str:
        """A page with a table."""
        means = [self.metrics[f"{name}_macro"] for name in METRICS]
        rows = [(one.name, one.n_known, one.r2, one.rmse, one.concordance) for one in self.values]
        lines = [
            f"# {self.model} on {self.dataset}",
            "",
            f"Dataset {self.setting}. {self.bootstrap.level:.0%} intervals from {self.bootstrap.n_resamples:,} "
            "bootstrap resamples of the items. R² is 0 where a prediction is no better than the mean, RMSE in the "
            "value's unit.",
            "",
            f"| value | items | {' | '.join(VALUE_TITLES[name] for name in METRICS)} |",
            "| --- | ---: | --- | --- | --- |",
            *[f"| {' | '.join(map(str, row))} |" for row in rows],
            f"| mean | {self.n_items} | {' | '.join(map(str, means))} |",
            "",
            *(f"- left out of the mean of R² and concordance: {name}: {why}" for name, why in self.left_out.items()),
            *(f"- could not be scored: {item}: {why}" for item, why in self.failures.items()),
        ]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def score_values(predicted: PredictedValues, *, bootstrap: Bootstrap) -> ValuesReport:
    """The report on predicted values; items of which no value is known are not scored.

    Raises:
        ShapeError: The arrays do not fit, or no value is known of any item.
    """
    targets, given = predicted.targets, predicted.predictions
    if targets.ndim != 2 or targets.shape[1] != len(predicted.names):
        raise ShapeError(f"targets of shape {targets.shape} came, wanted (items, {len(predicted.names)} values)")
    if targets.shape == given.shape:
        is_known = ~np.isnan(targets).all(axis=1)
        targets, given = targets[is_known], given[is_known]
    exact = regression_of(targets, given)
    samples = resampled_regression(targets, given, bootstrap=bootstrap)
    n_known = (~np.isnan(targets)).sum(axis=0)
    table = tuple(
        ValueScores(
            name=name,
            n_known=int(n_known[column]),
            **{one: _estimate(one, exact[one][column], samples[one][:, column], bootstrap) for one in METRICS},
        )
        for column, name in enumerate(predicted.names)
    )
    macro = {f"{one}_macro": _macro(one, exact[one], samples[one], bootstrap) for one in METRICS}
    return ValuesReport(
        model=predicted.model,
        dataset=predicted.dataset,
        split=predicted.split,
        n_items=len(targets),
        bootstrap=bootstrap,
        metrics=macro | {f"{one}_{row.name}": getattr(row, one) for row in table for one in METRICS},
        values=table,
        left_out={
            name: "known of no item" if not n_known[column] else "the same for all items"
            for column, name in enumerate(predicted.names)
            if np.isnan(exact["r2"][column])
        },
        failures=dict(predicted.failures),
        training_seed=predicted.training_seed,
    )


def _macro(name: str, exact: FloatMatrix, samples: FloatMatrix, bootstrap: Bootstrap) -> Estimate:
    """Over the values that have one; a resample without one of them does not count."""
    exists = ~np.isnan(exact)
    if not exists.any():
        return Estimate(value=math.nan, low=math.nan, high=math.nan)
    return _estimate(name, float(exact[exists].mean()), samples[:, exists].mean(axis=1), bootstrap)


def _estimate(name: str, value: float, samples: FloatMatrix, bootstrap: Bootstrap) -> Estimate:
    low, high = np.clip(bootstrap.interval(samples, value=float(value)), *BOUNDS[name])
    return Estimate(value=float(value), low=float(low), high=float(high))
