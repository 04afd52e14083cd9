"""Importing the checkpoints that the papers' authors published, as PyTorch state dicts.

Their parameters go by other names; each architecture lists the translation. Files are read without ever running code
that they might contain.
"""

from __future__ import annotations

import errno
import pickle
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.audio.harmonic import HarmonicSpectrogram
from tutti.errors import ModelError
from tutti.models.bundles import ModelConfig, load_parameters
from tutti.models.model import Model
from tutti.models.tagger import Architecture, Tagger
from tutti.models.taggers import build_tagger, find_architecture

ANEW = "take the file anew from its publisher"
# Constants that the published models keep among their parameters and ours compute.
FRONTEND_WINDOW, FRONTEND_FILTERS = "spec.spectrogram.window", "spec.mel_scale.fb"
HARMONIC_WINDOW = "hstft.spec.window"
FRONTEND_TOLERANCE = 1e-3  # other mel scales differ by about 1, other versions of the library by 1e-5


def import_checkpoint(
    file: Path | str, *, architecture: str, labels: Sequence[str], name: str | None = None, **facts: Any
) -> Model:
    """A model from a published checkpoint.

    Args:
        file: A PyTorch state dict.
        architecture: A name in ``ARCHITECTURES``.
        labels: In the order of the outputs.
        name: What to call the model; by default the file's name.
        facts: Further fields of :class:`~tutti.models.bundles.ModelConfig`, such as licence and source.

    Raises:
        ModelError: The file is damaged, no plain state dict, or of another architecture or number of labels.
        UnknownNameError: There is no such architecture.
    """
    file = Path(file)
    found = find_architecture(architecture)
    tensors = read_state_dict(file)
    config = ModelConfig(
        name=re.sub(r"[^\w.-]+", "-", name or file.stem),
        architecture=architecture,
        labels=tuple(labels),
        **{"source": str(file.name), "paper": found.paper, **facts},
    )
    network = network_from_published(tensors, config, origin=str(file))
    return Model(config, network)


def read_state_dict(file: Path) -> dict[str, Tensor]:
    """The tensors of a PyTorch file, none of whose code is run.

    Raises:
        ModelError: The file is missing, damaged, or holds anything but named tensors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch remarks on other pickles' protocols before it refuses them
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as cause:
        if cause.errno == errno.EINVAL:  # PyTorch seeks before the beginning of a file that was cut
            raise ModelError(f"{file} is damaged: it ends too early", hint=ANEW) from None
        raise ModelError(
            f"{file} cannot be read: {(cause.strerror or str(cause)).lower()}", hint="check the path"
        ) from None
    except pickle.UnpicklingError:
        raise ModelError(
            f"{file} is no plain PyTorch state dict: it holds objects other than tensors, or is damaged",
            hint="only files of tensors are loaded, since others can run code; take the file anew from its publisher",
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError) as cause:
        # PyTorch goes on to speculate; its first sentence says what it found.
        reason = str(cause).partition("\n")[0].partition(". ")[0] or "it is empty or ends too early"
        if isinstance(cause, KeyError):  # says but a byte that is no pickle's
            reason = "it is no PyTorch file"
        raise ModelError(f"{file} is damaged: {reason}", hint=ANEW) from None
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise ModelError(f"{file} holds no state dict", hint="save one with torch.save(model.state_dict(), file)")
    # DataParallel and the trainer of the Music Tagging Transformer put a word before each name; a student's file holds
    # its teacher too.
    tensors = {
        str(key).removeprefix("module.").removeprefix("network."): value
        for key, value in loaded.items()
        if not str(key).startswith("teacher")
    }
    for name, tensor in tensors.items():
        if reason := _unusable(tensor):
            raise ModelError(
                f"{file} cannot be used: its {name!r} {reason}", hint="save plain, finite numbers, each tensor in full"
            )
    return tensors


def _unusable(tensor: Tensor) -> str:
    """Why no network can be filled with this tensor; nothing where one can."""
    if tensor.device.type != "cpu":
        return "has a shape and no numbers"
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        return "is sparse, quantised or complex"
    if tensor.is_floating_point() and not tensor.isfinite().all():
        return "holds numbers that are not finite"
    return ""


def network_from_published(tensors: Mapping[str, Tensor], config: ModelConfig, *, origin: str) -> Tagger:
    """A network filled with parameters under their published names.

    Raises:
        ModelError: They do not fit.
    """
    architecture = find_architecture(config.architecture)
    network = build_tagger(config.architecture, len(config.labels), **config.options)
    _check_frontend(network, tensors, origin)
    constants = _frontend_constants(network.frontend)
    renamed = {our_name(name, architecture): tensor for name, tensor in tensors.items() if name not in constants}
    head = renamed.get("head.weight")
    if head is not None and head.ndim and head.shape[0] != len(config.labels):
        raise ModelError(
            f"{origin} predicts {head.shape[0]} labels, {len(config.labels)} names were given",
            hint="give the labels that it was trained with, in their order",
        )
    load_parameters(network, renamed, origin=origin)
    return network.eval()


def our_name(published: str, architecture: Architecture[Any]) -> str:
    """What our network calls a published parameter; unknown names stay as they are.

    >>> from tutti.models.taggers import ARCHITECTURES
    >>> our_name("layer1.bn.weight", ARCHITECTURES["fcn"])
    'encoder.layers.0.norm.weight'
    """
    for pattern, replacement in architecture.published_names:
        renamed, n_matches = re.subn(rf"^{pattern}", replacement, published)
        if n_matches:
            # Published layers count from 1, ours from 0.
            return re.sub(r"#(\d+)", lambda digit: str(int(digit[1]) - 1), renamed)
    return published


def _frontend_constants(frontend: nn.Module) -> dict[str, Tensor]:
    """What the published models keep among their parameters and our front end computes, by their names."""
    if isinstance(frontend, MelSpectrogram):
        return {FRONTEND_WINDOW: frontend.window, FRONTEND_FILTERS: frontend.filters}
    if isinstance(frontend, HarmonicSpectrogram):
        return {HARMONIC_WINDOW: frontend.window}
    return {}


def _check_frontend(network: Tagger, tensors: Mapping[str, Tensor], origin: str) -> None:
    for name, ours in _frontend_constants(network.frontend).items():
        theirs = tensors.get(name)
        if theirs is None or theirs.numel() == 0:  # old versions stored the filters empty
            continue
        if theirs.shape != ours.shape or (theirs - ours).abs().max() > FRONTEND_TOLERANCE:
            raise ModelError(
                f"{origin} was trained on another spectrogram: its {name} has shape {tuple(theirs.shape)}",
                hint=f"ours has {tuple(ours.shape)}; give the options that it was trained with, such as n_mels",
            )
