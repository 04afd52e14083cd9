"""Training that begins with a trained model: what loads, what stays as it is, what learns how fast, what is refused."""

import copy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

import tutti.training.trainer as trainer_module
from tutti.errors import ConfigError, UnknownNameError
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.taggers import build_tagger
from tutti.training.phases import PROTOCOLS, build_optimizer, continue_optimizer
from tutti.training.rates import learning_mode, parameter_groups, part_rates, set_rates
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train
from tutti.training.transfer import StartConfig, build_network

OPTIONS = {"n_channels": 4, "sample_rate": 8000, "n_samples": 4096, "n_mels": 48}
LABELS = ("high pitched", "low", "noisy", "pure")


def config_of(labels=LABELS, architecture="short_chunk_resnet", task="tags", **options) -> ModelConfig:
    options = {**OPTIONS, **options} if architecture == "short_chunk_resnet" else options
    return ModelConfig(name="ours", architecture=architecture, labels=labels, task=task, options=options)


@pytest.fixture
def teacher(tmp_path) -> Model:
    """A model in a bundle; statistics and weights unlike fresh ones."""
    torch.manual_seed(99)
    config = replace(config_of(), name="teacher")
    network = build_tagger(config.architecture, len(config.labels), **config.options).train()
    network(torch.randn(8, 4096))
    Model(config, network).save(tmp_path / "teacher")
    return Model.load(tmp_path / "teacher")


def begun(teacher: Model, config: ModelConfig | None = None, **settings):
    return build_network(config or config_of(), StartConfig(from_=str(teacher.folder), **settings), seed=0)


def assert_same(first, second, *, part: str = "") -> None:
    first, second = ({n: t for n, t in one.state_dict().items() if n.startswith(part)} for one in (first, second))
    assert first
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_without_a_start_the_network_is_what_the_seed_makes():
    torch.manual_seed(5)
    plain = build_tagger("short_chunk_resnet", 4, **OPTIONS)
    assert_same(build_network(config_of(), seed=5), plain)


def test_with_the_same_labels_all_loads_and_the_answers_are_the_same(teacher):
    waveform = torch.randn(2, 4096)
    assert torch.equal(begun(teacher).eval()(waveform), teacher.network(waveform))


def test_the_head_is_kept_where_only_the_order_of_labels_differs(teacher):
    waveform = torch.randn(2, 4096)
    turned = begun(teacher, config_of(LABELS[::-1])).eval()
    assert torch.allclose(turned(waveform).flip(1), teacher.network(waveform), atol=1e-6)


@pytest.mark.parametrize("config", [config_of(("rock", "jazz")), config_of(task="classes")], ids=["labels", "task"])
def test_with_other_labels_or_another_task_the_head_is_new_and_the_rest_is_kept(teacher, config):
    lines: list[str] = []
    start = StartConfig(from_=str(teacher.folder))
    network = build_network(config, start, seed=0, tell=lines.append)
    assert_same(network, teacher.network, part="encoder.")
    assert_same(network, build_network(config, seed=0), part="head.")
    assert lines == ["starting from teacher: frontend, encoder; the head is new"]


def test_only_the_parts_that_are_named_load(teacher):
    network = begun(teacher, parts=("encoder.layers.0", "head"))
    assert_same(network, teacher.network, part="encoder.layers.0.")
    assert_same(network, teacher.network, part="head.")
    assert_same(network, build_network(config_of(), seed=0), part="encoder.layers.1.")


def test_other_dropout_and_longer_excerpts_stand_in_the_way_of_nothing(teacher):
    assert_same(begun(teacher, config_of(n_samples=8192, dropout=0.1)), teacher.network)


def test_a_model_without_labels_gives_its_encoder_to_a_tagger(teacher, tmp_path):
    config = replace(teacher.config, labels=(), task="vectors")
    network = build_tagger(config.architecture, 0, **config.options)
    Model(config, network).save(tmp_path / "vectors")
    begun_with_vectors = build_network(config_of(), StartConfig(from_=str(tmp_path / "vectors")), seed=0)
    assert_same(begun_with_vectors, network, part="encoder.")


