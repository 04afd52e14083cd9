"""Which seconds of which track speak for a score: what the score loses when they fall silent.

An item's vector is the mean over its tracks, a track's the mean over the excerpts that its model hears. One window
after the other is silenced, only the excerpts that hold some of it are heard anew, and the score of the item is
compared. Where an encoder does not let one do that, because it is no tagger, a track is left out as a whole.

References:
    Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014 (occlusion); Mishra, Sturm and
    Dixon, "Local interpretable model-agnostic explanations for music content analysis", ISMIR 2017 (segments of time).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.audio.excerpts import Excerpts, Heard, listen
from tutti.audio.recording import Recording
from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import AudioError, ConfigError
from tutti.models.encoders import ModalityEncoder
from tutti.models.extractors.projected import ProjectedEncoder
from tutti.models.inference import batch_size
from tutti.models.model import Model
from tutti.models.sound_encoders import SoundEncoder

Score = Callable[[Tensor], Tensor]
FEWEST = 10  # windows of a track of which there is enough
FADE = 0.01  # seconds at both ends of a window, so that silence does not begin with a click


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What is silenced at a time.

    Attributes:
        seconds: Length of a window, at least.
        most: In all tracks of an item together, though each has ``FEWEST``; long tracks have longer windows.
    """

    seconds: float = 1.0
    most: int = 120

    def __post_init__(self) -> None:
        if not self.seconds > 0 or self.most < 1:
            raise ConfigError(
                f"windows of {self.seconds:g} s, at most {self.most}, silence nothing", hint="give more than 0 of both"
            )

    def edges(self, duration: float, *, n_tracks: int = 1) -> NDArray[np.float64]:
        """Between a track's windows of the same length, seconds, from 0 to the duration."""
        most = max(FEWEST, self.most // n_tracks)
        n_windows = int(np.clip(duration // self.seconds, 1, most))
        return np.linspace(0.0, duration, n_windows + 1)


@dataclass(frozen=True, kw_only=True)
class TrackSeconds:
    """What the windows of a track add to a score.

    Attributes:
        track: The track.
        edges: Between the windows, seconds; empty where the track could not be heard. Shape (windows + 1,).
        values: Score of the item minus score with the window silenced; NaN where the model hears nothing of it. Shape
            (windows,).
        whole: Score of the item minus score without the track; NaN where nothing would be left.
        problem: Why the track could not be heard, or only in part.
    """

    track: Track
    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    whole: float = math.nan
    problem: str | None = None

    @property
    def duration(self) -> float:
        """Seconds; 0 where the track could not be heard."""
        return float(self.edges[-1]) if len(self.edges) else 0.0

    @property
    def best(self) -> tuple[float, float] | None:
        """Beginning and end of the window that adds most; None where none adds anything."""
        known = np.nan_to_num(self.values, nan=-math.inf)
        if not len(known) or known.max() <= 0:
            return None
        place = int(known.argmax())
        return float(self.edges[place]), float(self.edges[place + 1])

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it; None stands for what cannot be told."""
        return {
            "track": self.track.track_id,
            "title": self.track.name,
            "edges": self.edges.round(4).tolist(),
            "values": [round(value, 6) if math.isfinite(value) else None for value in self.values.tolist()],
            "whole": round(self.whole, 6) if math.isfinite(self.whole) else None,
            "problem": self.problem,
        }


def sound_seconds(
    encoder: ModalityEncoder,
    item: Item,
    score: Score,
    *,
    score_without_sound: float = math.nan,
    windows: Windows | None = None,
) -> tuple[TrackSeconds, ...]:
    """What the seconds of an item's tracks add to a score, in the order of the tracks.

    Args:
        encoder: Of sounds.
        item: With any number of tracks.
        score: From the item's vector ``[1, embed_dim]`` to a scalar.
        score_without_sound: The score where the item has no sound: counts where a track is the only one.
        windows: What is silenced at a time, 1 s by default.
    """
    known = _tagger_of(encoder)
    if known is None:
        return _whole_tracks(encoder, item, score, score_without_sound)
    model, place = known
    windows, n_tracks = windows or Windows(), len(item.sounds)
    heard = [_hear(model, track, windows, n_tracks) for track in item.sounds]
    means = {one.track.track_id: one.vectors.mean(axis=0) for one in heard if len(one.vectors)}

    def scored(vectors: dict[str, NDArray[np.float32]]) -> float:
        if not vectors:
            return score_without_sound
        return _score(place(np.mean([vectors[one] for one in sorted(vectors)], axis=0)[np.newaxis]), score)

    whole = scored(means)
    return tuple(_explained(one, model, means, scored, whole) for one in heard)


@dataclass(frozen=True, kw_only=True)
class _HeardTrack:
    """A track's windows, and the vectors of its excerpts; the excerpts of a whole album would fill the memory."""

    track: Track
    edges: NDArray[np.float64]
    vectors: NDArray[np.float32]
    problem: str | None = None


def _hear(model: Model, track: Track, windows: Windows, n_tracks: int) -> _HeardTrack:
    nothing = np.zeros((0, model.embed_dim), dtype=np.float32)
    try:
        excerpts, end = _excerpts(model, track)
    except AudioError as error:
        return _HeardTrack(track=track, edges=np.zeros(0), vectors=nothing, problem=error.message)
    if end.is_silent:
        return _HeardTrack(track=track, edges=np.zeros(0), vectors=nothing, problem=end.silence)
    edges = windows.edges(end.duration, n_tracks=n_tracks)
    return _HeardTrack(track=track, edges=edges, vectors=_vectors(model, excerpts), problem=end.damage)


def _excerpts(model: Model, track: Track) -> tuple[NDArray[np.float32], Heard]:
    """What the model hears of a track, ``[excerpts, samples]``, and what there is to say of all of it."""
    assert track.audio is not None
    cut, end = [np.zeros((0, model.n_samples), dtype=np.float32)], None
    for one in listen(Recording.from_file(track.audio, key=track.track_id), [model.config.excerpt_spec]):
        if isinstance(one, Excerpts):
            cut.append(one.waveforms)
        else:
            end = one
    assert end is not None
    return np.concatenate(cut), end


def _places(model: Model, n_excerpts: int, duration: float) -> NDArray[np.float64]:
    """Which second of a track each sample of its excerpts is. Shape (excerpts, samples)."""
    plan = model.config.excerpt_spec.plan
    # Resampling rounds: the number of samples is that which gives as many excerpts as came.
    about = round(duration * model.sample_rate)
    total = next(n for n in (about, about + 1, about - 1) if len(plan.starts(n)) == n_excerpts)
    starts = np.array(plan.starts(total))
    places = (starts[:, None] + np.arange(model.n_samples)) % total  # a short sound is repeated
    seconds: NDArray[np.float64] = places / model.sample_rate
    return seconds


def _explained(
    heard: _HeardTrack,
    model: Model,
    means: dict[str, NDArray[np.float32]],
    scored: Callable[[dict[str, NDArray[np.float32]]], float],
    whole: float,
) -> TrackSeconds:
    track_id = heard.track.track_id
    values = np.full(max(0, len(heard.edges) - 1), math.nan)
    if len(values):
        excerpts, end = _excerpts(model, heard.track)
        places = _places(model, len(excerpts), end.duration)
        for window, (begin, finish) in enumerate(itertools.pairwise(heard.edges)):
            silenced, touched = _silenced(excerpts, places, begin, finish)
            if len(silenced):
                vectors = heard.vectors.copy()
                vectors[touched] = _vectors(model, silenced)
                values[window] = whole - scored({**means, track_id: vectors.mean(axis=0)})
    others = {one: vector for one, vector in means.items() if one != track_id}
    return TrackSeconds(
        track=heard.track,
        edges=heard.edges,
        values=values,
        whole=whole - scored(others) if track_id in means else math.nan,
        problem=heard.problem,
    )


def _silenced(
    excerpts: NDArray[np.float32], places: NDArray[np.float64], begin: float, end: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Those excerpts that hold some of a window, silent there, and which they are."""
    touched: NDArray[np.bool_] = np.asarray(((places >= begin) & (places < end)).any(axis=1))
    inside = np.minimum(places[touched] - begin, end - places[touched])  # seconds from the nearer edge, below 0 outside
    gain = np.clip(1 - inside / FADE, 0, 1).astype(np.float32)
    return excerpts[touched] * gain, touched


@torch.inference_mode()
def _vectors(model: Model, excerpts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of excerpts, in batches of one shape. Shape (excerpts, embed_dim)."""
    network, device = model.folded_network, model.network.device
    rows = batch_size(model.n_samples / model.sample_rate, device=device.type)
    made = []
    for first in range(0, len(excerpts), rows):
        some = excerpts[first : first + rows]
        filled = np.concatenate([some, np.zeros((rows - len(some), excerpts.shape[1]), dtype=np.float32)])
        made.append(network.represent(torch.from_numpy(filled).to(device))[: len(some)].float().cpu().numpy())
    return np.concatenate(made)


def _tagger_of(
    encoder: ModalityEncoder,
) -> tuple[Model, Callable[[NDArray[np.float32]], NDArray[np.float32]]] | None:
    """The tagger behind an encoder, and what becomes of its vectors; None where there is no tagger."""
    if isinstance(encoder, SoundEncoder):
        return encoder.model, lambda vectors: vectors
    if isinstance(encoder, ProjectedEncoder) and isinstance(encoder.encoder, SoundEncoder):
        return encoder.encoder.model, lambda vectors: encoder.projection.project("audio", vectors)
    return None


def _whole_tracks(
    encoder: ModalityEncoder, item: Item, score: Score, score_without_sound: float
) -> tuple[TrackSeconds, ...]:
    """The same of any encoder, a track at a time."""

    def scored(tracks: Sequence[Track]) -> float:
        found = encoder.encode([dataclasses.replace(item, tracks=tuple(tracks))])
        return _score(found.vectors, score) if found.presence[0] else score_without_sound

    whole = scored(item.sounds)
    explained = []
    for track in item.sounds:
        assert track.audio is not None
        try:
            with Recording.from_file(track.audio, key=track.track_id).open() as sound:
                duration = sound.n_frames / sound.sample_rate
        except AudioError as error:
            explained.append(TrackSeconds(track=track, edges=np.zeros(0), values=np.zeros(0), problem=error.message))
            continue
        lost = whole - scored([other for other in item.sounds if other is not track])
        edges, values = np.array([0.0, duration]), np.array([lost])
        explained.append(TrackSeconds(track=track, edges=edges, values=values, whole=lost))
    return tuple(explained)


@torch.inference_mode()
def _score(vectors: NDArray[np.float32], score: Score) -> float:
    if not np.isfinite(vectors).all():
        return math.nan
    return float(score(torch.from_numpy(vectors.astype(np.float32))))
