"""What is known of a model of the zoo, as plain values for ``tutti models list`` and ``show``."""

from __future__ import annotations

from typing import Any

from tutti.models.bundles import read_config
from tutti.models.zoo import Zoo
from tutti.models.zoo_table import COMMERCIAL_LICENCES


def model_facts(zoo: Zoo, name: str) -> dict[str, Any]:
    """Name, origin, licences, scores, labels, and where a model lies. Nothing is fetched.

    Returns:
        Plain values; for a published model and for one's own bundle under the same keys.

    Raises:
        UnknownNameError: It is neither published nor in any of the folders.
        ModelError: It is a bundle that cannot be read.
    """
    where = zoo.whereabouts(name)
    place = {"state": where.state, "path": None if where.path is None else str(where.path)}
    if name in zoo.own_bundles() and where.path is not None:
        return {**_bundle_facts(zoo, name), **place}
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


def _bundle_facts(zoo: Zoo, name: str) -> dict[str, Any]:
    config = read_config(zoo.own_bundles()[name])
    return {
        "name": name,
        "architecture": config.architecture,
        "dataset": None,
        "scores": {},
        "licence": config.licence.partition(",")[0],
        "commercial_ok": config.licence.partition(",")[0].strip() in COMMERCIAL_LICENCES,
        "paper": config.paper,
        "source": config.source,
        "base_rates": dict(config.base_rates),
        "labels": list(config.labels),
    }