@pytest.mark.parametrize(
    ("config", "settings", "message", "hint"),
    [
        (
            config_of(architecture="fcn"),
            {},
            "is a short_chunk_resnet, and the recipe trains a fcn",
            "short_chunk_resnet",
        ),
        (config_of(sample_rate=16_000), {}, "sample_rate 8000 Hz, and the recipe has 16000 Hz", "= 8000"),
        (config_of(hop_length=128), {}, "hop_length 256, and the recipe has 128", "model.options.hop_length = 256"),
        (
            config_of(n_channels=8),
            {},
            "dense.linear.bias has shape (16,), wanted (32,)",
            "model.options.n_channels = 4",
        ),
        (config_of(), {"frozen": ("frontend", "encoder", "head")}, "nothing is left to learn", "the head"),
        (config_of(("a", "b")), {"frozen": ("head",)}, "does not load from", "stay at random"),
        (config_of(), {"parts": ("frontend",), "frozen": ("encoder",)}, "'encoder' is to stay as it is", "frozen"),
        (config_of(("low", "b")), {"parts": ("encoder", "head")}, "2 labels: it does not know 'b'", "will be new"),
        (config_of(LABELS[:2]), {"parts": ("head",)}, "has 4 of the task tags", "will be new"),
        (config_of(), {"parts": ("head.weight",)}, "half a head", "'head'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(teacher, config, settings, message, hint):
    with pytest.raises(ConfigError) as caught:
        begun(teacher, config, **settings)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("where", ["parts", "frozen"])
def test_an_unknown_part_is_named_with_the_nearest(teacher, where):
    with pytest.raises(UnknownNameError, match="no part of short_chunk_resnet called 'encoders'") as caught:
        begun(teacher, **{where: ("encoders",)})
    assert "did you mean 'encoder'" in caught.value.hint
    with pytest.raises(UnknownNameError, match="'heads'"):
        begun(teacher, rates={"heads": 10.0})


def test_an_unknown_model_is_named():
    with pytest.raises(UnknownNameError, match="musicnn-mta'"):
        build_network(config_of(), StartConfig(from_="musicnn-mta"), seed=0)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, "does not say 'model.start.from'"),
        ({"from": "x", "form": "y"}, "unknown setting 'model.start.form'"),
        ({"from": "x", "parts": []}, "no part of x would load"),
        ({"from": "x", "rates": {"encoder": 0}}, "the rate 0 of the part 'encoder' is not positive"),
        ({"from": "x", "rates": {"encoder": 0.1}, "frozen": ["encoder"]}, "is frozen and has a rate"),
        ({"from": 3}, "model.start.from = 3 is wrong"),
    ],
)
def test_mistakes_in_the_recipe_are_named(start, message):
    with pytest.raises(ConfigError, match=message):
        parse_recipe({"name": "x", "model": {"start": start}})


def test_a_recipe_with_a_start_can_be_written_and_read_again():
    start = {"from": "musicnn-mtat", "parts": ["encoder"], "rates": {"encoder.dense": 0.5}}
    recipe = parse_recipe({"name": "x", "model": {"architecture": "musicnn", "start": start}})
    assert recipe.to_json()["model"]["start"] == {**start, "frozen": []}
    assert parse_recipe(recipe.to_json()) == recipe


def test_parameters_come_in_groups_by_rate_without_those_that_stay():
    network = build_network(config_of(), seed=0)
    set_rates(network, {"encoder": 0.1, "encoder.layers.0": 0.0, "head": 10.0})
    groups = {group["rate"]: group["params"] for group in parameter_groups(network)}
    assert set(groups) == {0.1, 10.0}
    assert {id(p) for p in groups[10.0]} == {id(p) for p in network.head.parameters()}
    assert not any(p.requires_grad for p in network.encoder.layers[0].parameters())
    assert len(groups[0.1]) + len(groups[10.0]) == sum(p.requires_grad for p in network.parameters())


def test_parts_that_stay_are_in_evaluation_mode_also_in_copies_and_within_other_networks():
    network = build_network(config_of(), seed=0)
    set_rates(network, {"encoder": 0.0, "encoder.layers.1": 1.0})
    around = torch.nn.Sequential(copy.deepcopy(network), torch.nn.Linear(4, 2))
    learning_mode(around)
    inner = around[0]
    assert part_rates(around) == {"0.encoder": 0.0, "0.encoder.layers.1": 1.0}
    assert not any(module.training for module in inner.encoder.layers[0].modules())
    assert all(module.training for module in inner.encoder.layers[1].modules())
    assert inner.head.training
    assert around[1].training


