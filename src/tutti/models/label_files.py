"""Reading the labels of a checkpoint from a file, for the import of published checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

from tutti.errors import ConfigError, unknown_name


def read_labels(source: str | Path) -> tuple[str, ...]:
    """Labels in the order of a model's outputs.

    Args:
        source: A JSON file that holds a list of labels, or a text file with one a line. A JSON file with several
            lists takes the list's key after a colon: ``labels.json:mtat``.

    Raises:
        ConfigError: The file is missing or holds no such list, or the key is missing.
        UnknownNameError: It holds no list of this key.
    """
    path, key = _split(str(source))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        why = (cause.strerror or str(cause)).lower() if isinstance(cause, OSError) else "they are no text"
        raise ConfigError(f"the labels {path} cannot be read: {why}", hint="name a JSON or text file") from None
    if path.suffix.lower() != ".json":
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        values = json.loads(text)
    except ValueError as cause:
        raise ConfigError(f"{path} is no JSON: {cause}", hint='write a list such as ["rock", "jazz"]') from None
    if isinstance(values, dict):
        if key is None:
            keys = ", ".join(map(repr, values))
            raise ConfigError(
                f"{path} holds several lists of labels: {keys}", hint=f"choose one: {path}:{next(iter(values), 'KEY')}"
            )
        if key not in values:
            raise unknown_name(f"list of labels in {path}", key, values)
        values = values[key]
    if not isinstance(values, list) or not all(isinstance(label, str) for label in values):
        raise ConfigError(f"{source} holds no list of labels", hint='write a list such as ["rock", "jazz"]')
    return tuple(values)


def _split(source: str) -> tuple[Path, str | None]:
    path, colon, key = source.rpartition(":")
    if colon and not Path(source).exists() and Path(path).exists():
        return Path(path), key
    return Path(source), None
