"""Seconds that speak for a score, where the truth is known: a score that follows how loud the sound is."""

import math

import numpy as np
import pytest
import soundfile
import torch

from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.explain.seconds import Windows, sound_seconds
from tutti.models.extractors.projected import ProjectedEncoder
from tutti.models.projections import PrincipalComponents
from tutti.models.sound_encoders import SoundEncoder

RATE = 8000


@pytest.fixture
def listener(adding_up):
    """A tagger whose vector grows with the loudness of what it hears."""
    return SoundEncoder(adding_up("short_chunk_cnn"))


@pytest.fixture
def track(tmp_path):
    """A function that writes four seconds of quiet noise with one loud second."""

    def write(name, *, loud, n_seconds=4):
        waveform = 0.001 * np.random.default_rng(0).standard_normal(n_seconds * RATE)
        waveform[loud * RATE : (loud + 1) * RATE] *= 300
        soundfile.write(tmp_path / f"{name}.wav", waveform, RATE)
        return Track(track_id=name, title=name, audio=tmp_path / f"{name}.wav")

    return write


def album(*tracks):
    return Item(item_id="album", title="Album", tracks=tracks)


def loudness(vectors):
    return vectors.mean()


def test_the_loud_second_of_each_track_speaks_for_loudness(listener, track):
    first, second = sound_seconds(listener, album(track("a", loud=0), track("b", loud=2)), loudness)
    assert [int(np.argmax(one.values)) for one in (first, second)] == [0, 2]
    assert first.edges.tolist() == [0, 1, 2, 3, 4]
    assert second.best == (2, 3)
    assert (first.values[0] > 1.5 * np.abs(first.values[1:])).all()  # silence is less than quiet noise, too


def test_the_whole_score_is_that_of_the_encoder(listener, track):
    item = album(track("a", loud=0), track("b", loud=2))
    given = []
    sound_seconds(listener, item, lambda vectors: given.append(vectors) or vectors.sum())
    np.testing.assert_allclose(given[0].numpy(), listener.encode([item]).vectors, atol=1e-5)


def test_without_one_of_two_tracks_the_other_is_left(listener, track):
    a, b = track("a", loud=0), track("b", loud=1, n_seconds=2)
    found = sound_seconds(listener, album(a, b), loudness)
    alone = [float(listener.encode([album(one)]).vectors.mean()) for one in (a, b)]
    both = float(listener.encode([album(a, b)]).vectors.mean())
    np.testing.assert_allclose([one.whole for one in found], [both - alone[1], both - alone[0]], atol=1e-5)


def test_of_a_single_track_the_score_without_sound_counts(listener, track):
    (found,) = sound_seconds(listener, album(track("a", loud=0)), loudness, score_without_sound=-1.0)
    assert found.whole == pytest.approx(float(listener.encode([album(found.track)]).vectors.mean()) + 1, abs=1e-5)
    (unknown,) = sound_seconds(listener, album(track("a", loud=0)), loudness)
    assert math.isnan(unknown.whole)
    assert unknown.to_json()["whole"] is None


def test_what_the_model_does_not_hear_is_not_a_number(small_model, track):
    one_excerpt = SoundEncoder(small_model.with_excerpts(count=1))  # half a second in the middle of nine
    (found,) = sound_seconds(one_excerpt, album(track("a", loud=0, n_seconds=9)), loudness)
    assert np.flatnonzero(np.isfinite(found.values)).tolist() == [4]


def test_silent_and_broken_tracks_are_told_of_and_the_others_explained(listener, track, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    (tmp_path / "broken.wav").write_bytes(b"RIFF, but no sound")
    silent = Track(track_id="silent", audio=tmp_path / "silent.wav")
    broken = Track(track_id="broken", audio=tmp_path / "broken.wav")
    found = sound_seconds(listener, album(silent, broken, track("a", loud=1)), loudness)
    assert "rises above" in found[0].problem
    assert found[1].problem
    assert [len(one.values) for one in found] == [0, 0, 4]
    assert found[0].best is None
    assert found[2].best == (1, 2)


def test_a_projection_behind_a_tagger_is_followed(listener, track):
    vectors = np.random.default_rng(0).standard_normal((20, listener.embed_dim)).astype(np.float32)
    projected = ProjectedEncoder(listener, PrincipalComponents.fit({"audio": vectors}, embed_dim=2))
    item = album(track("a", loud=0))
    given = []
    (found,) = sound_seconds(projected, item, lambda vectors: given.append(vectors) or vectors.sum())
    np.testing.assert_allclose(given[0].numpy(), projected.encode([item]).vectors, atol=1e-4)
    assert len(found.values) == 4


class Lengths:
    """An encoder that is no tagger: its vector says how many tracks there are."""

    modality, name, embed_dim, fingerprint = "audio", "lengths", 1, "1"

    def encode(self, items, *, progress=None):
        from tutti.models.encoders import gathered

        found = {one.item_id: np.array([len(one.sounds)], dtype=np.float32) for one in items if one.sounds}
        return gathered(items, found, {}, embed_dim=1)


def test_of_other_encoders_tracks_are_left_out_as_a_whole(track):
    found = sound_seconds(Lengths(), album(track("a", loud=0), track("b", loud=1)), torch.sum)
    assert [one.values.tolist() for one in found] == [[1.0], [1.0]]
    assert found[0].edges.tolist() == [0.0, 4.0]


def test_long_tracks_have_longer_windows_and_senseless_ones_are_refused():
    assert len(Windows(most=20).edges(600.0)) == 21
    assert len(Windows(most=20).edges(600.0, n_tracks=12)) == 11
    assert Windows().edges(0.4).tolist() == [0.0, 0.4]
    with pytest.raises(ConfigError, match="silence nothing"):
        Windows(seconds=0)
