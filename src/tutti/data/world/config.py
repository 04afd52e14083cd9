"""The knobs of a generated world, and the three presets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tutti.errors import ConfigError, unknown_name

SHARES = ("audio", "image", "text", "tags", "label_noise", "missing", "missing_audio")


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """How large a world is, and how freely its modalities speak.

    Attributes:
        n_tracks: Tracks.
        duration: Seconds of sound of each.
        seed: Decides everything else; the same seed gives the same bytes.
        audio: How closely a track's music keeps to its genre and mood, 0 to 1.
        image: How closely a cover keeps to genre, mood and leading instrument, 0 to 1.
        text: How often texts name genre, mood and instruments, 0 to 1.
        tags: How often listeners type a tag that applies, 0 to 1.
        label_noise: Wrong tags for each right one.
        missing: Share of tracks without a cover, of those without texts, tags, or listens, each by itself.
        missing_audio: Share of tracks without sound.
    """

    n_tracks: int = 300
    duration: float = 10.0
    seed: int = 0
    audio: float = 0.95
    image: float = 0.8
    text: float = 0.6
    tags: float = 0.95
    label_noise: float = 0.015
    missing: float = 0.05
    missing_audio: float = 0.0

    def __post_init__(self) -> None:
        if self.n_tracks < 16:
            raise ConfigError(
                f"a world of {self.n_tracks} tracks cannot be split by artist", hint="give n_tracks=16 or more"
            )
        if not 1.0 <= self.duration <= 600.0:
            raise ConfigError(f"duration={self.duration:g} s lies outside 1 to 600 s", hint="give seconds of sound")
        if self.seed < 0:
            raise ConfigError(f"seed={self.seed} is negative", hint="give 0 or more")
        for knob in SHARES:
            if not 0.0 <= getattr(self, knob) <= 1.0:
                raise ConfigError(f"{knob}={getattr(self, knob):g} lies outside 0 to 1", hint="give a share")


PRESETS = {
    "tiny": WorldConfig(n_tracks=36, duration=4.5),
    "demo": WorldConfig(n_tracks=300, duration=10.0),
    "study": WorldConfig(n_tracks=3000, duration=15.0),
}


def world_config(preset: str | WorldConfig, *, seed: int | None = None, **knobs: Any) -> WorldConfig:
    """The configuration that a preset's name, a seed and single knobs mean.

    Raises:
        UnknownNameError: There is no such preset.
        ConfigError: There is no such knob, or its value makes no sense.

    >>> world_config("demo", seed=3, missing=0.2).missing
    0.2
    """
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise unknown_name("preset of the generated world", preset, PRESETS)
        preset = PRESETS[preset]
    known = [field.name for field in dataclasses.fields(WorldConfig)]
    for knob in knobs:
        if knob not in known:
            error = unknown_name("knob of the generated world", knob, known)
            raise ConfigError(error.message, hint=error.hint)
    return dataclasses.replace(preset, **knobs, **({} if seed is None else {"seed": seed}))


def read_knobs(settings: Iterable[str]) -> dict[str, float]:
    """Knobs as a person writes them, ``name=value``.

    Raises:
        ConfigError: One is written otherwise.

    >>> read_knobs(["n_tracks=50", "missing=0.2"])
    {'n_tracks': 50, 'missing': 0.2}
    """
    knobs: dict[str, float] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            knobs[name.strip()] = int(value) if name.strip() in ("n_tracks", "seed") else float(value)
        except ValueError:
            raise ConfigError(f"{setting!r} is no knob with its value", hint="write such as missing=0.2") from None
    return knobs
