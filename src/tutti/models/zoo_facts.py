"""What is known of a model of the zoo, as plain values for ``tutti models list`` and ``show``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutti.models.bundles import read_config
from tutti.models.model_folders import WEIGHTS
from tutti.models.multimodal import is_multimodal, read_multimodal_config
from tutti.models.zoo import Zoo
from tutti.models.zoo_table import COMMERCIAL_LICENCES


def model_facts(zoo: Zoo, name: str) -> dict[str, Any]:
    """Name, origin, licences, scores, labels, and where a model lies. Nothing is fetched.

    Returns:
        Plain values; for a published model and for a bundle, shipped or one's own, under the same keys; a bundle tells
        besides who taught it, what it learned from, and its limits.

    Raises:
        UnknownNameError: It is neither published nor in any of the folders.
        ModelError: It is a bundle that cannot be read.
    """
    where = zoo.whereabouts(name)
    place = {"state": where.state, "path": None if where.path is None else str(where.path)}
    bundle = {**zoo.own_bundles(), **zoo.shipped_bundles()}.get(name)
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
        return _multimodal_facts(bundle)
    config = read_config(bundle)
    weights = bundle / WEIGHTS
    return {
        "name": bundle.name,
        "architecture": config.architecture,
        "dataset": None,
        "scores": {},
        "licence": config.licence.partition(",")[0],
        "commercial_ok": config.licence.partition(",")[0].strip() in COMMERCIAL_LICENCES,
        "paper": config.paper,
        "source": config.source,
        "n_bytes": weights.stat().st_size if weights.is_file() else None,
        "teachers": dict(config.teachers),
        "data": list(config.data),
        "limits": list(config.limits),
        "base_rates": dict(config.base_rates),
        "labels": list(config.labels),
    }


def _multimodal_facts(bundle: Path) -> dict[str, Any]:
    """The same keys; its size is that of all its parts."""
    config = read_multimodal_config(bundle)
    licence = config.licence.partition(",")[0]
    return {
        "name": bundle.name,
        "architecture": f"{config.fusion.kind} fusion of {', '.join(config.modalities)}",
        "dataset": None,
        "scores": {},
        "licence": licence,
        "commercial_ok": licence.strip() in COMMERCIAL_LICENCES,
        "paper": "",
        "source": config.source,
        "n_bytes": sum(part.stat().st_size for part in bundle.rglob(WEIGHTS)),
        "teachers": {},
        "data": [],
        "limits": [],
        "base_rates": dict(config.base_rates),
        "labels": list(config.labels),
    }
