"""The networks on constant-Q spectrograms: sizes of the paper, and what their options do."""

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError, UnknownNameError
from tutti.models.taggers import ARCHITECTURES, build_tagger


def n_parameters(name: str, n_labels: int, **options) -> int:
    return sum(parameter.numel() for parameter in build_tagger(name, n_labels, **options).parameters())


# Counted by hand from table 5, and rounded so in table 6; of 250 genres, and of the 50 factors that stand for them.
@pytest.mark.parametrize(
    ("name", "with_250", "with_50"),
    [
        ("cqt_cnn_4x96_low", 195_706, 144_306),
        ("cqt_cnn_4x96_high", 4_795_386, 3_975_986),
        ("cqt_cnn_4x70_low", 352_890, 301_490),
        ("cqt_cnn_4x70_high", 7_390_202, 6_570_802),
        ("cqt_cnn_3x3_low", 360_122, 308_722),
        ("cqt_cnn_3x3_high", 16_364_794, 15_545_394),
    ],
)
def test_multi_label_networks_have_the_published_number_of_parameters(name, with_250, with_50):
    assert (n_parameters(name, 250), n_parameters(name, 50)) == (with_250, with_50)


def test_the_single_label_network_has_the_published_number_of_parameters():
    assert n_parameters("cqt_cnn", 15) == 219_599


# As table 5 prints the networks, which is not how table 6 counts them.
def test_a_last_kernel_of_1_makes_the_3x3_networks_smaller():
    assert n_parameters("cqt_cnn_3x3_low", 250, last_kernel=1) == 294_586
    assert n_parameters("cqt_cnn_3x3_high", 50, last_kernel=1) == 7_156_786


@pytest.mark.parametrize(
    ("name", "embed_dim"),
    [(name, 2048 if name == "cqt_cnn" else 4096 if name.endswith("high") else 256) for name in ARCHITECTURES
     if name.startswith("cqt_cnn")],
)  # fmt: skip
def test_the_vector_is_all_that_the_last_convolution_gives(name, embed_dim):
    assert ARCHITECTURES[name].config.n_frames == 322
    assert build_tagger(name, 0).embed_dim == embed_dim


def test_dropout_is_the_published_one():
    dropouts = {name: (one.config.block_dropout, one.config.dropout) for name, one in ARCHITECTURES.items()
                if name.startswith("cqt_cnn")}  # fmt: skip
    assert dropouts.pop("cqt_cnn") == (0.5, 0.5)
    assert set(dropouts.values()) == {(0.0, 0.0)}


def test_weights_begin_within_a_twentieth_of_zero():
    for name, parameter in build_tagger("cqt_cnn", 15).named_parameters():
        if name.endswith("bias"):
            assert (parameter == 0).all()
        else:
            assert 0.045 < parameter.abs().max() <= 0.05


def test_short_excerpts_are_heard_with_a_shorter_hop():
    network = build_tagger("cqt_cnn_3x3_low", 3, n_channels=4, n_samples=44_100, hop_length=128).eval()
    waveform = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, 44_100)).astype(np.float32))
    with torch.inference_mode():
        assert network(waveform).shape == (2, 3)
    assert network.embed_dim == 4 * 4


# 4 * (4 * (4 * 1 + 3) + 3) + 3 = 127 frames, of which 126 leave nothing.
def test_an_excerpt_of_which_nothing_is_left_is_refused_with_the_shortest_that_fits():
    with pytest.raises(ConfigError, match="nothing is left of 126 frames") as caught:
        build_tagger("cqt_cnn_4x96_low", 3, n_samples=126 * 1024 - 1)
    assert f"n_samples to {127 * 1024}" in caught.value.hint
    assert build_tagger("cqt_cnn_4x96_low", 3, n_samples=127 * 1024 - 1).embed_dim == 64


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("cqt_cnn", {"n_samples": 8000, "hop_length": 128}, "n_samples=8000 is too short for the lowest filters"),
        ("cqt_cnn", {"hop_length": 1000}, "hop_length=1000 cannot be halved"),
        ("cqt_cnn", {"n_channels": 0}, "n_channels=0"),
        ("cqt_cnn_3x3_low", {"last_kernel": 2}, "last_kernel=2"),
        ("cqt_cnn", {"block_dropout": 1.0}, "block_dropout=1"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_its_value(name, options, words):
    with pytest.raises(ConfigError, match=words):
        build_tagger(name, 3, **options)


def test_an_unknown_activation_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        build_tagger("cqt_cnn", 3, activation="relo")
    assert "'relu'" in caught.value.hint


def test_only_square_networks_know_a_last_kernel():
    with pytest.raises(UnknownNameError, match="last_kernel"):
        build_tagger("cqt_cnn_4x96_low", 3, last_kernel=1)
