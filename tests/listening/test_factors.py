"""Factors: they find tastes, are the same again, survive the disk, and give new tracks a place."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.listening.factors import FactorConfig, Factors, factorise
from tutti.listening.plays import PlayCounts

SMALL = FactorConfig(n_factors=4, alpha=10.0, regularisation=0.1)


@pytest.fixture(scope="module")
def plays() -> PlayCounts:
    """Twenty users of two tastes; tracks a00 … are for the one, b00 … for the other."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user:02}", f"{'ab'[user % 2]}{track:02}", int(rng.integers(1, 5)))
        for user in range(20)
        for track in rng.permutation(15)[:8]
    ]
    return PlayCounts.of_pairs(*(list(column) for column in zip(*rows, strict=True)))


@pytest.mark.parametrize("method", ["als", "bpr"])
def test_users_are_nearer_to_tracks_of_their_taste_that_they_have_not_played(plays, method):
    factors = factorise(plays, replace(SMALL, method=method, iterations=60, learning_rate=0.05))
    likes = factors.user_factors @ factors.track_factors.T
    is_a = np.array([track_id[0] == "a" for track_id in plays.track_ids])
    unplayed = ~plays.played(plays.users, plays.track_ids)
    for row, user in enumerate(plays.users):
        own = is_a if int(user[1:]) % 2 == 0 else ~is_a
        assert likes[row, own & unplayed[row]].mean() > likes[row, ~own].mean()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(plays):
    first, again, other = (factorise(plays, replace(SMALL, seed=seed)) for seed in (0, 0, 1))
    assert np.array_equal(first.track_factors, again.track_factors)
    assert np.array_equal(first.user_factors, again.user_factors)
    assert not np.array_equal(first.track_factors, other.track_factors)


def test_a_known_track_folded_in_is_what_the_librarys_own_step_gives(plays):
    implicit = pytest.importorskip("implicit.cpu.als")
    factors = factorise(plays, SMALL)
    library = implicit.AlternatingLeastSquares(
        factors=4, alpha=SMALL.alpha, regularization=SMALL.regularisation, num_threads=1
    )
    library.user_factors = factors.user_factors
    library.item_factors = factors.track_factors
    wanted = library.recalculate_item(np.arange(len(plays.track_ids)), plays.matrix().T.tocsr())
    track_ids, found = factors.fold_in(plays)
    assert track_ids == plays.track_ids
    assert np.allclose(found, wanted, atol=2e-3)  # the library takes some steps of conjugate gradients


def test_a_new_track_is_folded_in_beside_those_that_its_listeners_like(plays):
    factors = factorise(plays, SMALL)
    new = PlayCounts.of_pairs(["u00", "u02", "u04", "stranger"], ["new", "new", "new", "unheard"], [3, 3, 3, 1])
    track_ids, found = factors.fold_in(new)
    assert track_ids == ("new",)  # nobody known has played the other
    likes = factors.user_factors @ found[0]
    assert likes[0::2].mean() > likes[1::2].mean() + 0.2


def test_factors_survive_the_disk_with_their_settings(plays, tmp_path):
    factors = factorise(plays, SMALL)
    factors.save(tmp_path / "factors")
    factors.save(tmp_path / "factors")  # replaces its own
    loaded = Factors.open(tmp_path / "factors")
    assert (loaded.config, loaded.users, loaded.track_ids) == (factors.config, factors.users, factors.track_ids)
    assert np.array_equal(loaded.of_tracks(["b03", "a01"]), factors.of_tracks(["b03", "a01"]))
    assert loaded.n_plays == plays.n_plays
    with pytest.raises(UnknownNameError, match="'c01'"):
        loaded.of_tracks(["c01"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format 99"),
        ({"kind": "tutti tagger"}, "not listening factors"),
        ({"users": ["ann"]}, "do not fit 1 users"),
        ({"config": {"alpha": -1}}, "damaged"),
        ({"config": {"taste": 3}}, "damaged"),
    ],
)
def test_settings_that_do_not_fit_are_refused(plays, tmp_path, change, words):
    factorise(plays, SMALL).save(tmp_path)
    about = json.loads((tmp_path / "factors.json").read_text())
    (tmp_path / "factors.json").write_text(json.dumps(about | change))
    with pytest.raises(ModelError, match=words):
        Factors.open(tmp_path)


def test_damaged_missing_and_foreign_folders_are_refused(plays, tmp_path):
    with pytest.raises(ModelError, match="holds no listening factors"):
        Factors.open(tmp_path)
    factors = factorise(plays, SMALL)
    factors.save(tmp_path / "factors")
    (tmp_path / "factors" / "factors.safetensors").write_bytes(b"{}")
    with pytest.raises(ModelError, match="damaged"):
        Factors.open(tmp_path / "factors")
    with pytest.raises(ModelError, match="holds no factors"):
        factors.save(tmp_path)


def test_more_factors_than_the_plays_can_tell_are_refused(plays):
    with pytest.raises(ConfigError, match="20 factors of 20 users"):
        factorise(plays, FactorConfig(n_factors=20))


@pytest.mark.parametrize(
    "setting",
    [
        {"alpha": float("nan")},
        {"regularisation": float("inf")},
        {"n_factors": 0},
        {"alpha": -1},
        {"regularisation": -0.1},
        {"seed": -1},
    ],
)
def test_settings_without_sense_are_refused(setting):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        FactorConfig(**setting)


def test_only_least_squares_can_fold_in(plays):
    factors = factorise(plays, replace(SMALL, method="bpr"))
    with pytest.raises(ConfigError, match="bpr has no factors of what is new"):
        factors.fold_in(plays)


def test_users_are_folded_in_as_tracks_are(plays):
    factors = factorise(plays, SMALL)
    users, vectors = factors.fold_in_users(plays)
    assert users == plays.users
    # Least squares with both halves swapped: the tracks' factors as users, the users' as tracks.
    swapped = replace(
        factors, users=factors.track_ids, track_ids=factors.users,
        user_factors=factors.track_factors, track_factors=factors.user_factors,
    )  # fmt: skip
    turned = PlayCounts.of_pairs(
        [plays.track_ids[row] for row in plays.track_rows], [plays.users[row] for row in plays.user_rows], plays.counts
    )
    assert vectors == pytest.approx(swapped.fold_in(turned)[1], rel=1e-4)


def test_vectors_of_users_are_found_by_their_names(plays):
    factors = factorise(plays, SMALL)
    assert np.array_equal(factors.of_users(factors.users[1:2]), factors.user_factors[1:2])
    with pytest.raises(UnknownNameError, match="nobody"):
        factors.of_users(["nobody"])
