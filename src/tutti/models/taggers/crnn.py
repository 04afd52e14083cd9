"""CRNN: four convolutions, then a recurrent network over time, on 29 s of sound.

Choi, Fazekas, Sandler, Cho, "Convolutional recurrent neural networks for music classification", ICASSP 2017, in the
form of Won et al., SMC 2020, whose published checkpoints it takes (Won, thesis 2021, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from tutti.audio.frontends import MelSpectrogram
from tutti.models.blocks import ConvBlock2d, InputNorm
from tutti.models.tagger import Architecture, MelTaggerConfig, Tagger

LAYERS = ((64, 2), (128, 3), (128, 4), (128, 4))  # channels, pool on both axes
HIDDEN = 32


@dataclass(frozen=True, kw_only=True)
class CRNNConfig(MelTaggerConfig):
    """The published size: 29 s at 16 kHz, 96 (or 128) mel bands, 394,100 parameters with 50 labels."""

    n_samples: int = 464_000


class CRNNEncoder(nn.Module):
    """Log-mel spectrogram ``[batch, mel_bands, frames]`` to the recurrent network's last state ``[batch, 32]``."""

    def __init__(self) -> None:
        super().__init__()
        self.input_norm = InputNorm()
        widths = [1] + [n_channels for n_channels, _ in LAYERS]
        self.layers = nn.Sequential(
            *[ConvBlock2d(n_in, n_out, pool=pool) for n_in, (n_out, pool) in zip(widths[:-1], LAYERS, strict=True)]
        )
        self.gru = nn.GRU(widths[-1], HIDDEN, num_layers=2, batch_first=True)
        self.embed_dim = HIDDEN

    def forward(self, spectrogram: Tensor) -> Tensor:
        """See the class."""
        features = self.layers(self.input_norm(spectrogram)).squeeze(2)  # (batch, channels, time)
        sequence, _ = self.gru(features.transpose(1, 2))
        return sequence[:, -1]  # type: ignore[no-any-return]


def build(config: CRNNConfig, n_labels: int) -> Tagger:
    """An untrained CRNN."""
    return Tagger(MelSpectrogram(config.mel), CRNNEncoder(), n_labels, dropout=config.dropout)


CRNN = Architecture(
    config=CRNNConfig(),
    build=build,
    published_names=(
        (r"spec_bn\.", "encoder.input_norm.norm."),
        (r"layer([1-4])\.bn\.", r"encoder.layers.#\1.norm."),
        (r"layer([1-4])\.", r"encoder.layers.#\1."),
        (r"layer5\.", "encoder.gru."),
        (r"dense\.", "head."),
    ),
    paper="Choi, Fazekas, Sandler, Cho, ICASSP 2017",
)
