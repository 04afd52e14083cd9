"""What tests of every room share: reference material, sounds made on the spot, few threads, no network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import pytest
import soundfile
import torch

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
