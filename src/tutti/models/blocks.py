"""Blocks of layers that several architectures share, each once.

All convolutions carry a bias and are followed by batch normalisation with torch's defaults, as in the published models.
``folds`` of a block names the layers whose output goes straight into a normalisation, so that
:mod:`tutti.models.folding` may make one of the two.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONV_THEN_NORM = (("conv", "norm"),)
TWO_CONVS_THEN_NORMS = (("conv_1", "norm_1"), ("conv_2", "norm_2"))


class ConvBlock1d(nn.Module):
    """Convolution, batch normalisation, ReLU, max pooling. ``[batch, channels, frames]``."""

    folds = CONV_THEN_NORM

    def __init__(self, n_in: int, n_out: int, *, kernel: int, stride: int = 1, pool: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, n_out, kernel, stride=stride, padding=kernel // 2)
        self.norm = nn.BatchNorm1d(n_out)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        activated = F.relu(self.norm(self.conv(x)))
        return activated if self.pool == 1 else F.max_pool1d(activated, self.pool)


class SqueezeExcite1d(nn.Module):
    """A weight from 0 to 1 for each channel, from the means of all channels. ``[batch, channels, frames]``.

    Args:
        n_channels: Of input and output.
        ratio: Width of the hidden layer, in units of ``n_channels``.

    References:
        Hu, Shen, Sun, "Squeeze-and-excitation networks", CVPR 2018, where the hidden layer is narrower.
    """

    def __init__(self, n_channels: int, *, ratio: int = 1) -> None:
        super().__init__()
        self.squeeze = nn.Linear(n_channels, ratio * n_channels)
        self.excite = nn.Linear(ratio * n_channels, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels."""
        weights = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean(dim=2)))))
        return x * weights[:, :, None]


class ResidualSEBlock1d(nn.Module):
    """Two convolutions, squeeze and excitation, a shortcut, then max pooling. ``[batch, channels, frames]``.

    The shortcut is a convolution of its own, of the same kernel and stride, wherever the shape changes.
    """

    folds = TWO_CONVS_THEN_NORMS

    def __init__(self, n_in: int, n_out: int, *, kernel: int = 3, stride: int = 1, pool: int = 1) -> None:
        super().__init__()
        padding = kernel // 2
        self.conv_1 = nn.Conv1d(n_in, n_out, kernel, stride=stride, padding=padding)
        self.norm_1 = nn.BatchNorm1d(n_out)
        self.conv_2 = nn.Conv1d(n_out, n_out, kernel, padding=padding)
        self.norm_2 = nn.BatchNorm1d(n_out)
        self.attention = SqueezeExcite1d(n_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            conv = nn.Conv1d(n_in, n_out, kernel, stride=stride, padding=padding)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm1d(n_out))
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        residual = self.attention(self.norm_2(self.conv_2(F.relu(self.norm_1(self.conv_1(x))))))
        activated = F.relu(residual + self.shortcut(x))
        return activated if self.pool == 1 else F.max_pool1d(activated, self.pool)


class ConvBlock2d(nn.Module):
    """3 x 3 convolution, batch normalisation, ReLU, max pooling. ``[batch, channels, mel_bands, frames]``."""

    folds = CONV_THEN_NORM

    def __init__(self, n_in: int, n_out: int, *, pool: int | tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(n_out)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return F.max_pool2d(F.relu(self.norm(self.conv(x))), self.pool)


class ResidualBlock2d(nn.Module):
    """Two 3 x 3 convolutions and a shortcut; stride or max pooling reduce. ``[batch, channels, mel_bands, frames]``.

    The shortcut is a 3 x 3 convolution of its own with batch normalisation wherever the shape changes; otherwise it is
    the input itself.
    """

    folds = TWO_CONVS_THEN_NORMS

    def __init__(
        self, n_in: int, n_out: int, *, stride: int | tuple[int, int] = 2, pool: int | tuple[int, int] = 1
    ) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)
        self.norm_1 = nn.BatchNorm2d(n_out)
        self.conv_2 = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.norm_2 = nn.BatchNorm2d(n_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1), nn.BatchNorm2d(n_out))
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        residual = self.norm_2(self.conv_2(F.relu(self.norm_1(self.conv_1(x)))))
        activated = F.relu(residual + self.shortcut(x))
        return activated if self.pool == 1 else F.max_pool2d(activated, self.pool)


class PointwiseBlock2d(nn.Module):
    """1 x 1 convolution, batch normalisation, ReLU. ``[batch, channels, mel_bands, frames]``."""

    folds = CONV_THEN_NORM

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 1)
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return F.relu(self.norm(self.conv(x)))


class DenseBlock(nn.Module):
    """Linear layer, batch normalisation, ReLU. ``[batch, n_in]`` to ``[batch, n_out]``."""

    folds = (("linear", "norm"),)

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        return F.relu(self.norm(self.linear(x)))


def fitted_pools(pools: Sequence[tuple[int, int]], n_bands: int) -> list[tuple[int, int]]:
    """Pools of (frequency, time) for so many bands: where too few are left to pool, frequency is left alone.

    >>> fitted_pools([(2, 2), (2, 2), (2, 3)], 5)
    [(2, 2), (2, 2), (1, 3)]
    """
    fitted = []
    for height, width in pools:
        height = height if n_bands >= height else 1
        n_bands //= height
        fitted.append((height, width))
    return fitted


class InputNorm(nn.Module):
    """Batch normalisation of a whole spectrogram as one channel. ``[batch, mel_bands, frames]`` to 4 dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Normalise, and add the axis of channels: ``[batch, 1, mel_bands, frames]``."""
        normalised: Tensor = self.norm(spectrogram.unsqueeze(1))
        return normalised

    def standardised(self, spectrogram: Tensor) -> Tensor:
        """The same before the learned scale and shift, which :func:`conv_of_affine` takes apart from it."""
        norm = self.norm
        if self.training and norm.num_batches_tracked is not None:
            norm.num_batches_tracked.add_(1)
        x, momentum = spectrogram.unsqueeze(1), 0.0 if norm.momentum is None else norm.momentum
        return F.batch_norm(
            x, norm.running_mean, norm.running_var, training=self.training, momentum=momentum, eps=norm.eps
        )


def conv_of_affine(conv: nn.Conv2d, x: Tensor, *, scale: Tensor, shift: Tensor) -> Tensor:
    """``conv(scale * x + shift)`` for one input channel, by products that need no gradient of the input.

    Since convolution is linear, it is ``scale * conv(x) + shift * conv(1)``. Behind a spectrogram nothing else is
    learned, and the gradient of an input of one channel is what a tall convolution's training time goes to.

    Args:
        conv: Of one input channel.
        x: Shape ``[batch, 1, height, width]``.
        scale: One number.
        shift: One number.
    """
    ones = torch.ones_like(x[:1])
    constant = F.conv2d(ones, conv.weight * shift, conv.bias, conv.stride, conv.padding)
    return F.conv2d(x, conv.weight * scale, None, conv.stride, conv.padding) + constant
