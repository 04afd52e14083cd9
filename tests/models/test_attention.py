"""Attention: weights that are weights, two roads to one answer, a focus, positions, and what the encoders tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError, ModelError
from tutti.models.attention import (
    AttentionConfig,
    SelfAttention,
    TransformerLayer,
    check_heads,
    constant_token,
    sinusoidal_positions,
)
from tutti.models.folding import folded
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger

# Name, options that make it small, tokens with the first, width of a token, samples from one token to the next.
SEQUENCE_MODELS = (
    ("cnnsa", {"n_channels": 8, "n_heads": 2, "n_samples": 32_000}, 1 + 16, 16, 2048),
    ("music_tagging_transformer", {"conv_dim": 4, "attention_dim": 16, "n_samples": 44_100}, 1 + 21, 16, 2048),
    ("spec_transformer", {"conv_channels": 1, "n_samples": 8000}, 1 + 32, 512, 256),
    ("raw_transformer", {"conv_channels": 2}, 1 + 270, 512, 243),
)
sequence_models = pytest.mark.parametrize(("name", "options", "n_tokens", "dim", "hop"), SEQUENCE_MODELS)


def small(name: str, options: dict) -> tuple[Tagger, torch.Tensor]:
    """A network and two excerpts for it."""
    torch.manual_seed(0)
    network = build_tagger(name, 3, **options).eval()
    n_samples = options.get("n_samples", 65_610)
    return network, 0.1 * torch.randn(2, n_samples)


@sequence_models
def test_a_sequence_model_tells_its_sequence_and_where_it_looks(name, options, n_tokens, dim, hop):
    network, waveforms = small(name, options)
    with torch.inference_mode():
        reading = network.read(waveforms)
        representation = network.represent(waveforms)
    assert reading.sequence.shape == (2, n_tokens, dim)
    assert (network.encoder.n_special, network.encoder.token_hop) == (1, hop)
    n_heads = options.get("n_heads", 8)
    for weights in reading.attention:
        assert weights.shape == (2, n_heads, n_tokens, n_tokens)
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, n_heads, n_tokens))
    # One computes by fused attention, the other by products.
    torch.testing.assert_close(reading.representation, representation, atol=1e-5, rtol=1e-5)


@sequence_models
def test_focus_replaces_the_last_layer_s_attention_alone(name, options, n_tokens, dim, hop):
    network, waveforms = small(name, options)
    with torch.inference_mode():
        free, focused, other = (
            network.read(waveforms),
            network.read(waveforms, focus=3),
            network.read(waveforms, focus=5),
        )
    for ours, theirs in zip(focused.attention[:-1], free.attention[:-1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    expected = torch.zeros_like(free.attention[-1])
    expected[..., 3] = 1
    assert torch.equal(focused.attention[-1], expected)
    assert not torch.allclose(focused.representation, other.representation, atol=1e-6)


@sequence_models
def test_a_place_in_the_batch_changes_no_bit(name, options, n_tokens, dim, hop):
    network, waveforms = small(name, options)
    fast = folded(network)
    with torch.inference_mode():
        torch.testing.assert_close(fast(waveforms.flip(0)).flip(0), fast(waveforms), rtol=0, atol=0)


@pytest.mark.parametrize("focus", [-1, 17, 1000])
def test_a_focus_on_no_token_is_refused_with_their_number(focus):
    network, waveforms = small(*SEQUENCE_MODELS[0][:2])
    with pytest.raises(ConfigError, match=f"no token {focus}: the sequence has 17") as caught:
        network.read(waveforms, focus=focus)
    assert "0 to 16" in caught.value.hint


def test_a_model_without_a_sequence_says_so():
    with pytest.raises(ModelError, match="does not read a sequence") as caught:
        build_tagger("short_chunk_cnn", 3, n_channels=2).read(torch.zeros(1, 59_049))
    assert "cnnsa" in caught.value.hint


def test_attention_of_one_head_is_the_formula():
    torch.manual_seed(0)
    attention = SelfAttention(AttentionConfig(dim=4, n_heads=1, norm_first=False)).eval()
    x = torch.randn(1, 5, 4)
    query, key, value = (part[0].detach().double().numpy() for part in attention.project(x))
    scores = np.exp(query @ key.T / math.sqrt(4))
    expected = scores / scores.sum(axis=1, keepdims=True)
    sums, weights = attention.read(x)
    np.testing.assert_allclose(weights[0, 0].detach().numpy(), expected, atol=1e-6)
    out = attention.output.weight.detach().double().numpy(), attention.output.bias.detach().double().numpy()
    np.testing.assert_allclose(sums[0].detach().numpy(), expected @ value @ out[0].T + out[1], atol=1e-6)


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_layer_is_torch_s_own_where_the_form_is_the_same(norm_first):
    torch.manual_seed(0)
    config = AttentionConfig(dim=16, n_heads=4, norm_first=norm_first, dropout=0.0)
    ours = TransformerLayer(config).eval()
    theirs = torch.nn.TransformerEncoderLayer(
        16, 4, 64, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first, layer_norm_eps=1e-5
    ).eval()
    projection = dict(ours.attention.project.named_parameters())
    joint = projection["all.weight"] if norm_first else torch.cat([projection[f"{n}.weight"] for n in QKV])
    bias = torch.zeros(48) if norm_first else torch.cat([projection[f"{n}.bias"] for n in QKV])
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(joint)
        theirs.self_attn.in_proj_bias.copy_(bias)
        pairs = (
            (theirs.self_attn.out_proj, ours.attention.output),
            *((theirs.linear1, ours.expand), (theirs.linear2, ours.contract)),
            *((theirs.norm1, ours.attention_norm), (theirs.norm2, ours.dense_norm)),
        )
        for target, source in pairs:
            target.load_state_dict(source.state_dict())
    x = torch.randn(2, 7, 16)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.read(x)[0], theirs(x), atol=1e-5, rtol=1e-5)


QKV = ("query", "key", "value")


# The published code seeds NumPy's global generator as a side effect; numbers of others would repeat.
def test_the_constant_token_is_numpy_s_and_leaves_its_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    token = constant_token(512)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.testing.assert_allclose(token[:5], [0.5488135, 0.71518937, 0.60276338, 0.54488318, 0.4236548], atol=1e-7)
    torch.testing.assert_close(constant_token(256), token[:256], rtol=0, atol=0)


def test_positions_are_sines_and_cosines_and_nothing_at_the_first():
    table = sinusoidal_positions(271, 512).double().numpy()
    assert (table[0] == 0).all()
    assert table[1, 0] == pytest.approx(math.sin(1), abs=1e-6)
    assert table[1, 1] == pytest.approx(math.cos(1), abs=1e-6)
    assert table[100, 510] == pytest.approx(math.sin(100 / 10_000 ** (510 / 512)), abs=1e-6)
    assert table[100, 511] == pytest.approx(math.cos(100 / 10_000 ** (510 / 512)), abs=1e-6)


@pytest.mark.parametrize(("dim", "n_heads"), [(100, 8), (512, 7), (0, 8), (8, 0), (8, 16)])
def test_heads_that_do_not_divide_the_width_are_refused(dim, n_heads):
    with pytest.raises(ConfigError, match=f"n_heads={n_heads} does not divide the width of {dim}") as caught:
        check_heads(dim, n_heads)
    assert "give" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "options", "n_parameters"),
    [
        ("music_tagging_transformer", {"attention_dim": 64}, 1_108_852),
        ("music_tagging_transformer", {"attention_dim": 32}, "0.88"),
        ("music_tagging_transformer", {"n_layers": 2}, "2.99"),
        ("spec_cnn_p", {"conv_channels": 16}, 5_926_424),
        ("spec_transformer", {"conv_channels": 16}, 6_882_452),
        ("spec_transformer", {"positions": "learned"}, 6_878_308),
    ],
)
def test_other_published_sizes_have_their_published_number_of_parameters(name, options, n_parameters):
    with torch.device("meta"):
        network = build_tagger(name, 50, **options)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert n_parameters in (counted, f"{counted / 1e6:.2f}")  # of some, only the millions were published


@pytest.mark.parametrize("seconds", [5, 10, 15, 20, 25, 30])
def test_the_music_tagging_transformer_takes_other_lengths(seconds):
    options = {"conv_dim": 2, "attention_dim": 8, "n_layers": 1, "n_heads": 2, "n_samples": seconds * 22_050}
    network, waveforms = small("music_tagging_transformer", options)
    with torch.inference_mode():
        n_tokens = network.read(waveforms[:1]).sequence.shape[1]
    assert n_tokens - 1 == {5: 54, 10: 107, 15: 161, 20: 215, 25: 269, 30: 323}[seconds]
