"""A space model scored on the items of a catalogue: what its modalities find of each other, and tags of the items.

Each part of the report is a module's own: ``cross_modal`` has what finds what, ``tag_retrieval`` what tags find. Where
a space places one modality only, or items have only one, there is nothing to find across; where it reads no words, or
items have no tags, no tag finds anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.errors import ConfigError
from tutti.evaluation.cross_modal import CrossModalReport, score_cross_modal
from tutti.evaluation.indexed_sounds import encode_items
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import JSON_FILE, MARKDOWN_FILE, Estimate
from tutti.evaluation.space_tags import tag_queries
from tutti.evaluation.tag_retrieval import DEPTH, TagRetrievalReport, score_tag_retrieval
from tutti.evaluation.tagging import dataset_title, split_tracks
from tutti.files import write_text
from tutti.models.space_models import Placed, Points, SpaceModel


@dataclass(frozen=True, kw_only=True)
class SpaceReport:
    """What a space model was scored by.

    Attributes:
        cross_modal: What its modalities find of each other; None where there is nothing to find.
        tags: What tags find; None where they find nothing.
    """

    cross_modal: CrossModalReport | None = None
    tags: TagRetrievalReport | None = None

    @property
    def parts(self) -> dict[str, CrossModalReport | TagRetrievalReport]:
        """Those that there are, by name."""
        named = {"cross_modal": self.cross_modal, "tags": self.tags}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def metrics(self) -> dict[str, Estimate]:
        """By name."""
        return {name: value for part in self.parts.values() for name, value in part.metrics.items()}

    @property
    def n_items(self) -> int:
        """That were placed."""
        return max(part.n_items for part in self.parts.values())

    def line(self) -> str:
        """The main scores, with dataset, split, seeds and number of items."""
        return "\n".join(part.line() for part in self.parts.values())

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: part.to_json() for name, part in self.parts.items()}

    def to_markdown(self) -> str:
        """A page for each part, one after the other."""
        return "\n".join(part.to_markdown() for part in self.parts.values())

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
    placed, bootstrap = place_items(model, items, catalogue), bootstrap or Bootstrap()
    title = dataset_title(catalogue, [track for item in items for track in item.tracks])
    cross_modal: CrossModalReport | None = None
    tags: TagRetrievalReport | None = None
    with contextlib.suppress(ConfigError):  # then modalities may find each other all the same
        queries = tag_queries(model, items, placed.points, on=(title, split), problems=placed.problems)
        tags = score_tag_retrieval(queries, bootstrap=bootstrap, depth=min(DEPTH, len(queries.targets)))
    try:
        report = score_cross_modal(
            placed.points,
            model=model.name,
            dataset=title,
            split=split,
            bootstrap=bootstrap,
            training_seed=model.config.training.get("seed"),
        )
        problems = {item_id: "; ".join(some.values()) for item_id, some in placed.problems.items()}
        cross_modal = dataclasses.replace(report, problems=problems)
    except ConfigError:
        if tags is None:
            raise
    return SpaceReport(cross_modal=cross_modal, tags=tags)


def items_of_space(model: SpaceModel, catalogue: Catalogue, split: str) -> list[Item]:
    """The items of a split, as a space reads them; copies of other tracks are left out.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: It has no items.
    """
    kept = [one for one in split_tracks(catalogue, split) if one.duplicate_of is None]
    if not kept:
        raise ConfigError(
            f"the catalogue {catalogue.folder} has no tracks in the split {split}",
            hint="take another split; split 'all' takes everything",
        )
    return items_of(kept, level=model.config.level, texts=model.config.texts)


def place_items(
    model: SpaceModel, items: Sequence[Item], catalogue: Catalogue, *, modalities: Sequence[str] | None = None
) -> Placed:
    """Where items lie; as :meth:`SpaceModel.place`, sounds as far as possible from the catalogue's index."""
    points: dict[str, Points] = {}
    problems: dict[str, dict[str, str]] = {}
    for modality, encoder in model.encoders.items():
        if modalities is not None and modality not in modalities:
            continue
        encoded = encode_items(encoder, items, catalogue)
        points[modality] = model.place_vectors(modality, encoded.vectors)
        for item_id, problem in encoded.problems.items():
            problems.setdefault(item_id, {})[modality] = problem
    return Placed(points=points, problems=problems)
