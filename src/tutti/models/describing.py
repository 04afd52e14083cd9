"""What a bundle says of itself beyond its run: licence, who taught it, what it learned from, limits, scores.

A TOML file states it, and ``describe_bundle`` writes the bundle with it; weights and labels stay as they are. The card
itself is made by ``tutti.models.cards``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tutti.errors import ConfigError, unknown_name
from tutti.models.bundles import config_from_json
from tutti.models.model import Model
from tutti.models.zoo_table import published_checkpoints

DESCRIBED = ("licence", "source", "paper", "teachers", "data", "limits", "scores")


def describe_bundle(bundle: Path, facts: Path, output: Path, *, scores: Path | None = None) -> Model:
    """Write a bundle anew with what a file says of it; what the file leaves out stays.

    Absolute paths in the recipe are cut to their last part: nobody else has the folders of the machine that trained.

    Args:
        bundle: Its folder.
        facts: TOML with any of ``licence``, ``source``, ``paper`` (texts), ``data``, ``limits`` (lists of sentences),
            ``teachers`` (names of published models, whose licences and terms are looked up) and ``scores`` (a table).
        output: The new bundle's folder, whose name becomes the model's; may be the same.
        scores: JSON with further scores by name, such as ``bench/default_model.py --json`` writes.

    Raises:
        ConfigError: A file is missing, or no TOML or JSON.
        UnknownNameError: It has an unknown key, or names a teacher that is not published.
        ModelError: The bundle is damaged, or a value has the wrong type.
    """
    model = Model.load(bundle)
    said = _read(facts, tomllib.loads, "write TOML, such as licence = 'MIT'")
    for key in said:
        if key not in DESCRIBED:
            raise unknown_name("fact of a model card", key, DESCRIBED)
    if "teachers" in said:
        said["teachers"] = teachers(said["teachers"])
    if scores is not None:
        more = _read(scores, json.loads, 'write JSON, such as {"songs": {"value": 0.8}}')
        said["scores"] = {**model.config.scores, **said.get("scores", {}), **more}
    plain = {**model.config.to_json(), **said, "name": output.absolute().name}
    plain["training"] = _without_places(plain["training"])
    config = config_from_json(plain, origin=str(facts))
    described = Model(config, model.network)
    described.save(output)
    return described


def teachers(names: Sequence[str]) -> dict[str, str]:
    """Licence of each published model, and the terms of what it learned from.

    Raises:
        UnknownNameError: There is no such model.

    >>> teachers(["fcn-mtat"])["fcn-mtat"].partition(";")[0]
    'MIT, Copyright (c) 2020 Music Technology Group, Universitat Pompeu Fabra'
    """
    table = published_checkpoints()
    found = {}
    for name in names:
        if name not in table:
            raise unknown_name("published model", name, table)
        entry = table[name]
        learned = f"it learned from {entry.data.title} ({entry.data.terms})"
        found[name] = f"{entry.licence}, {entry.holder}; {learned}"
    return found


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_places(one) for one in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _read(path: Path, parse: Callable[[str], Any], hint: str) -> dict[str, Any]:
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else cause
        raise ConfigError(f"{path} cannot be read: {why}", hint=hint) from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no table of facts", hint=hint)
    return found
