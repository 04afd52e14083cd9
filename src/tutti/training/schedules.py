"""How the learning rate moves: a factor of the configured rate, from the share of the run that is done."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(_done: float) -> float:
    """Always the configured rate."""
    return 1.0


def cosine(done: float) -> float:
    """Up in a line over the first twentieth, then down to nothing along half a cosine."""
    warmup = 0.05
    if done < warmup:
        return 0.1 + 0.9 * done / warmup
    return 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def one_cycle(done: float) -> float:
    """Up along half a cosine over the first 30%, then down along another to nothing.

    References:
        Smith and Topin, "Super-convergence", SPIE 11006, 2019.
    """
    rise = 0.3
    if done < rise:
        return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * done / rise))
    return 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))


SCHEDULES: dict[str, Schedule] = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
