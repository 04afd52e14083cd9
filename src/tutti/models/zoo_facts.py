"""What is known of a model of the zoo, as plain values for ``tutti models list`` and ``show``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutti.models.bundles import ModelConfig, read_config
from tutti.models.model_folders import WEIGHTS
from tutti.models.multimodal import MultimodalConfig, is_multimodal, read_multimodal_config
from tutti.models.space_models import SpaceModelConfig, is_space_model, read_space_config
from tutti.models.zoo import Zoo
from tutti.models.zoo_table import COMMERCIAL_LICENCES


def model_facts(zoo: Zoo, name: str) -> dict[str, Any]:
    """Name, origin, licences, scores, labels, and where a model or a space lies. Nothing is fetched.

    Returns:
        Plain values; for a published model and for a bundle, shipped or one's own, under the same keys; a bundle tells
        besides who taught it, what it learned from, and its limits.

    Raises:
        UnknownNameError: It is neither published nor in any of the folders.
        ModelError: It is a bundle that cannot be read.
    """
    where = zoo.whereabouts(name)
    place = {"state": where.state, "path": None if where.path is None else str(where.path)}
    bundle = {**zoo.spaces(), **zoo.own_bundles(), **zoo.shipped_bundles()}.get(name)
    if bundle is not None:
        return {**_bundle_facts(bundle), **place}
    entry = zoo.entry(name)
    return {
        "name": entry.name,
        "architecture": entry.architecture,
        "dataset": entry.data.title,
        "scores": dict(entry.scores),
        "licence": entry.licence,
        "commercial_ok": entry.commercial_ok,
        "holder": entry.holder,
        "terms_of_the_dataset": entry.data.terms,
        "paper": entry.paper,
        "source": entry.address,
        "sha256": entry.sha256,
        "n_bytes": entry.n_bytes,
        "base_rates_from": entry.data.base_rates_from,
        "base_rates": dict(entry.base_rates or {}),
        "labels": list(entry.labels),
        **place,
    }


def _bundle_facts(bundle: Path) -> dict[str, Any]:
    if is_multimodal(bundle):
        multimodal = read_multimodal_config(bundle)
        architecture = f"{multimodal.fusion.kind} fusion of {', '.join(multimodal.modalities)}"
        rates, labels = dict(multimodal.base_rates), list(multimodal.labels)
        return {**_facts_of(bundle, multimodal, architecture), "base_rates": rates, "labels": labels}
    if is_space_model(bundle):
        space, modalities = read_space_config(bundle)
        told = {"data": list(space.data), "limits": list(space.limits)}
        return {**_facts_of(bundle, space, f"space of {', '.join(modalities)}"), **told}
    config = read_config(bundle)
    return {
        **_facts_of(bundle, config, config.architecture),
        "paper": config.paper,
        "teachers": dict(config.teachers),
        "data": list(config.data),
        "limits": list(config.limits),
        "base_rates": dict(config.base_rates),
        "labels": list(config.labels),
    }


def _facts_of(
    bundle: Path, config: ModelConfig | MultimodalConfig | SpaceModelConfig, architecture: str
) -> dict[str, Any]:
    """What every bundle tells, and the other keys without a value; the size is that of all parts."""
    licence = config.licence.partition(",")[0]
    return {
        "name": bundle.name,
        "architecture": architecture,
        "dataset": None,
        "scores": {},
        "licence": licence,
        "commercial_ok": licence.strip() in COMMERCIAL_LICENCES,
        "paper": "",
        "source": config.source,
        "n_bytes": sum(part.stat().st_size for part in bundle.rglob(WEIGHTS)) or None,
        "teachers": {},
        "data": [],
        "limits": [],
        "base_rates": {},
        "labels": [],
    }
