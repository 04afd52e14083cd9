"""A network in an ONNX file: what goes in, what comes out, run in batches that are always of one size; its folder.

Files of one network differ by who exported them: patches with a channel axis in front, at the end, or none; the
spectrogram computed inside, from the waveform; colours first or last; one output or several. All of these are
understood here. What a patch is made of is ``tutti.audio.patches``' matter; what of a picture is seen,
``tutti.image.transforms``'.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.errors import ModelError, import_extra
from tutti.models.model_folders import read_settings, settings_folder

BATCH = (
    16  # where the file leaves it open; the last batch is filled up, so that a vector does not depend on its company
)
NO_MESSAGES = 4  # onnxruntime's name for it is a number; what it has to say comes as an exception
FORMAT = 1
NETWORK = "network.onnx"
WAVEFORMS, ONE_WAVEFORM, COLOURS_LAST = "waveforms", "one waveform", "colours last"
Sizes = Sequence[int | None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a network is to take and give.

    Attributes:
        layouts: Shapes of the inputs that are understood, the axis of the batch open.
        embed_dim: Numbers that come out for each.
    """

    layouts: Mapping[str, Sizes]
    embed_dim: int

    @classmethod
    def of_patches(cls, patch: tuple[int, int], *, n_samples: int, embed_dim: int) -> Self:
        """Patches, or the waveforms that they are made of."""
        layouts = {
            "patches": (None, *patch),
            "patches, channel first": (None, 1, *patch),
            "patches, channel last": (None, *patch, 1),
            WAVEFORMS: (None, n_samples),
            f"{WAVEFORMS}, channel first": (None, 1, n_samples),
            ONE_WAVEFORM: (n_samples,),
        }
        return cls(layouts=layouts, embed_dim=embed_dim)

    @classmethod
    def of_pictures(cls, side: int, *, embed_dim: int) -> Self:
        """Square pictures."""
        layouts = {COLOURS_LAST: (None, side, side, 3), "colours first": (None, 3, side, side)}
        return cls(layouts=layouts, embed_dim=embed_dim)


