import math

import pytest
import torch

from tutti.errors import ConfigError, ShapeError, UnknownNameError
from tutti.training.triplets import (
    NegativeSampling,
    in_batch_triplet_loss,
    negative_weights,
    sample_negatives,
    triplet_loss,
    without_label,
)

KINDS = ("uniform", "weighted", "semi_hard", "distance_weighted")
EAST, NORTH, WEST = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[-1.0, 0.0]])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def chosen(similarity: list[float], *, mask: list[bool] | None = None, kind: str = "uniform", positive: float = 0.5):
    rows = torch.tensor([similarity]).repeat(4000, 1)
    candidates = torch.ones_like(rows, dtype=torch.bool) if mask is None else torch.tensor([mask]).repeat(4000, 1)
    found = sample_negatives(
        rows,
        candidates,
        NegativeSampling(kind=kind),
        positive=torch.full((4000,), positive),
        n_dimensions=8,
        generator=generator(),
    )
    return torch.bincount(found.columns, minlength=len(similarity)) / 4000


def test_the_loss_is_a_hinge_on_the_difference_of_cosines():
    assert triplet_loss(EAST, 3 * EAST, WEST, 0.4).item() == 0
    assert triplet_loss(EAST, NORTH, NORTH, 0.4).item() == pytest.approx(0.4)
    assert triplet_loss(EAST, WEST, 2 * EAST, 0.4).item() == pytest.approx(2.4)


def test_a_triplet_that_does_not_exist_changes_nothing():
    anchors, positives = torch.cat([EAST, EAST]), torch.cat([NORTH, WEST])
    negatives = torch.cat([NORTH, EAST])
    loss = triplet_loss(anchors, positives, negatives, 0.4, exists=torch.tensor([True, False]))
    assert loss.item() == pytest.approx(0.4)
    assert triplet_loss(anchors, positives, negatives, 0.4, exists=torch.tensor([False, False])).item() == 0


def test_weights_are_zero_of_a_masked_candidate_and_of_an_opposite_vector_and_one_of_an_equal_one():
    weights = negative_weights(
        torch.tensor([[0.9, -1.0, 1.0, 0.0]]),
        torch.tensor([[False, True, True, True]]),
        NegativeSampling(kind="weighted"),
        positive=torch.tensor([0.5]),
        n_dimensions=8,
    )
    assert weights.tolist() == [[0.0, 0.0, 1.0, 0.5]]


def test_negatives_are_drawn_as_often_as_their_weights_say():
    assert chosen([1.0, 0.0, -1.0], kind="weighted").tolist() == pytest.approx([2 / 3, 1 / 3, 0.0], abs=0.03)
    assert chosen([1.0, 0.0, -1.0]).tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3], abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_a_candidate_with_the_anchors_label_is_never_chosen(kind):
    shares = chosen([0.45, 0.44, 0.43], mask=[True, False, True], kind=kind)
    assert shares[1] == 0
    assert shares.sum() == 1


def test_semi_hard_negatives_are_behind_the_positive_by_less_than_the_margin():
    shares = chosen([0.6, 0.4, 0.2, 0.05], kind="semi_hard", positive=0.5)
    assert shares.tolist() == pytest.approx([0.0, 0.5, 0.5, 0.0], abs=0.03)


@pytest.mark.parametrize("kind", ["semi_hard", "distance_weighted"])
def test_where_no_candidate_has_a_weight_any_is_taken(kind):
    assert chosen([-0.9, -0.8], kind=kind, positive=0.9).tolist() == pytest.approx([0.5, 0.5], abs=0.03)


def test_distance_weights_are_the_inverse_of_the_density_on_the_sphere():
    similarity, n = torch.tensor([[0.5, 0.2]]), 8
    weights = negative_weights(
        similarity,
        torch.ones(1, 2, dtype=torch.bool),
        NegativeSampling(kind="distance_weighted"),
        positive=torch.tensor([0.9]),
        n_dimensions=n,
    )

    def density(cosine: float) -> float:
        distance = math.sqrt(2 - 2 * cosine)
        return distance ** (n - 2) * (1 - distance**2 / 4) ** ((n - 3) / 2)

    assert (weights[0, 1] / weights[0, 0]).item() == pytest.approx(density(0.5) / density(0.2), rel=1e-4)