@pytest.mark.parametrize("name", ["won2020", "won2021-transformer"])
def test_the_phases_of_a_protocol_keep_the_groups_and_their_rates(name):
    network = build_network(config_of(), seed=0)
    set_rates(network, {"encoder": 0.1})
    phases = PROTOCOLS[name].phases
    optimizer = build_optimizer(phases[0], parameter_groups(network))
    for phase in phases[1:]:
        if phase.optimizer == optimizer.__class__.__name__.lower():
            continue_optimizer(optimizer, phase)
        else:
            optimizer = build_optimizer(phase, parameter_groups(network))
        assert {group["weight_decay"] for group in optimizer.param_groups} == {phase.weight_decay}
    assert sorted(group["rate"] for group in optimizer.param_groups) == [0.1, 1.0]


def run_from(teacher: Model, table: dict, *, training: dict | None = None, **start):
    table["model"]["start"] = {"from": str(teacher.folder), **start}
    table["training"] |= training or {}
    return train(parse_recipe(table), quiet=True)


def test_a_frozen_encoder_ends_a_run_as_it_began_and_the_head_has_learned(teacher, table):
    run = run_from(teacher, table, frozen=["encoder"])
    assert_same(run.model.network, teacher.network, part="encoder.")
    assert not torch.equal(run.model.network.head.weight, teacher.network.head.weight)
    assert run.model.config.training["model"]["start"]["frozen"] == ["encoder"]
    assert "teacher" in run.model.config.source


def test_one_step_moves_each_part_as_far_as_its_rate_says(teacher, table):
    phase = {"epochs": 1, "optimizer": "sgd", "learning_rate": 1e-3, "schedule": "constant"}
    table["scheme"] = {"batch_size": 16}  # all 16 tracks: one step
    table["model"]["options"] |= {"dropout": 0.0}
    ran = run_from(teacher, table, training={"phases": [phase], "epochs": 1}, rates={"head": 10.0})
    table["output"] += "-plain"
    plain = run_from(teacher, table)
    before = teacher.network.state_dict()
    moved, moved_plain = (
        {name: tensor - before[name] for name, tensor in one.model.network.state_dict().items()} for one in (ran, plain)
    )
    assert torch.allclose(moved["head.weight"], 10 * moved_plain["head.weight"], rtol=1e-3, atol=1e-7)
    conv = next(name for name in moved if name.startswith("encoder.") and "conv" in name and name.endswith(".weight"))
    assert torch.equal(moved[conv], moved_plain[conv])
    assert ran.history.epochs[0].learning_rate == pytest.approx(1e-3)


@pytest.mark.slow
def test_a_run_killed_while_parts_are_frozen_ends_as_if_it_had_not_been(teacher, table, tmp_path, monkeypatch):
    phases = [{"epochs": 2}, {"epochs": 1, "optimizer": "sgd", "momentum": 0.9}]
    table["training"] |= {"phases": phases}
    table["model"]["start"] = {"from": str(teacher.folder), "frozen": ["encoder.layers.0"], "rates": {"encoder": 0.1}}
    recipe = parse_recipe(table)
    unharmed = train(replace(recipe, output=tmp_path / "unharmed"), quiet=True)
    step, steps = trainer_module._step, iter(range(3))  # two steps an epoch

    def step_until_killed(*arguments):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(trainer_module, "_step", step_until_killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, quiet=True)
    monkeypatch.undo()
    first, second = (load_file(run.bundle / "model.safetensors") for run in (unharmed, train(recipe, quiet=True)))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_was_learned_without_labels_begins_a_tagger_and_a_tagger_begins_what_learns_without(table, tmp_path):
    mild = {"probabilities": {"pitch_shift": 0.0, "reverb": 0.0, "filter": 0.0}}
    scheme = {"name": "contrastive", "batch_size": 8, "dimensions": 8}
    training = {"epochs": 1, "accelerator": "cpu"}
    table["training"] = training
    without = table | {"scheme": scheme, "augmentation": mild, "output": str(tmp_path / "without")}
    encoder = train(parse_recipe(without), quiet=True).model
    tagger = run_from(encoder_at(tmp_path / "without"), table, frozen=["encoder"]).model
    assert_same(tagger.network, encoder.network, part="encoder.")
    start = {"from": str(tmp_path / "run" / "model"), "frozen": ["encoder.layers"]}
    again = {**without, "model": table["model"] | {"start": start}, "output": str(tmp_path / "again")}
    assert_same(train(parse_recipe(again), quiet=True).model.network, tagger.network, part="encoder.layers.")


def encoder_at(folder) -> Model:
    return Model.load(folder / "model")


def test_a_start_that_does_not_fit_leaves_no_folder_behind(teacher, table):
    with pytest.raises(UnknownNameError):
        run_from(teacher, table, frozen=["encodr"])
    assert not parse_recipe(table).folder.exists()
