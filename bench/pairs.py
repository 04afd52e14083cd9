"""Two ways to one result, timed in turn: A B A B …

A machine's speed drifts with its load and heat. Ratios of neighbouring runs hold where single times do not, so these
are what the measurements here print: the median over the pairs, and the lowest and highest.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Seconds that each way took, pair by pair."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times faster ours was, in ascending order."""
        return sorted(b / a for a, b in zip(self.ours, self.theirs, strict=True))

    def __str__(self) -> str:
        ratios = self.ratios
        return f"{median(ratios):.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f} over {len(ratios)} pairs)"


def seconds_of(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def time_in_turn(ours: Callable[[], object], theirs: Callable[[], object], *, n_pairs: int) -> Pairs:
    """Time both ways, one after the other, ``n_pairs`` times. Call each once before, to warm up."""
    times = [(seconds_of(ours), seconds_of(theirs)) for _ in range(n_pairs)]
    return Pairs(ours=[pair[0] for pair in times], theirs=[pair[1] for pair in times])


def describe_machine(*packages: str) -> str:
    """One line on what a measurement ran on; the load says whether it had the machine for itself."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", *packages))
    return (
        f"{os.cpu_count()} processors ({platform.machine()}), {torch.get_num_threads()} torch threads, "
        f"load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}"
    )
