"""The list of encoders that can be loaded from a folder, by the ``kind`` in its ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tutti.errors import ModelError, unknown_name
from tutti.models.bundles import CONFIG
from tutti.models.encoders import ModalityEncoder
from tutti.models.sound_encoders import SoundEncoder

KINDS: dict[str, Callable[[Path], ModalityEncoder]] = {
    "tutti tagger": SoundEncoder.load,
}


def load_encoder(folder: Path) -> ModalityEncoder:
    """The encoder in a folder.

    Raises:
        ModelError: There is none, or a damaged or newer one.
        UnknownNameError: It is of a kind that this program does not know.
    """
    path = folder / CONFIG
    try:
        kind = str(json.loads(path.read_text(encoding="utf-8"))["kind"])
    except FileNotFoundError:
        raise ModelError(
            f"{folder} holds no encoder: there is no {CONFIG}", hint="name a bundle's or an encoder's folder"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint="take the encoder anew") from None
    if kind not in KINDS:
        raise unknown_name("kind of encoder", kind, KINDS)
    return KINDS[kind](folder)
