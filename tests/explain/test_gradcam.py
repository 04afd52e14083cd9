from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutti.audio.frontends import MelConfig, MelSpectrogram
from tutti.audio.recording import Recording
from tutti.errors import ModelError, UnknownNameError
from tutti.explain.bands import band_frequencies, frame_seconds
from tutti.explain.gradcam import class_map, class_maps, convolution_layers
from tutti.explain.stretches import take_excerpt
from tutti.models.tagger import Tagger


class Ear(nn.Module):
    """Hears, for label 0, only some bands and frames of the spectrogram; for label 1, the others."""

    embed_dim = 2

    def __init__(self, bands: slice, frames: slice) -> None:
        super().__init__()
        self.bands, self.frames = bands, frames
        self.layer = nn.Sequential(nn.Conv2d(2, 2, 1))
        nn.init.eye_(self.layer[0].weight[:, :, 0, 0])
        nn.init.zeros_(self.layer[0].bias)

    def forward(self, spectrogram: Tensor) -> Tensor:
        inside = torch.zeros_like(spectrogram)
        inside[:, self.bands, self.frames] = 1
        loud = spectrogram + 100
        return F.relu(self.layer(torch.stack([loud * inside, loud * (1 - inside)], dim=1))).mean(dim=(2, 3))


@pytest.fixture
def ear() -> Tagger:
    tagger = Tagger(MelSpectrogram(MelConfig(n_mels=32)), Ear(slice(10, 15), slice(20, 30)), 2).eval()
    nn.init.eye_(tagger.head.weight)
    return tagger


def noise(n_samples: int, batch: int = 1) -> Tensor:
    return 0.1 * torch.randn(batch, n_samples, generator=torch.Generator().manual_seed(1))


def test_a_network_that_listens_to_one_region_has_its_map_there(ear):
    here = class_maps(ear, noise(16_000), 0).values[0] > 0
    assert here[10:15, 20:30].all()
    assert here.sum() == 5 * 10
    elsewhere = class_maps(ear, noise(16_000), 1).values[0] > 0
    assert not (here & elsewhere).any()


def test_where_nothing_speaks_for_a_label_the_map_is_empty(ear):
    with torch.no_grad():
        ear.head.weight.neg_()
    assert class_maps(ear, noise(16_000), 0).values.max() == 0


def test_every_convolutional_architecture_has_maps_from_0_to_1_that_company_does_not_change(convolutional, adding_up):
    model = adding_up(convolutional)
    waveforms = noise(model.n_samples, batch=2)
    both = class_maps(model.network, waveforms, 1)
    assert both.values.min() >= 0
    assert both.values.max(axis=(1, 2)) == pytest.approx([1, 1])
    assert both.values.shape[2] == len(both.columns)
    alone = class_maps(model.network, waveforms[1:], 1)
    assert both.values[1:] == pytest.approx(alone.values, abs=1e-4)


def test_a_burst_of_sound_is_found_when_and_where_it_sounds(convolutional, adding_up):
    model = adding_up(convolutional)
    is_raw = band_frequencies(model.network) is None
    burst = 0.62 * model.n_samples / model.sample_rate
    times = np.arange(model.n_samples) / model.sample_rate
    tone = np.ones_like(times) if is_raw else 0.5 * np.sin(2 * np.pi * 1500 * times)
    sound = np.where(np.abs(times - burst) < 0.05, tone, 0).astype(np.float32)
    made = class_map(
        model, take_excerpt(Recording.from_waveform(sound, model.sample_rate), model, start=0.0), model.labels[2]
    )
    over_time = made.values.max(axis=0)
    loud = over_time > 0.9 * over_time.max()
    cell = burst_tolerance(model, made.layer)
    assert made.times[loud].mean() == pytest.approx(burst, abs=cell)
    # Bands of a harmonic CNN hear harmonics of lower notes; low bins of a CQT hear a click longest.
    is_exact = convolutional != "harmonic_cnn" and not convolutional.startswith("cqt_cnn")
    if made.frequencies is not None and is_exact:
        over_bands = made.values.max(axis=1)
        heard = made.frequencies[over_bands > 0.9 * over_bands.max()]
        assert 0.6 * 1500 < np.median(heard) < 1.6 * 1500


