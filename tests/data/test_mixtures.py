"""Mixtures: made of what they say, the same twice, and held-out sounds apart."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tutti.data.mixtures import MixtureConfig, make_mixtures, read_held_out, sounds_below
from tutti.data.track import Track
from tutti.errors import CatalogueError, ConfigError, DatasetError

RATE = 16_000
SHORT = MixtureConfig(count=12, seconds=1.0, valid=0.3)


def tone(hz: float, seconds: float = 3.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "tones"
    folder.mkdir()
    for name, hz in (("low", 200.0), ("middle", 1000.0), ("high", 5000.0)):
        soundfile.write(folder / f"{name}.flac", tone(hz), RATE)
    return folder


def audio_of(catalogue) -> dict[str, bytes]:
    return {track.track_id: track.audio.read_bytes() for track in catalogue.tracks()}


def test_the_same_seed_gives_the_same_bytes_however_many_threads(sounds, tmp_path):
    one = make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "one", SHORT)
    three = make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "three", SHORT, jobs=3)
    assert audio_of(one) == audio_of(three)
    assert len(set(audio_of(one).values())) == SHORT.count


def test_held_out_sounds_are_heard_in_the_valid_split_only(sounds, tmp_path):
    made = make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "m", SHORT, held_out=["tones/high.flac"])
    facts = made.facts()
    for track in made.tracks():
        is_held_out = facts[track.track_id]["made_of"] == "tones/high.flac"
        assert is_held_out == (track.split == "valid")
        assert "high" not in facts[track.track_id]["made_of"] or is_held_out
    assert {track.split for track in made.tracks()} == {"train", "valid"}


def test_a_plain_mixture_is_an_excerpt_of_its_sound(sounds, tmp_path):
    plain = MixtureConfig(count=4, seconds=1.0, n_sounds=(1.0,), plain=1.0)
    made = make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "m", plain, shares={"tones": 2.0})
    for track in made.tracks():
        name = made.facts()[track.track_id]["made_of"]
        hz = {"low": 200.0, "middle": 1000.0, "high": 5000.0}[name.removeprefix("tones/").removesuffix(".flac")]
        heard, rate = soundfile.read(track.audio)
        assert rate == RATE
        assert len(heard) == RATE
        spectrum = np.abs(np.fft.rfft(heard))
        assert np.argmax(spectrum) == pytest.approx(hz, abs=1)


def test_a_source_with_share_zero_is_never_heard(sounds, tmp_path):
    other = tmp_path / "noise"
    other.mkdir()
    soundfile.write(other / "noise.flac", np.random.default_rng(0).normal(0, 0.1, RATE), RATE)
    sources = {"tones": sounds_below(sounds), "noise": sounds_below(other)}
    made = make_mixtures(sources, tmp_path / "m", SHORT, shares={"noise": 0.0})
    assert not any("noise/" in fact["made_of"] for fact in made.facts().values())


def test_a_stopped_run_is_completed_to_the_same_bytes(sounds, tmp_path):
    made = make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "m", SHORT)
    whole = audio_of(made)
    for track in made.tracks()[3:7]:
        track.audio.unlink()
    assert audio_of(make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "m", SHORT)) == whole


def test_another_configuration_does_not_overwrite_mixtures(sounds, tmp_path):
    make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "m", SHORT)
    with pytest.raises(CatalogueError, match="mixtures of another kind"):
        make_mixtures({"tones": sounds_below(sounds)}, tmp_path / "m", MixtureConfig(count=13, seconds=1.0))


def test_wrong_wishes_are_refused_in_words(sounds, tmp_path):
    tracks = {"tones": sounds_below(sounds)}
    with pytest.raises(DatasetError, match="no sound to make mixtures of"):
        make_mixtures({"none": [Track(track_id="silent")]}, tmp_path / "a", SHORT)
    with pytest.raises(ConfigError, match="held-out track 'x' is in no source"):
        make_mixtures(tracks, tmp_path / "b", SHORT, held_out=["x"])
    with pytest.raises(ConfigError, match="share of 'songs', which is no source"):
        make_mixtures(tracks, tmp_path / "c", SHORT, shares={"songs": 1.0})
    with pytest.raises(ConfigError, match="no shares"):
        MixtureConfig(n_sounds=(0.5, 0.2))


def test_a_list_of_held_out_sounds_may_have_remarks(tmp_path):
    path = tmp_path / "held-out.txt"
    path.write_text("# chosen at random\nsongs/a.ogg\n\n songs/b.ogg \n", encoding="utf-8")
    assert read_held_out(path) == ("songs/a.ogg", "songs/b.ogg")
