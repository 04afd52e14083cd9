"""Drums: the patterns of the genres, and the sound of each drum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutti.data.world.harmony import Harmony

SAMPLE_RATE = 22_050
# A bar in sixteenths: X loud, x medium, o soft. In three, the first twelve count.
GROOVES: dict[str, dict[str, str]] = {
    "none": {"shaker": "..o...o...o...o."},
    "rock": {"kick": "X.....x.X.......", "snare": "....X.......X..o", "hat": "x.o.x.o.x.o.x.o."},
    "punk": {
        "kick": "X..x..x.X..x..x.",
        "snare": "..X...X...X...X.",
        "crash": "x...........x...",
        "hat": "x.x.x.x.x.x.x.x.",
    },
    "metal": {"kick": "XxxxXxxxXxxxXxxx", "snare": "....X.......X...", "ride": "x...x...x...x..."},
    "four": {
        "kick": "X...X...X...X...",
        "clap": "....X.......X...",
        "open": "..x...x...x...x.",
        "hat": "o.o.o.o.o.o.o.o.",
    },
    "techno": {
        "kick": "X...X...X...X...",
        "hat": "..xo..xo..xo..xo",
        "rim": "...o..o....o..o.",
        "tom": "..........o....o",
    },
    "backbeat": {"kick": "X.......x.x.....", "snare": "....X.......X...", "hat": "x...o...x...o..."},
    "break": {"kick": "X.........x.....", "snare": "....X..o.o..X..o", "hat": "x.x.x.x.x.x.x.x."},
    "boom bap": {"kick": "X......x..X.....", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.oo"},
    "trap": {"kick": "X.....x.......x.", "clap": "........X.......", "hat": "xoxoxoxoxooxxoxo"},
    "swing": {
        "ride": "x...x.o.x...x.o.",
        "kick": "o...o...o...o...",
        "pedal": "....x.......x...",
        "snare": "......o.........",
    },
    "brushes": {"brush": "x.o.X.o.x.o.X.o.", "kick": "o.......o......."},
    "train": {"snare": "ooXoooXoooXoooXo", "kick": "x...x...x...x..."},
    "bossa": {"rim": "x..x..x...x..x..", "kick": "x..ox..ox..ox..o", "shaker": "o.o.o.o.o.o.o.o."},
    "salsa": {
        "clave": "X..X..X...X.X...",
        "conga": "..o.x.XX..o.x.XX",
        "bell": "x.o.x.o.x.o.x.o.",
        "kick": "...x...x...x...x",
    },
}
LOUDNESS = {"X": 1.0, "x": 0.7, "o": 0.4}
# How loud each sounds beside the others.
BALANCE = {"kick": 1.0, "snare": 0.75, "clap": 0.6, "tom": 0.6, "crash": 0.35, "ride": 0.28, "open": 0.3}

# Hz and seconds of decay of what rings like wood or skin; seconds of decay of what hisses like metal.
WOODS = {"conga": (230.0, 0.09), "clave": (1850.0, 0.03), "rim": (920.0, 0.015)}
METALS = {"hat": 0.025, "pedal": 0.03, "shaker": 0.03, "open": 0.13, "ride": 0.22, "crash": 0.45}


class Hit(NamedTuple):
    """A stroke: seconds, which drum, loudness 0 to 1."""

    start: float
    drum: str
    velocity: float


def beat_pattern(groove: str, harmony: Harmony, rng: np.random.Generator) -> list[Hit]:
    """The strokes of a track: a pattern in every bar, a fill before each fourth."""
    hits = []
    n_steps = 4 * harmony.metre
    for bar in range(len(harmony.chords)):
        filling = bar % 4 == 3 and groove != "none"
        for drum, pattern in GROOVES[groove].items():
            for step, mark in enumerate(pattern[:n_steps]):
                if mark == "." or (filling and step >= n_steps - 4 and drum in ("snare", "clap")):
                    continue
                velocity = LOUDNESS[mark] * float(np.clip(rng.normal(0.95, 0.07), 0.6, 1.0))
                hits.append(Hit(harmony.seconds(bar, step / 4.0), drum, velocity))
        if filling:
            drum = "tom" if rng.random() < 0.6 else "snare"
            hits += [Hit(harmony.seconds(bar, (n_steps - 4 + step) / 4.0), drum, 0.5 + 0.1 * step) for step in range(4)]
    return sorted(hits)


@dataclass(frozen=True, kw_only=True)
class Kit:
    """One drummer's drums, or a machine's, which are deeper below and drier above.

    Attributes:
        tuning: Factor on all frequencies.
        machine: Whether it is a machine.
        seed: Of the noise.
    """

    tuning: float
    machine: bool
    seed: int

    def sound(self, drum: str) -> NDArray[np.float32]:
        """One stroke at full loudness. Shape (samples,)."""
        rng = np.random.default_rng((self.seed, sum(drum.encode())))
        if drum in WOODS:
            pitch, decay = WOODS[drum]
            sound = _skin(0.25, pitch * self.tuning, 0.0, decay) + 0.1 * _noise(rng, 0.25, decay=0.008)
        elif drum in METALS:
            sound = self._metal(drum, rng)
        elif drum == "bell":
            sound = 0.6 * _skin(0.25, 560.0 * self.tuning, 0.0, 0.06) + 0.4 * _skin(
                0.25, 845.0 * self.tuning, 0.0, 0.05
            )
        else:
            sound = self._drumhead(drum, rng)
        return (sound * (BALANCE.get(drum, 0.4) / max(float(np.abs(sound).max()), 1e-6))).astype(np.float32)

    def _drumhead(self, drum: str, rng: np.random.Generator) -> NDArray[np.float64]:
        if drum in ("kick", "tom"):
            pitch, decay = (44.0, 0.2) if self.machine else (58.0, 0.09)
            pitch = pitch if drum == "kick" else 2.2 * pitch
            click = 0.02 if self.machine else 0.08
            return _skin(0.6, pitch * self.tuning, 110.0 * self.tuning, decay) + click * _noise(rng, 0.6, decay=0.006)
        decay, body = {"snare": (0.08, 0.8), "brush": (0.1, 0.05), "clap": (0.06, 0.1)}[drum]
        if self.machine:
            decay, body = 0.7 * decay, 0.4 * body
        return _noise(rng, 0.35, decay=decay, high=0.4) + body * _skin(0.35, 185.0 * self.tuning, 60.0, 0.06)

    def _metal(self, drum: str, rng: np.random.Generator) -> NDArray[np.float64]:
        decay = METALS[drum] * (0.6 if self.machine else 1.0)
        sound = _noise(rng, min(5.0 * decay, 1.6), decay=decay, high=0.8 if drum == "shaker" else 0.96)
        if drum == "ride" or self.machine:
            pitch = 3100.0 if drum == "ride" else 6300.0
            sound += (0.4 if self.machine else 0.1) * _skin(len(sound) / SAMPLE_RATE, pitch * self.tuning, 0.0, decay)
        return sound


def _times(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _skin(seconds: float, pitch: float, fall: float, decay: float) -> NDArray[np.float64]:
    """A sine that falls to ``pitch`` from ``fall`` Hz above it, and dies away."""
    times = _times(seconds)
    phase = 2.0 * np.pi * (pitch * times + fall * 0.03 * (1.0 - np.exp(-times / 0.03)))
    sound: NDArray[np.float64] = np.sin(phase) * np.exp(-times / decay)
    return sound


def _noise(rng: np.random.Generator, seconds: float, *, decay: float, high: float = 0.0) -> NDArray[np.float64]:
    """A burst of noise; ``high`` takes the low frequencies away, 0 to 1."""
    times = _times(seconds)
    white = rng.standard_normal(len(times) + 2)
    thinned = white[2:] - high * white[1:-1] if high < 0.9 else white[2:] - 1.7 * white[1:-1] + 0.75 * white[:-2]
    return 0.5 * thinned * np.exp(-times / decay)
