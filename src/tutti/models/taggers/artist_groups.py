"""The networks of artist group factors: a 7-layer CNN on 1 s, and several of them with a classifier on their vectors.

The CNN is table 4.2 of the thesis: magnitudes through mel filters in decibels, each band standardised, seven
convolutions with ELU, global average, a dense layer of 256. The ensemble joins the vectors of several such networks,
one for each source of factors or one that learned them all, and decides by a multilayer perceptron. How they are
trained is in ``tutti.training.artist_groups``.

The thesis prints one channel after the first convolution; the published code has 16, and so has ours. One second at
22,050 Hz would be 44 centred frames with a hop of 512; 22,015 samples are the longest excerpt of 43.

References:
    Won, thesis 2021, section 4.2 and table 4.2.
    Kim, Won, Serra and Liem, "Transfer learning of artist group factors to musical genre classification", WWW 2018.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.audio.frontends import MelConfig, MelScale, MelSpectrogram
from tutti.errors import ConfigError
from tutti.models.blocks import CONV_THEN_NORM
from tutti.models.tagger import Architecture, Tagger, TaggerConfig

# kernel, channels in units of n_channels, normalised, (frequency, time) pooled, dropout after it
LAYERS = (
    *((5, 1, False, (2, 1), 0.0), (3, 2, True, (2, 2), 0.1), (3, 4, False, (2, 2), 0.0), (3, 4, True, (2, 2), 0.1)),
    *((3, 8, False, (2, 2), 0.0), (3, 16, False, (1, 1), 0.0), (1, 16, True, (1, 1), 0.0)),
)
WIDTH = 16  # of the vector, in units of n_channels
LEAST_MELS, LEAST_FRAMES = 32, 16  # halved five and four times
SMALLEST_DEVIATION = 1e-3  # decibels: a band that is always silent is left at 0


@dataclass(frozen=True, kw_only=True)
class ArtistGroupCNNConfig(TaggerConfig):
    """The published size: 1 s at 22,050 Hz, 128 mel bands, 43 frames.

    Attributes:
        n_fft: Of the spectrogram, samples.
        hop_length: Of the spectrogram, samples.
        n_mels: Of the spectrogram.
        mel_scale: Of the spectrogram, with filters of equal area: librosa's defaults.
        n_channels: Of the first convolution; the vector has 16 times as many dimensions.
    """

    sample_rate: int = 22_050
    n_samples: int = 22_015
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 128
    mel_scale: MelScale = "slaney"
    n_channels: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_channels < 1:
            raise ConfigError(f"n_channels={self.n_channels} is not positive", hint="give 1 or more")
        if self.n_mels < LEAST_MELS:
            raise ConfigError(f"{self.n_mels} mel bands cannot be halved five times", hint=f"give {LEAST_MELS} or more")
        if self.mel.n_frames(self.n_samples) < LEAST_FRAMES:
            raise ConfigError(
                f"{self.n_samples} samples are {self.mel.n_frames(self.n_samples)} frames, which cannot be halved four "
                "times",
                hint=f"give n_samples of {(LEAST_FRAMES - 1) * self.hop_length} or more",
            )

    @property
    def mel(self) -> MelConfig:
        """The front end's configuration."""
        return MelConfig(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
            scale=self.mel_scale,
            area_norm=True,
            decibels_per_decade=20.0,
            exponent=1,
        )


