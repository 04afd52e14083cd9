"""Contribution maps: what each moment of an excerpt says of each tag, in sequence models.

For one token after the other, all attention of the last layer is put on that token, and the tags are read; earlier
layers stay as they are, so that a token still stands for what it has gathered from the others.

References:
    Won, Chun, Serra, "Toward interpretable music tagging with self-attention", 2019, section "tag-wise contribution
    heat maps", and its published code, which also joins the first halves of two sounds to see which speaks for what.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.audio.recording import Recording
from tutti.explain.stretches import Excerpt, Stretch
from tutti.explain.tokens import check_sequence_model, n_special_tokens, token_times
from tutti.models.attention import SequenceEncoder, TransformerLayer
from tutti.models.inference import to_probabilities
from tutti.models.model import Model
from tutti.models.tagger import Tagger


@dataclass(frozen=True, kw_only=True)
class ContributionMap:
    """Tag by time.

    Attributes:
        labels: In the order of the columns.
        times: Middles of the tokens, seconds of the recording. Shape (tokens,).
        probabilities: Of each label, with all attention on one token. Shape (tokens, labels).
        whole: Of each label, with attention as it is. Shape (labels,).
        joined_at: Where the second of two joined sounds begins, on the scale of ``times``; None of one sound.
    """

    labels: tuple[str, ...]
    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    whole: NDArray[np.float32]
    joined_at: float | None = None

    def top(self, n_labels: int, *, always: str | None = None) -> ContributionMap:
        """The labels that are the most probable of the whole excerpt, the best first, and one that is asked for."""
        chosen = [int(column) for column in np.argsort(-self.whole, kind="stable")[:n_labels]]
        if always is not None and self.labels.index(always) not in chosen:
            chosen[-1:] = [self.labels.index(always)]
        return replace(
            self,
            labels=tuple(self.labels[column] for column in chosen),
            probabilities=self.probabilities[:, chosen],
            whole=self.whole[chosen],
        )

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        return {
            "labels": list(self.labels),
            "times": self.times.round(4).tolist(),
            "probabilities": self.probabilities.round(6).tolist(),
            "whole": self.whole.round(6).tolist(),
            "joined_at": self.joined_at,
        }


def contribution_map(model: Model, excerpt: Excerpt, *, joined_at: float | None = None) -> ContributionMap:
    """What each moment of an excerpt says of each label.

    Args:
        model: A sequence model.
        excerpt: What it hears.
        joined_at: Where the second of two sounds begins, seconds, for :func:`joined` excerpts.

    Raises:
        ModelError: The model is no sequence model.
    """
    network = model.network
    check_sequence_model(network, what="a contribution map")
    n_special = n_special_tokens(network)
    with torch.no_grad():
        whole = network.read(excerpt.waveform)
        n_tokens = whole.attention[-1].shape[-1]
        focused = _focused(network, excerpt.waveform, range(n_special, n_tokens))
        logits = network.classify(torch.cat([whole.representation, focused]))
    answers = to_probabilities(logits.cpu(), task=model.config.task).numpy()
    times = token_times(network, excerpt.waveform, n_tokens - n_special, sample_rate=model.sample_rate)
    return ContributionMap(
        labels=model.labels,
        times=excerpt.stretch.start + times,
        probabilities=answers[1:],
        whole=answers[0],
        joined_at=joined_at,
    )


def _focused(network: Tagger, waveform: Tensor, tokens: range) -> Tensor:
    """The representation with all attention of the last layer on each token in turn, ``[tokens, embed_dim]``.

    Only the last layer changes, so everything before it is computed once. In the last layer the first token, from which
    the tags are read, then sees but one other: pairs of these two are a batch.
    """
    encoder = network.encoder
    if not isinstance(encoder, SequenceEncoder) or encoder.n_special != 1:
        return torch.cat([network.read(waveform, focus=token).representation for token in tokens])
    sequence = encoder.tokens(network.frontend(waveform))
    *earlier, last = encoder.layers
    for layer in earlier:
        sequence = layer(sequence)
    assert isinstance(last, TransformerLayer)
    first = sequence[0, :1].expand(len(tokens), -1)
    pairs = torch.stack([first, sequence[0, tokens.start : tokens.stop]], dim=1)  # (tokens, 2, dim)
    return encoder.summarise(last.read(pairs, focus=1)[0])


def joined(first: Excerpt, second: Excerpt, model: Model) -> tuple[Excerpt, float]:
    """The first half of one excerpt, then the first half of another, as the study of 2019 joined sounds.

    Returns:
        An excerpt of the model's length, whose recording it is itself, and where its second half begins, seconds.
    """
    half = model.n_samples // 2
    waveform = torch.cat([first.waveform[:, :half], second.waveform[:, : model.n_samples - half]], dim=1)
    key = f"{Path(first.stretch.key).stem} + {Path(second.stretch.key).stem}"
    recording = Recording.from_waveform(waveform[0].cpu().numpy(), model.sample_rate, key=key)
    return Excerpt(waveform=waveform, stretch=Stretch.of(recording)), half / model.sample_rate
