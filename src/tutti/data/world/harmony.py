"""The chords of a track, the grid of its beats, and the notes that are placed on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tutti.data.world.latent import Song
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
# Steps of the scale, one chord a bar; one of the options of its mode is drawn for a track.
PROGRESSIONS: dict[str, dict[str, tuple[tuple[int, ...], ...]]] = {
    "pop": {"major": ((0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4)), "minor": ((0, 5, 2, 6), (0, 3, 5, 4))},
    "three chords": {"major": ((0, 3, 4, 0), (0, 0, 3, 4)), "minor": ((0, 3, 4, 0), (0, 6, 3, 0))},
    "dark": {"major": ((0, 1, 0, 5),), "minor": ((0, 1, 0, 6), (0, 5, 6, 0), (0, 0, 5, 4))},
    "drift": {"major": ((0, 0, 3, 3), (0, 0, 5, 5)), "minor": ((0, 0, 5, 5), (0, 0, 2, 2))},
    "loop": {"major": ((0, 3), (5, 3)), "minor": ((0, 5), (0, 6))},
    "one chord": {"major": ((0,),), "minor": ((0,), (0, 0, 0, 6))},
    "jazz": {"major": ((1, 4, 0, 5), (0, 5, 1, 4)), "minor": ((1, 4, 0, 0), (0, 3, 1, 4))},
    "circle": {"major": ((0, 3, 6, 2, 5, 1, 4, 0),), "minor": ((0, 3, 6, 2, 5, 1, 4, 0),)},
}


class Note(NamedTuple):
    """A pitched note: seconds, seconds, MIDI note number, loudness 0 to 1."""

    start: float
    duration: float
    pitch: int
    velocity: float


@dataclass(frozen=True, kw_only=True)
class Harmony:
    """The chords of a track, bar by bar, and the grid of its beats.

    Attributes:
        chords: For each bar the pitch classes, root first.
        scale: Pitch classes of the key, tonic first.
        beat: Seconds a beat.
        metre: Beats a bar.
        swing: How late the offbeats come, 0 to 1.
    """

    chords: tuple[tuple[int, ...], ...]
    scale: tuple[int, ...]
    beat: float
    metre: int
    swing: float

    def seconds(self, bar: int, beats: float) -> float:
        """When a place in a bar sounds; the offbeats of a swung track come late."""
        whole, part = divmod(beats, 1.0)
        late = self.swing / 6.0 if abs(part - 0.5) < 0.13 else 0.0
        return (bar * self.metre + whole + part + late) * self.beat

    def note(self, bar: int, beats: float, length: float, pitch: int, velocity: float) -> Note:
        """A note at a place in a bar, its length in beats."""
        return Note(self.seconds(bar, beats), length * self.beat, pitch, velocity)


def harmonise(song: Song, rng: np.random.Generator, *, duration: float) -> Harmony:
    """The chords and the grid of one track, as many bars as fill its duration in seconds."""
    beat = 60.0 / song.tempo
    name = GENRES[song.style["progression"]].progression
    options = PROGRESSIONS[name][song.mode]
    steps = options[int(rng.integers(len(options)))]
    scale = tuple((song.tonic + step) % 12 for step in SCALES[song.mode])
    n_tones = 4 if name == "jazz" else 3
    return Harmony(
        chords=tuple(
            tuple(scale[(steps[bar % len(steps)] + 2 * third) % 7] for third in range(n_tones))
            for bar in range(int(np.ceil(duration / (beat * song.metre))))
        ),
        scale=scale,
        beat=beat,
        metre=song.metre,
        swing=GENRES[song.style["groove"]].swing,
    )


def pitch_above(floor: int, pitch_class: int) -> int:
    """The lowest note of a pitch class that is not below ``floor``."""
    return floor + (pitch_class - floor) % 12


def in_range(pitch: int, instrument: str) -> int:
    """The same note, moved by octaves into an instrument's range."""
    _, low, high = INSTRUMENTS[instrument]
    while pitch > high:
        pitch -= 12
    while pitch < low:
        pitch += 12
    return pitch
