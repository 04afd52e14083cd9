"""Maps put alike items side by side, whatever projection draws them, and leave out what has no vector."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError, MissingExtraError, UnknownNameError
from tutti.evaluation.map_figure import draw_map
from tutti.evaluation.maps import ItemMap, MapSettings, colours_of, map_items, map_model, place
from tutti.models.fusion import build_fusion
from tutti.models.multimodal import MultimodalConfig, MultimodalModel, Stream
from tutti.models.readouts import TagReadout
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.text_readers import TextReader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network

BOTH = MapSettings(methods=("tsne", "pca"))


def groups(n_groups: int, n_each: int) -> np.ndarray:
    """Vectors in well separated groups, one group after the other."""
    noise = np.random.default_rng(0).normal(size=(n_groups * n_each, 16))
    return (np.repeat(10 * np.eye(n_groups, 16), n_each, axis=0) + noise).astype(np.float32)


def items(n: int) -> list[Item]:
    return [Item(item_id=str(i), title=f"T{i}", tags=("all", ("a", "b", "c")[i * 3 // n])) for i in range(n)]


@pytest.fixture(scope="module")
def drawn() -> ItemMap:
    return map_items("m", items(30), groups(3, 10), BOTH, dataset="d")


@pytest.mark.parametrize("method", ["tsne", "pca", pytest.param("umap", marks=pytest.mark.slow)])
def test_groups_stay_together_in_the_unit_square_and_one_seed_gives_one_map(method):
    if method == "umap":
        pytest.importorskip("umap")
    points = place(groups(3, 20), method=method, seed=1)
    centres = points.reshape(3, 20, 2).mean(axis=1)
    nearest = np.linalg.norm(points[:, None] - centres[None], axis=-1).argmin(axis=1)
    assert nearest.tolist() == np.repeat(np.arange(3), 20).tolist()
    assert ((points >= 0) & (points <= 1)).all()
    assert np.array_equal(points, place(groups(3, 20), method=method, seed=1))


def test_the_length_of_a_vector_plays_no_part_in_tsne():
    vectors = groups(3, 10)
    longer = vectors * np.float32(2) ** np.arange(-3, 27, dtype=np.float32)[:, None]
    assert np.allclose(place(vectors, method="tsne"), place(longer, method="tsne"), atol=1e-3)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_few_items_lie_on_principal_components(n):
    found = map_items("m", items(n), groups(1, 9)[:n], MapSettings(), dataset="d")
    assert list(found.points) == ["principal components"]
    assert found.points["principal components"].shape == (n, 2)


def test_a_label_on_every_item_does_not_paint_the_map(drawn):
    assert drawn.colours == ("a",) * 10 + ("b",) * 10 + ("c",) * 10
    assert drawn.legend == ["a", "b", "c"]


def test_only_the_eight_most_common_labels_colour():
    words = [[f"l{n}"] for n in range(12) for _ in range(20 - n)]
    colours = colours_of(words)
    assert {one for one in colours if one} == {f"l{n}" for n in range(8)}
    assert colours[-1] is None


def test_items_without_a_vector_are_left_out_and_counted():
    vectors = groups(3, 10)
    vectors[[0, 29]] = np.nan
    found = map_items("m", items(30), vectors, BOTH, dataset="d")
    assert (len(found.items), found.n_absent) == (28, 2)
    assert found.items[0].item_id == "1"
    assert "2 without a vector left out" in found.setting
    with pytest.raises(ConfigError, match="no vector of any"):
        map_items("m", items(3), np.full((3, 4), np.nan, dtype=np.float32), BOTH, dataset="d")


def test_many_items_are_drawn_as_an_even_choice(monkeypatch):
    monkeypatch.setattr("tutti.evaluation.maps.MOST", 10)
    found = map_items("m", items(30), groups(3, 10), BOTH, dataset="d")
    assert (len(found.items), found.n_items) == (10, 30)
    assert {found.colours.count(label) for label in "abc"} == {3, 4}


def test_a_fact_colours_where_one_is_named():
    some = [Item(item_id="x", title="X", tracks=(Track(track_id="t"),)), Item(item_id="y", title="Y")]
    facts = {"t": {"genre": "jazz", "tempo": 90}}
    found = map_items("m", some, groups(1, 2), MapSettings(colour_by="genre"), dataset="d", facts=facts)
    assert (found.colours, found.coloured_by) == (("jazz", None), "genre")
    several = {"t": {"moods": ["sad", "calm"]}}
    settings = MapSettings(colour_by="moods")
    assert map_items("m", some, groups(1, 2), settings, dataset="d", facts=several).colours == ("calm", None)
    with pytest.raises(UnknownNameError, match="genres"):
        map_items("m", some, groups(1, 2), MapSettings(colour_by="genres"), dataset="d", facts=facts)


def test_umap_that_is_asked_for_must_be_there_and_otherwise_need_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    assert list(map_items("m", items(30), groups(3, 10), MapSettings(), dataset="d").points) == ["t-SNE"]
    with pytest.raises(MissingExtraError, match="umap"):
        map_items("m", items(30), groups(3, 10), MapSettings(methods=("umap",)), dataset="d")


@pytest.mark.parametrize("wrong", [{"split": "tset"}, {"methods": ("tnse",)}])
def test_unknown_splits_and_projections_are_refused(wrong):
    with pytest.raises(UnknownNameError):
        MapSettings(**wrong)


def test_the_picture_has_a_panel_for_each_projection(drawn, tmp_path):
    draw_map(drawn, tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as picture:
        assert picture.width > 1.5 * picture.height
    with pytest.raises(ConfigError, match="no figure"):
        draw_map(drawn, tmp_path / "map.jpg")


def test_a_tagger_maps_the_sounds_of_a_catalogue(small_model, sine_wav, noise_wav, tmp_path):
    small_model.save(tmp_path / "bundle")
    catalogue = Catalogue.create(tmp_path / "two")
    catalogue.put_tracks(
        [
            Track(track_id="s", audio=sine_wav, tags=("low",), split="test"),
            Track(track_id="n", audio=noise_wav, tags=("noisy",), split="test"),
            Track(track_id="mute", split="test"),
        ]
    )
    found = map_model(str(tmp_path / "bundle"), catalogue.folder)
    assert [item.item_id for item in found.items] == ["n", "s"]
    assert (found.model, found.n_absent) == ("small", 1)
    with pytest.raises(ConfigError, match="reads audio alone"):
        map_model(str(tmp_path / "bundle"), catalogue.folder, MapSettings(modality="image"))


REVIEWS = ["a slow blues", "fast punk guitars", "a slow piano ballad", "loud metal guitars"]


@pytest.fixture
def multimodal(small_model, tmp_path):
    """The folder of an untrained model that hears and reads."""
    config = TextConfig(widths=(8,))
    reader = TextReader(config).fit(REVIEWS)
    torch.manual_seed(0)
    encoders = {
        "audio": SoundEncoder(small_model),
        "text": TextEncoder(config, reader, build_text_network(config, reader.n_inputs)),
    }
    settings = MultimodalConfig(
        name="both", labels=("low", "high"), streams=(Stream(modality="audio"), Stream(modality="text")), n_outputs=2
    )
    fusion = build_fusion([one.embed_dim for one in encoders.values()], TagReadout(2), settings.fusion)
    MultimodalModel(settings, encoders, fusion).save(tmp_path / "model")
    return str(tmp_path / "model")


def test_a_multimodal_model_maps_all_that_it_knows_or_one_modality(multimodal, sine_wav, noise_wav, tmp_path):
    catalogue = Catalogue.create(tmp_path / "four")
    catalogue.put_tracks(
        [
            Track(track_id="0", audio=sine_wav, texts={"review": REVIEWS[0]}, split="test"),
            Track(track_id="1", audio=noise_wav, split="test"),
            Track(track_id="2", texts={"review": REVIEWS[1]}, split="test"),
            Track(track_id="3", split="test"),
        ]
    )
    counted = {
        modality: [
            item.item_id for item in map_model(multimodal, catalogue.folder, MapSettings(modality=modality)).items
        ]
        for modality in (None, "audio", "text")
    }
    assert counted == {None: ["0", "1", "2"], "audio": ["0", "1"], "text": ["0", "2"]}
    assert map_model(multimodal, catalogue.folder, MapSettings(modality="text")).model == "both, text"
    with pytest.raises(UnknownNameError, match="image"):
        map_model(multimodal, catalogue.folder, MapSettings(modality="image"))
    alone = map_model(f"{multimodal}/encoders/text", catalogue.folder)
    assert [item.item_id for item in alone.items] == ["0", "2"]
