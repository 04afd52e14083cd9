"""Tunes, and how a second instrument answers them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutti.data.world.harmony import Harmony, Note, in_range
from tutti.data.world.taxonomy import INSTRUMENTS

MOVES = (-2, -1, -1, 0, 1, 1, 2)


class Tone(NamedTuple):
    """A note of a tune: bar, beat within it, length in beats, steps of the scale above the tonic."""

    bar: int
    beats: float
    length: float
    step: int


def draw_tune(harmony: Harmony, rng: np.random.Generator, *, density: float, height: float) -> list[Tone]:
    """A motif of two bars that returns varied, its strong beats bent to the chords.

    Args:
        harmony: The chords and the grid.
        rng: Where chance comes from.
        density: Share of the places that carry a note, 0 to 1.
        height: How high it lies, -1 to 1.
    """
    rhythms = [_draw_rhythm(harmony.metre, rng, density) for _ in range(2)]
    contours = [rng.choice(MOVES, size=len(rhythm)) for rhythm in rhythms]
    tune = []
    step, lift = int(rng.integers(0, 7)), round(3 * height)
    for bar, chord in enumerate(harmony.chords):
        rhythm, contour = rhythms[bar % 2], contours[bar % 2]
        if bar % 4 == 3 or rng.random() < 0.2:
            contour = rng.choice(MOVES, size=len(rhythm))
        for (beats, length), move in zip(rhythm, contour.tolist(), strict=True):
            step += int(move)
            step += -5 if step > 9 + lift else 5 if step < -3 + lift else 0
            if beats % 2 == 0:
                step = _nearest_in_chord(step, chord, harmony.scale)
            tune.append(Tone(bar, beats, length, step))
    return tune


def _draw_rhythm(metre: int, rng: np.random.Generator, density: float) -> list[tuple[float, float]]:
    """Places and lengths, in beats, of the notes of one bar."""
    grid = np.arange(0.0, metre, 0.5)
    chances = np.where(grid % 1.0 == 0.0, 0.35 + 0.6 * density, 0.9 * density - 0.15)
    places = grid[rng.random(len(grid)) < chances].tolist() or [0.0]
    ends = [*places[1:], float(metre)]
    return [(place, min(end - place, 3.0)) for place, end in zip(places, ends, strict=True)]


def _nearest_in_chord(step: int, chord: tuple[int, ...], scale: tuple[int, ...]) -> int:
    return min((step + away for away in (0, 1, -1, 2)), key=lambda near: scale[near % 7] not in chord)


def play_tune(harmony: Harmony, tune: list[Tone], instrument: str, rng: np.random.Generator) -> list[Note]:
    """The tune as the leading instrument plays it."""
    floor = _tonic_floor(harmony, instrument)
    legato = 0.7 if INSTRUMENTS[instrument][0] in ("plucked", "keyed", "struck") else 0.92
    notes = []
    for tone in tune:
        pitch = in_range(floor + _semitones(harmony, tone.step), instrument)
        velocity = float(np.clip(rng.normal(0.8 if tone.beats % 2 == 0 else 0.66, 0.07), 0.3, 1.0))
        notes.append(harmony.note(tone.bar, tone.beats, max(tone.length * legato, 0.2), pitch, velocity))
    return notes


def answer(harmony: Harmony, tune: list[Tone], instrument: str, rng: np.random.Generator) -> list[Note]:
    """A second voice: in every other bar the tune a third higher or held chord tones, elsewhere rests."""
    floor, held = _tonic_floor(harmony, instrument), rng.random() < 0.5
    notes = []
    for bar, chord in enumerate(harmony.chords):
        if bar % 2 == 0 and rng.random() < 0.45:
            continue
        if held:
            pitch = in_range(floor + (chord[1] - floor) % 12, instrument)
            notes.append(harmony.note(bar, 0.0, 0.95 * harmony.metre, pitch, 0.6))
            continue
        for tone in tune:
            if tone.bar == bar:
                pitch = in_range(floor + _semitones(harmony, tone.step + 2), instrument)
                notes.append(harmony.note(bar, tone.beats, 0.85 * tone.length, pitch, 0.62))
    return notes


def _tonic_floor(harmony: Harmony, instrument: str) -> int:
    """The tonic in the lower half of an instrument's range."""
    _, low, high = INSTRUMENTS[instrument]
    floor = low + (high - low) // 4
    return floor + (harmony.scale[0] - floor) % 12


def _semitones(harmony: Harmony, step: int) -> int:
    """Steps of the scale as semitones above the tonic."""
    octave, place = divmod(step, 7)
    return 12 * octave + (harmony.scale[place] - harmony.scale[0]) % 12