def test_distance_weighted_draws_of_random_points_spread_over_all_distances():
    """What the weights are for: uniform draws in 64 dimensions lie around the square root of 2, these do not."""
    points = torch.nn.functional.normalize(torch.randn(3000, 64, generator=generator()), dim=1)
    similarity = points[:1] @ points[1:].T
    distances = (2 - 2 * similarity).sqrt()
    weights = negative_weights(
        similarity,
        torch.ones_like(similarity, dtype=torch.bool),
        NegativeSampling(kind="distance_weighted"),
        positive=torch.zeros(1),
        n_dimensions=64,
    )
    drawn = torch.multinomial(weights[0], 2000, replacement=True, generator=generator())
    assert distances[0, drawn].std() > 1.2 * distances[0, distances[0] < 1.4].std()


def test_near_distances_are_clipped_and_far_ones_left_out():
    weights = negative_weights(
        torch.tensor([[0.999, 0.95, 0.9, -0.5]]),
        torch.ones(1, 4, dtype=torch.bool),
        NegativeSampling(kind="distance_weighted"),
        positive=torch.tensor([0.9]),
        n_dimensions=256,
    )
    assert weights.tolist() == [[1.0, 1.0, 1.0, 0.0]]


def test_an_anchor_whose_label_every_song_carries_is_left_out_and_counted():
    songs = torch.cat([EAST, NORTH, WEST])
    candidates = torch.tensor([[False, False, False], [True, False, False], [False, False, False]])
    found = in_batch_triplet_loss(songs, songs, candidates, NegativeSampling(), generator=generator())
    assert found.n_left_out == 2
    assert found.loss.item() == pytest.approx(0.0)  # the one that counts: cosines 1 and 0
    nobody = in_batch_triplet_loss(songs, songs, torch.zeros(3, 3, dtype=torch.bool), NegativeSampling())
    assert (nobody.loss.item(), nobody.n_left_out) == (0.0, 3)


def test_songs_without_an_anchors_labels_may_be_its_negatives():
    anchors = torch.tensor([[True, False], [True, True]])
    songs = torch.tensor([[True, False], [False, True], [False, False]])
    assert without_label(anchors, songs).tolist() == [[False, True, True], [False, False, True]]


def test_the_same_generator_draws_the_same_negatives():
    points = torch.randn(16, 4, generator=generator())
    mask = ~torch.eye(16, dtype=torch.bool)
    first, second = (
        in_batch_triplet_loss(points, points, mask, NegativeSampling(kind="weighted"), generator=generator()).loss
        for _ in range(2)
    )
    assert first == second


def test_gradients_flow_to_anchor_positive_and_negative():
    points = torch.randn(6, 4, generator=generator(), requires_grad=True)
    songs = (-points.detach()).requires_grad_()
    in_batch_triplet_loss(points, songs, ~torch.eye(6, dtype=torch.bool), NegativeSampling()).loss.backward()
    assert points.grad is not None
    assert songs.grad is not None
    assert songs.grad.abs().sum() > 0


def test_unfit_settings_and_shapes_are_told():
    with pytest.raises(UnknownNameError, match="hard"):
        NegativeSampling(kind="hard")
    with pytest.raises(ConfigError, match="cutoff"):
        NegativeSampling(cutoff=1.5)
    with pytest.raises(ConfigError, match="margin"):
        NegativeSampling(margin=3)
    with pytest.raises(ShapeError, match="do not fit"):
        sample_negatives(
            torch.zeros(2, 3), torch.zeros(2, 2), NegativeSampling(), positive=torch.zeros(2), n_dimensions=3
        )
