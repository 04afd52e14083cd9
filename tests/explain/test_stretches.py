from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tutti.audio.recording import Recording
from tutti.errors import AudioError
from tutti.explain.stretches import Stretch, take_excerpt

RATE = 8_000


@pytest.fixture
def ramp() -> Recording:
    """Ten seconds that rise from 0 to 1, so that every sample tells its time."""
    return Recording.from_waveform(np.linspace(0, 1, 10 * RATE, endpoint=False), RATE, key="ramp")


def test_a_stretch_holds_what_lies_between_its_start_and_its_end(ramp):
    waveform, rate = Stretch.of(ramp, start=3.0, limit=2.5).waveform()
    assert rate == RATE
    assert len(waveform) == 2.5 * RATE
    assert waveform[[0, -1]] * 10 == pytest.approx([3.0, 5.5], abs=1e-3)


def test_a_stretch_without_a_limit_goes_on_to_the_end(ramp):
    assert Stretch.of(ramp, start=3.0).duration == pytest.approx(7.0)
    assert Stretch.of(ramp, start=9.0, limit=5.0).duration == pytest.approx(1.0)


def test_a_file_is_entered_where_the_stretch_begins(tmp_path):
    soundfile.write(tmp_path / "ramp.wav", np.linspace(0, 1, 10 * RATE, endpoint=False), RATE)
    waveform, _ = Stretch.of(Recording.from_file(tmp_path / "ramp.wav"), start=4.0, limit=1.0).waveform()
    assert waveform[[0, -1]] * 10 == pytest.approx([4.0, 5.0], abs=2e-3)


@pytest.mark.parametrize("start", [10.0, 99.0, -1.0, float("nan"), float("inf")])
def test_a_start_outside_the_sound_is_told_with_the_length(ramp, start):
    with pytest.raises(AudioError, match=r"lasts 10\.0 s") as raised:
        Stretch.of(ramp, start=start).waveform()
    assert raised.value.hint == "begin between 0 and 10.0 s"


def test_the_excerpt_of_nobodys_choice_is_the_middle(ramp, small_model):
    excerpt = take_excerpt(ramp, small_model)
    assert excerpt.waveform.shape == (1, 4000)
    assert excerpt.stretch.start == pytest.approx(4.75)
    assert float(excerpt.waveform.mean()) == pytest.approx(0.5, abs=1e-3)


def test_an_excerpt_begins_where_it_is_wanted(ramp, small_model):
    excerpt = take_excerpt(ramp, small_model, start=2.0)
    assert float(excerpt.waveform[0, 0]) * 10 == pytest.approx(2.0, abs=1e-3)


def test_an_excerpt_that_would_reach_beyond_the_end_ends_there(ramp, small_model):
    excerpt = take_excerpt(ramp, small_model, start=9.9)
    assert excerpt.stretch.start == pytest.approx(9.5)
    assert float(excerpt.waveform[0, -1]) * 10 == pytest.approx(10.0, abs=1e-3)


def test_a_sound_shorter_than_an_excerpt_is_repeated(small_model):
    excerpt = take_excerpt(Recording.from_waveform(np.float32([0.1, 0.2, 0.3, 0.4]), RATE), small_model)
    assert excerpt.waveform[0, :8].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4] * 2)
