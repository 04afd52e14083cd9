"""Attention maps: where a sequence model looks, which is not yet what it concludes (``contribution`` asks that).

References:
    Won, Chun, Serra, "Toward interpretable music tagging with self-attention", 2019, and its published code: the last
    layer's weights after the softmax, summed over its heads, in the row of the token that the tags are read from; of
    other layers the code draws the average over all rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.errors import ConfigError
from tutti.explain.stretches import Excerpt
from tutti.explain.tokens import check_sequence_model, n_special_tokens, token_times
from tutti.models.model import Model

Query = Literal["first", "average"]


@dataclass(frozen=True, kw_only=True)
class AttentionMap:
    """How much attention each moment of an excerpt gets.

    Attributes:
        values: Weights; with that of ``special`` they sum to the number of heads. Shape (tokens,).
        special: Weight of the tokens that stand for no sound.
        times: Middles of the tokens, seconds of the recording. Shape (tokens,).
        layer: Counted from 1.
        n_layers: How many there are.
        heads: Which were summed, counted from 1.
    """

    values: NDArray[np.float32]
    special: float
    times: NDArray[np.float64]
    layer: int
    n_layers: int
    heads: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        return {
            "layer": self.layer,
            "heads": list(self.heads),
            "times": self.times.round(4).tolist(),
            "values": self.values.round(6).tolist(),
            "special": round(self.special, 6),
        }


def attention_map(
    model: Model, excerpt: Excerpt, *, layer: int | None = None, head: int | None = None, query: Query = "first"
) -> AttentionMap:
    """Where a sequence model looks in an excerpt.

    Args:
        model: A sequence model.
        excerpt: What it hears.
        layer: Counted from 1; None is the last.
        head: Counted from 1; None sums over all.
        query: Whose attention: the ``first`` token's, from which the tags are read, or the ``average`` of all.

    Raises:
        ModelError: The model is no sequence model.
        ConfigError: There is no such layer or head.
    """
    network = model.network
    check_sequence_model(network, what="an attention map")
    with torch.no_grad():
        attention = network.read(excerpt.waveform).attention
    number = _place("layer", layer, len(attention), default=len(attention))
    weights = attention[number - 1][0]  # (heads, queries, keys)
    heads = range(1, len(weights) + 1) if head is None else [_place("head", head, len(weights), default=1)]
    rows = weights[[one - 1 for one in heads]].sum(dim=0)
    row = (rows[0] if query == "first" else rows.mean(dim=0)).cpu().numpy()
    n_special = n_special_tokens(network)
    times = token_times(network, excerpt.waveform, len(row) - n_special, sample_rate=model.sample_rate)
    return AttentionMap(
        values=row[n_special:],
        special=float(row[:n_special].sum()),
        times=excerpt.stretch.start + times,
        layer=number,
        n_layers=len(attention),
        heads=tuple(heads),
    )


def _place(kind: str, wanted: int | None, n_known: int, *, default: int) -> int:
    if wanted is None:
        return default
    if not 1 <= wanted <= n_known:
        raise ConfigError(f"there is no {kind} {wanted}: the model has {n_known}", hint=f"give 1 to {n_known}")
    return wanted
