"""Self-attention: layers before and after whose parts normalisation stands, positions, and encoders of token sequences.

Attention is computed by torch's fused kernels, and written out only where somebody asks for its weights. The
architectures that are made of this are in ``tutti.models.taggers``; what weights tell is ``tutti.explain``'s subject.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.errors import ConfigError
from tutti.models.tagger import Reading

BERT_EPSILON = 1e-12


def check_heads(dim: int, n_heads: int) -> None:
    """Make sure that heads share a width evenly.

    Raises:
        ConfigError: They do not.
    """
    if n_heads < 1 or dim < 1 or dim % n_heads:
        fitting = [n for n in range(1, 17) if dim > 0 and dim % n == 0]
        raise ConfigError(
            f"n_heads={n_heads} does not divide the width of {dim}",
            hint=f"give one of {', '.join(map(str, fitting))} heads" if fitting else "give a positive width",
        )


@dataclass(frozen=True, kw_only=True)
class AttentionConfig:
    """Layers of self-attention.

    Attributes:
        dim: Width of a token.
        n_heads: They share the width.
        n_layers: One after the other.
        norm_first: Normalise before attention and before the dense part, as the Music Tagging Transformer does; or
            after each sum, as BERT does.
        dropout: Of what attention and the dense part add.
        attention_dropout: Of the weights.
    """

    dim: int
    n_heads: int = 8
    n_layers: int = 2
    norm_first: bool
    dropout: float = 0.1
    attention_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_heads(self.dim, self.n_heads)
        if self.n_layers < 1:
            raise ConfigError(f"n_layers={self.n_layers} is not positive", hint="give 1 or more")


class JointProjection(nn.Module):
    """Queries, keys and values by one matrix without offsets. ``[batch, tokens, dim]`` to three of them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.all = nn.Linear(dim, 3 * dim, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Project."""
        return self.all(x).chunk(3, dim=-1)  # type: ignore[no-any-return]


class SeparateProjections(nn.Module):
    """Queries, keys and values by a matrix each. ``[batch, tokens, dim]`` to three of them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(dim, dim) for _ in range(3))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Project."""
        return self.query(x), self.key(x), self.value(x)


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product attention of a sequence to itself. ``[batch, tokens, dim]`` to the same.

    References:
        Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.
    """

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__()
        self.n_heads, self.dropout = config.n_heads, config.attention_dropout
        self.project = JointProjection(config.dim) if config.norm_first else SeparateProjections(config.dim)
        self.output = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """Attend, by a fused kernel."""
        query, key, value = self._heads(x)
        dropout = self.dropout if self.training else 0.0
        return self._joined(F.scaled_dot_product_attention(query, key, value, dropout_p=dropout))

    def read(self, x: Tensor, *, focus: int | None = None) -> tuple[Tensor, Tensor]:
        """Attend, and tell the weights ``[batch, heads, queries, keys]``; ``focus`` puts all of them on one key."""
        query, key, value = self._heads(x)
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)
        if focus is not None:
            weights = torch.zeros_like(weights)
            weights[..., focus] = 1.0
        return self._joined(weights @ value), weights

    def _heads(self, x: Tensor) -> list[Tensor]:
        batch, n_tokens, dim = x.shape
        split = (batch, n_tokens, self.n_heads, dim // self.n_heads)
        return [part.reshape(split).transpose(1, 2) for part in self.project(x)]  # (batch, heads, tokens, dim)

    def _joined(self, heads: Tensor) -> Tensor:
        joined: Tensor = self.output(heads.transpose(1, 2).flatten(2))
        return joined


class TransformerLayer(nn.Module):
    """Attention and a dense part four times as wide, each with a shortcut. ``[batch, tokens, dim]`` to the same."""

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__()
        dim, epsilon = config.dim, 1e-5 if config.norm_first else BERT_EPSILON
        self.norm_first = config.norm_first
        self.attention = SelfAttention(config)
        self.attention_norm = nn.LayerNorm(dim, eps=epsilon)
        self.expand = nn.Linear(dim, 4 * dim)
        self.contract = nn.Linear(4 * dim, dim)
        self.dense_norm = nn.LayerNorm(dim, eps=epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return self._rest(x, self.attention(self.attention_norm(x) if self.norm_first else x))

    def read(self, x: Tensor, *, focus: int | None = None) -> tuple[Tensor, Tensor]:
        """Apply the layer, and tell its attention; see :meth:`SelfAttention.read`."""
        attended, weights = self.attention.read(self.attention_norm(x) if self.norm_first else x, focus=focus)
        return self._rest(x, attended), weights

    def _rest(self, x: Tensor, attended: Tensor) -> Tensor:
        x = x + self.dropout(attended)
        if self.norm_first:
            inner = self.dropout(F.gelu(self.expand(self.dense_norm(x))))
            return x + self.dropout(self.contract(inner))  # type: ignore[no-any-return]
        x = self.attention_norm(x)
        return self.dense_norm(x + self.dropout(self.contract(F.gelu(self.expand(x)))))  # type: ignore[no-any-return]


class SequenceEncoder(nn.Module):
    """What encoders of token sequences share: layers of attention between tokens and a summary.

    A subclass says what its tokens are (:meth:`tokens`) and how it sums them up (:meth:`summarise`).

    Attributes:
        embed_dim: Of the representation.
        token_hop: Samples of the waveform from one token to the next.
        n_special: Tokens before those that stand for sound.
    """

    n_special = 1

    def __init__(self, config: AttentionConfig, *, token_hop: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.n_layers))
        self.token_hop = token_hop
        self.embed_dim = config.dim

    def tokens(self, features: Tensor) -> Tensor:
        """What the front end gives, to ``[batch, tokens, dim]``, special ones first."""
        raise NotImplementedError

    def summarise(self, sequence: Tensor) -> Tensor:
        """``[batch, tokens, dim]`` to the representation ``[batch, embed_dim]``."""
        raise NotImplementedError

    def forward(self, features: Tensor) -> Tensor:
        """What the front end gives, to ``[batch, embed_dim]``."""
        sequence = self.tokens(features)
        for layer in self.layers:
            sequence = layer(sequence)
        return self.summarise(sequence)

    def read(self, features: Tensor, *, focus: int | None = None) -> Reading:
        """The same with sequence and attention; see :meth:`tutti.models.tagger.Tagger.read`."""
        sequence, attention = self.tokens(features), []
        if focus is not None and not 0 <= focus < sequence.shape[1]:
            raise ConfigError(
                f"there is no token {focus}: the sequence has {sequence.shape[1]}",
                hint=f"give 0 to {sequence.shape[1] - 1}; those before {self.n_special} stand for no sound",
            )
        for number, layer in enumerate(self.layers, start=1):
            assert isinstance(layer, TransformerLayer)
            sequence, weights = layer.read(sequence, focus=focus if number == len(self.layers) else None)
            attention.append(weights)
        return Reading(representation=self.summarise(sequence), sequence=sequence, attention=tuple(attention))


def constant_token(dim: int) -> Tensor:
    """The first token of the published models of 2019 and 2020: fixed uniform numbers in [0, 1). Shape (dim,)."""
    return torch.from_numpy(np.random.RandomState(0).random_sample(dim)).float()


def with_first(token: Tensor, tokens: Tensor) -> Tensor:
    """Tokens ``[batch, tokens, dim]`` with one before them, the same for all of the batch."""
    return torch.cat([token.expand(len(tokens), 1, -1), tokens], dim=1)


def sinusoidal_positions(n_tokens: int, dim: int) -> Tensor:
    """Sines in even and cosines in odd dimensions; nothing at position 0. Shape (n_tokens, dim).

    References:
        Vaswani et al., 2017, section 3.5, as the published code of Won, Chun and Serra, 2019, has it.
    """
    places = np.arange(n_tokens)[:, None] / 10_000 ** (2 * (np.arange(dim) // 2) / dim)[None, :]
    table = np.where(np.arange(dim) % 2 == 0, np.sin(places), np.cos(places))
    table[0] = 0.0
    return torch.from_numpy(table).float()
