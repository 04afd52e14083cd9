"""The store of decoded sounds: the same samples as the files, decoded once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.audio.decoding import read_waveform
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, open_store
from tutti.errors import ConfigError


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    """Half a second of noise, a quarter of a second of it, and a file that is no sound."""
    noise = 0.3 * np.random.default_rng(0).standard_normal((4000, 2)).clip(-1, 1)
    soundfile.write(tmp_path / "long.wav", noise, 8000)
    soundfile.write(tmp_path / "short.flac", noise[:2000], 8000)
    (tmp_path / "text.mp3").write_text("la la la")
    return [Recording.from_file(tmp_path / name, key=name) for name in ("long.wav", "text.mp3", "short.flac")]


def store_of(recordings: list[Recording], folder: Path, sample_rate: int = 8000) -> WaveformStore:
    return open_store(recordings, folder, sample_rate=sample_rate, resampling=Resampling())


@pytest.mark.parametrize("sample_rate", [8000, 5000])
def test_an_excerpt_is_the_same_stretch_of_the_file_to_sixteen_bits(recordings, tmp_path, sample_rate):
    store = store_of(recordings, tmp_path / "store", sample_rate)
    decoded, _ = read_waveform(recordings[0].path, sample_rate=sample_rate)
    assert store.n_samples[0] == len(decoded)
    cut = store.excerpts([0, 0], [100, 1500], n_samples=900)
    expected = np.stack([decoded[100:1000], decoded[1500:2400]]).clip(-1, 1)
    np.testing.assert_allclose(cut, expected, atol=0.5001 / 32767)


def test_a_sound_shorter_than_the_excerpt_is_repeated(recordings, tmp_path):
    store = store_of(recordings, tmp_path / "store")
    (excerpt,) = store.excerpts([1], [0], n_samples=5000)
    np.testing.assert_array_equal(excerpt[:2000], excerpt[2000:4000])


def test_what_cannot_be_decoded_is_listed_with_its_reason(recordings, tmp_path):
    store = store_of(recordings, tmp_path / "store")
    assert store.keys == ("long.wav", "short.flac")
    assert "text.mp3" in store.failures["text.mp3"]


def test_a_sound_that_is_not_made_of_numbers_fails_alone(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 8000, subtype="FLOAT")
    store = store_of([Recording.from_file(tmp_path / "nan.wav", key="nan")], tmp_path / "store")
    assert len(store) == 0
    assert "not finite" in store.failures["nan"]


def test_an_unchanged_store_is_opened_and_a_changed_file_makes_it_anew(recordings, tmp_path, monkeypatch):
    first = store_of(recordings, tmp_path / "store").excerpts([0], [0], n_samples=50)
    with monkeypatch.context() as patch:
        patch.setattr("tutti.audio.store.decode", None)
        np.testing.assert_array_equal(store_of(recordings, tmp_path / "store").excerpts([0], [0], n_samples=50), first)
    soundfile.write(tmp_path / "long.wav", np.zeros(900), 8000)
    assert store_of(recordings, tmp_path / "store").n_samples[0] == 900


def test_a_folder_of_something_else_is_left_alone(recordings, tmp_path):
    with pytest.raises(ConfigError, match="no store"):
        store_of(recordings, tmp_path)
