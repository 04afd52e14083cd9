"""Sounds that a catalogue was indexed with are not heard again; those that it lacks are."""

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.items import items_of
from tutti.evaluation.indexed_sounds import encode_items
from tutti.models.concept_listener import ConceptListener
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.zoo import load_model
from tutti.search.indexing import index

RATE = 16_000


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Three tracks that tutti-small was asked about, the second of which is another one by now."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "music").mkdir()
    for number in range(3):
        noise = 0.1 * np.random.default_rng(number).standard_normal(4 * RATE).clip(-5, 5)
        soundfile.write(folder / "music" / f"{number}.wav", noise, RATE)
    catalogue = Catalogue.create(folder / "catalogue")
    index([folder / "music"], catalogue, [load_model("tutti-small")], jobs=1)
    soundfile.write(folder / "music" / "1.wav", 0.1 * np.sin(np.arange(4 * RATE) / 10), RATE)
    return catalogue


@pytest.mark.parametrize("make", [SoundEncoder, ConceptListener.of])
def test_what_the_index_lacks_is_read_and_the_rest_is_what_hearing_would_give(shelf, make):
    encoder, items, asked = make(load_model("tutti-small")), items_of(shelf.tracks()), []

    def read(one, some):
        asked.extend(item.title for item in some)
        return one.encode(some)

    found = encode_items(encoder, items, shelf, read=read)
    assert asked == ["1"]
    assert found.presence.all()
    np.testing.assert_allclose(found.vectors, encoder.encode(items).vectors, atol=1e-4)
