"""The list of entity linkers: made from what a recipe names, or from the folder of a model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs

from tutti.errors import ModelError, unknown_name
from tutti.text.entities import CONFIG, EntityLinker
from tutti.text.entities.cache import CachedLinker
from tutti.text.entities.gazetteer import KIND as GAZETTEER
from tutti.text.entities.gazetteer import Gazetteer
from tutti.text.entities.service import KIND as SERVICE
from tutti.text.entities.service import LinkingService, ServiceConfig

LINKERS: dict[str, Callable[[Path], EntityLinker]] = {GAZETTEER: Gazetteer.load, SERVICE: LinkingService.load}
SPOTLIGHT = "spotlight+"  # before an address


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where services' answers are kept: below ``TUTTI_CACHE``, or where the system keeps such things."""
    cache = environment.get("TUTTI_CACHE")
    return (Path(cache) if cache else platformdirs.user_cache_path("tutti")) / "entities"


def open_linker(source: str, *, cache: Path | None = None) -> EntityLinker:
    """A linker from the path of a table or the address of a service.

    Args:
        source: A table of names (:meth:`Gazetteer.read`), or ``http(s)://…``, with ``spotlight+`` before it where the
            service is of that form.
        cache: Folder that keeps a service's answers; None is :func:`cache_folder`.

    Raises:
        ConfigError: The table cannot be read, or the address is none.
    """
    address = source.removeprefix(SPOTLIGHT)
    if not address.startswith(("http://", "https://")):
        return Gazetteer.read(Path(source))
    config = ServiceConfig(address=address, form="spotlight" if address != source else "tutti")
    return CachedLinker(LinkingService(config), cache or cache_folder())


def load_linker(folder: Path, *, cache: Path | None = None) -> EntityLinker:
    """The linker that a model was saved with.

    Args:
        folder: The model's.
        cache: Folder that keeps a service's answers; None is :func:`cache_folder`.

    Raises:
        ModelError: There is none, or it is damaged.
        UnknownNameError: It is of a kind that this program does not know.
    """
    path = folder / CONFIG
    try:
        kind = str(json.loads(path.read_text(encoding="utf-8"))["kind"])
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint="take the encoder anew") from None
    if kind not in LINKERS:
        raise unknown_name("kind of entity linker", kind, LINKERS)
    linker = LINKERS[kind](folder)
    return CachedLinker(linker, cache or cache_folder()) if kind == SERVICE else linker