def test_a_tone_is_found_at_its_frequency_by_small_kernels_on_a_constant_q_spectrogram(adding_up):
    model = adding_up("cqt_cnn_3x3_low")
    times = torch.arange(model.n_samples) / model.sample_rate
    faint = 0.001 * noise(model.n_samples)
    maps = class_maps(model.network, faint + 0.5 * torch.sin(2 * torch.pi * 1500 * times), 0)
    over_bands = maps.values[0].mean(axis=1)
    frequencies = band_frequencies(model.network)
    assert len(frequencies) == len(over_bands) == 96
    assert 0.8 * 1500 < frequencies[over_bands.argmax()] < 1.25 * 1500


def test_a_kernel_of_all_bands_has_a_map_over_time_alone(adding_up):
    model = adding_up("cqt_cnn_4x96_low")
    maps = class_maps(model.network, noise(model.n_samples), 0)
    assert maps.values.shape == (1, 1, 322)
    assert maps.values.max() == 1


def burst_tolerance(model, layer: str) -> float:
    """Half a cell of the map, and 50 ms."""
    from tutti.explain.geometry import follow

    with torch.no_grad():
        features = model.network.frontend(torch.zeros(1, model.n_samples))
    layers = convolution_layers(model.network.encoder)
    _, grid = follow(model.network.encoder, features, layers)[layer]
    return 0.05 + grid.frames.jump / 2 * frame_seconds(model.network, model.sample_rate)


def test_a_map_says_its_times_and_frequencies_in_the_units_of_the_recording(small_model, noise_wav):
    excerpt = take_excerpt(Recording.from_file(noise_wav), small_model, start=1.0)
    made = class_map(small_model, excerpt, "noisy")
    assert made.values.shape == (32, len(made.times)) == (len(made.frequencies), 1 + 4000 // 256)
    assert made.times[0] == pytest.approx(1.0)
    assert np.diff(made.times) == pytest.approx(256 / 8000)
    assert (np.diff(made.frequencies) > 0).all()
    assert made.frequencies[-1] < 4000
    assert made.probability == pytest.approx(small_model.predict(excerpt.waveform[0].numpy(), 8000)[2].item(), abs=1e-6)
    json.dumps(made.to_json())


def test_a_layer_can_be_named(small_model, noise_wav):
    excerpt = take_excerpt(Recording.from_file(noise_wav), small_model)
    assert class_map(small_model, excerpt, "low", layer="layers.1").layer == "layers.1"
    with pytest.raises(UnknownNameError, match=r"no convolutional layer called 'layer\.1'") as raised:
        class_map(small_model, excerpt, "low", layer="layer.1")
    assert "layers.1" in raised.value.hint


def test_an_unknown_label_is_answered_with_the_nearest(small_model, noise_wav):
    with pytest.raises(UnknownNameError, match="no label of small called 'nois'") as raised:
        class_map(small_model, take_excerpt(Recording.from_file(noise_wav), small_model), "nois")
    assert "did you mean 'noisy'?" in raised.value.hint


def test_a_tagger_without_convolutions_has_no_map():
    class Flat(nn.Module):
        embed_dim = 32

        def forward(self, spectrogram: Tensor) -> Tensor:
            return spectrogram.mean(dim=2)

    tagger = Tagger(MelSpectrogram(MelConfig(n_mels=32)), Flat(), 2)
    with pytest.raises(ModelError, match="no convolutional layers"):
        class_maps(tagger, noise(8000), 0)


def test_the_weights_of_a_tagger_stay_without_gradients(small_model):
    class_maps(small_model.network, noise(4000), 0)
    assert all(parameter.grad is None for parameter in small_model.network.parameters())
