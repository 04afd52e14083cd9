"""Recipes: what they state, what they refuse, and in which words."""

import math

import pytest
import torch

from tutti.errors import ConfigError
from tutti.models.taggers import ARCHITECTURES
from tutti.training.devices import build_fabric
from tutti.training.recipes import parse_recipe, read_recipe
from tutti.training.runs import WAYS
from tutti.training.schemes import SCHEMES


def test_a_recipe_states_only_what_differs_from_the_defaults():
    recipe = parse_recipe({"name": "short", "training": {"epochs": 7}})
    assert recipe.training.epochs == 7
    assert recipe.training.optimizer == "adamw"
    assert str(recipe.folder) == "runs/short"


def test_the_complete_recipe_gives_the_same_recipe_again():
    table = {"name": "x", "data": {"catalogue": "c", "labels": ["a", "b"]}, "model": {"options": {"n_channels": 4}}}
    recipe = parse_recipe(table)
    assert parse_recipe(recipe.to_json()) == recipe


def test_overrides_of_the_command_line_win_over_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[training]\nepochs = 9\n[data]\ncatalogue = "a"\n')
    overrides = ["training.epochs=3", "data.catalogue=b c", "output=there", 'data.labels=["rock", "jazz"]']
    recipe = read_recipe(path, [*overrides, "model.options.n_channels=8"])
    assert recipe.name == "mine"
    assert (recipe.training.epochs, str(recipe.data.catalogue), str(recipe.output)) == (3, "b c", "there")
    assert recipe.data.labels == ("rock", "jazz")
    assert recipe.model.options == {"n_channels": 8}


@pytest.mark.parametrize(
    ("table", "message", "hint"),
    [
        ({"training": {"epoch": 3}}, "unknown setting 'training.epoch'", "did you mean 'training.epochs'"),
        ({"trainign": {}}, "unknown setting 'trainign'", "did you mean 'training'"),
        ({"batch_size": 3}, "unknown setting 'batch_size'", "did you mean 'scheme.batch_size'"),
        ({"training": {"epochs": "many"}}, 'training.epochs = "many" is wrong; wanted a valid integer', "correct"),
        ({"training": {"epochs": "3"}}, 'training.epochs = "3" is wrong', "correct"),
        ({"training": 3}, "training = 3 is wrong; wanted a section", "correct"),
        ({"training": {"epochs": 0}}, "epochs=0 is not positive", "positive"),
        ({"training": {"monitor": "auc"}}, "wanted 'loss', 'excerpt_loss', 'pr_auc_macro'", "correct"),
        ({"training": {"schedule": "cosin"}}, "no schedule", "did you mean 'cosine'"),
        ({"training": {"average_decay": 1.5}}, "outside", "0.99"),
        ({"scheme": {"mixup": -1.0}}, "negative", "0 for none"),
        ({"scheme": {"batch_size": 0}}, "batch_size=0", "1 or more"),
        ({"data": {"labels": "top"}}, "labels='top' is not understood", "top:50"),
        ({"data": {"labels": 3}}, "data.labels = 3 is wrong", "correct"),
        ({"data": {"labels": []}}, "empty", "once"),
        ({"data": {"spelling": "wrld"}}, "no spelling", "did you mean 'world'"),
        ({"model": {"architecture": "musicn"}}, "no architecture called 'musicn'", "did you mean 'musicnn'"),
        ({"model": {"options": {"n_chanels": 4}}}, "no option", "did you mean 'n_channels'"),
        ({"training": {"protocol": "won2002"}}, "no training protocol", "did you mean 'won2020'"),
        ({"training": {"protocol": "won2020", "epochs": 3}}, "3 epochs cannot hold 4 phases", "4 or more"),
        ({"training": {"protocol": "won2020", "learning_rate": 0.1}}, "beside won2020", "leave out"),
        ({"training": {"phases": [{"epochs": 1}], "protocol": "won2020"}}, "both the protocol", "leave out one"),
        ({"training": {"phases": [{"epochs": 1}], "optimizer": "adam"}}, "beside phases", "leave out"),
        ({"training": {"phases": [{"epoch": 1}]}}, "unknown setting 'training.phases.epoch'", "training.phases.epochs"),
        ({"training": {"phases": [{}]}}, "does not say 'training.phases.epochs'", "add"),
        ({"training": {"phases": [{"epochs": "1"}]}}, 'training.phases.epochs = "1" is wrong', "correct"),
        ({"training": {"phases": [{"epochs": 1, "optimizer": "sdg"}]}}, "wanted 'adam', 'adamw' or 'sgd'", "correct"),
        ({"training": {"phases": {"epochs": 1}}}, "training.phases = ", "correct"),
        ({"training": {"patience": -1}}, "patience=-1 is negative", "0 or more"),
        ({"training": {"devices": 0}}, "devices=0 is not positive", "positive"),
        (
            {"training": {"devices": 2}, "scheme": {"batch_size": 1}},
            "2 devices cannot share a batch of 1",
            "batch_size",
        ),
        ({"training": {"sync_batchnorm": True, "accelerator": "cpu"}}, "cannot be synchronised", "GPUs"),
        ({"training": {"precision": "8-bit"}}, "training.precision", "correct"),
        ({"training": {"learning_rate": math.nan}}, "training.learning_rate = nan", "correct"),
        ({"training": {"phases": [{"epochs": 1, "learning_rate": math.inf}]}}, "learning_rate = inf", "correct"),
        ({"training": {"monitor": "accuracy"}}, "data.task is 'tags'", "pr_auc_macro"),
        ({"data": {"task": "genres"}}, "wanted 'tags' or 'classes'", "correct"),
        ({"scheme": {"level": "album"}}, "wanted 'instance' or 'song'", "correct"),
        ({"scheme": {"level": "song", "batch_size": 3}}, "holds no song of 4", "2 to batch_size"),
        ({"scheme": {"level": "song", "excerpts_per_song": 1}}, "holds no song of 1", "2 to batch_size"),
        ({"augmentation": {"preset": "thesis "}}, "no preset of augmentation", "did you mean 'thesis'"),
        ({"augmentation": {"presets": "code"}}, "unknown setting 'augmentation.presets'", "augmentation.preset"),
        ({"augmentation": {"probabilities": {"nose": 1.0}}}, "no effect called 'nose'", "did you mean 'noise'"),
        ({"augmentation": True}, "augmentation = true is wrong", "correct"),
        ({"model": {"options": {"n_channels": "many"}}}, "n_channels='many'", "128"),
        ({"model": {"options": {"n_channels": 4.5}}}, "n_channels=4.5", "128"),
        ({"model": {"options": {"n_channels": 0}}}, "n_channels=0 is not positive", "128 is published"),
        ({"model": {"options": {"n_channels": [1]}}}, "model.options", "correct"),
        ({"evaluation": {"n_resamples": 0}}, "0 resamples", "1000"),
        ({"evaluation": {"split": "tset"}}, "no split called 'tset'", "did you mean 'test'"),
    ],
)
def test_a_mistake_is_named_and_the_remedy_with_it(table, message, hint):
    with pytest.raises(ConfigError) as caught:
        parse_recipe({"name": "x", **table})
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_scheme_is_supervised_unless_named():
    assert parse_recipe({"name": "x"}).scheme.name == "supervised"
    assert parse_recipe({"name": "x", "scheme": {"name": "contrastive"}}).scheme.name == "contrastive"


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_can_be_carried_out_and_refuses_settings_of_none(name):
    assert SCHEMES[name] in WAYS
    with pytest.raises(ConfigError, match=r"unknown setting 'scheme.nothing'"):
        parse_recipe({"name": "x", "scheme": {"name": name, "nothing": 1}})


