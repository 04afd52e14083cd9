"""A catalogue of one-second sounds whose tags can be heard: low or high, pure or noisy."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track

SAMPLE_RATE = 8000
SPLITS = ("train", "train", "valid", "test")


def render(index: int, folder: Path) -> Track:
    rng = np.random.default_rng(index)
    is_high, is_noisy = index // 4 % 2 == 1, index // 8 % 2 == 1
    frequency = (1500 if is_high else 150) * rng.uniform(0.9, 1.1)
    waveform = 0.5 * np.sin(2 * np.pi * frequency * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    waveform += is_noisy * 0.2 * rng.standard_normal(SAMPLE_RATE)
    path = folder / f"{index:02}.wav"
    soundfile.write(path, waveform.clip(-1, 1), SAMPLE_RATE)
    tags = ("High-Pitched" if is_high else "low", "noisy" if is_noisy else "pure")
    return Track(track_id=f"{index:02}", audio=path, tags=tags, split=SPLITS[index % 4])


@pytest.fixture(scope="session")
def tones(tmp_path_factory) -> Catalogue:
    """32 tracks: 16 to train on, 8 each to validate and to test."""
    folder = tmp_path_factory.mktemp("tones")
    catalogue = Catalogue.create(folder / "catalogue")
    catalogue.put_tracks([render(index, folder) for index in range(32)])
    return catalogue


@pytest.fixture
def table(tones, tmp_path) -> dict:
    """A recipe that learns the tones within a second or two."""
    return {
        "name": "tones",
        "output": str(tmp_path / "run"),
        "data": {"catalogue": str(tones.folder), "min_positives": 2},
        "model": {"options": {"n_channels": 4, "sample_rate": SAMPLE_RATE, "n_samples": 4096, "n_mels": 48}},
        "scheme": {"batch_size": 8},
        "training": {"epochs": 3, "accelerator": "cpu"},
        "evaluation": {"n_resamples": 50},
    }
