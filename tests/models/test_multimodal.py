"""Multimodal models: what is absent never matters, company neither, every subset predicts, what is saved comes back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.evaluation.missing import subsets
from tutti.models.bundles import read_config
from tutti.models.cards import multimodal_card
from tutti.models.covers import CoverEncoder
from tutti.models.encoder_kinds import load_encoder, load_projection
from tutti.models.fusion import KINDS, FusionConfig, build_fusion
from tutti.models.multimodal import (
    MultimodalConfig,
    MultimodalModel,
    Stream,
    find_multimodal,
    is_multimodal,
    stream_dims,
)
from tutti.models.projections import CanonicalCorrelations
from tutti.models.readouts import TagReadout
from tutti.models.zoo import Places, Zoo
from tutti.models.zoo_facts import model_facts

NAMES = ("audio", "image", "text")


@pytest.fixture
def items(shelf: Catalogue) -> list[Item]:
    return items_of(shelf.tracks(where="split != 'train'"))


@pytest.fixture
def few(shelf: Catalogue) -> list[Item]:
    """All there, no cover, no review, a sound alone, no sound."""
    return items_of([shelf.track(key) for key in ("0a", "10b", "11b", "1b", "2b")])


@pytest.fixture
def folder(shelf_model: MultimodalModel, tmp_path: Path) -> Path:
    shelf_model.save(tmp_path / "model")
    return tmp_path / "model"


def fused_by(model: MultimodalModel, kind: str) -> MultimodalModel:
    config = FusionConfig(kind=kind, embed_dim=8)  # type: ignore[arg-type]
    torch.manual_seed(0)
    fusion = build_fusion(model.fusion.dims, TagReadout(len(model.labels)), config)
    return MultimodalModel(dataclasses.replace(model.config, fusion=config), model.encoders, fusion)


def in_a_space(model: MultimodalModel) -> MultimodalModel:
    """A model that takes the vectors of sounds and covers, and their places in a space of three dimensions."""
    rng = np.random.default_rng(0)
    pairs = {one: rng.standard_normal((30, model.encoders[one].embed_dim)).astype(np.float32) for one in NAMES[:2]}
    space = CanonicalCorrelations.fit(pairs, embed_dim=3, regularisation=0.1)
    streams = tuple(Stream(modality=one, in_space=placed) for one in ("audio", "image") for placed in (False, True))
    config = dataclasses.replace(model.config, streams=streams)
    dims = stream_dims(streams, model.encoders, space)
    torch.manual_seed(0)
    fusion = build_fusion(dims, TagReadout(len(model.labels)), config.fusion)
    return MultimodalModel(config, {one: model.encoders[one] for one in NAMES[:2]}, fusion, space=space)


def test_vectors_of_what_is_absent_are_nan_and_those_of_what_is_there_are_not(
    shelf_model: MultimodalModel, few: list[Item]
) -> None:
    streams = shelf_model.encode(few)
    wanted = [[True] * 3, [True, False, True], [True, True, False], [True, False, False], [False, True, True]]
    assert streams.presence.tolist() == wanted
    for place, vectors in enumerate(streams.vectors):
        np.testing.assert_array_equal(np.isnan(vectors).all(axis=1), ~streams.presence[:, place])
        np.testing.assert_array_equal(np.isfinite(vectors).all(axis=1), streams.presence[:, place])


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_stands_where_a_modality_is_absent_predictions_stay(
    kind: str, shelf_model: MultimodalModel, few: list[Item]
) -> None:
    model = fused_by(shelf_model, kind)
    streams = model.encode(few)
    noise = tuple(np.where(np.isnan(one), np.float32(1e6), one) for one in streams.vectors)
    found, disturbed = (model.describe(one) for one in (streams, dataclasses.replace(streams, vectors=noise)))
    assert np.isfinite(found.predictions).all()
    np.testing.assert_array_equal(found.predictions, disturbed.predictions)


def test_an_item_gets_the_same_alone_and_among_others(shelf_model: MultimodalModel, items: list[Item]) -> None:
    among = shelf_model.predict(items)
    alone = np.concatenate([shelf_model.predict([item]).predictions for item in items])
    np.testing.assert_allclose(alone, among.predictions, atol=1e-5)
    backwards = shelf_model.predict(items[::-1]).predictions[::-1]
    np.testing.assert_allclose(backwards, among.predictions, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_subset_predicts_and_leaving_out_equals_not_having(
    kind: str, shelf_model: MultimodalModel, shelf: Catalogue
) -> None:
    model, (item,) = fused_by(shelf_model, kind), items_of([shelf.track("9a")])
    for chosen in subsets(NAMES):
        left_out = set(NAMES) - set(chosen)
        poorer = Item(
            item_id="9a",
            title="Song",
            tracks=item.tracks if "audio" in chosen else (),
            covers=item.covers if "image" in chosen else (),
            text=item.text if "text" in chosen else "",
        )
        without, lacking = model.predict([item], without=left_out), model.predict([poorer])
        assert without.presence.tolist() == lacking.presence.tolist() == [[one in chosen for one in NAMES]]
        np.testing.assert_array_equal(without.predictions, lacking.predictions)
        assert ((without.predictions > 0) & (without.predictions < 1)).all()


def test_files_of_modalities_that_are_left_out_are_not_read(shelf_model: MultimodalModel, tmp_path: Path) -> None:
    (tmp_path / "cover.png").write_bytes(b"no picture at all")
    item = Item(item_id="x", title="x", covers=(tmp_path / "cover.png",), text="A calm record")
    assert shelf_model.encode([item], without=["image"]).problems == {}
    assert "image" in shelf_model.encode([item]).problems["x"]


def test_an_item_of_which_nothing_is_there_gets_no_prediction_and_harms_nobody(
    shelf_model: MultimodalModel, few: list[Item]
) -> None:
    nothing = Item(item_id="nothing", title="nothing")
    found = shelf_model.predict([nothing, few[0], nothing])
    assert np.isnan(found.predictions[[0, 2]]).all()
    np.testing.assert_array_equal(found.predictions[1], shelf_model.predict(few[:1]).predictions[0])
    assert shelf_model.predict([nothing]).predictions.shape == (1, 4)
    assert shelf_model.predict([]).predictions.shape == (0, 4)


def test_weights_are_shares_of_the_modalities_that_are_there(shelf_model: MultimodalModel, few: list[Item]) -> None:
    found = shelf_model.predict(few)
    assert found.weights is not None
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-6)
    assert (found.weights[~found.presence] == 0).all()
    assert fused_by(shelf_model, "early").predict(few).weights is None


def test_a_mask_leaves_nan_and_rows_can_be_taken_out(shelf_model: MultimodalModel, few: list[Item]) -> None:
    streams = shelf_model.encode(few)
    masked = streams.masked(np.broadcast_to(np.array([True, False, True]), streams.presence.shape))
    assert np.isnan(masked.vectors[1]).all()
    np.testing.assert_array_equal(masked.vectors[0], streams.vectors[0])
    assert not masked.presence[:, 1].any()
    some = streams.rows(np.array([3, 0]))
    np.testing.assert_array_equal(some.vectors[2], streams.vectors[2][[3, 0]])
    assert some.presence.tolist() == streams.presence[[3, 0]].tolist()


@pytest.mark.parametrize("with_space", [False, True])
def test_a_saved_model_predicts_the_same_whatever_is_missing(
    with_space: bool, shelf_model: MultimodalModel, items: list[Item], tmp_path: Path
) -> None:
    model = in_a_space(shelf_model) if with_space else shelf_model
    model.save(tmp_path / "model")
    loaded = MultimodalModel.load(tmp_path / "model")
    assert (loaded.name, loaded.labels, loaded.modalities) == (model.name, model.labels, model.modalities)
    assert loaded.fingerprint == model.fingerprint
    assert loaded.config == model.config
    for without in ((), ("image",)):
        wanted = model.predict(items, without=without).predictions
        np.testing.assert_array_equal(loaded.predict(items, without=without).predictions, wanted)


def test_a_model_saved_twice_has_the_same_bytes(shelf_model: MultimodalModel, folder: Path, tmp_path: Path) -> None:
    shelf_model.save(tmp_path / "again")
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert Path("encoders/audio/model.safetensors") in names
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


def test_each_encoder_of_a_bundle_can_be_loaded_by_itself(folder: Path, few: list[Item]) -> None:
    encoder = load_encoder(folder / "encoders" / "image")
    assert isinstance(encoder, CoverEncoder)
    assert encoder.encode(few).presence.tolist() == [True, False, True, False, True]


def test_a_place_in_a_space_is_absent_with_its_modality(shelf_model: MultimodalModel, few: list[Item]) -> None:
    model = in_a_space(shelf_model)
    streams = model.encode(few)
    assert [stream.name for stream in model.config.streams] == ["audio", "audio in space", "image", "image in space"]
    np.testing.assert_array_equal(streams.presence[:, ::2], streams.presence[:, 1::2])
    assert [one.shape[1] for one in streams.vectors][1::2] == [3, 3]
    np.testing.assert_array_equal(np.isnan(streams.vectors[3]).all(axis=1), ~streams.presence[:, 3])


def test_the_representation_has_as_many_dimensions_as_is_said(shelf_model: MultimodalModel, few: list[Item]) -> None:
    for model in (shelf_model, fused_by(shelf_model, "early"), fused_by(shelf_model, "late-mean")):
        assert model.predict(few).representation.shape == (5, model.embed_dim)


def test_the_fingerprint_follows_from_fusion_weights_space_and_settings(shelf_model: MultimodalModel) -> None:
    model = in_a_space(shelf_model)
    moved = in_a_space(shelf_model)
    moved.space = CanonicalCorrelations.fit(
        {one: np.random.default_rng(1).standard_normal((30, model.encoders[one].embed_dim)).astype(np.float32)
         for one in NAMES[:2]},
        embed_dim=3, regularisation=0.1,
    )  # fmt: skip
    texts = MultimodalModel(
        dataclasses.replace(shelf_model.config, texts=("lyrics",)), shelf_model.encoders, shelf_model.fusion
    )
    early = fused_by(shelf_model, "early")
    assert len({one.fingerprint for one in (shelf_model, model, moved, texts, early)}) == 5
    assert in_a_space(shelf_model).fingerprint == model.fingerprint


def test_the_card_says_that_the_bundle_names_its_listeners(shelf_model: MultimodalModel) -> None:
    plain = shelf_model.config.to_json()
    assert "listeners/" not in multimodal_card(plain)
    assert "mind whom you give it to" in multimodal_card(plain | {"target": "listening-factors"})


def test_a_model_of_before_there_were_hidden_layers_keeps_its_fingerprint() -> None:
    streams = (Stream(modality="audio"), Stream(modality="text"))
    config = MultimodalConfig(name="old", labels=("a", "b"), streams=streams, n_outputs=2)
    fusion = build_fusion((3, 2), TagReadout(2), config.fusion)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.fill_(0.5)
    encoders = {"audio": SimpleNamespace(fingerprint="heard"), "text": SimpleNamespace(fingerprint="read")}
    model = MultimodalModel(config, encoders, fusion)
    assert model.fingerprint == "99aee1781db99479"  # what it was when fusions had none


def test_leaving_out_everything_or_what_is_not_there_is_refused(shelf_model: MultimodalModel, few: list[Item]) -> None:
    with pytest.raises(ConfigError, match="nothing to go by") as caught:
        shelf_model.predict(few, without=NAMES)
    assert caught.value.hint == "leave in one modality at least"
    with pytest.raises(UnknownNameError, match="sound"):
        shelf_model.encode(few, without=["sound"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"target": "colours"}, "colours"),
        ({"streams": []}, "no streams"),
        ({"n_outputs": "many"}, "n_outputs"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_damaged_or_newer_bundle_is_refused_in_words(changes: dict[str, object], message: str, folder: Path) -> None:
    plain = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**plain, **changes}), encoding="utf-8")
    with pytest.raises(ModelError, match=message) as caught:
        MultimodalModel.load(folder)
    assert caught.value.hint


def test_truncated_weights_or_a_missing_encoder_are_refused_in_words(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ModelError, match="cannot be used"):
        MultimodalModel.load(folder)
    (folder / "encoders" / "text" / "config.json").unlink()
    with pytest.raises(ModelError, match="text holds no encoder"):
        MultimodalModel.load(folder)


def test_a_bundle_replaces_a_bundle_and_nothing_else(
    shelf_model: MultimodalModel, folder: Path, tmp_path: Path
) -> None:
    shelf_model.save(folder)
    assert is_multimodal(folder)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ModelError, match="no multimodal bundle"):
        shelf_model.save(tmp_path / "letters")
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["love.txt"]


def test_folders_of_other_things_are_told_apart(folder: Path, tmp_path: Path) -> None:
    assert not is_multimodal(folder / "encoders" / "audio")
    assert not is_multimodal(tmp_path)
    for load in (load_encoder, load_projection):
        with pytest.raises(ModelError, match=r"no config\.json"):
            load(tmp_path)
        with pytest.raises(UnknownNameError, match="tutti multimodal"):
            load(folder)


def test_a_model_without_streams_or_labels_is_none() -> None:
    with pytest.raises(ConfigError, match="no streams or no labels"):
        MultimodalConfig(name="x", labels=(), streams=(Stream(modality="audio"),))


def test_a_multimodal_bundle_is_found_by_its_name_and_listed_and_its_parts_are_not(
    shelf_model: MultimodalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf_model.save(tmp_path / "mine")
    shelf_model.encoders["image"].save(tmp_path / "covers-alone")
    monkeypatch.setenv("TUTTI_MODELS", str(tmp_path))
    assert find_multimodal("mine") == tmp_path / "mine"
    assert find_multimodal("covers-alone") is None
    zoo = Zoo(Places(cache=tmp_path / "cache", folders=(tmp_path,)))
    assert list(zoo.own_bundles()) == ["mine"]
    facts = model_facts(zoo, "mine")
    assert facts["labels"] == list(shelf_model.labels)
    assert all(name in facts["architecture"] for name in NAMES)


def test_whoever_wants_a_tagger_is_told_what_takes_a_multimodal_bundle(folder: Path) -> None:
    with pytest.raises(ModelError, match="describes a multimodal model") as refused:
        read_config(folder)
    assert "tutti evaluate" in str(refused.value.hint)
