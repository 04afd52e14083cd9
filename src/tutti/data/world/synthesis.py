"""Single notes of pitched instruments: a cycle of the wave is tabulated bright and dull, read at the note's pitch,
and the two are mixed as the sound brightens or dulls.

The families differ in spectrum and in time: what is plucked, struck or keyed decays and dulls; what is bowed or blown
sustains, with vibrato and breath; an organ is even; a synthesiser is detuned and sweeps; a voice has formants that
stay where they are while the pitch moves. Drums are in ``drums``, the mix is in ``rendering``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tutti.data.world.drums import SAMPLE_RATE
from tutti.data.world.latent import Artist

TABLE = 4096
MAX_HARMONICS = 60
QUANTUM = 1024  # notes are cut to multiples of this many samples, so that equal ones are made once
Wave = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Patch:
    """How an instrument behaves in time. Times in seconds.

    Attributes:
        attack: Until full loudness.
        decay: Time in which the loudness falls to 37%; None sustains.
        release: After the note's end.
        slope: How fast harmonics weaken when bright; k to the power of minus this.
        dull: How much faster when dull.
        opening: Below 0, the time in which it dulls; above 0, that in which it brightens; 0 stays between.
        vibrato: Depth in cents.
        noise: Breath, bow or pick noise beside the tone.
        noise_decay: Of that noise; None stays.
        voices: How many, detuned against each other.
    """

    attack: float
    decay: float | None
    release: float
    slope: float
    dull: float = 1.2
    opening: float = 0.0
    vibrato: float = 0.0
    noise: float = 0.0
    noise_decay: float | None = None
    voices: int = 1


PATCHES: dict[str, Patch] = {
    "electric bass": Patch(attack=0.004, decay=0.8, release=0.06, slope=1.4, opening=-0.15),
    "upright bass": Patch(
        attack=0.012, decay=0.35, release=0.1, slope=1.9, opening=-0.05, noise=0.08, noise_decay=0.015
    ),
    "synth bass": Patch(attack=0.006, decay=None, release=0.04, slope=2.4, dull=1.6, opening=-0.2),
    "acoustic guitar": Patch(
        attack=0.002, decay=0.55, release=0.12, slope=0.95, opening=-0.12, noise=0.16, noise_decay=0.01
    ),
    "electric guitar": Patch(attack=0.003, decay=1.4, release=0.06, slope=1.0, opening=-0.5),
    "piano": Patch(
        attack=0.002, decay=0.7, release=0.1, slope=1.2, opening=-0.2, noise=0.12, noise_decay=0.012, voices=2
    ),
    "organ": Patch(attack=0.008, decay=None, release=0.05, slope=0.6, voices=1, vibrato=4.0),
    "synthesizer": Patch(attack=0.01, decay=2.0, release=0.15, slope=0.9, dull=1.0, opening=-0.35, voices=3),
    "violin": Patch(attack=0.09, decay=None, release=0.12, slope=0.95, dull=0.4, vibrato=22.0, noise=0.035),
    "flute": Patch(attack=0.06, decay=None, release=0.08, slope=2.4, dull=0.9, vibrato=12.0, noise=0.13),
    "saxophone": Patch(
        attack=0.03, decay=None, release=0.07, slope=0.9, dull=0.9, opening=0.06, vibrato=14.0, noise=0.05
    ),
    "trumpet": Patch(
        attack=0.02, decay=None, release=0.05, slope=0.55, dull=1.3, opening=0.07, vibrato=8.0, noise=0.01
    ),
    "vibraphone": Patch(attack=0.002, decay=1.1, release=0.3, slope=1.0),
    "vocals": Patch(attack=0.05, decay=None, release=0.09, slope=0.75, dull=0.5, vibrato=28.0, noise=0.025),
}
# First three formants of five vowels, Hz.
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
# Resonances that colour an instrument wherever its pitch: centre and width in Hz, and weight.
BODIES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "violin": ((290, 60, 1.2), (460, 90, 1.0), (1000, 250, 0.8), (2600, 600, 1.5)),
    "acoustic guitar": ((110, 30, 1.0), (210, 50, 0.8), (420, 120, 0.5)),
    "saxophone": ((520, 180, 1.6), (1250, 350, 1.4), (2600, 500, 0.7)),
    "trumpet": ((1250, 500, 1.6), (2600, 700, 0.8)),
    "flute": ((800, 400, 0.5),),
}
# Where along its length a string is plucked or struck; harmonics with a node there are missing.
PLUCKED_AT = {
    "acoustic guitar": 0.22,
    "electric guitar": 0.13,
    "piano": 0.12,
    "electric bass": 0.3,
    "upright bass": 0.4,
}
DRAWBARS = {1: 0.7, 2: 0.9, 3: 0.55, 4: 0.5, 6: 0.25, 8: 0.35, 10: 0.1, 12: 0.1, 16: 0.15}
BARS = ((1.0, 1.0, 1.0), (3.98, 0.45, 0.35), (10.2, 0.18, 0.12))  # vibraphone: ratio, strength, share of the decay


@dataclass
class Orchestra:
    """The instruments of one track as its artist sounds them; remembers every note that it has made."""

    artist: Artist
    seed: int
    brightness: float = 0.0  # spectral tilt of all instruments, about -1 to 1
    notes: dict[tuple[str, int, int], Wave] = field(default_factory=dict)

    def note(self, instrument: str, pitch: int, duration: float) -> Wave:
        """A note at full loudness, with its release. Shape (samples,)."""
        patch = PATCHES[instrument]
        n_samples = QUANTUM * max(1, round((duration + patch.release) * SAMPLE_RATE / QUANTUM))
        key = (instrument, pitch, n_samples)
        if key not in self.notes:
            self.notes[key] = self._sound(instrument, patch, pitch, n_samples)
        return self.notes[key]

    def _sound(self, instrument: str, patch: Patch, pitch: int, n_samples: int) -> Wave:
        rng = np.random.default_rng((self.seed, pitch, n_samples))
        frequency = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
        times = np.arange(n_samples, dtype=np.float32) / np.float32(SAMPLE_RATE)
        if instrument == "vibraphone":
            return _struck(frequency, times, patch)
        bright, dull = self._tables(instrument, patch, frequency, rng)
        share = _brightness(patch, times)
        tone = np.zeros(n_samples, dtype=np.float32)
        for voice in range(patch.voices):
            cents = self.artist.detune * (voice - (patch.voices - 1) / 2.0) + float(rng.normal(0.0, 2.0))
            phase = _phase(frequency * 2.0 ** (cents / 1200.0), times, patch, rng)
            tone += dull[phase] + share * (bright[phase] - dull[phase])
        tone /= patch.voices
        if patch.noise:
            tone += patch.noise * _breath(patch, times, rng)
        return tone * _envelope(patch, times)

    def _tables(self, instrument: str, patch: Patch, frequency: float, rng: np.random.Generator) -> tuple[Wave, Wave]:
        """One cycle, bright and dull, with no harmonic above half the sample rate."""
        n_harmonics = max(1, min(MAX_HARMONICS, int(0.45 * SAMPLE_RATE / frequency)))
        numbers = np.arange(1, n_harmonics + 1)
        slope = patch.slope - 0.2 * self.brightness
        strength = numbers**-slope * self._colour(instrument, numbers, frequency, rng)
        return _cycle(strength), _cycle(strength * numbers**-patch.dull)

    def _colour(
        self, instrument: str, numbers: NDArray[np.int64], frequency: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """What shapes the harmonics apart from their fall: where a string is struck, bodies, formants, stops."""
        hertz = np.asarray(numbers * frequency, dtype=np.float64)
        if instrument == "vocals":
            formants = np.array(VOWELS[int(rng.integers(len(VOWELS)))]) * self.artist.formants
            resonances = [
                (float(centre), 70.0 + 0.06 * float(centre), weight)
                for centre, weight in zip(formants, (1.0, 0.7, 0.4), strict=True)
            ]
            return 0.03 + _resonance(hertz, resonances)
        if instrument == "organ":
            drawn = np.array([DRAWBARS.get(int(number), 0.02) for number in numbers])
            return np.asarray(drawn * numbers**0.6)
        place = PLUCKED_AT.get(instrument)
        colour = np.ones(len(numbers)) if place is None else 0.15 + np.abs(np.sin(np.pi * numbers * place))
        return colour + _resonance(hertz, BODIES.get(instrument, ()))


def _resonance(hertz: NDArray[np.float64], resonances: Iterable[tuple[float, float, float]]) -> NDArray[np.float64]:
    """How strongly resonances (centre and width in Hz, weight) answer at each frequency."""
    answer = np.zeros(len(hertz))
    for centre, width, weight in resonances:
        answer += weight * np.exp(-0.5 * ((hertz - centre) / width) ** 2)
    return answer


def _cycle(strength: NDArray[np.float64]) -> Wave:
    """One cycle of a wave with these harmonics, of peak 1."""
    spectrum = np.zeros(TABLE // 2 + 1, dtype=np.complex128)
    # Phases that grow with the square of the number keep the crest low (Schroeder 1970).
    numbers = np.arange(1, len(strength) + 1)
    spectrum[1 : len(strength) + 1] = strength * np.exp(1j * np.pi * numbers**2 / len(strength))
    wave = np.fft.irfft(spectrum)
    return np.asarray(wave / (np.abs(wave).max() + 1e-9), dtype=np.float32)


def _phase(frequency: float, times: Wave, patch: Patch, rng: np.random.Generator) -> NDArray[np.int32]:
    """Where in the table each sample is read."""
    cycles = np.float64(frequency) * times + rng.random()
    if patch.vibrato:
        rate = 5.2 + rng.normal(0.0, 0.3)
        # Depth in cents to the swing of the phase: the integral of a sine of frequency.
        depth = frequency * (2.0 ** (patch.vibrato / 1200.0) - 1.0) / (2.0 * np.pi * rate)
        cycles += depth * np.sin(2.0 * np.pi * np.float32(rate) * times)
    return np.asarray((cycles * TABLE).astype(np.int32) & (TABLE - 1), dtype=np.int32)


def _brightness(patch: Patch, times: Wave) -> Wave:
    """Share of the bright table, 0 to 1, at each moment."""
    if patch.opening < 0:
        return np.asarray(np.exp(times / np.float32(patch.opening)))
    if patch.opening > 0:
        return np.asarray(1.0 - np.exp(-times / np.float32(patch.opening)))
    return np.full(len(times), 0.6, dtype=np.float32)


def _envelope(patch: Patch, times: Wave) -> Wave:
    """Loudness over the note's time."""
    rise = np.minimum(times / np.float32(patch.attack), 1.0)
    fall = np.minimum((times[-1] - times) / np.float32(patch.release), 1.0)
    if patch.decay is None:
        return np.asarray(rise * fall)
    return np.asarray(rise * fall * np.exp(-times / np.float32(patch.decay)))


def _breath(patch: Patch, times: Wave, rng: np.random.Generator) -> Wave:
    noise = rng.standard_normal(len(times), dtype=np.float32)
    if patch.noise_decay is not None:
        noise *= np.exp(-times / np.float32(patch.noise_decay)) * 4.0
    return noise


def _struck(frequency: float, times: Wave, patch: Patch) -> Wave:
    """A bar of metal: three partials that are no harmonics, the higher ones short."""
    decay = patch.decay or 1.0
    sound = np.zeros(len(times), dtype=np.float32)
    for ratio, strength, share in BARS:
        if ratio * frequency < 0.45 * SAMPLE_RATE:
            cycle = np.sin(np.float32(2.0 * np.pi * ratio * frequency) * times)
            sound += np.float32(strength) * cycle * np.exp(-times / np.float32(decay * share))
    tremolo = 1.0 + 0.2 * np.sin(np.float32(2.0 * np.pi * 5.0) * times)
    fall = np.minimum((times[-1] - times) / np.float32(patch.release), 1.0)
    return np.asarray(sound * tremolo * fall * np.float32(0.7))
