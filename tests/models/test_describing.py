"""What a bundle says of itself beyond its run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.models.describing import describe_bundle
from tutti.models.model import Model


@pytest.fixture
def bundle(small_model: Model, tmp_path: Path) -> Path:
    small_model.save(tmp_path / "run")
    return tmp_path / "run"


def test_a_described_bundle_keeps_weights_and_labels_and_takes_its_folders_name(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(
        'licence = "MIT"\nlimits = ["Not for whales."]\ndata = ["One hour of songs."]\n'
    )
    described = describe_bundle(bundle, tmp_path / "card.toml", tmp_path / "known")
    assert Model.load(tmp_path / "known").fingerprint == described.fingerprint == Model.load(bundle).fingerprint
    assert (described.name, described.config.licence) == ("known", "MIT")
    card = (tmp_path / "known" / "README.md").read_text()
    assert "## Limits\n\n- Not for whales.\n" in card
    assert "## What it learned from\n\n- One hour of songs.\n" in card


def test_teachers_are_told_with_licence_and_terms(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text('teachers = ["fcn-jamendo"]')
    describe_bundle(bundle, tmp_path / "card.toml", bundle)
    (line,) = [line for line in (bundle / "README.md").read_text().splitlines() if line.startswith("| fcn-jamendo")]
    assert "MIT, Copyright (c) 2020 Music Technology Group, Universitat Pompeu Fabra" in line
    assert "non-commercial" in line


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("limit = ['x']", UnknownNameError, "did you mean 'limits'"),
        ("teachers = ['fcn-mtatt']", UnknownNameError, "did you mean 'fcn-mtat'"),
        ("limits = 3", ModelError, "wrong at 'limits'"),
        ("licence = MIT", ConfigError, "cannot be read"),
    ],
)
def test_facts_that_make_no_sense_are_refused_and_the_bundle_stays(
    text: str, error: type[Exception], words: str, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "card.toml").write_text(text)
    before = (bundle / "config.json").read_bytes()
    with pytest.raises(error, match=words):
        describe_bundle(bundle, tmp_path / "card.toml", bundle)
    assert (bundle / "config.json").read_bytes() == before


def test_measured_scores_join_those_of_the_run(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text("[scores.ours]\nvalue = 0.5\n")
    (tmp_path / "more.json").write_text('{"songs": {"value": 0.8}}')
    described = describe_bundle(bundle, tmp_path / "card.toml", bundle, scores=tmp_path / "more.json")
    assert described.config.scores == {"ours": {"value": 0.5}, "songs": {"value": 0.8}}
    (tmp_path / "more.json").write_text("[]")
    with pytest.raises(ConfigError, match="holds no table"):
        describe_bundle(bundle, tmp_path / "card.toml", bundle, scores=tmp_path / "more.json")


def test_the_training_machines_folders_stay_with_it(small_model: Model, tmp_path: Path) -> None:
    training = {"output": "/home/me/runs/x", "scheme": {"unlabelled": "/data/mixtures", "loss": "bce"}}
    Model(replace(small_model.config, training=training), small_model.network).save(tmp_path / "run")
    (tmp_path / "card.toml").write_text('licence = "MIT"')
    described = describe_bundle(tmp_path / "run", tmp_path / "card.toml", tmp_path / "out")
    assert described.config.training == {"output": "x", "scheme": {"unlabelled": "mixtures", "loss": "bce"}}
