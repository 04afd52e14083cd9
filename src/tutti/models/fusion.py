"""Fusion: vectors of several modalities, any of them absent, to outputs.

A *stream* is a vector of one modality; a modality may have several, such as an encoder's vector and its place in a
space. Every fusion takes a mask of which streams are present, and nothing that stands in an absent one's place, not
even NaN, has any influence. What outputs mean says the readout (``readouts``). Where vectors come from is
``encoders``' matter, the whole model ``multimodal``'s.

References:
    Oramas et al., TISMIR 1(1), 2018, section 4.4 (early); Arevalo et al., "Gated multimodal units for information
    fusion", ICLR 2017 workshop (gated); Vaswani et al., "Attention is all you need", NIPS 2017 (attention);
    Neverova et al., "ModDrop", TPAMI 38(8), 2016 (streams dropped in training).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, ShapeError, unknown_name
from tutti.models.readouts import Readout

FusionKind = Literal["early", "late-mean", "late-weighted", "late-learned", "gated", "attention"]
KINDS: tuple[str, ...] = get_args(FusionKind)


@dataclass(frozen=True, kw_only=True)
class FusionConfig:
    """How modalities are brought together.

    Attributes:
        kind: ``early``: vectors side by side, then linear. ``late-mean``: a head for each stream, their predictions
            averaged; ``late-weighted``: with a learned weight for each stream; ``late-learned``: with one for each
            stream and output. ``gated``: a learned share of each stream in each dimension. ``attention``: a query
            attends to the streams, which attend to each other.
        normalise: Bring each vector to length 1 first.
        dropout: Of the vectors, while training.
        n_hidden: Of early fusion: the width of a layer with ReLU between. 0 is linear throughout, as the genre paper
            has it, 512 that of the authors' recommendation.
        embed_dim: Of what gated and attention fusion represent an item by.
        n_heads: Of the attention.
        n_layers: The same.
    """

    kind: FusionKind = "early"
    normalise: bool = True
    dropout: float = 0.0
    n_hidden: int = 0
    embed_dim: int = 256
    n_heads: int = 4
    n_layers: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown_name("fusion", self.kind, KINDS)
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout:g} is no probability below 1", hint="give 0 to 0.9")
        if self.n_hidden < 0 or (self.n_hidden and self.kind != "early"):
            raise ConfigError(
                f"n_hidden={self.n_hidden} is no width of a layer of {self.kind} fusion",
                hint="leave it out, or take early fusion and 1 or more, such as 512",
            )
        for name in ("embed_dim", "n_heads", "n_layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if self.kind == "attention" and self.embed_dim % self.n_heads:
            raise ConfigError(
                f"embed_dim={self.embed_dim} cannot be shared by {self.n_heads} heads",
                hint="make one a multiple of the other",
            )


class Fused(NamedTuple):
    """What a fusion gives.

    Attributes:
        outputs: See the readout. Shape [batch, n_outputs].
        representation: What the items are represented by: of late fusion, its outputs. Shape [batch, dimensions].
        weights: Of each stream, summing to one over those that are present; None of early fusion, which has none.
            Shape [batch, streams].
        each: Of late fusion, the outputs of each stream's own head, 0 where absent. Shape [batch, streams, n_outputs].
    """

    outputs: Tensor
    representation: Tensor
    weights: Tensor | None = None
    each: Tensor | None = None


class Fusion(nn.Module):
    """Streams to outputs; subclasses say how.

    Args:
        dims: Dimensions of each stream, in order.
        readout: What outputs mean.
        config: How.
    """

    def __init__(self, dims: Sequence[int], readout: Readout, config: FusionConfig) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self.readout = readout
        self.config = config
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, vectors: Sequence[Tensor], presence: Tensor) -> Fused:
        """Fuse a batch.

        Args:
            vectors: Of each stream ``[batch, dimensions]``; anything may stand where it is absent.
            presence: At least one of each item. Shape ``[batch, streams]``, bool.

        Raises:
            ShapeError: Another number of streams, or an item without any.
        """
        if len(vectors) != len(self.dims) or presence.shape[1:] != (len(self.dims),):
            raise ShapeError(
                f"{len(vectors)} streams and a mask of shape {tuple(presence.shape)} came, wanted {len(self.dims)}"
            )
        if not bool(presence.any(dim=1).all()):
            raise ShapeError("an item without any modality cannot be described", hint="leave it out, and say so")
        clean = [torch.where(presence[:, i, None], one, 0.0) for i, one in enumerate(vectors)]
        if self.config.normalise:
            clean = [functional.normalize(one, dim=1) for one in clean]
        return self.fuse([self.dropout(one) for one in clean], presence)

    def fuse(self, vectors: list[Tensor], presence: Tensor) -> Fused:
        """The same, of vectors that are 0 where absent."""
        raise NotImplementedError


class EarlyFusion(Fusion):
    """Vectors side by side, then one linear layer: the sum of what each present stream says; or two with ReLU between.

    Where some are absent, the sum over the others is scaled up by the share that is there, as dropout does.
    """

    def __init__(self, dims: Sequence[int], readout: Readout, config: FusionConfig) -> None:
        super().__init__(dims, readout, config)
        n_hidden = config.n_hidden or sum(dims)
        self.hidden = nn.Sequential(nn.Linear(sum(dims), n_hidden), nn.ReLU()) if config.n_hidden else nn.Identity()
        self.head = nn.Linear(n_hidden, readout.n_outputs)

    def fuse(self, vectors: list[Tensor], presence: Tensor) -> Fused:
        """See the class."""
        scale = presence.shape[1] / presence.sum(dim=1, keepdim=True)
        representation = self.hidden(torch.cat(vectors, dim=1) * scale)
        return Fused(outputs=self.head(representation), representation=representation)


class LateFusion(Fusion):
    """A head for each stream, each learning by itself; their predictions averaged over the streams that are present."""

    def __init__(self, dims: Sequence[int], readout: Readout, config: FusionConfig) -> None:
        super().__init__(dims, readout, config)
        self.heads = nn.ModuleList(nn.Linear(dim, readout.n_outputs) for dim in dims)
        n_weighed = readout.n_outputs if config.kind == "late-learned" else 1
        self.importance = nn.Parameter(torch.zeros(len(dims), n_weighed), requires_grad=config.kind != "late-mean")

    def fuse(self, vectors: list[Tensor], presence: Tensor) -> Fused:
        """See the class."""
        each = torch.stack([head(one) for head, one in zip(self.heads, vectors, strict=True)], dim=1)
        each = torch.where(presence[:, :, None], each, 0.0)
        weights = _over_present(self.importance.expand(len(presence), -1, -1), presence)
        outputs = self.readout.combine(each.detach(), weights)  # heads learn from what they say themselves
        return Fused(outputs=outputs, representation=outputs, weights=weights.mean(dim=2), each=each)


class GatedFusion(Fusion):
    """A learned share of each stream in each dimension of the representation (Arevalo et al., for any number)."""

    def __init__(self, dims: Sequence[int], readout: Readout, config: FusionConfig) -> None:
        super().__init__(dims, readout, config)
        self.projections = nn.ModuleList(nn.Linear(dim, config.embed_dim) for dim in dims)
        self.gates = nn.ModuleList(nn.Linear(dim, config.embed_dim) for dim in dims)
        self.head = nn.Linear(config.embed_dim, readout.n_outputs)

    def fuse(self, vectors: list[Tensor], presence: Tensor) -> Fused:
        """See the class."""
        hidden = torch.stack([layer(one).tanh() for layer, one in zip(self.projections, vectors, strict=True)], dim=1)
        logits = torch.stack([gate(one) for gate, one in zip(self.gates, vectors, strict=True)], dim=1)
        shares = _over_present(logits, presence)  # [batch, streams, embed_dim]
        representation = (shares * hidden).sum(dim=1)
        return Fused(outputs=self.head(representation), representation=representation, weights=shares.mean(dim=2))


class AttentionFusion(Fusion):
    """A learned query and the streams attend to those that are present; the query ends as the representation."""

    def __init__(self, dims: Sequence[int], readout: Readout, config: FusionConfig) -> None:
        super().__init__(dims, readout, config)
        self.projections = nn.ModuleList(nn.Linear(dim, config.embed_dim) for dim in dims)
        self.query = nn.Parameter(torch.randn(config.embed_dim) * config.embed_dim**-0.5)
        self.layers = nn.ModuleList(_CrossAttention(config.embed_dim, config.n_heads) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.embed_dim)
        self.head = nn.Linear(config.embed_dim, readout.n_outputs)

    def fuse(self, vectors: list[Tensor], presence: Tensor) -> Fused:
        """See the class."""
        query = self.query.expand(len(presence), 1, -1)
        tokens = [layer(one)[:, None] for layer, one in zip(self.projections, vectors, strict=True)]
        sequence = torch.cat([query, *tokens], dim=1)  # [batch, 1 + streams, embed_dim]
        visible = functional.pad(presence, (1, 0), value=True)
        attention = presence.new_zeros(())
        for layer in self.layers:
            sequence, attention = layer(sequence, visible)
        representation = self.norm(sequence[:, 0])
        weights = attention[:, 0, 1:]
        weights = weights / weights.sum(dim=1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)
        return Fused(outputs=self.head(representation), representation=representation, weights=weights)


class _CrossAttention(nn.Module):
    """Attention over the visible tokens, then a layer of neurons, each added to what came in."""

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, n_heads, batch_first=True)
        self.neurons = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, sequence: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """The sequence, and the heads' mean attention ``[batch, queries, keys]``."""
        normed = self.norm_1(sequence)
        read, attention = self.attention(normed, normed, normed, key_padding_mask=~visible, need_weights=True)
        sequence = sequence + read
        return sequence + self.neurons(self.norm_2(sequence)), attention


def _over_present(logits: Tensor, presence: Tensor) -> Tensor:
    """Softmax over the streams that are present, 0 elsewhere. ``[batch, streams, …]``."""
    return logits.masked_fill(~presence[:, :, None], -torch.inf).softmax(dim=1)


FUSIONS: Mapping[str, Callable[[Sequence[int], Readout, FusionConfig], Fusion]] = {
    "early": EarlyFusion,
    "late-mean": LateFusion,
    "late-weighted": LateFusion,
    "late-learned": LateFusion,
    "gated": GatedFusion,
    "attention": AttentionFusion,
}


def build_fusion(dims: Sequence[int], readout: Readout, config: FusionConfig) -> Fusion:
    """An untrained fusion."""
    return FUSIONS[config.kind](dims, readout, config)


def fusion_loss(fused: Fused, presence: Tensor, wanted: Tensor, readout: Readout) -> Tensor:
    """What to lower: the loss of the outputs, and of late fusion also that of each present stream's own head."""
    loss = readout.loss(fused.outputs, wanted)
    if fused.each is None:
        return loss
    alone = [readout.loss(fused.each[here, i], wanted[here]) for i, here in enumerate(presence.T) if here.any()]
    return loss + torch.stack(alone).mean()
