"""Splits: what is learned from knows nothing of new tracks, and new tracks get factors all the same."""

import numpy as np
import pytest

from tutti.errors import ConfigError
from tutti.listening import splits
from tutti.listening.factors import FactorConfig, factorise
from tutti.listening.plays import PlayCounts
from tutti.listening.splits import ranking_users, split_plays

CONFIG = FactorConfig(n_factors=3, alpha=10.0, regularisation=0.1)
TRACKS = {"train": [f"t{track:02}" for track in range(10)], "valid": ["v0", "v1"], "test": ["x0", "unheard"]}
LEARNED = [(f"u{user}", track, 1 + user % 3) for user in range(8) for track in TRACKS["train"][user % 4 :: 2]]
NEW = [("u0", "v0", 2), ("u1", "v1", 1), ("u5", "x0", 4), ("u2", "x0", 1), ("stranger", "unheard", 9)]


def plays_of(rows: list[tuple[str, str, int]]) -> PlayCounts:
    return PlayCounts.of_pairs(*(list(column) for column in zip(*rows, strict=True)))


def test_what_is_learned_does_not_depend_on_plays_of_new_tracks():
    alone, all_of_them = factorise(plays_of(LEARNED), CONFIG), split_plays(plays_of(LEARNED + NEW), TRACKS, CONFIG)
    assert all_of_them.learned.users == alone.users
    np.testing.assert_array_equal(all_of_them.learned.user_factors, alone.user_factors)
    np.testing.assert_array_equal(all_of_them.by_split["train"]["t03"], alone.of_tracks(["t03"])[0])


def test_new_tracks_are_folded_in_where_somebody_known_has_played_them():
    split = split_plays(plays_of(LEARNED + NEW), TRACKS, CONFIG)
    assert {name: sorted(found) for name, found in split.by_split.items() if name != "train"} == {
        "valid": ["v0", "v1"],
        "test": ["x0"],
    }
    exact = split.learned.of_users(["u2", "u5"]).astype(np.float64)  # with confidences of 10 and 40; the others' is 1
    everybody = split.learned.user_factors.astype(np.float64)
    left = everybody.T @ everybody + exact.T @ np.diag([9.0, 39.0]) @ exact + 0.1 * np.eye(3)
    expected = np.linalg.inv(left) @ exact.T @ [10.0, 40.0]
    np.testing.assert_allclose(split.by_split["test"]["x0"], expected, rtol=1e-4)


def test_a_split_that_nobody_has_played_is_refused():
    with pytest.raises(ConfigError):
        split_plays(plays_of(LEARNED + NEW), TRACKS | {"test": ["unheard"]}, CONFIG)


def test_users_who_rank_have_factors_and_have_played_one_of_the_tracks(monkeypatch):
    plays = plays_of(LEARNED + NEW)
    learned = split_plays(plays, TRACKS, CONFIG).learned
    assert ranking_users(learned, plays, ["x0", "unheard"], seed=0) == ("u2", "u5")
    monkeypatch.setattr(splits, "N_RANKING", 3)
    everybody = [ranking_users(learned, plays, TRACKS["train"], seed=seed) for seed in (0, 0, 1, 2, 3)]
    assert all(len(some) == 3 and list(some) == sorted(some) for some in everybody)
    assert everybody[0] == everybody[1]
    assert len(set(everybody)) > 1
