"""Aggregate diversity counted on one's fingers, and its interval against draws of other items."""

import numpy as np
import pytest

from tutti.errors import ShapeError
from tutti.evaluation.diversity import DEPTHS, adiv_at_k, adiv_interval

N_LABELS = 60


def drawn(seed: int, n_items: int = 80) -> np.ndarray:
    """Scores of items of one population, in which some labels are common and most are rare."""
    rng = np.random.default_rng(seed)
    return rng.gumbel(size=(n_items, N_LABELS)) - 1.3 * np.log(np.arange(1, N_LABELS + 1))


def test_labels_are_counted_once_however_many_items_have_them():
    scores = np.array([[3, 2, 1, 0, 0], [3, 1, 2, 0, 0], [9, 8, 7, 0, 0]])
    assert adiv_at_k(scores, k=1) == 1 / 5
    assert adiv_at_k(scores, k=2) == 3 / 5


def test_ties_go_to_the_first_label():
    assert adiv_at_k(np.zeros((7, 4)), k=3) == 3 / 4


@pytest.mark.parametrize("seed", range(5))
def test_it_never_falls_with_depth(seed):
    values = [adiv_at_k(drawn(seed), k=k) for k in (*DEPTHS, N_LABELS)]
    assert values == sorted(values)
    assert values[-1] == 1


def test_the_order_of_items_and_a_monotone_scale_play_no_part():
    scores = drawn(0)
    assert adiv_at_k(scores[::-1], k=3) == adiv_at_k(np.exp(scores), k=3) == adiv_at_k(scores, k=3)


@pytest.mark.parametrize("k", DEPTHS)
def test_the_interval_holds_the_value_and_stays_in_range(k):
    low, high = adiv_interval(drawn(0), k=k)
    assert k / N_LABELS <= low <= adiv_at_k(drawn(0), k=k) <= high <= 1


@pytest.mark.parametrize("k", [1, 3])
def test_most_other_draws_of_items_lie_in_the_interval(k):
    values = np.array([adiv_at_k(drawn(seed), k=k) for seed in range(300)])
    shares = [np.mean((values >= low) & (values <= high)) for low, high in (interval(seed, k) for seed in range(40))]
    # two draws differ by the deviation of one times the root of two: 95 % intervals hold about 0.83 of others
    assert 0.75 < np.mean(shares) < 0.97


def interval(seed: int, k: int) -> tuple[float, float]:
    low, high = adiv_interval(drawn(seed), k=k)
    tiny = 1e-9
    return low - tiny, high + tiny


def test_where_no_label_hangs_on_one_item_there_is_nothing_to_doubt():
    scores = np.repeat(np.eye(4), 3, axis=0)
    assert adiv_interval(scores, k=1) == (1.0, 1.0)
    assert adiv_interval(np.tile([3, 2, 1], (5, 1)), k=1) == (1 / 3, 1 / 3)


def test_wider_levels_are_wider():
    narrow, wide = (adiv_interval(drawn(0), k=1, level=level) for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize(("scores", "k"), [(np.ones((2, 3)), 4), (np.ones((2, 3)), 0), (np.full((2, 3), np.nan), 1)])
def test_what_makes_no_sense_is_refused(scores, k):
    with pytest.raises(ShapeError):
        adiv_at_k(scores, k=k)
