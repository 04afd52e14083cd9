"""The trainer alone, on a network of one weight that learns a number."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tutti.errors import ConfigError
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

    def batches(self, epoch):
        yield from [(torch.ones(2), torch.full((2,), 3.0))] * self.n_steps

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
