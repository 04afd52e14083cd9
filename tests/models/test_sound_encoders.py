"""Taggers as encoders of items' sounds."""

import numpy as np
import pytest
import soundfile

from tutti.data.items import Item
from tutti.data.track import Track
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.taggers import build_tagger


@pytest.fixture
def encoder(small_model) -> SoundEncoder:
    return SoundEncoder(small_model)


@pytest.fixture
def track(tmp_path):
    """A function that writes a second of noise and gives its track."""

    def write(name: str, *, seed: int = 0, scale: float = 0.1, suffix: str = ".flac") -> Track:
        path = tmp_path / f"{name}{suffix}"
        soundfile.write(path, scale * np.random.default_rng(seed).uniform(-1, 1, 16_000), 8000)
        return Track(track_id=name, audio=path)

    return write


def item(name: str, *tracks: Track) -> Item:
    return Item(item_id=name, title=name, tracks=tracks)


def test_an_album_s_vector_is_the_mean_of_its_tracks(encoder, track):
    tracks = [track("a", seed=1), track("b", seed=2)]
    found = encoder.encode([item("album", *tracks)])
    expected = np.mean([encoder.model.embed(one.audio) for one in tracks], axis=0)
    np.testing.assert_allclose(found.vectors[0], expected, atol=1e-6)
    assert found.presence.tolist() == [True]
    assert found.problems == {}


def test_an_item_without_sound_is_absent_and_no_zeros_stand_for_it(encoder, track):
    found = encoder.encode([item("heard", track("a")), item("unheard", Track(track_id="b"))])
    assert found.presence.tolist() == [True, False]
    assert np.isnan(found.vectors[1]).all()
    assert found.problems == {}  # nothing is wrong with it


def test_of_an_album_with_a_silent_and_a_damaged_track_the_others_count(encoder, track, tmp_path):
    good, silent, broken = track("a", seed=1), track("b", scale=0.0), Track(track_id="c", audio=tmp_path / "c.mp3")
    broken.audio.write_text("la la la")
    found = encoder.encode([item("album", good, silent, broken), item("silent", silent), item("broken", broken)])
    assert found.presence.tolist() == [True, False, False]
    np.testing.assert_allclose(found.vectors[0], encoder.model.embed(good.audio), atol=1e-6)
    assert "b is silent" in found.problems["silent"]
    assert set(found.problems) == {"album", "silent", "broken"}


def test_a_truncated_track_is_heard_as_far_as_it_goes_and_told_of(encoder, track):
    cut = track("cut")
    cut.audio.write_bytes(cut.audio.read_bytes()[: cut.audio.stat().st_size // 2])
    found = encoder.encode([item("album", cut)])
    assert found.presence.tolist() == [True]
    assert found.problems["album"].startswith("cut: ")


@pytest.mark.parametrize("architecture", ["cqt_cnn_3x3_low", "timbre_mlp"])
def test_a_constant_q_network_gives_the_same_vector_alone_and_among_others(architecture, track):
    options = {"n_samples": 44_100}
    if architecture.startswith("cqt"):
        options |= {"hop_length": 128, "n_channels": 4}
    config = ModelConfig(name="x", architecture=architecture, labels=("a",), options=options)
    encoder = SoundEncoder(Model(config, build_tagger(architecture, 1, **options)))
    items = [item(name, track(name, seed=seed, scale=0.1 + seed)) for seed, name in enumerate("abc")]
    among = encoder.encode(items).vectors
    alone = np.concatenate([encoder.encode([one]).vectors for one in items])
    np.testing.assert_allclose(alone, among, rtol=1e-5, atol=1e-5)


def test_a_saved_encoder_gives_the_same_vectors(encoder, track, tmp_path):
    encoder.save(tmp_path / "encoder")
    loaded = SoundEncoder.load(tmp_path / "encoder")
    items = [item("a", track("a"))]
    assert loaded.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(loaded.encode(items).vectors, encoder.encode(items).vectors)
