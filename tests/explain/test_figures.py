from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from tutti.audio.recording import Recording
from tutti.errors import ConfigError, MissingExtraError
from tutti.explain.attention import AttentionMap
from tutti.explain.contribution import ContributionMap
from tutti.explain.figures import (
    column_edges,
    draw_attention,
    draw_class_map,
    draw_contribution,
    draw_taggram,
    on_bands_of,
)
from tutti.explain.gradcam import ClassMap
from tutti.explain.spectrograms import Spectrogram, spectrogram
from tutti.explain.stretches import Stretch
from tutti.explain.taggrams import Taggram

RATE = 16_000


def tone(hertz: float, *, begin: float, end: float, seconds: float) -> Recording:
    times = np.arange(round(seconds * RATE)) / RATE
    samples = 0.5 * np.sin(2 * np.pi * hertz * times) * ((times >= begin) & (times < end))
    return Recording.from_waveform(samples + 1e-5 * np.random.default_rng(0).standard_normal(len(times)), RATE)


@pytest.fixture(scope="module")
def sound() -> Spectrogram:
    return spectrogram(Stretch.of(tone(1000, begin=1, end=2, seconds=3)))


@pytest.fixture
def taggram() -> Taggram:
    return Taggram(
        labels=("loud", "quiet & <calm>"),
        times=np.array([0.5, 1.5, 2.5]),
        probabilities=np.float32([[0.1, 0.9], [0.9, 0.1], [0.1, 0.9]]),
        start=0.0,
        duration=3.0,
        window=1.0,
    )


def test_a_tone_is_in_the_spectrogram_where_and_when_it_sounds(sound):
    loudest_band, loudest_column = np.unravel_index(sound.decibels.argmax(), sound.decibels.shape)
    assert sound.frequencies[loudest_band] == pytest.approx(1000, rel=0.05)
    loud = sound.decibels[loudest_band] > -20
    seconds = (np.flatnonzero(loud) + 0.5) * sound.duration / sound.decibels.shape[1]
    assert (seconds.min(), seconds.max()) == pytest.approx((1.0, 2.0), abs=0.04)
    assert 1.0 < seconds[loudest_column - np.flatnonzero(loud)[0]] < 2.0


def test_a_long_sound_gets_no_more_columns_than_asked_for_and_keeps_its_places():
    made = spectrogram(Stretch.of(tone(500, begin=20, end=21, seconds=30)), max_columns=60)
    assert made.decibels.shape == (128, 60)
    assert set(made.decibels.max(axis=0).argsort()[-2:]) == {40, 41}


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_sounds_of_several_pieces_stay_at_their_time(rate):
    times = np.arange(10 * rate) / rate
    samples = np.sin(2 * np.pi * np.where(times < 5, 300, 3000) * times)
    made = spectrogram(Stretch.of(Recording.from_waveform(samples, rate)))
    assert made.decibels.shape == (128, 625)
    high = made.decibels[np.abs(made.frequencies - 3000).argmin()] > -10
    assert np.flatnonzero(high)[0] * 10 / 625 == pytest.approx(5.0, abs=0.035)
    assert high[320:].all()


def test_a_sound_shorter_than_a_piece_is_not_drawn_repeated():
    made = spectrogram(Stretch.of(tone(500, begin=0, end=0.1, seconds=0.5)))
    assert made.duration == pytest.approx(0.5)
    loud = made.decibels.max(axis=0) > -20
    assert loud[: len(loud) // 5].all()
    assert not loud[len(loud) // 4 :].any()


def test_columns_reach_from_the_beginning_to_the_end():
    assert column_edges(np.array([1.0, 2.0, 2.5]), start=0.0, end=4.0).tolist() == [0.0, 1.5, 2.25, 4.0]


def test_a_map_lies_at_its_frequencies_also_on_other_bands(sound):
    frequencies = np.array([500.0, 1000.0, 1500.0])
    values = np.float32([[0], [1], [0]])
    found = ClassMap(
        label="a", layer="l", values=values, times=np.array([1.0]), frequencies=frequencies, probability=0.5
    )
    over = on_bands_of(found, sound)
    assert over.shape == (128, 1)
    assert sound.frequencies[over[:, 0].argmax()] == pytest.approx(1000, rel=0.05)
    assert over[sound.frequencies > 1500].max() == 0


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_taggram_is_drawn_with_units_and_the_labels_as_they_are(taggram, sound, tmp_path, suffix):
    path = tmp_path / f"map{suffix}"
    draw_taggram(taggram, sound, path, title="ear: $x_1$ & <b>")
    again = tmp_path / f"again{suffix}"
    draw_taggram(taggram, sound, again, title="ear: $x_1$ & <b>")
    assert path.read_bytes() == again.read_bytes()
    if suffix == ".png":
        with Image.open(path) as picture:
            assert picture.width == 1500
    else:
        text = path.read_text()
        for words in (
            "time (s)",
            "frequency (kHz)",
            "probability",
            "quiet &amp; &lt;calm&gt;",
            "$x_1$ &amp; &lt;b&gt;",
        ):
            assert words in text


def test_the_other_maps_are_drawn(sound, tmp_path):
    times = np.linspace(0.1, 2.9, 20)
    attention = AttentionMap(
        values=np.ones(20, np.float32), special=0.1, times=times, layer=2, n_layers=2, heads=(1, 2)
    )
    draw_attention(attention, sound, tmp_path / "attention.svg", title="ear")
    contribution = ContributionMap(
        labels=("a",), times=times, probabilities=np.ones((20, 1), np.float32), whole=np.float32([0.5]), joined_at=1.5
    )
    draw_contribution(contribution, sound, tmp_path / "contribution.svg", title="ear")
    for frequencies, values in ((None, np.ones((1, 20))), (np.array([100.0, 2000.0]), np.ones((2, 20)))):
        found = ClassMap(
            label="drums",
            layer="l",
            values=values.astype(np.float32),
            times=times,
            frequencies=frequencies,
            probability=0.5,
        )
        draw_class_map(found, sound, tmp_path / "class.svg", title="ear")
    assert "2 heads" in (tmp_path / "attention.svg").read_text()
    assert "activation" in (tmp_path / "class.svg").read_text()
    assert (tmp_path / "contribution.svg").exists()


def test_another_kind_of_file_is_refused_and_nothing_is_left(taggram, sound, tmp_path):
    with pytest.raises(ConfigError, match=r"no figure can be written as map\.jpg"):
        draw_taggram(taggram, sound, tmp_path / "map.jpg", title="ear")
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_extra_is_named(taggram, sound, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError) as raised:
        draw_taggram(taggram, sound, tmp_path / "map.png", title="ear")
    assert raised.value.hint == "run: pip install 'tutti[figures]'"
