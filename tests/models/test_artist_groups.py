"""The networks of artist group factors: published sizes, the front end against librosa, standardised bands."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError
from tutti.models.folding import folded
from tutti.models.taggers import ARCHITECTURES, build_tagger
from tutti.models.taggers.artist_groups import BandStandardisation


@pytest.mark.parametrize(("n_labels", "head"), [(40, 10_280), (16, 4_112)])
def test_the_network_has_the_published_number_of_parameters(n_labels, head):
    network = build_tagger("artist_group_cnn", n_labels)
    trunk = sum(one.numel() for one in network.encoder.parameters())
    assert (trunk, sum(one.numel() for one in network.head.parameters())) == (562_816, head)


def test_a_second_is_heard_as_128_bands_and_43_frames_and_pooled_as_printed():
    network = build_tagger("artist_group_cnn", 40).eval()
    x = network.frontend(torch.zeros(1, network_samples()))
    assert x.shape == (1, 128, 43)
    shapes, x = [], x.unsqueeze(1)
    for layer in network.encoder.layers:
        x = layer(x)
        shapes.append((*x.shape[2:], x.shape[1]))
    assert shapes == [(64, 43, 16), (32, 21, 32), (16, 10, 64), (8, 5, 64), (4, 2, 128), (4, 2, 256), (4, 2, 256)]


def network_samples() -> int:
    return ARCHITECTURES["artist_group_cnn"].config.n_samples


def test_the_spectrogram_is_librosa_s_of_magnitudes_in_decibels_of_amplitude():
    librosa = pytest.importorskip("librosa")
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, network_samples()).astype(np.float32)
    magnitude = np.abs(librosa.stft(waveform, n_fft=1024, hop_length=512, pad_mode="reflect"))
    mel = librosa.filters.mel(sr=22_050, n_fft=1024, n_mels=128) @ magnitude
    wanted = librosa.amplitude_to_db(mel, top_db=None)
    found = build_tagger("artist_group_cnn", 3).frontend(torch.from_numpy(waveform)[None])[0].numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_bands_are_standardised_as_scikit_learn_s_scaler_does():
    scaler = pytest.importorskip("sklearn.preprocessing").StandardScaler()
    rng = np.random.default_rng(0)
    spectrograms = [rng.normal(-40, 9, (2, 5, 7)).astype(np.float32) * np.arange(1, 6)[:, None] for _ in range(3)]
    frames = np.concatenate([one.transpose(0, 2, 1).reshape(-1, 5) for one in spectrograms])
    bands = BandStandardisation(5)
    bands.fit(torch.from_numpy(one).float() for one in spectrograms)
    found = bands.train()(torch.from_numpy(spectrograms[0]).float())  # fitted, so also while learning
    wanted = scaler.fit(frames).transform(spectrograms[0].transpose(0, 2, 1).reshape(-1, 5))
    np.testing.assert_allclose(found.permute(0, 2, 1).reshape(-1, 5).numpy(), wanted, atol=1e-4)


def test_bands_that_nobody_fitted_remember_the_mean_of_the_batches():
    bands = BandStandardisation(1)
    for level in (2.0, 4.0):
        bands.train()(torch.tensor([[[level - 1, level + 1]]]))
    assert (bands.mean.item(), bands.variance.item()) == (3.0, 1.0)
    assert bands.eval()(torch.tensor([[[4.0]]])).item() == pytest.approx(1.0)


def test_a_band_that_is_always_silent_stays_finite():
    bands = BandStandardisation(2)
    bands.fit([torch.full((1, 2, 4), -100.0)])
    assert bands(torch.full((1, 2, 4), -100.0)).abs().max() < 1e-3


@pytest.mark.parametrize("name", ["artist_group_cnn", "artist_group_ensemble"])
def test_folded_networks_give_the_same(name):
    network = build_tagger(name, 3, n_channels=2).eval()
    waveform = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, network_samples())).astype(np.float32))
    with torch.inference_mode():
        torch.testing.assert_close(folded(network)(waveform), network(waveform), atol=1e-5, rtol=1e-5)


def test_the_ensemble_joins_five_vectors_of_256_and_has_a_hidden_layer_of_1024():
    encoder = build_tagger("artist_group_ensemble", 16).encoder
    assert (encoder.dense.in_features, encoder.dense.out_features, encoder.dropout.p) == (1280, 1024, 0.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"n_mels": 16}, "halved five times"), ({"n_samples": 4000}, "frames"), ({"n_channels": 0}, "n_channels=0")],
)
def test_sizes_that_cannot_be_pooled_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        build_tagger("artist_group_cnn", 3, **options)
