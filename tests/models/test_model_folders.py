"""Folders of models: written whole, refused in words, told apart by fingerprints."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tutti.errors import ConfigError, ModelError
from tutti.models.concept_listener import ConceptListenerConfig
from tutti.models.concept_reader import ConceptReaderConfig
from tutti.models.language_encoders import LanguageConfig
from tutti.models.model_folders import (
    arrays_of,
    check_format,
    checked_settings,
    fill_network,
    fingerprint_of,
    read_settings,
    settings_folder,
    write_parameters,
)
from tutti.models.sentence_retrieval import RetrieverConfig
from tutti.models.word_encoders import WordConfig

SETTINGS = {"format": 1, "kind": "tutti test", "name": "héllo", "size": 3}


@dataclass(frozen=True, kw_only=True)
class Sized:
    name: str
    size: int = 1

    def __post_init__(self) -> None:
        if self.name == "none":
            raise ConfigError("none is no name", hint="give another")


def test_settings_come_back_without_format_and_kind(tmp_path: Path):
    with settings_folder(tmp_path / "new", SETTINGS, what="test"):
        pass
    settings = read_settings(tmp_path / "new", kind="tutti test", newest=1)
    assert settings == {"name": "héllo", "size": 3}
    assert checked_settings(Sized, settings, origin="here", what="test") == Sized(name="héllo", size=3)


def test_a_failure_leaves_what_was_there(tmp_path: Path):
    with settings_folder(tmp_path / "it", SETTINGS, what="test"):
        pass
    with pytest.raises(RuntimeError, match="broke"), settings_folder(tmp_path / "it", SETTINGS, what="test"):
        raise RuntimeError("broke")
    assert json.loads((tmp_path / "it" / "config.json").read_text(encoding="utf-8")) == SETTINGS
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_something_else_is_never_replaced(tmp_path: Path):
    (tmp_path / "diary.txt").write_text("dear")
    for place in (tmp_path, tmp_path / "diary.txt"):
        with pytest.raises(ModelError, match="exists and is no test"), settings_folder(place, SETTINGS, what="test"):
            pass
    assert (tmp_path / "diary.txt").read_text() == "dear"


@pytest.mark.parametrize("config", [{"model_type": "bert"}, {"format": 1, "kind": "tutti other"}, []])
def test_the_folder_of_another_program_or_of_another_kind_is_never_replaced(tmp_path: Path, config: object):
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="exists and is no test"), settings_folder(tmp_path, SETTINGS, what="test"):
        pass
    assert json.loads((tmp_path / "config.json").read_text()) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "cannot be read"),
        ("{", "cannot be read"),
        ('{"kind": "tutti test"}', "cannot be read: 'format'"),
        ('{"format": 1, "kind": "tutti other"}', "describes a 'tutti other', no 'tutti test'"),
        ('{"format": 2, "kind": "tutti test"}', "has format 2; this program reads up to 1"),
        ('{"format": "x", "kind": "tutti test"}', "has format x"),
        (None, "holds no test: there is no config.json"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text: str | None, message: str, tmp_path: Path):
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=message) as caught:
        read_settings(tmp_path, kind="tutti test", newest=1)
    assert caught.value.hint


def test_wrong_settings_are_named():
    check_format(1, newest=2, origin="here")
    with pytest.raises(ModelError, match="here is wrong at 'size'"):
        checked_settings(Sized, {"name": "a", "size": "large"}, origin="here", what="test")
    with pytest.raises(ModelError, match="none is no name"):
        checked_settings(Sized, {"name": "none"}, origin="here", what="test")


def test_parameters_come_back_and_another_networks_are_refused(tmp_path: Path):
    network = nn.Linear(2, 3)
    write_parameters(network, tmp_path)
    again = nn.Linear(2, 3)
    fill_network(again, tmp_path, what="test")
    assert torch.equal(again.weight, network.weight)
    with pytest.raises(ModelError, match="cannot be used"):
        fill_network(nn.Linear(2, 4), tmp_path, what="test")
    with pytest.raises(ModelError, match="cannot be used"):
        fill_network(again, tmp_path / "nowhere", what="test")


def test_a_fingerprint_is_of_words_names_and_bytes():
    network = nn.Linear(2, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[1.0, 2.0]]))
        network.bias.fill_(3.0)
    told = b"x" + b"bias" + np.float32([3]).tobytes() + b"weight" + np.float32([1, 2]).tobytes()
    assert fingerprint_of("x", arrays_of(network)) == hashlib.sha256(told).hexdigest()[:16]
    assert fingerprint_of("x") == hashlib.sha256(b"x").hexdigest()[:16]
    turned = np.arange(6.0).reshape(2, 3)
    assert fingerprint_of("", {"a": turned.T}) == fingerprint_of("", {"a": np.ascontiguousarray(turned.T)})


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        (LanguageConfig, {}),
        (LanguageConfig, {"reading": {"colour": "red"}}),
        (WordConfig, {}),
        (ConceptReaderConfig, {"concepts": ["rock"]}),
        (
            ConceptListenerConfig,
            {"tagger": "t", "tagger_fingerprint": "", "labels": ["a"], "concepts": {"a": {"a": 1}}, "n_vector": 2},
        ),
        (RetrieverConfig, {"name": "r", "strategy": "two-branch", "dims": {}, "emotions": [], "moods": []}),
    ],
)
def test_a_setting_that_this_program_does_not_know_is_refused(config: type, settings: dict[str, object]):
    with pytest.raises(ModelError, match="colour"):
        checked_settings(
            config, settings if "reading" in settings else settings | {"colour": "red"}, origin="x", what="y"
        )
