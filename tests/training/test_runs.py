"""Whole runs on a catalogue of tones."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tutti.training.trainer as trainer_module
from tutti.data.catalogue import Catalogue
from tutti.errors import CatalogueError, ConfigError
from tutti.models.model import Model
from tutti.training.recipes import Recipe, parse_recipe
from tutti.training.run_parts import claim_folder
from tutti.training.runs import train

SAMPLE_RATE = 8000  # of the tones

NARROW = {"n_channels": 4, "sample_rate": SAMPLE_RATE, "n_samples": 4096, "n_mels": 48, "hop_length": 64}
LOW_CUTOFFS = {"low_pass_hz": [2200, 4000]}  # half of the tones' sample rate


def weights_of(recipe: Recipe) -> dict[str, torch.Tensor]:
    return load_file(train(recipe, quiet=True).bundle / "model.safetensors")


def assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_learns_what_can_be_heard_and_leaves_all_its_files(table):
    table["training"] |= {"epochs": 12, "learning_rate": 0.01}
    table["scheme"] |= {"excerpts_per_track": 4}
    run = train(parse_recipe(table), quiet=True)
    assert run.report.metrics["roc_auc_macro"].value > 0.9
    assert run.report.n_items == 8
    assert set(run.model.labels) == {"high pitched", "low", "noisy", "pure"}
    names = {path.name for path in run.folder.iterdir()}
    assert names == {
        "recipe.json", "waveforms", "checkpoint.pt", "metrics.csv", "tensorboard", "model", "report.json", "report.md"
    }  # fmt: skip
    assert any((run.folder / "tensorboard").iterdir())
    lines = (run.folder / "metrics.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,learning_rate,train_loss,valid_loss,valid_excerpt_loss,valid_roc_auc_macro")
    assert len(lines) == 13


def test_the_bundle_tells_its_recipe_and_its_scores(table):
    recipe = parse_recipe(table)
    run = train(recipe, quiet=True)
    loaded = Model.load(run.bundle)
    assert parse_recipe(loaded.config.training) == recipe
    assert loaded.config.scores["n_items"] == 8
    assert loaded.config.base_rates["low"] == 0.5
    assert loaded.labels == run.model.labels


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bundle_and_another_seed_another(table, tmp_path):
    recipe = parse_recipe(table)
    first = weights_of(recipe)
    assert_same(first, weights_of(replace(recipe, output=tmp_path / "again")))
    other = weights_of(replace(recipe, output=tmp_path / "other", seed=1))
    assert not torch.equal(first["head.weight"], other["head.weight"])


PHASES = [
    {"epochs": 2, "optimizer": "adam", "learning_rate": 0.01},
    {"epochs": 1, "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9},
]


KILLED = {
    "average": {"training": {"average_decay": 0.9}},
    "phases and augmentation": {
        "training": {"phases": PHASES},
        "augmentation": {"preset": "code", "ranges": LOW_CUTOFFS},
    },
    "songs": {"scheme": {"level": "song", "excerpts_per_song": 2}},
    "bfloat16": {"training": {"precision": "bf16-mixed", "loaders": 0}, "model": {"options": NARROW}},
}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="plain"),
        *(pytest.param(changes, id=name, marks=pytest.mark.slow) for name, changes in KILLED.items()),
    ],
)
def test_a_run_killed_in_its_second_epoch_ends_as_if_it_had_not_been(table, tmp_path, monkeypatch, changes):
    table["scheme"] |= {"mixup": 0.3, "excerpts_per_track": 2}
    for section, settings in changes.items():
        table[section] = table.get(section, {}) | settings
    recipe = parse_recipe(table)
    unharmed = weights_of(replace(recipe, output=tmp_path / "unharmed"))
    step, steps = trainer_module._step, iter(range(6))

    def step_until_killed(*arguments):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(trainer_module, "_step", step_until_killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, quiet=True)
    monkeypatch.undo()
    assert_same(unharmed, weights_of(recipe))
    assert len((recipe.folder / "metrics.csv").read_text().splitlines()) == 4


def test_a_finished_run_is_not_trained_again(table, monkeypatch):
    recipe = parse_recipe(table)
    first = weights_of(recipe)
    monkeypatch.setattr(trainer_module, "_step", None)
    assert_same(first, weights_of(recipe))


def test_a_folder_of_another_recipe_is_refused(table):
    recipe = parse_recipe(table)
    train(recipe, quiet=True)
    with pytest.raises(ConfigError, match=r"another recipe: its training.epochs is 3, not 4") as caught:
        train(replace(recipe, training=replace(recipe.training, epochs=4)), quiet=True)
    assert "output=" in caught.value.hint


# a section that had gone was not noticed, and the run was taken for the same
def test_a_recipe_that_has_lost_a_section_is_another_one(table):
    with_terms = parse_recipe({**table, "regularisation": {"entropy": {}}})
    claim_folder(with_terms)
    with pytest.raises(ConfigError, match=r"another recipe: its regularisation\.entropy\.weight is 0.1, not None"):
        train(parse_recipe(table), quiet=True)


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(table, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "diary.txt").write_text("dear diary")
    with pytest.raises(ConfigError, match="no training run"):
        train(parse_recipe(table), quiet=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["diary.txt"]


def test_a_damaged_sound_is_left_out_and_named(table, tones, tmp_path):
    catalogue = Catalogue.create(tmp_path / "catalogue")
    tracks = tones.tracks()
    (tmp_path / "broken.wav").write_text("not a sound")
    catalogue.put_tracks([replace(tracks[0], audio=tmp_path / "broken.wav"), *tracks[1:]])
    table["data"]["catalogue"] = str(catalogue.folder)
    run = train(parse_recipe(table), quiet=True)
    assert list(run.failures) == ["00"]


def test_a_recipe_without_a_catalogue_or_with_one_that_is_not_there_says_so(table, tmp_path):
    recipe = parse_recipe(table)
    with pytest.raises(ConfigError, match="names no catalogue"):
        train(replace(recipe, data=replace(recipe.data, catalogue=None)))
    with pytest.raises(CatalogueError, match="no catalogue in"):
        train(replace(recipe, data=replace(recipe.data, catalogue=tmp_path / "nowhere")))
    assert not recipe.folder.exists()


def test_an_empty_split_says_so(table, tones, tmp_path):
    catalogue = Catalogue.create(tmp_path / "catalogue")
    catalogue.put_tracks([track for track in tones.tracks() if track.split != "valid"])
    table["data"]["catalogue"] = str(catalogue.folder)
    with pytest.raises(ConfigError, match="0 tracks in the split valid"):
        train(parse_recipe(table))


@pytest.mark.slow
def test_a_damaged_checkpoint_is_named_with_a_remedy(table):
    recipe = parse_recipe(table)
    train(recipe, quiet=True)
    (recipe.folder / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(ValueError, match="cannot be resumed") as caught:
        train(recipe, quiet=True)
    assert "train anew" in caught.value.hint


def test_the_resolved_recipe_lies_in_the_folder(table):
    recipe = parse_recipe(table)
    train(recipe, quiet=True)
    assert parse_recipe(json.loads((recipe.folder / "recipe.json").read_text())) == recipe


@pytest.mark.slow
def test_classes_are_learned_by_a_softmax_and_validated_by_accuracy(table):
    table["data"] |= {"task": "classes", "labels": ["low", "High-Pitched"]}
    table["training"] |= {"epochs": 10, "learning_rate": 0.01, "monitor": "accuracy"}
    table["scheme"] |= {"excerpts_per_track": 4}
    run = train(parse_recipe(table), quiet=True)
    assert run.model.config.task == "classes"
    assert run.history.best.valid["accuracy"] >= 7 / 8
    probabilities = run.model.predict(torch.zeros(8000).numpy() + 1e-3, 8000)
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)


def test_tracks_of_two_classes_are_refused_by_name(table):
    table["data"] |= {"task": "classes", "labels": ["low", "pure"]}
    with pytest.raises(ConfigError, match=r"tracks are of several classes: 00 is low, pure") as caught:
        train(parse_recipe(table), quiet=True)
    assert "data.task" in caught.value.hint


def test_songs_that_are_no_longer_than_an_excerpt_are_refused(table):
    table["model"]["options"]["n_samples"] = 8000
    table["scheme"] |= {"level": "song", "excerpts_per_song": 2}
    with pytest.raises(ConfigError, match="nothing to average: 16 of 16 tracks") as caught:
        train(parse_recipe(table), quiet=True)
    assert "instance" in caught.value.hint


@pytest.mark.slow
def test_augmentation_changes_what_is_learned(table, tmp_path):
    plain = weights_of(parse_recipe(table))
    table |= {"augmentation": {"ranges": LOW_CUTOFFS}, "output": str(tmp_path / "augmented")}
    assert not torch.equal(plain["head.weight"], weights_of(parse_recipe(table))["head.weight"])


# torch 2.13 leaves weights' gradients uninitialised there, which had shown as a loss that is no number
def test_bfloat16_is_refused_on_processors_where_torch_computes_it_wrongly(table):
    table["training"] |= {"precision": "bf16-mixed"}
    with pytest.raises(ConfigError, match="hears a single frame") as caught:
        train(parse_recipe(table), quiet=True)
    assert "32-true" in caught.value.hint


@pytest.mark.slow
def test_two_processes_learn_as_well_as_one_and_go_on_after_a_stop(table, tmp_path):
    table["training"] |= {"epochs": 12, "learning_rate": 0.01}
    table["scheme"] |= {"excerpts_per_track": 4, "batch_size": 16}
    alone = train(parse_recipe(table), quiet=True)
    shared = {**table, "training": {**table["training"], "devices": 2}, "output": str(tmp_path / "shared")}
    together = train(parse_recipe(shared), quiet=True)
    assert together.report.metrics["roc_auc_macro"].value > 0.9
    pairs = zip(alone.history.epochs, together.history.epochs, strict=True)
    assert sum(abs(a.train_loss - b.train_loss) for a, b in pairs) / 12 < 0.1
    assert_same(load_file(together.bundle / "model.safetensors"), weights_of(parse_recipe(shared)))


def test_a_recipe_that_cannot_be_carried_out_leaves_no_folder_in_the_way_of_the_corrected_one(table):
    wrong = parse_recipe(table | {"data": table["data"] | {"task": "classes", "labels": ["low", "pure"]}})
    with pytest.raises(ConfigError, match="several classes"):
        train(wrong, quiet=True)
    assert not wrong.folder.exists()


def test_excerpts_too_short_for_the_network_are_refused_before_training(table):
    table["model"]["options"]["n_samples"] = 10
    recipe = parse_recipe(table)
    with pytest.raises(ConfigError, match="cannot hear excerpts of 10 samples"):
        train(recipe, quiet=True)
    assert not recipe.folder.exists()


def test_a_batch_of_one_excerpt_is_refused_before_training_and_leaves_no_folder(table):
    table["scheme"] |= {"batch_size": 1}
    with pytest.raises(ConfigError, match="16 excerpts an epoch in batches of at most 1 leave an excerpt alone"):
        train(parse_recipe(table), quiet=True)
    assert not Path(table["output"]).exists()
