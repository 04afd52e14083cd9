from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from tutti.audio.recording import Recording
from tutti.errors import ModelError
from tutti.explain.contribution import ContributionMap, contribution_map, joined
from tutti.explain.stretches import take_excerpt
from tutti.models.inference import to_probabilities
from tutti.models.tagger import Reading, Tagger


def sound_for(model, *, seed: int = 0, loud: slice = slice(None)) -> Recording:
    samples = 1e-4 * np.random.default_rng(seed).standard_normal(model.n_samples)
    samples[loud] *= 1e3
    return Recording.from_waveform(samples, model.sample_rate, key=f"noise {seed}.wav")


def test_every_sequence_model_says_of_a_moment_what_a_reading_focused_on_it_says(sequential, small_model_of):
    model = small_model_of(sequential)
    excerpt = take_excerpt(sound_for(model), model)
    made = contribution_map(model, excerpt)
    assert made.probabilities.shape == (len(made.times), len(model.labels))
    for token in (0, 5, len(made.times) - 1):
        with torch.no_grad():
            reading = model.network.read(excerpt.waveform, focus=token + 1)  # token 0 stands for no sound
            logits = model.network.classify(reading.representation)
        assert made.probabilities[token] == pytest.approx(to_probabilities(logits, task="tags")[0].numpy(), abs=1e-5)
    assert made.whole == pytest.approx(model.predict(excerpt.waveform[0].numpy(), model.sample_rate), abs=1e-4)


class Loudness(nn.Module):
    """Tokens of a tenth of a second, whose value is their loudness; attention is even."""

    embed_dim, token_hop, n_special = 1, 100, 1

    def read(self, features: torch.Tensor, *, focus: int | None = None) -> Reading:
        tokens = features[:, 0].unfold(1, self.token_hop, self.token_hop).abs().mean(dim=2)  # (batch, tokens)
        n_keys = tokens.shape[1] + 1
        weights = torch.full((n_keys,), 1 / n_keys)
        if focus is not None:
            weights = nn.functional.one_hot(torch.tensor(focus), n_keys).float()
        summary = (tokens * weights[1:]).sum(dim=1, keepdim=True)
        attention = weights.expand(len(tokens), 2, n_keys, n_keys)
        return Reading(representation=summary, sequence=tokens[..., None], attention=(attention,))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.read(features).representation


@pytest.fixture
def ear(small_model_of):
    """A model whose label 0 is the more probable, the louder a moment is."""
    from tutti.audio.frontends import RawWaveform

    model = small_model_of("cnnsa")
    model.network = Tagger(RawWaveform(), Loudness(), len(model.labels)).eval()
    nn.init.constant_(model.network.head.weight, 50.0)
    return model


def test_a_loud_moment_contributes_when_it_sounds(ear):
    n_samples = ear.n_samples
    excerpt = take_excerpt(sound_for(ear, loud=slice(n_samples // 2, n_samples // 2 + 1000)), ear)
    made = contribution_map(ear, excerpt)
    loud = made.probabilities[:, 0] > 0.9
    middle = (n_samples // 2 + 500) / ear.sample_rate
    assert made.times[loud].mean() == pytest.approx(middle, abs=100 / ear.sample_rate)
    assert loud.sum() == pytest.approx(10, abs=1)


def test_joined_sounds_are_the_first_halves_of_both(ear):
    half = ear.n_samples // 2
    first = take_excerpt(sound_for(ear, seed=1, loud=slice(0, 0)), ear)
    second = take_excerpt(sound_for(ear, seed=2), ear)
    both, joined_at = joined(first, second, ear)
    assert both.waveform.shape == first.waveform.shape
    assert torch.equal(both.waveform[:, :half], first.waveform[:, :half])
    assert torch.equal(both.waveform[:, half:], second.waveform[:, :half])
    assert joined_at == pytest.approx(half / ear.sample_rate)
    made = contribution_map(ear, both, joined_at=joined_at)
    is_loud = made.probabilities[:, 0] > 0.9
    assert (is_loud == (made.times > joined_at)).mean() > 0.99
    assert both.stretch.key == "noise 1 + noise 2"


def test_the_top_labels_are_those_of_the_whole_excerpt():
    made = ContributionMap(
        labels=("a", "b", "c"),
        times=np.array([0.5, 1.5]),
        probabilities=np.float32([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]),
        whole=np.float32([0.9, 0.1, 0.5]),
    )
    assert made.top(2).labels == ("a", "c")
    assert made.top(2, always="b").labels == ("a", "b")
    assert made.top(2).probabilities[1] == pytest.approx([0.4, 0.6])
    json.dumps(made.to_json())


def test_a_model_without_attention_has_no_contributions(small_model):
    with pytest.raises(ModelError, match="a contribution map needs a sequence model"):
        contribution_map(small_model, take_excerpt(sound_for(small_model), small_model))