class OnnxNetwork:
    """A network from an ONNX file.

    Args:
        path: The file, which holds its weights itself.
        wanted: What it is to take and give.

    Attributes:
        layout: A name in ``Wanted.layouts``.
        sha256: Of the file.

    Raises:
        ModelError: The file is missing, no ONNX, or of another network.
        MissingExtraError: onnxruntime is not installed.
    """

    def __init__(self, path: Path, wanted: Wanted) -> None:
        runtime = import_extra("onnxruntime", extra="onnx", purpose="running a network from an ONNX file")
        self.wanted, self._name = wanted, str(path)
        self._bytes = _read(path)
        self.sha256 = hashlib.sha256(self._bytes).hexdigest()
        self._session = _session(runtime, self._bytes, name=self._name)
        self.layout = self._find_layout()
        self._output = self._find_output()

    @property
    def takes_waveforms(self) -> bool:
        """Whether the spectrogram is computed inside."""
        return self.layout == ONE_WAVEFORM or self.layout.startswith(WAVEFORMS)

    @cached_property
    def batch_size(self) -> int:
        """How many inputs are given at once, always."""
        if self.layout == ONE_WAVEFORM:
            return 1
        first = self._session.get_inputs()[0].shape[0]
        return first if isinstance(first, int) else BATCH

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of patches or pictures, or of waveforms where it takes these.

        Args:
            inputs: Shape (n, *input), without a channel axis of size 1.

        Returns:
            Shape (n, embed_dim).

        Raises:
            ModelError: The network fails, or gives another number of values.
        """
        vectors = [np.empty((0, self.wanted.embed_dim), dtype=np.float32)]
        for begin in range(0, len(inputs), self.batch_size):
            some = inputs[begin : begin + self.batch_size]
            batch = np.zeros((self.batch_size, *some.shape[1:]), dtype=np.float32)
            batch[: len(some)] = some
            vectors.append(self._run(batch)[: len(some)])
        return np.concatenate(vectors)

    def write(self, path: Path) -> None:
        """Write the file's bytes."""
        path.write_bytes(self._bytes)

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        entry = self._session.get_inputs()[0]
        shape = self.wanted.layouts[self.layout]
        arranged = batch.reshape([len(batch) if size is None else size for size in shape])
        try:
            (found,) = self._session.run([self._output], {entry.name: arranged})
        except Exception as cause:  # whatever a stranger's network runs into
            raise ModelError(
                f"the network in {self._name} fails: {_first_line(cause)}", hint="export it anew"
            ) from None
        if found.size != len(batch) * self.wanted.embed_dim:
            raise ModelError(
                f"the network in {self._name} gives an array of shape {found.shape} for {len(batch)} inputs, "
                f"wanted are {self.wanted.embed_dim} numbers for each",
                hint="name the network that the file holds",
            )
        vectors: NDArray[np.float32] = np.asarray(found, dtype=np.float32).reshape(len(batch), -1)
        return vectors

    def _find_layout(self) -> str:
        entries = self._session.get_inputs()
        shape = [size if isinstance(size, int) else None for size in entries[0].shape]
        for layout, sizes in self.wanted.layouts.items():
            if len(entries) == 1 and _fits(shape, sizes) and entries[0].type == "tensor(float)":
                return layout
        told = "; ".join(f"{entry.name}: {entry.type} {entry.shape}" for entry in entries)
        known = ", ".join(_words(sizes) for sizes in self.wanted.layouts.values())
        raise ModelError(
            f"the network in {self._name} takes {told}", hint=f"wanted is one input of floats of shape {known}"
        )

    def _find_output(self) -> str:
        outputs = self._session.get_outputs()
        sizes = {one.name: (one.shape[-1] if one.shape else None) for one in outputs}
        exact = [name for name, size in sizes.items() if size == self.wanted.embed_dim]
        open_ended = [name for name, size in sizes.items() if not isinstance(size, int) or size == 1]
        candidates = exact or open_ended
        if len(candidates) != 1:
            told = ", ".join(f"{one.name} {one.shape}" for one in outputs)
            raise ModelError(
                f"the network in {self._name} gives {told}; not one of them is known to hold vectors of "
                f"{self.wanted.embed_dim} dimensions",
                hint="export it with the embedding as its only output",
            )
        return str(candidates[0])


def write_onnx_folder(folder: Path, settings: Mapping[str, Any], network: OnnxNetwork) -> None:
    """Write an encoder's folder: its settings, ``kind`` among them, and the network's file.

    Raises:
        ModelError: The folder exists and holds something else.
    """
    with settings_folder(folder, {"format": FORMAT, **settings}, what="encoder") as partial:
        network.write(partial / NETWORK)


def read_onnx_settings(folder: Path, *, kind: str) -> dict[str, Any]:
    """The settings that :func:`write_onnx_folder` wrote, ``network`` among them.

    Raises:
        ModelError: There are none of this kind, or damaged or newer ones.
    """
    settings = read_settings(folder, kind=kind, newest=FORMAT)
    if "network" not in settings:
        raise ModelError(f"{folder} does not say what network it holds", hint="make it anew from its ONNX file")
    return settings


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}", hint="name the ONNX file with the network's weights") from None
    except OSError as cause:
        raise ModelError(f"{path} cannot be read: {cause.strerror or cause}", hint="name an ONNX file") from None


def _session(runtime: Any, data: bytes, *, name: str) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = NO_MESSAGES
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as cause:  # onnxruntime's own errors have no common ancestor but this
        raise ModelError(
            f"{name} is no ONNX file that can be run: {_first_line(cause)}",
            hint="export the network anew, with its weights inside the file",
        ) from None


def _fits(shape: Sizes, wanted: Sizes) -> bool:
    """Whether two shapes agree wherever both are known."""
    return len(shape) == len(wanted) and all(
        one is None or other is None or one == other for one, other in zip(shape, wanted, strict=True)
    )


def _words(sizes: Sizes) -> str:
    return "(" + ", ".join("batch" if size is None else str(size) for size in sizes) + ")"


def _first_line(cause: Exception) -> str:
    return (str(cause) or type(cause).__name__).partition("\n")[0]
