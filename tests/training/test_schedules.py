"""Schedules of the learning rate."""

import numpy as np
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from tutti.training.schedules import SCHEDULES, plateau


def test_a_plateau_lowers_the_rate_when_torch_would():
    rng = np.random.default_rng(0)
    losses = (1 / np.arange(1, 61).clip(max=9) + 0.05 * rng.random(60)).tolist()
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=1e-4)
    theirs = ReduceLROnPlateau(optimizer, factor=0.1, patience=3, min_lr=1e-6)
    for epoch, loss in enumerate(losses, start=1):
        optimizer.step()
        theirs.step(loss)
        np.testing.assert_allclose(1e-4 * plateau([-one for one in losses[:epoch]]), theirs.get_last_lr()[0])


def test_every_schedule_stays_between_nothing_and_the_configured_rate():
    for schedule in SCHEDULES.values():
        assert all(0 <= schedule(done) <= 1 for done in np.linspace(0, 1, 50))
