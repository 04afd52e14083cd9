from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from tutti.errors import ModelError
from tutti.explain.filter_figures import draw_filters
from tutti.explain.filters import HarmonicBank, SpectrogramFilters, WaveformFilters, has_filters, learned_filters


def test_filters_on_a_waveform_come_in_the_order_of_their_peaks(small_model_of):
    network = small_model_of("sample_cnn").network
    first = next(module for module in network.encoder.modules() if isinstance(module, nn.Conv1d))
    nn.init.zeros_(first.weight)
    with torch.no_grad():
        first.weight[0, 0] = torch.tensor([1.0, -1.0, 1.0])  # the fastest that there is
        first.weight[1, 0] = torch.tensor([1.0, 0.0, -1.0])  # a quarter of the sample rate
        first.weight[2:, 0] = torch.tensor([1.0, 1.0, 1.0])  # slow
    found = learned_filters(network, sample_rate=16_000)
    assert isinstance(found, WaveformFilters)
    peaks = found.frequencies[found.spectra.argmax(axis=1)]
    assert peaks[-2:].tolist() == [4000, 8000]
    assert (peaks[:-2] == 0).all()
    assert found.n_taps == 3


def test_a_harmonic_bank_says_its_centres_and_how_wide_it_learned_to_listen(small_model_of):
    network = small_model_of("harmonic_cnn").network
    with torch.no_grad():
        network.frontend.filters.q.fill_(2.0)
    found = learned_filters(network, sample_rate=16_000)
    assert isinstance(found, HarmonicBank)
    assert found.centres[0, 0] == pytest.approx(32.7032, abs=1e-3)  # C1
    assert found.centres[5] == pytest.approx(6 * found.centres[0])
    assert found.bandwidths * 2 == pytest.approx(found.untrained)
    assert found.untrained[0, 0] == pytest.approx(0.1079 * 32.7032 + 24.7, abs=1e-3)


def test_tall_filters_come_with_the_strongest_first(small_model_of):
    found = learned_filters(small_model_of("musicnn").network, sample_rate=16_000)
    assert isinstance(found, SpectrogramFilters)
    assert found.kernels.shape == (8, 67, 7)
    norms = np.linalg.norm(found.kernels, axis=(1, 2))
    assert (np.diff(norms) <= 0).all()
    assert found.frame_seconds == pytest.approx(0.016)


def test_small_kernels_on_a_spectrogram_are_not_drawn(small_model):
    assert not has_filters(small_model.network)
    with pytest.raises(ModelError, match="no filters on its input that show anything"):
        learned_filters(small_model.network, sample_rate=8000)


@pytest.mark.parametrize("name", ["sample_cnn", "harmonic_cnn", "musicnn"])
def test_each_kind_of_filters_can_be_drawn(name, small_model_of, tmp_path):
    found = learned_filters(small_model_of(name).network, sample_rate=16_000)
    draw_filters(found, tmp_path / "filters.png", title=name)
    assert (tmp_path / "filters.png").read_bytes().startswith(b"\x89PNG")
    json.dumps(found.to_json())
