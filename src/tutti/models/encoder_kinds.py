"""The lists of encoders and projections that can be loaded from a folder, by the ``kind`` in its ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from tutti.errors import ModelError, unknown_name
from tutti.models.concept_listener import ConceptListener
from tutti.models.concept_reader import ConceptReader
from tutti.models.covers import CoverEncoder
from tutti.models.encoders import ModalityEncoder, Projection
from tutti.models.extractors.pictures import PictureExtractor
from tutti.models.extractors.projected import ProjectedEncoder
from tutti.models.extractors.sounds import SoundExtractor
from tutti.models.language_encoders import LanguageEncoder
from tutti.models.model_folders import CONFIG
from tutti.models.projections import CanonicalCorrelations, LinearMaps, PrincipalComponents
from tutti.models.song_encoders import ListeningEncoder, SongEncoder
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.spaces import SpaceNetwork
from tutti.models.tag_song import TagSongSpace
from tutti.models.texts import TextEncoder
from tutti.models.word_encoders import WordEncoder

KINDS: dict[str, Callable[[Path], ModalityEncoder]] = {
    "tutti tagger": SoundEncoder.load,
    "tutti cover encoder": CoverEncoder.load,
    "tutti text encoder": TextEncoder.load,
    "tutti language encoder": LanguageEncoder.load,
    "tutti word encoder": WordEncoder.load,
    "tutti concept reader": ConceptReader.load,
    "tutti concept listener": ConceptListener.load,
    "tutti sound extractor": SoundExtractor.load,
    "tutti picture extractor": PictureExtractor.load,
    "tutti projected encoder": ProjectedEncoder.load,
    "tutti listening encoder": ListeningEncoder.load,
    "tutti song encoder": SongEncoder.load,
}
PROJECTIONS: dict[str, Callable[[Path], Projection]] = {
    "tutti space": SpaceNetwork.load,
    "tutti principal components": PrincipalComponents.load,
    "tutti linear maps": LinearMaps.load,
    "tutti canonical correlations": CanonicalCorrelations.load,
    "tutti tag-song space": TagSongSpace.load,
}
Loaded = TypeVar("Loaded")


def load_encoder(folder: Path) -> ModalityEncoder:
    """The encoder in a folder.

    Raises:
        ModelError: There is none, or a damaged or newer one.
        UnknownNameError: It is of a kind that this program does not know.
    """
    return _load(folder, KINDS, "encoder")


def load_projection(folder: Path) -> Projection:
    """The projection in a folder; errors as of :func:`load_encoder`."""
    return _load(folder, PROJECTIONS, "projection")


def _load(folder: Path, kinds: Mapping[str, Callable[[Path], Loaded]], what: str) -> Loaded:
    path = folder / CONFIG
    try:
        kind = str(json.loads(path.read_text(encoding="utf-8"))["kind"])
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} holds no {what}: there is no {CONFIG}", hint=f"name the folder of a bundle or of one {what}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint=f"take the {what} anew") from None
    if kind not in kinds:
        raise unknown_name(f"kind of {what}", kind, kinds)
    return kinds[kind](folder)
