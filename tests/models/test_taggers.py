"""The architectures: the published outputs with given and with trained weights, and what all have in common."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError, UnknownNameError
from tutti.models.bundles import ModelConfig
from tutti.models.published import import_checkpoint, network_from_published
from tutti.models.tagger import Tagger
from tutti.models.taggers import ARCHITECTURES, build_tagger

CHECKPOINTS = (
    "mtat-fcn",
    "mtat-crnn",
    "mtat-musicnn",
    "msd-fcn",
    "msd-crnn",
    "jamendo-fcn",
    "jamendo-crnn",
    "jamendo-musicnn",
)
QUICK = ("mtat-musicnn", "jamendo-crnn")
# Published in Keras, without weights: there are no outputs to compare with. The spec_ ones took spectrograms from
# files; test_reference_values.py compares them.
WITHOUT_GOLDEN = {
    *{"artist_group_cnn", "artist_group_ensemble", "compact_cnn"},  # without code for the one, our own the other
    *{name for name in ARCHITECTURES if name.startswith("cqt_cnn")},
    *{"sample_cnn_rese", "sample_cnn_se_only", "spec_cnn_p", "spec_transformer"},
    "emotion_resnet",  # no published outputs are at hand
    *{"tag_song_cnn", "timbre_mlp"},
}
SMALL = {
    "artist_group_cnn": {"n_channels": 4},
    "artist_group_ensemble": {"n_channels": 4, "n_networks": 2, "n_hidden": 16},
    "cnnsa": {"n_channels": 8, "n_heads": 2},
    **{name: {"n_channels": 4} for name in ARCHITECTURES if name.startswith("cqt_cnn")},
    "crnn": {"n_channels": 4},
    "emotion_resnet": {"n_channels": 4},
    "fcn": {"n_channels": 8},
    "harmonic_cnn": {"n_channels": 8},
    "music_tagging_transformer": {"conv_dim": 8, "attention_dim": 16, "n_layers": 2, "n_heads": 2},
    "music_tagging_transformer_student": {"conv_dim": 8, "attention_dim": 8, "n_layers": 1},
    "musicnn_msd": {"n_channels": 8, "dense_dim": 20},
    "raw_cnn_l": {"conv_channels": 8},
    "raw_transformer": {"conv_channels": 8, "n_layers": 1},
    "sample_cnn": {"n_channels": 8},
    "sample_cnn_rese": {"n_channels": 8},
    "sample_cnn_se": {"n_channels": 8},
    "sample_cnn_se_only": {"n_channels": 8},
    "short_chunk_cnn": {"n_channels": 8},
    "short_chunk_resnet": {"n_channels": 8},
    "spec_cnn_p": {"conv_channels": 1},
    "tag_song_cnn": {"n_channels": 4},
    "spec_transformer": {"conv_channels": 1, "n_layers": 1},
}
# The others take no less than their published length, or do not take much longer over it.
SHORTER = {"musicnn": 16_000, "musicnn_msd": 16_000, "short_chunk_cnn": 34_000, "short_chunk_resnet": 34_000}


def filled(specification: dict) -> dict[str, torch.Tensor]:
    """A state dict whose values follow from its names alone."""
    tensors = {}
    for name, (dtype, shape) in specification["state_dict"].items():
        is_first = name.startswith(("spec_bn.", "hstft_bn.", "frontend.input_bn."))
        a = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
        if dtype.startswith("int"):
            values = np.zeros(shape)
        elif name.endswith(("window", ".fb")):
            continue
        elif name.endswith("running_var"):
            values = (400 if is_first else specification["running_var"]) * (1 + 0.1 * np.abs(a))
        elif name.endswith("running_mean"):
            values = -30 + a if is_first else 0.1 * a
        elif name.endswith("bw_Q"):
            values = 1 + 0.1 * np.abs(a)
        elif len(shape) <= 1:
            values = 1 + 0.1 * a if name.endswith("weight") else 0.1 * a
        else:
            values = a * np.sqrt(2 / np.prod(shape[1:]))
        tensors[name] = torch.from_numpy(np.asarray(values, dtype=dtype))
    return tensors


def largest_error(network: Tagger, config: ModelConfig, golden: Path) -> float:
    """Between the network's probabilities for the middle of both clips and the published code's."""
    expected, clips = np.load(golden), np.load(golden.parent / f"inputs_{config.sample_rate}.npz")
    n_samples = config.n_samples
    errors = []
    for clip in expected:
        start = (len(clips[clip]) - n_samples) // 2
        with torch.inference_mode():
            logits = network(torch.from_numpy(clips[clip][None, start : start + n_samples]))
        errors.append(np.abs(torch.sigmoid(logits).numpy()[0] - expected[clip]).max())
    assert len(errors) == 2
    return max(errors)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in WITHOUT_GOLDEN])
def test_every_architecture_gives_the_published_code_s_outputs(name, shared):
    specification = json.loads((shared / "golden" / f"{name}.json").read_text())
    config = ModelConfig(name=name, architecture=name, labels=tuple(map(str, range(50))))
    network = network_from_published(filled(specification), config, origin=name)
    assert sum(parameter.numel() for parameter in network.parameters()) == specification["parameters"]
    assert (config.sample_rate, config.n_samples) == (specification["sample_rate"], specification["input_samples"])
    assert largest_error(network, config, shared / "golden" / f"{name}.npz") < 1e-4


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CHECKPOINTS]
)
def test_every_published_checkpoint_gives_its_published_outputs(name, shared):
    dataset, architecture = name.split("-")
    labels = json.loads((shared / "checkpoints" / "labels.json").read_text())[dataset]
    model = import_checkpoint(shared / "checkpoints" / f"{name}.pth", architecture=architecture, labels=labels)
    golden = shared / "golden" / f"checkpoint-{name}.npz"
    assert largest_error(model.network, model.config, golden) < 1e-4
    assert largest_error(model.folded_network, model.config, golden) < 1e-4


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_gives_a_logit_a_label_from_a_vector(name):
    network = build_tagger(name, 7, **SMALL.get(name, {})).eval()
    n_samples = SHORTER.get(name, ARCHITECTURES[name].config.n_samples)
    waveform = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, n_samples)).astype(np.float32))
    with torch.inference_mode():
        representation = network.represent(waveform)
        logits, from_vector = network(waveform), network.classify(representation)
    assert representation.shape == (1, network.embed_dim)
    assert logits.shape == (1, 7)
    torch.testing.assert_close(from_vector, logits)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in ("crnn", "fcn")])
def test_an_excerpt_s_logits_do_not_depend_on_its_company(name):
    network = build_tagger(name, 3, **SMALL.get(name, {})).eval()
    n_samples = SHORTER.get(name, ARCHITECTURES[name].config.n_samples)
    noise = np.random.default_rng(0).uniform(-1, 1, (3, n_samples)).astype(np.float32)
    with torch.inference_mode():
        together = network(torch.from_numpy(noise))
        alone = torch.cat([network(torch.from_numpy(noise[i : i + 1])) for i in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_learns_in_all_its_parameters(name):
    network = build_tagger(name, 3, **SMALL.get(name, {})).eval()
    n_samples = SHORTER.get(name, ARCHITECTURES[name].config.n_samples)
    waveform = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, n_samples)).astype(np.float32))
    network(waveform).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_unknown_option_is_answered_with_the_nearest(name):
    with pytest.raises(UnknownNameError, match="no option of this architecture called 'n_sample'") as caught:
        build_tagger(name, 3, n_sample=64)
    assert "did you mean 'n_samples'?" in caught.value.hint


def test_an_unknown_architecture_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        build_tagger("musicn", 3)
    assert "did you mean 'musicnn'?" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("fcn", {"dropout": 1.0}, "dropout=1"),
        ("crnn", {"sample_rate": 0}, "sample_rate=0"),
        ("musicnn", {"n_samples": -1}, "n_samples=-1"),
        ("short_chunk_resnet", {"n_channels": 0}, "n_channels=0"),
        ("short_chunk_resnet", {"n_mels": 256}, "n_mels=256"),
        ("short_chunk_cnn", {"n_channels": 0}, "n_channels=0"),
        ("short_chunk_cnn", {"n_samples": 16_000}, "n_samples=16000 are 63 frames"),
        ("harmonic_cnn", {"n_samples": 16_000, "pooling": "keywords"}, "63 frames, of which the pooling 'keywords'"),
        ("harmonic_cnn", {"n_harmonics": 8}, "n_harmonics=8"),
        ("cnnsa", {"n_heads": 7}, "n_heads=7 does not divide the width of 256"),
        ("spec_transformer", {"n_heads": 3}, "n_heads=3 does not divide the width of 512"),
        ("spec_cnn_p", {"n_mels": 64}, "n_mels=64"),
        ("raw_transformer", {"n_layers": 0}, "n_layers=0"),
        ("raw_cnn_l", {"n_samples": 16_000}, "n_samples=16000"),
        ("music_tagging_transformer", {"attention_dim": 100}, "n_heads=8 does not divide the width of 100"),
        ("music_tagging_transformer", {"n_samples": 60 * 22_050}, "646 tokens, and the table of positions has 512"),
        ("music_tagging_transformer", {"n_samples": 1000}, "gives 0 tokens"),
        ("sample_cnn", {"n_samples": 59_048}, "n_samples=59048 is too short"),
        ("sample_cnn_se", {"n_channels": -1}, "n_channels=-1"),
        ("sample_cnn_rese", {"ratio": 0}, "ratio=0"),
        ("sample_cnn_rese", {"block_dropout": 1.5}, "block_dropout=1.5"),
        ("sample_cnn_se_only", {"n_samples": 16_000}, "n_samples=16000 is too short"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_its_value(name, options, words):
    with pytest.raises(ConfigError, match=words):
        build_tagger(name, 3, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_channels": "many"}, "n_channels='many' .* not a whole number"),
        ({"n_channels": 8.0}, "n_channels=8.0 .* not a whole number"),
        ({"n_channels": True}, "n_channels=True .* not a whole number"),
        ({"dropout": "half"}, "dropout='half' .* not a number"),
        ({"pooling": 3}, "pooling=3 .* not a text"),
    ],
)
def test_an_option_of_another_type_is_refused_with_its_value(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        build_tagger("harmonic_cnn", 3, **options)
    assert "such as" in caught.value.hint


def test_an_unknown_pooling_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        build_tagger("harmonic_cnn", 3, pooling="keyword")
    assert "did you mean 'keywords'?" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "options", "n_samples"),
    [
        *[("harmonic_cnn", {"n_harmonics": n_harmonics}, 80_000) for n_harmonics in range(1, 8)],
        ("harmonic_cnn", {"semitone_scale": 1}, 80_000),
        ("harmonic_cnn", {"pooling": "keywords", "n_fft": 256}, 16_000),
        ("harmonic_cnn", {"pooling": "dcase"}, 48_000),
        ("harmonic_cnn", {}, 160_000),
        *[("short_chunk_cnn", {"n_mels": n_mels}, 59_049) for n_mels in (32, 96, 256)],
        *[(name, {}, 160_000) for name in ("short_chunk_cnn", "sample_cnn", "sample_cnn_se", "sample_cnn_rese")],
    ],
)
def test_other_sizes_than_the_published_give_logits_too(name, options, n_samples):
    network = build_tagger(name, 3, n_channels=2, n_samples=n_samples, **options).eval()
    with torch.inference_mode():
        assert network(torch.randn(1, n_samples)).shape == (1, 3)


@pytest.mark.parametrize(("name", "n_parameters"), [("crnn", 394_100), ("fcn", 447_732), ("musicnn", 784_300)])
def test_128_mel_bands_take_no_more_parameters_than_96(name, n_parameters):
    network = build_tagger(name, 50, n_mels=128)
    assert network.frontend.config.n_mels == 128
    assert sum(parameter.numel() for parameter in network.parameters()) == n_parameters
