"""What tests of every room share: reference material, sounds made on the spot, few threads, no network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import pytest
import soundfile
import torch

if TYPE_CHECKING:
    from tutti.models.model import Model

ROOT = Path(__file__).parents[1]
SAMPLE_RATE = 22_050
LOOPBACK = ("127.", "::1", "localhost")

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; what reads it is skipped where it is absent."""
    folder = Path(os.environ.get("TUTTI_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"there is no reference material in {folder}")
    return folder


@pytest.fixture
def sine_wav(tmp_path: Path) -> Path:
    """Two seconds of a 440 Hz sine, mono, 22.05 kHz, 16-bit."""
    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    path = tmp_path / "sine.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * times), SAMPLE_RATE)
    return path


@pytest.fixture
def noise_wav(tmp_path: Path) -> Path:
    """Three seconds of seeded white noise, stereo, 22.05 kHz, 16-bit."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((3 * SAMPLE_RATE, 2)), SAMPLE_RATE)
    return path


@pytest.fixture(scope="session")
def small_model() -> Model:
    """A tagger with random weights that hears excerpts of half a second at 8 kHz."""
    from tutti.models.bundles import Excerpting, ModelConfig
    from tutti.models.model import Model
    from tutti.models.taggers import build_tagger

    options = {"n_channels": 4, "n_mels": 32, "sample_rate": 8000, "n_samples": 4000}
    labels = ("low", "high", "noisy")
    config = ModelConfig(
        name="small",
        architecture="short_chunk_resnet",
        labels=labels,
        options=options,
        excerpts=Excerpting(count=4),
        base_rates=dict.fromkeys(labels, 0.3),
    )
    torch.manual_seed(0)
    network = build_tagger(config.architecture, len(labels), **options)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    network.encoder.input_norm.norm.running_mean.fill_(-20)
    network.encoder.input_norm.norm.running_var.fill_(400)
    return Model(config, network)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let tests talk to this machine only."""
    connect = socket.socket.connect

    def connect_here(sock: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(sock, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield
