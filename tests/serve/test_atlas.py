from __future__ import annotations

import sys

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
    points, _ = project(groups(1, 5)[:n_tracks], seed=0)
    assert points.shape == (n_tracks, 2)
    assert ((points >= 0) & (points <= 1)).all()


@pytest.mark.slow  # UMAP compiles itself when it is first used
def test_umap_keeps_groups_together_and_one_seed_gives_one_map():
    vectors = groups(3, 20)
    points, projection = project(vectors, seed=0)
    assert projection == "UMAP"
    centres = points.reshape(3, 20, 2).mean(axis=1)
    nearest = np.linalg.norm(points[:, None] - centres[None], axis=-1).argmin(axis=1)
    assert nearest.tolist() == np.repeat(np.arange(3), 20).tolist()
    assert np.array_equal(points, project(vectors, seed=0)[0])


def test_without_umap_the_map_lies_on_principal_components_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    line = np.outer(np.linspace(0, 1, 20), np.arange(16)).astype(np.float32)
    points, projection = project(line, seed=0)
    assert projection == "principal components"
    steps = np.diff(points[:, 0])
    assert np.allclose(np.abs(steps), 1 / 19, atol=1e-4)
