"""Tagging files without a catalogue."""

import dataclasses
import json

import pytest

from tutti.models.model import Model
from tutti.models.tagging import tag_files


def test_every_file_is_tagged_by_every_model_in_their_order(small_model, sine_wav, noise_wav):
    second = Model(dataclasses.replace(small_model.config, name="second"), small_model.network)
    tagged, failures = tag_files([noise_wav, sine_wav], [second, small_model])
    expected = [(noise_wav, "second"), (noise_wav, "small"), (sine_wav, "second"), (sine_wav, "small")]
    assert [(one.path, one.model) for one in tagged] == expected
    assert failures == {}


def test_tags_are_the_model_s_probabilities_the_most_probable_first(small_model, sine_wav):
    (tagged,), _ = tag_files([sine_wav], [small_model])
    values = list(tagged.tags.values())
    assert values == sorted(values, reverse=True)
    assert tagged.tags == pytest.approx(dict(zip(small_model.labels, small_model.predict(sine_wav), strict=True)))
    assert tagged.n_excerpts == 4


def test_a_file_named_twice_is_tagged_once(small_model, sine_wav):
    tagged, _ = tag_files([sine_wav, sine_wav], [small_model])
    assert len(tagged) == 1


def test_a_file_that_fails_is_told_and_the_others_are_tagged(small_model, sine_wav, tmp_path):
    (tmp_path / "text.mp3").write_text("la la la")
    tagged, failures = tag_files([tmp_path / "text.mp3", sine_wav], [small_model], jobs=2)
    assert [one.path for one in tagged] == [sine_wav]
    assert "text.mp3" in failures[tmp_path / "text.mp3"].message


def test_the_json_shape_is_the_documented_one(small_model, sine_wav):
    (tagged,), _ = tag_files([sine_wav], [small_model])
    shape = json.loads(json.dumps(tagged.to_json()))
    assert list(shape) == ["path", "model", "n_excerpts", "tags"]
    assert (shape["path"], shape["model"], set(shape["tags"])) == (str(sine_wav), "small", {"low", "high", "noisy"})
