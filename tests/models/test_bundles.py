"""Bundles: saved whole, loaded the same, refused in words when damaged, newer or foreign."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tutti.errors import ConfigError, ModelError, TuttiError
from tutti.models import bundles
from tutti.models.bundles import Excerpting, ModelConfig, fingerprint
from tutti.models.model import Model

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 9000).astype(np.float32)


@pytest.fixture
def bundle(small_model, tmp_path) -> Path:
    small_model.save(tmp_path / "bundle")
    return tmp_path / "bundle"


def edit(bundle: Path, **changes: object) -> None:
    config = json.loads((bundle / "config.json").read_text())
    (bundle / "config.json").write_text(json.dumps({**config, **changes}))


def test_a_loaded_bundle_is_the_saved_model_to_the_last_bit(small_model, bundle):
    loaded = Model.load(bundle)
    assert loaded.config == small_model.config
    assert loaded.fingerprint == small_model.fingerprint
    np.testing.assert_array_equal(loaded.predict(NOISE, 8000), small_model.predict(NOISE, 8000))
    np.testing.assert_array_equal(loaded.embed(NOISE, 8000), small_model.embed(NOISE, 8000))


def test_everything_about_a_model_is_kept(small_model, tmp_path):
    facts = {"training": {"epochs": 3, "data": {"catalogue": "x"}}, "scores": {"roc_auc_macro": 0.9}, "paper": "ours"}
    config = dataclasses.replace(small_model.config, excerpts=Excerpting(hop=0.5), licence="CC0-1.0", **facts)
    Model(config, small_model.network).save(tmp_path / "bundle")
    assert Model.load(tmp_path / "bundle").config == config


def test_a_bundle_from_before_there_were_classes_predicts_tags(bundle, small_model):
    config = json.loads((bundle / "config.json").read_text())
    del config["task"]
    (bundle / "config.json").write_text(json.dumps(config))
    assert Model.load(bundle).config.task == "tags"
    assert Model.load(bundle).fingerprint == small_model.fingerprint


def test_a_model_of_classes_stays_one_and_is_another_model(small_model, tmp_path):
    classes = Model(dataclasses.replace(small_model.config, task="classes"), small_model.network)
    classes.save(tmp_path / "classes")
    assert Model.load(tmp_path / "classes").config.task == "classes"
    assert classes.fingerprint != small_model.fingerprint


def test_a_task_that_nobody_knows_is_refused(bundle):
    edit(bundle, task="poems")
    with pytest.raises(ModelError, match=r"wrong at 'task'.*'tags', 'classes'"):
        Model.load(bundle)


def test_a_bundle_is_three_files(bundle):
    assert sorted(path.name for path in bundle.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert json.loads((bundle / "config.json").read_text())["format"] == 1


def test_a_bundle_is_replaced_by_a_newer_one(small_model, bundle):
    renamed = dataclasses.replace(small_model.config, name="newer")
    Model(renamed, small_model.network).save(bundle)
    assert Model.load(bundle).name == "newer"


def test_a_save_that_fails_leaves_the_old_bundle_whole(small_model, bundle, monkeypatch):
    def fail(config: object) -> str:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bundles, "model_card", fail)
        with pytest.raises(OSError, match="no space"):
            small_model.save(bundle)
    assert Model.load(bundle).fingerprint == small_model.fingerprint
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_bundle_is_not_overwritten(kind, small_model, tmp_path):
    target = tmp_path / "photos"
    if kind == "folder":
        target.mkdir()
        (target / "me.jpg").touch()
    else:
        target.write_text("diary")
    with pytest.raises(ModelError, match="exists and is no bundle"):
        small_model.save(target)
    assert target.exists()


def test_an_empty_folder_may_become_a_bundle(small_model, tmp_path):
    small_model.save(tmp_path)
    assert Model.load(tmp_path).name == "small"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "has format 2; this program reads up to 1"),
        ({"format": "one"}, "does not describe a tutti tagger"),
        ({"kind": "tutti ranker"}, "describes a ranker, and a tagger is wanted"),
        ({"labls": ["a"]}, "wrong at 'labls'"),
        ({"labels": "abc"}, "wrong at 'labels'"),
        ({"labels": []}, "has no labels"),
        ({"labels": ["a", "a", "b"]}, "label 'a' of the model small occurs twice"),
        ({"resampling": {"library": "soxr", "quality": "XL"}}, "resampling.quality"),
        ({"excerpts": {"count": "many"}}, "excerpts.count"),
        ({"architecture": "short_chunk_resnt"}, "called 'short_chunk_resnt'"),
        ({"options": {"n_chanels": 4}}, "called 'n_chanels'"),
        ({"labels": ["a", "b"]}, r"'head\.bias' has shape \(3,\), wanted \(2,\)"),
        ({"name": "../small"}, "cannot name a model"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused_with_the_place(changes, words, bundle):
    edit(bundle, **changes)
    with pytest.raises(TuttiError, match=words) as caught:
        Model.load(bundle)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "\x00\xff"])
def test_a_configuration_that_is_no_json_object_is_refused(text, bundle):
    (bundle / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=r"config\.json"):
        Model.load(bundle)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated_weights_are_refused(share, bundle):
    weights = bundle / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: int(share * weights.stat().st_size)])
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        Model.load(bundle)


def test_missing_weights_and_a_missing_bundle_are_told_apart(bundle, tmp_path):
    (bundle / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        Model.load(bundle)
    for folder in (tmp_path / "nowhere", bundle / "config.json"):
        with pytest.raises(ModelError, match="holds no model bundle"):
            Model.load(folder)


def test_parameters_that_are_missing_or_left_over_are_named(bundle):
    tensors = load_file(bundle / "model.safetensors")
    tensors["haed.bias"] = tensors.pop("head.bias")
    save_file(tensors, bundle / "model.safetensors")
    with pytest.raises(ModelError, match=r"missing, such as 'head\.bias'; 1 are unknown, such as 'haed\.bias'"):
        Model.load(bundle)


def test_the_fingerprint_changes_with_what_changes_predictions_and_with_nothing_else(small_model):
    config, network = small_model.config, small_model.network
    base = fingerprint(network, config)
    same = dataclasses.replace(config, name="other", licence="CC0-1.0", scores={"a": 1}, training={"b": 2})
    assert fingerprint(network, same) == base
    for change in ({"labels": ("a", "b", "c")}, {"excerpts": Excerpting(count=5)}, {"excerpts": Excerpting(hop=1.0)}):
        assert fingerprint(network, dataclasses.replace(config, **change)) != base
    with torch.no_grad():
        network.head.bias[0] += 1e-3
        other_weights = fingerprint(network, config)
        network.head.bias[0] -= 1e-3
    assert other_weights != base


def test_a_configuration_knows_what_the_model_wants_cut_from_a_sound(small_model):
    spec = dataclasses.replace(small_model.config, excerpts=Excerpting(hop=0.25)).excerpt_spec
    assert (spec.sample_rate, spec.plan.n_samples, spec.plan.hop) == (8000, 4000, 2000)


def test_a_name_that_no_file_could_have_is_refused():
    with pytest.raises(ConfigError, match="cannot name a model"):
        ModelConfig(name="a/b", architecture="fcn", labels=("a",))
