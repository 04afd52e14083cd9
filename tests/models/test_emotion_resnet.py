"""The music trunk of sentence-to-music retrieval: its size and the maps that its blocks leave."""

from __future__ import annotations

import pytest
import torch

from tutti.errors import ConfigError
from tutti.models.taggers import build_tagger

# Frequency and time behind each block, of five seconds (313 frames), as the published code has them.
MAPS = [(64, 156), (32, 78), (16, 39), (8, 19), (4, 9), (2, 3), (1, 1), (1, 1)]


def test_the_trunk_has_the_parameters_that_were_published():
    network = build_tagger("emotion_resnet", 0)
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_398_018
    assert network.embed_dim == 256


def test_five_seconds_leave_one_place_behind_the_seventh_block():
    network = build_tagger("emotion_resnet", 0, n_channels=2).eval()
    with torch.inference_mode():
        features = network.encoder.input_norm(network.frontend(torch.zeros(1, 80_000)))
        assert features.shape == (1, 1, 128, 313)
        for layer, expected in zip(network.encoder.layers, MAPS, strict=True):
            features = layer(features)
            assert tuple(features.shape[2:]) == expected


def test_an_excerpt_that_pooling_would_leave_nothing_of_is_refused():
    assert build_tagger("emotion_resnet", 0, n_channels=1, n_samples=287 * 256)
    with pytest.raises(ConfigError, match="287 frames"):
        build_tagger("emotion_resnet", 0, n_channels=1, n_samples=287 * 256 - 1)
