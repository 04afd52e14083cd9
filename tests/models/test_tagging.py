"""Tagging files without a catalogue."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile

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


def test_a_silent_file_is_a_failure_and_gets_no_tags(small_model, sine_wav, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    tagged, failures = tag_files([tmp_path / "silent.wav", sine_wav], [small_model])
    assert [one.path for one in tagged] == [sine_wav]
    failure = failures[tmp_path / "silent.wav"]
    assert "silent.wav is silent: nothing in its 1.0 s rises above -100 dBFS" in failure.message
    assert failure.hint


def test_a_truncated_file_is_tagged_as_far_as_it_goes_and_said_to_be_damaged(small_model, sine_wav, tmp_path):
    cut = tmp_path / "cut.flac"
    soundfile.write(cut, 0.1 * np.random.default_rng(0).standard_normal(32_000), 8000)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (first, second), failures = tag_files([cut, sine_wav], [small_model])
    assert first.damage
    assert second.damage is None
    assert failures == {}
    assert "damage" not in first.to_json()  # whose shape is documented


def test_the_json_shape_is_the_documented_one(small_model, sine_wav):
    (tagged,), _ = tag_files([sine_wav], [small_model])
    shape = json.loads(json.dumps(tagged.to_json()))
    assert list(shape) == ["path", "model", "n_excerpts", "tags"]
    assert (shape["path"], shape["model"], set(shape["tags"])) == (str(sine_wav), "small", {"low", "high", "noisy"})
