"""What the folders of models, encoders and projections have in common: settings in ``config.json``, parameters beside.

Here they are written whole or not at all, read back with words for whatever is wrong, and told apart by fingerprints.
What settings mean, and what else lies in a folder, is its owner's matter: ``bundles``, ``multimodal``, ``covers``,
``texts``, ``extractors``, ``projection_files``. ``encoder_kinds`` finds the owner.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from tutti.data.track import Modality
from tutti.errors import ModelError, TuttiError
from tutti.files import atomic_folder, is_occupied

CONFIG, WEIGHTS = "config.json", "model.safetensors"
# Kinds of models; all other folders hold parts of one.
TAGGER, MULTIMODAL, SPACE_MODEL = "tutti tagger", "tutti multimodal", "tutti space model"
Settings = TypeVar("Settings")


def kind_in(folder: Path) -> str | None:
    """The kind of what lies in a folder, such as ``tutti tagger``; None where nothing tells it."""
    try:
        kind = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(kind)


@contextlib.contextmanager
def settings_folder(folder: Path, settings: Mapping[str, Any], *, what: str) -> Iterator[Path]:
    """A temporary folder with the settings, which takes the place of ``folder`` when the block ends without an error.

    Args:
        folder: New, empty, or of another of its kind, which is replaced.
        settings: Plain values, ``format`` and ``kind`` among them.
        what: Lies in such a folder, for messages.

    Raises:
        ModelError: The folder exists and holds something else.
    """
    if is_occupied(folder) and (kind := kind_in(folder)) != settings["kind"]:
        held = f", but a {kind}" if kind else ""  # other programs write a config.json too
        raise ModelError(f"{folder} exists and is no {what}{held}", hint="name a new or an empty folder")
    with atomic_folder(folder) as partial:
        (partial / CONFIG).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        yield partial


def read_settings(folder: Path, *, kind: str, newest: int) -> dict[str, Any]:
    """The settings in a folder, without ``format`` and ``kind``.

    Args:
        folder: Where they were written.
        kind: That is wanted, such as ``tutti cover encoder``.
        newest: The last format that can be read.

    Raises:
        ModelError: There are none of this kind, or damaged or newer ones.
    """
    path, what = folder / CONFIG, kind.removeprefix("tutti ")
    hint = "name the folder that it was saved to"
    try:
        settings = dict(json.loads(path.read_text(encoding="utf-8")))
        version, found = settings.pop("format"), settings.pop("kind")
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{folder} holds no {what}: there is no {CONFIG}", hint=hint) from None
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint=hint) from None
    if found != kind:
        raise ModelError(f"{path} describes a {found!r}, no {kind!r}", hint=hint)
    check_format(version, newest=newest, origin=str(path))
    return settings


def check_format(version: object, *, newest: int, origin: str) -> None:
    """See that a format can be read.

    Raises:
        ModelError: It is newer than this program, or none.
    """
    if not isinstance(version, int) or version > newest:
        raise ModelError(
            f"{origin} has format {version}; this program reads up to {newest}",
            hint="update tutti: pip install -U tutti",
        )


def checked_settings(wanted: type[Settings], settings: Mapping[str, Any], *, origin: str, what: str) -> Settings:
    """The configuration that settings describe.

    Args:
        wanted: A dataclass that checks itself.
        settings: Plain values.
        origin: The file, for messages.
        what: It describes, for messages.

    Raises:
        ModelError: A setting is missing, unknown or wrong.
    """
    try:
        return TypeAdapter(wanted).validate_python(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{origin} is wrong at {place!r}: {first['msg'].lower()}", hint=f"take the {what} anew"
        ) from None
    except TuttiError as error:
        raise ModelError(f"{origin}: {error.message}", hint=error.hint) from None


def taken_modalities(settings: dict[str, Any], *, origin: str) -> list[Modality]:
    """The modalities that settings list, taken out of them.

    Raises:
        ModelError: They list none, or something else.
    """
    listed = settings.pop("modalities", None)
    if not isinstance(listed, list) or not listed or not all(one in get_args(Modality) for one in listed):
        raise ModelError(f"{origin} lists no modalities, but {listed!r:.60}", hint="take the folder anew")
    return listed


def write_parameters(network: nn.Module, folder: Path) -> None:
    """Write a network's parameters and buffers as ``model.safetensors``."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def fill_network(network: nn.Module, folder: Path, *, what: str) -> None:
    """Give a network the parameters and buffers that :func:`write_parameters` wrote.

    Raises:
        ModelError: They are missing, damaged or another network's.
    """
    path = folder / WEIGHTS
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as cause:
        reason = str(cause).partition("\n")[0]
        raise ModelError(f"{path} cannot be used: {reason}", hint=f"take the {what} anew") from None


def arrays_of(network: nn.Module) -> dict[str, NDArray[Any]]:
    """A network's parameters and buffers by name."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def fingerprint_of(told: str, arrays: Mapping[str, NDArray[Any]] | None = None) -> str:
    """Sixteen hexadecimal digits that change whenever what is told of a thing or one of its arrays does."""
    digest = hashlib.sha256(told.encode())
    for name, array in sorted((arrays or {}).items()):
        digest.update(name.encode())
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()[:16]
