"""Spaces: the published networks, what they do with absent modalities and with company, and their folders."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError, ModelError, ShapeError, UnknownNameError
from tutti.models.spaces import SPACES, MapConfig, SpaceConfig, SpaceNetwork, Temperature, find_space

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


def test_vectors_that_stay_as_they_are_need_no_parameters():
    space = SpaceNetwork({"audio": 6}, SpaceConfig(embed_dim=6, layers="identity")).eval()
    np.testing.assert_array_equal(space.project("audio", some_vectors(3)), some_vectors(3))


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


def lighter(**maps: MapConfig) -> SpaceNetwork:
    torch.manual_seed(0)
    config = dataclasses.replace(find_space("contrastive"), embed_dim=4, n_hidden=8, maps=maps)
    return SpaceNetwork(DIMS, config).eval()


def test_a_space_that_uses_nothing_new_is_told_as_it_always_was(tmp_path):
    small_space("oramas2018").save(tmp_path / "space")
    told = json.loads((tmp_path / "space" / "config.json").read_text())["network"]
    assert set(told) == {"embed_dim", "n_hidden", "activation", "batch_norm", "bias", "unit_length"}


def test_each_modality_has_its_own_network():
    space = lighter(
        audio=MapConfig(layers="linear", dropout=0.0, standardise=False), image=MapConfig(layers="identity")
    )
    (weight, bias), vectors = space.maps[0].parameters(), torch.from_numpy(some_vectors(3))
    expected = torch.nn.functional.normalize(vectors @ weight.T + bias, dim=1)
    torch.testing.assert_close(space.place("audio", vectors), expected)
    assert not list(space.maps[1].parameters())


def test_what_two_layers_give_is_added_to_a_matrix_of_the_vectors_or_to_themselves():
    space, vectors = lighter(image=MapConfig(standardise=False)), torch.from_numpy(some_vectors(3, "image"))
    residual = space.maps[1]
    torch.testing.assert_close(residual(vectors), residual.body(vectors) + vectors)
    assert space.maps[0][1].past.weight.shape == (4, 6)


def test_vectors_of_any_scale_are_standardised_by_what_is_learned_from():
    space, vectors = lighter(), some_vectors(50)
    other = lighter()
    holed = np.concatenate([vectors, np.full((5, 6), np.nan, dtype=np.float32)])
    space.fit_inputs({"audio": holed, "image": some_vectors(55, "image")})
    other.fit_inputs({"audio": 100 * vectors + 7, "image": some_vectors(55, "image")})
    placed = space.project("audio", vectors)
    np.testing.assert_allclose(other.project("audio", 100 * vectors + 7), placed, atol=1e-4)
    np.testing.assert_allclose(space.maps[0][0].mean, vectors.mean(axis=0), atol=1e-6)


def test_a_space_with_lighter_networks_comes_back_from_its_folder(tmp_path):
    space = lighter(image=MapConfig(layers="identity", dropout=0.0))
    space.fit_inputs({name: some_vectors(20, name) for name in DIMS})
    space.save(tmp_path / "space")
    again = SpaceNetwork.load(tmp_path / "space")
    assert again.config == space.config
    assert again.fingerprint == space.fingerprint
    np.testing.assert_array_equal(
        again.project("image", some_vectors(5, "image")), space.project("image", some_vectors(5, "image"))
    )


def test_in_training_absent_rows_neither_move_statistics_nor_the_other_points():
    torch.manual_seed(0)
    space, vectors = small_space(), torch.from_numpy(some_vectors(8))
    space.train()
    expected = space(vectors[2:], torch.from_numpy(some_vectors(6, "image")))[0]
    statistics = space.maps[0][1].running_mean.clone()
    other = small_space()
    other.train()
    vectors[:2] = torch.nan
    found = other(vectors, torch.from_numpy(some_vectors(8, "image")))[0]
    assert torch.isnan(found[:2]).all()
    torch.testing.assert_close(found[2:], expected)
    torch.testing.assert_close(other.maps[0][1].running_mean, statistics)


@pytest.mark.parametrize("first", [0.011, 0.07, 0.9])
def test_a_temperature_begins_where_it_is_told_and_stays_within_its_bounds(first):
    temperature = Temperature(first)
    assert temperature().item() == pytest.approx(first, rel=1e-4)
    for far in (-50.0, 50.0):
        with torch.no_grad():
            temperature.position.fill_(far)
        assert 0.01 - 1e-6 <= temperature().item() <= 1 + 1e-6


def test_networks_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="they cannot stay"):
        lighter(audio=MapConfig(layers="identity"))
    with pytest.raises(ConfigError, match="both batch_norm and layer_norm"):
        lighter(audio=MapConfig(batch_norm=True))
    with pytest.raises(ConfigError, match=r"temperature=0\.001"):
        SpaceConfig(temperature=0.001)
    with pytest.raises(UnknownNameError, match="three"):
        SpaceConfig(maps={"audio": MapConfig(layers="three")})
    with pytest.raises(ConfigError, match="no image of what is learned from"):
        lighter().fit_inputs({"audio": some_vectors(2), "image": np.full((2, 4), np.nan, dtype=np.float32)})
    with pytest.raises(ConfigError, match="has no temperature"):
        _ = small_space().temperature
