"""Gradient class-activation maps: which places of an excerpt's spectrogram speak for a label, in convolutional taggers.

The channels of a layer are weighted by how much each, averaged over its cells, raises the label's logit; the weighted
sum is cut at zero and brought to a maximum of 1. Cells are laid over the input where they lie (``geometry``).

References:
    Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra, "Grad-CAM: visual explanations from deep networks via
    gradient-based localization", ICCV 2017, equations 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.errors import ModelError, unknown_name
from tutti.explain.bands import band_frequencies, frame_seconds
from tutti.explain.geometry import Axis, Grid, follow
from tutti.explain.stretches import Excerpt
from tutti.models.model import Model
from tutti.models.tagger import Tagger

MIN_BANDS, MIN_FRAMES = 4, 8  # cells that a map should have to be worth looking at
MAX_COLUMNS = 2048  # of a map over the samples of a waveform
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True, kw_only=True)
class ClassMap:
    """Where in an excerpt a label is heard.

    Attributes:
        label: The label.
        layer: The layer of the encoder whose cells are weighted.
        values: From 0 to 1; all 0 where nothing speaks for the label. Shape (bands, frames), with one band where the
            layer knows no frequencies.
        times: Middles of the frames, seconds of the recording. Shape (frames,).
        frequencies: Middles of the bands, Hz. Shape (bands,), or None where the layer knows none.
        probability: Of the label in this excerpt.
    """

    label: str
    layer: str
    values: NDArray[np.float32]
    times: NDArray[np.float64]
    frequencies: NDArray[np.float64] | None
    probability: float

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        frequencies = None if self.frequencies is None else self.frequencies.round(1).tolist()
        return {
            "label": self.label,
            "layer": self.layer,
            "probability": round(self.probability, 6),
            "times": self.times.round(4).tolist(),
            "frequencies": frequencies,
            "values": self.values.round(4).tolist(),
        }


def convolution_layers(encoder: nn.Module) -> dict[str, nn.Module]:
    """The layers of an encoder that a map can be made of, by name.

    A block that owns a convolution stands for it: for its normalised convolution where it pools afterwards, and for its
    output where it adds a shortcut.
    """
    found: dict[str, nn.Module] = {}
    for name, module in encoder.named_modules():
        if not name or any(name.startswith(f"{outer}.") for outer in found) or isinstance(module, nn.Sequential):
            continue
        if isinstance(module, CONVOLUTIONS) or any(isinstance(child, CONVOLUTIONS) for child in module.children()):
            found[name] = module
    return {name: _activation(module) for name, module in found.items()}


@dataclass(frozen=True, kw_only=True)
class ClassMaps:
    """Maps of several excerpts for one label.

    Attributes:
        values: From 0 to 1. Shape (batch, bands, columns), with one band where the layer knows no frequencies.
        columns: Where the columns lie, in frames of the front end's output. Shape (columns,).
        layer: The layer of the encoder whose cells are weighted.
    """

    values: NDArray[np.float32]
    columns: NDArray[np.float64]
    layer: str


def class_maps(network: Tagger, waveforms: Tensor, label: int, *, layer: str | None = None) -> ClassMaps:
    """Maps of several excerpts for one label, each as if it were alone.

    Args:
        network: A convolutional tagger in evaluation mode.
        waveforms: Shape [batch, samples], at the tagger's sample rate.
        label: Its place among the outputs.
        layer: A name of :func:`convolution_layers`; None takes the last one that still has 4 bands and 8 frames, or
            where none has bands, the last with 8 frames.

    Returns:
        Maps over the bands and frames of the front end's output, or over at most 2,048 evenly spaced samples where that
        is a waveform.

    Raises:
        ModelError: The tagger has no convolutional layers.
        UnknownNameError: There is no such layer.
    """
    with torch.no_grad():
        features = network.frontend(waveforms)
    name, grid = _choose_layer(network.encoder, features[:1], layer)
    chosen = convolution_layers(network.encoder)[name]
    activations, gradients = _activations_and_gradients(network, features, chosen, label)
    weights = gradients.mean(dim=tuple(range(2, gradients.ndim)), keepdim=True)
    cells = torch.relu((weights * activations).sum(dim=1)).cpu().double().numpy()  # (batch, (bands,) frames)
    if cells.ndim == 2:
        cells = cells[:, None]
    columns = _columns(features.shape[-1])
    maps = cells if cells.shape[1] == 1 else _between(np.arange(features.shape[-2]), cells.shape[1], grid.bands) @ cells
    maps = maps @ _between(columns, cells.shape[2], grid.frames).T
    highest = maps.max(axis=(1, 2), keepdims=True)
    values = (maps / np.where(highest > 0, highest, 1)).astype(np.float32)
    return ClassMaps(values=values, columns=columns, layer=name)


def class_map(model: Model, excerpt: Excerpt, label: str, *, layer: str | None = None) -> ClassMap:
    """Where in one excerpt a label is heard; see :func:`class_maps`.

    Raises:
        UnknownNameError: The model has no such label, or no such layer.
        ModelError: The tagger has no convolutional layers.
    """
    if label not in model.labels:
        raise unknown_name(f"label of {model.name}", label, model.labels)
    number = model.labels.index(label)
    maps = class_maps(model.network, excerpt.waveform, number, layer=layer)
    probabilities = model.predict(excerpt.waveform[0].cpu().numpy(), model.sample_rate)
    return ClassMap(
        label=label,
        layer=maps.layer,
        values=maps.values[0],
        times=excerpt.stretch.start + maps.columns * frame_seconds(model.network, model.sample_rate),
        frequencies=band_frequencies(model.network) if maps.values.shape[1] > 1 else None,
        probability=float(probabilities[number]),
    )


def _activation(module: nn.Module) -> nn.Module:
    """The module whose output, cut at zero, is a block's activation before pooling."""
    norm = getattr(module, "norm", None)
    return norm if isinstance(norm, NORMS) and isinstance(getattr(module, "conv", None), CONVOLUTIONS) else module


