"""The folded network says what the network says."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from tutti.audio.frontends import MelConfig, MelSpectrogram, RawWaveform
from tutti.models.folding import folded
from tutti.models.standardisation import Standardisation
from tutti.models.tagger import Tagger
from tutti.models.taggers import ARCHITECTURES, build_tagger

SMALL = {
    **{name: {"n_channels": 8} for name in ARCHITECTURES if name.startswith("cqt_cnn")},
    "crnn": {"n_channels": 4},
    "fcn": {"n_channels": 8},
    "harmonic_cnn": {"n_channels": 8},
    "musicnn_msd": {"n_channels": 8, "dense_dim": 20},
    "sample_cnn": {"n_channels": 8},
    "sample_cnn_rese": {"n_channels": 8},
    "sample_cnn_se": {"n_channels": 8},
    "sample_cnn_se_only": {"n_channels": 8},
    "short_chunk_cnn": {"n_channels": 8},
    "short_chunk_resnet": {"n_channels": 8},
}


def random_tagger(name: str) -> nn.Module:
    """With normalisations that do something: some scales negative, means and variances unlike 0 and 1."""
    torch.manual_seed(0)
    network = build_tagger(name, 5, **SMALL.get(name, {})).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.normal_(module.weight, 0.5, 0.7)
            nn.init.normal_(module.bias)
    return network


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_folded_network_gives_the_same_vectors_and_logits(name):
    network = random_tagger(name)
    n_samples = ARCHITECTURES[name].config.n_samples
    noise = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, n_samples)).astype(np.float32))
    with torch.inference_mode():
        expected, ours = network.represent(noise), folded(network).represent(noise)
        scale = expected.abs().max()
        torch.testing.assert_close(ours / scale, expected / scale, rtol=0, atol=1e-5)
        torch.testing.assert_close(folded(network)(noise), network(noise), rtol=1e-4, atol=1e-5 * float(scale))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_normalisation_that_follows_a_layer_is_folded(name):
    network = folded(random_tagger(name))
    left = [one for one in network.modules() if isinstance(one, nn.BatchNorm1d | nn.BatchNorm2d)]
    is_standardised = any(isinstance(one, Standardisation) for one in network.modules())
    normalises_its_input = not isinstance(network.frontend, RawWaveform) and not is_standardised
    n_networks = len(getattr(network.encoder, "networks", [network]))
    # that of the spectrogram, or of a mean over it, has no layer before it
    assert len(left) == normalises_its_input * n_networks


def test_the_network_itself_stays_as_it_is():
    network = random_tagger("short_chunk_resnet")
    before = copy.deepcopy(network.state_dict())
    folded(network)
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())


class NormThenConv(nn.Module):
    """Computes in another order than the blocks whose names it shares."""

    def __init__(self, *, embed_dim: int = 4) -> None:
        super().__init__()
        self.conv, self.norm, self.embed_dim = nn.Conv1d(48, embed_dim, 3), nn.BatchNorm1d(48), embed_dim

    def forward(self, spectrogram):
        return self.conv(self.norm(spectrogram)).amax(dim=2)


def test_a_block_of_another_order_is_left_as_it_is():
    network = Tagger(MelSpectrogram(MelConfig(n_mels=48)), NormThenConv(), 2)
    network.encoder.norm.running_mean.fill_(-20)
    noise = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 8000)).astype(np.float32))
    torch.testing.assert_close(folded(network)(noise), network.eval()(noise))


@pytest.mark.parametrize("name", ["musicnn", "fcn", "crnn"])
def test_the_folded_network_hears_128_bands_too(name):
    torch.manual_seed(0)
    network = build_tagger(name, 5, n_mels=128, **SMALL.get(name, {})).eval()
    noise = 0.1 * torch.randn(1, ARCHITECTURES[name].config.n_samples)
    with torch.inference_mode():
        torch.testing.assert_close(folded(network)(noise), network(noise), rtol=1e-4, atol=1e-5)
