"""Spaces: the published networks, what they do with absent modalities and with company, and their folders."""

import json

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError, ModelError, ShapeError, UnknownNameError
from tutti.models.spaces import SPACES, SpaceConfig, SpaceNetwork, find_space

DIMS = {"audio": 6, "image": 4}


def small_space(preset: str = "wu2021-code") -> SpaceNetwork:
    torch.manual_seed(0)
    space = SpaceNetwork(DIMS, find_space(preset))
    for module in space.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    return space.eval()


def some_vectors(n_items: int, modality: str = "audio") -> np.ndarray:
    return np.random.default_rng(1).standard_normal((n_items, DIMS[modality])).astype(np.float32)


def test_the_translation_of_yamnet_and_resnet_has_the_derived_number_of_parameters():
    space = SpaceNetwork({"audio": 1024, "image": 2048}, find_space("wu2021-code"))
    assert sum(parameter.numel() for parameter in space.parameters()) == 853_760


def test_the_space_of_oramas_is_two_layers_of_weights_with_a_tanh_between():
    space = SpaceNetwork({"audio": 2048, "image": 2048}, find_space("oramas2018"))
    first, second = (one.detach() for one in space.maps[0].parameters())
    vectors = torch.randn(3, 2048, generator=torch.Generator().manual_seed(0))
    assert space.embed_dim == 200
    torch.testing.assert_close(space.place("audio", vectors).detach(), torch.tanh(vectors @ first.T) @ second.T)


def test_the_published_translation_gives_unit_vectors():
    lengths = np.linalg.norm(small_space().project("image", some_vectors(5, "image")), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


@pytest.mark.parametrize("preset", SPACES)
def test_a_point_does_not_depend_on_its_company(preset):
    space, vectors = small_space(preset), some_vectors(300)
    together = space.project("audio", vectors)
    np.testing.assert_array_equal(space.project("audio", vectors[299:]), together[299:])


def test_what_is_absent_stays_absent_and_changes_nothing():
    vectors = some_vectors(4)
    expected = small_space().project("audio", vectors)
    vectors[1] = np.nan
    points = small_space().project("audio", vectors)
    assert np.isnan(points[1]).all()
    np.testing.assert_array_equal(points[[0, 2, 3]], expected[[0, 2, 3]])


def test_nothing_at_all_gives_no_points():
    assert small_space().project("audio", np.full((2, 6), np.nan, dtype=np.float32)).shape == (2, 128)


def test_placing_leaves_a_network_that_learns_learning():
    space = small_space().train()
    space.project("audio", some_vectors(2))
    assert space.training


@pytest.mark.parametrize("preset", SPACES)
def test_a_saved_space_gives_the_same_points(tmp_path, preset):
    space = small_space(preset)
    space.save(tmp_path / "space")
    loaded = SpaceNetwork.load(tmp_path / "space")
    assert (loaded.dims, loaded.config, loaded.fingerprint) == (space.dims, space.config, space.fingerprint)
    np.testing.assert_array_equal(loaded.project("audio", some_vectors(3)), space.project("audio", some_vectors(3)))


def test_another_weight_gives_another_fingerprint():
    space = small_space()
    before = space.fingerprint
    with torch.no_grad():
        space.maps[1][0].bias[0] += 1
    assert space.fingerprint != before


def test_a_damaged_folder_is_refused_in_words(tmp_path):
    small_space().save(tmp_path / "space")
    config = tmp_path / "space" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"dims": {"audio": 7, "image": 4}}))
    with pytest.raises(ModelError, match="damaged"):
        SpaceNetwork.load(tmp_path / "space")
    config.write_text(json.dumps(values | {"format": 99}))
    with pytest.raises(ModelError, match="format 99"):
        SpaceNetwork.load(tmp_path / "space")
    config.write_text("[")
    with pytest.raises(ModelError, match="cannot be read"):
        SpaceNetwork.load(tmp_path / "space")
    with pytest.raises(ModelError, match="holds no space"):
        SpaceNetwork.load(tmp_path / "nowhere")


def test_saving_never_replaces_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="no projection"):
        small_space().save(tmp_path)


def test_foreign_vectors_and_modalities_are_refused():
    with pytest.raises(ShapeError, match=r"\(items, 6\)"):
        small_space().project("audio", some_vectors(2, "image"))
    with pytest.raises(UnknownNameError, match="text"):
        small_space().project("text", some_vectors(2))


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="embed_dim=0"):
        SpaceConfig(embed_dim=0)
    with pytest.raises(UnknownNameError, match="wu2022"):
        find_space("wu2022")


def test_a_sigmoid_keeps_points_between_0_and_1():
    space = SpaceNetwork({"text": 5}, SpaceConfig(embed_dim=2, n_hidden=4, sigmoid=True)).eval()
    points = space.project("text", np.random.default_rng(0).normal(0, 50, (20, 5)).astype(np.float32))
    assert points.min() >= 0
    assert points.max() <= 1
    assert np.ptp(points) > 0.5
