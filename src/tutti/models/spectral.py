"""Tall convolutions of one channel, computed by Fourier transforms along frequency: the same outputs, fewer products.

Over the bands a kernel of K taps becomes one product a bin. Of a transform over all N bands, the N - K + 1 outputs that
are wanted do not wrap around, so nothing is padded. Transforms are products with constant matrices, which for some
hundred bands is faster than the fast algorithm, since only what is wanted is computed. MusiCNN's two kernels take 2.6
times fewer multiplications this way, and that is what its time goes to.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def saving(conv: nn.Conv2d, *, n_bands: int) -> float:
    """How many times fewer multiplications a tall convolution takes by transforms, for each filter and frame.

    >>> tall, narrow = nn.Conv2d(1, 204, (67, 7)), nn.Conv2d(1, 32, (86, 1))
    >>> round(saving(tall, n_bands=96), 1), round(saving(narrow, n_bands=96), 1)
    (3.3, 0.7)
    """
    height, n_taps = conv.kernel_size
    n_places, n_bins = n_bands - height + 1, n_bands // 2 + 1
    return height * n_places * n_taps / (4 * n_bins * n_taps + 2 * n_bins * n_places)


class SpectralTimbreFilters(nn.Module):
    """What ``TimbreFilters`` gives, for predicting only. ``[batch, 1, bands, frames]`` to ``[batch, filters, frames]``.

    Excerpts are computed one by one, so that what is in the making stays small and company changes nothing.

    Args:
        conv: With normalisation folded in, so that a ReLU is all that follows.
        n_bands: Of the spectrograms to come.
    """

    analysis: Tensor  # bands to bins, real parts first: [2 bins, bands]
    kernels: Tensor  # complex products as real ones: [bins, 2 filters, 2 taps]
    synthesis: Tensor  # bins to places: [places, 2 bins]
    bias: Tensor

    def __init__(self, conv: nn.Conv2d, *, n_bands: int) -> None:
        super().__init__()
        weight = conv.weight.detach()[:, 0].double()  # (filters, height, taps)
        assert conv.bias is not None
        self.n_places = n_bands - weight.shape[1] + 1
        self.n_taps = weight.shape[2]
        spectrum = torch.fft.rfft(weight, n=n_bands, dim=1).conj().transpose(0, 1)  # (bins, filters, taps)
        self.n_bins = len(spectrum)
        above = torch.cat([spectrum.real, -spectrum.imag], dim=2)
        below = torch.cat([spectrum.imag, spectrum.real], dim=2)
        identity = torch.eye(n_bands, dtype=torch.float64)
        forth = torch.fft.rfft(identity, dim=0)
        units = torch.eye(self.n_bins, dtype=torch.complex128)
        back = torch.stack([torch.fft.irfft(unit * units, n=n_bands, dim=1) for unit in (1, 1j)], dim=1)
        self.register_buffer("analysis", torch.cat([forth.real, forth.imag]).float(), persistent=False)
        self.register_buffer("kernels", torch.cat([above, below], dim=1).float(), persistent=False)
        self.register_buffer("synthesis", back.flatten(0, 1).T[: self.n_places].float().contiguous(), persistent=False)
        self.register_buffer("bias", conv.bias.detach().clone()[:, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the filters: ``[batch, filters, frames]``."""
        return torch.stack([self._loudest(spectrogram) for spectrogram in x[:, 0]])

    def _loudest(self, spectrogram: Tensor) -> Tensor:
        n_frames = spectrogram.shape[1]
        margin = self.n_taps // 2
        bins = (self.analysis @ F.pad(spectrogram, (margin, margin))).view(2, self.n_bins, -1)
        taps = bins.unfold(2, n_frames, 1).transpose(0, 1)  # (bins, 2, taps, frames)
        products = torch.bmm(self.kernels, taps.reshape(self.n_bins, 2 * self.n_taps, n_frames))
        places = self.synthesis @ products.view(2 * self.n_bins, -1)  # (places, filters * frames)
        return F.relu(places.amax(dim=0).view(-1, n_frames) + self.bias)