@pytest.mark.parametrize(
    ("scheme", "message", "hint"),
    [
        ({"name": "contrastiv"}, "no training scheme called 'contrastiv'", "did you mean 'contrastive'"),
        ({"name": 3}, "no training scheme called '3'", "supervised"),
        ({"name": "contrastive", "temperatur": 1}, "unknown setting 'scheme.temperatur'", "'scheme.temperature'"),
        ({"name": "contrastive", "mixup": 0.1}, "unknown setting 'scheme.mixup'", "known: name, batch_size"),
        ({"temperature": 0.1}, "unknown setting 'scheme.temperature'", "known: name, level"),
        ({"name": "contrastive", "queue": "long"}, 'scheme.queue = "long" is wrong; wanted a valid integer', "correct"),
    ],
)
def test_a_mistake_within_a_scheme_is_told_in_the_words_of_that_scheme(scheme, message, hint):
    with pytest.raises(ConfigError) as caught:
        parse_recipe({"name": "x", "scheme": scheme})
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("override", "message"),
    [("training.epochs", "is no setting"), ("name.first=x", "not a section"), ("=3", "is no setting")],
)
def test_an_override_that_is_none_is_refused(tmp_path, override, message):
    (tmp_path / "r.toml").write_text('name = "r"\n')
    with pytest.raises(ConfigError, match=message):
        read_recipe(tmp_path / "r.toml", [override])


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot be read"), ("epochs = ", "is not TOML"), ("x = 1", "unknown setting")]
)
def test_a_file_that_is_no_recipe_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "r.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_recipe(path)
    assert str(path) in caught.value.message


def test_every_recipe_of_the_folder_is_valid_and_stands_in_the_table(root):
    recipes = sorted(set((root / "recipes").rglob("*.toml")) - set((root / "recipes").rglob("card.toml")))
    table = (root / "recipes" / "README.md").read_text()
    assert recipes
    for path in recipes:
        assert read_recipe(path).name
        assert path.relative_to(root).as_posix() in table


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_options_of_every_architecture_are_checked_by_their_types(name):
    table = {"name": "x", "model": {"architecture": name, "options": {"sample_rate": 24_000}}}
    assert parse_recipe(table).model.options == {"sample_rate": 24_000}
    table["model"]["options"]["sample_rate"] = "fast"
    with pytest.raises(ConfigError, match=r"sample_rate='fast'"):
        parse_recipe(table)


def test_a_section_of_augmentation_turns_it_on_and_is_told_completely():
    assert parse_recipe({"name": "x"}).augmentation is None
    recipe = parse_recipe({"name": "x", "augmentation": {"preset": "thesis"}})
    assert recipe.augmentation.ranges["low_pass_hz"] == (200, 1200)
    assert parse_recipe(recipe.to_json()) == recipe


def test_phases_can_be_written_into_a_recipe(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(
        "[[training.phases]]\nepochs = 8\nlearning_rate = 1e-3\n"
        '[[training.phases]]\nepochs = 2\noptimizer = "sgd"\nmomentum = 0.9\n'
    )
    first, second = read_recipe(path, ["training.epochs=20"]).training.resolved().phases
    assert (first.epochs, first.optimizer, second.epochs, second.momentum) == (16, "adam", 4, 0.9)


def test_half_precision_and_more_devices_than_there_are_are_refused_when_training_begins(tmp_path):
    with pytest.raises(ConfigError, match="half precision"):
        build_fabric("cpu", "16-mixed", devices=1, folder=tmp_path)
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="2 devices were asked for, this machine has 0 of kind gpu"):
            build_fabric("gpu", "32-true", devices=2, folder=tmp_path)
    assert not any(tmp_path.iterdir())
