"""Deformations of whole tracks: what they do to tones, levels and lengths of known size."""

import contextlib
import itertools
import math
import sys
from fractions import Fraction

import av
import av.error
import av.filter
import numpy as np
import pytest

from tutti.audio.deformations import DEFORMATIONS, TRANSFERS, compress, deform
from tutti.errors import AudioError, MissingExtraError, UnknownNameError

RATE = 16_000
SETTINGS = [(name, rate) for name, rates in DEFORMATIONS.items() for rate in rates]


def tone(hertz: float, seconds: float = 2.0, *, amplitude: float = 0.5) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def peak_hertz(waveform: np.ndarray) -> float:
    inner = waveform[RATE // 4 : -RATE // 4]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)), 8 * RATE))
    return float(spectrum.argmax() / 8)


def level_db(waveform: np.ndarray) -> float:
    """Of the second half, root mean square relative to full scale."""
    return 20 * math.log10(math.sqrt(np.mean(np.square(waveform[len(waveform) // 2 :], dtype=np.float64))))


@pytest.mark.parametrize("semitones", [-1.0, 1.0, 7.0])
def test_a_pitch_shift_moves_a_tone_and_keeps_length_and_level(semitones):
    shifted = deform(tone(440), RATE, "pitch_shift", semitones)
    assert len(shifted) == 2 * RATE
    assert peak_hertz(shifted) == pytest.approx(440 * 2 ** (semitones / 12), abs=2)
    assert level_db(shifted[: -RATE // 4]) == pytest.approx(level_db(tone(440)), abs=0.5)


@pytest.mark.parametrize("tempo", DEFORMATIONS["time_stretch"])
def test_a_time_stretch_changes_the_length_and_not_the_pitch(tempo):
    stretched = deform(tone(440), RATE, "time_stretch", tempo)
    assert len(stretched) == round(2 * RATE / tempo)
    assert peak_hertz(stretched) == pytest.approx(440, abs=2)


def test_a_time_stretch_by_half_an_octave_makes_20_6_seconds_of_29_1():
    stretched = deform(np.zeros(round(29.1 * RATE), np.float32), RATE, "time_stretch", 2**0.5)
    assert len(stretched) / RATE == pytest.approx(20.6, abs=0.05)


@pytest.mark.parametrize(("name", "rate"), [("pitch_shift", 1.0), ("time_stretch", 2**0.5)])
def test_a_recorders_constant_offset_stays_constant(name, rate):
    """As in a field recording of whales, whose offset became a tremor 15 dB above the song."""
    deformed = deform(tone(440, amplitude=0.05) + np.float32(0.4), RATE, name, rate)
    assert deformed.mean() == pytest.approx(0.4, abs=0.005)
    assert deformed[4000:-4000].std() == pytest.approx(0.05 / math.sqrt(2), rel=0.1)


def test_events_come_when_the_tempo_says():
    click = np.zeros(3 * RATE, np.float32)
    click[RATE] = 1.0
    for tempo in DEFORMATIONS["time_stretch"]:
        found = np.abs(deform(click, RATE, "time_stretch", tempo)).argmax() / RATE
        assert found == pytest.approx(1 / tempo, abs=0.01)


@pytest.mark.parametrize("preset", TRANSFERS)
def test_steady_tones_at_the_tables_levels_come_out_at_the_tables_levels(preset):
    for incoming, outgoing in TRANSFERS[preset]:
        square = np.sign(tone(500.3, 10.0)) * 10 ** (incoming / 20)  # of which peak, mean and RMS level are one
        assert level_db(compress(square.astype(np.float32), RATE, preset=preset)) == pytest.approx(outgoing, abs=0.5)


def test_between_its_points_the_transfer_is_straight_in_decibels():
    square = np.sign(tone(500.3, 4.0)) * 10 ** (-60 / 20)
    out = level_db(compress(square.astype(np.float32), RATE, preset="speech"))
    assert out == pytest.approx(-45, abs=0.5)  # half way from -70, -55 to -50, -35


def test_the_compander_begins_at_full_scale_and_looks_ahead():
    loud_late = tone(440, 4.0, amplitude=0.01)
    loud_late[2 * RATE :] *= 100
    compressed = compress(loud_late, RATE, preset="music standard")
    gain = np.abs(compressed / np.where(np.abs(loud_late) < 1e-4, np.nan, loud_late))
    assert np.nanmean(gain[:800]) < 0.2  # begins 20 dB down
    soft = np.nanmean(gain[26_000:30_000])
    assert soft > 1.4
    before_the_step = np.nanmean(gain[2 * RATE - 400 : 2 * RATE])
    assert before_the_step < 0.3 * soft


@pytest.mark.parametrize("preset", TRANSFERS)
def test_the_compander_equals_that_of_ffmpeg(preset):
    """FFmpeg's was written after sox's; its knee of 0.01 dB is the smallest that it has."""
    swelling = tone(440, 3.0) * np.abs(np.sin(np.arange(3 * RATE) / 5000)).astype(np.float32) ** 4
    points = "|".join(f"{incoming}/{outgoing}" for incoming, outgoing in TRANSFERS[preset])
    settings = f"attacks=0.1:decays=0.3:points={points}:soft-knee=0.01:gain=0:volume=0:delay=0.1"
    expected = by_ffmpeg(swelling, "compand", settings)
    np.testing.assert_allclose(compress(swelling, RATE, preset=preset), expected, atol=2e-4)


def by_ffmpeg(waveform: np.ndarray, name: str, settings: str) -> np.ndarray:
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="mono", time_base=Fraction(1, RATE))
    nodes = [source, graph.add(name, settings), graph.add("abuffersink")]
    for first, second in itertools.pairwise(nodes):
        first.link_to(second)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform[np.newaxis]), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    graph.push(frame)
    graph.push(None)
    filtered = []
    with contextlib.suppress(av.error.EOFError):
        while True:
            filtered.append(graph.pull().to_ndarray()[0])
    return np.concatenate(filtered)


def test_noise_follows_the_published_formula_with_the_largest_sample():
    waveform = np.full(50_000, -0.8, np.float32)
    waveform[7] = 0.4  # the largest sample, not the largest magnitude
    noisy = deform(waveform, RATE, "white_noise", 0.1, seed=3)
    noise = (noisy - 0.9 * waveform) / 0.1
    assert np.abs(noise).max() == pytest.approx(0.4, abs=1e-4)
    assert abs(noise.mean()) < 0.002
    assert np.abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.02
    np.testing.assert_array_equal(noisy, deform(waveform, RATE, "white_noise", 0.1, seed=3))
    assert not np.array_equal(noisy, deform(waveform, RATE, "white_noise", 0.1, seed=4))


@pytest.mark.parametrize(("name", "rate"), SETTINGS)
@pytest.mark.parametrize("n_samples", [0, 1, 300, 5000])
def test_short_and_silent_sounds_are_no_trouble(name, rate, n_samples):
    silent = deform(np.zeros(n_samples, np.float32), RATE, name, rate)
    assert not silent.any()
    assert len(silent) == round(n_samples / rate if name == "time_stretch" else n_samples)


@pytest.mark.parametrize(("name", "rate"), SETTINGS)
def test_deforming_twice_gives_the_same_and_leaves_the_input_alone(name, rate):
    waveform = tone(300, 0.7) + tone(1234, 0.7, amplitude=0.2)
    before = waveform.copy()
    first, second = (deform(waveform, RATE, name, rate) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(waveform, before)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()


def test_what_makes_no_sense_is_refused():
    waveform = tone(440, 0.1)
    with pytest.raises(UnknownNameError) as caught:
        deform(waveform, RATE, "pitchshift", 1)
    assert "did you mean 'pitch_shift'" in caught.value.hint
    with pytest.raises(UnknownNameError, match="no preset of the compander called 'radio'"):
        deform(waveform, RATE, "dynamic_range", "radio")
    for name, rate in (("time_stretch", 0.0), ("pitch_shift", 30), ("white_noise", 1.5), ("white_noise", "much")):
        with pytest.raises(AudioError):
            deform(waveform, RATE, name, rate)


def test_without_the_library_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_stretch", None)
    with pytest.raises(MissingExtraError) as caught:
        deform(tone(440, 0.1), RATE, "pitch_shift", 1)
    assert "tutti[train]" in caught.value.hint
