"""Plays that were held out come early where factors tell tastes apart."""

import numpy as np
import pytest

from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.warm_start import held_out_plays, score_warm
from tutti.listening.factors import FactorConfig, Factors, factorise
from tutti.listening.plays import PlayCounts

BOOTSTRAP = Bootstrap(n_resamples=20, seed=0)


def tastes() -> PlayCounts:
    """Thirty listeners of two tastes, each of whom has played twelve of the twenty tracks of one."""
    rng = np.random.default_rng(0)
    rows = [
        (f"{style}-fan{u}", f"{style}{i:02}", int(rng.integers(1, 20)))
        for style in ("rock", "jazz")
        for u in range(15)
        for i in rng.permutation(20)[:12]
    ]
    return PlayCounts.of_pairs(*map(list, zip(*rows, strict=True)))


def test_every_play_is_either_learned_from_or_held_out():
    plays = tastes()
    learned, held_out = held_out_plays(plays, share=0.25, seed=3)
    assert learned.n_plays + held_out.n_plays == plays.n_plays
    both = learned.played(plays.users, plays.track_ids) & held_out.played(plays.users, plays.track_ids)
    assert not both.any()
    assert 0.15 < len(held_out.counts) / len(plays.counts) < 0.35
    with pytest.raises(ConfigError, match="share=1"):
        held_out_plays(plays, share=1.0)


def test_factors_find_the_taste_that_popularity_cannot():
    learned, held_out = held_out_plays(tastes(), seed=0)
    factors = factorise(learned, FactorConfig(n_factors=2, alpha=1.0, regularisation=1.0))
    found = score_warm(factors, learned, held_out, bootstrap=BOOTSTRAP)
    assert found.metrics["ndcg factors"].value > found.metrics["ndcg popularity"].value
    assert found.metrics["ndcg popularity"].value > 0
    assert (found.n_tracks, found.n_users <= 30) == (40, True)


def test_what_is_known_already_is_not_recommended():
    learned = PlayCounts.of_pairs(["ann", "ann"], ["t1", "t2"], [9, 9])
    held_out = PlayCounts.of_pairs(["ann"], ["t3"], [1])
    factors = Factors(
        config=FactorConfig(n_factors=1), users=("ann",), track_ids=("t1", "t2", "t3"),
        user_factors=np.ones((1, 1), dtype=np.float32),
        track_factors=np.array([[3], [2], [1]], dtype=np.float32), n_plays=18,
    )  # fmt: skip
    found = score_warm(factors, learned, held_out, depth=1, bootstrap=BOOTSTRAP)
    assert found.metrics["ndcg factors"].value == 1
    with pytest.raises(ConfigError, match="no listener has a held-out play"):
        score_warm(factors, learned, learned, depth=1, bootstrap=BOOTSTRAP)
