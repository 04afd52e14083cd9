"""Songs by their listeners, and by several modalities side by side."""

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.track import Track
from tutti.errors import ConfigError, ModelError, ShapeError
from tutti.evaluation.indexed_sounds import encode_items
from tutti.models.encoder_kinds import load_encoder
from tutti.models.model_folders import read_settings
from tutti.models.song_encoders import SONG, ListeningEncoder, SongEncoder


def items(*ids: str) -> list[Item]:
    return items_of([Track(track_id=one) for one in ids])


def listening() -> ListeningEncoder:
    return ListeningEncoder(["a", "b"], np.array([[1, 2], [3, 4]], dtype=np.float32))


class Pictures(ListeningEncoder):
    modality = "image"


def test_a_track_that_nobody_played_is_absent_and_not_zero():
    found = listening().encode(items("a", "x"))
    assert found.presence.tolist() == [True, False]
    assert found.vectors[0].tolist() == [1, 2]
    assert np.isnan(found.vectors[1]).all()


def test_an_album_is_the_mean_of_its_tracks_that_were_played():
    tracks = [Track(track_id=one, artist="X", album="Y") for one in ("a", "b", "c")]
    found = listening().encode(items_of(tracks, level="album"))
    assert found.vectors.tolist() == [[2, 3]]


def test_parts_stand_side_by_side_and_one_of_them_is_enough():
    other = Pictures(["b"], np.array([[9]], dtype=np.float32))
    encoder = SongEncoder([listening(), other])
    found = encoder.encode(items("a", "b", "c"))
    assert found.presence.tolist() == [True, True, False]
    np.testing.assert_array_equal(found.vectors[:2], [[1, 2, np.nan], [3, 4, 9]])
    assert encoder.embed_dim == 3


def test_parts_that_stand_side_by_side_are_read_one_by_one_from_a_catalogue(tmp_path):
    encoder = SongEncoder([listening(), Pictures(["b"], np.array([[9]], dtype=np.float32))])
    found = encode_items(encoder, items("a", "b"), Catalogue.create(tmp_path / "catalogue"))
    np.testing.assert_array_equal(found.vectors, encoder.encode(items("a", "b")).vectors)


def test_a_song_by_several_modalities_is_saved_with_all_of_them(tmp_path):
    encoder = SongEncoder([listening(), Pictures(["b"], np.array([[9]], dtype=np.float32))])
    encoder.save(tmp_path / "song")
    assert {path.name for path in (tmp_path / "song").iterdir()} == {"config.json", "listening", "image"}
    assert read_settings(tmp_path / "song", kind=SONG, newest=1) == {"modalities": ["listening", "image"]}


def test_a_saved_encoder_gives_the_same(tmp_path):
    listening().save(tmp_path / "one")
    loaded = load_encoder(tmp_path / "one")
    assert loaded.fingerprint == listening().fingerprint
    np.testing.assert_array_equal(loaded.encode(items("b")).vectors, [[3, 4]])


def test_damaged_and_unfit_factors_are_told(tmp_path):
    listening().save(tmp_path / "one")
    (tmp_path / "one" / "tracks.json").write_text('["a"]')
    with pytest.raises(ModelError, match="damaged"):
        ListeningEncoder.load(tmp_path / "one")
    with pytest.raises(ShapeError, match="do not fit"):
        ListeningEncoder(["a"], np.full((1, 2), np.nan, dtype=np.float32))
    with pytest.raises(ConfigError, match="several modalities"):
        SongEncoder([listening()])
