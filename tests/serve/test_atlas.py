from __future__ import annotations

import numpy as np
import pytest

from tutti.serve.atlas import draw_atlas, project


def groups(n_groups: int, n_each: int) -> np.ndarray:
    """Vectors in well separated groups, one group after the other."""
    generator = np.random.default_rng(0)
    centres = 10 * np.eye(n_groups, 16)
    return (np.repeat(centres, n_each, axis=0) + generator.normal(size=(n_groups * n_each, 16))).astype(np.float32)


def test_tracks_that_sound_alike_lie_together_and_share_a_colour(catalogue):
    atlas = draw_atlas(catalogue, "ear")
    distance = np.linalg.norm(atlas.points[:, None] - atlas.points[None], axis=-1)
    assert distance[0, 1] < 0.2 * distance[0, 2]
    assert atlas.colours == ("rock", "rock", "jazz", "jazz", "piano")
    assert atlas.legend == ["jazz", "rock", "piano"]
    assert [label for label, _ in atlas.tags[0]] == ["rock", "piano", "jazz"]


@pytest.mark.parametrize("n_tracks", [0, 1, 2, 3])
def test_a_few_tracks_lie_in_the_unit_square(n_tracks):
    points = project(groups(1, 5)[:n_tracks], seed=0)
    assert points.shape == (n_tracks, 2)
    assert ((points >= 0) & (points <= 1)).all()


@pytest.mark.slow  # UMAP compiles itself when it is first used
def test_umap_keeps_groups_together_and_one_seed_gives_one_map():
    vectors = groups(3, 20)
    points = project(vectors, seed=0)
    centres = points.reshape(3, 20, 2).mean(axis=1)
    nearest = np.linalg.norm(points[:, None] - centres[None], axis=-1).argmin(axis=1)
    assert nearest.tolist() == np.repeat(np.arange(3), 20).tolist()
    assert np.array_equal(points, project(vectors, seed=0))
