"""How the learning rate moves: a factor of the configured rate, from the share of the run that is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

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


PLATEAU = "plateau"
"""The schedule that follows the validation: its share of the run says nothing, :func:`plateau` everything."""
SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "one_cycle": one_cycle,
    PLATEAU: constant,
}


def plateau(goodness: Sequence[float], *, patience: int = 3, factor: float = 0.1, floor: float = 0.01) -> float:
    """The configured rate at first, a tenth of it whenever the validation has not improved for long.

    Improvements of less than a ten-thousandth do not count. The figures are those of Wu, Fuentes and Bello's code; the
    behaviour is that of ``torch.optim.lr_scheduler.ReduceLROnPlateau``.

    Args:
        goodness: Of the validations so far; more is better.
        patience: Validations without an improvement that are put up with.
        factor: By which the rate falls.
        floor: Of what is returned.

    >>> plateau([-1.0, -0.5, -0.5, -0.5, -0.5]), plateau([-1.0, -0.5, -0.5, -0.5, -0.5, -0.5])
    (1.0, 0.1)
    """
    rate, best, n_without = 1.0, -math.inf, 0
    for value in goodness:
        if value > best + 1e-4 * abs(best) or best == -math.inf:
            best, n_without = value, 0
        else:
            n_without += 1
        if n_without > patience:
            rate, n_without = max(floor, rate * factor), 0
    return rate
