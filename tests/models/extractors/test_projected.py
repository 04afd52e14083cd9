"""Encoders with a projection behind them."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ModelError, ShapeError, UnknownNameError
from tutti.models.encoder_kinds import load_encoder
from tutti.models.extractors.projected import ProjectedEncoder
from tutti.models.projections import PrincipalComponents
from tutti.models.sound_encoders import SoundEncoder


@pytest.fixture
def items(tmp_path):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "noise.wav", 0.1 * rng.standard_normal(8000), 8000)
    track = Track(track_id="noise", audio=tmp_path / "noise.wav")
    return [Item(item_id="noise", title="noise", tracks=(track,)), Item(item_id="none", title="none")]


def components(n_dims, modality="audio"):
    vectors = np.random.default_rng(1).standard_normal((20, n_dims)).astype(np.float32)
    return PrincipalComponents.fit({modality: vectors}, embed_dim=3)


def test_what_an_encoder_gives_is_placed_and_absence_stays(small_model, items, tmp_path):
    encoder = SoundEncoder(small_model)
    projected = ProjectedEncoder(encoder, components(encoder.embed_dim))
    found = projected.encode(items)
    expected = projected.projection.project("audio", encoder.encode(items).vectors)
    np.testing.assert_array_equal(found.vectors, expected)
    assert found.presence.tolist() == [True, False]
    assert (projected.modality, projected.embed_dim) == ("audio", 3)
    projected.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved")
    assert again.fingerprint == projected.fingerprint
    np.testing.assert_allclose(again.encode(items).vectors, found.vectors, atol=1e-5)


def test_a_projection_of_something_else_is_refused(small_model, tmp_path):
    encoder = SoundEncoder(small_model)
    with pytest.raises(ShapeError, match="takes vectors of 5"):
        ProjectedEncoder(encoder, components(5))
    projected = ProjectedEncoder(encoder, components(encoder.embed_dim, modality="image"))
    with pytest.raises(UnknownNameError):
        projected.encode([])
    with pytest.raises(ModelError, match="holds no projected encoder"):
        ProjectedEncoder.load(tmp_path)
