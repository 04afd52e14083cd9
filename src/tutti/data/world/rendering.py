"""From a score to stereo sound: every part at its place and loudness, distortion, room, and the recording itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.data.world.chance import Stream, generator
from tutti.data.world.composition import Score, compose
from tutti.data.world.config import WorldConfig
from tutti.data.world.drums import SAMPLE_RATE, Hit, Kit
from tutti.data.world.harmony import Note
from tutti.data.world.latent import Song
from tutti.data.world.synthesis import Orchestra
from tutti.data.world.taxonomy import GENRES, RHYTHM_SECTIONS

Stereo = NDArray[np.float32]
# Effective loudness of each role before the mixer's taste.
LEVELS = {"lead": 0.1, "other": 0.085, "bass": 0.08, "drums": 0.085}
PEAK = 0.97


@dataclass(frozen=True, kw_only=True)
class Mix:
    """The mixer's taste, and the state of the recording.

    Attributes:
        gains: Loudness of each part, linear.
        pans: Place of each part, -1 left to 1 right.
        drive: Distortion of the electric guitar, 0 to 1.
        wet: Reverberation, 0 to 1.
        hiss: Noise of the medium beside full scale.
        dull: How much of the treble the medium has lost, 0 to 1.
        bass: Which bass plays.
    machine: Whether the drums are a machine's.
    brightness: Spectral tilt of the instruments, about -1 to 1.
    loudness: Peak of the result.
    """

    gains: dict[str, float]
    pans: dict[str, float]
    drive: float
    wet: float
    hiss: float
    dull: float
    bass: str
    machine: bool
    brightness: float
    loudness: float


def render(song: Song, config: WorldConfig) -> Stereo:
    """The sound of a track. Shape (samples, 2), peak below 1, 22.05 kHz."""
    rng = generator(config.seed, Stream.SOUND, song.index)
    score = compose(song, generator(config.seed, Stream.SCORE, song.index), duration=config.duration)
    return mix_down(song, score, draw_mix(song, rng, share=config.audio), rng, duration=config.duration)


def draw_mix(song: Song, rng: np.random.Generator, *, share: float) -> Mix:
    """How this track is mixed: by mood, style and artist, with the mixer's whims.

    Args:
        song: The track.
        rng: Where the whims come from.
        share: The smaller, the larger the whims are, and the deeper accompanists are buried at times.
    """
    gains, pans = {}, {}
    for name in (*song.instruments, "bass"):
        role = "lead" if name == song.lead else name if name in ("bass", "drums") else "other"
        decibels = rng.normal(0.0, 2.0) - abs(rng.normal(0.0, 9.0 * (1.0 - share))) * (role != "lead")
        # Players strike harder in an excited mood, and dark music is heavy below.
        decibels += {"drums": 3.0 * song.arousal, "bass": -2.5 * song.valence}.get(role, 0.0)
        gains[name] = LEVELS[role] * 10.0 ** (decibels / 20.0)
        pans[name] = 0.0 if name in ("bass", "vocals") else float(rng.uniform(-0.7, 0.7))
    old = max(0.0, (1980 - song.year) / 30.0) + abs(rng.normal(0.0, 0.2))
    style = GENRES[song.style["wet"]]
    return Mix(
        gains=gains,
        pans=pans,
        drive=float(np.clip(style.drive + rng.normal(0.0, 0.2 * (1.5 - share)), 0.0, 1.0)),
        wet=float(np.clip(style.wet + rng.normal(0.0, 0.15 * (1.5 - share)) - 0.2 * song.arousal, 0.03, 1.0)),
        hiss=10.0 ** ((-75.0 + 12.0 * min(old, 1.5) + rng.normal(0.0, 4.0)) / 20.0),
        dull=float(np.clip(0.5 * old - 0.15 * song.artist.brightness, 0.0, 0.9)),
        bass=RHYTHM_SECTIONS[GENRES[song.style["bass"]].parent][0],
        machine=RHYTHM_SECTIONS[GENRES[song.style["groove"]].parent][1],
        brightness=0.4 * song.artist.brightness
        + 0.8 * song.arousal
        + 0.5 * song.valence
        + float(rng.normal(0.0, 0.5 * (1.2 - share))),
        loudness=float(np.clip(0.62 + 0.25 * song.arousal + rng.normal(0.0, 0.1), 0.25, PEAK)),
    )


def mix_down(song: Song, score: Score, mix: Mix, rng: np.random.Generator, *, duration: float) -> Stereo:
    """All parts together. Shape (samples, 2)."""
    n_samples = round(duration * SAMPLE_RATE)
    orchestra = Orchestra(song.artist, seed=int(rng.integers(1 << 31)), brightness=mix.brightness)
    dry = np.zeros((2, n_samples), dtype=np.float32)
    send = np.zeros(n_samples, dtype=np.float32)
    for name, notes in score.parts.items():
        part = play_part(orchestra, mix.bass if name == "bass" else name, notes, n_samples)
        if name == "electric guitar" and mix.drive > 0.05:
            part = distort(part, mix.drive)
        _place(dry, send, _at_level(part, mix.gains[name]), mix.pans[name], 0.1 if name == "bass" else 1.0)
    if score.hits:
        kit = Kit(tuning=2.0 ** (0.3 * song.artist.brightness), machine=mix.machine, seed=orchestra.seed)
        part = play_drums(kit, score.hits, n_samples)
        _place(dry, send, _at_level(part, mix.gains["drums"]), 0.3 * mix.pans["drums"], 0.4)
    wet = reverberate(send, rng, seconds=song.artist.room * (0.5 + mix.wet), n_samples=n_samples)
    return _record(dry + np.float32(0.9 * mix.wet) * wet, mix, rng)


def play_part(orchestra: Orchestra, name: str, notes: list[Note], n_samples: int) -> NDArray[np.float32]:
    """One instrument's notes, each where it begins. Shape (samples,)."""
    part = np.zeros(n_samples, dtype=np.float32)
    for note in notes:
        begin = round(note.start * SAMPLE_RATE)
        sound = orchestra.note(name, note.pitch, note.duration)[: max(n_samples - begin, 0)]
        part[begin : begin + len(sound)] += sound * np.float32(note.velocity)
    return part


