"""Where the cells of a network's layers lie in its input: middles in frames of time and bands of frequency.

A convolution or a pool whose kernel has k cells, stride s and padding p, over cells that lie ``jump`` apart from
``first`` on, gives cells that lie s * jump apart from first + ((k - 1) / 2 - p) * jump on. This is followed through
every operation while the network runs once, so that it holds for any architecture: stretching a map over the input,
as is often done, moves it by up to half a cell, and by more where strides leave a remainder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class Axis:
    """Cells along one axis: the first one's middle, and from one to the next, in cells of the input."""

    first: float = 0.0
    jump: float = 1.0

    def after(self, kernel: int, stride: int, padding: int, dilation: int = 1) -> Axis:
        """The cells of a convolution or a pool over these."""
        return Axis(self.first + (dilation * (kernel - 1) / 2 - padding) * self.jump, self.jump * stride)


@dataclass(frozen=True)
class Grid:
    """The cells of a tensor ``[batch, channels, (bands,) frames]``."""

    bands: Axis = Axis()
    frames: Axis = Axis()


class FollowGrids(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """While this context holds, knows the grid of every tensor that is computed from ``features``.

    Whatever is no convolution and no pool keeps the grid of its first input that has one.
    """

    def __init__(self, features: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._grids = {_key(features): Grid()}
        self._kept: list[Tensor] = [features]  # alive, so that no other tensor takes its memory

    def grid(self, tensor: Tensor) -> Grid:
        """Where the cells of a tensor lie."""
        return self._grids[_key(tensor)]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
        known = next((self._grids[_key(one)] for one in inputs if _key(one) in self._grids), None)
        if known is not None:
            for output in tree_leaves(result):
                if isinstance(output, Tensor):
                    self._grids[_key(output)] = _grid_after(func.__name__, args, known)
                    self._kept.append(output)
        return result


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _grid_after(operation: str, args: Sequence[Any], grid: Grid) -> Grid:
    if operation.startswith("convolution"):
        kernel, (stride, padding, dilation) = args[1].shape[2:], args[3:6]
    elif operation.startswith(("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d")):
        kernel, stride, padding, dilation = args[1], *([*args[2:], [], [], []][:3])
        stride, padding = stride or kernel, padding or [0]
        dilation = dilation if operation.startswith("max") and dilation else [1]
    else:
        return grid
    n_axes = len(kernel)
    sizes = [list(one) * n_axes if len(one) == 1 else list(one) for one in (kernel, stride, padding, dilation)]
    steps = list(zip(*sizes, strict=True))
    bands = grid.bands.after(*steps[-2]) if n_axes > 1 else grid.bands
    return Grid(bands=bands, frames=grid.frames.after(*steps[-1]))


def follow(encoder: nn.Module, features: Tensor, layers: Mapping[str, nn.Module]) -> dict[str, tuple[Tensor, Grid]]:
    """What each of several layers of an encoder gives for some features, and where its cells lie.

    Layers that the encoder does not run are left out; the others come in the order in which they run.
    """
    found: dict[str, tuple[Tensor, Grid]] = {}
    with torch.no_grad(), FollowGrids(features) as grids, contextlib.ExitStack() as hooks:
        for name, layer in layers.items():

            def keep(_module: nn.Module, _inputs: object, output: object, *, name: str = name) -> None:
                if isinstance(output, Tensor):
                    found[name] = output, grids.grid(output)

            hooks.callback(layer.register_forward_hook(keep).remove)
        encoder(features)
    return found
