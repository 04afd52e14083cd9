"""What an encoder gives of a run's items, kept on disk: files are read once, however often a fusion learns anew.

A file of vectors is named by the encoder's fingerprint, the items, and what each offered when it was read; whatever
changes, the vectors are made again. Until the last item is read there is a file for each block of items instead, from
which a run that was killed goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tutti.data.items import Item
from tutti.data.track import Modality
from tutti.files import atomic_file
from tutti.models.encoders import Encoded, ModalityEncoder
from tutti.training.progress import ShownSteps, steps_shown
from tutti.training.run_parts import Tell

BLOCK_ITEMS = 500


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
        return _read(path)
    tell(f"{encoder.modality}: vectors of {len(items)} items")
    blocks = {begin: path.with_suffix(f".{begin}.npz") for begin in range(0, max(len(items), 1), BLOCK_ITEMS)}
    with steps_shown(len(items), done=0, quiet=quiet) as shown:
        shown.describe(encoder.modality)
        for begin, block in blocks.items():
            shown.advance_to(begin)
            if not block.exists():
                progress = partial(_advance, shown, begin)
                _write(block, encoder.encode(items[begin : begin + BLOCK_ITEMS], progress=progress))
    encoded = _joined([_read(block) for block in blocks.values()])
    _write(path, encoded)
    for block in blocks.values():
        block.unlink()
    return encoded


def _advance(shown: ShownSteps, begin: int, n_done: int, _n_items: int) -> None:
    shown.advance_to(begin + n_done)


def _joined(blocks: Sequence[Encoded]) -> Encoded:
    return Encoded(
        vectors=np.concatenate([one.vectors for one in blocks]),
        presence=np.concatenate([one.presence for one in blocks]),
        problems={item_id: problem for one in blocks for item_id, problem in one.problems.items()},
    )


def _read(path: Path) -> Encoded:
    with np.load(path, allow_pickle=False) as kept:
        return Encoded(vectors=kept["vectors"], presence=kept["presence"], problems=json.loads(str(kept["problems"])))


def _write(path: Path, encoded: Encoded) -> None:
    with atomic_file(path) as unfinished, unfinished.open("wb") as file:
        problems = np.array(json.dumps(dict(encoded.problems), ensure_ascii=False))
        np.savez(file, vectors=encoded.vectors, presence=encoded.presence, problems=problems)


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
