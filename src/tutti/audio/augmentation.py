"""Augmentation: training excerpts changed at random in ways that leave their tags as they are.

The chain is that of the Music Tagging Transformer: polarity, noise, gain, a high-pass or a low-pass, delay, pitch
shift, reverberation, in this order, each applied to an excerpt with its probability. The presets are what was
published: ``code`` the authors' source with their library's defaults, ``thesis`` the text, which differs. The effects
are our own, computed for the whole batch at once on the device on which it lies: see ``filters``, ``pitch_shift`` and
``reverberation``.

Not here: the fixed deformations of a test set (``tutti.audio.deformations``), and mixing of excerpts with each other,
which changes their tags (``tutti.training``).

References:
    Won, Choi and Serra, "Semi-supervised music tagging transformer", ISMIR 2021, and its published code.
    Won, "Representation learning for music classification and retrieval", thesis, 2021, section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tutti.audio.filters import high_pass, low_pass
from tutti.audio.pitch_shift import shift_pitch
from tutti.audio.reverberation import Rooms, reverberate
from tutti.errors import ConfigError, ShapeError, unknown_name

Range = tuple[float, ...]
"""Lowest and highest value; where there is a third number, only values this far apart are drawn."""

PROBABILITIES: dict[str, dict[str, float]] = {
    "code": {
        "polarity": 0.8,
        "noise": 0.3,
        "gain": 0.2,
        "filter": 0.8,
        "delay": 0.5,
        "pitch_shift": 0.4,
        "reverb": 0.3,
    },
    # The thesis says 0.3 or 0.7 without saying which effect has which: each has what is nearer to the code's.
    "thesis": {
        "polarity": 0.7,
        "noise": 0.3,
        "gain": 0.3,
        "filter": 0.7,
        "delay": 0.3,
        "pitch_shift": 0.3,
        "reverb": 0.3,
    },
}
RANGES: dict[str, dict[str, Range]] = {
    "code": {
        "noise_ratio": (0.3, 0.5),
        "gain_db": (-20.0, -1.0),
        "high_pass_hz": (200.0, 1200.0),
        "low_pass_hz": (2200.0, 4000.0),
        "delay_ms": (200.0, 450.0, 50.0),
        "pitch_shift_semitones": (-7.0, 7.0, 0.01),
        "reverberance": (0.0, 99.0, 1.0),
        "damping": (0.0, 99.0, 1.0),
        "room_size": (0.0, 99.0, 1.0),
    },
    "thesis": {
        "noise_ratio": (0.3, 0.5),
        "gain_db": (-20.0, -1.0),
        "high_pass_hz": (2200.0, 4000.0),
        "low_pass_hz": (200.0, 1200.0),
        "delay_ms": (200.0, 500.0),
        "pitch_shift_semitones": (-7.0, 7.0),
        "reverberance": (0.0, 99.0, 1.0),
        "damping": (0.0, 99.0, 1.0),
        "room_size": (0.0, 100.0),
    },
}
# What a value may be at all; the cutoffs' upper bound is half the sample rate.
BOUNDS: dict[str, tuple[float, float]] = {
    "noise_ratio": (0.0, 10.0),
    "gain_db": (-120.0, 40.0),
    "high_pass_hz": (1.0, float("inf")),
    "low_pass_hz": (1.0, float("inf")),
    "delay_ms": (0.0, 10_000.0),
    "pitch_shift_semitones": (-24.0, 24.0),
    "reverberance": (0.0, 100.0),
    "damping": (0.0, 100.0),
    "room_size": (0.0, 100.0),
}
ECHO_GAIN = 0.5
BLOCK_SAMPLES = {"cpu": 1 << 20, "cuda": 1 << 24}  # of excerpts in one effect at once: caches, memory


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Which effects, how often and how strong. Settings that are not given are the preset's.

    Attributes:
        preset: ``code`` or ``thesis``.
        probabilities: By effect: polarity, noise, gain, filter, delay, pitch_shift, reverb. 0 leaves it out.
        ranges: Lowest and highest value, and where there is a third number the step between values, by setting:
            noise_ratio (deviation of the noise, relative to the excerpt's), gain_db, high_pass_hz, low_pass_hz,
            delay_ms, pitch_shift_semitones, reverberance, damping and room_size (each 0 to 100).
    """

    preset: str = "code"
    probabilities: dict[str, float] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.preset not in PROBABILITIES:
            raise unknown_name("preset of augmentation", self.preset, PROBABILITIES)
        _check_names("effect", self.probabilities, PROBABILITIES[self.preset])
        _check_names("range of an effect", self.ranges, RANGES[self.preset])
        for effect, probability in self.probabilities.items():
            if not 0 <= probability <= 1:
                raise ConfigError(
                    f"the probability {probability:g} of {effect} lies outside 0 to 1", hint="0 leaves an effect out"
                )
        for name, values in self.ranges.items():
            _check_range(name, values)
        # Complete, so that what is stored with a run says everything.
        object.__setattr__(self, "probabilities", PROBABILITIES[self.preset] | dict(self.probabilities))
        ranges = {name: tuple(float(value) for value in values) for name, values in self.ranges.items()}
        object.__setattr__(self, "ranges", RANGES[self.preset] | ranges)


