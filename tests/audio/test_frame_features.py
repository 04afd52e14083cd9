"""Features of frames: coefficients against librosa, descriptors of sounds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tutti.audio.frame_features import (
    TEMPI,
    FrameConfig,
    describe,
    descriptor_names,
    differences,
    mfcc,
    read_waveform,
    spectra,
)
from tutti.audio.recording import Recording
from tutti.errors import AudioError, ConfigError

CONFIG = FrameConfig()
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 60_000).astype(np.float32)


def described(waveform: np.ndarray) -> dict[str, float]:
    powers = spectra(waveform.astype(np.float32), CONFIG)
    return dict(zip(descriptor_names(CONFIG), describe(powers, mfcc(powers, CONFIG), CONFIG).tolist(), strict=True))


def tone(hertz: float, seconds: float = 2.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(22_050 * seconds)) / 22_050)


def test_coefficients_are_librosa_s():
    librosa = pytest.importorskip("librosa")
    wanted = librosa.feature.mfcc(
        y=NOISE, sr=22_050, n_mfcc=25, n_fft=2048, hop_length=1024, n_mels=128, pad_mode="reflect"
    )
    found = mfcc(spectra(NOISE, CONFIG), CONFIG)
    assert found.shape == (59, 25)
    np.testing.assert_allclose(found, wanted.T, atol=2e-3)


def test_differences_are_of_neighbouring_frames():
    frames = np.array([[1.0, 2.0], [4.0, 1.0], [4.0, 5.0]], dtype=np.float32)
    np.testing.assert_array_equal(differences(frames), [[3, -1], [0, 4]])


def test_a_tone_s_chroma_is_its_pitch_class_and_an_octave_above_moves_the_centroid_by_one():
    low, high = described(tone(440)), described(tone(880))
    classes = [low[f"chroma {number}, mean"] for number in range(12)]
    assert int(np.argmax(classes)) == 9  # A
    assert high["centroid, mean"] - low["centroid, mean"] == pytest.approx(1, abs=0.15)


def test_clicks_twice_a_second_are_periodic_at_120_beats_a_minute():
    waveform = np.zeros(22_050 * 10)
    for start in range(0, len(waveform), 11_025):
        waveform[start : start + 200] = NOISE[:200]
    periodicity = described(waveform + 1e-4 * np.resize(NOISE, len(waveform)))
    assert periodicity["periodicity at 120 beats a minute"] > 0.5
    assert periodicity["periodicity at 120 beats a minute"] > periodicity["periodicity at 88 beats a minute"] + 0.3


@pytest.mark.parametrize("waveform", [np.zeros(30_000), np.zeros(5), tone(440, seconds=0.01)])
def test_silence_and_the_shortest_sounds_have_finite_descriptors(waveform):
    found = described(waveform)
    assert np.isfinite(list(found.values())).all()
    assert len(found) == 6 * (25 + 12 + 6) + len(TEMPI)


def test_a_file_is_mixed_down_and_resampled(tmp_path):
    stereo = np.stack([tone(440), -0.5 * tone(440)], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 44_100, subtype="FLOAT")
    waveform = read_waveform(Recording.from_file(tmp_path / "a.wav"), CONFIG)
    assert len(waveform) == len(stereo) // 2
    assert np.abs(waveform).max() == pytest.approx(0.125, rel=0.1)


def test_of_a_long_sound_only_the_beginning_is_heard():
    recording = Recording.from_waveform(NOISE, 22_050)
    np.testing.assert_array_equal(read_waveform(recording, FrameConfig(longest=1.0)), NOISE[:22_050])


def test_a_file_that_does_not_decode_is_told(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"a\.wav"):
        read_waveform(Recording.from_file(tmp_path / "a.wav"), CONFIG)


def test_more_coefficients_than_bands_are_refused():
    with pytest.raises(ConfigError, match="25 coefficients cannot be made of 20 mel bands"):
        FrameConfig(n_mels=20)
