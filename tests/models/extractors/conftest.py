"""Tiny ONNX files with the inputs and outputs of published networks, and random weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def write_onnx(tmp_path: Path) -> Callable[..., Path]:
    """Writes a network that flattens its input and multiplies it by a matrix."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT

    def write(*shape: int | None, n_outputs: int, name: str = "network.onnx", more: tuple[int, ...] = ()) -> Path:
        """Write one with an input of this shape and ``n_outputs``; ``more`` outputs of other sizes beside it."""
        n_inputs = math.prod(size for size in shape[1:] if size)
        if len(shape) == 1:
            n_inputs = shape[0]
        sizes = {"vectors": n_outputs, **{f"more{place}": size for place, size in enumerate(more)}}
        rng = np.random.default_rng(0)
        weights = [
            onnx.numpy_helper.from_array(
                (rng.standard_normal((n_inputs, size)) / math.sqrt(n_inputs)).astype(np.float32), f"weights of {out}"
            )
            for out, size in sizes.items()
        ]
        flat = onnx.numpy_helper.from_array(np.array([-1, n_inputs], dtype=np.int64), "flat shape")
        nodes = [helper.make_node("Reshape", ["input", "flat shape"], ["flat"])]
        nodes += [helper.make_node("MatMul", ["flat", f"weights of {out}"], [out]) for out in sizes]
        entry = helper.make_tensor_value_info("input", floats, ["n" if size is None else size for size in shape])
        outputs = [helper.make_tensor_value_info(out, floats, ["n", size]) for out, size in sizes.items()]
        graph = helper.make_graph(nodes, "tiny", [entry], outputs, [*weights, flat])
        path = tmp_path / name
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        path.write_bytes(model.SerializeToString())
        return path

    return write


@pytest.fixture
def write_mean(tmp_path: Path) -> Callable[..., Path]:
    """Writes a network of pictures that gives the mean of each colour, and zeros behind these."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT

    def write(*shape: int | None, n_outputs: int) -> Path:
        """Write one with an input of this shape."""
        axes = [1, 2] if shape[-1] == 3 else [2, 3]
        entry = helper.make_tensor_value_info("input", floats, ["n" if size is None else size for size in shape])
        output = helper.make_tensor_value_info("vectors", floats, ["n", n_outputs])
        constants = [
            onnx.numpy_helper.from_array(np.array(axes), "axes"),
            onnx.numpy_helper.from_array(np.array([0, 0, 0, n_outputs - 3]), "pads"),
        ]
        nodes = [
            helper.make_node("ReduceMean", ["input", "axes"], ["means"], keepdims=0),
            helper.make_node("Pad", ["means", "pads"], ["vectors"]),
        ]
        graph = helper.make_graph(nodes, "toy", [entry], [output], constants)
        path = tmp_path / "mean.onnx"
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        path.write_bytes(model.SerializeToString())
        return path

    return write
