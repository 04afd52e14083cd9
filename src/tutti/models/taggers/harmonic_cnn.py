"""Harmonic CNN: learned harmonic filters, then seven convolutional blocks, on 5 s of sound.

Won, Chun, Nieto, Serra, "Data-driven harmonic filters for audio representation learning", ICASSP 2020 (Won, thesis
2021, section 3.4). Input: 80,000 samples at 16 kHz, as 6 harmonics of 128 notes and 313 frames. Output: a vector of 256
numbers, and logits. Size: 3,631,551 parameters with 50 labels. It takes the state dicts of the comparison study and
those of the authors' own repository, whose parameters have other names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from tutti.audio.harmonic import HarmonicConfig, HarmonicSpectrogram, Learnable
from tutti.errors import ConfigError, unknown_name
from tutti.models.blocks import ConvBlock2d, DenseBlock, ResidualBlock2d, fitted_pools
from tutti.models.tagger import Architecture, Tagger, TaggerConfig

Pooling = Literal["music", "dcase", "keywords"]
HALVES = ((2, 2),) * 5
# (frequency, time): 313 frames become one with "music"; of what the others leave, the loudest counts.
POOLINGS: dict[Pooling, tuple[tuple[int, int], ...]] = {
    "music": (*HALVES, (2, 3), (2, 3)),
    "dcase": (*HALVES, (2, 2), (2, 2)),
    "keywords": (*HALVES, (2, 2), (2, 1)),
}


@dataclass(frozen=True, kw_only=True)
class HarmonicCNNConfig(TaggerConfig):
    """The published size: 5 s at 16 kHz, 6 harmonics of 128 quarter tones, 3,631,551 parameters with 50 labels.

    Attributes:
        n_fft: Of the front end, as are the next four: see :class:`~tutti.audio.harmonic.HarmonicConfig`.
        n_harmonics: 7 leave 124 notes, which seven halvings reduce to none. The paper pooled otherwise there and does
            not say how; here the last pool leaves frequency alone.
        semitone_scale: Bands a semitone.
        learnable: What of the filters is learned.
        q: Quality of the filters to begin with.
        pooling: Of the last two blocks: ``music`` (MagnaTagATune and the comparison study), ``dcase``, or ``keywords``,
            for excerpts of one second.
        n_channels: Of the first five blocks; the others have twice as many.
    """

    n_samples: int = 80_000
    n_fft: int = 512
    n_harmonics: int = 6
    semitone_scale: int = 2
    learnable: Learnable = "q"
    q: float = 1.0
    pooling: Pooling = "music"
    n_channels: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pooling not in POOLINGS:
            raise unknown_name("pooling", self.pooling, POOLINGS)
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more; 128 is published")
        n_frames, n_left = self.harmonic.n_frames(self.n_samples), 1
        for _, width in POOLINGS[self.pooling]:
            n_left *= width
        if n_frames < n_left:
            least = (n_left - 1) * self.harmonic.hop_length
            raise ConfigError(
                f"n_samples={self.n_samples} are {n_frames} frames, of which the pooling {self.pooling!r} leaves none",
                hint=f"give {least} samples or more, a smaller n_fft, or the pooling 'keywords'",
            )

    @property
    def harmonic(self) -> HarmonicConfig:
        """The front end's configuration."""
        return HarmonicConfig(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            n_harmonics=self.n_harmonics,
            semitone_scale=self.semitone_scale,
            learnable=self.learnable,
            q=self.q,
        )


class HarmonicCNNEncoder(nn.Module):
    """Harmonic tensor ``[batch, n_harmonics, n_bands, frames]`` to ``[batch, 2 * n_channels]``."""

    def __init__(self, config: HarmonicCNNConfig) -> None:
        super().__init__()
        narrow, wide = config.n_channels, 2 * config.n_channels
        pools = fitted_pools(POOLINGS[config.pooling], config.harmonic.n_bands)
        self.input_norm = nn.BatchNorm2d(config.n_harmonics)
        self.layers = nn.Sequential(
            ConvBlock2d(config.n_harmonics, narrow, pool=pools[0]),
            *[ResidualBlock2d(narrow, narrow, stride=1, pool=pool) for pool in pools[1:4]],
            ConvBlock2d(narrow, wide, pool=pools[4]),
            *[ResidualBlock2d(wide, wide, stride=1, pool=pool) for pool in pools[5:]],
        )
        self.dense = DenseBlock(wide, wide)
        self.embed_dim = wide

    def forward(self, harmonic: Tensor) -> Tensor:
        """See the class."""
        features = self.layers(self.input_norm(harmonic))  # (batch, channels, 1, time)
        representation: Tensor = self.dense(features.amax(dim=(2, 3)))
        return representation


def build(config: HarmonicCNNConfig, n_labels: int) -> Tagger:
    """An untrained harmonic CNN."""
    return Tagger(HarmonicSpectrogram(config.harmonic), HarmonicCNNEncoder(config), n_labels, dropout=config.dropout)


HARMONIC_CNN = Architecture(
    config=HarmonicCNNConfig(),
    build=build,
    published_names=(
        (r"hstft\.bw_Q", "frontend.filters.q"),
        (r"hstft_bn\.", "encoder.input_norm."),
        # The comparison study says layer1, the authors' own repository conv_2d.res1.
        (r"(?:layer|conv_2d\.res)(\d)\.bn\.", r"encoder.layers.#\1.norm."),
        (r"(?:layer|conv_2d\.res)(\d)\.bn_(\d)\.", r"encoder.layers.#\1.norm_\2."),
        (r"(?:layer|conv_2d\.res)(\d)\.", r"encoder.layers.#\1."),
        (r"(?:dense1|conv_2d\.fc_1)\.", "encoder.dense.linear."),
        (r"(?:conv_2d\.)?bn\.", "encoder.dense.norm."),
        (r"(?:dense2|conv_2d\.fc_2)\.", "head."),
    ),
    paper="Won, Chun, Nieto, Serra, ICASSP 2020",
)
