"""Codebooks, counts and topics against cases worked by hand and scikit-learn's own answers."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.data.artist_terms import count_terms, infer_topics, learn_terms, learn_topics
from tutti.errors import ConfigError

pytest.importorskip("sklearn")
CORNERS = np.array([[0, 0], [9, 0], [0, 9]], dtype=np.float32)


def noisy_tracks(n_tracks: int, n_frames: int = 20) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [
        (CORNERS[rng.integers(3, size=n_frames)] + rng.normal(0, 0.1, (n_frames, 2))).astype(np.float32)
        for _ in range(n_tracks)
    ]


def test_three_clumps_of_frames_become_three_terms_however_few_are_held_at_once():
    found = learn_terms(iter(noisy_tracks(40)), n_terms=3, n_at_once=2, seed=0)
    distances = np.linalg.norm(found[:, None] - CORNERS, axis=2)
    assert (distances.min(axis=0) < 0.3).all()


def test_the_same_seed_gives_the_same_terms():
    first, again = (learn_terms(noisy_tracks(9), n_terms=5, n_at_once=3, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_the_first_step_takes_as_many_tracks_as_it_needs():
    assert len(learn_terms(noisy_tracks(5, n_frames=4), n_terms=16, n_at_once=1, seed=0)) == 16


def test_more_terms_than_frames_are_refused_with_both_numbers():
    with pytest.raises(ConfigError, match="2048 terms cannot be learned from 60 frames") as caught:
        learn_terms(noisy_tracks(3), n_terms=2048, n_at_once=256, seed=0)
    assert "n_terms to 15" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="from 0 frames"):
        learn_terms([], n_terms=2, n_at_once=256, seed=0)


def test_each_frame_counts_for_its_nearest_term():
    frames = np.array([[1, 1], [8, 1], [7, 0], [1, 8], [0, 0]], dtype=np.float32)
    np.testing.assert_array_equal(count_terms(frames, CORNERS), [2, 2, 1])


def test_artists_of_two_kinds_are_of_two_topics_and_rows_sum_to_one():
    bags = np.array([[9.0, 8, 0, 0], [7, 9, 0, 0], [0, 0, 9, 8], [0, 0, 8, 8]])
    shares = infer_topics(bags, learn_topics(bags, n_topics=2, seed=0), seed=0)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert shares[:2].argmax(1).tolist() != shares[2:].argmax(1).tolist()
    assert (shares.max(axis=1) > 0.9).all()


def test_topics_that_were_kept_infer_as_scikit_learn_does():
    decomposition = pytest.importorskip("sklearn.decomposition")
    bags = np.random.default_rng(0).integers(0, 9, (12, 6)).astype(float)
    model = decomposition.LatentDirichletAllocation(n_components=3, random_state=0)
    wanted = model.fit_transform(bags)
    np.testing.assert_allclose(infer_topics(bags, model.components_, seed=0), wanted, atol=1e-5)