def play_drums(kit: Kit, hits: list[Hit], n_samples: int) -> NDArray[np.float32]:
    """All strokes of a drum kit. Shape (samples,)."""
    part = np.zeros(n_samples, dtype=np.float32)
    sounds = {drum: kit.sound(drum) for drum in sorted({hit.drum for hit in hits})}
    for hit in hits:
        begin = round(hit.start * SAMPLE_RATE)
        sound = sounds[hit.drum][: max(n_samples - begin, 0)]
        part[begin : begin + len(sound)] += sound * np.float32(hit.velocity)
    return part


def distort(part: NDArray[np.float32], drive: float) -> NDArray[np.float32]:
    """An overdriven amplifier and its loudspeaker, which passes little treble."""
    driven: NDArray[np.float32] = np.tanh(part * np.float32(1.0 + 14.0 * drive))
    driven[1:-1] = 0.25 * driven[:-2] + 0.5 * driven[1:-1] + 0.25 * driven[2:]
    return driven


def _at_level(part: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """The part with a given effective value over the time in which it sounds."""
    sounding = part[np.abs(part) > 1e-3]
    effective = float(np.sqrt(np.mean(sounding**2))) if len(sounding) else 1.0
    return part * np.float32(level / max(effective, 1e-4))


def _place(dry: Stereo, send: NDArray[np.float32], part: NDArray[np.float32], pan: float, wet: float) -> None:
    """Add a part to the mix, with constant power between left and right."""
    angle = (pan + 1.0) * np.pi / 4.0
    dry[0] += np.float32(np.cos(angle)) * part
    dry[1] += np.float32(np.sin(angle)) * part
    send += np.float32(wet) * part


def reverberate(send: NDArray[np.float32], rng: np.random.Generator, *, seconds: float, n_samples: int) -> Stereo:
    """A room: the sound convolved with dying noise, another on each side. Shape (2, samples)."""
    n_tail = int(min(seconds, 2.5) * SAMPLE_RATE)
    times = np.arange(n_tail, dtype=np.float32) / np.float32(SAMPLE_RATE)
    tail = rng.standard_normal((2, n_tail), dtype=np.float32) * np.exp(times * np.float32(-6.9 / seconds))
    tail[:, : SAMPLE_RATE // 100] = 0.0  # 10 ms before the first reflection
    tail[:, 1:] = 0.5 * (tail[:, 1:] + tail[:, :-1])  # air and walls swallow treble
    tail /= np.sqrt(np.sum(tail**2, axis=1, keepdims=True))
    size = _fast_size(n_samples + n_tail)
    room = np.fft.rfft(tail, n=size) * np.fft.rfft(send, n=size)
    return np.fft.irfft(room, n=size)[:, :n_samples].astype(np.float32)


def _fast_size(least: int) -> int:
    """The next length whose only prime factors are 2, 3 and 5 that is quick to transform."""
    power = 1 << (least - 1).bit_length()
    return next(size for size in (power * 9 // 16, power * 5 // 8, power * 3 // 4, power) if size >= least)


def _record(mixed: Stereo, mix: Mix, rng: np.random.Generator) -> Stereo:
    """What the medium leaves of it: hiss, lost treble, a soft limit, faded ends. Shape (samples, 2)."""
    mixed = mixed + np.float32(mix.hiss) * rng.standard_normal(mixed.shape, dtype=np.float32)
    if mix.dull > 0.02:
        blurred = mixed.copy()
        blurred[:, 1:-1] = 0.25 * mixed[:, :-2] + 0.5 * mixed[:, 1:-1] + 0.25 * mixed[:, 2:]
        mixed = mixed + np.float32(mix.dull) * (blurred - mixed)
    mixed = np.tanh(mixed * np.float32(1.0 / max(float(np.abs(mixed).max()), 1e-6) * 1.2))
    mixed *= np.float32(mix.loudness / max(float(np.abs(mixed).max()), 1e-6))
    n_fade = min(SAMPLE_RATE // 50, mixed.shape[1] // 2)
    ramp = np.linspace(0.0, 1.0, n_fade, dtype=np.float32)
    mixed[:, :n_fade] *= ramp
    mixed[:, -n_fade:] *= ramp[::-1]
    return np.ascontiguousarray(mixed.T)
