"""Excerpts of an epoch: every track, reproducible, different each time."""

import numpy as np
import pytest

from tutti.training.sampling import n_batches, random_starts, shuffled_batches
from tutti.training.schedules import SCHEDULES

LENGTHS = np.array([100, 50, 10, 5], dtype=np.int64)


def test_excerpts_lie_within_their_tracks_and_short_tracks_begin_at_their_beginning():
    starts = np.stack([random_starts(LENGTHS, 10, seed=0, epoch=epoch) for epoch in range(300)])
    assert (starts + 10 <= np.maximum(LENGTHS, 10)).all()
    assert (starts[:, 2:] == 0).all()
    np.testing.assert_array_equal(np.unique(starts[:, 1]), np.arange(41))  # every place is reached, the last too


def test_what_is_drawn_for_a_track_depends_on_seed_and_epoch_but_not_on_its_company():
    starts = random_starts(LENGTHS, 10, seed=0, epoch=3)
    np.testing.assert_array_equal(starts[:2], random_starts(LENGTHS[:2], 10, seed=0, epoch=3))
    assert not np.array_equal(starts, random_starts(LENGTHS, 10, seed=0, epoch=4))
    assert not np.array_equal(starts, random_starts(LENGTHS, 10, seed=1, epoch=3))


@pytest.mark.parametrize("batch_size", [1, 3, 4, 7, 100])
def test_an_epoch_has_every_excerpt_once_in_batches_of_nearly_one_size(batch_size):
    starts = np.arange(14).reshape(2, 7)
    batches = list(shuffled_batches(starts, batch_size, seed=0, epoch=0))
    sizes = [len(batch.rows) for batch in batches]
    assert len(batches) == n_batches(14, batch_size)
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    found = [(row, start) for batch in batches for row, start in zip(*batch, strict=True)]
    assert sorted(found) == sorted((place % 7, place) for place in range(14))


def test_the_order_changes_with_the_epoch():
    starts = np.zeros((1, 20), dtype=np.int64)
    first, second = (next(shuffled_batches(starts, 20, seed=0, epoch=epoch)).rows for epoch in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_stays_between_nothing_and_the_configured_rate_which_it_reaches(name):
    factors = [SCHEDULES[name](done) for done in np.linspace(0, 1, 201)]
    assert min(factors) >= 0
    assert max(factors) == pytest.approx(1)
    assert max(abs(np.diff(factors))) < 0.12  # no jumps but the warmup's slope
