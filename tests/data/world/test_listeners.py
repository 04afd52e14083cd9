from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tutti.data.track import Listens
from tutti.data.world.config import WorldConfig
from tutti.data.world.latent import Song, draw_songs
from tutti.data.world.listeners import draw_liking, draw_listens, repertoire

CONFIG = WorldConfig(seed=0)


@cache
def songs() -> list[Song]:
    return draw_songs(CONFIG)


@cache
def listens() -> list[Listens]:
    return draw_listens(songs(), CONFIG)


def plays_by(what: str) -> Counter[str]:
    plays = Counter[str]()
    for one in listens():
        plays[getattr(one, what)] += one.plays
    return plays


def test_the_same_world_is_played_alike() -> None:
    assert draw_listens(songs(), CONFIG) == listens()


def test_another_seed_gives_other_listeners() -> None:
    assert draw_listens(songs(), replace(CONFIG, seed=1)) != listens()


def test_a_listener_and_a_track_meet_in_one_row_of_at_least_one_play() -> None:
    pairs = [(one.user, one.track_id) for one in listens()]
    assert len(set(pairs)) == len(pairs)
    assert min(one.plays for one in listens()) >= 1
    assert {track_id for _, track_id in pairs} <= {song.track_id for song in songs()}


def test_there_is_a_listener_for_every_three_tracks_and_each_plays_at_least_five_times() -> None:
    assert len(plays_by("user")) == 100
    assert min(plays_by("user").values()) >= 5


@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_world_has_listeners_too(seed: int) -> None:
    config = WorldConfig(n_tracks=16, seed=seed)
    assert len({one.user for one in draw_listens(draw_songs(config), config)}) == 8


def test_a_few_per_cent_of_listeners_and_tracks_meet() -> None:
    assert 0.02 < len(listens()) / (100 * len(songs())) < 0.10


def test_few_tracks_have_a_large_part_of_the_plays() -> None:
    counts = plays_by("track_id")
    plays = np.sort([counts[song.track_id] for song in songs()])[::-1]
    assert plays[:30].sum() > 0.25 * plays.sum()
    assert plays.mean() > 1.2 * np.median(plays)


def test_famous_tracks_are_played_more() -> None:
    fame, plays = [song.fame for song in songs()], plays_by("track_id")
    assert np.corrcoef(fame, [plays[song.track_id] for song in songs()])[0, 1] > 0.2


def test_tracks_that_share_listeners_share_genres() -> None:
    parents = {song.track_id: song.parent for song in songs()}
    by_user: dict[str, Counter[str]] = {}
    for one in listens():
        by_user.setdefault(one.user, Counter())[parents[one.track_id]] += 1
    # How often two tracks of one listener have the same parent genre, against two tracks of anybody.
    within = np.mean([(np.array(list(c.values())) ** 2).sum() / c.total() ** 2 for c in by_user.values()])
    overall = sum(by_user.values(), Counter[str]())
    between = (np.array(list(overall.values())) ** 2).sum() / overall.total() ** 2
    assert within > 2.0 * between


def test_a_listener_likes_of_two_tracks_that_are_otherwise_alike_the_better_known() -> None:
    song = songs()[0]
    tracks = repertoire([replace(song, fame=-1.0), replace(song, fame=1.0)])
    liking = draw_liking(tracks, np.random.default_rng(0))
    assert liking[1] / liking[0] == pytest.approx(np.exp(2.4))


def test_a_thousand_listeners_of_three_thousand_tracks_take_seconds_at_most() -> None:
    config = WorldConfig(n_tracks=3000)
    many = [replace(song, track_id=f"{song.track_id}-{copy}") for copy in range(10) for song in songs()]
    before = time.process_time()
    n_users = len({one.user for one in draw_listens(many, config)})
    assert n_users == 1000
    assert time.process_time() - before < 5.0
