"""Resampling: the same in blocks and in one go, the right length, tones kept, what is too high gone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutti.audio.resampling import Resampling, StreamResampler, resample, resampled_length
from tutti.errors import ConfigError

RATES = (8000, 16_000, 22_050, 44_100, 48_000)


def tone(frequency: float, sample_rate: int, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * sample_rate)) / sample_rate).astype(np.float32)


@given(
    n_samples=st.integers(0, 9000),
    rates=st.tuples(st.sampled_from(RATES), st.sampled_from(RATES)),
    quality=st.sampled_from(["QQ", "LQ", "HQ", "VHQ"]),
    block=st.integers(1, 3001),
)
@settings(max_examples=60, deadline=None)
def test_blocks_of_any_size_give_the_samples_of_one_go_to_the_last_bit(n_samples, rates, quality, block):
    waveform = np.random.default_rng(n_samples).standard_normal(n_samples).astype(np.float32)
    stream = StreamResampler(*rates, Resampling(quality=quality))
    blocks = [stream.push(waveform[begin : begin + block]) for begin in range(0, n_samples, block)]
    at_once = resample(waveform, *rates, resampling=Resampling(quality=quality))
    np.testing.assert_array_equal(np.concatenate([*blocks, stream.finish()]), at_once)


@given(st.integers(0, 30_000), st.sampled_from(RATES), st.sampled_from(RATES))
@settings(max_examples=60, deadline=None)
def test_the_length_is_the_one_foretold(n_samples, from_rate, to_rate):
    resampled = resample(np.zeros(n_samples, np.float32), from_rate, to_rate, resampling=Resampling())
    is_half = 2 * n_samples * to_rate % (2 * from_rate) == from_rate
    assert resampled_length(n_samples, from_rate, to_rate) - len(resampled) in ((0, 1) if is_half else (0,))


def test_a_rate_that_stays_changes_nothing():
    waveform = tone(440, 16_000)
    np.testing.assert_array_equal(resample(waveform, 16_000, 16_000, resampling=Resampling()), waveform)


@pytest.mark.parametrize("to_rate", [16_000, 22_050, 48_000])
def test_a_tone_below_half_the_new_rate_survives(to_rate):
    resampled = resample(tone(1000, 44_100), 44_100, to_rate, resampling=Resampling())
    inner = slice(to_rate // 10, -to_rate // 10)
    np.testing.assert_allclose(resampled[inner], tone(1000, to_rate)[inner], atol=1e-4)


def test_a_tone_above_half_the_new_rate_vanishes():
    resampled = resample(tone(9000, 44_100), 44_100, 16_000, resampling=Resampling())
    assert np.abs(resampled[1600:-1600]).max() < 1e-4


def test_a_constant_stays_constant():
    resampled = resample(np.full(44_100, 0.5, np.float32), 44_100, 16_000, resampling=Resampling())
    np.testing.assert_allclose(resampled[1600:-1600], 0.5, atol=1e-5)


def test_an_unknown_quality_or_library_is_refused_with_the_choice():
    with pytest.raises(ConfigError, match="no quality 'best'") as caught:
        Resampling(quality="best")
    assert "VHQ" in caught.value.hint
    with pytest.raises(ConfigError, match="resampling library 'scipy'"):
        Resampling(library="scipy")
