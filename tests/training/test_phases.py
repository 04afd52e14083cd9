"""Phases: what published protocols say, how they shrink, and what is carried from one to the next."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tutti.errors import ConfigError
from tutti.training.phases import PROTOCOLS, Phase, build_optimizer, continue_optimizer, scale_phases
from tutti.training.trainer import TrainingConfig

RATES = (1e-4, 1e-3, 1e-4, 1e-5)


# Won et al. 2020 and the authors' other repositories: training/main.py and training/solver.py of each.
@pytest.mark.parametrize(
    ("name", "epochs", "rates", "adam_decay", "monitor", "patience", "reloads"),
    [
        ("won2020", (80, 20, 20, 80), RATES, 1e-4, "excerpt_loss", None, True),
        ("won2019-attention", (60, 20, 20, 900), RATES, 0, "roc_auc_macro", None, False),
        ("won2020-harmonic", (60, 20, 20, 100), RATES, 1e-4, "excerpt_loss", None, False),
        ("won2021-thesis", (60, 20, 20, 100), RATES, 1e-4, "excerpt_loss", None, True),
        ("won2021-transformer", (200,), (1e-4,), 0, "excerpt_loss", 40, True),
        ("won2021-transformer-thesis", (200,), (1e-4,), 0, "excerpt_loss", 20, True),
        ("won2021-emotion", (200,), (1e-4,), 1e-4, "loss", None, True),
        ("won2021-emotion-metric", (100,), (1e-4,), 1e-4, "precision_at_5", None, True),
    ],
)
def test_protocols_say_what_was_published(name, epochs, rates, adam_decay, monitor, patience, reloads):
    protocol = PROTOCOLS[name]
    first, *rest = protocol.phases
    assert tuple(phase.epochs for phase in protocol.phases) == epochs
    assert tuple(phase.learning_rate for phase in protocol.phases) == rates
    assert (first.optimizer, first.weight_decay, first.momentum) == ("adam", adam_decay, 0)
    for phase in rest:
        assert (phase.optimizer, phase.weight_decay, phase.momentum, phase.nesterov) == ("sgd", 1e-4, 0.9, True)
        assert phase.from_best == reloads
    assert all(phase.schedule == "constant" for phase in protocol.phases)
    assert (protocol.monitor, protocol.patience) == (monitor, patience)


def test_no_protocol_is_untested():
    tested = test_protocols_say_what_was_published.pytestmark[0].args[1]
    assert {row[0] for row in tested} == set(PROTOCOLS)


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("epochs", [4, 5, 7, 10, 50, 200, 1000])
def test_scaled_phases_fill_the_epochs_and_none_is_left_out(name, epochs):
    scaled = scale_phases(PROTOCOLS[name].phases, epochs)
    assert sum(phase.epochs for phase in scaled) == epochs
    assert [replace(phase, epochs=1) for phase in scaled] == [replace(p, epochs=1) for p in PROTOCOLS[name].phases]


def test_a_protocol_in_a_tenth_of_its_epochs_has_phases_of_a_tenth():
    assert [phase.epochs for phase in scale_phases(PROTOCOLS["won2020"].phases, 20)] == [8, 2, 2, 8]
    assert scale_phases(PROTOCOLS["won2020"].phases, 200) == PROTOCOLS["won2020"].phases


def test_fewer_epochs_than_phases_are_refused():
    with pytest.raises(ConfigError, match="3 epochs cannot hold 4 phases"):
        TrainingConfig(protocol="won2020", epochs=3)


def test_sgd_keeps_its_momentum_when_its_rate_drops():
    weight = nn.Parameter(torch.zeros(1))
    first = Phase(epochs=1, optimizer="sgd", learning_rate=0.1, momentum=0.5)
    optimizer = build_optimizer(first, [weight])
    weight.grad = torch.ones(1)
    optimizer.step()  # momentum is 1 now
    continue_optimizer(optimizer, replace(first, learning_rate=0.01))
    weight.grad = torch.zeros(1)
    optimizer.step()  # momentum is 0.5, the rate a tenth
    assert weight.item() == pytest.approx(-0.1 - 0.01 * 0.5)


def test_settings_of_a_recipe_win_over_those_of_the_protocol():
    config = TrainingConfig(protocol="won2021-transformer", monitor="pr_auc_macro", patience=0, epochs=8)
    resolved = config.resolved()
    assert (resolved.monitor, resolved.patience, resolved.n_epochs) == ("pr_auc_macro", None, 8)
    phases = TrainingConfig(protocol="won2020-harmonic", reload_best=True).resolved().phases
    assert all(phase.from_best for phase in phases)


def test_without_protocol_or_phases_there_is_one_phase_of_the_optimiser_given():
    (phase,) = TrainingConfig(optimizer="sgd", learning_rate=0.5, epochs=7).resolved().phases
    assert (phase.optimizer, phase.learning_rate, phase.epochs, phase.schedule) == ("sgd", 0.5, 7, "cosine")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 0.9}, "adam takes no momentum"),
        ({"optimizer": "sgd", "nesterov": True}, "nesterov needs a momentum"),
        ({"optimizer": "sgd", "momentum": 1.0}, "momentum=1"),
        ({"learning_rate": 0.0}, "learning_rate=0 is not positive"),
        ({"epochs": 0}, "epochs=0 is not positive"),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Phase(**{"epochs": 1, **settings})
    assert caught.value.hint
