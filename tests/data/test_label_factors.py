"""Label factors against what one works out by hand, and properties of the decomposition."""

import numpy as np
import pytest

from tutti.data.label_factors import label_factors, positive_information
from tutti.errors import ConfigError, ShapeError

JAZZ_SWING = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=np.bool_)


@pytest.fixture
def targets() -> np.ndarray:
    return np.random.default_rng(0).random((60, 12)) < 0.25


def test_information_of_labels_worked_by_hand():
    # P(0) = 3/4, P(1) = 1/2, P(2) = 1/4, P(0, 1) = 1/2
    expected = [
        [np.log(4 / 3), np.log((1 / 2) / (3 / 8)), 0],
        [np.log((1 / 2) / (3 / 8)), np.log(2), 0],
        [0, 0, np.log(4)],
    ]
    assert np.allclose(positive_information(JAZZ_SWING), expected)


def test_independent_labels_have_no_information():
    independent = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.bool_)
    information = positive_information(independent)
    assert information[0, 1] == 0
    assert np.allclose(information.diagonal(), -np.log(0.5))


def test_a_label_on_every_item_tells_nothing_and_one_on_none_neither():
    targets = np.array([[1, 0, 1], [1, 0, 0]], dtype=np.bool_)
    assert not positive_information(targets)[0].any()
    assert not positive_information(targets)[1].any()


def test_all_dimensions_give_back_the_information_where_it_has_no_negative_direction():
    factors = label_factors(JAZZ_SWING, n_dims=3).labels
    assert np.allclose(factors @ factors.T, positive_information(JAZZ_SWING), atol=1e-6)


def test_lengths_of_dimensions_are_the_roots_of_the_singular_values(targets):
    strengths = np.linalg.svd(positive_information(targets), compute_uv=False)[:5]
    found = label_factors(targets, n_dims=5)
    assert np.allclose(np.linalg.norm(found.labels, axis=0) ** 2, strengths, rtol=1e-5)


def test_the_largest_entry_of_each_dimension_is_positive(targets):
    factors = label_factors(targets, n_dims=6).labels
    assert (factors.max(axis=0) >= -factors.min(axis=0)).all()


def test_an_item_lies_at_the_sum_of_its_labels(targets):
    found = label_factors(targets, n_dims=4)
    assert np.allclose(found.items(targets)[7], found.labels[targets[7]].sum(axis=0), atol=1e-6)


def test_the_order_of_the_items_plays_no_part(targets):
    turned = label_factors(targets[::-1], n_dims=6)
    assert np.array_equal(turned.labels, label_factors(targets, n_dims=6).labels)


def test_labels_that_never_occur_have_no_direction_and_are_named(targets):
    targets[:, [2, 9]] = False
    found = label_factors(targets, n_dims=12)
    assert found.never == (2, 9)
    assert not found.labels[[2, 9]].any()
    assert found.labels[found.occurs].any(axis=1).all()


def test_there_are_no_more_dimensions_than_labels(targets):
    assert label_factors(targets).n_dims == 12


def test_labels_that_go_together_point_the_same_way():
    factors = label_factors(np.repeat(JAZZ_SWING, 5, axis=0), n_dims=2).labels
    cosine = factors @ factors.T / np.outer(*[np.linalg.norm(factors, axis=1)] * 2).clip(1e-9)
    assert cosine[0, 1] > 0.8 > abs(cosine[0, 2]) + 0.7


@pytest.mark.parametrize("wrong", [np.ones((3, 2)), np.ones(3, dtype=np.bool_), np.zeros((0, 4), dtype=np.bool_)])
def test_what_is_no_matrix_of_bools_is_refused(wrong):
    with pytest.raises(ShapeError):
        label_factors(wrong)


def test_no_label_at_all_is_refused():
    with pytest.raises(ConfigError, match="no label occurs"):
        label_factors(np.zeros((4, 3), dtype=np.bool_))


def test_items_with_other_labels_are_refused(targets):
    with pytest.raises(ShapeError, match="3 labels"):
        label_factors(targets, n_dims=4).items(np.ones((2, 3), dtype=np.bool_))
