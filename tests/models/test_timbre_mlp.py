"""The baseline on statistics of timbre."""

import pytest
import torch

from tutti.errors import ConfigError
from tutti.models.taggers import build_tagger


def test_250_labels_take_12_250_parameters():
    network = build_tagger("timbre_mlp", 250)
    assert network.embed_dim == 48
    assert sum(parameter.numel() for parameter in network.parameters()) == 12_250


def test_the_vector_is_the_standardised_statistics():
    network = build_tagger("timbre_mlp", 3).eval()
    waveforms = torch.randn(6, 8000) * torch.linspace(0.1, 1, 6)[:, None]
    statistics = network.frontend(waveforms)
    assert torch.equal(network.represent(waveforms), statistics)
    network.encoder.standardisation.fit([statistics])
    torch.testing.assert_close(network.represent(waveforms).mean(dim=0), torch.zeros(48), atol=1e-4, rtol=0)


def test_without_labels_there_are_the_statistics_and_nothing_to_learn():
    network = build_tagger("timbre_mlp", 0)
    assert list(network.parameters()) == []
    assert network.represent(torch.randn(2, 8000)).shape == (2, 48)


def test_an_excerpt_shorter_than_half_a_window_is_refused():
    with pytest.raises(ConfigError, match="n_samples=1024"):
        build_tagger("timbre_mlp", 3, n_samples=1024)
