"""What an encoder gives of a run's items, kept on disk: files are read once, however often a fusion learns anew.

A file of vectors is named by the encoder's fingerprint, the items, and what each offered when it was read; whatever
changes, the vectors are made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.files import atomic_file
from tutti.models.encoders import Encoded, ModalityEncoder
from tutti.training.progress import steps_shown
from tutti.training.run_parts import Tell


def encoded_once(
    encoder: ModalityEncoder, items: Sequence[Item], folder: Path, tell: Tell, *, quiet: bool = True
) -> Encoded:
    """What an encoder gives of items, kept in a folder under its fingerprint, the items' ids and what they offer it.

    Args:
        encoder: Of one modality.
        items: In the order of the vectors.
        folder: Of the kept files.
        tell: Receives a line where files must be read.
        quiet: Show no progress on stderr.
    """
    offered = "\n".join(f"{item.item_id}\t{_offered(item, encoder.modality)}" for item in items)
    told = f"{encoder.fingerprint}\n{offered}".encode(errors="backslashreplace")
    digest = hashlib.sha256(told).hexdigest()[:16]
    path = folder / f"{encoder.modality}-{digest}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            return Encoded(
                vectors=kept["vectors"], presence=kept["presence"], problems=json.loads(str(kept["problems"]))
            )
    tell(f"{encoder.modality}: vectors of {len(items)} items")
    with steps_shown(len(items), done=0, quiet=quiet) as shown:
        shown.describe(encoder.modality)
        encoded = encoder.encode(items, progress=shown.advance_to)
    with atomic_file(path) as partial, partial.open("wb") as file:
        problems = np.array(json.dumps(dict(encoded.problems), ensure_ascii=False))
        np.savez(file, vectors=encoded.vectors, presence=encoded.presence, problems=problems)
    return encoded


def _offered(item: Item, modality: Modality) -> str:
    """A text, or what files are like; their folder is no part of it, so that a dataset may move."""
    if modality == "text":
        return item.text
    files = [track.audio for track in item.sounds] if modality == "audio" else item.covers
    return ";".join(f"{path.name}:{_state(path)}" for path in files if path is not None)


def _state(path: Path) -> str:
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return "missing"
    return f"{facts.st_size}:{facts.st_mtime_ns}"