def _check_names(kind: str, given: Mapping[str, object], known: Mapping[str, object]) -> None:
    for name in given:
        if name not in known:
            error = unknown_name(kind, name, known)
            raise ConfigError(error.message, hint=error.hint)


def _check_range(name: str, values: Range) -> None:
    lowest, highest = BOUNDS[name]
    if (
        len(values) not in (2, 3)
        or not lowest <= values[0] <= values[1] <= highest
        or (len(values) == 3 and values[2] <= 0)
    ):
        raise ConfigError(
            f"{name}={list(values)} is no range between {lowest:g} and {highest:g}",
            hint="give [lowest, highest], or [lowest, highest, step]",
        )


class Augmentation:
    """The chain, ready for excerpts of one sample rate.

    >>> augment = Augmentation(AugmentationConfig(preset="thesis"), sample_rate=16_000)
    >>> waveforms = torch.sin(torch.linspace(0, 9000, 32_000)).repeat(4, 1)
    >>> augment(waveforms, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([4, 32000])
    """

    def __init__(self, config: AugmentationConfig, *, sample_rate: int) -> None:
        for name in ("high_pass_hz", "low_pass_hz"):
            highest = config.ranges[name][1]
            if config.probabilities["filter"] and highest > sample_rate / 2:
                raise ConfigError(
                    f"{name} goes up to {highest:g} Hz, more than half the sample rate of {sample_rate} Hz",
                    hint=f"set augmentation.ranges.{name} to at most {sample_rate / 2:g} Hz",
                )
        self.config = config
        self.sample_rate = sample_rate

    def __call__(self, waveforms: Tensor, *, generator: torch.Generator) -> Tensor:
        """Augmented copies of excerpts.

        What happens to an excerpt follows from the generator's state and its place in the batch: the other excerpts
        change nothing but the rounding.

        Args:
            waveforms: float32 in [-1, 1]. Shape [batch, samples].
            generator: Of everything random; one on the CPU avoids waiting for a device.

        Returns:
            On the device of the waveforms. Shape [batch, samples]. Only a gain clamps to [-1, 1], as published; noise,
            filters and rooms may exceed it a little.

        Raises:
            ShapeError: Something else than a batch of float32 waveforms.
        """
        if waveforms.ndim != 2 or waveforms.dtype != torch.float32:
            raise ShapeError(
                f"augmentation wants float32 of shape (batch, samples), it got {waveforms.dtype} of shape "
                f"{tuple(waveforms.shape)}"
            )
        # Apple's GPUs know no float64, which the effects need for their angles: there the processor augments.
        augmented = waveforms.cpu().clone() if waveforms.device.type == "mps" else waveforms.clone()
        for chosen, effect in self._chain(_Draws(self.config, len(waveforms), generator)):
            _apply(effect, augmented, torch.nonzero(chosen)[:, 0])
        return augmented.to(waveforms.device)

    def _chain(self, draws: _Draws) -> list[tuple[Tensor, _Effect]]:
        """In order: which excerpts, and what becomes of some of them."""
        rate, filtered, high = self.sample_rate, draws.chosen("filter"), draws.coin
        semitones, delays = draws["pitch_shift_semitones"], (draws["delay_ms"] * rate / 1000).long()
        return [
            (draws.chosen("polarity"), lambda some, rows: -some),
            (draws.chosen("noise"), lambda some, rows: _noisy(some, draws["noise_ratio"][rows], draws.seeds[rows])),
            (draws.chosen("gain"), lambda some, rows: _louder(some, draws["gain_db"][rows])),
            (filtered & high, lambda some, rows: high_pass(some, draws["high_pass_hz"][rows], sample_rate=rate)),
            (filtered & ~high, lambda some, rows: low_pass(some, draws["low_pass_hz"][rows], sample_rate=rate)),
            (draws.chosen("delay"), lambda some, rows: _echoing(some, delays[rows])),
            (draws.chosen("pitch_shift"), lambda some, rows: shift_pitch(some, semitones[rows], sample_rate=rate)),
            (draws.chosen("reverb"), lambda some, rows: reverberate(some, draws.rooms(rows), sample_rate=rate)),
        ]


