"""The folder that a projection lies in: ``config.json``, whose kind says who reads it, and ``model.safetensors``.

What projections are: ``spaces`` (learned) and ``projections`` (fitted). ``encoder_kinds`` lists all kinds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.errors import ModelError, ShapeError, unknown_name
from tutti.files import atomic_folder
from tutti.models.bundles import CONFIG, WEIGHTS

FORMAT = 1
Arrays = Mapping[str, NDArray[Any]]


def save_projection(folder: Path, *, kind: str, settings: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a projection; an existing one is replaced at once when the new one is complete.

    Raises:
        ModelError: The folder exists and holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / CONFIG).exists() and (folder.is_file() or any(folder.iterdir())):
        raise ModelError(f"{folder} exists and holds no projection", hint="name a new or an empty folder")
    values = {"format": FORMAT, "kind": kind, **settings}
    with atomic_folder(folder) as partial:
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, partial / WEIGHTS)
        (partial / CONFIG).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_projection(folder: Path, *, kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The settings and arrays that :func:`save_projection` wrote.

    Raises:
        ModelError: There is no projection of this kind, or a damaged or newer one.
    """
    folder = Path(folder)
    try:
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        version, found = settings.pop("format"), settings.pop("kind")
        arrays = load_file(folder / WEIGHTS)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} holds no projection: there is no {CONFIG} or no {WEIGHTS}",
            hint="name the folder that a projection was saved to",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as cause:
        raise ModelError(f"the projection in {folder} cannot be read: {cause}", hint="fit or train it anew") from None
    if found != kind:
        raise ModelError(f"{folder} holds a {found}, wanted a {kind}", hint="name another folder")
    if not isinstance(version, int) or version > FORMAT:
        raise ModelError(
            f"{folder} has format {version}; this program reads up to {FORMAT}",
            hint="update tutti: pip install -U tutti",
        )
    return settings, arrays


def fingerprint_of(settings: Mapping[str, Any], arrays: Arrays) -> str:
    """Sixteen hexadecimal digits that change whenever settings or arrays do."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(name.encode())
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()[:16]


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
