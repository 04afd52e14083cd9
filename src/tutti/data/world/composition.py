"""From a track's facts to its score: who plays what, as its styles have it.

Nothing here sounds; ``rendering`` does that. Drum patterns are in ``drums``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tutti.data.world.accompaniment import BASS_LINES, COMPINGS
from tutti.data.world.drums import Hit, beat_pattern
from tutti.data.world.harmony import Harmony, Note, harmonise
from tutti.data.world.latent import Song
from tutti.data.world.melody import Tone, answer, draw_tune, play_tune
from tutti.data.world.taxonomy import COMPING, GENRES, INSTRUMENTS

JITTER = 0.006  # seconds by which people miss the beat


@dataclass
class Score:
    """What each instrument plays, with ``bass`` beside them, and what the drums do."""

    parts: dict[str, list[Note]] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)


def compose(song: Song, rng: np.random.Generator, *, duration: float) -> Score:
    """The score of one track, ``duration`` seconds long."""
    harmony = harmonise(song, rng, duration=duration)
    density = float(np.clip(0.5 + 0.35 * song.arousal + rng.normal(0.0, 0.12), 0.1, 1.0))
    tune = draw_tune(harmony, rng, density=density, height=song.valence)
    parts = {"bass": BASS_LINES[GENRES[song.style["bass"]].bass](harmony)}
    parts[song.lead] = play_tune(harmony, tune, song.lead, rng)
    for name in song.instruments[1:]:
        if name != "drums":
            parts[name] = _second_part(song, harmony, tune, name, rng)
    hits: list[Hit] = []
    if "drums" in song.instruments:
        hits = beat_pattern(GENRES[song.style["groove"]].groove, harmony, rng)
    parts, hits = _arrange(parts, hits, harmony, song.lead, rng)
    return _humanise(Score(parts, hits), rng, duration)


def _second_part(song: Song, harmony: Harmony, tune: list[Tone], name: str, rng: np.random.Generator) -> list[Note]:
    """Chords for those who can play them, an answer to the tune for the others."""
    if name not in COMPING or (name == "violin" and rng.random() < 0.4):
        return answer(harmony, tune, name, rng)
    manner = "pad" if name == "violin" else GENRES[song.style["comping"]].comping
    if rng.random() < 0.25:
        manner = list(COMPINGS)[int(rng.integers(len(COMPINGS)))]
    low = INSTRUMENTS[name][1] + (0 if name == "electric guitar" else round(7 + 4 * song.valence))
    return COMPINGS[manner](harmony, low)


def _arrange(
    parts: dict[str, list[Note]], hits: list[Hit], harmony: Harmony, lead: str, rng: np.random.Generator
) -> tuple[dict[str, list[Note]], list[Hit]]:
    """Let some parts wait a bar or two at the beginning, as an introduction does."""
    if len(harmony.chords) < 4 or rng.random() < 0.5:
        return parts, hits
    entries = {name: harmony.seconds(int(rng.integers(0, 3)), 0.0) for name in [*parts, "drums"]}
    waiting = lead if rng.random() < 0.5 else "drums"
    for name in parts:
        if name == waiting or rng.random() < 0.2:
            parts[name] = [note for note in parts[name] if note.start >= entries[name] - 1e-6]
    if waiting == "drums":
        hits = [hit for hit in hits if hit.start >= entries["drums"] - 1e-6]
    return parts, hits


def _humanise(score: Score, rng: np.random.Generator, duration: float) -> Score:
    """Move every note a few milliseconds, and drop what begins after the end."""
    for name, notes in score.parts.items():
        late = np.abs(rng.normal(0.0, JITTER, len(notes))).tolist()
        score.parts[name] = [
            note._replace(start=note.start + shift)
            for note, shift in zip(notes, late, strict=True)
            if note.start + shift < duration - 0.05
        ]
    score.hits = [hit for hit in score.hits if hit.start < duration - 0.05]
    return score
