"""The model card: readable by people and by model hubs."""

import dataclasses
import json

from tutti.models.cards import model_card


def card_of(small_model, **changes) -> str:
    return model_card(dataclasses.replace(small_model.config, **changes).to_json())


def test_a_card_names_model_labels_excerpts_and_use(small_model):
    card = card_of(small_model, paper="Won et al., SMC 2020")
    assert "# small\n" in card
    assert "`low`, `high`, `noisy`" in card
    assert "| Paper | Won et al., SMC 2020 |" in card
    assert "| Excerpts | at most 4, spread evenly" in card
    assert "n_channels=4" in card
    assert 'tutti.load_model("path/to/small")' in card


def test_a_card_says_whether_labels_exclude_each_other(small_model):
    assert "probabilities of 3 labels out" in card_of(small_model)
    assert "probabilities of 3 classes, which sum to one, out" in card_of(small_model, task="classes")


def test_the_front_matter_has_the_licence_where_it_is_known(small_model):
    assert "license" not in card_of(small_model)
    front = card_of(small_model, licence="CC-BY-4.0, see source").split("---")[1]
    assert "license: cc-by-4.0\n" in front
    assert "pipeline_tag: audio-classification" in front


def test_scores_and_training_are_told_where_there_are_any(small_model):
    assert "## Scores" not in card_of(small_model)
    scores = {"roc_auc_macro": {"value": 0.9, "dataset": "หนึ่ง"}}
    card = card_of(small_model, scores=scores, training={"epochs": 3})
    block = card.split("## Scores\n\n```json\n")[1].split("```")[0]
    assert json.loads(block) == scores
    assert '"epochs": 3' in card.split("## Training")[1]


def test_a_distilled_model_says_whose_labels_its_labels_stand_for(small_model):
    sources = {"low": ("a:low", "b:deep"), "high": ("b:high",), "noisy": ("a:noisy",)}
    card = card_of(small_model, label_sources=sources)
    assert "| `low` | `a:low`, `b:deep` |" in card