class BandStandardisation(nn.Module):
    """Each mel band minus its mean, divided by its deviation, both of the training data. ``[batch, bands, frames]``.

    :meth:`fit` sets them once. Where nobody has, as in any other training than that of artist groups, batches are
    standardised by themselves while learning, and by the mean of all batches' statistics afterwards.
    """

    mean: Tensor
    variance: Tensor
    n_batches: Tensor
    is_fitted: Tensor

    def __init__(self, n_bands: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_bands))
        self.register_buffer("variance", torch.ones(n_bands))
        self.register_buffer("n_batches", torch.zeros((), dtype=torch.long))
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.long))

    def fit(self, spectrograms: Iterable[Tensor]) -> None:
        """Take mean and deviation of all frames, each band for itself, and keep them from now on.

        Args:
            spectrograms: Each of shape ``[batch, bands, frames]``, seen once.
        """
        n_frames, sums, squares = 0, torch.zeros_like(self.mean).double(), torch.zeros_like(self.mean).double()
        for spectrogram in spectrograms:
            frames = spectrogram.double()
            n_frames += frames.shape[0] * frames.shape[2]
            sums += frames.sum(dim=(0, 2))
            squares += frames.square().sum(dim=(0, 2))
        if not n_frames:
            raise ConfigError("there are no frames to take means and deviations from", hint="give a spectrogram")
        mean = sums / n_frames
        self.mean.copy_(mean)
        self.variance.copy_((squares / n_frames - mean.square()).clamp_min(0))
        self.is_fitted.fill_(1)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Standardise."""
        mean, variance = self.mean, self.variance
        if self.training and not self.is_fitted:
            variance, mean = torch.var_mean(spectrogram.detach(), dim=(0, 2), correction=0)
            self.n_batches += 1
            self.mean.lerp_(mean, 1 / float(self.n_batches))
            self.variance.lerp_(variance, 1 / float(self.n_batches))
        deviation = variance.sqrt().clamp_min(SMALLEST_DEVIATION)
        return (spectrogram - mean[:, None]) / deviation[:, None]


class ConvELU(nn.Module):
    """Convolution of the same size, batch normalisation or none, ELU, max pooling, dropout.

    ``[batch, channels, mel_bands, frames]``.
    """

    folds = CONV_THEN_NORM

    def __init__(
        self, n_in: int, n_out: int, *, kernel: int, is_normalised: bool, pool: tuple[int, int], dropout: float
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(n_out) if is_normalised else nn.Identity()
        self.pool = nn.MaxPool2d(pool)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        found: Tensor = self.dropout(self.pool(F.elu(self.norm(self.conv(x)))))
        return found


class ArtistGroupEncoder(nn.Module):
    """Mel spectrogram in decibels ``[batch, mel_bands, frames]`` to ``[batch, 16 * n_channels]``."""

    folds = (("dense", "norm"),)

    def __init__(self, config: ArtistGroupCNNConfig) -> None:
        super().__init__()
        self.bands = BandStandardisation(config.n_mels)
        layers: list[nn.Module] = []
        n_in = 1
        for kernel, factor, is_normalised, pool, dropout in LAYERS:
            n_out = factor * config.n_channels
            layers.append(ConvELU(n_in, n_out, kernel=kernel, is_normalised=is_normalised, pool=pool, dropout=dropout))
            n_in = n_out
        self.layers = nn.Sequential(*layers)
        self.embed_dim = WIDTH * config.n_channels
        self.mean_norm = nn.BatchNorm1d(self.embed_dim)
        self.dense = nn.Linear(self.embed_dim, self.embed_dim)
        self.norm = nn.BatchNorm1d(self.embed_dim)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        found = self.layers(self.bands(spectrogram).unsqueeze(1))
        return F.elu(self.norm(self.dense(self.mean_norm(found.mean(dim=(2, 3))))))


@dataclass(frozen=True, kw_only=True)
class ArtistGroupEnsembleConfig(ArtistGroupCNNConfig):
    """Several networks of the published size, and the perceptron of the submitted system.

    Attributes:
        n_networks: Whose vectors are joined.
        n_hidden: Width of the perceptron's one hidden layer.
        input_dropout: Of the joined vectors while training; ``dropout`` is that of the hidden layer.
    """

    n_networks: int = 5
    n_hidden: int = 1024
    input_dropout: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_networks", "n_hidden"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if not 0 <= self.input_dropout < 1:
            raise ConfigError(f"input_dropout={self.input_dropout:g} is no probability below 1", hint="give 0 to 0.9")


class ArtistGroupEnsemble(nn.Module):
    """Vectors of several networks, joined, then dropout, dense layer, ELU: ``[batch, bands, frames]`` to a vector."""

    def __init__(self, config: ArtistGroupEnsembleConfig) -> None:
        super().__init__()
        self.networks = nn.ModuleList(ArtistGroupEncoder(config) for _ in range(config.n_networks))
        self.dropout = nn.Dropout(config.input_dropout)
        self.dense = nn.Linear(config.n_networks * WIDTH * config.n_channels, config.n_hidden)
        self.embed_dim = config.n_hidden

    def joined(self, spectrogram: Tensor) -> Tensor:
        """The networks' vectors side by side. Shape ``[batch, n_networks * 16 * n_channels]``."""
        return torch.cat([network(spectrogram) for network in self.networks], dim=1)

    def decide(self, joined: Tensor) -> Tensor:
        """The perceptron's hidden layer, of joined vectors."""
        return F.elu(self.dense(self.dropout(joined)))

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        return self.decide(self.joined(spectrogram))


def build_cnn(config: ArtistGroupCNNConfig, n_labels: int) -> Tagger:
    """An untrained network of table 4.2."""
    return Tagger(MelSpectrogram(config.mel), ArtistGroupEncoder(config), n_labels, dropout=config.dropout)


def build_ensemble(config: ArtistGroupEnsembleConfig, n_labels: int) -> Tagger:
    """Untrained networks with a classifier on their vectors."""
    return Tagger(MelSpectrogram(config.mel), ArtistGroupEnsemble(config), n_labels, dropout=config.dropout)


PAPER = "Won, thesis 2021; Kim, Won, Serra, Liem, WWW 2018"
ARTIST_GROUP_CNN = Architecture(config=ArtistGroupCNNConfig(), build=build_cnn, published_names=(), paper=PAPER)
ARTIST_GROUP_ENSEMBLE = Architecture(
    config=ArtistGroupEnsembleConfig(), build=build_ensemble, published_names=(), paper=PAPER
)
