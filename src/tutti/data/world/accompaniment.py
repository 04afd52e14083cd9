"""Bass lines, and the ways to play chords. Both are chosen by name in a genre's row."""

from __future__ import annotations

from collections.abc import Callable

from tutti.data.world.harmony import Harmony, Note, pitch_above

BASS_FLOOR = 31  # G1
Places = tuple[tuple[float, float], ...]  # beat within the bar, length in beats


def _pulse(metre: int, every: float, length: float, *, first: float = 0.0) -> Places:
    count = int((metre - first) / every + 0.99)
    return tuple((first + every * number, length) for number in range(count))


# Bass


def _repeated(places: Callable[[int], Places], intervals: tuple[int, ...] = (0,)) -> Callable[[Harmony], list[Note]]:
    """The chord's root at certain places of every bar, moved by each interval in turn."""

    def line(harmony: Harmony) -> list[Note]:
        return [
            harmony.note(
                bar, beats, length, pitch_above(BASS_FLOOR, chord[0]) + intervals[number % len(intervals)], 0.8
            )
            for bar, chord in enumerate(harmony.chords)
            for number, (beats, length) in enumerate(places(harmony.metre))
        ]

    return line


def _walking(harmony: Harmony) -> list[Note]:
    """A note a beat: root, third, fifth, and a step towards the next root."""
    notes = []
    for bar, chord in enumerate(harmony.chords):
        after = harmony.chords[(bar + 1) % len(harmony.chords)][0]
        steps = [chord[0], chord[1], chord[2], (after + 1) % 12][-harmony.metre :]
        steps[0] = chord[0]
        for beats, pitch_class in enumerate(steps):
            notes.append(harmony.note(bar, beats, 0.9, pitch_above(BASS_FLOOR, pitch_class), 0.8))
    return notes


BASS_LINES: dict[str, Callable[[Harmony], list[Note]]] = {
    "roots": _repeated(lambda metre: ((0.0, 1.6), (metre - 2.0, 1.4))),
    "eighths": _repeated(lambda metre: _pulse(metre, 0.5, 0.45)),
    "sixteenths": _repeated(lambda metre: _pulse(metre, 0.25, 0.2), (0, 0, 12, 0, 0, 10, 0, 12)),
    "octaves": _repeated(lambda metre: _pulse(metre, 0.5, 0.4), (0, 12)),
    "offbeats": _repeated(lambda metre: _pulse(metre, 1.0, 0.4, first=0.5)),
    "alternating": _repeated(lambda metre: _pulse(metre, 2.0, 1.2), (0, 7)),
    "syncopated": _repeated(lambda metre: ((0.0, 1.2), (1.5, 0.9), (metre - 1.0, 0.7)), (0, 7, 12)),
    "drone": _repeated(lambda metre: ((0.0, 0.98 * metre),)),
    "walking": _walking,
}

# Chords


def _chords(places: Callable[[int], Places], *, spread: float = 0.0) -> Callable[[Harmony, int], list[Note]]:
    """All tones of the chord at certain places; ``spread`` rolls them upwards, in beats."""

    def play(harmony: Harmony, floor: int) -> list[Note]:
        return [
            harmony.note(bar, beats + spread * number, length, pitch_above(floor, tone), 0.62)
            for bar, chord in enumerate(harmony.chords)
            for beats, length in places(harmony.metre)
            for number, tone in enumerate(chord)
        ]

    return play


def _arpeggio(harmony: Harmony, floor: int) -> list[Note]:
    """One tone after another, up and down, in eighths."""
    notes = []
    for bar, chord in enumerate(harmony.chords):
        tones = sorted(pitch_above(floor, tone) for tone in chord)
        figure = [*tones, tones[0] + 12, *reversed(tones[1:])]
        for number, (beats, _) in enumerate(_pulse(harmony.metre, 0.5, 0.5)):
            notes.append(harmony.note(bar, beats, 0.8, figure[number % len(figure)], 0.6))
    return notes


def _driven(harmony: Harmony, floor: int) -> list[Note]:
    """Root, fifth and octave in driving eighths, low."""
    notes = []
    for bar, chord in enumerate(harmony.chords):
        root = pitch_above(min(floor, 45) - 5, chord[0])
        for beats, _ in _pulse(harmony.metre, 0.5, 0.5):
            notes += [harmony.note(bar, beats, 0.42, root + interval, 0.7) for interval in (0, 7, 12)]
    return notes


COMPINGS: dict[str, Callable[[Harmony, int], list[Note]]] = {
    "pad": _chords(lambda metre: ((0.0, 0.97 * metre),)),
    "strum": _chords(lambda metre: ((0.0, 0.9), *_pulse(metre, 0.5, 0.45, first=1.0)), spread=0.03),
    "stabs": _chords(lambda metre: _pulse(metre, 1.0, 0.3, first=0.5)),
    "charleston": _chords(lambda metre: ((0.0, 0.6), (1.5, 0.4))),
    "syncopated": _chords(lambda metre: ((0.0, 0.4), (1.5, 0.4), (2.5, 0.4))),
    "arpeggio": _arpeggio,
    "drive": _driven,
}
