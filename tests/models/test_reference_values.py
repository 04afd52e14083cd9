"""The published code's outputs for a signal and for parameters that formulas give.

Each row of ``REFERENCES`` is a network of the published code; a new architecture adds its row. Its parameters are
filled by their published names, so that a row checks names, shapes, order and arithmetic at once, without a checkpoint.
"""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
import torch

from tutti.audio.frontends import MelConfig, MelSpectrogram
from tutti.models.folding import folded
from tutti.models.published import import_checkpoint, our_name
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger, find_architecture

INPUT_NORMS = ("spec_bn", "hstft_bn", "frontend.input_bn", "front_end.input_bn")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A network of the published code and what it gave.

    Attributes:
        name: In the published code.
        architecture: Ours.
        options: Of ours.
        n_labels: Outputs.
        layers: Published names of what has a weight and a bias, with braces as in a shell: ``layer{1-5}.{conv,bn}``.
        parameters: Published names of single parameters, braces too.
        heard: The waveform, or the spectrogram of a formula where the published code took one from a file.
        logits: The first five.
        mean: Of all logits.
        std: Of all logits; divided by their number, not one less.
    """

    name: str
    architecture: str
    layers: str
    logits: tuple[float, float, float, float, float]
    mean: float
    std: float
    options: dict[str, Any] = field(default_factory=dict)
    parameters: str = ""
    n_labels: int = 50
    heard: Literal["waveform", "spectrogram"] = "waveform"


MUSICNN = "spec_bn layers.{0-4}.{conv,bn} layer{1-3}.{conv,bn} dense1 bn dense2"
HARMONIC_SOTA = "hstft_bn layer{1,5}.{conv,bn} layer{2-4,6-7}.{conv,bn}_{1-2} dense1 bn dense2"
HARMONIC = "hstft_bn conv_2d.res{1,5}.{conv,bn} conv_2d.res{2-4,6-7}.{conv,bn}_{1-2} conv_2d.{fc_1,bn,fc_2}"
TRANSFORMER = (
    "frontend.input_bn frontend.layer1.{conv,bn}_{1-3} frontend.layer{2-3}.{conv,bn}_{1-2} frontend.fc "
    "transformer.layers.{0-3}.{0-1}.fn.norm transformer.layers.{0-3}.0.fn.fn.to_out.0 "
    "transformer.layers.{0-3}.1.fn.fn.net.{0,3} mlp_head.{0-1}"
)
TRANSFORMER_PARAMETERS = "pos_embedding cls_token transformer.layers.{0-3}.0.fn.fn.to_qkv.weight"
BERT = (
    "{0}encoder.layer.{{0-1}}.attention.self.{{query,key,value}} "
    "{0}encoder.layer.{{0-1}}.{{attention.output,output}}.{{dense,LayerNorm}} "
    "{0}encoder.layer.{{0-1}}.intermediate.dense {0}pooler.dense"
)
SPEC = "front_end.input_bn front_end.layers.{0-9}.{conv,bn}"
REFERENCES = (
    Reference(
        name="FCN",
        architecture="fcn",
        layers="spec_bn layer{1-5}.{conv,bn} dense",
        logits=(0.90571, 0.80600, 1.59283, 0.60686, -1.75538),
        mean=-0.01411,
        std=1.33999,
    ),
    Reference(
        name="FCN 128 mel",
        architecture="fcn",
        options={"n_mels": 128},
        layers="spec_bn layer{1-5}.{conv,bn} dense",
        logits=(0.44068, 0.22425, 2.18436, 0.79773, -1.87455),
        mean=-0.18314,
        std=1.33222,
    ),
    Reference(
        name="MusiCNN C=64",
        architecture="musicnn",
        layers=MUSICNN,
        logits=(-1.44081, 1.94490, -5.54070, 0.18299, 0.13646),
        mean=-0.29222,
        std=3.36908,
    ),
    Reference(
        name="MusiCNN C=512",
        architecture="musicnn_msd",
        layers=MUSICNN,
        logits=(1.36851, -10.45008, 4.25976, 0.70217, -0.80665),
        mean=-0.68666,
        std=5.56392,
    ),
    Reference(
        name="CRNN",
        architecture="crnn",
        layers="spec_bn layer{1-4}.{conv,bn} dense",
        parameters="layer5.{weight,bias}_{ih,hh}_l{0-1}",
        logits=(-1.03162, -0.76233, 1.38149, 0.36101, 1.19569),
        mean=0.03726,
        std=0.89679,
    ),
    Reference(
        name="SampleCNN",
        architecture="sample_cnn",
        layers="layer{1-11}.{conv,bn} dense",
        logits=(-0.10404, 1.45567, 0.34948, 0.63298, 1.17754),
        mean=0.09796,
        std=0.81828,
    ),
    Reference(
        name="SampleCNNSE",
        architecture="sample_cnn_se",
        layers="layer{1-11}.{conv,bn}_{1-2} layer{1-11}.dense{1-2} layer{1,4,10}.{conv,bn}_3 dense1 bn dense2",
        logits=(-9.83429, 18.15946, -14.06915, 13.01745, -13.50309),
        mean=3.81210,
        std=16.70037,
    ),
    Reference(
        name="ShortChunkCNN",
        architecture="short_chunk_cnn",
        layers="spec_bn layer{1-7}.{conv,bn} dense1 bn dense2",
        logits=(-1.01503, -0.62893, -0.46856, 0.68864, 0.65339),
        mean=0.32820,
        std=1.85122,
    ),
    Reference(
        name="ShortChunkCNN_Res",
        architecture="short_chunk_resnet",
        layers="spec_bn layer{1-7}.{conv,bn}_{1-3} dense1 bn dense2",
        logits=(-0.82546, 0.32512, -0.59917, 1.37196, 3.75938),
        mean=0.72785,
        std=4.29842,
    ),
    Reference(
        name="HarmonicCNN of the comparison study",
        architecture="harmonic_cnn",
        layers=HARMONIC_SOTA,
        parameters="hstft.bw_Q",
        logits=(-17.89543, -8.49080, 12.75107, 33.45972, 14.75858),
        mean=2.73002,
        std=21.96204,
    ),
    Reference(
        name="HarmonicCNN on MagnaTagATune",
        architecture="harmonic_cnn",
        layers=HARMONIC,
        parameters="hstft.bw_Q",
        logits=(-89.71763, -2.15524, 6.88244, 25.53636, -83.13530),
        mean=-3.08021,
        std=39.77627,
    ),
    Reference(
        name="HarmonicCNN on DCASE",
        architecture="harmonic_cnn",
        options={"pooling": "dcase"},
        n_labels=17,
        layers=HARMONIC,
        parameters="hstft.bw_Q",
        logits=(-87.26775, -3.16273, 2.81070, 22.17344, -83.28456),
        mean=-17.37814,
        std=37.38297,
    ),
    Reference(
        name="HarmonicCNN on Speech Commands",
        architecture="harmonic_cnn",
        options={"pooling": "keywords"},
        n_labels=35,
        layers=HARMONIC,
        parameters="hstft.bw_Q",
        logits=(-87.26775, -3.16273, 2.81070, 22.17344, -83.28456),
        mean=-1.54824,
        std=44.15454,
    ),
    Reference(
        name="CNNSA of the comparison study",
        architecture="cnnsa",
        layers=f"spec_bn layer{{1-7}}.{{conv,bn}}_{{1-3}} {BERT.format('')} dense",
        logits=(-0.96668, -0.65826, 0.46730, 1.05977, 0.27581),
        mean=-0.08053,
        std=0.87837,
    ),
    Reference(
        name="Music Tagging Transformer, teacher",
        architecture="music_tagging_transformer",
        layers=TRANSFORMER,
        parameters=TRANSFORMER_PARAMETERS,
        logits=(0.57850, -1.36639, -0.79916, 0.38644, 1.02058),
        mean=-0.18689,
        std=1.28488,
    ),
    Reference(
        name="Music Tagging Transformer, student of the README",
        architecture="music_tagging_transformer",
        options={"attention_dim": 64},
        layers=TRANSFORMER,
        parameters=TRANSFORMER_PARAMETERS,
        logits=(0.16154, 2.12961, -1.48085, 2.10637, 0.22966),
        mean=-0.34274,
        std=1.39364,
    ),
    Reference(
        name="Spec_CNNP c=8",
        architecture="spec_cnn_p",
        layers=f"{SPEC} back_end.{{conv,bn}}{{1-3}} back_end.{{dense,bn4}} classifier",
        heard="spectrogram",
        logits=(0.47164, -0.67013, 0.52928, -3.24748, -1.32612),
        mean=0.11468,
        std=2.53944,
    ),
    Reference(
        name="Spec_Transformer c=8",
        architecture="spec_transformer",
        layers=f"{SPEC} front_end.{{conv1x1,bn}} {BERT.format('back_end.')} classifier",
        heard="spectrogram",
        logits=(-0.56030, 0.74591, 1.15997, -0.46309, 1.40507),
        mean=0.06312,
        std=1.05079,
    ),
    Reference(
        name="Spec_Transformer c=16",
        architecture="spec_transformer",
        options={"conv_channels": 16},
        layers=f"{SPEC} front_end.{{conv1x1,bn}} {BERT.format('back_end.')} classifier",
        heard="spectrogram",
        logits=(-1.20019, 0.32989, 0.29586, -0.06200, 0.67185),
        mean=0.03929,
        std=1.02271,
    ),
    Reference(
        name="Raw_CNNL",
        architecture="raw_cnn_l",
        layers="front_end.{init_conv,conv1x1}.{conv,bn} front_end.convs.{0-8}.{conv,bn} classifier",
        logits=(0.96422, 0.22452, 2.39651, -0.84183, 0.69037),
        mean=0.17038,
        std=1.23296,
    ),
    Reference(
        name="Raw_Transformer",
        architecture="raw_transformer",
        layers="front_end.{init_conv,conv1x1}.{conv,bn} front_end.convs.{0-3}.{conv,bn} "
        f"{BERT.format('back_end.')} classifier",
        logits=(-0.17131, 0.41465, 0.20063, -0.35131, 0.36787),
        mean=-0.00511,
        std=0.99441,
    ),
)
# The first five probabilities, the most probable label and its probability, the sum of all fifty.
CHECKPOINTS = {
    "mtat-fcn": ((0.06147, 0.00432, 0.08760, 0.07294, 0.00427), (5, 0.18270), 1.57417),
    "mtat-crnn": ((0.07348, 0.01230, 0.06313, 0.02876, 0.01643), (5, 0.13785), 0.91768),
    "mtat-musicnn": ((0.04738, 0.00205, 0.10256, 0.02415, 0.00626), (25, 0.33703), 1.75841),
    "msd-fcn": ((0.07382, 0.00942, 0.07913, 0.10466, 0.50227), (4, 0.50227), 1.82672),
    "msd-crnn": ((0.05964, 0.04343, 0.04758, 0.06775, 0.33895), (4, 0.33895), 1.52474),
    "jamendo-fcn": ((0.12401, 0.12426, 0.02963, 0.02680, 0.00635), (8, 0.61310), 2.49710),
    "jamendo-crnn": ((0.04479, 0.21213, 0.02876, 0.07268, 0.00761), (8, 0.70677), 2.50304),
    "jamendo-musicnn": ((0.07585, 0.33470, 0.05138, 0.05089, 0.01591), (8, 0.67182), 2.56070),
}


def signal(n_samples: int, sample_rate: int) -> torch.Tensor:
    """Two tones and a noise of a formula: ``[1, n_samples]``."""
    n = np.arange(n_samples, dtype=np.float64)
    noise = 2 * ((43758.5453 * np.sin(12.9898 * n)) % 1) - 1
    low, high = (np.sin(2 * np.pi * hertz * n / sample_rate) for hertz in (220, 1760))
    return torch.from_numpy(0.4 * low + 0.3 * high + 0.1 * noise).float()[None]


def spectrogram() -> torch.Tensor:
    """Waves over 96 bands and 256 frames: ``[1, 96, 256]``."""
    band, frame = np.arange(96)[:, None], np.arange(256)
    decibels = -20 + 15 * np.sin(0.11 * band + 0.05 * frame) + 5 * np.cos(0.7 * band - 0.3 * frame)
    return torch.from_numpy(decibels).float()[None]


def expanded(pattern: str) -> Iterator[str]:
    """Names from a pattern with braces: ``a{1-2,5}.{b,c}`` are a1.b, a1.c, a2.b, a2.c, a5.b, a5.c."""
    parts = re.split(r"\{(.*?)\}", pattern)
    choices = [[part] for part in parts]
    for place in range(1, len(parts), 2):
        choices[place] = []
        for choice in parts[place].split(","):
            first, _, last = choice.partition("-")
            choices[place] += [str(number) for number in range(int(first), int(last) + 1)] if last else [choice]
    yield from ("".join(chosen) for chosen in itertools.product(*choices))


def published_parameters(reference: Reference) -> list[str]:
    """All names of a reference."""
    layers = [name for pattern in reference.layers.split() for name in expanded(pattern)]
    single = [name for pattern in reference.parameters.split() for name in expanded(pattern)]
    return [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")] + single


def formula(name: str, shape: torch.Size) -> torch.Tensor:
    """The parameter of a published name."""
    seed = zlib.crc32(name.encode()) % 997
    i = np.arange(int(np.prod(shape)), dtype=np.float64)
    values = np.sin(0.37 * i * (1 + seed % 7) + seed + 0.001 * i**2).reshape(shape)
    if len(shape) >= 2 and "pos" not in name:
        values *= 2 / np.sqrt(np.prod(shape[1:]))
    elif len(shape) == 1 and name.endswith("weight"):
        values = 1 + 0.1 * values
    else:
        values *= 0.1
    return torch.from_numpy(values).float()


def filled(reference: Reference) -> Tagger:
    """Our network with the parameters of the formula, none left out."""
    network = build_tagger(reference.architecture, reference.n_labels, **reference.options).eval()
    architecture = find_architecture(reference.architecture)
    ours = {our_name(name, architecture): name for name in published_parameters(reference)}
    parameters = dict(network.named_parameters())
    assert ours.keys() == parameters.keys()
    with torch.no_grad():
        for our, name in ours.items():
            if not name.endswith("bw_Q"):  # stays at 1
                parameters[our].copy_(formula(name, parameters[our].shape))
    buffers = dict(network.named_buffers())
    for norm, (statistic, value) in itertools.product(INPUT_NORMS, {"running_mean": -20, "running_var": 400}.items()):
        if (our := our_name(f"{norm}.{statistic}", architecture)) in buffers:
            buffers[our].fill_(value)
    return network


def logits_of(network: Tagger, reference: Reference) -> np.ndarray:
    config = find_architecture(reference.architecture).configure(**reference.options)
    with torch.inference_mode():
        if reference.heard == "spectrogram":
            return network.classify(network.encoder(spectrogram()))[0].numpy()
        return network(signal(config.n_samples, config.sample_rate))[0].numpy()


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.name)
def test_the_published_code_s_logits_come_out(reference):
    network = filled(reference)
    for ours in (network, folded(network)):
        logits = logits_of(ours, reference)
        tolerance = 1e-3 * reference.std
        np.testing.assert_allclose(logits[:5], reference.logits, rtol=0, atol=tolerance)
        assert logits.mean() == pytest.approx(reference.mean, abs=tolerance)
        assert logits.std() == pytest.approx(reference.std, abs=tolerance)


@pytest.mark.parametrize(
    "name", [name if "musicnn" in name else pytest.param(name, marks=pytest.mark.slow) for name in CHECKPOINTS]
)
def test_the_published_checkpoints_probabilities_come_out(name, shared):
    dataset, architecture = name.split("-")
    labels = json.loads((shared / "checkpoints" / "labels.json").read_text())[dataset]
    model = import_checkpoint(shared / "checkpoints" / f"{name}.pth", architecture=architecture, labels=labels)
    with torch.inference_mode():
        probabilities = torch.sigmoid(model.network(signal(model.n_samples, model.sample_rate)))[0].numpy()
    first, (best, highest), total = CHECKPOINTS[name]
    np.testing.assert_allclose(probabilities[:5], first, atol=2e-5)
    assert int(probabilities.argmax()) == best
    assert probabilities.max() == pytest.approx(highest, abs=2e-5)
    assert probabilities.sum() == pytest.approx(total, abs=2e-4)


# The front end of the other taggers is checked so in tests/audio/test_frontends.py.
def test_the_decibels_of_the_music_tagging_transformer_come_out():
    config = MelConfig(sample_rate=22_050, n_fft=1024, hop_length=512, n_mels=128)
    decibels = MelSpectrogram(config)(signal(220_500, 22_050))[0].numpy()
    assert decibels.shape == (128, 431)
    for place, expected in {(0, 0): 19.9871, (20, 100): 6.6923, (60, 200): 3.2157, (127, 430): 13.8792}.items():
        assert decibels[place] == pytest.approx(expected, abs=2e-3)
    assert decibels.mean() == pytest.approx(6.66000, abs=1e-4)
    assert decibels.std(ddof=1) == pytest.approx(8.04044, abs=1e-4)
