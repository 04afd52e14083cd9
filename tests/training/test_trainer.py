"""The trainer alone, on a network of one weight that learns a number."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tutti.errors import ConfigError
from tutti.training.loading import Draw
from tutti.training.phases import Phase
from tutti.training.sampling import ExcerptBatch
from tutti.training.trainer import TrainingConfig, fit


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x * self.weight


class TowardsThree:
    """Training pulls the weight towards 3; validation has its own opinion."""

    n_steps = 4

    def __init__(self, valid_losses=None):
        self.valid_losses = valid_losses
        self.seen = []

    def draws(self, epoch):
        excerpts = ExcerptBatch(rows=np.arange(2), starts=np.zeros(2, dtype=np.int64))
        return [Draw(excerpts=excerpts, seed=(0, epoch, step)) for step in range(self.n_steps)]

    def load(self, draw):
        return torch.ones(len(draw.excerpts.rows)), torch.full((len(draw.excerpts.rows),), 3.0)

    def alter(self, batch, draw):
        return batch

    def loss(self, network, batch):
        return functional.mse_loss(network(batch[0]), batch[1])

    def validate(self, network):
        self.seen.append(network.weight.item())
        if self.valid_losses is None:
            return {"loss": (network.weight.item() - 3) ** 2}
        return {"loss": self.valid_losses[len(self.seen) - 1], "roc_auc_macro": 0.5}


def settings(**changes):
    return TrainingConfig(**{"learning_rate": 0.1, "accelerator": "cpu", "epochs": 6, **changes})


def test_training_lowers_the_loss(tmp_path):
    history = fit(Line(), TowardsThree(), settings(), folder=tmp_path, seed=0, quiet=True)
    losses = [epoch.train_loss for epoch in history.epochs]
    assert losses == sorted(losses, reverse=True)
    assert history.best.epoch == 6
    assert not history.stopped_early


def test_no_thread_and_no_open_log_is_left_behind(tmp_path):
    fit(Line(), TowardsThree(), settings(epochs=1), folder=tmp_path / "first", seed=0, quiet=True)
    n_threads = threading.active_count()
    fit(Line(), TowardsThree(), settings(epochs=1), folder=tmp_path / "second", seed=0, quiet=True)
    assert threading.active_count() == n_threads
    assert list((tmp_path / "second" / "tensorboard").iterdir())


def test_it_stops_when_patience_runs_out_and_keeps_the_best_weights(tmp_path):
    scheme, network = TowardsThree([5.0, 2.0, 3.0, 4.0, 0.0]), Line()
    history = fit(network, scheme, settings(patience=2), folder=tmp_path, seed=0, quiet=True)
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3, 4]
    assert history.best.epoch == 2
    assert history.stopped_early
    assert network.weight.item() == scheme.seen[1]


def test_the_first_of_equally_good_epochs_is_kept(tmp_path):
    config = settings(monitor="roc_auc_macro", epochs=3)
    history = fit(Line(), TowardsThree([3.0, 2.0, 1.0]), config, folder=tmp_path, seed=0, quiet=True)
    assert history.best.epoch == 1


def test_a_run_whose_patience_had_run_out_stays_stopped(tmp_path):
    config = settings(patience=1)
    fit(Line(), TowardsThree([1.0, 2.0]), config, folder=tmp_path, seed=0, quiet=True)
    history = fit(Line(), TowardsThree([0.0]), config, folder=tmp_path, seed=0, quiet=True)
    assert len(history.epochs) == 2


def test_averaged_weights_lag_behind_and_are_the_ones_that_are_kept(tmp_path):
    plain, averaged = Line(), Line()
    fit(plain, TowardsThree(), settings(), folder=tmp_path / "plain", seed=0, quiet=True)
    fit(averaged, TowardsThree(), settings(average_decay=0.9), folder=tmp_path / "average", seed=0, quiet=True)
    assert 0 < averaged.weight.item() < plain.weight.item() < 3


def test_a_score_that_the_scheme_does_not_give_cannot_be_monitored(tmp_path):
    config = settings(monitor="pr_auc_macro")
    with pytest.raises(ConfigError, match="does not give 'pr_auc_macro'"):
        fit(Line(), TowardsThree([1.0]), config, folder=tmp_path, seed=0, quiet=True)


def test_a_loss_that_is_no_number_ends_the_run_with_advice(tmp_path):
    scheme = TowardsThree()
    scheme.loss = lambda network, batch: network(batch[0]).sum() * float("nan")
    with pytest.raises(ConfigError, match="loss became nan") as caught:
        fit(Line(), scheme, settings(), folder=tmp_path, seed=0, quiet=True)
    assert "learning_rate" in caught.value.hint


class Remembering(TowardsThree):
    """Keeps the weight that each step begins with."""

    def __init__(self, valid_losses):
        super().__init__(valid_losses)
        self.begun_with = []

    def loss(self, network, batch):
        self.begun_with.append(network.weight.item())
        return super().loss(network, batch)


PHASES = (
    Phase(epochs=3, optimizer="adam", learning_rate=0.1),
    Phase(epochs=2, optimizer="sgd", learning_rate=0.01, momentum=0.9),
)


@pytest.mark.parametrize(("reload_best", "epoch"), [(None, 2), (True, 2), (False, 3)])
def test_a_phase_begins_with_the_best_weights_of_those_before_unless_told_otherwise(tmp_path, reload_best, epoch):
    scheme = Remembering([5.0, 2.0, 3.0, 4.0, 4.0])
    config = TrainingConfig(phases=PHASES, reload_best=reload_best, accelerator="cpu")
    fit(Line(), scheme, config, folder=tmp_path, seed=0, quiet=True)
    assert scheme.begun_with[3 * scheme.n_steps] == scheme.seen[epoch - 1]


def test_each_phase_has_its_own_optimiser_and_rate(tmp_path):
    scheme = Remembering([1.0] * 5)
    config = TrainingConfig(phases=PHASES, reload_best=False, accelerator="cpu")
    history = fit(Line(), scheme, config, folder=tmp_path, seed=0, quiet=True)
    assert [epoch.learning_rate for epoch in history.epochs] == [0.1, 0.1, 0.1, 0.01, 0.01]
    before, after = scheme.begun_with[12:14]
    # the first step of SGD is the plain gradient of (weight - 3)^2
    assert after == pytest.approx(before - 0.01 * 2 * (before - 3))


@pytest.mark.parametrize("n_done", range(1, 7))
def test_a_run_stopped_within_any_phase_goes_on_with_weights_and_momentum(tmp_path, n_done):
    config = TrainingConfig(phases=(*PHASES, replace(PHASES[1], learning_rate=0.001)), accelerator="cpu")
    losses = [5.0, 2.0, 3.0, 1.0, 4.0, 0.5, 0.7]
    whole, halted = Line(), Line()
    fit(whole, TowardsThree(losses), config, folder=tmp_path / "whole", seed=0, quiet=True)
    with pytest.raises(IndexError):  # validation dies
        fit(halted, TowardsThree(losses[:n_done]), config, folder=tmp_path / "halted", seed=0, quiet=True)
    again = Line()
    fit(again, TowardsThree(losses[n_done:]), config, folder=tmp_path / "halted", seed=0, quiet=True)
    assert again.weight.item() == whole.weight.item()


@pytest.mark.slow
def test_two_processes_give_the_weights_of_one(tmp_path):
    one, two = Line(), Line()
    fit(one, TowardsThree(), settings(), folder=tmp_path / "one", seed=0, quiet=True)
    history = fit(two, TowardsThree(), settings(devices=2), folder=tmp_path / "two", seed=0, quiet=True)
    assert two.weight.item() == pytest.approx(one.weight.item(), abs=1e-6)
    assert len(history.epochs) == 6


@pytest.mark.slow
def test_what_goes_wrong_in_another_process_is_told_as_if_it_had_gone_wrong_here(tmp_path):
    with pytest.raises(ConfigError, match="does not give 'pr_auc_macro'"):
        fit(Line(), TowardsThree(), settings(devices=2, monitor="pr_auc_macro"), folder=tmp_path, seed=0, quiet=True)
