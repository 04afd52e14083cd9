"""Changing the sample rate, with soxr, in one go or block by block: both give the same samples to the last bit.

The library and its quality are part of a model's configuration, since another filter gives other samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import soxr
from numpy.typing import NDArray

from tutti.errors import ConfigError

Quality = Literal["QQ", "LQ", "MQ", "HQ", "VHQ"]


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """Which filter changes the sample rate.

    Attributes:
        library: Only ``soxr`` so far.
        quality: soxr's names, from quick (QQ) to very high (VHQ). HQ keeps 20 bits of precision.
    """

    library: Literal["soxr"] = "soxr"
    quality: Quality = "HQ"

    def __post_init__(self) -> None:
        if self.library != "soxr":
            raise ConfigError(f"there is no resampling library {self.library!r} here", hint="use 'soxr'")
        if self.quality not in get_args(Quality):
            raise ConfigError(
                f"soxr has no quality {self.quality!r}", hint=f"choose one of {', '.join(get_args(Quality))}"
            )


def resampled_length(n_samples: int, from_rate: int, to_rate: int) -> int:
    """How many samples resampling gives: the exact quotient, rounded; of an exact half, soxr may give one less.

    >>> resampled_length(132_317, 44_100, 22_050)
    66159
    """
    return (2 * n_samples * to_rate + from_rate) // (2 * from_rate)


class StreamResampler:
    """Resamples successive blocks of one mono sound."""

    def __init__(self, from_rate: int, to_rate: int, resampling: Resampling) -> None:
        self._stream = None
        if from_rate != to_rate:
            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality=resampling.quality)

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block, of shape (samples,), and give what can be given by now."""
        return block if self._stream is None else self._resample(block, last=False)

    def finish(self) -> NDArray[np.float32]:
        """Give the rest."""
        nothing = np.zeros(0, dtype=np.float32)
        return nothing if self._stream is None else self._resample(nothing, last=True)

    def _resample(self, block: NDArray[np.float32], *, last: bool) -> NDArray[np.float32]:
        assert self._stream is not None
        resampled: NDArray[np.float32] = self._stream.resample_chunk(np.ascontiguousarray(block), last=last)
        return resampled


def resample(
    waveform: NDArray[np.float32], from_rate: int, to_rate: int, *, resampling: Resampling
) -> NDArray[np.float32]:
    """A whole mono waveform at another rate. Shape (samples,) to (resampled_length,)."""
    stream = StreamResampler(from_rate, to_rate, resampling)
    return np.concatenate([stream.push(waveform), stream.finish()])
