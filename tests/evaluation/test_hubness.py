"""Hubs: counted by hand, with ties, and in a space that leans to one item."""

import numpy as np
import pytest

from tutti.errors import ShapeError
from tutti.evaluation.hubness import hubness
from tutti.models.space_models import unit_rows


def test_hubs_by_hand():
    answering = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32)
    asking = np.array([[1, 0.1], [1, -0.1], [1, 0.2], [0.1, 1]], dtype=np.float32)
    found = hubness(asking, answering, depth=1)  # the items are first 3, 1, 0 and 0 times
    counts = np.array([3, 1, 0, 0])
    assert found.skewness == pytest.approx(((counts - 1) ** 3).mean() / counts.std() ** 3)
    assert (found.never_found, found.largest_hub) == (0.5, 0.75)


def test_of_items_that_tie_at_the_last_rank_each_counts_by_its_chance():
    alike = np.tile(np.float32([1, 0]), (5, 1))
    found = hubness(alike, alike, depth=2)
    assert np.isnan(found.skewness)
    assert found.never_found == 0
    assert found.largest_hub == pytest.approx(2 / 5)


def test_a_space_with_a_hub_is_skewed():
    rng = np.random.default_rng(0)
    asking, answering = (unit_rows(rng.standard_normal((400, 6))) for _ in range(2))
    evenly = hubness(asking, answering)
    skewed = hubness(unit_rows(asking + 1.5 * answering[0]), answering)  # everything that asks leans to one item
    assert skewed.largest_hub > 3 * evenly.largest_hub
    assert skewed.skewness > evenly.skewness


def test_points_that_cannot_be_compared_are_refused():
    with pytest.raises(ShapeError, match="points that ask have shape"):
        hubness(np.ones((2, 3), dtype=np.float32), np.ones((2, 2), dtype=np.float32))
    with pytest.raises(ShapeError, match="NaN or infinite"):
        hubness(np.full((2, 2), np.nan, dtype=np.float32), np.ones((2, 2), dtype=np.float32))
