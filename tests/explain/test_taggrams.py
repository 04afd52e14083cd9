from __future__ import annotations

import json

import numpy as np
import pytest

from tutti.audio.recording import Recording
from tutti.errors import AudioError, ConfigError
from tutti.explain.stretches import Stretch
from tutti.explain.taggrams import Taggram, taggram

RATE = 8_000


def noise(seconds: float) -> Recording:
    samples = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))
    return Recording.from_waveform(samples.astype(np.float32), RATE, key="noise")


def test_every_architecture_gives_a_taggram(architecture, small_model_of):
    model = small_model_of(architecture)
    seconds = model.n_samples / model.sample_rate
    made = taggram(model, noise(1.2 * seconds), hop=0.15 * seconds)
    assert made.labels == model.labels
    assert made.probabilities.shape == (3, 4)
    assert made.times == pytest.approx(np.array([0.5, 0.65, 0.7]) * seconds, abs=1e-3)


def test_each_column_is_what_the_model_says_of_that_excerpt_alone(small_model):
    sound = noise(2.3)
    made = taggram(small_model, sound, hop=0.4)
    alone = Stretch.of(sound, start=made.times[3] - made.window / 2, limit=made.window)
    waveform, rate = alone.waveform()
    assert made.probabilities[3] == pytest.approx(small_model.predict(waveform, rate), abs=1e-6)


def test_times_are_those_of_the_recording_also_where_a_stretch_is_heard(small_model):
    made = taggram(small_model, Stretch.of(noise(4.0), start=2.0, limit=1.5), hop=0.5)
    assert made.times == pytest.approx([2.25, 2.75, 3.25])
    assert (made.start, made.duration) == (2.0, 1.5)


def test_a_sound_shorter_than_an_excerpt_gives_one_column_in_its_middle(small_model):
    made = taggram(small_model, noise(0.2))
    assert made.times == pytest.approx([0.1])
    assert made.window == pytest.approx(0.2)


def test_a_long_sound_gets_no_more_columns_than_can_be_drawn(small_model, monkeypatch):
    monkeypatch.setattr("tutti.explain.taggrams.MAX_COLUMNS", 10)
    assert len(taggram(small_model, noise(30.0)).times) <= 11


def test_the_top_labels_come_best_first_and_with_the_one_asked_for():
    made = Taggram(
        labels=("a", "b", "c"),
        times=np.array([0.5, 1.5]),
        probabilities=np.float32([[0.1, 0.9, 0.5], [0.3, 0.7, 0.5]]),
        start=0.0,
        duration=2.0,
        window=1.0,
    )
    assert made.top(2).labels == ("b", "c")
    assert made.top(2, always="a").labels == ("b", "a")
    assert made.top(2).probabilities[0] == pytest.approx([0.9, 0.5])
    assert json.loads(json.dumps(made.to_json()))["times"] == [0.5, 1.5]


def test_a_hop_that_goes_nowhere_is_refused(small_model):
    with pytest.raises(ConfigError, match="hop=0 s is not positive"):
        taggram(small_model, noise(1.0), hop=0.0)


def test_a_file_that_cannot_be_heard_is_an_error(small_model, tmp_path):
    with pytest.raises(AudioError):
        taggram(small_model, Recording.from_file(tmp_path / "nowhere.wav"))
