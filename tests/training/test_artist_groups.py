"""Artist groups: what is lowered, and whole runs on the tones, whose artists hum low or high."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError
from tutti.models.model import Model
from tutti.training.artist_groups import ArtistGroupsConfig, soft_cross_entropy, squared_kernels
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

pytest.importorskip("sklearn")


@pytest.fixture
def groups(tones, table, tmp_path) -> dict:
    """A recipe that tells low from high tones by two sources of terms, within seconds."""
    catalogue = Catalogue.create(tmp_path / "catalogue")
    catalogue.put_tracks(
        replace(track, artist=f"{track.tags[0]} {track.split}", tags=track.tags) for track in tones.tracks()
    )
    table["data"] = {"catalogue": str(catalogue.folder), "task": "classes", "labels": ["low", "high pitched"]}
    table["model"] = {"architecture": "artist_group_cnn", "options": {"n_channels": 2, "sample_rate": 8000}}
    table["model"]["options"] |= {"n_samples": 7700, "n_mels": 64}
    table["scheme"] = {"name": "artist-groups", "tasks": ["mfcc", "subgenre"], "batch_size": 8}
    table["scheme"] |= {"n_hidden": 32, "groups": {"n_terms": 6, "n_topics": 2}, "excerpts_per_track": 4}
    table["training"] |= {"epochs": 3, "optimizer": "adam", "learning_rate": 0.01}
    return table


def test_cross_entropy_against_soft_targets_is_torch_s_and_leaves_out_what_is_not_known():
    logits, targets = torch.randn(3, 4), torch.softmax(torch.randn(3, 4), dim=1)
    assert soft_cross_entropy(logits, targets) == pytest.approx(
        torch.nn.functional.cross_entropy(logits, targets).item()
    )
    unknown = torch.cat([targets, torch.zeros(2, 4)])
    assert soft_cross_entropy(torch.cat([logits, torch.randn(2, 4)]), unknown) == pytest.approx(
        soft_cross_entropy(logits, targets).item()
    )
    assert soft_cross_entropy(logits, torch.zeros(3, 4)) == 0


def test_only_kernels_are_squared():
    network = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1))
    torch.nn.init.constant_(network[0].weight, 3.0)
    assert squared_kernels(network).item() == 18


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_run_ends_in_a_bundle_that_tags_and_in_scores(groups, kind):
    groups["scheme"]["network"] = kind
    trained = train(parse_recipe(groups), quiet=True)
    assert trained.report.metrics["log_loss"].value > 0
    model = Model.load(trained.bundle)
    assert model.config.options["n_networks"] == {"single": 2, "multi": 1}[kind]
    audio = Catalogue.open(groups["data"]["catalogue"]).tracks()[0].audio
    assert model.predict(audio).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_networks_are_trained_once_and_shared(groups, tmp_path):
    groups["scheme"]["folder"] = str(tmp_path / "shared")
    train(parse_recipe(groups), quiet=True)
    told: list[str] = []
    other = {**groups, "output": str(tmp_path / "other"), "name": "other"}
    other["scheme"] = {**groups["scheme"], "tasks": ["mfcc"]}
    train(parse_recipe(other), quiet=True, tell=told.append)
    assert not [line for line in told if "training a network" in line]


@pytest.mark.slow
def test_a_network_is_a_bundle_that_others_start_from(groups, tmp_path):
    trained = train(parse_recipe(groups), quiet=True)
    network = Model.load(trained.folder / "artist-groups" / "networks" / "single-mfcc" / "model")
    assert network.labels == ("mfcc factor 0", "mfcc factor 1")
    started = {**groups, "output": str(tmp_path / "started"), "name": "started"}
    started["model"] = {**groups["model"], "start": {"from": str(network.folder)}}
    started["scheme"] = {"name": "supervised", "batch_size": 8}
    assert train(parse_recipe(started), quiet=True).report.metrics["accuracy"].value >= 0


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("model", {"architecture": "compact_cnn", "options": {}}, "the recipe's architecture is compact_cnn"),
        ("data", {"task": "tags"}, "data.task is 'tags'"),
        ("scheme", {"groups": {"n_terms": 2048}}, "2048 terms cannot be learned from"),
    ],
)
def test_recipes_that_make_no_sense_are_refused_and_leave_nothing(groups, section, change, words):
    groups[section] |= change
    with pytest.raises(ConfigError, match=words):
        train(parse_recipe(groups), quiet=True)


@pytest.mark.parametrize("settings", [{"tasks": ()}, {"tasks": ("mfcc", "mfcc")}, {"l2": -1.0}, {"batch_size": 0}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError):
        ArtistGroupsConfig(**settings)
