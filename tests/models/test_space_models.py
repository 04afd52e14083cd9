"""Space models place what there is of an item, and come back from disk the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from tutti.data.items import Item
from tutti.errors import ConfigError, ModelError, ShapeError, UnknownNameError
from tutti.models.encoders import gathered
from tutti.models.space_models import (
    SpaceModel,
    SpaceModelConfig,
    find_space_model,
    is_space_model,
    load_space_model,
    merged,
)
from tutti.models.spaces import SpaceConfig, SpaceNetwork
from tutti.models.text_readers import TextReader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network
from tutti.models.zoo import Zoo

REVIEWS = ("a slow piano at night", "loud drums and guitars", "a slow guitar", "drums at night")


@pytest.fixture(scope="module")
def words() -> SpaceModel:
    """A space of texts alone, with random weights."""
    config = TextConfig(max_share=1.0, widths=(8,))
    reader = TextReader(config).fit(REVIEWS)
    encoder = TextEncoder(config, reader, build_text_network(config, reader.n_inputs))
    network = SpaceNetwork({"text": encoder.embed_dim}, SpaceConfig(embed_dim=4, n_hidden=8)).eval()
    return SpaceModel(SpaceModelConfig(name="words", texts=("review",)), {"text": encoder}, network)


def test_points_have_length_one_and_an_item_without_the_modality_has_none(words):
    items = [Item(item_id="a", title="a", text=REVIEWS[0]), Item(item_id="b", title="b")]
    points = words.place(items).points["text"]
    assert np.linalg.norm(points[0]) == pytest.approx(1)
    assert np.isnan(points[1]).all()


def test_a_text_lies_where_the_item_lies_that_has_it(words):
    item = Item(item_id="a", title="a", text=REVIEWS[1])
    assert words.place_texts([REVIEWS[1]]) == pytest.approx(words.place([item]).points["text"])


def test_a_space_comes_back_from_disk_the_same(words, tmp_path):
    words.save(tmp_path / "words")
    again = load_space_model(tmp_path / "words")
    assert again.config == words.config
    assert again.fingerprint == words.fingerprint
    assert np.array_equal(again.place_texts(REVIEWS), words.place_texts(REVIEWS))
    assert "| Dimensions | 4 |" in (tmp_path / "words" / "README.md").read_text()


def test_a_space_is_found_by_its_name_in_the_folders_of_models(words, tmp_path, monkeypatch):
    words.save(tmp_path / "words")
    monkeypatch.setenv("TUTTI_MODELS", str(tmp_path))
    assert find_space_model("words") == tmp_path / "words"
    assert is_space_model(tmp_path / "words")
    with pytest.raises(UnknownNameError, match="wrods"):
        find_space_model("wrods")
    (tmp_path / "tagger").mkdir()
    with pytest.raises(UnknownNameError, match="tagger holds no space"):
        find_space_model(tmp_path / "tagger")


def test_the_space_in_the_package_is_meant_by_its_name_and_a_folder_by_its_path(words, tmp_path, monkeypatch):
    words.save(tmp_path / "tutti-words")
    monkeypatch.chdir(tmp_path)
    assert find_space_model("tutti-words") == Zoo().places.shipped / "tutti-words"
    assert find_space_model("./tutti-words") == Path("tutti-words")


def test_the_merged_point_is_the_mean_of_what_is_present():
    absent = [np.nan, np.nan]
    audio = np.array([[1.0, 0.0], [1.0, 0.0], absent], dtype=np.float32)
    text = np.array([[0.0, 1.0], absent, absent], dtype=np.float32)
    both = merged({"audio": audio, "text": text})
    assert both[0] == pytest.approx([2**-0.5, 2**-0.5])
    assert both[1] == pytest.approx([1, 0])
    assert np.isnan(both[2]).all()
    assert merged({"audio": audio, "text": text}, {"audio": 0.0})[0] == pytest.approx([0, 1])


def test_points_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="cannot be merged"):
        merged({"audio": np.zeros((2, 3), dtype=np.float32), "text": np.zeros((1, 3), dtype=np.float32)})
    with pytest.raises(ConfigError, match="no points"):
        merged({})


def test_a_space_without_words_says_so(words):
    class Heard:
        modality, name, embed_dim, fingerprint = "audio", "heard", 3, "0"

        def encode(self, items, *, progress=None):
            return gathered(items, {}, {}, embed_dim=3)

    space = SpaceModel(SpaceModelConfig(name="heard"), {"audio": Heard()}, words.projection)
    with pytest.raises(ConfigError, match="cannot place words; it places audio"):
        space.place_texts(["piano"])
    with pytest.raises(UnknownNameError, match="image"):
        space.place([], modalities=["image"])


@pytest.mark.parametrize("modalities", [5, [], ["../../audio"], None])
def test_a_bundle_that_lists_no_modalities_is_refused(words, tmp_path, modalities):
    words.save(tmp_path / "words")
    config = tmp_path / "words" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"modalities": modalities}))
    with pytest.raises(ModelError, match="lists no modalities"):
        SpaceModel.load(tmp_path / "words")


def test_what_is_no_space_is_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no space model"):
        SpaceModel.load(tmp_path)
    with pytest.raises(ConfigError, match="cannot be called"):
        SpaceModelConfig(name="../x")
