"""The same network, faster to predict with: normalisation folded into the convolutions, channels last, fewer products.

After training, normalisation is a fixed scale and offset for each channel, which the convolution before it can apply
itself: w' = w * gamma / sqrt(var + eps), b' = (b - mean) * gamma / sqrt(var + eps) + beta. MusiCNN's tall convolutions
are computed as :mod:`tutti.models.spectral` says. Outputs agree to about 1e-6.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Iterator

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from tutti.audio.frontends import MelSpectrogram
from tutti.models.spectral import SpectralTimbreFilters, saving
from tutti.models.tagger import Tagger
from tutti.models.taggers.musicnn import TimbreFilters

LEAST_SAVING = 1.75  # below that, measured on filters of 86 and 38 bands and 1 and 3 frames, transforms cost time


def folded(network: Tagger) -> Tagger:
    """A copy for predicting only; the network itself stays as it is."""
    fast = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    for module in list(fast.encoder.modules()):
        for layer_name, norm_name in _pairs(module):
            for layer in _folded_layer(module, layer_name, norm_name):
                setattr(module, layer_name, layer)
                setattr(module, norm_name, nn.Identity())
    if fast.device.type == "cpu":  # accelerators have products to spare
        _transform_tall_convolutions(fast)
    fast.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fast


def _transform_tall_convolutions(network: Tagger) -> None:
    for module in list(network.encoder.modules()):
        for name, filters in module.named_children():
            if isinstance(filters, TimbreFilters):
                assert isinstance(network.frontend, MelSpectrogram)
                n_bands = network.frontend.config.n_mels
                if saving(filters.conv, n_bands=n_bands) > LEAST_SAVING:
                    setattr(module, name, SpectralTimbreFilters(filters.conv, n_bands=n_bands))


def _pairs(module: nn.Module) -> Iterable[tuple[str, str]]:
    """Names of a layer and of the normalisation that its output goes straight into.

    A sequence tells by its order; other modules may compute in another order than they are written down in, so only
    what they list as ``folds`` counts.
    """
    if isinstance(module, nn.Sequential):
        return itertools.pairwise(list(module._modules))
    return getattr(module, "folds", ())


def _folded_layer(module: nn.Module, layer_name: str, norm_name: str) -> Iterator[nn.Module]:
    layer, norm = module._modules.get(layer_name), module._modules.get(norm_name)
    if isinstance(layer, nn.Conv1d | nn.Conv2d) and isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
        yield fuse_conv_bn_eval(layer, norm)
    elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
        yield fuse_linear_bn_eval(layer, norm)
