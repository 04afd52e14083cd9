"""Invented sentences and the moods of a world's tracks: repeatable, by author, and no matter of single words."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from tutti.data.emotion_mapping import map_by_affects, map_by_vectors, published_mapping
from tutti.data.world.moods import EMOTIONS, MOODS, single_moods, world_affects, world_label_vectors
from tutti.data.world.sentences import KINDS, write_sentences
from tutti.errors import ConfigError, UnknownNameError

LABELS = tuple(dict.fromkeys((*EMOTIONS, *sorted(MOODS))))


@pytest.mark.parametrize("kind", KINDS)
def test_sentences_differ_and_come_from_their_authors_by_split(kind):
    written = write_sentences(kind, n_sentences=400)
    assert written.counts == {"train": 240, "valid": 80, "test": 80}
    assert len({one.text for one in written.sentences}) == 400
    assert {one.author for one in written.of_split("test")} == {"Edgar"}
    for split in ("train", "valid", "test"):
        assert {one.emotion for one in written.of_split(split)} == set(written.emotions)
    assert list(written.emotions) == sorted(written.emotions)


def test_the_same_seed_writes_the_same_and_another_one_others():
    assert write_sentences("tales", seed=3) == write_sentences("tales", seed=3)
    assert write_sentences("tales", seed=3) != write_sentences("tales", seed=4)


def test_sentences_are_whole_and_in_one_person():
    for one in write_sentences("situations").sentences:
        assert re.fullmatch(r"[A-Z].*\.", one.text)
        assert not re.search(r"[{}]|\b(she|he) (was|had|could)\b", one.text)


def test_words_alone_do_not_tell_a_new_authors_emotions():
    """Counted words, the best that a lookup can do, are near chance on the author that they were not counted in."""
    written = write_sentences("situations", n_sentences=1000)

    def words(text: str) -> set[str]:
        return set(re.findall(r"[a-zé]+", text.lower()))

    counts = {emotion: Counter[str]() for emotion in written.emotions}
    for one in written.of_split("train"):
        counts[one.emotion].update(words(one.text))
    totals = sum(counts.values(), Counter[str]())

    def guess(text: str) -> str:
        return max(
            counts, key=lambda emotion: sum(np.log((counts[emotion][w] + 0.5) / (totals[w] + 3.5)) for w in words(text))
        )

    def share_right(split: str) -> float:
        return float(np.mean([guess(one.text) == one.emotion for one in written.of_split(split)]))

    assert share_right("train") > 0.95
    assert share_right("test") < 0.4  # chance is 0.14


@pytest.mark.parametrize(
    ("kind", "count", "error"),
    [("poems", 100, UnknownNameError), ("tales", 3, ConfigError), ("tales", 9999, ConfigError)],
)
def test_what_cannot_be_written_is_refused_in_words(kind, count, error):
    with pytest.raises(error) as caught:
        write_sentences(kind, n_sentences=count)
    assert caught.value.hint


def test_our_places_of_emotions_lead_to_the_published_mapping_by_valence_and_arousal():
    published = published_mapping("valence-arousal").moods_of
    moods = sorted(MOODS)
    assert map_by_affects([*published], moods, world_affects(LABELS), source="places").moods_of == published
    assert map_by_vectors([*published], moods, world_label_vectors(LABELS), source="bumps").moods_of == published


def test_a_track_has_the_mood_whose_place_is_nearest():
    facts = {mood: {"valence": valence, "arousal": arousal} for mood, (valence, arousal) in MOODS.items()}
    assert single_moods(facts) == {mood: mood for mood in MOODS}
    with pytest.raises(ConfigError, match="no generated world"):
        single_moods({"t1": {"genre": "rock"}})
    with pytest.raises(UnknownNameError):
        world_affects(["boredom"])
