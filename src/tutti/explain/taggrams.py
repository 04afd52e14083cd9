"""Taggrams: tags over time, for every model and sounds of any length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.audio.recording import Recording
from tutti.errors import ConfigError
from tutti.explain.stretches import Stretch
from tutti.models.inference import analyse
from tutti.models.model import Model

MAX_COLUMNS = 600  # of a taggram whose hop nobody chose
LONGEST_HOP = 1.0  # of a short sound whose hop nobody chose, seconds


@dataclass(frozen=True, kw_only=True)
class Taggram:
    """Tag by time.

    Attributes:
        labels: In the order of the columns.
        times: Middles of the excerpts that were heard, seconds of the recording, ascending. Shape (excerpts,).
        probabilities: Shape (excerpts, labels).
        start: Where it begins in the recording, seconds.
        duration: How much sound it covers, seconds.
        window: Length of an excerpt, seconds; each column says what was heard from half of it before to half after.
    """

    labels: tuple[str, ...]
    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    start: float
    duration: float
    window: float

    def top(self, n_labels: int, *, always: str | None = None) -> Taggram:
        """The labels that are the most probable on average, the best first, and one that is asked for."""
        order = np.argsort(-self.probabilities.mean(axis=0), kind="stable")[:n_labels]
        chosen = [int(column) for column in order]
        if always is not None and self.labels.index(always) not in chosen:
            chosen[-1:] = [self.labels.index(always)]
        labels = tuple(self.labels[column] for column in chosen)
        return replace(self, labels=labels, probabilities=self.probabilities[:, chosen])

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        return {
            "labels": list(self.labels),
            "times": self.times.round(4).tolist(),
            "probabilities": self.probabilities.round(6).tolist(),
            "start": self.start,
            "duration": self.duration,
            "window": self.window,
        }


def default_hop(window: float, duration: float) -> float:
    """A quarter of an excerpt, at most a second; more where a long sound would get more than 600 columns.

    >>> default_hop(3.0, 60.0), default_hop(29.0, 60.0), default_hop(3.0, 3600.0)
    (0.75, 1.0, 6.0)
    """
    return max(min(LONGEST_HOP, window / 4), duration / MAX_COLUMNS)


def taggram(model: Model, recording: Recording, *, hop: float | None = None) -> Taggram:
    """What a model hears in a recording, excerpt after excerpt.

    The sound streams through: memory holds the answers and the excerpts in the making.

    Args:
        model: Any tagger.
        recording: A file, a waveform, or a :class:`Stretch` of one.
        hop: Seconds from one excerpt to the next; None as :func:`default_hop` says.

    Raises:
        AudioError: The sound cannot be decoded.
        ConfigError: The hop is not positive.
    """
    if hop is not None and not hop > 0:
        raise ConfigError(f"hop={hop:g} s is not positive", hint="give seconds from one excerpt to the next, such as 1")
    stretch = recording if isinstance(recording, Stretch) else Stretch.of(recording)
    window = model.n_samples / model.sample_rate
    heard_model = model.with_excerpts(hop=hop if hop is not None else default_hop(window, stretch.duration))
    (analysis,) = analyse([stretch], [heard_model], keep_excerpts=True)
    if analysis.failure is not None:
        raise analysis.failure
    assert analysis.heard is not None
    duration = analysis.heard.duration
    probabilities = analysis.results[model.name].probabilities
    plan = heard_model.config.excerpt_spec.plan
    assert plan.hop is not None
    return Taggram(
        labels=model.labels,
        times=stretch.start + _middles(len(probabilities), plan.hop / model.sample_rate, window, duration),
        probabilities=probabilities,
        start=stretch.start,
        duration=duration,
        window=min(window, duration),
    )


def _middles(n_excerpts: int, hop: float, window: float, duration: float) -> NDArray[np.float64]:
    """Middles of excerpts at a hop of which the last ends with the sound; a short sound has one, its own."""
    starts: NDArray[np.float64] = np.arange(n_excerpts, dtype=np.float64) * hop
    starts[-1] = max(0.0, duration - window)
    starts += min(window, duration) / 2
    return starts
