from __future__ import annotations

import pytest
import torch
from torch import nn

from tutti.explain.geometry import Axis, follow


def grid_of(network: nn.Module, features: torch.Tensor):
    return follow(network, features, {"last": network})["last"][1]


def test_a_pool_of_two_has_its_first_cell_between_the_first_two():
    grid = grid_of(nn.MaxPool2d(2), torch.zeros(1, 1, 8, 8))
    assert grid.bands == grid.frames == Axis(0.5, 2.0)


def test_a_stride_of_two_with_padding_stays_on_the_even_cells():
    grid = grid_of(nn.Conv2d(1, 1, 3, stride=2, padding=1), torch.zeros(1, 1, 8, 8))
    assert grid.frames == Axis(0.0, 2.0)


def test_a_tall_kernel_without_padding_begins_half_its_height_up():
    grid = grid_of(nn.Conv2d(1, 1, (67, 7), padding=(0, 3)), torch.zeros(1, 1, 96, 20))
    assert grid.bands == Axis(33.0, 1.0)
    assert grid.frames == Axis(0.0, 1.0)


def test_pools_after_each_other_multiply():
    network = nn.Sequential(nn.MaxPool1d(3), nn.ReLU(), nn.Conv1d(1, 1, 3, stride=3, padding=1), nn.MaxPool1d(2))
    grid = grid_of(network, torch.zeros(1, 1, 60))
    assert grid.frames == Axis(5.5, 18.0)


@pytest.mark.parametrize("place", [0, 7, 30])
def test_a_click_is_loudest_in_the_cell_nearest_to_it(place):
    network = nn.Sequential(nn.Conv1d(1, 1, 5, stride=2, padding=2, bias=False), nn.AvgPool1d(2, stride=2, padding=0))
    nn.init.ones_(network[0].weight)
    click = torch.zeros(1, 1, 40)
    click[0, 0, place] = 1
    cells, grid = follow(network, click, {"last": network})["last"]
    middles = grid.frames.first + grid.frames.jump * torch.arange(cells.shape[-1])
    assert int(cells.argmax()) == int((middles - place).abs().argmin())
