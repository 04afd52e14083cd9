"""Small taggers of every architecture, and networks that are made by hand so that one knows what they listen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest
import torch
from torch import nn

from tutti.explain.gradcam import convolution_layers
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.standardisation import Standardisation
from tutti.models.tagger import Tagger
from tutti.models.taggers import ARCHITECTURES, build_tagger, find_architecture
from tutti.models.taggers.artist_groups import BandStandardisation

LABELS = ("guitar", "slow", "vocal", "drums")
NARROW = {
    "n_channels": 4,
    "n_timbre": 8,
    "n_tempo": 4,
    "dense_dim": 8,
    "conv_dim": 8,
    "attention_dim": 16,
    "conv_channels": 4,
}


def small_options(architecture: str) -> dict[str, int]:
    """Options that make an architecture narrow, where it has them."""
    known = {field.name for field in fields(find_architecture(architecture).config)}
    return {name: value for name, value in NARROW.items() if name in known}


def small_tagger(architecture: str) -> Tagger:
    torch.manual_seed(0)
    return build_tagger(architecture, len(LABELS), **small_options(architecture)).eval()


SEQUENCE_MODELS = [name for name in ARCHITECTURES if hasattr(small_tagger(name).encoder, "token_hop")]
WITHOUT_LAYERS = [name for name in ARCHITECTURES if not convolution_layers(small_tagger(name).encoder)]


@pytest.fixture(params=list(ARCHITECTURES))
def architecture(request) -> str:
    """Every architecture in turn."""
    return request.param


@pytest.fixture(params=[name for name in ARCHITECTURES if name not in [*SEQUENCE_MODELS, *WITHOUT_LAYERS]])
def convolutional(request) -> str:
    """Every convolutional architecture that is no sequence model, in turn."""
    return request.param


@pytest.fixture(params=SEQUENCE_MODELS)
def sequential(request) -> str:
    """Every sequence model in turn."""
    return request.param


@pytest.fixture
def small_model_of() -> Callable[[str], Model]:
    """A function that builds an untrained model of an architecture, with four labels."""

    def build(architecture: str) -> Model:
        config = ModelConfig(
            name="small", architecture=architecture, labels=LABELS, options=small_options(architecture)
        )
        return Model(config, small_tagger(architecture))

    return build


@pytest.fixture
def adding_up(small_model_of) -> Callable[[str], Model]:
    """The same with weights by which every layer averages what lies below its kernels, and louder counts for more."""

    def build(architecture: str) -> Model:
        model = small_model_of(architecture)
        make_it_add_up(model.network)
        return model

    return build


@torch.no_grad()
def make_it_add_up(network: Tagger) -> None:
    for module in network.encoder.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.weight.fill_(1)
            module.bias.zero_()
        elif isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            module.weight.fill_(1 / module.weight[0].numel())
            module.bias.zero_()
        elif isinstance(module, nn.GRU):
            for name, parameter in module.named_parameters():
                parameter.zero_()
                if "weight" in name:  # reset and update gates stay half open, what is new counts
                    parameter[2 * module.hidden_size :].fill_(1 / parameter.shape[1])
    for name, module in network.encoder.named_modules():
        if name.rpartition(".")[2] == "input_norm":  # silence, -100 dB, is 0
            norm = getattr(module, "norm", module)
            norm.running_mean.fill_(-100)
            norm.running_var.fill_(100.0**2)
        elif isinstance(module, BandStandardisation):
            module.mean.fill_(-100)
            module.variance.fill_(100.0**2)
        elif isinstance(module, Standardisation):  # silence, -80 dB, is 0
            module.mean.fill_(-80)
            module.deviation.fill_(80)
    network.head.weight.fill_(1)
