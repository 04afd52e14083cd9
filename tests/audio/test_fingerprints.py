"""Fingerprints: the same recording is found however it was stored, another one is not."""

import io

import numpy as np
import pytest
import soundfile

from tutti.audio.fingerprints import find_matches, fingerprint
from tutti.audio.resampling import Resampling, resample

RATE = 16_000


def music(seed: int, *, seconds: float = 12.0) -> np.ndarray:
    """Decaying chords, two a second, each sound its own."""
    random = np.random.default_rng(seed)
    times = np.arange(RATE // 2) / RATE
    chords = []
    for _ in range(round(2 * seconds)):
        pitches = 110 * 2 ** (random.integers(0, 48, size=(4, 1)) / 12)
        overtones = sum(np.sin(2 * np.pi * pitches * n * times) / n for n in (1, 2, 3, 4, 5))
        chords.append(0.1 * overtones.sum(axis=0) * np.exp(-3 * times))
    waveform = np.concatenate(chords) + 0.002 * random.standard_normal(RATE // 2 * len(chords))
    return waveform.astype(np.float32)


def coded(waveform: np.ndarray, form: str) -> np.ndarray:
    file = io.BytesIO()
    soundfile.write(file, waveform, RATE, format=form)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


CHANGES = {
    "quieter": lambda waveform: 0.1 * waveform,
    "as mp3": lambda waveform: coded(waveform, "MP3"),
    "as ogg": lambda waveform: coded(waveform, "OGG"),
    "fewer highs": lambda waveform: np.convolve(waveform, np.ones(4) / 4, mode="same").astype(np.float32),
    "a little noise": lambda waveform: waveform + 0.01 * np.random.default_rng(9).standard_normal(len(waveform)),
    "from 2.5 s on": lambda waveform: waveform[40_001:],
    "between other sounds": lambda waveform: np.concatenate([music(50, seconds=4), waveform[:90_000], music(51)]),
}


def matches(*sounds: np.ndarray) -> list:
    prints = [fingerprint(np.asarray(sound, dtype=np.float32), RATE) for sound in sounds]
    return list(find_matches(prints, groups=range(len(sounds))))


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_recording_is_found_although_it_was_changed(change):
    others = [music(seed) for seed in range(2, 6)]
    (match,) = matches(music(1), *others, CHANGES[change](music(1)))
    assert (match.first, match.second) == (0, 5)
    assert match.seconds > 4.5


def test_the_offset_says_where_the_recording_lies():
    (match,) = matches(music(1), music(1)[40_000:])
    assert match.offset == pytest.approx(2.5, abs=0.05)


def test_another_sample_rate_is_the_same_recording():
    slow = resample(music(1), RATE, 11_025, resampling=Resampling())
    prints = [fingerprint(music(1), RATE), fingerprint(slow, 11_025)]
    assert len(list(find_matches(prints, groups="ab"))) == 1


def test_different_recordings_do_not_match():
    assert not matches(*(music(seed) for seed in range(12)))


def test_noise_silence_and_very_short_sounds_match_nothing():
    random = np.random.default_rng(0)
    noises = [random.standard_normal(8 * RATE) for _ in range(2)]
    silence = np.zeros(8 * RATE)
    assert not matches(*noises, silence, silence, music(1)[:RATE], music(1)[:RATE], np.zeros(100))


def test_another_pitch_is_not_found_which_is_a_limit():
    higher = resample(music(1), RATE, round(RATE / 2 ** (1 / 12)), resampling=Resampling())
    assert not matches(music(1), higher)


def test_sounds_of_one_group_are_not_compared():
    prints = [fingerprint(music(1), RATE)] * 3
    found = list(find_matches(prints, groups=["train", "train", "test"]))
    assert [(match.first, match.second) for match in found] == [(0, 2), (1, 2)]


def test_integers_and_floats_give_one_fingerprint():
    whole = np.round(music(1) * 32_768).astype(np.int16)
    np.testing.assert_array_equal(fingerprint(whole, RATE), fingerprint(whole / np.float32(32_768), RATE))
