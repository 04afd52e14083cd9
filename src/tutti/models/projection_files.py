"""The folder that a projection lies in: ``config.json``, whose kind says who reads it, and ``model.safetensors``.

What projections are: ``spaces`` (learned) and ``projections`` (fitted). ``encoder_kinds`` lists all kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.errors import ModelError, ShapeError, unknown_name
from tutti.models.model_folders import WEIGHTS, read_settings, settings_folder

FORMAT = 1
Arrays = Mapping[str, NDArray[Any]]


def save_projection(folder: Path, *, kind: str, settings: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a projection; an existing one is replaced at once when the new one is complete.

    Raises:
        ModelError: The folder exists and holds something else.
    """
    values = {"format": FORMAT, "kind": kind, **settings}
    with settings_folder(Path(folder), values, what="projection") as partial:
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, partial / WEIGHTS)


def read_projection(folder: Path, *, kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The settings and arrays that :func:`save_projection` wrote.

    Raises:
        ModelError: There is no projection of this kind, or a damaged or newer one.
    """
    path = Path(folder) / WEIGHTS
    settings = read_settings(Path(folder), kind=kind, newest=FORMAT)
    try:
        return settings, load_file(path)
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint="fit or train it anew") from None


def present_rows(vectors: NDArray[Any], *, modality: str, dims: Mapping[str, int]) -> NDArray[np.bool_]:
    """Which rows a projection can place; the others hold NaN, since their modality is absent.

    Args:
        vectors: Shape (items, dimensions of the modality).
        modality: Whose they are.
        dims: Dimensions of every modality that the projection knows.

    Raises:
        UnknownNameError: It does not know the modality.
        ShapeError: The vectors have other dimensions.
    """
    if modality not in dims:
        raise unknown_name("modality of the projection", modality, dims)
    if vectors.ndim != 2 or vectors.shape[1] != dims[modality]:
        raise ShapeError(
            f"vectors of {modality} have shape {vectors.shape}, wanted (items, {dims[modality]})",
            hint="take the encoder that the projection was made with",
        )
    present: NDArray[np.bool_] = np.isfinite(vectors).all(axis=1)
    return present


def complete_rows(pairs: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Which items have all modalities, as whoever learns what these have in common needs them.

    Args:
        pairs: Of each modality the vectors of the same items, NaN where it is absent. Shape (items, dimensions).

    Raises:
        ShapeError: There are fewer than two modalities, or they are not of the same items.
    """
    counts = {modality: len(vectors) for modality, vectors in pairs.items()}
    if len(counts) < 2 or len({*counts.values()}) > 1 or any(vectors.ndim != 2 for vectors in pairs.values()):
        told = ", ".join(f"{modality} {vectors.shape}" for modality, vectors in pairs.items()) or "none"
        raise ShapeError(
            f"two modalities or more with a row for each item are wanted, not {told}",
            hint="give NaN in the rows of items without a modality",
        )
    complete: NDArray[np.bool_] = np.all([np.isfinite(vectors).all(axis=1) for vectors in pairs.values()], axis=0)
    return complete