def _choose_layer(encoder: nn.Module, features: Tensor, wanted: str | None) -> tuple[str, Grid]:
    layers = convolution_layers(encoder)
    if not layers:
        raise ModelError(
            "the tagger has no convolutional layers to make a class-activation map of",
            hint="explain it by a taggram or, if it is a sequence model, by its attention",
        )
    if wanted is not None and wanted not in layers:
        raise unknown_name("convolutional layer", wanted, layers)
    ran = follow(encoder, features, layers)
    if wanted is None:
        sizes = {
            name: (output.shape[-2] if output.ndim == 4 else 1, output.shape[-1]) for name, (output, _) in ran.items()
        }
        fine = [name for name, (_, n_frames) in sizes.items() if n_frames >= MIN_FRAMES]
        with_bands = [name for name in fine if sizes[name][0] >= MIN_BANDS]
        wanted = (with_bands or fine or list(sizes))[-1]
    return wanted, ran[wanted][1]


def _activations_and_gradients(
    network: Tagger, features: Tensor, layer: nn.Module, label: int
) -> tuple[Tensor, Tensor]:
    outputs: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        # Recurrent layers of cuDNN can be differentiated in training mode only.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            logits = network.classify(network.encoder(features.detach().requires_grad_()))
            (gradients,) = torch.autograd.grad(logits[:, label].sum(), outputs[:1])
    finally:
        hook.remove()
    return torch.relu(outputs[0].detach()), gradients


def _columns(n_frames: int) -> NDArray[np.float64]:
    """All frames, or evenly spaced ones where they are samples."""
    if n_frames <= MAX_COLUMNS:
        return np.arange(n_frames, dtype=np.float64)
    return (np.arange(MAX_COLUMNS) + 0.5) * n_frames / MAX_COLUMNS - 0.5


def _between(places: NDArray[Any], n_cells: int, axis: Axis) -> NDArray[np.float64]:
    """Weights of linear interpolation, (places, cells); 0 beyond half a cell from the outermost ones.

    That is where no cell lies: at the edges of a tall kernel without padding, and in what strides leave over.
    """
    position = (places - axis.first) / axis.jump
    inside = (position >= -0.5) & (position <= n_cells - 0.5)
    held = np.clip(position, 0, n_cells - 1)
    weights: NDArray[np.float64] = np.maximum(0.0, 1.0 - np.abs(held[:, None] - np.arange(n_cells)))
    return weights * inside[:, None]
