"""Readouts: what outputs mean, and how far they are from the truth."""

from __future__ import annotations

import math

import pytest
import torch

from tutti.errors import UnknownNameError
from tutti.models.readouts import (
    ClassReadout,
    DirectionReadout,
    FactorReadout,
    TagReadout,
    ValueReadout,
    blank_readout,
)

FACTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])  # the third label never occurred


def test_the_cosine_loss_is_zero_for_equal_half_for_orthogonal_and_one_for_opposite_points() -> None:
    """Tartarus's loss, (1 - cosine) / 2."""
    readout, wanted = FactorReadout(FACTORS), torch.tensor([[1.0, 0.0, 0.0]])
    for output, expected in (([3.0, 0.0], 0.0), ([0.0, 5.0], 0.5), ([-0.1, 0.0], 1.0)):
        assert readout.loss(torch.tensor([output]), wanted).item() == pytest.approx(expected, abs=1e-6)


def test_the_factors_of_an_item_are_the_sum_of_its_labels() -> None:
    readout, both = FactorReadout(FACTORS), torch.tensor([[1.0, 1.0, 0.0]])
    assert readout.loss(torch.tensor([[1.0, 2.0]]), both).item() == pytest.approx(0.0, abs=1e-6)


def test_an_item_without_labels_has_no_part_in_the_cosine_loss() -> None:
    readout, outputs = FactorReadout(FACTORS), torch.tensor([[0.0, 5.0], [7.0, 7.0]])
    one_label, none = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]
    assert readout.loss(outputs, torch.tensor([one_label, none])).item() == pytest.approx(0.5, abs=1e-6)
    assert readout.loss(outputs, torch.tensor([none, none])).item() == 0.0


def test_a_label_is_scored_by_the_cosine_to_its_factors() -> None:
    predictions = FactorReadout(FACTORS).predictions(torch.tensor([[1.0, 1.0]]))
    like = (1 + math.cos(math.pi / 4)) / 2
    torch.testing.assert_close(predictions, torch.tensor([[like, like, 0.5]]))


def test_the_authors_sigmoid_keeps_every_coordinate_positive() -> None:
    readout = FactorReadout(FACTORS, activation="sigmoid")
    predictions = readout.predictions(torch.tensor([[-20.0, 0.0]]))
    torch.testing.assert_close(predictions, torch.tensor([[0.5, 1.0, 0.5]]))


def test_tags_and_classes_lose_what_the_cross_entropy_says() -> None:
    logits = torch.tensor([[0.0, 0.0]])
    assert TagReadout(2).loss(logits, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(math.log(2))
    assert ClassReadout(2).loss(logits, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(math.log(2))


def test_values_are_learned_standardised_and_read_in_their_own_units() -> None:
    readout = ValueReadout(torch.tensor([10.0]), torch.tensor([4.0]))
    assert readout.predictions(torch.tensor([[0.5]])).item() == 12.0
    assert readout.loss(torch.tensor([[0.5]]), torch.tensor([[14.0]])).item() == 0.25


def test_an_unknown_value_has_no_part_in_the_loss() -> None:
    readout = ValueReadout(torch.zeros(2), torch.ones(2))
    wanted = torch.tensor([[1.0, math.nan]])
    assert readout.loss(torch.tensor([[0.0, 9.0]]), wanted).item() == 1.0


@pytest.mark.parametrize("target", ["tags", "classes", "label-factors", "values"])
def test_combining_one_modality_with_all_weight_gives_what_it_said(target: str) -> None:
    readout = blank_readout(target, 3, 2 if target == "label-factors" else 3)
    if isinstance(readout, FactorReadout):
        readout.factors.copy_(FACTORS)
    outputs = torch.randn(4, 2, readout.n_outputs, generator=torch.Generator().manual_seed(0))
    combined = readout.combine(outputs, torch.tensor([[[1.0], [0.0]]]).expand(4, -1, -1))
    expected = readout.predictions(outputs[:, 0])
    torch.testing.assert_close(readout.predictions(combined), expected, atol=1e-5, rtol=1e-5)


def test_a_target_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="target called 'tag'"):
        blank_readout("tag", 3, 3)


def test_directions_are_learned_by_their_cosine_and_unknown_ones_left_out() -> None:
    readout, unknown = DirectionReadout(2), [math.nan, math.nan]
    outputs = torch.tensor([[2.0, 0.0], [5.0, 5.0]])
    assert readout.loss(outputs, torch.tensor([[0.0, 3.0], unknown])).item() == pytest.approx(0.5)
    assert readout.loss(outputs, torch.tensor([unknown, unknown])).item() == 0.0
    torch.testing.assert_close(readout.predictions(outputs[:1]), torch.tensor([[1.0, 0.0]]))


def test_directions_are_averaged_whatever_their_lengths() -> None:
    outputs = torch.tensor([[[4.0, 0.0], [0.0, 1.0]]])
    mean = DirectionReadout(2).combine(outputs, torch.tensor([[[0.5], [0.5]]]))
    torch.testing.assert_close(mean, torch.tensor([[0.5, 0.5]]))
