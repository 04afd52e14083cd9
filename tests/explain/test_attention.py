from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tutti.audio.recording import Recording
from tutti.errors import ConfigError, ModelError
from tutti.explain.attention import attention_map
from tutti.explain.stretches import Excerpt, take_excerpt


@pytest.fixture
def excerpt_of():
    """A function that takes the excerpt from 1 s on of some noise, for a model."""

    def take(model) -> Excerpt:
        n_samples = model.n_samples + 2 * model.sample_rate
        samples = 0.1 * np.random.default_rng(0).standard_normal(n_samples)
        return take_excerpt(Recording.from_waveform(samples, model.sample_rate, key="noise"), model, start=1.0)

    return take


def test_every_sequence_model_looks_somewhere_in_the_excerpt(sequential, small_model_of, excerpt_of):
    model = small_model_of(sequential)
    made = attention_map(model, excerpt_of(model))
    assert made.values.min() >= 0
    assert made.values.sum() + made.special == pytest.approx(len(made.heads), rel=1e-4)
    hop = model.network.encoder.token_hop / model.sample_rate
    assert np.diff(made.times) == pytest.approx(hop)
    assert 1.0 <= made.times[0] < 1.0 + hop
    assert made.times[-1] <= 1.0 + model.n_samples / model.sample_rate + hop / 2
    json.dumps(made.to_json())


def test_the_map_is_the_first_tokens_row_of_the_last_layer_summed_over_heads(sequential, small_model_of, excerpt_of):
    model = small_model_of(sequential)
    excerpt = excerpt_of(model)
    with torch.no_grad():
        attention = model.network.read(excerpt.waveform).attention
    made = attention_map(model, excerpt)
    assert made.layer == made.n_layers == len(attention)
    assert made.values == pytest.approx(attention[-1][0].sum(dim=0)[0, 1:].numpy(), rel=1e-5)


def test_heads_sum_to_the_whole_and_other_layers_can_be_asked_for(small_model_of, excerpt_of):
    model = small_model_of("cnnsa")
    excerpt = excerpt_of(model)
    heads = [attention_map(model, excerpt, head=head).values for head in range(1, 9)]
    assert np.sum(heads, axis=0) == pytest.approx(attention_map(model, excerpt).values, rel=1e-4)
    first = attention_map(model, excerpt, layer=1, query="average")
    with torch.no_grad():
        weights = model.network.read(excerpt.waveform).attention[0][0]
    assert first.values == pytest.approx(weights.sum(dim=0).mean(dim=0)[1:].numpy(), rel=1e-5)


def test_a_layer_or_head_that_is_not_there_is_refused(small_model_of, excerpt_of):
    model = small_model_of("cnnsa")
    excerpt = excerpt_of(model)
    with pytest.raises(ConfigError, match="there is no layer 3: the model has 2"):
        attention_map(model, excerpt, layer=3)
    with pytest.raises(ConfigError, match="there is no head 0: the model has 8"):
        attention_map(model, excerpt, head=0)


def test_a_model_without_attention_says_what_to_ask_for_instead(small_model, excerpt_of):
    with pytest.raises(ModelError, match="an attention map needs a sequence model") as raised:
        attention_map(small_model, excerpt_of(small_model))
    assert "gradcam" in raised.value.hint
