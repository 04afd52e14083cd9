"""Counts of plays: added up, chosen from, asked."""

import numpy as np
import pytest

from tutti.data.track import Listens
from tutti.errors import ConfigError, ShapeError
from tutti.listening.plays import PlayCounts, coverage

USERS = ["bob", "ann", "ann", "cat", "bob"]
TRACKS = ["t1", "t1", "t2", "t3", "t1"]


def test_counts_of_the_same_user_and_track_are_added_up_and_zeros_fall_out():
    plays = PlayCounts.of_pairs(USERS, TRACKS, [2, 1, 5, 0, 3])
    assert (plays.users, plays.track_ids) == (("ann", "bob"), ("t1", "t2"))
    assert plays.matrix().toarray().tolist() == [[1, 5], [5, 0]]
    assert plays.n_without_plays == 1
    assert plays.n_plays == 11


def test_a_catalogues_listens_become_the_same_counts_in_any_order():
    listens = [Listens(user=user, track_id=track, plays=1) for user, track in zip(USERS, TRACKS, strict=True)]
    first, second = PlayCounts.of_listens(listens), PlayCounts.of_listens(reversed(listens))
    assert first.users == second.users
    assert (first.matrix() != second.matrix()).nnz == 0


@pytest.mark.parametrize("count", [-1, float("nan")])
def test_a_count_that_makes_no_sense_is_refused_with_user_and_track(count):
    with pytest.raises(ConfigError, match="'bob' cannot have played 't1'"):
        PlayCounts.of_pairs(["bob"], ["t1"], [count])


def test_nothing_played_and_lists_of_different_lengths_are_refused():
    with pytest.raises(ConfigError, match="nobody has played anything"):
        PlayCounts.of_pairs(["bob"], ["t1"], [0])
    with pytest.raises(ShapeError, match="no pairs"):
        PlayCounts.of_pairs(["bob"], ["t1", "t2"], [1])


def test_plays_of_some_tracks_lose_the_users_of_the_others_and_say_how_many():
    plays = PlayCounts.of_pairs(USERS, TRACKS, [1] * 5).of_tracks(["t1", "t9"])
    assert plays.users == ("ann", "bob")
    assert plays.n_without_plays == 1
    with pytest.raises(ConfigError, match="none of the plays"):
        plays.of_tracks(["t9"])


def test_rare_users_and_tracks_are_left_out_until_all_that_remain_are_frequent():
    pairs = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "2"), ("c", "3"), ("d", "3")]
    plays = PlayCounts.of_pairs([user for user, _ in pairs], [track for _, track in pairs], [1] * len(pairs))
    kept = plays.frequent(user_tracks=2, track_users=2)  # d goes, then the track 3, then c
    assert (kept.users, kept.track_ids) == (("a", "b"), ("1", "2"))


def test_who_has_played_what_is_asked_by_name():
    plays = PlayCounts.of_pairs(USERS, TRACKS, [1] * 5)
    found = plays.played(["cat", "stranger", "ann"], ["t3", "t9", "t2"])
    assert found.tolist() == [[True, False, False], [False] * 3, [False, False, True]]


def test_tracks_and_users_without_plays_are_counted():
    told = coverage(PlayCounts.of_pairs(USERS, TRACKS, [1, 1, 1, 1, 0]), ["t1", "t2", "t7"])
    assert (told.n_tracks, told.n_unplayed, told.n_unknown) == (3, 1, 1)
    assert (told.n_users, told.n_users_without) == (2, 1)
    assert "1 by nobody" in told.line()


def test_the_same_plays_keep_their_types():
    plays = PlayCounts.of_pairs(USERS, TRACKS, np.ones(5))
    assert plays.counts.dtype == np.float32
    assert plays.matrix().dtype == np.float32
