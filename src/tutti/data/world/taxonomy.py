"""What there is in the generated world: eight genres with 24 children, twelve instruments, eight moods.

A genre's row says how its music tends to go; one track may differ (``latent``). What listeners call these things is
in ``tags``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Families decide how an instrument is sounded (``synthesis``), ranges are MIDI note numbers.
INSTRUMENTS: dict[str, tuple[str, int, int]] = {
    "vocals": ("voice", 52, 76),
    "acoustic guitar": ("plucked", 45, 76),
    "electric guitar": ("plucked", 43, 79),
    "piano": ("keyed", 43, 88),
    "organ": ("organ", 48, 84),
    "synthesizer": ("synthesiser", 45, 86),
    "violin": ("bowed", 57, 91),
    "flute": ("blown", 62, 93),
    "saxophone": ("blown", 50, 79),
    "trumpet": ("blown", 55, 82),
    "vibraphone": ("struck", 58, 89),
    "drums": ("drums", 0, 0),
}
# Who takes the melody where several could, and who can play chords.
LEADING = (
    *("vocals", "saxophone", "trumpet", "flute", "violin", "synthesizer"),
    *("electric guitar", "vibraphone", "piano", "acoustic guitar", "organ"),
)
COMPING = ("piano", "acoustic guitar", "electric guitar", "organ", "synthesizer", "vibraphone", "violin")


@dataclass(frozen=True)
class Mood:
    """A word for a region of valence and arousal, both -1 to 1; a track is in it from ``least`` upwards."""

    valence: float
    arousal: float
    least: float

    def applies(self, valence: float, arousal: float) -> bool:
        """Whether the word fits a track."""
        return self.valence * valence + self.arousal * arousal >= self.least


MOODS: dict[str, Mood] = {
    "happy": Mood(1.0, 0.3, 0.55),
    "sad": Mood(-1.0, -0.6, 0.35),
    "calm": Mood(0.2, -1.0, 0.35),
    "energetic": Mood(0.1, 1.0, 0.55),
    "dark": Mood(-1.0, 0.2, 0.35),
    "dreamy": Mood(0.0, -1.0, 0.5),
    "romantic": Mood(0.8, -0.9, 0.5),
    "aggressive": Mood(-0.7, 1.0, 0.8),
}


@dataclass(frozen=True, kw_only=True)
class Genre:
    """How the music of one child genre tends to go.

    Attributes:
        parent: Its parent genre.
        rank: 1 for the most frequent; frequencies fall off with rank.
        valence: Mean, -1 to 1.
        arousal: Mean, -1 to 1.
        tempo: Lowest and highest, beats a minute.
        triple: Share of tracks in three.
        major: Share of tracks in a major mode.
        swing: How late the offbeats come, 0 to 1.
        groove: The drum pattern, a name in ``drums.GROOVES``.
        bass: The bass line, a name in ``composition.BASS_LINES``.
        comping: How chords are played, a name in ``composition.COMPINGS``.
        progression: Chords, a name in ``composition.PROGRESSIONS``.
        players: How often each instrument plays.
        drive: Distortion of the electric guitar, 0 to 1.
        wet: Reverberation, 0 to 1.
    """

    parent: str
    rank: int
    valence: float
    arousal: float
    tempo: tuple[float, float]
    triple: float = 0.0
    major: float = 0.5
    swing: float = 0.0
    groove: str = "rock"
    bass: str = "roots"
    comping: str = "strum"
    progression: str = "pop"
    players: Mapping[str, float]
    drive: float = 0.2
    wet: float = 0.25


def _players(**shares: float) -> dict[str, float]:
    """Shares by instrument, written with underscores."""
    return {name.replace("_", " "): share for name, share in shares.items()}


GENRES: dict[str, Genre] = {
    "indie rock": Genre(
        parent="rock", rank=1, valence=0.1, arousal=0.35, tempo=(104, 144), major=0.6, groove="rock",
        bass="eighths", comping="strum", progression="pop", drive=0.4,
        players=_players(vocals=0.75, electric_guitar=0.95, drums=0.97, acoustic_guitar=0.2, organ=0.15),
    ),
    "punk": Genre(
        parent="rock", rank=10, valence=0.05, arousal=0.8, tempo=(150, 190), major=0.6, groove="punk",
        bass="eighths", comping="drive", progression="three chords", drive=0.8, wet=0.1,
        players=_players(vocals=0.85, electric_guitar=1.0, drums=1.0),
    ),
    "metal": Genre(
        parent="rock", rank=6, valence=-0.45, arousal=0.8, tempo=(120, 180), major=0.05, groove="metal",
        bass="eighths", comping="drive", progression="dark", drive=1.0, wet=0.15,
        players=_players(vocals=0.55, electric_guitar=1.0, drums=1.0, organ=0.08, violin=0.08),
    ),
    "dance pop": Genre(
        parent="pop", rank=2, valence=0.55, arousal=0.6, tempo=(108, 130), major=0.65, groove="four",
        bass="offbeats", comping="stabs", progression="pop",
        players=_players(vocals=0.9, synthesizer=0.95, drums=1.0, piano=0.3, electric_guitar=0.2),
    ),
    "synth pop": Genre(
        parent="pop", rank=8, valence=0.2, arousal=0.3, tempo=(100, 126), major=0.45, groove="backbeat",
        bass="octaves", comping="arpeggio", progression="pop", wet=0.35,
        players=_players(vocals=0.8, synthesizer=1.0, drums=0.95, electric_guitar=0.15, saxophone=0.12),
    ),
    "dream pop": Genre(
        parent="pop", rank=14, valence=0.0, arousal=-0.3, tempo=(74, 108), major=0.55, groove="backbeat",
        bass="roots", comping="pad", progression="drift", wet=0.7,
        players=_players(vocals=0.8, synthesizer=0.7, electric_guitar=0.8, drums=0.7, organ=0.3, vibraphone=0.15),
    ),
    "house": Genre(
        parent="electronic", rank=3, valence=0.35, arousal=0.6, tempo=(118, 130), major=0.35, groove="four",
        bass="offbeats", comping="stabs", progression="loop",
        players=_players(synthesizer=0.95, drums=1.0, vocals=0.35, piano=0.4, organ=0.3, saxophone=0.08),
    ),
    "techno": Genre(
        parent="electronic", rank=9, valence=-0.2, arousal=0.65, tempo=(126, 142), major=0.1, groove="techno",
        bass="sixteenths", comping="arpeggio", progression="one chord",
        players=_players(synthesizer=1.0, drums=1.0, vocals=0.06),
    ),
    "ambient": Genre(
        parent="electronic", rank=11, valence=0.0, arousal=-0.8, tempo=(56, 84), major=0.5, groove="none",
        bass="drone", comping="pad", progression="drift", wet=0.9,
        players=_players(synthesizer=0.95, piano=0.3, drums=0.05, flute=0.2, vibraphone=0.25, violin=0.25, vocals=0.1),
    ),
    "drum and bass": Genre(
        parent="electronic", rank=17, valence=-0.1, arousal=0.8, tempo=(166, 180), major=0.2, groove="break",
        bass="drone", comping="pad", progression="loop",
        players=_players(synthesizer=0.95, drums=1.0, vocals=0.25, piano=0.2),
    ),
    "boom bap": Genre(
        parent="hip hop", rank=5, valence=-0.05, arousal=0.2, tempo=(84, 98), major=0.25, swing=0.35,
        groove="boom bap", bass="syncopated", comping="stabs", progression="loop", wet=0.1,
        players=_players(vocals=0.85, drums=1.0, piano=0.5, saxophone=0.2, trumpet=0.2, organ=0.2, vibraphone=0.1),
    ),
    "trap": Genre(
        parent="hip hop", rank=7, valence=-0.4, arousal=0.35, tempo=(66, 76), major=0.08, groove="trap",
        bass="drone", comping="arpeggio", progression="loop", wet=0.3,
        players=_players(vocals=0.85, drums=1.0, synthesizer=0.8, piano=0.3, vibraphone=0.2, flute=0.2),
    ),
    "lo-fi hip hop": Genre(
        parent="hip hop", rank=16, valence=0.1, arousal=-0.5, tempo=(70, 88), major=0.5, swing=0.5,
        groove="boom bap", bass="roots", comping="pad", progression="jazz", wet=0.3,
        players=_players(piano=0.8, drums=0.95, acoustic_guitar=0.4, vibraphone=0.3, saxophone=0.2, vocals=0.08),
    ),
    "swing": Genre(
        parent="jazz", rank=12, valence=0.5, arousal=0.35, tempo=(120, 180), major=0.75, swing=0.9, groove="swing",
        bass="walking", comping="charleston", progression="jazz", wet=0.2,
        players=_players(
            trumpet=0.65, saxophone=0.65, piano=0.8, drums=0.9, vocals=0.3, acoustic_guitar=0.2, violin=0.08
        ),
    ),
    "bebop": Genre(
        parent="jazz", rank=18, valence=0.15, arousal=0.65, tempo=(180, 232), major=0.6, swing=0.7, groove="swing",
        bass="walking", comping="charleston", progression="jazz", wet=0.2,
        players=_players(saxophone=0.85, trumpet=0.5, piano=0.85, drums=0.95, vibraphone=0.15),
    ),
    "smooth jazz": Genre(
        parent="jazz", rank=15, valence=0.35, arousal=-0.35, tempo=(76, 104), major=0.6, swing=0.2,
        groove="backbeat", bass="syncopated", comping="pad", progression="jazz", wet=0.4,
        players=_players(saxophone=0.75, piano=0.7, electric_guitar=0.4, drums=0.85, flute=0.2, vibraphone=0.3),
        drive=0.0,
    ),
    "country": Genre(
        parent="folk", rank=4, valence=0.35, arousal=0.15, tempo=(92, 134), triple=0.2, major=0.85, groove="train",
        bass="alternating", comping="strum", progression="three chords", wet=0.2, drive=0.1,
        players=_players(vocals=0.9, acoustic_guitar=0.9, drums=0.75, electric_guitar=0.5, violin=0.35, piano=0.2),
    ),
    "bluegrass": Genre(
        parent="folk", rank=22, valence=0.5, arousal=0.55, tempo=(136, 168), major=0.9, groove="none",
        bass="alternating", comping="arpeggio", progression="three chords", wet=0.12,
        players=_players(acoustic_guitar=1.0, violin=0.85, vocals=0.6, flute=0.08),
    ),
    "singer songwriter": Genre(
        parent="folk", rank=13, valence=-0.15, arousal=-0.45, tempo=(70, 110), triple=0.25, major=0.55,
        groove="brushes", bass="roots", comping="arpeggio", progression="pop", wet=0.25,
        players=_players(vocals=0.95, acoustic_guitar=0.9, piano=0.35, drums=0.2, violin=0.2, flute=0.1),
    ),
    "baroque": Genre(
        parent="classical", rank=20, valence=0.2, arousal=0.15, tempo=(80, 116), triple=0.3, major=0.6, groove="none",
        bass="walking", comping="arpeggio", progression="circle", wet=0.5,
        players=_players(violin=0.85, flute=0.5, organ=0.7, trumpet=0.3, piano=0.15),
    ),
    "chamber music": Genre(
        parent="classical", rank=19, valence=-0.15, arousal=-0.4, tempo=(60, 100), triple=0.35, major=0.45,
        groove="none", bass="roots", comping="pad", progression="circle", wet=0.45,
        players=_players(violin=0.95, piano=0.75, flute=0.35),
    ),
    "minimalism": Genre(
        parent="classical", rank=24, valence=0.05, arousal=-0.1, tempo=(96, 140), triple=0.2, major=0.6,
        groove="none", bass="drone", comping="arpeggio", progression="drift", wet=0.45,
        players=_players(piano=0.85, vibraphone=0.5, violin=0.4, organ=0.3, flute=0.15, synthesizer=0.15),
    ),
    "bossa nova": Genre(
        parent="latin", rank=21, valence=0.35, arousal=-0.4, tempo=(112, 144), major=0.6, groove="bossa",
        bass="alternating", comping="syncopated", progression="jazz", wet=0.25,
        players=_players(acoustic_guitar=0.95, vocals=0.65, drums=0.7, flute=0.35, piano=0.4, saxophone=0.2),
    ),
    "salsa": Genre(
        parent="latin", rank=23, valence=0.6, arousal=0.7, tempo=(160, 200), major=0.4, groove="salsa",
        bass="syncopated", comping="syncopated", progression="loop", wet=0.2,
        players=_players(trumpet=0.85, piano=0.95, drums=1.0, vocals=0.7, flute=0.15, saxophone=0.15),
    ),
}  # fmt: skip

# Which bass a parent genre has, and whether its drums are a machine's.
RHYTHM_SECTIONS: dict[str, tuple[str, bool]] = {
    "rock": ("electric bass", False),
    "pop": ("synth bass", True),
    "electronic": ("synth bass", True),
    "hip hop": ("synth bass", True),
    "jazz": ("upright bass", False),
    "folk": ("upright bass", False),
    "classical": ("upright bass", False),
    "latin": ("electric bass", False),
}

PARENTS: tuple[str, ...] = tuple(dict.fromkeys(genre.parent for genre in GENRES.values()))
VOCABULARY: tuple[str, ...] = (*PARENTS, *GENRES, *INSTRUMENTS, *MOODS)
