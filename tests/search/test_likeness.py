"""Likeness of sounds."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.search.likeness import Likeness, Soundspace

RANDOM = np.random.default_rng(0)
# Two families around two centres, far from the origin as the outputs of a ReLU are.
CENTRES = RANDOM.random((2, 16))
VECTORS = (5 + np.repeat(CENTRES, 20, axis=0) + 0.1 * RANDOM.standard_normal((40, 16))).astype(np.float32)


def test_a_track_is_most_like_itself() -> None:
    likeness = Likeness(VECTORS)
    similarity = likeness.to(VECTORS[3])
    assert similarity.argmax() == 3
    assert similarity[3] == pytest.approx(1, abs=1e-4)


def test_centring_spreads_what_the_plain_cosine_leaves_alike() -> None:
    similarity = Likeness(VECTORS).to(VECTORS[0])
    assert similarity[1:20].mean() > 0.3
    assert similarity[20:].mean() < -0.3


def test_pairs_are_as_alike_as_each_to_the_other() -> None:
    likeness = Likeness(VECTORS)
    first, second = np.array([0, 5, 30]), np.array([7, 25, 31])
    one_by_one = [likeness.to(VECTORS[a])[b] for a, b in zip(first, second, strict=True)]
    assert likeness.of_pairs(first, second) == pytest.approx(one_by_one, abs=1e-4)


def test_the_score_is_the_share_of_pairs_that_are_less_alike() -> None:
    space = Soundspace({"m": VECTORS})
    scores = space.percentile(space.similarity({"m": VECTORS[0]}))
    assert scores[1:20].min() > scores[20:].max()
    assert scores[0] == pytest.approx(1)
    # Half of all pairs are of one family.
    assert 0.5 < np.median(scores[1:20]) < 1


def test_models_are_averaged_and_those_without_a_vector_left_out() -> None:
    space = Soundspace({"a": VECTORS, "b": VECTORS[::-1].copy()})
    both = space.similarity({"a": VECTORS[0], "b": VECTORS[0]})
    only = space.similarity({"a": VECTORS[0]})
    assert only.argmax() == 0
    assert both[0] == pytest.approx(both[-1], abs=1e-4)


@pytest.mark.parametrize("n_tracks", [1, 2])
def test_a_catalogue_of_one_or_two_tracks_still_compares(n_tracks: int) -> None:
    space = Soundspace({"m": VECTORS[:n_tracks]})
    similarity = space.similarity({"m": VECTORS[0]})
    assert np.isfinite(similarity).all()
    assert similarity.argmax() == 0
    assert 0 <= space.percentile(similarity).min() <= space.percentile(similarity).max() <= 1


def test_tracks_without_a_vector_are_unlike_everything() -> None:
    vectors = VECTORS.copy()
    vectors[4] = np.nan
    space = Soundspace({"m": vectors})
    similarity = space.similarity({"m": VECTORS[0]})
    assert np.isnan(similarity[4])
    assert space.percentile(similarity)[4] == 0
