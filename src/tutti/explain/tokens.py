"""The tokens of a sequence model: whether it has some, and when each sounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.errors import ModelError
from tutti.explain.bands import frame_seconds
from tutti.explain.geometry import Axis, follow
from tutti.models.tagger import Tagger


def is_sequence_model(network: Tagger) -> bool:
    """Whether a tagger reads a sound as a sequence of tokens that attend to each other."""
    return hasattr(network.encoder, "token_hop")


def check_sequence_model(network: Tagger, *, what: str) -> None:
    """Make sure of it.

    Args:
        network: The tagger.
        what: What needs a sequence model, to begin the message with.

    Raises:
        ModelError: It is none.
    """
    if not is_sequence_model(network):
        raise ModelError(
            f"{what} needs a sequence model, and this tagger attends to nothing",
            hint="ask for a taggram or a class-activation map (gradcam) instead",
        )


def n_special_tokens(network: Tagger) -> int:
    """How many tokens come before those that stand for sound."""
    encoder: Any = network.encoder
    return int(encoder.n_special)


def token_times(network: Tagger, waveform: Tensor, n_tokens: int, *, sample_rate: int) -> NDArray[np.float64]:
    """Middles of the tokens that stand for sound, seconds from the beginning of the excerpt. Shape (tokens,).

    Args:
        network: A sequence model.
        waveform: What it hears. Shape [1, samples].
        n_tokens: How many stand for sound.
        sample_rate: Hz.
    """
    encoder: Any = network.encoder
    hop = encoder.token_hop / sample_rate
    seconds = frame_seconds(network, sample_rate)
    with torch.no_grad():
        features = network.frontend(waveform)
    named = {name: module for name, module in network.encoder.named_modules() if name}
    axes = [grid.frames for _, grid in follow(network.encoder, features, named).values()]
    found = [axis for axis in axes if np.isclose(axis.jump * seconds, hop)]
    axis = found[-1] if found else Axis((hop / seconds - 1) / 2, hop / seconds)
    times: NDArray[np.float64] = (axis.first + axis.jump * np.arange(n_tokens, dtype=np.float64)) * seconds
    return times
