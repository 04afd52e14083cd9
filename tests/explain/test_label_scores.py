"""Scores of a label as functions of one modality's vector."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from tutti.data.items import items_of
from tutti.errors import UnknownNameError
from tutti.explain.label_scores import LabelScore
from tutti.models.fusion import KINDS, FusionConfig, build_fusion
from tutti.models.multimodal import MultimodalModel, Stream, stream_dims
from tutti.models.readouts import ClassReadout, TagReadout
from tutti.models.spaces import SpaceConfig, SpaceNetwork


@pytest.fixture
def item(shelf):
    return items_of([shelf.track("0a")])[0]


def fused_by(model, kind, readout=None, **changes):
    config = FusionConfig(kind=kind, embed_dim=8)
    torch.manual_seed(0)
    fusion = build_fusion(model.fusion.dims, readout or TagReadout(4), config)
    return MultimodalModel(dataclasses.replace(model.config, fusion=config, **changes), model.encoders, fusion)


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_of_the_item_s_own_vector_is_the_logit_of_its_prediction(kind, shelf_model, item):
    model = fused_by(shelf_model, kind)
    score = LabelScore(model, model.encode([item]), "high")
    predicted = model.predict([item]).predictions[0, 1]
    assert score.whole() == pytest.approx(math.log(predicted / (1 - predicted)), abs=1e-4)
    for modality, encoder in model.encoders.items():
        vector = torch.from_numpy(encoder.encode([item]).vectors)
        assert float(score.of(modality)(vector).detach()) == pytest.approx(score.whole(), abs=1e-5)
        without = model.predict([item], without=[modality]).predictions[0, 1]
        assert score.without(modality) == pytest.approx(math.log(without / (1 - without)), abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fusion_has_a_slope_by_the_cover(kind, shelf_model, item):
    model = fused_by(shelf_model, kind)
    vector = torch.from_numpy(model.encoders["image"].encode([item]).vectors).requires_grad_()
    LabelScore(model, model.encode([item]), "high").slope_of("image")(vector).backward()
    assert float(vector.grad.abs().sum()) > 0


def test_of_classes_the_score_is_the_log_odds(shelf_model, item):
    model = fused_by(shelf_model, "gated", ClassReadout(4), target="classes")
    predicted = model.predict([item]).predictions[0, 2]
    score = LabelScore(model, model.encode([item]), "calm")
    assert score.whole() == pytest.approx(math.log(predicted / (1 - predicted)), abs=1e-4)
    assert score.unit == "log-odds"


def test_a_vector_s_place_in_a_space_follows_it(shelf_model, item):
    dims = {one: shelf_model.encoders[one].embed_dim for one in ("audio", "image")}
    torch.manual_seed(1)
    space = SpaceNetwork(dims, SpaceConfig(n_hidden=4, embed_dim=3)).eval()
    streams = (Stream(modality="audio"), Stream(modality="image", in_space=True))
    encoders = {one: shelf_model.encoders[one] for one in dims}
    fusion = build_fusion(stream_dims(streams, encoders, space), TagReadout(4), FusionConfig())
    config = dataclasses.replace(shelf_model.config, streams=streams, fusion=FusionConfig())
    model = MultimodalModel(config, encoders, fusion, space=space)
    score = LabelScore(model, model.encode([item]), "low")
    vector = torch.from_numpy(encoders["image"].encode([item]).vectors)
    assert float(score.of("image")(vector).detach()) == pytest.approx(score.whole(), abs=1e-5)
    assert float(score.of("image")(vector + 1).detach()) != pytest.approx(score.whole(), abs=1e-5)


def test_without_the_only_modality_there_is_no_score_and_an_unknown_label_is_refused(shelf, shelf_model):
    alone = shelf_model.encode(items_of([shelf.track("1b")]))
    assert math.isnan(LabelScore(shelf_model, alone, "low").without("audio"))
    assert np.isfinite(LabelScore(shelf_model, alone, "low").whole())
    with pytest.raises(UnknownNameError, match="no label of shelf called 'lwo'"):
        LabelScore(shelf_model, alone, "lwo")
