"""Shared blocks: two roads to one answer."""

from __future__ import annotations

import copy

import torch
from torch import nn

from tutti.models.blocks import InputNorm, conv_of_affine
from tutti.models.taggers import build_tagger


def test_a_convolution_of_an_affine_input_is_the_same_from_its_parts():
    torch.manual_seed(0)
    conv, x = nn.Conv2d(1, 3, (5, 3), padding=(0, 1)), torch.randn(2, 1, 9, 7)
    scale, shift = torch.tensor([0.7]), torch.tensor([-1.3])
    torch.testing.assert_close(conv_of_affine(conv, x, scale=scale, shift=shift), conv(scale * x + shift))


def test_standardised_then_scaled_is_the_input_norm_and_keeps_its_statistics():
    torch.manual_seed(0)
    one = InputNorm()
    nn.init.constant_(one.norm.weight, 2.0)
    nn.init.constant_(one.norm.bias, 0.5)
    other, spectrogram = copy.deepcopy(one), torch.randn(2, 4, 6) * 20 - 30
    torch.testing.assert_close(other.standardised(spectrogram) * 2.0 + 0.5, one(spectrogram))
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor)


def test_musicnn_learns_the_same_by_the_fast_road(monkeypatch):
    torch.manual_seed(0)
    tagger = build_tagger("musicnn", 5, n_timbre=3, n_tempo=2, n_channels=4, dense_dim=6, n_samples=8_000)
    slow, waveform = copy.deepcopy(tagger).train(), torch.randn(3, 8_000) * 0.1
    monkeypatch.setattr(slow.encoder, "_learn", slow.encoder._listen)
    for network in (tagger.train(), slow):
        torch.manual_seed(1)
        network(waveform).square().sum().backward()
    for (name, ours), theirs in zip(tagger.named_parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=2e-4, rtol=1e-3, msg=name)
