"""Scoring a multimodal model on the items of a catalogue, with all modalities or without some of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.item_values import item_values, read_values, values_of_facts
from tutti.data.items import TEXTS, Item, items_of
from tutti.data.labels import label_targets
from tutti.data.track import Modality, Track
from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.missing import subset_title, subsets
from tutti.evaluation.report import Predicted, Report, Tuned, score, without_unlearned
from tutti.evaluation.tagging import dataset_title, split_tracks
from tutti.evaluation.values_report import PredictedValues, ValuesReport, score_values
from tutti.files import write_text
from tutti.models.multimodal import Described, MultimodalModel, StreamVectors

SEEN: tuple[Modality, ...] = ("audio", "image", "text")


@dataclass(frozen=True, kw_only=True)
class ScoredItems:
    """Items of a split with the truth about them.

    Attributes:
        items: Of which something is at hand and something is known.
        targets: Of labels 0 or 1, of values numbers, NaN where unknown. Shape (items, labels), float32.
        title: Of the dataset.
        split: Of it.
    """

    items: tuple[Item, ...]
    targets: NDArray[np.float32]
    title: str
    split: str


@dataclass(frozen=True, kw_only=True)
class ItemSelection:
    """What counts as an item.

    Attributes:
        level: ``track`` or ``album``.
        texts: Kinds of text that are read.
        modalities: At least one of them must be at hand.
    """

    level: str = "track"
    texts: tuple[str, ...] = TEXTS
    modalities: tuple[Modality, ...] = SEEN


def scored_items(
    catalogue: Catalogue, split: str, selection: ItemSelection, tracks: Sequence[Track] | None = None
) -> list[Item]:
    """Items of a split that have tags and at least one of some modalities; arguments as of :func:`offered_items`.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: There are no such items.
    """
    found = offered_items(catalogue, split, selection, tracks)
    tagged = [item for item in found if item.tags]
    if not tagged:
        raise ConfigError(
            f"the catalogue {catalogue.folder} has {len(found)} {selection.level}s in the split {split} with any of "
            f"{', '.join(selection.modalities)}, none of them with tags",
            hint="take another split or catalogue" + ("; split 'all' takes everything" if split != "all" else ""),
        )
    return tagged


def offered_items(
    catalogue: Catalogue, split: str, selection: ItemSelection, tracks: Sequence[Track] | None = None
) -> list[Item]:
    """Items of a split that have at least one of some modalities, tagged or not; copies of other tracks are left out.

    Args:
        catalogue: Of the items.
        split: ``train``, ``valid``, ``test`` or ``all``.
        selection: What is an item, and what it needs.
        tracks: Of the split, where the catalogue does not tell them.

    Raises:
        UnknownNameError: There is no such split.
    """
    found = split_tracks(catalogue, split) if tracks is None else tracks
    kept = [one for one in found if one.duplicate_of is None]
    items = items_of(kept, level=selection.level, texts=selection.texts)
    return [item for item in items if any(item.offers(modality) for modality in selection.modalities)]


def targets_of(items: Sequence[Item], labels: Sequence[str], *, spelling: str) -> NDArray[np.float32]:
    """0 or 1 for each label. Shape (items, labels)."""
    return label_targets(items, labels, spelling=spelling).astype(np.float32)


def values_of(
    catalogue: Catalogue, items: Sequence[Item], names: Sequence[str], table: Path | None = None
) -> NDArray[np.float32]:
    """Values of items, from the catalogue's facts or a table; NaN where unknown. Shape (items, values).

    Raises:
        ConfigError: None of them is known.
        UnknownNameError: There are no such values.
    """
    known = values_of_facts(catalogue.facts(), names) if table is None else read_values(table, names)
    values = item_values(items, known)
    if np.isnan(values).all():
        raise ConfigError(
            f"of {len(items)} items none has a value of {', '.join(names)}", hint="see the table's first column"
        )
    return values


def items_to_score(model: MultimodalModel, catalogue: Catalogue, split: str) -> ScoredItems:
    """What a model is scored on: of its level, read as in its training.

    Raises:
        ConfigError: There is nothing to score.
        UnknownNameError: There is no such split.
    """
    config = model.config
    settings: dict[str, Any] = config.training.get("scheme", {})
    selection = ItemSelection(level=config.level, texts=config.texts, modalities=config.modalities)
    if config.target == "values":
        items = offered_items(catalogue, split, selection)
        table = settings.get("values_table")
        targets = values_of(catalogue, items, config.labels, None if table is None else Path(table))
        known: NDArray[np.bool_] = np.asarray((~np.isnan(targets)).any(axis=1))
        items, targets = [one for one, is_known in zip(items, known, strict=True) if is_known], targets[known]
    else:
        items = scored_items(catalogue, split, selection)
        spelling = str(config.training.get("data", {}).get("spelling", "plain"))
        targets = targets_of(items, config.labels, spelling=spelling)
        if config.target == "classes":
            of_one = targets.sum(axis=1) == 1
            items, targets = [one for one, fits in zip(items, of_one, strict=True) if fits], targets[of_one]
        if not targets.any():
            raise ConfigError(
                f"no item of {catalogue.folder} (split {split}) carries a label of {model.name}",
                hint=f"its labels are {', '.join(model.labels[:8])}, …; take a catalogue with such tags",
            )
    title = dataset_title(catalogue, [track for item in items for track in item.tracks])
    return ScoredItems(items=tuple(items), targets=targets, title=title, split=split)


def predict_items(
    model: MultimodalModel, catalogue: Catalogue, *, split: str = "test", without: Iterable[str] = ()
) -> Predicted:
    """What a model says of a catalogue's items, beside the truth, going by what there is of each.

    Items of which nothing is left are among the failures, and so is what could not be read of others.

    Raises:
        ConfigError: Nothing can be scored, or every modality is left out.
        UnknownNameError: There is no such split or modality.
    """
    left_out = model.check_without(without)
    scored = items_to_score(model, catalogue, split)
    return predicted_of(model, scored, model.predict(scored.items, without=left_out), without=left_out)


def predicted_of(
    model: MultimodalModel, scored: ScoredItems, described: Described, *, without: Iterable[str] = ()
) -> Predicted:
    """The same, of items that have been described already."""
    left_out = [modality for modality in model.modalities if modality in set(without)]
    here: NDArray[np.bool_] = np.asarray(described.presence.any(axis=1))
    failures = {
        item.item_id: _why_absent(described, item, left_out)
        for item, is_here in zip(scored.items, here, strict=True)
        if not is_here
    }
    if not here.any():
        raise ConfigError(
            f"of {len(scored.items)} items of {scored.title}, none has anything left to go by"
            + (f" without {', '.join(left_out)}" if left_out else ""),
            hint="leave in more modalities, or take another catalogue",
        )
    predicted = Predicted(
        model=model.name + (f" without {' and '.join(left_out)}" if left_out else ""),
        dataset=scored.title,
        split=scored.split,
        labels=model.labels,
        targets=scored.targets[here] > 0,
        scores=described.predictions[here],
        failures=failures | _half_read(described, {item.item_id for item in scored.items} - set(failures)),
        training_seed=model.config.training.get("seed"),
        ids=[item.item_id for item, is_here in zip(scored.items, here, strict=True) if is_here],
        task="classes" if model.config.target == "classes" else "tags",
    )
    return without_unlearned(predicted, model.config.base_rates)


def _why_absent(described: Described, item: Item, left_out: Sequence[str]) -> str:
    problems = described.problems.get(item.item_id)
    if problems:
        return "; ".join(problems.values())
    return f"nothing is left of it without {' and '.join(left_out)}" if left_out else "nothing of it is at hand"


def _half_read(described: Described, scored: Collection[str]) -> dict[str, str]:
    """What could not be read of items that were scored by the rest."""
    return {
        item_id: "scored by the rest: " + "; ".join(problems.values())
        for item_id, problems in described.problems.items()
        if problems and item_id in scored
    }


def scored_report(
    model: MultimodalModel,
    scored: ScoredItems,
    described: Described,
    *,
    bootstrap: Bootstrap,
    threshold: float = 0.5,
    without: Iterable[str] = (),
    tuned: Tuned | None = None,
) -> Report | ValuesReport:
    """The report on items that have been described, of labels or of values.

    Raises:
        ConfigError: Nothing is left to go by.
        ShapeError: No label has both positives and negatives.
    """
    predicted = predicted_of(model, scored, described, without=without)
    if model.config.target != "values":
        return score(predicted, bootstrap=bootstrap, threshold=threshold, tuned=tuned)
    here: NDArray[np.bool_] = np.asarray(described.presence.any(axis=1))
    values = PredictedValues(
        model=predicted.model,
        dataset=predicted.dataset,
        split=predicted.split,
        names=model.labels,
        targets=scored.targets[here],
        predictions=described.predictions[here],
        failures=predicted.failures,
        training_seed=predicted.training_seed,
        ids=predicted.ids,
    )
    return score_values(values, bootstrap=bootstrap)


def score_subsets(
    model: MultimodalModel,
    scored: ScoredItems,
    *,
    bootstrap: Bootstrap,
    threshold: float = 0.5,
    streams: StreamVectors | None = None,
) -> dict[tuple[str, ...], Report | ValuesReport]:
    """Scores with every choice of modalities, all of them first; files are read once.

    Each choice is scored on the items of which it leaves something.

    Args:
        model: Which.
        scored: Items and the truth.
        bootstrap: How intervals are drawn.
        threshold: A label is given where its score is at least this.
        streams: Of these items, where the model's encoders have given them already.

    Raises:
        ConfigError: Nothing can be scored at all.
    """
    streams = model.encode(scored.items) if streams is None else streams
    reports: dict[tuple[str, ...], Report | ValuesReport] = {}
    for chosen in subsets(model.modalities):
        kept = np.array([stream.modality in chosen for stream in model.config.streams])
        left_out = [modality for modality in model.modalities if modality not in chosen]
        told = {key: {one: why for one, why in some.items() if one in chosen} for key, some in streams.problems.items()}
        masked = streams.masked(np.broadcast_to(kept, streams.presence.shape))
        described = model.describe(dataclasses.replace(masked, problems=told))
        try:
            reports[chosen] = scored_report(
                model, scored, described, bootstrap=bootstrap, threshold=threshold, without=left_out
            )
        except (ConfigError, ShapeError):
            if not left_out:
                raise  # of a smaller choice there may be nothing in a small catalogue
    return reports


def write_subsets(reports: Mapping[tuple[str, ...], Report | ValuesReport], folder: Path) -> None:
    """Write ``subsets.json`` and ``subsets.md``."""
    plain = {"+".join(chosen): report.to_json() for chosen, report in reports.items()}
    write_text(folder / "subsets.json", json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
    lines = [f"- {subset_title(chosen)}: {report.line()}" for chosen, report in reports.items()]
    write_text(folder / "subsets.md", "# With every choice of modalities\n\n" + "\n".join(lines) + "\n")
