"""Front ends keep single precision while the rest of a tagger is computed in less."""

import pytest
import torch

from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger


class Ear(torch.nn.Module):
    """An encoder that keeps what it is given."""

    embed_dim = 48

    def forward(self, features):
        self.heard = features
        return features.mean(dim=2)


@pytest.mark.parametrize("loudness", [0.01, 1.0])
def test_the_front_end_of_a_tagger_computes_the_same_under_mixed_precision(loudness):
    frontend = build_tagger("short_chunk_resnet", 2, n_channels=1, n_mels=48).frontend
    tagger = Tagger(frontend, Ear(), 2).eval()
    waveforms = loudness * torch.sin(torch.arange(32_000) / 7).repeat(2, 1)
    tagger(waveforms)
    alone = tagger.encoder.heard
    with torch.autocast("cpu", torch.bfloat16):
        logits = tagger(waveforms)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(tagger.encoder.heard, alone, rtol=0, atol=0)


def test_learned_filters_stay_exact_under_mixed_precision_and_still_learn():
    torch.manual_seed(0)
    tagger = build_tagger("harmonic_cnn", 2, n_channels=2, learnable="centres", n_harmonics=2)
    waveforms = 0.1 * torch.randn(2, 80_000)
    plain = tagger.frontend(waveforms).detach()
    heard = []
    tagger.frontend.register_forward_hook(lambda *call: heard.append(call[-1].detach()))
    with torch.autocast("cpu", torch.bfloat16):
        tagger(waveforms).square().sum().backward()
    torch.testing.assert_close(heard[0], plain, rtol=0, atol=0)
    for parameter in tagger.frontend.parameters():
        assert parameter.grad.dtype == torch.float32
        assert (parameter.grad != 0).any()
