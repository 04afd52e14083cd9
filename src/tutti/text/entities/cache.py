"""What a linker found, kept on disk by the text's content, so that no text is sent to a service twice.

Layout: ``<folder>/<linker's fingerprint>/<two digits>/<SHA-256 of the text>.json``. Only answers are kept, no failures.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tutti.errors import LinkingError
from tutti.files import write_text
from tutti.text.entities import Entity, EntityLinker


class CachedLinker:
    """An :class:`tutti.text.entities.EntityLinker` that asks another one only what is not known yet.

    Attributes:
        linker: The other one.
        folder: Of the cache; several linkers may share it.
    """

    def __init__(self, linker: EntityLinker, folder: Path) -> None:
        self.linker = linker
        self.folder = folder

    @property
    def fingerprint(self) -> str:
        """The other linker's."""
        return self.linker.fingerprint

    def link(self, text: str) -> list[Entity]:
        """What is kept, or what the other linker finds; errors as there, and one more.

        Raises:
            LinkingError: The cache cannot be written.
        """
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        path = self.folder / self.fingerprint / digest[:2] / f"{digest}.json"
        kept = _read(path)
        if kept is not None:
            return kept
        found = self.linker.link(text)
        values = [[one.name, one.start, one.end, list(one.categories)] for one in found]
        try:
            write_text(path, json.dumps(values, ensure_ascii=False) + "\n")
        except OSError as cause:
            raise LinkingError(
                f"what was found cannot be kept in {self.folder}: {cause}",
                hint="make room, or set TUTTI_CACHE to a folder that you may write to",
            ) from None
        return found

    def save(self, folder: Path) -> None:
        """Write the other linker's configuration; what is kept stays where it is."""
        self.linker.save(folder)


def _read(path: Path) -> list[Entity] | None:
    """What is kept; None where there is nothing, or where it is damaged and will be written anew."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return [
            Entity(name=str(name), start=int(start), end=int(end), categories=tuple(map(str, categories)))
            for name, start, end, categories in values
        ]
    except (OSError, ValueError, TypeError):
        return None