_Effect = Callable[[Tensor, Tensor], Tensor]
"""From excerpts [some, samples] and their rows in the batch to changed excerpts."""


class _Draws:
    """What is drawn for a batch, on the CPU: effects are chosen without asking a device."""

    def __init__(self, config: AugmentationConfig, n_rows: int, generator: torch.Generator) -> None:
        self._config = config
        n_columns = len(config.probabilities) + len(config.ranges) + 2
        # One row an excerpt: what is drawn for it does not depend on how many come after.
        uniform = torch.rand((n_rows, n_columns), generator=generator, device=generator.device, dtype=torch.float64)
        columns: Iterator[Tensor] = iter(uniform.cpu().T)
        self._chances = {effect: next(columns) for effect in PROBABILITIES["code"]}
        self._values = {name: _in_range(next(columns), config.ranges[name]) for name in RANGES["code"]}
        self.coin = next(columns) < 0.5
        self.seeds = (next(columns) * 2**53).long()

    def chosen(self, effect: str) -> Tensor:
        """Which excerpts have this effect. Shape [batch]."""
        chosen: Tensor = self._chances[effect] < self._config.probabilities[effect]
        return chosen

    def __getitem__(self, name: str) -> Tensor:
        return self._values[name]

    def rooms(self, rows: Tensor) -> Rooms:
        """Of some excerpts."""
        return Rooms(
            reverberance=self["reverberance"][rows], damping=self["damping"][rows], room_size=self["room_size"][rows]
        )


def _in_range(uniform: Tensor, values: Range) -> Tensor:
    low, high, *step = values
    if not step:
        return uniform * (high - low) + low
    n_values = int((high - low) / step[0] + 1e-6) + 1
    stepped: Tensor = low + step[0] * (uniform * n_values).floor()
    return stepped


def _apply(effect: _Effect, waveforms: Tensor, rows: Tensor) -> None:
    """Replace some excerpts by what an effect makes of them, a few at a time."""
    n_block = max(1, BLOCK_SAMPLES.get(waveforms.device.type, 1 << 22) // max(1, waveforms.shape[1]))
    for first in range(0, len(rows), n_block):
        some = rows[first : first + n_block]
        there = some.to(waveforms.device, non_blocking=True)
        waveforms[there] = effect(waveforms[there], some)


def _noisy(waveforms: Tensor, ratios: Tensor, seeds: Tensor) -> Tensor:
    """With white noise of a given share of each excerpt's deviation; each has a generator of its own."""
    noise = torch.empty_like(waveforms)
    generator = torch.Generator(waveforms.device)
    for row, seed in zip(noise, seeds.tolist(), strict=True):
        row.normal_(generator=generator.manual_seed(seed))
    return waveforms + noise * waveforms.std(dim=1, keepdim=True, correction=0) * ratios.to(waveforms)[:, None]


def _louder(waveforms: Tensor, gain_db: Tensor) -> Tensor:
    gain = 10 ** (gain_db.to(waveforms) / 20)
    return (waveforms * gain[:, None]).clamp(-1, 1)


def _echoing(waveforms: Tensor, n_delayed: Tensor) -> Tensor:
    """(x + 0.5 x delayed) / 2, the published mix."""
    source = torch.arange(waveforms.shape[1], device=waveforms.device) - n_delayed.to(waveforms.device)[:, None]
    delayed = waveforms.gather(1, source.clamp_min(0)) * (source >= 0)
    return (waveforms + ECHO_GAIN * delayed) / 2
