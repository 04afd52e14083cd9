"""All published networks that become encoders by an ONNX file: of sounds (``sounds``), of pictures (``pictures``)."""

from __future__ import annotations

from pathlib import Path

from tutti.errors import ConfigError, unknown_name
from tutti.models.extractors.pictures import PICTURE_NETWORKS, PictureExtractor
from tutti.models.extractors.sounds import EXTRACTORS, SoundExtractor


def open_extractor(network: str, weights: Path, *, hop: float | None = None) -> SoundExtractor | PictureExtractor:
    """The encoder of a network's name and its ONNX file.

    Args:
        network: A name in ``EXTRACTORS`` or ``PICTURE_NETWORKS``.
        weights: The ONNX file.
        hop: Of sounds, seconds from one patch to the next; None means the published program's.

    Raises:
        UnknownNameError: There is no such network.
        ConfigError: A hop that is none, or of pictures.
        ModelError: The file is missing, no ONNX, or of another network.
        MissingExtraError: onnxruntime is not installed.
    """
    if network in EXTRACTORS:
        return SoundExtractor(network, weights, hop=hop)
    if network not in PICTURE_NETWORKS:
        raise unknown_name("extractor", network, [*EXTRACTORS, *PICTURE_NETWORKS])
    if hop is not None:
        raise ConfigError(f"{network} sees pictures, which have no hop", hint="leave out the hop")
    return PictureExtractor(network, weights)
