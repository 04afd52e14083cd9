"""The sound of a world: its beat can be measured, its instruments behave as their families do, and nothing clips."""

import numpy as np
import pytest

from tutti.data.world.composition import compose
from tutti.data.world.config import PRESETS
from tutti.data.world.drums import GROOVES, SAMPLE_RATE, Kit, beat_pattern
from tutti.data.world.harmony import Harmony
from tutti.data.world.latent import draw_songs
from tutti.data.world.melody import draw_tune, play_tune
from tutti.data.world.rendering import play_drums, render
from tutti.data.world.synthesis import PATCHES, Orchestra
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS

CONFIG = PRESETS["tiny"]
SONGS = draw_songs(CONFIG)


def harmony_of(tempo):
    c_major = (0, 2, 4, 5, 7, 9, 11)
    return Harmony(chords=((0, 4, 7),) * 6, scale=c_major, beat=60.0 / tempo, metre=4, swing=0.0)


def loudness(sound, start, end):
    return float(np.sqrt(np.mean(sound[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)] ** 2)))


@pytest.mark.parametrize("tempo", [90.0, 124.0, 150.0])
def test_the_tempo_of_a_drum_pattern_can_be_measured(tempo):
    hits = beat_pattern("four", harmony_of(tempo), np.random.default_rng(0))
    kicks = [hit for hit in hits if hit.drum == "kick"]
    sound = play_drums(Kit(tuning=1.0, machine=False, seed=0), kicks, 8 * SAMPLE_RATE)
    envelope = np.abs(sound).reshape(-1, 100).max(axis=1)  # 220.5 frames a second
    similarity = np.correlate(envelope, envelope, "full")[len(envelope) :]
    lag = 60 + int(np.argmax(similarity[60:180])) + 1  # from 73 to 220 beats a minute
    assert 60.0 * SAMPLE_RATE / 100 / lag == pytest.approx(tempo, rel=0.02)


@pytest.mark.parametrize(
    "instrument", ["acoustic guitar", "piano", "vibraphone", "violin", "flute", "organ", "trumpet"]
)
def test_what_is_plucked_or_struck_decays_and_what_is_bowed_or_blown_sustains(instrument):
    note = Orchestra(SONGS[0].artist, seed=0).note(instrument, 69, 1.5)
    remaining = loudness(note, 1.2, 1.4) / loudness(note, 0.15, 0.35)
    assert remaining < 0.5 if INSTRUMENTS[instrument][0] in ("plucked", "keyed", "struck") else remaining > 0.8


@pytest.mark.parametrize("instrument", [name for name in PATCHES if name not in ("flute", "vocals")])
def test_a_note_has_its_pitch(instrument):
    note = Orchestra(SONGS[0].artist, seed=0).note(instrument, 57, 2.0)  # A3, 220 Hz
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note)), n=8 * len(note)))
    peak = np.argmax(spectrum) * SAMPLE_RATE / (8 * len(note))
    assert peak / 220.0 == pytest.approx(max(round(peak / 220.0), 1), rel=0.012)


def test_a_melody_stays_in_the_key_and_in_the_instrument_s_range():
    harmony = harmony_of(120.0)
    tune = draw_tune(harmony, np.random.default_rng(1), density=0.8, height=0.0)
    pitches = [note.pitch for note in play_tune(harmony, tune, "flute", np.random.default_rng(1))]
    assert {pitch % 12 for pitch in pitches} <= set(harmony.scale)
    assert INSTRUMENTS["flute"][1] <= min(pitches) <= max(pitches) <= INSTRUMENTS["flute"][2]


def test_every_instrument_of_a_track_plays_and_no_other():
    for song in SONGS:
        score = compose(song, np.random.default_rng(0), duration=10.0)
        playing = {name for name, notes in score.parts.items() if notes} | ({"drums"} if score.hits else set())
        assert playing - {"bass"} == set(song.instruments)


def test_no_track_clips_and_the_sides_differ():
    for song in SONGS[:6]:
        sound = render(song, CONFIG)
        assert sound.shape == (round(CONFIG.duration * SAMPLE_RATE), 2)
        assert 0.05 < np.abs(sound).max() <= 1.0
        assert np.abs(sound[:, 0] - sound[:, 1]).max() > 0.01


def test_every_groove_that_a_genre_names_exists():
    assert {genre.groove for genre in GENRES.values()} == set(GROOVES)
    assert {len(pattern) for groove in GROOVES.values() for pattern in groove.values()} == {16}
