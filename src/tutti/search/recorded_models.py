"""The models that described a catalogue, as they were then: to go on with, or to hear a sound to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord
from tutti.errors import CatalogueError, TuttiError
from tutti.models.model import Model
from tutti.models.zoo import load_model


def recorded_models(records: Mapping[str, ModelRecord], *, device: str = "cpu") -> dict[str, Model]:
    """Those of the models that are at hand unchanged, by name, each to hear the excerpts that it heard then.

    Args:
        records: As the catalogue keeps them.
        device: Where they compute.
    """
    found = {}
    for name, record in records.items():
        excerpts = record.config.get("excerpts") or {}
        # Where the bundle lay when the catalogue was indexed, else wherever the zoo finds one of this name.
        for place in dict.fromkeys((record.config.get("bundle") or name, name)):
            try:
                model = load_model(place, device=device).with_excerpts(
                    count=excerpts.get("count"), hop=excerpts.get("hop"), spread=excerpts.get("spread")
                )
            except TuttiError:
                continue
            if model.fingerprint == record.fingerprint:
                found[name] = model
                break
    return found


def models_of(folder: Path, *, device: str = "cpu") -> tuple[list[Model], list[str]]:
    """The models that go on with a catalogue where nobody names others, and the names of those that are not at hand.

    Args:
        folder: Of the catalogue; it need not exist.
        device: Where models compute.

    Returns:
        Nothing and nothing where no model has described it yet.

    Raises:
        CatalogueError: Models have described it, and none is at hand unchanged.
    """
    records = Catalogue.open(folder).models() if (folder / "catalogue.json").is_file() else {}
    found = recorded_models(records, device=device)
    lost = [name for name in records if name not in found]
    if lost and not found:
        raise CatalogueError(
            f"{folder} was described by {' and '.join(lost)}, and none of them is at hand unchanged",
            hint="name their folder in TUTTI_MODELS, or describe everything anew by another model: --model NAME",
        )
    return list(found.values()), lost
