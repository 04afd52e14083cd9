"""Standardisation of a front end's output, each place by itself, with statistics of the training data that are kept.

Which sounds they are taken from is a matter of training (``tutti.training.standardisation``).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from tutti.errors import ConfigError

SMALLEST_DEVIATION = 1e-3  # of decibels and the like; what varies less is only centred


class Standardisation(nn.Module):
    """Each place minus its mean, divided by its deviation, both of the training data. ``[batch, *shape]``.

    Nothing changes until :meth:`fit` has been called; what it finds is saved with the model.

    Args:
        shape: Of one example, such as bins and frames: each of them has a mean and a deviation of its own.

    References:
        Oramas, Barbieri, Nieto, Serra, TISMIR 1(1), 2018, and its published code, which standardises each bin of each
        frame of an excerpt by statistics of up to 10,000 training excerpts.
    """

    mean: Tensor
    deviation: Tensor
    is_fitted: Tensor

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(shape))
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.long))

    def fit(self, batches: Iterable[Tensor]) -> None:
        """Take mean and deviation over all examples, and keep them from now on.

        Args:
            batches: Each of shape ``[batch, *shape]``, seen once.

        Raises:
            ConfigError: There are none.
        """
        count, sums = 0, torch.zeros_like(self.mean, dtype=torch.float64)
        squares, first = sums.clone(), None
        for batch in batches:
            values = batch.detach().double()
            first = values[0] if first is None else first  # sums of differences from it lose no digits
            count += len(values)
            sums += (values - first).sum(dim=0)
            squares += (values - first).square().sum(dim=0)
        if first is None:
            raise ConfigError("there is nothing to take means and deviations from", hint="give an example")
        mean = sums / count
        deviation = (squares / count - mean.square()).clamp_min(0).sqrt()
        self.mean.copy_(first + mean)
        self.deviation.copy_(torch.where(deviation < SMALLEST_DEVIATION, 1.0, deviation))
        self.is_fitted.fill_(1)

    def forward(self, values: Tensor) -> Tensor:
        """Standardise."""
        return (values - self.mean) / self.deviation
