"""The facts of a world: a long tail of genres, artists in one split each, and a voice wherever there are lyrics."""

from collections import Counter

import pytest

from tutti.data.labels import LabelConfig, choose_labels
from tutti.data.track import Track
from tutti.data.world.config import PRESETS
from tutti.data.world.generate import plan_world
from tutti.data.world.listeners import draw_listens
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, MOODS, PARENTS, VOCABULARY


@pytest.fixture(scope="module")
def demo():
    return plan_world(PRESETS["demo"])


def test_the_taxonomy_has_eight_parents_24_children_and_twelve_instruments():
    assert (len(PARENTS), len(GENRES), len(INSTRUMENTS)) == (8, 24, 12)
    assert len(set(VOCABULARY)) == 8 + 24 + 12 + len(MOODS)
    assert sorted(genre.rank for genre in GENRES.values()) == list(range(1, 25))


def test_no_artist_is_in_two_splits(demo):
    homes = {(plan.song.artist.name, plan.split) for plan in demo}
    assert len(homes) == len({artist for artist, _ in homes})


def test_splits_are_about_three_fifths_and_a_fifth_each(demo):
    counts = Counter(plan.split for plan in demo)
    assert all(
        abs(counts[split] / 300 - share) < 0.06 for split, share in {"train": 0.6, "valid": 0.2, "test": 0.2}.items()
    )


@pytest.mark.parametrize(("preset", "n_labels"), [("demo", 25), pytest.param("study", 52, marks=pytest.mark.slow)])
def test_labels_to_learn_have_positives_in_every_split(preset, n_labels):
    plans = plan_world(PRESETS[preset])
    tracks = [Track(track_id=plan.song.track_id, tags=plan.tags, split=plan.split) for plan in plans]
    labels = choose_labels(tracks, LabelConfig(labels="all", min_positives=3, spelling="world"))
    assert len(labels) >= n_labels


def test_few_genres_are_common_and_all_parents_occur(demo):
    counts = Counter(plan.song.genre for plan in demo).most_common()
    assert sum(count for _, count in counts[:6]) > 0.4 * 300
    assert counts[0][1] > 5 * counts[-1][1]
    assert {plan.song.parent for plan in demo} == set(PARENTS)


def test_lyrics_are_only_where_somebody_sings(demo):
    assert any("lyrics" in plan.texts for plan in demo)
    assert all("vocals" in plan.song.instruments for plan in demo if "lyrics" in plan.texts)


def test_listeners_return_to_the_genres_that_they_like(demo):
    songs = {plan.song.track_id: plan.song for plan in demo}
    plays: dict[str, Counter[str]] = {}
    for one in draw_listens([plan.song for plan in demo], PRESETS["demo"]):
        plays.setdefault(one.user, Counter())[songs[one.track_id].parent] += one.plays
    favourites = [counts.most_common(1)[0][1] / counts.total() for counts in plays.values()]
    # With eight parents and no taste, the largest share would be that of the largest parent, about a fifth.
    assert sum(favourites) / len(favourites) > 0.35
