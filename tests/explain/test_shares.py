"""Shares of modalities: what is lost without each is what the model says where it never was."""

import dataclasses

import numpy as np
import pytest
import torch

from tutti.data.items import items_of
from tutti.errors import ModelError, ShapeError, UnknownNameError
from tutti.explain.shares import modality_shares
from tutti.models.fusion import FusionConfig, build_fusion
from tutti.models.multimodal import MultimodalModel
from tutti.models.readouts import TagReadout


def item(shelf, key):
    return items_of([shelf.track(key)])[0]


def test_what_is_lost_without_a_modality_is_what_predict_without_it_says(shelf, shelf_model):
    one = item(shelf, "0a")
    found = modality_shares(shelf_model, shelf_model.encode([one]))
    for row, modality in enumerate(shelf_model.modalities):
        without = shelf_model.predict([one], without=[modality]).predictions[0]
        np.testing.assert_allclose(found.without[row], without, atol=1e-6)
        np.testing.assert_allclose(found.contributions[row], found.whole - without, atol=1e-6)
        others = [other for other in shelf_model.modalities if other != modality]
        alone = shelf_model.predict([one], without=others).predictions[0]
        np.testing.assert_allclose(found.alone[row], alone, atol=1e-6)
    assert found.weights.sum() == pytest.approx(1, abs=1e-5)


def test_of_an_item_with_a_sound_alone_nothing_can_be_left_out(shelf, shelf_model):
    found = modality_shares(shelf_model, shelf_model.encode([item(shelf, "1b")]))
    assert found.presence.tolist() == [True, False, False]
    assert np.isnan(found.contributions).all()
    np.testing.assert_allclose(found.alone[0], found.whole)
    assert found.weights.tolist() == [1, 0, 0]
    first, second, _ = found.to_json("low")
    assert (first["present"], first["contribution"], second["alone"]) == (True, None, None)


def test_a_modality_that_the_fusion_gives_no_weight_adds_nothing(shelf, shelf_model):
    config = FusionConfig(kind="late-weighted")
    fusion = build_fusion(shelf_model.fusion.dims, TagReadout(4), config)
    with torch.no_grad():
        fusion.importance.copy_(torch.tensor([[2.0], [0.0], [-30.0]]))
    model = MultimodalModel(dataclasses.replace(shelf_model.config, fusion=config), shelf_model.encoders, fusion)
    found = modality_shares(model, model.encode([item(shelf, "0a")]))
    np.testing.assert_allclose(found.contributions[2], 0, atol=1e-5)
    np.testing.assert_allclose(found.weights, [0.8808, 0.1192, 0], atol=1e-3)  # softmax of 2 and 0


def test_several_items_items_without_anything_and_unknown_labels_are_refused(shelf, shelf_model):
    streams = shelf_model.encode([item(shelf, "0a"), item(shelf, "1b")])
    with pytest.raises(ShapeError, match="of 2 items"):
        modality_shares(shelf_model, streams)
    one = streams.rows(np.array([0]))
    with pytest.raises(ModelError, match="nothing of the item"):
        modality_shares(shelf_model, one.masked(np.zeros((1, 3), dtype=bool)))
    with pytest.raises(UnknownNameError, match="no label called 'hihg'"):
        modality_shares(shelf_model, one).to_json("hihg")


def test_the_label_that_is_asked_for_is_always_among_the_top(shelf, shelf_model):
    found = modality_shares(shelf_model, shelf_model.encode([item(shelf, "0a")]))
    worst = shelf_model.labels[int(found.whole.argmin())]
    assert found.top(2, always=worst)[1] == worst
    assert found.top(1) == [shelf_model.labels[int(found.whole.argmax())]]
