"""TIMBRE-MLP: a linear layer on 48 statistics of timbre, the baseline of multimodal genre classification.

Input: 15 s at 22,050 Hz. Output: mean, maximum, variance and norm of twelve timbre coefficients, and logits. Size:
12,250 parameters with 250 labels. The coefficients are ours (``tutti.audio.timbre``); whether the published baseline
standardised its statistics is not told, and ours does, since variances and norms are much larger than means.

References:
    Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
    section 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.timbre import TimbreConfig, TimbreStatistics
from tutti.errors import ConfigError
from tutti.models.standardisation import Standardisation
from tutti.models.tagger import Architecture, Tagger, TaggerConfig


@dataclass(frozen=True, kw_only=True)
class TimbreMLPConfig(TaggerConfig):
    """The published size: twelve coefficients, 12,250 parameters with 250 labels.

    Attributes:
        sample_rate: Of the waveform, Hz.
        n_samples: 15 s, as the other audio networks of the paper hear.
        hop_length: From one frame to the next, samples.
        n_coefficients: Of each frame.
        standardise: Whether each statistic is standardised over the training data; until that has been done, it is left
            as it is.
    """

    sample_rate: int = 22_050
    n_samples: int = 330_750
    dropout: float = 0.0
    hop_length: int = 1024
    n_coefficients: int = 12
    standardise: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if 2 * self.n_samples <= self.timbre.n_fft:
            raise ConfigError(
                f"n_samples={self.n_samples} is too short for a window of {self.timbre.n_fft}",
                hint=f"give more than {self.timbre.n_fft // 2} samples",
            )

    @property
    def timbre(self) -> TimbreConfig:
        """The front end's configuration."""
        return TimbreConfig(
            sample_rate=self.sample_rate, hop_length=self.hop_length, n_coefficients=self.n_coefficients
        )


class TimbreEncoder(nn.Module):
    """Statistics as they are, or standardised: ``[batch, n_statistics]`` to the same."""

    def __init__(self, config: TimbreMLPConfig) -> None:
        super().__init__()
        self.embed_dim = config.timbre.n_statistics
        self.standardisation = Standardisation(self.embed_dim) if config.standardise else nn.Identity()

    def forward(self, statistics: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.standardisation(statistics)
        return found


def build(config: TimbreMLPConfig, n_labels: int) -> Tagger:
    """An untrained baseline; without labels, the statistics alone, of which there is nothing to learn."""
    return Tagger(TimbreStatistics(config.timbre), TimbreEncoder(config), n_labels, dropout=config.dropout)


PAPER = "Oramas, Barbieri, Nieto, Serra, TISMIR 2018"
TIMBRE_MLP = Architecture(config=TimbreMLPConfig(), build=build, published_names=(), paper=PAPER)
