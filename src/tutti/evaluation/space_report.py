"""A space model scored on the items of a catalogue: what its modalities find of each other.

Each part of the report is a module's own: ``cross_modal`` has what finds what. Where a space places one modality only,
or items have only one, there is nothing to find across.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.labels import SPLITS
from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.cross_modal import CrossModalReport, score_cross_modal
from tutti.evaluation.indexed_sounds import encode_items
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate
from tutti.evaluation.tagging import dataset_title
from tutti.files import write_text
from tutti.models.space_models import Placed, Points, SpaceModel


@dataclass(frozen=True, kw_only=True)
class SpaceReport:
    """What a space model was scored by.

    Attributes:
        cross_modal: What its modalities find of each other.
    """

    cross_modal: CrossModalReport

    @property
    def metrics(self) -> dict[str, Estimate]:
        """By name."""
        return self.cross_modal.metrics

    @property
    def n_items(self) -> int:
        """That were placed."""
        return self.cross_modal.n_items

    def line(self) -> str:
        """The main scores, with dataset, split, seeds and number of items."""
        return self.cross_modal.line()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"cross_modal": self.cross_modal.to_json()}

    def to_markdown(self) -> str:
        """A page."""
        return self.cross_modal.to_markdown()

    def write(self, folder: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())


def evaluate_space(
    model: SpaceModel, catalogue: Catalogue, *, split: str = "test", bootstrap: Bootstrap | None = None
) -> SpaceReport:
    """How well a space finds a catalogue's items.

    Args:
        model: The space.
        catalogue: Of the items; sounds that it was indexed with are not heard again.
        split: ``train``, ``valid``, ``test`` or ``all``.
        bootstrap: How intervals are drawn.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: There is nothing to find, or nothing that finds it.
    """
    items = items_of_space(model, catalogue, split)
    placed = place_items(model, items, catalogue)
    report = score_cross_modal(
        placed.points,
        model=model.name,
        dataset=dataset_title(catalogue, [track for item in items for track in item.tracks]),
        split=split,
        bootstrap=bootstrap or Bootstrap(),
        training_seed=model.config.training.get("seed"),
    )
    problems = {item_id: "; ".join(some.values()) for item_id, some in placed.problems.items()}
    return SpaceReport(cross_modal=dataclasses.replace(report, problems=problems))


def items_of_space(model: SpaceModel, catalogue: Catalogue, split: str) -> list[Item]:
    """The items of a split, as a space reads them; copies of other tracks are left out.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: It has no items.
    """
    if split not in (*SPLITS, "all"):
        raise unknown_name("split", split, (*SPLITS, "all"))
    tracks = catalogue.tracks(where=None if split == "all" else f"split = '{split}'")
    kept = [one for one in tracks if one.duplicate_of is None]
    if not kept:
        raise ConfigError(
            f"the catalogue {catalogue.folder} has no tracks in the split {split}",
            hint="take another split; split 'all' takes everything",
        )
    return items_of(kept, level=model.config.level, texts=model.config.texts)


def place_items(model: SpaceModel, items: list[Item], catalogue: Catalogue) -> Placed:
    """Where items lie; as :meth:`SpaceModel.place`, sounds as far as possible from the catalogue's index."""
    points: dict[str, Points] = {}
    problems: dict[str, dict[str, str]] = {}
    for modality, encoder in model.encoders.items():
        encoded = encode_items(encoder, items, catalogue)
        points[modality] = model.place_vectors(modality, encoded.vectors)
        for item_id, problem in encoded.problems.items():
            problems.setdefault(item_id, {})[modality] = problem
    return Placed(points=points, problems=problems)
